"""One segment and its history, the search, and what to repair first."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from api.context import Context
from tests.api.databases import Start
from tests.api.maps import drive, put_driven_map, put_empty_map, put_map, streets
from tests.roads.drives import inventory_of


@pytest.fixture
def start() -> Start:
    return put_driven_map


def test_a_segment_with_its_damage_coverage_and_place(client: TestClient) -> None:
    answer = client.get("/v1/segments/w0").json()
    assert answer["properties"]["name"] == "Dorpsstraat"
    assert answer["properties"]["grade"] == "poor"
    assert answer["geometry"]["type"] == "LineString"
    assert [d["id"] for d in answer["defects"]] == [1, 2, 3]  # along the segment
    assert {(c["usable"], c["reason"]) for c in answer["coverage"]} == {(True, None), (False, "too dark")}
    assert answer["reviews"] == []


def test_an_unknown_segment_is_a_problem(client: TestClient) -> None:
    for address in ("/v1/segments/w9", "/v1/segments/w9/history"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "there is no segment 'w9'" in answer.json()["detail"]


def test_history_grades_what_was_known_then(client: TestClient) -> None:
    moments = client.get("/v1/segments/w0/history").json()["moments"]
    assert [moment["at_utc"][:10] for moment in moments] == ["2024-05-06", "2024-11-02"]
    assert [len(moment["survey_ids"]) for moment in moments] == [1, 1]
    assert moments[0]["survey_ids"] != moments[1]["survey_ids"]
    assert moments[1]["score"] < moments[0]["score"]  # the pothole grew
    assert [moment["defects_n"] for moment in moments] == [3, 3]


def test_the_last_moment_is_what_the_map_says(client: TestClient) -> None:
    for segment in ("w0", "w1"):
        now = client.get(f"/v1/segments/{segment}").json()["properties"]
        last = client.get(f"/v1/segments/{segment}/history").json()["moments"][-1]
        for name in ("score", "score_low", "score_high", "grade", "pci", "coverage"):
            assert last[name] == now[name], name


def test_a_street_that_nobody_drove_has_no_history(client: TestClient) -> None:
    assert client.get("/v1/segments/w3/history").json() == {"moments": []}


def test_a_street_without_damage_has_a_history(context: Context, client: TestClient) -> None:
    drives = [replace(drive(f"{day}.mp4", day), detections=[], defects=[]) for day in (0, 180)]
    put_map(context, inventory_of(streets(), *drives), 1)
    moments = client.get("/v1/segments/w0/history").json()["moments"]
    assert [(moment["score"], moment["defects_n"]) for moment in moments] == [(100.0, 0)] * 2


def test_search_finds_streets_and_ids_what_begins_so_first(client: TestClient) -> None:
    def found(text: str) -> list[str]:
        return [s["segment_id"] for s in client.get("/v1/segments", params={"q": text}).json()["segments"]]

    assert found("dorps") == ["w0"]
    assert found("STRAAT") == ["w0"]
    assert found("w2") == ["w2"]
    assert found("w")[0] == "w1" or set(found("w")) >= {"w0", "w1", "w2", "w3"}
    assert found("%") == found("_") == found("nowhere") == []


def test_a_found_segment_says_where_it_is(client: TestClient) -> None:
    (one,) = client.get("/v1/segments", params={"q": "Zijweg"}).json()["segments"]
    west, south, east, north = one["bbox"]
    assert west <= one["lon"] <= east
    assert south <= one["lat"] <= north
    assert one["grade"] is None


def test_priorities_by_rank_and_plan(client: TestClient) -> None:
    found = client.get("/v1/priorities").json()["segments"]
    assert [s["priority"] for s in found] == list(range(1, len(found) + 1))
    assert found[0]["why_nl"].startswith("jaar 1")
    later = client.get("/v1/priorities", params={"plan": "3-5 years"}).json()["segments"]
    assert {s["plan"] for s in later} == {"3-5 years"}
    assert client.get("/v1/priorities", params={"plan": "never"}).status_code == 422


def test_an_answer_that_the_caller_has_is_not_sent_again(client: TestClient) -> None:
    for address in ("segments/w0", "segments/w0/history", "segments?q=w", "priorities", "defects/1"):
        first = client.get(f"/v1/{address}")
        assert first.headers["etag"] == '"1.0"'
        again = client.get(f"/v1/{address}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_map_that_nobody_has_driven(context: Context, client: TestClient) -> None:
    put_empty_map(context)
    answer = client.get("/v1/segments/w0").json()
    assert answer["properties"]["status"] == "not surveyed"
    assert answer["defects"] == answer["coverage"] == []
    assert client.get("/v1/priorities").json() == {"segments": []}
    days = {"before": "2026-01-01", "after": "2026-02-01"}
    english = client.get("/v1/compare", params=days)
    dutch = client.get("/v1/compare", params=days, headers={"Accept-Language": "nl"})
    assert (english.status_code, english.json()["code"]) == (422, "never_driven")
    assert english.json()["detail"].startswith("nobody has driven")
    assert "nog niemand gereden" in dutch.json()["detail"]
