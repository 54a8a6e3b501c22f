"""Carriageway areas drawn as in BGT: neighbours share their border, curves and islands included."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, shortest_path
from shapely import LineString, Point, Polygon

from detector.errors import NetworkError
from roads.centreline import CentreLines, centre_lines
from roads.network import read_network
from roads.topology import Topology, build_topology

ORIGIN = np.array([257_000.0, 471_000.0])


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOUW_CACHE", "")


def areas_of(*shapes: shapely.Geometry) -> NDArray[np.object_]:
    """Move to somewhere in Enschede, in whole millimetres."""
    return shapely.set_precision(shapely.transform(np.array(shapes, dtype=object), lambda xy: xy + ORIGIN), 0.001)


def at(*xy: float) -> NDArray[np.float64]:
    return np.reshape(xy, (-1, 2)) + ORIGIN


def street(a: tuple[float, float], b: tuple[float, float], width: float = 6.0) -> Polygon:
    return LineString([a, b]).buffer(width / 2, cap_style="flat")


def graph(found: CentreLines) -> Topology:
    return build_topology(found.line, np.zeros(len(found.line), np.int8))


def islands(topology: Topology) -> int:
    edges = len(topology.edge_length_m)
    arc = np.repeat(np.arange(2 * edges), np.diff(topology.follow_start))
    ones = np.ones(len(arc), bool)
    return int(connected_components(coo_array((ones, (arc // 2, topology.follow // 2)), shape=(edges, edges)))[0])


def test_a_straight_road_has_its_middle_as_centre_line() -> None:
    found = centre_lines(areas_of(street((0, 0), (100, 30))))
    assert found.area.tolist() == [0]
    middle = LineString(at(0, 0, 100, 30))
    assert found.line[0].hausdorff_distance(middle) < 0.3
    assert found.width_m[0] == pytest.approx(6.0, rel=0.01)


def test_a_bent_road_in_three_areas_is_one_road() -> None:
    axis = LineString([(0, 0), (60, 0), (100, 30), (160, 30)])
    road = axis.buffer(3, cap_style="flat", join_style="mitre")
    one = shapely.box(-10, -50, 30, 50)
    other = shapely.box(130, -50, 200, 50)
    areas = areas_of(road & one, (road - one) - other, road & other)
    found = centre_lines(areas)
    assert sorted(found.area.tolist()) == [0, 1, 2]
    topology = graph(found)
    assert len(topology.edge_length_m) == 1
    assert topology.edge_length_m[0] == pytest.approx(axis.length, rel=0.02)
    whole = shapely.line_merge(shapely.union_all(found.line))
    assert whole.hausdorff_distance(shapely.transform(axis, lambda xy: xy + ORIGIN)) < 1.0


def crossing(arms: int, radius: float = 14.0, width: float = 6.0) -> NDArray[np.object_]:
    """A junction area and its arms; the arms are drawn on to 60 m from the middle."""
    angles = np.arange(arms) * 2 * np.pi / arms + 0.3
    ends = [(60 * np.cos(a), 60 * np.sin(a)) for a in angles]
    roads = shapely.union_all([street((0, 0), end, width) for end in ends] + [Point(0, 0).buffer(width / 2)])
    disk = Point(0, 0).buffer(radius)
    return areas_of(roads & disk, *shapely.get_parts(roads - disk))


@pytest.mark.parametrize("arms", [3, 4, 5])
def test_a_junction_is_a_star(arms: int) -> None:
    found = centre_lines(crossing(arms))
    assert np.bincount(found.area).tolist() == [arms] + [1] * arms
    topology = graph(found)
    assert len(topology.edge_length_m) == arms
    np.testing.assert_allclose(topology.edge_length_m, 60, atol=1.5)
    assert islands(topology) == 1


def test_a_side_street_joins_a_main_road_that_is_one_area() -> None:
    main, side = street((0, 0), (120, 0)), shapely.box(57, 3, 63, 60)
    found = centre_lines(areas_of(main, side))
    assert np.bincount(found.area).tolist() == [3, 1]
    topology = graph(found)
    assert (len(topology.edge_length_m), islands(topology)) == (3, 1)
    np.testing.assert_allclose(np.sort(topology.edge_length_m), [60, 60, 60], atol=1.5)


def test_a_bridge_does_not_join_the_road_below() -> None:
    below = street((-60, 0), (60, 0))
    bridge, ramp = street((0, -20), (0, 20)), street((0, 20), (0, 60))
    found = centre_lines(areas_of(below, bridge, ramp))
    topology = graph(found)
    assert islands(topology) == 2
    np.testing.assert_allclose(np.sort(topology.edge_length_m), [80, 120], atol=0.5)


def test_a_roundabout_keeps_its_ring_and_a_small_island_is_crossed() -> None:
    ring = Point(0, 0).buffer(14) - Point(0, 0).buffer(7)
    arm = street((10, 0), (60, 0)) - Point(0, 0).buffer(14)
    topology = graph(centre_lines(areas_of(ring, arm)))
    assert len(topology.edge_length_m) == 2  # round, and in or out
    assert topology.edge_length_m.max() == pytest.approx(2 * np.pi * 10.5, rel=0.05)
    refuge = street((0, 0), (100, 0), 9.0) - shapely.box(45, -1, 55, 1)
    assert len(centre_lines(areas_of(refuge)).line) == 1


def test_lanes_side_by_side_are_joined_only_if_nothing_else_joins_them() -> None:
    lanes = [shapely.box(0, 0, 200, 4), shapely.box(0, 4, 200, 8)]
    assert islands(graph(centre_lines(areas_of(*lanes)))) == 1
    joined = [*lanes, shapely.box(200, 0, 230, 8)]
    topology = graph(centre_lines(areas_of(*joined)))
    assert islands(topology) == 1
    assert len(topology.edge_length_m) == 3  # a fork: no link in the middle


def test_a_dead_end_runs_on_to_its_end_and_a_bay_is_no_branch() -> None:
    road = shapely.union_all([street((0, 0), (100, 0)), shapely.box(40, 3, 55, 6)])
    found = centre_lines(areas_of(shapely.box(-30, -3, 0, 3), road))
    assert np.bincount(found.area).tolist() == [1, 1]
    assert found.line[1].length == pytest.approx(100, abs=1.0)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(25, 60), st.floats(-0.5, 0.5)), min_size=2, max_size=8),
    st.floats(2.5, 12),
    st.floats(0, 6.28),
)
def test_any_winding_road_is_one_chain_near_its_axis(legs: list, width: float, turn: float) -> None:
    heading = turn + np.cumsum([bend for _, bend in legs])
    steps = np.array([length for length, _ in legs])[:, None] * np.column_stack([np.cos(heading), np.sin(heading)])
    corner = np.vstack([[0, 0], np.cumsum(steps, axis=0)])
    axis = LineString(corner)
    normal = np.column_stack([-np.sin(heading), np.cos(heading)])
    middle = (corner[:-1] + corner[1:]) / 2
    road = axis.buffer(width / 2, cap_style="flat", join_style="mitre")
    assume(axis.is_simple and not road.interiors)
    # Knives across the middle of each leg cut it into areas.
    knives = [LineString([m - 0.6 * width * n, m + 0.6 * width * n]) for m, n in zip(middle, normal, strict=True)]
    parts = shapely.polygonize([shapely.union_all([road.boundary, *knives])])
    areas = [part for part in shapely.get_parts(parts) if road.contains(part.representative_point())]
    assume(len(areas) == len(legs) + 1)  # else the road comes near itself, and a knife cuts it twice
    found = centre_lines(areas_of(*areas))
    topology = graph(found)
    assert len(np.unique(found.area)) == len(areas)
    assert len(topology.edge_length_m) == 1
    assert topology.edge_length_m[0] == pytest.approx(axis.length, rel=0.05, abs=width)
    whole = shapely.union_all(found.line)
    assert shapely.transform(axis, lambda xy: xy + ORIGIN).hausdorff_distance(whole) < 0.6 * width


RING = "<gml:LinearRing><gml:posList>{}</gml:posList></gml:LinearRing>"
ARC = """<gml:Ring><gml:curveMember><gml:Curve><gml:segments><gml:LineStringSegment><gml:posList>{0}</gml:posList>
</gml:LineStringSegment><gml:Arc><gml:posList>{1}</gml:posList></gml:Arc></gml:segments></gml:Curve></gml:curveMember>
</gml:Ring>"""
AREA = """<cityObjectMember><tra:TrafficArea gml:id="b{0}"><creationDate>2016-01-01</creationDate>
<imgeo:relatieveHoogteligging>0</imgeo:relatieveHoogteligging>{3}<imgeo:identificatie><imgeo:NEN3610ID>
<imgeo:namespace>NL.IMGeo</imgeo:namespace><imgeo:lokaalID>G0153.{0}</imgeo:lokaalID></imgeo:NEN3610ID>
</imgeo:identificatie><imgeo:bronhouder>G0153</imgeo:bronhouder>
<imgeo:bgt-status codeSpace="Status">bestaand</imgeo:bgt-status><tra:function codeSpace="FunctieWeg">{1}</tra:function>
<tra:surfaceMaterial codeSpace="FysiekVoorkomenWeg">gesloten verharding</tra:surfaceMaterial>
<imgeo:plus-fysiekVoorkomenWegdeel codeSpace="FysiekVoorkomenWegPlus">{4}</imgeo:plus-fysiekVoorkomenWegdeel>
<imgeo:geometrie2dWegdeel><gml:Polygon srsName="urn:ogc:def:crs:EPSG::28992"><gml:exterior>{2}</gml:exterior>
</gml:Polygon></imgeo:geometrie2dWegdeel></tra:TrafficArea></cityObjectMember>"""
CITY = """<?xml version="1.0" encoding="UTF-8"?><CityModel xmlns="http://www.opengis.net/citygml/2.0"
xmlns:gml="http://www.opengis.net/gml" xmlns:tra="http://www.opengis.net/citygml/transportation/2.0"
xmlns:imgeo="http://www.geostandaarden.nl/imgeo/2.1">{}</CityModel>"""


def positions(*xy: float) -> str:
    return " ".join(f"{value:.3f}" for value in at(*xy).ravel())


def bgt_gml(path: Path) -> Path:
    def box(x0: float, y0: float, x1: float, y1: float) -> str:
        return RING.format(positions(x0, y0, x1, y0, x1, y1, x0, y1, x0, y0))

    turning = ARC.format(positions(160, 3, 100, 3, 100, -3, 160, -3), positions(160, -3, 163, 0, 160, 3))
    ended = "<imgeo:eindRegistratie>2020-01-01T00:00:00.000</imgeo:eindRegistratie>"
    rows = [
        AREA.format(1, "rijbaan lokale weg", box(0, -3, 100, 3), "", "asfalt"),
        AREA.format(2, "woonerf", turning, "", "geenWaarde"),
        AREA.format(3, "fietspad", box(0, 6, 100, 8), "", ""),
        AREA.format(4, "rijbaan lokale weg", box(0, -3, 90, 3), ended, ""),
    ]
    path.write_text(CITY.format("".join(rows)))
    return path


def bgt_gpkg(path: Path) -> Path:
    shapes = areas_of(*[shapely.box(x, -3, x + 100, 3) for x in (0, 100)], shapely.box(0, 6, 100, 8))
    columns = {"lokaal_id": ["G0153.1", "G0153.2", "G0153.3"], "functie": ["rijbaan lokale weg", "woonerf", "fietspad"]}
    columns |= {"fysiek_voorkomen": ["gesloten verharding"] * 3, "plus_fysiek_voorkomen": ["asfalt", None, None]}
    columns |= {"eind_registratie": [None] * 3, "bronhouder": ["G0153"] * 3}
    points = gpd.GeoDataFrame({"a": [1] * 9}, geometry=[Point(ORIGIN)] * 9, crs=28992)
    points.to_file(path, layer="paal")
    gpd.GeoDataFrame(columns, geometry=shapes, crs=28992).to_file(path, layer="wegdeel")
    return path


@pytest.mark.parametrize(("make", "name"), [(bgt_gml, "bgt_wegdeel.gml"), (bgt_gpkg, "bgt.gpkg")])
def test_bgt_carriageways_become_a_network(tmp_path: Path, make: Callable[[Path], Path], name: str) -> None:
    network = read_network(make(tmp_path / name))
    segments = network.segments
    assert (network.preset, network.crs.to_epsg()) == ("bgt", 28992)
    assert segments["segment_id"].tolist() == ["G0153.1", "G0153.2"]
    assert segments["surface"].tolist() == ["asfalt", "gesloten verharding"]
    assert segments["road_class"].tolist() == ["rijbaan lokale weg", "woonerf"]
    assert segments["manager"].tolist() == ["G0153"] * 2
    np.testing.assert_allclose(segments["width_m"], 6, atol=0.2)
    assert len(network.topology.edge_length_m) == 1
    left_out = {"bgt_wegdeel.gml": 2, "bgt.gpkg": 1}[name]
    assert network.notes == (f"{left_out} areas that no car drives, or that are not there now, left out",)
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]


def test_areas_without_a_centre_line_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "bgt.gpkg"
    shapes = areas_of(street((0, 0), (100, 0)), Point(500, 0).buffer(8))
    columns = {"lokaalid": ["a", "b"], "bgt_functie": ["OV-baan"] * 2, "bgt_fysiekvoorkomen": ["onverhard"] * 2}
    gpd.GeoDataFrame(columns, geometry=shapes, crs=28992).to_file(path)
    assert read_network(path).notes == ("1 areas too round or too small for a centre line left out",)
    columns["bgt_functie"] = ["fietspad"] * 2
    gpd.GeoDataFrame(columns, geometry=shapes, crs=28992).to_file(path)
    with pytest.raises(NetworkError, match="no road that a car can drive; 2 areas"):
        read_network(path)


def test_routes_over_a_town_of_areas_are_as_long_as_over_its_streets() -> None:
    """Junction and street areas cut from a grid; the way between any two junctions is that along the streets' axes."""
    random = np.random.default_rng(1)
    k = 5
    node = np.stack(np.meshgrid(np.arange(k), np.arange(k), indexing="ij"), axis=-1) * 110.0
    node = (node + random.uniform(-20, 20, node.shape)).reshape(-1, 2)
    number = np.arange(k * k).reshape(k, k)
    ends = np.vstack([np.column_stack([number[:-1].ravel(), number[1:].ravel()]),
                      np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])])  # fmt: skip
    streets = [street(*node[pair], w) for pair, w in zip(ends, random.uniform(4, 7, len(ends)), strict=True)]
    town = shapely.union_all([*streets, *shapely.buffer(shapely.points(node), 3.5)]).buffer(3).buffer(-3)
    disks = shapely.buffer(shapely.points(node), 13)
    areas = areas_of(*shapely.intersection(town, disks), *shapely.get_parts(town - shapely.union_all(disks)))
    found = centre_lines(areas)
    tips = np.stack([shapely.get_coordinates(shapely.get_point(found.line, i)) for i in (0, -1)], axis=1)
    places, place = np.unique(tips.reshape(-1, 2), axis=0, return_inverse=True)
    tail, head = place.reshape(-1, 2).T
    size = (len(places),) * 2
    driven = shortest_path(coo_array((shapely.length(found.line), (tail, head)), shape=size), directed=False)
    length = np.hypot(*(node[ends[:, 0]] - node[ends[:, 1]]).T)
    true = shortest_path(coo_array((length, ends.T), shape=(k * k,) * 2), directed=False)
    # At the town's four corners two streets meet: no junction, so no end of a line there.
    junction = np.flatnonzero(np.bincount(ends.ravel()) > 2)
    near = np.array([np.hypot(*(places - xy - ORIGIN).T).argmin() for xy in node[junction]])
    assert np.hypot(*(places[near] - node[junction] - ORIGIN).T).max() < 5.0
    assert np.abs(driven[np.ix_(near, near)] - true[np.ix_(junction, junction)]).max() < 20.0
