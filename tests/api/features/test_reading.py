"""OGC API Features as callers use it: pages, boxes, filters, reference systems, and what GDAL makes of it."""

import shutil
import subprocess
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.context import Context
from api.store.fields import LAYERS
from tests.api.databases import Start
from tests.api.maps import put_driven_map
from tests.api.serving import in_thread
from tests.roads.conftest import place

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
WGS84 = "http://www.opengis.net/def/crs/EPSG/0/4326"


@pytest.fixture
def start() -> Start:
    return put_driven_map


def items(client: TestClient, layer: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get(f"/ogc/collections/{layer}/items", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


def ids(client: TestClient, layer: str, **parameters: Any) -> list[Any]:
    return [feature["id"] for feature in items(client, layer, **parameters)["features"]]


def box(x0: float, y0: float, x1: float, y1: float) -> str:
    return ",".join(map(str, (*place(x0, y0), *place(x1, y1))))


def test_the_service_says_where_everything_is(client: TestClient) -> None:
    landing = client.get("/ogc/").json()
    for link in landing["links"]:
        assert client.get(link["href"].replace("http://testserver", "")).status_code in (200, 404), link
    assert len(client.get("/ogc/collections").json()["collections"]) == len(LAYERS)
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in client.get("/ogc/conformance").text


def test_every_layer_has_its_attributes_and_no_others(client: TestClient) -> None:
    for layer, fields in LAYERS.items():
        for feature in items(client, layer)["features"]:
            assert list(feature["properties"]) == [field.name for field in fields]
            again = client.get(f"/ogc/collections/{layer}/items/{feature['id']}").json()
            assert again["properties"] == feature["properties"]
        described = client.get(f"/ogc/collections/{layer}/queryables").json()["properties"]
        assert set(described) == {"geometry", *(field.name for field in fields)}


def test_pages_follow_each_other_without_gaps(client: TestClient) -> None:
    seen: list[Any] = []
    address = "/ogc/collections/coverage/items?limit=3"
    while address:
        page = client.get(address).json()
        seen += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        if len(seen) == 3:
            assert page["numberMatched"] == 8
    assert seen == ids(client, "coverage")


def test_whoever_asks_for_one_feature_is_told_how_many_there_are(client: TestClient) -> None:
    seen = ids(client, "coverage", filter="usable = true")
    assert len(seen) > 1
    assert items(client, "coverage", filter="usable = true", limit=1)["numberMatched"] == len(seen)
    assert "numberMatched" not in items(client, "coverage", filter="usable = true", limit=2)


def test_a_box_finds_what_is_in_it(client: TestClient) -> None:
    assert ids(client, "defects", bbox=box(100, -5, 140, 5)) == [2]
    assert ids(client, "segments", bbox=box(10, -5, 20, 5)) == ["w0"]
    assert ids(client, "segments", bbox="0,0,1,1") == []
    swapped = f"{place(100, -5)[1]},{place(100, -5)[0]},{place(140, 5)[1]},{place(140, 5)[0]}"
    assert ids(client, "defects", bbox=swapped, **{"bbox-crs": WGS84}) == [2]
    assert ids(client, "defects", bbox="173100,442995,173140,443005", **{"bbox-crs": RD}) == [2]


@pytest.mark.parametrize(
    ("layer", "text", "expected"),
    [
        ("defects", "class = 'pothole'", [2, 5]),
        ("defects", "kind IN ('ravelling', 'potholes') AND segment_id IS NOT NULL", [2, 4]),
        ("defects", "NOT (probability < 0.9)", [1]),
        ("defects", "area_m2 BETWEEN 3 AND 4", [1, 3]),
        ("defects", "last_seen > DATE('2024-06-01')", [1, 2, 3, 4, 5]),
        ("segments", "CASEI(name) LIKE CASEI('%STRAAT%')", ["w0"]),
        ("segments", "name LIKE 'dorps%'", []),
        ("segments", "name = '''t Hof'", ["w1"]),
        ("segments", "score < pci", ["w0"]),
        ("coverage", "usable = false", [2, 6]),
        ("segments", f"S_INTERSECTS(geometry, BBOX({box(10, -5, 20, 5)}))", ["w0"]),
        ("surveys", "name LIKE 'spring%'", None),
    ],
)
def test_filters(client: TestClient, layer: str, text: str, expected: list[Any] | None) -> None:
    found = ids(client, layer, filter=text)
    if expected is None:
        assert len(found) == 1
    else:
        assert found == expected


def test_an_attribute_is_a_parameter_too(client: TestClient) -> None:
    assert ids(client, "defects", **{"class": "pothole"}) == [2, 5]
    assert ids(client, "segments", grade="poor") == ["w0"]
    assert ids(client, "surveys", datetime="../2024-06-01") == ids(client, "surveys", name="spring.mp4")


def test_coordinates_in_other_systems(client: TestClient) -> None:
    plain = items(client, "defects")["features"][1]["geometry"]["coordinates"]
    (x, y) = items(client, "defects", crs=RD)["features"][1]["geometry"]["coordinates"]
    assert (x, y) == pytest.approx((173120.0, 442998.3), abs=1.0)
    assert items(client, "defects", crs=WGS84)["features"][1]["geometry"]["coordinates"] == plain[::-1]


@pytest.mark.parametrize(
    "parameters",
    [
        {"filter": "nothing = 1"},
        {"filter": "S_INTERSECTS(geometry, POINT EMPTY)"},
        {"filter": r'{"op": "=", "args": [{"property": "\ud800"}, 1]}', "filter-lang": "cql2-json"},
        {"filter": r'{"op": "\ud800", "args": []}', "filter-lang": "cql2-json"},
        {"filter": "class = "},
        {"filter": "class = 3"},
        {"filter": "(" * 30 + "id = 1" + ")" * 30},
        {"filter": "id = 1; DROP TABLE surveys"},
        {"bbox": "1,2,3"},
        {"bbox": "1,2,3,x"},
        {"limit": "0"},
        {"datetime": "yesterday"},
        {"crs": "EPSG:1"},
        {"colour": "red"},
    ],
)
def test_what_can_not_be_read_is_a_problem(client: TestClient, parameters: dict[str, str]) -> None:
    answer = client.get("/ogc/collections/defects/items", params=parameters)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10


def test_values_never_become_sql(client: TestClient) -> None:
    for text in ("x' OR '1'='1", "'; DROP TABLE map_segments; --", "\\", "%", "\u2028"):
        assert ids(client, "segments", name=text) == []
        assert client.get("/v1/segments", params={"q": text}).status_code == 200
        assert client.get(f"/ogc/collections/segments/items/{text}").status_code == 404
    assert len(ids(client, "segments")) == 4


def test_gdal_reads_the_layers(context: Context) -> None:
    if shutil.which("ogrinfo") is None:
        pytest.skip("no ogrinfo; install gdal-bin to run this test")
    with in_thread(context) as url:

        def ogrinfo(*arguments: str) -> str:
            asked = ["ogrinfo", "-ro", f"OAPIF:{url}/ogc", *arguments]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            assert "ERROR" not in done.stderr, done.stderr
            return done.stdout

        assert all(layer in ogrinfo() for layer in LAYERS)
        assert "Feature Count: 5" in ogrinfo("-so", "defects")
        assert "Feature Count: 2" in ogrinfo("-so", "-where", "class = 'pothole'", "defects")
        assert "'t Hof" in ogrinfo("segments")
        (west, south), (east, north) = place(100, -5), place(140, 5)
        assert "Feature Count: 1" in ogrinfo("-so", "-spat", *map(str, (west, south, east, north)), "defects")
