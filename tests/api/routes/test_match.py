"""Matching as a service: tracks and places of damage in several shapes."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.databases import Start
from tests.api.maps import put_driven_map
from tests.roads.conftest import START_S, place

TRACK = [(x, 1.5) for x in range(0, 390, 10)]  # along Dorpsstraat and 't Hof


@pytest.fixture
def start() -> Start:
    return put_driven_map


def ask(client: TestClient, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/match", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def fixes(timed: bool = True) -> list[dict[str, Any]]:
    places = [dict(zip(("lon", "lat"), place(x, y), strict=True)) for x, y in TRACK]
    return [p | ({"time": START_S + i} if timed else {}) for i, p in enumerate(places)]


def test_a_track_becomes_the_segments_driven(client: TestClient) -> None:
    answer = ask(client, track=fixes())
    assert [(s["segment_id"], s["forward"]) for s in answer["segments"]] == [("w0", True), ("w1", False)]
    assert all(fix["matched"] and fix["confidence"] > 0.9 for fix in answer["fixes"])
    assert answer["fixes"][5]["offset_m"] == pytest.approx(50.0, abs=0.5)
    assert answer["fixes"][5]["distance_m"] == pytest.approx(1.5, abs=0.1)


def test_every_shape_of_a_track_says_the_same(client: TestClient) -> None:
    expected = ask(client, track=fixes())
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [f["lon"], f["lat"]]},
            "properties": {"time": f["time"]},
        }
        for f in fixes()
    ]
    assert ask(client, track={"type": "FeatureCollection", "features": points}) == expected
    line = {"type": "LineString", "coordinates": [[f["lon"], f["lat"], 12.0] for f in fixes()]}
    times = [f["time"] for f in fixes()]
    assert ask(client, track={"type": "Feature", "geometry": line, "properties": {"times": times}}) == expected
    written = [f | {"time": f"2024-05-06T12:53:{20 + i if i < 40 else 59}Z"} for i, f in enumerate(fixes())]
    assert ask(client, track=written)["segments"] == expected["segments"]


def test_detections_lie_on_the_road_driven(client: TestClient) -> None:
    lon, lat = place(195.0, 12.0)  # nearer to Zijweg, which was not driven, than to Dorpsstraat
    hole = {"lon": lon, "lat": lat, "time": START_S + 19}
    seen = ask(client, track=fixes(), detections=[hole])["detections"][0]
    alone = ask(client, detections=[hole])["detections"][0]
    assert seen["segment_id"] in ("w0", "w2")
    assert alone["segment_id"] == "w2"
    assert alone["offset_m"] == pytest.approx(12.0, abs=0.1)
    assert (alone["side"], alone["from_line_m"]) == ("left", pytest.approx(5.0, abs=0.1))
    assert 0.5 < alone["confidence"] < 1.0


def test_what_lies_nowhere_says_why(client: TestClient) -> None:
    lon, lat = place(100.0, 500.0)
    answer = ask(client, track=fixes(), detections=[{"lon": lon, "lat": lat}, {"lon": 100.0, "lat": -50.0}])
    assert [d["matched"] for d in answer["detections"]] == [False, False]
    assert "farther than 25 m" in answer["detections"][0]["reason"]
    alone = ask(client, detections=[{"lon": lon, "lat": lat}])["detections"][0]
    assert alone["reason"] == "farther than 25 m from any road"
    (away,) = ask(client, track=[{"lon": lon, "lat": lat}])["fixes"]
    assert (away["matched"], away["segment_id"]) == (False, None)
    assert away["reason"].startswith("farther than")


def test_a_track_without_times_or_of_one_place_is_matched_too(client: TestClient) -> None:
    assert [s["segment_id"] for s in ask(client, track=fixes(timed=False))["segments"]] == ["w0", "w1"]
    assert ask(client, track=fixes()[:1])["fixes"][0]["segment_id"] == "w0"


def test_bad_requests_say_what_is_wrong(client: TestClient) -> None:
    assert ask(client, 422)["detail"] == "give a track, detections, or both"
    assert ask(client, detections=[]) == {"segments": [], "fixes": [], "detections": []}
    assert "track" in ask(client, 422, track=[{"lon": 500, "lat": 0}])["detail"]
    line = {"type": "LineString", "coordinates": [[5.0, 52.0], [5.1, 52.0]]}
    uneven = ask(client, 422, track={"type": "Feature", "geometry": line, "properties": {"times": [1.0]}})
    assert uneven["detail"] == "track: 1 times for 2 coordinates; give one for each"
    many = ask(client, 413, detections=[{"lon": 5.0, "lat": 52.0}] * 50_001)
    assert "limit match_points" in many["detail"]
