"""Vector tiles of the map, as GDAL reads them."""

import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
from starlette.testclient import TestClient

from api.context import Context
from api.features.cutting import Address
from api.store.fields import LAYERS
from tests.api.databases import Start
from tests.api.maps import put_driven_map, put_empty_map
from tests.roads.conftest import place

LON, LAT = place(100.0, 0.0)


@pytest.fixture
def start() -> Start:
    return put_driven_map


def address_at(layer: str, zoom: int, lon: float = LON, lat: float = LAT) -> Address:
    x, y = Address(layer, zoom, 0, 0).grid(np.array([[lon, lat]]))[0]
    extent = Address(layer, zoom, 0, 0).extent
    return Address(layer, zoom, int(x // extent), int(y // extent))


def path_of(a: Address, more: str = "") -> str:
    return f"/v1/tiles/{a.layer}/{a.zoom}/{a.column}/{a.row}.mvt{more}"


def read(client: TestClient, a: Address) -> gpd.GeoDataFrame:
    answer = client.get(path_of(a))
    assert answer.status_code == 200, answer.text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tile.mvt"
        path.write_bytes(answer.content)
        layer = pyogrio.read_dataframe(path, layer=a.layer, X=a.column, Y=a.row, Z=a.zoom, CLIP="NO")
    return layer.set_crs("EPSG:3857", allow_override=True).to_crs("EPSG:4326")


def test_defects_are_where_they_are_with_what_is_drawn(client: TestClient) -> None:
    found = read(client, address_at("defects", 14)).set_index("id")
    for number, row in found.iterrows():
        known = client.get(f"/v1/defects/{number}").json()["properties"]
        assert row.geometry.x == pytest.approx(known["lon"], abs=5e-6)
        assert row.geometry.y == pytest.approx(known["lat"], abs=5e-6)
        for field in LAYERS["defects"]:
            if field.tile and field.name != "id" and known[field.name] is not None:
                assert row[field.name] == known[field.name], field.name
    assert {1, 2, 3} <= set(found.index)


def test_segments_are_whole_when_near_and_merged_when_far(client: TestClient) -> None:
    near = read(client, address_at("segments", 14)).set_index("segment_id")
    assert near.loc["w0", "grade"] == "poor"
    assert near.loc["w0", "name"] == "Dorpsstraat"
    assert near.loc["w0"].geometry.length == pytest.approx(0.0029, abs=2e-4)
    far = read(client, address_at("segments", 8))
    assert "segment_id" not in far
    assert sorted(far["status"]) == ["graded", "graded", "not surveyed"]
    assert set(far["coverage"].dropna()) <= {0.0, 0.5, 0.8}


def test_coverage_says_what_was_not_seen(client: TestClient) -> None:
    found = read(client, address_at("coverage", 14))
    assert set(found["reason"].dropna()) == {"too dark"}


def test_a_tile_with_nothing_has_no_content(client: TestClient) -> None:
    for nothing in (address_at("defects", 14, 0.0, 0.0), address_at("defects", 9)):
        answer = client.get(path_of(nothing))
        assert (answer.status_code, answer.content) == (204, b"")


def test_a_tile_of_a_version_may_be_kept_for_good_others_are_asked_again(client: TestClient) -> None:
    a = address_at("segments", 14)
    kept = client.get(path_of(a, "?v=1.0"))
    assert "immutable" in kept.headers["cache-control"]
    for stale in ("", "?v=0.9"):
        assert client.get(path_of(a, stale)).headers["cache-control"] == "no-cache"
    assert client.get(path_of(a), headers={"If-None-Match": kept.headers["etag"]}).status_code == 304
    assert client.get(path_of(a), headers={"Accept-Encoding": "identity"}).content == kept.content


def test_a_review_makes_a_new_tile(client: TestClient) -> None:
    a = address_at("defects", 14)
    before = client.get(path_of(a))
    client.post("/v1/defects/2/reviews", json={"decision": "reject"})
    after = client.get(path_of(a))
    assert after.headers["etag"] == '"1.1"'
    assert after.content != before.content
    assert read(client, a).set_index("id").loc[2, "state"] == "rejected"


def test_tilejson_leads_to_the_tiles(client: TestClient) -> None:
    said = client.get("/v1/tiles/segments.json").json()
    a = address_at("segments", 14)
    (address,) = said["tiles"]
    assert client.get(address.format(z=a.zoom, x=a.column, y=a.row)).status_code == 200
    west, south, east, north = said["bounds"]
    assert west < LON < east
    assert south < LAT < north
    assert said["vector_layers"][0]["fields"]["coverage"] == "share that was seen well enough"


def test_tiles_that_are_none_are_problems(client: TestClient) -> None:
    assert client.get("/v1/tiles/segments/3/8/0.mvt").status_code == 404
    assert client.get("/v1/tiles/roads/3/1/1.mvt").status_code == 422
    assert client.get("/v1/tiles/segments/40/1/1.mvt").status_code == 422


def test_the_map_that_nobody_drove_has_its_streets(context: Context, client: TestClient) -> None:
    put_empty_map(context)
    assert set(read(client, address_at("segments", 14))["status"]) == {"not surveyed"}
    assert client.get(path_of(address_at("defects", 14))).status_code == 204
