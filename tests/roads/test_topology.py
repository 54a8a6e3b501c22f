import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from roads.topology import build_topology


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


def test_lines_that_touch_themselves() -> None:
    loop = [(0.0, 0.0), (0.0, 50.0), (40.0, 50.0), (40.0, 0.0), (0.0, 0.0), (-50.0, 0.0)]
    assert edges([loop]) == 2  # a 6 drawn from its joint: the loop, and the stem
    assert edges([loop[::-1]]) == 2
    eight = [(0.0, 0.0), (50.0, 50.0), (50.0, 0.0), (0.0, 50.0)]
    assert edges([eight]) == 1  # as two roads that cross


def test_sections_join_only_each_other() -> None:
    """A bridge whose section ends right over the road below stays a bridge."""
    over = [[(-50.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (50.0, 0.0)]]
    under = [[(0.0, -50.0), (0.0, 0.0)], [(0.0, 0.0), (0.0, 50.0)]]
    lines = np.array([LineString(line) for line in over + under], dtype=object)
    oneway = np.zeros(4, np.int8)
    continues = np.array([True, False, True, False])
    assert len(build_topology(lines, oneway, continues=continues).edge_length_m) == 2
    assert len(build_topology(lines, oneway).edge_length_m) == 4
    for side in (0.0, 0.2):  # a side street that ends on the joint, or just beside it
        joined = np.append(lines, [LineString([(side, 0.05), (side, 30)])])
        topology = build_topology(joined[[0, 1, 4]], np.zeros(3, np.int8), continues=np.array([True, False, False]))
        assert len(topology.edge_length_m) == 3


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
