"""What the server says of itself, pictures, and what changed between two days."""

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.context import Context
from api.routes.about import COUNTED
from detector.taxonomy import NAMES
from tests.api.databases import Start
from tests.api.maps import put_driven_map


@pytest.fixture
def start() -> Start:
    return put_driven_map


def test_the_map_and_its_legend(client: TestClient) -> None:
    about = client.get("/v1/about").json()
    assert (about["open"], about["person"]) == (True, {"name": "anyone", "role": "admin"})
    assert about["map"]["version"] == "1.0"
    assert about["map"]["network"] == "streets.gpkg"
    assert about["map"]["surveys"] == 2
    assert (about["map"]["from_utc"][:10], about["map"]["to_utc"][:10]) == ("2024-05-06", "2024-11-02")
    assert set(about["map"]["counts"]) == set(COUNTED)
    assert [c["name"] for c in about["classes"]] == list(NAMES)
    assert [g["name_nl"] for g in about["grades"]] == ["goed", "redelijk", "matig", "slecht"]
    assert about["limits"]["page"] == 10_000


def test_health_tells_when_the_database_is_gone(context: Context, client: TestClient) -> None:
    assert client.get("/v1/health").json() == {"status": "ok"}
    with context.database.write() as session:
        session.execute(text("DROP TABLE map_state"))
    answer = client.get("/v1/health")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("the database can't be read")


def test_pictures_may_be_kept_and_lead_nowhere_else(context: Context, client: TestClient) -> None:
    defect = client.get("/v1/defects/1").json()["properties"]
    answer = client.get(f"/v1/{defect['picture']}")
    assert answer.content[:2] == b"\xff\xd8"
    assert "immutable" in answer.headers["cache-control"]
    survey = defect["survey_id"]
    assert client.get(f"/v1/pictures/{survey}/99.jpg").status_code == 404
    for way_out in ("..%2f..", "%2e%2e", "a%2Fb", "a.b", "a%00"):
        assert client.get(f"/v1/pictures/{way_out}/1.jpg").status_code in (404, 422)


def test_what_changed_between_two_days(client: TestClient) -> None:
    answer = client.get("/v1/compare", params={"before": "2024-06-01", "after": "2024-12-01"})
    changes = answer.json()
    assert changes["summary"]["defects"] == {"new": 0, "first seen": 0, "grown": 1, "gone": 0}
    assert [d["id"] for d in changes["defects"]["features"]] == [2]
    assert {s["id"] for s in changes["segments"]["features"]} == {"w0", "w1"}
    longitude, latitude = changes["defects"]["features"][0]["geometry"]["coordinates"]
    assert (longitude, latitude) == pytest.approx((5.651, 51.975), abs=0.001)
    again = client.get("/v1/compare", params={"before": "2024-06-01", "after": "2024-12-01"})
    assert again.content == answer.content


def test_rejected_damage_did_not_grow(client: TestClient) -> None:
    client.post("/v1/defects/2/reviews", json={"decision": "reject"})
    changes = client.get("/v1/compare", params={"before": "2024-06-01", "after": "2024-12-01"}).json()
    assert changes["defects"]["features"] == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("2024-12-01", "2024-06-01", "has to be an earlier day"),
        ("2020-01-01", "2024-06-01", "nobody had driven yet on 2020-01-01; the first survey was on 2024-05-06"),
        ("2024-02-30", "2024-06-01", "'2024-02-30' is no date"),
        ("yesterday", "2024-06-01", "before"),
    ],
)
def test_days_that_can_not_be_compared(client: TestClient, before: str, after: str, said: str) -> None:
    answer = client.get("/v1/compare", params={"before": before, "after": after})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
