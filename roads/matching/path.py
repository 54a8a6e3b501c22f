"""From the states chosen to the path driven, and from the path to a place for every pose."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.types import Bools, Floats, Ints
from roads.matching.routes import RouteSearch
from roads.matching.values import Span
from roads.topology import Topology

SAME_M = 0.01  # a piece this little nearer is no better


@dataclass(frozen=True, eq=False)
class Path:
    """Legs in the order driven: a stretch of one arc each. Chainage runs on over the legs."""

    arc: Ints
    from_m: Floats  # offsets along the arc, from_m <= to_m
    to_m: Floats
    anchor_leg: Ints  # on which leg each anchor lies
    anchor_m: Floats  # chainage of each anchor

    @property
    def chainage_m(self) -> Floats:
        """Where each leg begins; one more for the end."""
        return np.concatenate([[0.0], np.cumsum(self.to_m - self.from_m)])


def trace(search: RouteSearch, first: int, arc: Ints, offset: Floats, cost: Floats) -> Path:
    """The legs of one unbroken chain of n states, from anchor `first` on; `cost` (n - 1,) of the steps between them."""
    length = search.length_m
    legs: list[list[float]] = [[int(arc[0]), offset[0], offset[0]]]
    leg_of = [0]
    at = [offset[0]]  # where each anchor lies on its leg: not before the one before it
    for t in range(1, len(arc)):
        last, here = int(arc[t - 1]), int(arc[t])
        if here == last and (cost[t - 1] <= 0 or offset[t] >= offset[t - 1]):
            legs[-1][2] = max(legs[-1][2], offset[t])
            at.append(legs[-1][2])
            leg_of.append(len(legs) - 1)
            continue
        mirrored = length[here] - offset[t]  # the place of the new state, along the old arc
        if here == last ^ 1 and _turns_between(search, last, legs[-1][2], offset[t]):
            legs[-1][2] = max(legs[-1][2], mirrored)
            legs.append([here, length[here] - legs[-1][2], offset[t]])
        else:
            chain = search.path(first + t - 1, last, here)
            legs[-1][2] = length[last]
            legs.extend([a, 0.0, length[a]] for a in chain[1:-1])
            legs.append([here, 0.0, offset[t]])
        at.append(offset[t])
        leg_of.append(len(legs) - 1)
    table = np.array(legs)
    leg = np.array(leg_of)
    path = Path(table[:, 0].astype(np.int64), table[:, 1], table[:, 2], leg, np.zeros(len(leg)))
    anchor = path.chainage_m[leg] + np.array(at) - path.from_m[leg]
    return Path(path.arc, path.from_m, path.to_m, leg, anchor)


def _turns_between(search: RouteSearch, arc: int, offset: float, offset_back: float) -> bool:
    """Whether turning back on the road is cheaper than at its end."""
    rate, back_rate = search.rate[arc], search.rate[arc ^ 1]
    remaining = (search.length_m[arc] - offset) * rate
    between = abs(remaining - offset_back * back_rate) + search.options.uturn_m
    return bool(between <= remaining + search.turn_back_m[arc] + offset_back * back_rate)


def spans_of(topology: Topology, path: Path) -> list[Span]:
    """The path in terms of segments. Stretches under a millimetre, as at an end that is only touched, are left out."""
    edge, along = path.arc >> 1, path.arc % 2 == 0
    length = topology.edge_length_m[edge]
    low = np.where(along, path.from_m, length - path.to_m)
    high = np.where(along, path.to_m, length - path.from_m)
    first, last = topology.pieces_at(edge, low), topology.pieces_at(edge, high)
    count = last - first + 1
    leg = np.repeat(np.arange(len(edge)), count)
    nth = np.arange(len(leg)) - np.repeat(np.cumsum(count) - count, count)
    piece = np.where(along[leg], first[leg] + nth, last[leg] - nth)
    ends = np.column_stack([topology.on_segment(piece, low[leg]), topology.on_segment(piece, high[leg])])
    ends.sort(axis=1)
    forward = topology.piece_along[piece] == along[leg]
    spans: list[Span] = []
    rows = np.flatnonzero(ends[:, 1] - ends[:, 0] >= 1e-3)
    segment = topology.piece_segment[piece[rows]].tolist()
    for values in zip(segment, ends[rows, 0].tolist(), ends[rows, 1].tolist(), forward[rows].tolist(), strict=True):
        span = Span(*values)
        if not (spans and _extend(spans, span)):
            spans.append(span)
    return spans


def _extend(spans: list[Span], span: Span) -> bool:
    """Lengthen the last span if the new one continues it on the same segment."""
    last = spans[-1]
    if (last.segment, last.forward) != (span.segment, span.forward):
        return False
    if span.forward and abs(last.to_m - span.from_m) < 1e-3:
        spans[-1] = Span(last.segment, last.from_m, span.to_m, True)
        return True
    if not span.forward and abs(last.from_m - span.to_m) < 1e-3:
        spans[-1] = Span(last.segment, span.from_m, last.to_m, False)
        return True
    return False


def place(
    topology: Topology, path: Path, chainage_m: Floats, slack_m: Floats, points: Floats
) -> tuple[Ints, Floats, Floats, Bools]:
    """Segment, offset, distance and direction of poses that lie at these chainages of the path, give or take a slack.

    The chainage tells which stretch of road; the pose itself tells where on it, and near a corner on which side of it.
    """
    geometry = shapely.points(points)
    best = _placed(topology, path, chainage_m, geometry)
    unsure = np.flatnonzero(slack_m > 0)
    for side in (-1.0, 1.0):
        other = _placed(topology, path, chainage_m[unsure] + side * slack_m[unsure], geometry[unsure])
        nearer = other[2] < best[2][unsure] - SAME_M
        for column, values in zip(best, other, strict=True):
            column[unsure[nearer]] = values[nearer]
    return best


def _placed(
    topology: Topology, path: Path, chainage_m: Floats, geometry: NDArray[np.object_]
) -> tuple[Ints, Floats, Floats, Bools]:
    """The same on just the piece of road at each chainage."""
    begin = path.chainage_m
    leg = np.clip(np.searchsorted(begin, chainage_m, side="right") - 1, 0, len(path.arc) - 1)
    arc = path.arc[leg]
    edge, along = arc >> 1, arc % 2 == 0
    offset = np.clip(path.from_m[leg] + chainage_m - begin[leg], path.from_m[leg], path.to_m[leg])
    offset = np.where(along, offset, topology.edge_length_m[edge] - offset)
    piece = topology.pieces_at(edge, offset)
    line = topology.piece_geometry[piece]
    inside = shapely.line_locate_point(line, geometry)
    return (
        topology.piece_segment[piece],
        topology.piece_from_m[piece] + inside,
        shapely.distance(line, geometry),
        topology.piece_along[piece] == along,
    )
