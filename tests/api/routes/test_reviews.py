"""What people say of damage: kept, and on the map at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.context import Context
from api.store.layers import map_state
from api.store.schema import LAYER_TABLES
from tests.api.databases import Start
from tests.api.maps import driven_twice, put_driven_map, put_map


@pytest.fixture
def start() -> Start:
    return put_driven_map


def say(client: TestClient, defect: int, decision: str, **more: Any) -> dict[str, Any]:
    answer = client.post(
        f"/v1/defects/{defect}/reviews", json={"decision": decision, **more}, headers={"X-Schouw-Person": "Jo%20de%20V"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def layers(context: Context) -> dict[str, list[Any]]:
    with context.database.read() as session:
        return {
            name: session.execute(select(table.c.row, table.c.feature).order_by(table.c.row)).all()
            for name, table in LAYER_TABLES.items()
        }


def test_a_rejected_pothole_no_longer_costs_points(client: TestClient) -> None:
    before = client.get("/v1/segments/w0").json()["properties"]
    said = say(client, 2, "reject", note=" a manhole cover ")
    assert said["review"]["person"] == "Jo de V"
    assert said["review"]["note"] == "a manhole cover"
    assert (said["defect"]["state"], said["defect"]["review"]) == ("rejected", "rejected")
    assert said["segment"]["score"] > before["score"]
    assert said["segment"]["pothole_n"] == 0
    assert said["version"] == "1.1"
    after = client.get("/v1/segments/w0").json()
    assert after["properties"] == said["segment"]
    assert after["reviews"][0]["id"] == said["review"]["id"]
    assert {d["id"]: d["state"] for d in after["defects"]}[2] == "rejected"


def test_undo_brings_back_what_was(context: Context, client: TestClient) -> None:
    before = layers(context)
    for decision in ("reject", "accept", "undo"):
        say(client, 2, decision)
    assert layers(context) == before
    assert len(client.get("/v1/defects/2").json()["reviews"]) == 3


def test_accepted_and_relabelled_damage(client: TestClient) -> None:
    assert say(client, 3, "accept")["defect"]["probability"] == 1.0
    said = say(client, 1, "relabel", **{"class": "transverse_crack"})
    assert (said["defect"]["class"], said["defect"]["name_nl"]) == ("transverse_crack", "Dwarsscheur")
    assert said["segment"]["transverse_crack_n"] == 1


def test_the_next_whole_map_says_the_same(context: Context, client: TestClient) -> None:
    say(client, 2, "reject")
    say(client, 1, "relabel", **{"class": "transverse_crack"})
    say(client, 4, "accept")
    say(client, 5, "reject")  # on no segment
    at_once = layers(context)
    put_map(context, driven_twice(), 2)
    assert layers(context)["defects"] == at_once["defects"]
    assert layers(context)["segments"] == at_once["segments"]


def test_damage_on_no_segment_can_be_reviewed(client: TestClient) -> None:
    said = say(client, 5, "reject")
    assert said["segment"] is None
    assert said["defect"]["state"] == "rejected"


def test_what_makes_no_sense_is_refused(client: TestClient) -> None:
    def status(defect: int, body: dict[str, Any]) -> int:
        return client.post(f"/v1/defects/{defect}/reviews", json=body).status_code

    assert status(2, {"decision": "relabel"}) == 422
    assert status(2, {"decision": "accept", "class": "pothole"}) == 422
    assert status(2, {"decision": "relabel", "class": "crater"}) == 422
    assert status(2, {"decision": "maybe"}) == 422
    assert status(99, {"decision": "accept"}) == 404
    assert client.get("/v1/reviews").json()["reviews"] == []


def test_every_review_is_kept_with_what_the_person_saw(client: TestClient) -> None:
    say(client, 2, "reject")
    say(client, 3, "accept")
    first = client.get("/v1/reviews", params={"limit": 1}).json()
    assert first["reviews"][0]["snapshot"]["state"] == "grown"
    rest = client.get("/v1/reviews", params={"since": first["next"]}).json()
    assert [r["defect"] for r in rest["reviews"]] == [3]
    assert rest["next"] is None


def test_the_queue_holds_what_nobody_reviewed(client: TestClient) -> None:
    before = client.get("/v1/reviews/queue").json()
    assert before["left"] == len(before["defects"]) == 5
    say(client, before["defects"][0]["id"], "accept")
    after = client.get("/v1/reviews/queue").json()
    assert [d["id"] for d in after["defects"]] == [d["id"] for d in before["defects"]][1:]
    potholes = client.get("/v1/reviews/queue", params={"kind": "potholes"}).json()
    assert {d["kind"] for d in potholes["defects"]} == {"potholes"}
    assert client.get("/v1/reviews/queue", params={"survey": "nothing"}).json() == {"defects": [], "left": 0}


def test_a_defect_with_its_sights(client: TestClient) -> None:
    answer = client.get("/v1/defects/2").json()
    assert [sight["utc"][:10] for sight in answer["sights"]] == ["2024-05-06", "2024-11-02"]
    assert client.get(f"/v1/{answer['properties']['picture']}").headers["content-type"] == "image/jpeg"
    assert client.get("/v1/defects/77").status_code == 404


def test_people_who_review_at_once_all_count(context: Context, client: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda defect: say(client, defect, "accept"), [1, 2, 3, 4, 5]))
    with context.database.read() as session:
        state = map_state(session)
    assert state is not None
    assert state.changes == 5
    assert len(client.get("/v1/reviews").json()["reviews"]) == 5
