"""A server that was given no network yet."""

import pytest
from starlette.testclient import TestClient


def test_the_map_is_not_there(client: TestClient) -> None:
    assert client.get("/v1/about").json()["map"] is None
    assert client.get("/v1/health").status_code == 200
    assert client.get("/ogc/collections").status_code == 200
    assert client.get("/ogc/collections/segments/items").json()["features"] == []


@pytest.mark.parametrize(
    "address",
    [
        *("segments/w0", "segments/w0/history", "segments?q=w", "priorities", "defects/1", "tiles/segments.json"),
        *("tiles/segments/3/1/1.mvt", "compare?before=2024-01-01&after=2024-02-01"),
    ],
)
def test_what_is_asked_of_it_says_so(client: TestClient, address: str) -> None:
    answer = client.get(f"/v1/{address}")
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("there is no map yet")


def test_what_is_sent_to_it_says_so_too(client: TestClient) -> None:
    fix = {"lon": 5.65, "lat": 51.97}
    assert client.post("/v1/match", json={"track": [fix]}).status_code == 404
    assert client.post("/v1/defects/1/reviews", json={"decision": "accept"}).status_code == 404
