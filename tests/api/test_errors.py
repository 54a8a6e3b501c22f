"""What goes wrong is told in the language of who asks, and has a name that stays."""

import re
import string
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import api
from api.context import Context
from api.errors import KINDS, Problem, install, prefers_dutch
from api.sentences import SENTENCES
from api.store.schema import Survey
from api.uploads.tus import write_metadata

DUTCH = {"Accept-Language": "nl"}


@pytest.mark.parametrize(
    ("given", "dutch"),
    [
        ("nl", True),
        ("nl-NL,nl;q=0.9,en-US;q=0.8,en;q=0.7", True),
        ("de, NL-be ; q=0.5, en;q=0.4", True),
        ("en-GB,en;q=0.9,nl;q=0.8", False),
        ("en;q=0.2, nl;q=0.3", True),
        ("nl;q=0", False),
        ("nlx, e, *", False),
        ("", False),
    ],
)
def test_which_language_is_preferred(given: str, dutch: bool) -> None:
    assert prefers_dutch(given) is dutch


def test_a_problem_is_said_in_the_language_asked_for_under_one_name(client: TestClient) -> None:
    english, dutch = client.get("/v1/surveys/{x}"), client.get("/v1/surveys/{x}", headers=DUTCH)
    assert english.json() == {
        "type": "about:blank",
        "code": "no_survey",
        "title": "Not found",
        "status": 404,
        "detail": "there is no survey '{x}'",
    }
    assert dutch.json() == english.json() | {"title": "Niet gevonden", "detail": "er is geen opname ‘{x}’"}
    assert (dutch.headers["content-type"], dutch.headers["vary"]) == ("application/problem+json", "Accept-Language")


def test_what_a_crew_and_a_planner_meet_is_said_in_dutch(client: TestClient, context: Context) -> None:
    def said(method: str, path: str, **more: object) -> tuple[str, str]:
        answer = client.request(method, path, headers=DUTCH, **more).json()
        return answer["code"], answer["detail"]

    new = {"files": [{"name": "a.doc", "size": 5}]}
    assert said("POST", "/v1/surveys", json=new)[1].startswith("‘a.doc’ is van een soort die niet bij een opname hoort")
    assert said("POST", "/v1/surveys", json={"name": "x", "options": {"every_m": -1}}) == (
        "invalid",
        "in het verzoek klopt iets niet: body.options.every_m",
    )
    assert said("GET", "/nowhere") == ("no_address", "op dit adres is niets; zie /docs")
    survey = client.post("/v1/surveys", json={"name": "a"}).json()["id"]
    with context.database.write() as session:
        session.get_one(Survey, survey).state = "running"
    assert said("POST", f"/v1/surveys/{survey}/go") == (
        "not_waiting",
        "deze opname wacht niet op een beslissing (stand: wordt geanalyseerd)",
    )
    large = client.post("/v1/surveys", content=b"x" * (33 << 20), headers=DUTCH)
    assert (large.json()["code"], large.json()["title"]) == ("body_too_large", "Te groot")
    assert large.json()["detail"].startswith("dit verzoek is groter dan")


def test_what_only_programs_meet_has_a_dutch_title_and_the_name_of_its_status(client: TestClient) -> None:
    answer = client.get("/ogc/collections/segments/items?filter=)", headers=DUTCH).json()
    assert (answer["code"], answer["title"]) == ("bad_request", "Dit verzoek is niet te gebruiken")
    assert "this parenthesis closes nothing" in answer["detail"]


def test_a_status_without_a_kind_of_its_own_is_a_problem_too() -> None:
    app = FastAPI()
    install(app)

    @app.get("/tea")
    def tea() -> None:
        raise Problem(418, "a teapot", {"X-Pot": "brown"})

    answer = TestClient(app).get("/tea")
    assert (answer.status_code, answer.json()["code"]) == (418, "bad_request")
    assert answer.headers["X-Pot"] == "brown"


def test_both_languages_say_the_same() -> None:
    for code, (status, *texts) in SENTENCES.items():
        assert status in KINDS, code
        dutch, english = ({field for _, field, _, _ in string.Formatter().parse(text) if field} for text in texts)
        assert dutch == english or code == "invalid", code


def test_every_sentence_is_said_somewhere() -> None:
    texts = "".join(path.read_text() for path in Path(*api.__path__).rglob("*.py") if path.name != "sentences.py")
    assert set(SENTENCES) == set(re.findall('"([a-z_]+)"', texts)) & set(SENTENCES)
    assert set(re.findall(r'refusal\(\s*"([a-z_]+)"', texts)) <= set(SENTENCES)


def test_a_nul_is_no_mistake_of_the_server(client: TestClient) -> None:
    """PostgreSQL takes none in a text."""
    new = {"name": "a", "files": [{"name": "a\0.gpx", "size": 5}]}
    survey = client.post("/v1/surveys", json=new, headers={"X-Schouw-Person": "an%00na"})
    assert (survey.status_code, survey.json()["person"], survey.json()["files"][0]["name"]) == (201, "anna", "a .gpx")
    for path in ("surveys/a%00", "exports/%00", "segments/w%000"):
        assert client.get(f"/v1/{path}").json()["code"] == "no_address", path
    for path in ("surveys?before=%00", "jobs?survey=%00", "segments?q=%00", "reviews/queue?survey=%00"):
        assert client.get(f"/v1/{path}").status_code == 422, path
    for body in ({"name": "a\0"}, {"name": "a", "options": {"camera": "\0"}}):
        assert client.post("/v1/surveys", json=body).status_code == 422
    assert client.post("/v1/defects/1/reviews", json={"decision": "accept", "note": "\0"}).status_code == 422
    metadata = write_metadata({"filename": "a.gpx", "survey": "\0"})
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": metadata}
    assert client.post("/v1/uploads", headers=tus).status_code == 400
