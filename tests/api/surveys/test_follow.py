"""A survey from its announcement to the map, and every way to change its course."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.context import Context
from api.jobs.worker import Worker
from api.store.schema import Job, Survey
from api.surveys.follow import job_ended
from api.uploads.tus import write_metadata
from api.work.findings import finding
from detector.errors import FootageError
from tests.api.maps import put_empty_map

BYTES = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
SUMMARY = {"frames": 10, "unusable": 1, "driven_m": 30.0, "defects": 2, "redrive": [], "quality": {}, "notes": []}


class Work:
    """Does the jobs: what a check finds and a look yields is what the test says."""

    def __init__(self, context: Context) -> None:
        self.findings: list[dict[str, Any]] = []
        self.problem: Exception | None = None
        self.worker = Worker(context, {"check": self.check, "look": self.look, "map": self.map}, job_ended)

    def check(self, *_: Any) -> dict[str, Any]:
        return {"findings": self.findings}

    def look(self, _: Context, payload: Mapping[str, Any], __: Any) -> dict[str, Any]:
        if self.problem:
            raise self.problem
        return {"summary": SUMMARY, "survey_id": "54518d4e23e3", "result_key": f"results/{payload['survey']}"}

    def map(self, *_: Any) -> dict[str, Any]:
        if self.problem:
            raise self.problem
        return {}

    def all(self) -> None:
        while self.worker.once():
            pass


@pytest.fixture
def work(context: Context) -> Iterator[Work]:
    return Work(context)


def announced(client: TestClient, *names: str, **more: Any) -> dict[str, Any]:
    files = [{"name": name, "size": 4 + n} for n, name in enumerate(names)]
    answer = client.post("/v1/surveys", json={"files": files, **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/surveys/{answer.json()['id']}"
    return dict(answer.json())


def send(client: TestClient, survey: dict[str, Any]) -> None:
    for file in survey["files"]:
        if file["upload"]:
            data = (survey["id"] + file["name"]).encode()[-file["size"] :].rjust(file["size"])
            answer = client.patch(file["upload"], headers=BYTES, content=data[: file["size"]])
            assert answer.status_code == 204, answer.text


def told(client: TestClient, survey: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/v1/surveys/{survey['id']}").json())


def test_from_announcement_to_the_map(client: TestClient, context: Context, work: Work) -> None:
    put_empty_map(context)
    survey = announced(client, "drive.mp4", "drive.gpx", name="Noord", options={"every_m": 5})
    assert (survey["name"], survey["state"], survey["state_nl"]) == ("Noord", "uploading", "wordt geüpload")
    assert survey["options"]["every_m"] == 5
    assert [file["state"] for file in survey["files"]] == ["announced", "announced"]
    send(client, survey)
    assert told(client, survey)["state"] == "checking"
    work.findings = [finding("assumed_start", "drive.mp4")]
    work.worker.once()
    assert told(client, survey)["state"] == "waiting"
    work.worker.once()
    mapping = told(client, survey)
    assert (mapping["state"], mapping["summary"]["defects"], mapping["survey_id"]) == ("mapping", 2, "54518d4e23e3")
    assert mapping["job"]["kind"] == "map"
    assert mapping["findings"][0]["level"] == "info"


def test_without_a_network_it_waits_for_one(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    work.all()
    assert told(client, survey)["state"] == "mapping"
    assert [job["kind"] for job in client.get("/v1/jobs").json()["jobs"]] == ["look", "check"]


def test_a_warning_asks_for_a_decision(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    work.findings = [finding("too dark", "drive.mp4", percent=80.0)]
    work.all()
    asked = told(client, survey)
    assert asked["state"] == "attention"
    assert asked["findings"][0]["code"] == "too_dark"
    assert "80 %" in asked["findings"][0]["text_nl"]
    assert client.post(f"/v1/surveys/{survey['id']}/go").json()["state"] == "waiting"
    assert client.post(f"/v1/surveys/{survey['id']}/go").status_code == 409


def test_what_has_to_be_put_right_first(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    work.findings = [finding("no_gps", "drive.mp4", why="it holds no GPS data")]
    work.all()
    assert client.post(f"/v1/surveys/{survey['id']}/go").status_code == 409
    more = client.post(f"/v1/surveys/{survey['id']}/files", json={"name": "drive.gpx", "size": 9})
    assert (more.status_code, more.json()["state"]) == (201, "uploading")
    send(client, more.json())
    work.findings = []
    work.all()
    assert told(client, survey)["state"] == "mapping"
    late = client.post(f"/v1/surveys/{survey['id']}/files", json={"name": "late.gpx", "size": 9})
    assert late.status_code == 409


def test_an_option_is_changed_and_the_check_made_again(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    work.findings = [finding("clock", "drive.mp4", by=("2 uur", "2 h"), offset_s=7200.0)]
    work.all()
    changed = client.patch(f"/v1/surveys/{survey['id']}", json={"options": {"offset_s": 7200}, "name": "Zuid"})
    assert (changed.json()["options"]["offset_s"], changed.json()["name"]) == (7200, "Zuid")
    assert client.post(f"/v1/surveys/{survey['id']}/check").json()["state"] == "checking"
    work.findings = []
    work.all()
    assert client.patch(f"/v1/surveys/{survey['id']}", json={"options": {}}).status_code == 409
    assert client.patch(f"/v1/surveys/{survey['id']}", json={"name": "Oost"}).json()["name"] == "Oost"


def test_a_file_is_taken_out(client: TestClient, context: Context, work: Work) -> None:
    survey = announced(client, "drive.mp4", "wrong.gpx")
    send(client, survey)
    work.findings = [finding("bad_track", "wrong.gpx", why="it is no track")]
    work.all()
    wrong = survey["files"][1]["id"]
    left = client.delete(f"/v1/surveys/{survey['id']}/files/{wrong}").json()
    assert [file["name"] for file in left["files"]] == ["drive.mp4"]
    assert left["state"] == "checking"
    assert not context.blobs.exists(f"footage/{survey['id']}/wrong.gpx")
    assert client.delete(f"/v1/surveys/{survey['id']}/files/{wrong}").status_code == 404


@pytest.mark.parametrize("problem", [FootageError("drive.mp4", "is cut off"), RuntimeError("a mistake")])
def test_a_failure_is_told_and_can_be_tried_again(
    client: TestClient, work: Work, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.jobs.queue.FIRST_WAIT_S", 0.0)
    survey = announced(client, "drive.mp4")
    send(client, survey)
    work.problem = problem
    work.all()
    failed = told(client, survey)
    assert failed["state"] == "failed"
    assert failed["error"] == failed["job"]["error"]
    is_mistake = isinstance(problem, RuntimeError)
    dead = client.get("/v1/jobs?state=dead").json()["jobs"]
    assert len(dead) == is_mistake
    work.problem = None
    if is_mistake:
        assert client.post(f"/v1/jobs/{dead[0]['id']}/retry").json()["state"] == "queued"
        assert told(client, survey)["state"] == "waiting"
    else:
        assert client.post(f"/v1/surveys/{survey['id']}/retry").json()["state"] == "checking"
    work.all()
    assert told(client, survey)["state"] == "mapping"


def test_cancel(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    assert client.post(f"/v1/surveys/{survey['id']}/cancel").json()["state"] == "cancelled"
    work.all()
    assert told(client, survey)["state"] == "cancelled"
    assert client.get("/v1/jobs").json()["jobs"][0]["state"] == "cancelled"
    assert client.post(f"/v1/surveys/{survey['id']}/retry").json()["state"] == "checking"
    work.all()
    assert told(client, survey)["state"] == "mapping"


def test_a_cancelled_survey_stays_so_when_its_last_bytes_come(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4", "drive.gpx")
    assert client.post(f"/v1/surveys/{survey['id']}/cancel").json()["state"] == "cancelled"
    send(client, survey)
    work.all()
    assert told(client, survey)["state"] == "cancelled"
    assert client.post(f"/v1/surveys/{survey['id']}/retry").json()["state"] == "checking"
    work.all()
    assert told(client, survey)["state"] == "mapping"


@pytest.mark.parametrize("again", ["retry", "check"])
def test_what_was_sent_again_meanwhile_is_a_duplicate(client: TestClient, context: Context, again: str) -> None:
    first, second = announced(client, "drive.mp4"), announced(client, "drive.mp4")
    client.patch(first["files"][0]["upload"], headers=BYTES, content=b"same")
    client.post(f"/v1/surveys/{first['id']}/cancel")
    client.patch(second["files"][0]["upload"], headers=BYTES, content=b"same")
    told_again = client.post(f"/v1/surveys/{first['id']}/{again}").json()
    assert (told_again["state"], told_again["duplicate_of"]) == ("duplicate", second["id"])
    assert list(context.blobs.list("footage")) == [f"footage/{second['id']}/drive.mp4"]


@pytest.mark.parametrize("change", ["options", "file", "taken out"])
def test_after_a_change_the_road_is_looked_at_again(client: TestClient, work: Work, change: str) -> None:
    survey = announced(client, "drive.mp4", "drive.gpx")
    address = f"/v1/surveys/{survey['id']}"
    send(client, survey)
    work.all()  # up to the map, which isn't there
    client.post(f"{address}/cancel")
    if change == "options":
        client.patch(address, json={"options": {"offset_s": 3600}})
    elif change == "file":
        send(client, client.post(f"{address}/files", json={"name": "better.gpx", "size": 9}).json())
        client.post(f"{address}/cancel")
    else:
        client.delete(f"{address}/files/{survey['files'][1]['id']}")
    assert told(client, survey)["summary"] is None
    assert client.post(f"{address}/retry").json()["state"] == "checking"
    work.all()
    assert [job["kind"] for job in client.get("/v1/jobs").json()["jobs"]][:2] == ["look", "check"]
    assert told(client, survey)["state"] == "mapping"


def test_the_drive_of_the_files_before_is_taken_off_the_map(client: TestClient, context: Context, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    with context.database.write() as session:  # cancelled while it was put on the map
        before = session.get_one(Survey, survey["id"])
        before.survey_id, before.on_map = "0123456789ab", 1
    work.all()
    with context.database.read() as session:
        assert [job.payload for job in session.scalars(select(Job).where(Job.kind == "map"))] == [
            {"remove": "0123456789ab"}
        ]
    assert told(client, survey)["survey_id"] == "54518d4e23e3"


def test_the_same_options_again_change_nothing(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4", options={"every_m": 5})
    send(client, survey)
    work.all()
    client.post(f"/v1/surveys/{survey['id']}/cancel")
    client.patch(f"/v1/surveys/{survey['id']}", json={"options": {"every_m": 5}})
    assert client.post(f"/v1/surveys/{survey['id']}/retry").json()["state"] == "mapping"


def test_an_older_job_of_a_survey_is_not_tried_again(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    work.problem = FootageError("drive.mp4", "is cut off")
    work.all()
    look = told(client, survey)["job"]["id"]
    client.post(f"/v1/surveys/{survey['id']}/retry")
    client.post(f"/v1/surveys/{survey['id']}/cancel")
    refused = client.post(f"/v1/jobs/{look}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "newer_job")
    assert client.get(f"/v1/jobs/{look}").json()["state"] == "failed"
    assert told(client, survey)["state"] == "cancelled"


def test_a_cancelled_job_cancels_its_survey(client: TestClient, work: Work) -> None:
    survey = announced(client, "drive.mp4")
    send(client, survey)
    job = told(client, survey)["job"]["id"]
    assert client.post(f"/v1/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert told(client, survey)["state"] == "cancelled"
    assert client.post(f"/v1/jobs/{job}/cancel").status_code == 409
    assert client.post(f"/v1/jobs/{job}/retry").json()["state"] == "queued"
    assert told(client, survey)["state"] == "checking"
    assert client.post("/v1/jobs/999/retry").status_code == 404


def test_a_map_that_fails_fails_all_that_wait_for_it(client: TestClient, context: Context, work: Work) -> None:
    put_empty_map(context)
    both = [announced(client, "a.mp4"), announced(client, "b.mp4", "b.gpx")]
    for survey in both:
        send(client, survey)
    for _ in range(4):
        work.worker.once()
    assert {told(client, survey)["state"] for survey in both} == {"mapping"}
    work.problem = FootageError("network", "is damaged")
    work.all()
    assert {told(client, survey)["state"] for survey in both} == {"failed"}
    work.problem = None
    assert client.post(f"/v1/surveys/{both[0]['id']}/retry").json()["state"] == "mapping"


def test_a_survey_is_removed(client: TestClient, context: Context, work: Work) -> None:
    put_empty_map(context)
    survey = announced(client, "a.mp4", "b.mp4")
    first = survey["files"][0]
    client.patch(first["upload"], headers=BYTES, content=b"abcd")
    with context.database.write() as session:
        on_map = session.get_one(Survey, survey["id"])
        on_map.survey_id, on_map.on_map = "54518d4e23e3", 1
    assert client.delete(f"/v1/surveys/{survey['id']}").status_code == 204
    assert client.get(f"/v1/surveys/{survey['id']}").status_code == 404
    assert list(context.blobs.list(f"footage/{survey['id']}")) == []
    (job,) = client.get("/v1/jobs").json()["jobs"]
    assert (job["kind"], job["survey"]) == ("map", None)


def test_pages(client: TestClient) -> None:
    names = [announced(client, f"{n}.mp4")["name"] for n in range(5)]
    first = client.get("/v1/surveys?limit=3").json()
    second = client.get("/v1/surveys", params={"limit": 3, "before": first["next"]}).json()
    assert [one["name"] for one in first["surveys"] + second["surveys"]] == names[::-1]
    assert second["next"] is None
    assert client.get("/v1/surveys?state=done").json()["surveys"] == []
    assert client.get("/v1/surveys?before=unknown").status_code == 404
    assert client.get("/v1/surveys?state=unknown").status_code == 422


@pytest.mark.parametrize(
    ("new", "status"),
    [
        ({"files": [{"name": "a.mp4", "size": 0}]}, 422),
        ({"files": [{"name": "a.doc", "size": 5}]}, 415),
        ({"files": [{"name": "a.mp4", "size": 1 << 50}]}, 413),
        ({"files": [{"name": "a.mp4", "size": 5, "sha256": "x"}]}, 422),
        ({}, 422),
        ({"name": "x", "options": {"every_m": -1}}, 422),
        ({"name": "x", "unknown": 1}, 422),
        ({"files": [{"name": f"{n}.mp4", "size": 5} for n in range(2001)]}, 413),
    ],
)
def test_what_cannot_be_announced(client: TestClient, new: dict[str, Any], status: int) -> None:
    answer = client.post("/v1/surveys", json=new)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/surveys").json()["surveys"] == []


def test_a_survey_of_tus_has_its_metadata(client: TestClient) -> None:
    survey = announced(client, "drive.mp4")
    head = client.head(survey["files"][0]["upload"], headers={"Tus-Resumable": "1.0.0"})
    assert head.headers["Upload-Metadata"] == write_metadata({"filename": "drive.mp4", "survey": survey["id"]})
    assert head.headers["Upload-Length"] == "4"
