"""Centre lines of carriageway areas, such as BGT's: where a car drives that keeps to the middle.

The middle of an area is its medial axis, the places with two nearest points on the boundary (Blum 1967). It is taken
from the Voronoi diagram of points along the boundary, the dual of their Delaunay triangulation (Brandt & Algazi 1992).
The border that two areas share is a gate: a line runs on to its middle from both sides, so that the lines connect.
Branches into corners are pruned by how much of the area they explain beyond the disk at their foot; what remains of an
open end is a straight line to the boundary.

All areas are worked on at once: each is moved to a tile of its own, where the others don't touch it.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from detector.types import Bools, Floats, Ints
from roads.sections import Lines, substrings, vertices

Areas = NDArray[np.object_]

SAME_BORDER_M = 0.03  # neighbours that were digitised apart touch to within this
SHORTEST_GATE_M = 1.5
BESIDE = 4.0  # a common border longer than so many widths runs along the road, not across it
BESIDE_M = 25.0
ISLAND_M2 = 50.0  # a smaller traffic island does not split the road in two
SPACING = 0.25  # of boundary points, in widths of the road
LEAST_SPACING_M, MOST_SPACING_M = 0.4, 2.0
BRANCH = 1.5  # a branch shorter than this many half widths beyond the disk at its foot is a corner
SMOOTH_M = 0.25
SHORTEST_LINE_M = 0.5
CHUNK = 3000  # boundary points triangulated at once; Qhull slows down with more
STEP_M = 0.001  # coordinates are whole millimetres, as in the BGT


@dataclass(frozen=True)
class CentreLines:
    """Centre lines of areas. `area` is the row of each line's area; an area may have several lines, or none."""

    area: Ints
    line: Lines
    width_m: Floats  # mean width of the area


@dataclass(frozen=True)
class Gates:
    """Middles of borders, one row for each side of a border."""

    area: Ints
    xy: Floats  # (n, 2)


@dataclass(frozen=True)
class Graph:
    """The medial axes of all areas. Gates are the first nodes, in their order."""

    area: Ints  # of each node
    xy: Floats
    radius: Floats  # of the largest disk in the area around the node; 0 at a gate
    edge: Ints  # (edges, 2) nodes


def centre_lines(areas: Areas) -> CentreLines:
    """Compute the centre lines of polygons in metres. Lines of neighbouring areas end in the same point.

    A junction becomes a star of lines. Small islands are crossed. The lines' direction means nothing.
    """
    areas = shapely.set_precision(areas, 0)  # with a grid attached, GEOS makes empty buffers of some rings
    areas = shapely.make_valid(shapely.remove_repeated_points(areas, STEP_M), method="structure")
    areas = np.array([_largest(area) for area in areas], dtype=object)
    width = 2 * shapely.area(areas) / np.maximum(shapely.length(areas), STEP_M)
    gates = _gates(areas, width)
    graph = _medial_axis(areas, np.clip(width * SPACING, LEAST_SPACING_M, MOST_SPACING_M), gates)
    keep = _prune(graph, len(gates.area))
    area, lines = _chains(graph, keep)
    lines = _finish(lines, areas[area], width[area], gates)
    area, lines = _join_forks(area, lines, width / 2)
    lines = shapely.simplify(lines, SMOOTH_M)
    long = shapely.length(lines) >= SHORTEST_LINE_M
    area, lines = area[long], lines[long]
    total = np.bincount(area, weights=shapely.length(lines), minlength=len(areas))
    return CentreLines(area, lines, (shapely.area(areas) / np.maximum(total, STEP_M))[area])


def _largest(area: shapely.Geometry) -> shapely.Polygon:
    """The largest polygon that a repaired area consists of, without its small holes."""
    parts = shapely.get_parts(area)
    parts = parts[shapely.get_dimensions(parts) == 2]
    if len(parts) == 0:
        return shapely.Polygon()
    polygon = max(parts, key=shapely.area)
    if not polygon.interiors:
        return polygon
    return shapely.Polygon(polygon.exterior, [r for r in polygon.interiors if shapely.Polygon(r).area >= ISLAND_M2])


def _gates(areas: Areas, width: Floats) -> Gates:
    """The middles of the borders across which one drives from one area into the next."""
    boundary = shapely.boundary(areas)
    one, other = shapely.STRtree(areas).query(areas, predicate="dwithin", distance=SAME_BORDER_M)
    one, other = one[one < other], other[one < other]
    near = shapely.buffer(boundary, SAME_BORDER_M, quad_segs=2)
    border = shapely.line_merge(shapely.intersection(boundary[one], near[other]))
    border, pair = shapely.get_parts(border, return_index=True)
    wide = shapely.length(border) > SHORTEST_GATE_M
    border, one, other = border[wide], one[pair[wide]], other[pair[wide]]
    length = shapely.length(border)
    across = length <= np.maximum(BESIDE * np.minimum(width[one], width[other]), BESIDE_M)
    # Areas side by side are joined only where nothing else joins them.
    graph = coo_array((np.ones(int(across.sum()), bool), (one[across], other[across])), shape=(len(areas), len(areas)))
    island = connected_components(graph, directed=False)[1]
    used = across | (island[one] != island[other])
    middle = shapely.get_coordinates(shapely.line_interpolate_point(border[used], 0.5, normalized=True))
    middle = np.round(middle / STEP_M) * STEP_M
    return Gates(np.concatenate([one[used], other[used]]), np.concatenate([middle, middle]))


def _medial_axis(areas: Areas, spacing: Floats, gates: Gates) -> Graph:
    point, area, following, gate = _boundary_points(areas, spacing, gates)
    nodes = [(gates.area, gates.xy, np.zeros(len(gates.area)))]
    edges = [np.empty((0, 2), np.int64)]
    shapely.prepare(areas)
    count = len(gates.area)
    for chunk in _chunks(area):
        found = _voronoi(point[chunk], area[chunk], following[chunk] - chunk.start, gate[chunk], areas)
        in_area, xy, radius, edge, to_gate = found
        nodes.append((in_area, xy, radius))
        edges += [edge + count, np.column_stack([to_gate[:, 0] + count, to_gate[:, 1]])]
        count += len(xy)
    node_area, xy, radius = (np.concatenate(parts) for parts in zip(*nodes, strict=True))
    edge = np.concatenate(edges)
    return _with_all_gates(Graph(node_area, xy, radius, edge), len(gates.area))


def _with_all_gates(graph: Graph, gates: int) -> Graph:
    """Join the gates that the diagram left out, in very thin areas, to the nearest node of their area."""
    lost = np.setdiff1d(np.arange(gates), graph.edge)
    # The area as a third axis keeps each search in its own area.
    places = np.column_stack([graph.xy, graph.area * 1e6])
    others = np.setdiff1d(np.arange(len(graph.xy)), lost)
    if len(lost) == 0 or len(others) == 0:
        return graph
    nearest = others[cKDTree(places[others]).query(places[lost])[1]]
    joined = graph.area[nearest] == graph.area[lost]
    edge = np.concatenate([graph.edge, np.column_stack([lost, nearest])[joined]])
    return Graph(graph.area, graph.xy, graph.radius, edge)


def _boundary_points(areas: Areas, spacing: Floats, gates: Gates) -> tuple[Floats, Ints, Ints, Ints]:
    """Points along all rings: place, area, the next point on the ring, and the gate that the point stands beside (-1).

    Two points stand either side of each gate, so that the line between their Voronoi cells runs through it.
    """
    dense = shapely.segmentize(areas, spacing)
    ring, ring_area = shapely.get_rings(dense, return_index=True)
    ring_area = ring_area.astype(np.int64)
    xy, owner, axis = vertices(ring)
    first = np.searchsorted(owner, np.arange(len(ring) + 1))
    start, length = axis[first[:-1]], shapely.length(ring)
    middle = shapely.points(gates.xy)
    gate, rings = shapely.STRtree(ring).query(middle, predicate="dwithin", distance=2 * SAME_BORDER_M)
    own = ring_area[rings] == gates.area[gate]
    rings, gate = rings[own], gate[own]
    once = np.unique(gate, return_index=True)[1]
    rings, gate = rings[once], gate[once]
    at = shapely.line_locate_point(ring[rings], middle[gate])
    half = np.minimum(spacing[gates.area[gate]] / 2, length[rings] / 8)
    beside = np.concatenate([at - half, at + half]) % np.tile(length[rings], 2)
    # Points nearer to the gate than those two would come between them.
    crowded = np.zeros(len(axis) + 1, np.int64)
    for turn in (-1, 0, 1):  # around the start of the ring
        centre = start[rings] + at + turn * length[rings]
        low, high = first[rings], first[rings + 1]
        np.add.at(crowded, np.clip(np.searchsorted(axis, centre - half), low, high), 1)
        np.add.at(crowded, np.clip(np.searchsorted(axis, centre + half, side="right"), low, high), -1)
    keep = np.cumsum(crowded)[:-1] == 0
    keep[first[1:] - 1] = False  # a ring's last vertex is its first
    two_rings, two_gates = np.tile(rings, 2), np.tile(gate, 2)
    extra = shapely.get_coordinates(shapely.line_interpolate_point(ring[two_rings], beside))
    of_ring = np.concatenate([owner[keep], two_rings])
    along = np.concatenate([axis[keep] - start[owner[keep]], beside])
    order = np.lexsort((along, of_ring))
    point, of_ring = np.concatenate([xy[keep], extra])[order], of_ring[order]
    of_gate = np.concatenate([np.full(int(keep.sum()), -1), two_gates])[order]
    begin = np.searchsorted(of_ring, of_ring)
    last = np.diff(of_ring, append=-1) != 0
    following = np.where(last, begin, np.arange(len(point)) + 1)
    return point, ring_area[of_ring], following, of_gate


def _chunks(area: Ints) -> list[slice]:
    """Slices of the points with whole areas."""
    starts = np.flatnonzero(np.diff(area, prepend=-1) != 0)
    cuts = starts[np.flatnonzero(np.diff(starts // CHUNK, prepend=-1) > 0)].tolist()
    return [slice(a, b) for a, b in zip(cuts, [*cuts[1:], len(area)], strict=True)]


def _voronoi(
    point: Floats, area: Ints, following: Ints, gate: Ints, areas: Areas
) -> tuple[Ints, Floats, Floats, Ints, Ints]:
    """The Voronoi vertices inside the areas: area, place, radius; the edges between them, and those to gates."""
    mine, tile = np.unique(area, return_inverse=True)
    low, high = np.split(shapely.bounds(areas[mine]), 2, axis=1)
    side, size = int(np.ceil(np.sqrt(len(mine)))), 2 * float((high - low).max()) + 10
    origin = low - size * np.column_stack([np.arange(len(mine)) % side, np.arange(len(mine)) // side])
    triangulation = Delaunay(point - origin[tile])
    corner, beyond = triangulation.simplices.astype(np.int64), triangulation.neighbors.astype(np.int64)
    of = area[corner]
    centre = _circumcentre(point - origin[tile], corner) + origin[tile[corner[:, 0]]]
    inside = (of == of[:, :1]).all(axis=1) & np.isfinite(centre).all(axis=1)
    inside[inside] = shapely.contains_xy(areas[of[inside, 0]], *centre[inside].T)
    number = np.cumsum(inside) - 1
    triangle, opposite = np.nonzero(inside[:, None] & (beyond >= 0))
    neighbour = beyond[triangle, opposite]
    a, b = corner[triangle, (opposite + 1) % 3], corner[triangle, (opposite + 2) % 3]
    adjacent = (following[a] == b) | (following[b] == a)
    both = inside[neighbour] & (triangle < neighbour) & ~adjacent
    edge = np.column_stack([number[triangle[both]], number[neighbour[both]]])
    # Where a cell edge leaves the area between the two points of a gate, it leads to the gate.
    leads = adjacent & (gate[a] >= 0) & (gate[a] == gate[b])
    to_gate = np.column_stack([number[triangle[leads]], gate[a[leads]]])
    to_gate = to_gate[np.unique(to_gate[:, 1], return_index=True)[1]]
    radius = np.hypot(*(centre - point[corner[:, 0]])[inside].T)
    xy = np.round(centre[inside] / STEP_M) * STEP_M
    return of[inside, 0], xy, radius, edge, to_gate


def _circumcentre(point: Floats, corner: Ints) -> Floats:
    a, b, c = (point[corner[:, k]] for k in range(3))
    ab, ac = b - a, c - a
    twice = 2 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
    square_b, square_c = (ab**2).sum(axis=1), (ac**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (ac[:, 1] * square_b - ab[:, 1] * square_c) / twice
        y = (ab[:, 0] * square_c - ac[:, 0] * square_b) / twice
    centre: Floats = a + np.column_stack([x, y])
    return centre


def _prune(graph: Graph, gates: int) -> Bools:
    """Which nodes stay: all between gates and around islands, and of the branches those that lead far enough.

    Leaves are peeled off round by round; `reach` is how far the area goes on beyond a node, through what was peeled.
    Then, from the core outwards, a peeled node comes back if it reaches far beyond the disk of the node it hung on.
    """
    n = len(graph.xy)
    a, b = graph.edge.T
    degree = np.bincount(graph.edge.ravel(), minlength=n)
    # The sum of a node's neighbours: with one neighbour left, it is that neighbour.
    neighbours = np.zeros(n, np.int64)
    np.add.at(neighbours, a, b)
    np.add.at(neighbours, b, a)
    reach = graph.radius.copy()
    beyond = np.zeros(n)
    foot = np.full(n, -1)
    rounds = []
    leaf = np.flatnonzero((degree == 1) & (np.arange(n) >= gates))
    while len(leaf):
        on = neighbours[leaf]
        # Of two leaves on each other, one stays as the core.
        leaf, on = (x[~((degree[on] == 1) & (on >= gates) & (on > leaf))] for x in (leaf, on))
        length = np.hypot(*(graph.xy[leaf] - graph.xy[on]).T)
        foot[leaf], beyond[leaf] = on, reach[leaf] + length - graph.radius[on]
        np.maximum.at(reach, on, reach[leaf] + length)
        degree[leaf] = 0
        np.subtract.at(degree, on, 1)
        np.subtract.at(neighbours, on, leaf)
        rounds.append(leaf)
        leaf = np.unique(on[(degree[on] == 1) & (on >= gates)])
    keep = foot < 0
    for leaf in reversed(rounds):
        on = foot[leaf]
        keep[leaf] = keep[on] & (beyond[leaf] > BRANCH * graph.radius[on])
    return keep


def _chains(graph: Graph, keep: Bools) -> tuple[Ints, Lines]:
    """The kept edges joined to lines from junction to junction: area and line."""
    edge = graph.edge[keep[graph.edge].all(axis=1)]
    edge = edge[(graph.xy[edge[:, 0]] != graph.xy[edge[:, 1]]).any(axis=1)]
    edge = edge[np.argsort(graph.area[edge[:, 0]], kind="stable")]
    area, first = np.unique(graph.area[edge[:, 0]], return_index=True)
    group = np.repeat(np.arange(len(area)), np.diff(first, append=len(edge)))
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(graph.xy[edge]), indices=group))
    lines, row = shapely.get_parts(merged, return_index=True)
    return area[row], lines


def _finish(lines: Lines, areas: Areas, width: Floats, gates: Gates) -> Lines:
    """Straighten the ends at gates, where the axis turns square to a border that is cut askew; run open ends on."""
    length = shapely.length(lines)
    ends = np.stack([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)])
    _, place, count = np.unique(np.concatenate([gates.xy, *ends]), axis=0, return_inverse=True, return_counts=True)
    place = place.ravel()
    at_gate = np.isin(place, place[: len(gates.xy)])[len(gates.xy) :].reshape(2, -1)
    is_open = count[place[len(gates.xy) :]].reshape(2, -1) == 1
    spare = np.where(at_gate, np.minimum(width, length / 3), 0.0)
    middle = substrings(lines, np.arange(len(lines)), spare[0], length - spare[1])
    further = [_to_boundary(lines, areas, at_start) for at_start in (True, False)]
    before, after = (np.where(o[:, None], f, e) for o, f, e in zip(is_open, further, ends, strict=True))
    xy, owner = shapely.get_coordinates(middle, return_index=True)
    owner = np.concatenate([np.arange(len(lines)), owner, np.arange(len(lines))])
    order = np.argsort(owner, kind="stable")
    finished: Lines = shapely.linestrings(np.concatenate([before, xy, after])[order], indices=owner[order])
    return finished


def _to_boundary(lines: Lines, areas: Areas, at_start: bool) -> Floats:
    """Where a line, run straight on beyond its start or end, meets the boundary of its area; else where it ends."""
    tip = shapely.get_coordinates(shapely.get_point(lines, 0 if at_start else -1))
    boundary = shapely.boundary(areas)
    from_edge = shapely.distance(shapely.points(tip), boundary)
    back = np.minimum(2 * from_edge, shapely.length(lines))
    base = shapely.get_coordinates(shapely.line_interpolate_point(lines, back if at_start else -back))
    step = (tip - base) / np.maximum(np.hypot(*(tip - base).T), STEP_M)[:, None]
    far = tip + step * (6 * from_edge[:, None] + 1)
    hit = shapely.intersection(shapely.linestrings(np.stack([tip, far], axis=1)), boundary)
    distance = np.nan_to_num(shapely.distance(shapely.points(tip), hit))
    met: Floats = np.round((tip + step * distance[:, None]) / STEP_M) * STEP_M
    return met


def _join_forks(area: Ints, lines: Lines, shortest: Floats) -> tuple[Ints, Lines]:
    """Make one junction of forks in an area that links shorter than `shortest` join: on a crossing four lines meet."""
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)])
    _, node, count = np.unique(
        np.column_stack([np.tile(area, 2), ends]), axis=0, return_inverse=True, return_counts=True
    )
    tail, head = node.ravel().reshape(2, -1)
    link = (tail != head) & (count[tail] > 2) & (count[head] > 2) & (shapely.length(lines) < shortest[area])
    graph = coo_array((np.ones(int(link.sum()), bool), (tail[link], head[link])), shape=(len(count), len(count)))
    junction = connected_components(graph, directed=False)[1]
    # A link beside another one between the same two junctions would become a ring.
    link |= (junction[tail] == junction[head]) & (tail != head) & (shapely.length(lines) < 2 * shortest[area])
    total = np.stack([np.bincount(junction[node.ravel()], weights=axis) for axis in ends.T], axis=1)
    place = np.round(total / np.bincount(junction[node.ravel()])[:, None] / STEP_M) * STEP_M
    moved = np.bincount(junction)[junction] > 1
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    first = np.searchsorted(owner, np.arange(len(lines) + 1))
    for end, at in ((tail, first[:-1]), (head, first[1:] - 1)):
        xy[at[moved[end]]] = place[junction[end[moved[end]]]]
    return area[~link], shapely.linestrings(xy, indices=owner)[~link]
