"""Lines to a graph that can be driven: where lines meet, what may follow what.

Three terms. A *segment* is a row of the network, as the owner drew it. A *piece* is a segment, or the part of one
between two places where other lines join it. An *edge* is a chain of pieces from one junction (or dead end) to the
next: few edges make short searches. Each edge is driven as arc `2e` (along the chain) or `2e + 1` (against it), so that
the arc in the other direction is always `arc ^ 1`.

Lines meet where their ends lie within a tolerance, or where an end touches the inside of another line. A mere crossing
is a bridge or tunnel as far as geometry can tell, so it connects nothing; only OpenStreetMap data says otherwise, by a
vertex that both lines share. Where a road was cut into sections nothing else joins, unless it would have joined the
uncut road there.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from detector.types import Bools, Floats, Ints
from roads.sections import Lines, substrings, vertices

END_TOLERANCE_M = 0.5
TOUCH_TOLERANCE_M = 0.1


@dataclass(frozen=True, eq=False)
class Topology:
    """The graph of a network. Pieces are sorted by edge and by their place on it; lengths and offsets are in metres."""

    piece_geometry: NDArray[np.object_]  # in the digitised direction of their segment
    piece_segment: Ints
    piece_from_m: Floats  # offsets on the segment, along its digitised direction
    piece_to_m: Floats
    piece_edge: Ints
    piece_start_m: Floats  # where the piece begins on its edge
    piece_along: Bools  # digitised in the direction of the edge
    edge_length_m: Floats
    edge_oneway: NDArray[np.int8]  # 0 both, 1 along the edge only, -1 against it only
    edge_first_piece: Ints  # (edges + 1,)
    edge_global_m: Floats  # (edges + 1,) all edges laid end to end: places on edges become places on one axis
    piece_global_m: Floats
    arc_dead_end: Bools  # nothing but turning back follows
    follow_start: Ints  # arcs that may follow arc a: follow[follow_start[a]:follow_start[a + 1]]
    follow: Ints

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Over the pieces."""
        tree = shapely.STRtree(self.piece_geometry)
        tree.query(self.piece_geometry[0])  # GEOS builds it at the first question; better now than in the first match
        return tree

    def pieces_at(self, edge: Ints, offset_m: Floats) -> Ints:
        """The piece that lies at each place on an edge."""
        at = np.searchsorted(self.piece_global_m, self.edge_global_m[edge] + offset_m, side="right") - 1
        return np.clip(at, self.edge_first_piece[edge], self.edge_first_piece[edge + 1] - 1)

    def on_segment(self, piece: Ints, offset_m: Floats) -> Floats:
        """Offset on the edge -> offset on the piece's segment, along its digitised direction."""
        inside = np.clip(offset_m - self.piece_start_m[piece], 0.0, self.piece_to_m[piece] - self.piece_from_m[piece])
        return np.where(self.piece_along[piece], self.piece_from_m[piece] + inside, self.piece_to_m[piece] - inside)

    def on_edge(self, piece: Ints, offset_m: Floats) -> Floats:
        """Offset on the piece's segment, along its digitised direction -> offset on the edge."""
        inside = np.where(
            self.piece_along[piece], offset_m - self.piece_from_m[piece], self.piece_to_m[piece] - offset_m
        )
        length = self.piece_to_m[piece] - self.piece_from_m[piece]
        place: Floats = self.piece_start_m[piece] + np.clip(inside, 0.0, length)
        return place


def build_topology(
    lines: Lines, oneway: NDArray[np.int8], shared_vertices: bool = False, continues: Bools | None = None
) -> Topology:
    """Build the graph of `lines` (LineStrings in metres).

    `shared_vertices`: a vertex common to two lines connects. `continues`: (n,) line i + 1 is the next section of the
    road that line i is a section of.
    """
    joint = np.flatnonzero(np.zeros(len(lines), bool) if continues is None else continues)
    line, offset, touched = _touches(lines, shared_vertices, joint)
    segment, start_m, end_m = _cut(shapely.length(lines), line, offset)
    parts = piece_geometry(lines, segment, start_m, end_m)
    tail, head = _nodes(parts, segment, joint[~np.isin(joint, touched)])
    edge, position, along = _chains(tail, head, oneway[segment])
    order = np.lexsort((position, edge))
    segment, start_m, end_m, parts = segment[order], start_m[order], end_m[order], parts[order]
    edge, along, tail, head = edge[order], along[order], tail[order], head[order]
    first = np.searchsorted(edge, np.arange(edge[-1] + 2))
    before = np.concatenate([[0.0], np.cumsum(end_m - start_m)])
    edge_tail = np.where(along, tail, head)[first[:-1]]
    edge_head = np.where(along, head, tail)[first[1:] - 1]
    direction = oneway[segment][first[:-1]] * np.where(along[first[:-1]], 1, -1)
    follow_start, follow = _followers(edge_tail, edge_head)
    arcs = np.arange(2 * len(edge_tail))
    return Topology(
        piece_geometry=parts,
        piece_segment=segment,
        piece_from_m=start_m,
        piece_to_m=end_m,
        piece_edge=edge,
        piece_start_m=before[:-1] - before[first[edge]],
        piece_along=along,
        edge_length_m=before[first[1:]] - before[first[:-1]],
        edge_oneway=direction.astype(np.int8),
        edge_first_piece=first,
        edge_global_m=before[first],
        piece_global_m=before[:-1],
        arc_dead_end=(np.diff(follow_start) == 1) & (follow[follow_start[:-1]] == (arcs ^ 1)),
        follow_start=follow_start,
        follow=follow,
    )


def piece_geometry(lines: Lines, segment: Ints, from_m: Floats, to_m: Floats) -> Lines:
    """The line of each piece; a piece that is a whole segment shares the segment's."""
    parts: Lines = np.asarray(lines, dtype=object)[segment]
    cut = np.flatnonzero(np.bincount(segment, minlength=len(lines))[segment] > 1)
    if len(cut):
        parts[cut] = substrings(lines, segment[cut], from_m[cut], to_m[cut])
    return parts


def _touches(lines: Lines, shared_vertices: bool, joint: Ints) -> tuple[Ints, Floats, Ints]:
    """Where other lines join a line away from its ends: line, offset. And the joints of sections that they join.

    A joint is called by the line before it.
    """
    closed = np.zeros((2, len(lines)), bool)
    closed[0, joint + 1] = closed[1, joint] = True
    length = shapely.length(lines)
    end_points = shapely.get_point(np.concatenate([lines, lines]), np.repeat([0, -1], len(lines)))
    ends = np.flatnonzero(~closed.ravel())
    end, line = shapely.STRtree(lines).query(end_points[ends], predicate="dwithin", distance=TOUCH_TOLERANCE_M)
    end = ends[end]
    touching = end_points[end]
    offset = shapely.line_locate_point(lines[line], touching)
    # The nearest place on its own line is the end itself. A start may touch it further on, as in a 6.
    own = np.flatnonzero(end == line)
    offset[own] = length[line[own]] - shapely.line_locate_point(shapely.reverse(lines[line[own]]), touching[own])
    if shared_vertices:
        xy, owner, axis = vertices(lines)
        first = np.searchsorted(owner, np.arange(len(lines)))
        once = np.delete(np.arange(len(xy)), first[joint + 1])  # the two sides of a joint are one vertex
        _, place, count = np.unique(xy[once], axis=0, return_inverse=True, return_counts=True)
        shared = once[count[place.ravel()] > 1]
        line = np.concatenate([line, owner[shared]])
        touching = np.concatenate([touching, shapely.points(xy[shared])])
        offset = np.concatenate([offset, axis[shared] - axis[first[owner[shared]]]])
    # An end that is near will be merged with, so there is nothing to cut; a joint is merged with only if it is touched.
    from_end = np.stack([offset, length[line] - offset])
    away = np.stack([shapely.distance(touching, points[line]) for points in end_points.reshape(2, -1)])
    near = (from_end <= END_TOLERANCE_M) & (away <= END_TOLERANCE_M)
    at_joint = near & closed[:, line]
    touched = np.unique(np.concatenate([line[at_joint[0]] - 1, line[at_joint[1]]]))
    inside = ~near.any(axis=0)
    return line[inside].astype(np.int64), offset[inside], touched


def _cut(length: Floats, line: Ints, offset: Floats) -> tuple[Ints, Floats, Floats]:
    """Segment, start and end of each piece, in the order of the segments."""
    order = np.lexsort((offset, line))
    line, offset = line[order], offset[order]
    again = (np.diff(line, prepend=-1) == 0) & (np.diff(offset, prepend=0.0) < END_TOLERANCE_M)
    line, offset = line[~again], offset[~again]
    segment = np.concatenate([np.arange(len(length)), line])
    start = np.concatenate([np.zeros(len(length)), offset])
    order = np.lexsort((start, segment))
    segment, start = segment[order], start[order]
    last = np.diff(segment, append=len(length)) > 0
    return segment, start, np.where(last, length[segment], np.roll(start, -1))


def _nodes(parts: Lines, segment: Ints, joint: Ints) -> tuple[Ints, Ints]:
    """The nodes where each piece begins and ends. Ends within the tolerance are one node, apart from closed joints."""
    n = len(parts)
    ends = shapely.get_coordinates(shapely.get_point(np.concatenate([parts, parts]), np.repeat([0, -1], n)))
    before = np.searchsorted(segment, joint, side="right") - 1  # the piece that ends at the joint
    closed = np.zeros(2 * n, bool)
    closed[before + n] = closed[before + 1] = True
    node = np.empty(2 * n, np.int64)
    node[~closed] = _merge(ends[~closed], END_TOLERANCE_M)
    node[before + n] = node[before + 1] = np.arange(len(joint)) + (node[~closed].max(initial=-1) + 1)
    return node[:n], node[n:]


def _merge(points: Floats, tolerance: float) -> Ints:
    """Give points within the tolerance of each other the same number."""
    pairs = cKDTree(points).query_pairs(tolerance, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    number: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return number


def _chains(tail: Ints, head: Ints, oneway: NDArray[np.int8]) -> tuple[Ints, Ints, Bools]:
    """Join pieces across nodes where exactly two of them meet: edge, position on it, and direction of each piece.

    Works on directed pieces (p along, p + n against): each has at most one successor, so pointer doubling ranks every
    list in log n rounds (Wyllie 1979).
    """
    n = len(tail)
    start = np.concatenate([tail, head])
    allowed = np.concatenate([oneway, -oneway])
    leaving = np.argsort(start, kind="stable")
    first = np.searchsorted(start[leaving], np.arange(start.max() + 2))
    two = np.flatnonzero(np.diff(first) == 2)
    a, b = leaving[first[two]], leaving[first[two] + 1]
    # Not a loop of one piece, and driving on must not change what is allowed.
    passing = (a % n != b % n) & (allowed[a] == -allowed[b])
    a, b = a[passing], b[passing]
    follower = np.arange(2 * n)
    follower[(a + n) % (2 * n)], follower[(b + n) % (2 * n)] = b, a
    follower = _opened(follower, n)
    last, steps = follower.copy(), (follower != np.arange(2 * n)).astype(np.int64)
    while not np.array_equal(last[last], last):
        steps, last = steps + steps[last], last[last]
    # A chain has two lists, one per direction; keep the one that ends in the lower directed piece.
    opposite = (np.arange(2 * n) + n) % (2 * n)
    chosen = np.flatnonzero(last < last[opposite])
    piece = chosen % n
    _, edge = np.unique(last[chosen], return_inverse=True)
    result_edge, position, along = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, bool)
    result_edge[piece], position[piece], along[piece] = edge, -steps[chosen], chosen < n
    return result_edge, position, along


def _opened(follower: Ints, n: int) -> Ints:
    """Cut every ring of pieces (a roundabout without exits) at one node, in both directions."""
    # The lowest piece that each walk passes, by doubling: the same for both directions of a ring.
    lowest, ahead = np.arange(2 * n) % n, follower.copy()
    reaches_end = follower == np.arange(2 * n)
    for _ in range(int(np.ceil(np.log2(max(len(follower), 2)))) + 1):
        reaches_end |= reaches_end[ahead]
        lowest = np.minimum(lowest, lowest[ahead])
        ahead = ahead[ahead]
    opened = follower.copy()
    for member in np.unique(lowest[~reaches_end]):
        after = follower[member]
        opened[member] = member
        opened[(after + n) % (2 * n)] = (after + n) % (2 * n)
    return opened


def _followers(edge_tail: Ints, edge_head: Ints) -> tuple[Ints, Ints]:
    """CSR lists of the arcs that leave where each arc ends."""
    tail = np.column_stack([edge_tail, edge_head]).ravel()
    head = np.column_stack([edge_head, edge_tail]).ravel()
    leaving = np.argsort(tail, kind="stable")
    nodes = int(max(tail.max(), head.max())) + 1
    first = np.searchsorted(tail[leaving], np.arange(nodes + 1))
    count = (first[1:] - first[:-1])[head]
    start = np.concatenate([[0], np.cumsum(count)])
    within = np.arange(start[-1]) - np.repeat(start[:-1], count)
    return start, leaving[np.repeat(first[:-1][head], count) + within]
