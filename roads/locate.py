"""Defects -> the segments they lie on, how far along them, and on which side; and where across the lane.

The camera looks ahead and aside, so a defect seen from one segment may lie on the next one or in a side street. Only
segments driven near its frame, and those that join them, can hold it: a road on another level never does.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.types import Floats, Ints
from roads.driven import Driven
from roads.lines import direction
from roads.network import Network
from roads.sections import Lines
from roads.topology import Topology

REACH_M = 60.0  # driven before and after the frame: what its picture may show
HALF_ROAD_M = 4.0  # this near the axis of a driven segment, the surface is that segment's, also in a junction
OFF_ROAD_M = 25.0  # no road is this wide
AT_ONCE = 100_000  # defects looked at together: more would only take more memory

WHEEL_PATH_M = 0.875  # from the middle of the lane to the middle of a wheel path ...
HALF_WHEEL_PATH_M = 0.375
HALF_LANE_M = 1.75


@dataclass(frozen=True, eq=False)
class Places:
    """Where defects (n,) lie on the network. Metres along the digitised direction of the segment."""

    segment: Ints  # row of the network's segments, -1 = on none
    offset_m: Floats  # nan if on none
    from_line_m: Floats  # from the segment's line, left of the digitised direction is positive; nan if on none
    reason: NDArray[np.object_]  # why on none, '' otherwise


def locate(network: Network, driven: Driven, points: Floats, frame: Ints) -> Places:
    """Place each defect. It gets a segment or a reason why it has none.

    Args:
        network: the roads.
        driven: the drive that saw them.
        points: (n, 2) places of the defects, in the network's CRS.
        frame: (n,) the frame of the drive that shows each best.
    """
    first, last = _around(driven)
    # Many frames have the same spans around them: one context.
    most = len(driven.path.segment) + 1
    contexts, context = np.unique((first * most + last)[frame], return_inverse=True)
    on = _driven_near(driven.path.segment, contexts // most, contexts % most)
    parts = [
        _place(network, on, points[begin : begin + AT_ONCE], context[begin : begin + AT_ONCE])
        for begin in range(0, max(len(points), 1), AT_ONCE)
    ]
    segment, offset, from_line = (np.concatenate(column) for column in zip(*parts, strict=True))
    reason = np.full(len(points), "", object)
    for i in np.flatnonzero(segment < 0).tolist():
        if not np.isfinite(points[i]).all():
            reason[i] = "its place is not a number"
        elif first[frame[i]] < last[frame[i]]:
            reason[i] = f"farther than {OFF_ROAD_M:g} m from the roads driven"
        else:
            reason[i] = f"its frame is on no segment: {driven.reason[frame[i]]}"
    return Places(segment, offset, from_line, reason)


def lane_position(left_m: Floats) -> NDArray[np.object_]:
    """Tell where across the lane defects lie: their middle, metres left of the path driven (n,); '' for nan.

    The car is taken to drive in the middle of a lane of 3.5 m, on the right of the road. The wheel paths, which
    distress surveys tell from the rest (LTPP Distress Identification Manual, FHWA-HRT-13-092), are taken 0.75 m wide
    with their middle 0.875 m from that of the lane: wheels 1.5 to 1.8 m apart run inside them. What is outside the
    lane, on either side, is 'other lane'.
    """
    inner, outer = WHEEL_PATH_M - HALF_WHEEL_PATH_M, WHEEL_PATH_M + HALF_WHEEL_PATH_M
    bounds = [-HALF_LANE_M, -outer, -inner, inner, outer, HALF_LANE_M]
    names = [
        *("other lane", "edge", "right wheel path", "between the wheel paths", "left wheel path", "centre"),
        *("other lane", ""),
    ]
    position = np.searchsorted(bounds, left_m, side="right")
    return np.array(names, dtype=object)[np.where(np.isnan(left_m), len(names) - 1, position)]


@dataclass(frozen=True, eq=False)
class _Lists:
    """A list of segments for each context: `segment[start[i]:start[i + 1]]`."""

    start: Ints
    segment: Ints

    @staticmethod
    def of(owner: Ints, segment: Ints, n: int) -> "_Lists":
        """Collect pairs in any order, each once."""
        most = int(segment.max(initial=0)) + 1
        pairs = np.sort(owner * most + segment)
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        return _Lists(np.searchsorted(pairs, np.arange(n + 1) * most), pairs % most)

    def some(self, rows: Ints) -> "_Lists":
        """Keep the lists of these contexts."""
        row, at = self.each(rows)
        return _Lists(np.searchsorted(row, np.arange(len(rows) + 1)), self.segment[at])

    def each(self, rows: Ints) -> tuple[Ints, Ints]:
        """Lay out the lists of these rows one after the other: position in `rows`, and place in `segment`."""
        count = self.start[rows + 1] - self.start[rows]
        row = np.repeat(np.arange(len(rows)), count)
        return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count - self.start[rows], count)


def _around(driven: Driven) -> tuple[Ints, Ints]:
    """Find the spans driven within reach of each frame, as first and one past the last; none where these are equal.

    A frame that is on no segment has its reach from the frames before and after it that are.
    """
    path, chainage, order = driven.path, driven.chainage_m, driven.order
    on = np.isfinite(chainage[order])
    place = np.arange(len(order))
    before = np.maximum.accumulate(np.where(on, place, -1))
    after = np.minimum.accumulate(np.where(on, place, len(order))[::-1])[::-1]
    low, high = np.full(len(order), np.nan), np.full(len(order), np.nan)
    for near, known in ((before, before >= 0), (after, after < len(order))):
        rows, near = order[known], order[near[known]]
        left = REACH_M - np.hypot(*(driven.points[rows] - driven.points[near]).T)
        rows, near, left = rows[left >= 0], near[left >= 0], left[left >= 0]
        low[rows] = np.fmin(low[rows], chainage[near] - left)
        high[rows] = np.fmax(high[rows], chainage[near] + left)
    first = np.searchsorted(path.end_m, low)
    return first, np.maximum(np.searchsorted(path.begin_m, high, side="right"), first)


def _driven_near(segment: Ints, first: Ints, last: Ints) -> _Lists:
    """List the segments of the spans of each context."""
    count = last - first
    owner = np.repeat(np.arange(len(first)), count)
    span = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - first, count)
    return _Lists.of(owner, segment[span], len(first))


def _beside(topology: Topology, on: _Lists) -> _Lists:
    """List the segments that join those of each context."""
    wanted, row = np.unique(on.segment, return_inverse=True)
    is_wanted = np.zeros(int(topology.piece_segment.max()) + 1, bool)
    is_wanted[wanted] = True
    piece = np.flatnonzero(is_wanted[topology.piece_segment])
    at, other = _joined_pieces(topology, piece)
    source = np.searchsorted(wanted, topology.piece_segment[piece[at]])
    joins = _Lists.of(source, topology.piece_segment[other], len(wanted))
    owner = np.repeat(np.arange(len(on.start) - 1), np.diff(on.start))
    at, place = joins.each(row)
    return _Lists.of(owner[at], joins.segment[place], len(on.start) - 1)


def _joined_pieces(topology: Topology, piece: Ints) -> tuple[Ints, Ints]:
    """Find the pieces that join these at either end: position in `piece`, and the piece there."""
    position, other = [], []
    edge = topology.piece_edge[piece]
    for arc, end, step in (
        (2 * edge, topology.edge_first_piece[edge + 1] - 1, 1),
        (2 * edge + 1, topology.edge_first_piece[edge], -1),
    ):
        inside = np.flatnonzero(piece != end)
        position.append(inside)
        other.append(piece[inside] + step)
        at_end = np.flatnonzero(piece == end)
        row, place = _Lists(topology.follow_start, topology.follow).each(arc[at_end])
        follower = topology.follow[place]
        begins = topology.edge_first_piece[follower >> 1]
        ends = topology.edge_first_piece[(follower >> 1) + 1] - 1
        position.append(at_end[row])
        other.append(np.where(follower % 2 == 0, begins, ends))
    return np.concatenate(position), np.concatenate(other)


def _place(network: Network, on: _Lists, xy: Floats, context: Ints) -> tuple[Ints, Floats, Floats]:
    """Find segment, offset and signed distance of each defect; -1 and nan for none. `on`: driven in each context."""
    lines = network.segments.geometry.to_numpy()
    points = shapely.points(xy)
    segment, distance = _nearest(lines, xy, points, context, on)
    # On the surface of a driven segment the matter is settled; all others may lie in a side street.
    rest = np.flatnonzero(distance > HALF_ROAD_M)
    asked, again = np.unique(context[rest], return_inverse=True)
    beside, away = _nearest(lines, xy[rest], points[rest], again, _beside(network.topology, on.some(asked)))
    nearer = away < distance[rest]
    segment[rest[nearer]], distance[rest[nearer]] = beside[nearer], away[nearer]
    placed = np.flatnonzero(segment >= 0)
    offset, from_line = np.full(len(xy), np.nan), np.full(len(xy), np.nan)
    mine = lines[segment[placed]]
    offset[placed] = shapely.line_locate_point(mine, points[placed])
    from_line[placed] = signed_left(mine, offset[placed], xy[placed]) * distance[placed]
    return segment, offset, from_line


def _nearest(
    lines: Lines, xy: Floats, points: NDArray[np.object_], context: Ints, candidates: _Lists
) -> tuple[Ints, Floats]:
    """Find the nearest candidate of each point's context within OFF_ROAD_M, and its distance; -1 and inf for none."""
    segment, least = np.full(len(xy), -1), np.full(len(xy), np.inf)
    row, place = candidates.each(context)
    box = shapely.bounds(lines[candidates.segment])[place]
    near = ((xy[row] >= box[:, :2] - OFF_ROAD_M) & (xy[row] <= box[:, 2:] + OFF_ROAD_M)).all(axis=1)
    row, place = row[near], place[near]
    distance = shapely.distance(lines[candidates.segment[place]], points[row])
    order = np.lexsort((distance, row))
    first = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
    first = first[distance[first] <= OFF_ROAD_M]
    segment[row[first]], least[row[first]] = candidates.segment[place[first]], distance[first]
    return segment, least


def signed_left(lines: Lines, offset: Floats, points: Floats) -> Floats:
    """+1 where the point lies left of the line's direction at the offset, -1 where right."""
    ahead = direction(lines, offset)
    aside = points - shapely.get_coordinates(shapely.line_interpolate_point(lines, offset))
    return np.where(ahead[:, 0] * aside[:, 1] - ahead[:, 1] * aside[:, 0] >= 0, 1.0, -1.0)
