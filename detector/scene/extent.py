"""The stretch of road that a damage covers, with doubtful edges, in road coordinates (s along the path, t to its left).

An edge that the view cuts off only says that the damage reaches at least so far.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

PARTS, PARTS_M = 1.5, 1.0  # times the size of the looks and more, what they enclose was shown in parts
SLACK_M = 0.1
Rectangle = tuple[float, float, float, float]  # s from, s to, t from, t to


class Edge(NamedTuple):
    """One end of a damage in road coordinates."""

    at: float
    var: float
    cut: bool  # by the edge of the view: the damage goes on beyond it

    def joined(self, new: "Edge", outward: int) -> "Edge":
        """Add one more look at the edge. `outward` is the sign of the direction that leaves the damage."""
        excess = (new.at - self.at) * outward
        doubt = 2 * math.sqrt(self.var + new.var)
        if self.cut and new.cut:
            return new if excess > 0 else self
        if new.cut or excess > doubt:  # damage longer than known so far
            return new if excess > doubt else self
        if excess < -doubt:  # the look showed a part of the damage
            return self
        if self.cut:
            return new
        weight = self.var / (self.var + new.var)
        return Edge(self.at + weight * (new.at - self.at), self.var * new.var / (self.var + new.var), False)


OUTWARD = (-1, 1, -1, 1)  # near, far, right, left


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle in road coordinates with doubtful edges: near, far (along), right, left (across)."""

    edges: tuple[Edge, Edge, Edge, Edge]
    rectangle: Rectangle = field(init=False)  # from and to, along and across, m; edges that doubt has crossed in order

    def __post_init__(self) -> None:
        a, b, c, d = (e.at for e in self.edges)
        ordered = (*((a, b) if a < b else (b, a)), *((c, d) if c < d else (d, c)))
        object.__setattr__(self, "rectangle", ordered)

    def joined(self, new: "Extent") -> "Extent":
        """Add one more look."""
        near, far, right, left = (a.joined(b, o) for a, b, o in zip(self.edges, new.edges, OUTWARD, strict=True))
        return Extent((near, far, right, left))

    @property
    def middle(self) -> tuple[float, float]:
        """Of the rectangle: s, t."""
        s0, s1, t0, t1 = self.rectangle
        return (s0 + s1) / 2, (t0 + t1) / 2

    @property
    def doubt_m(self) -> float:
        """1 sigma of its surer end along the road."""
        return math.sqrt(min(self.edges[0].var, self.edges[1].var))

    def distance(self, other: "Extent") -> float:
        """Return the squared distance of the middles in sigmas."""
        (s, t), (a, b) = self.middle, other.middle
        var = [min(e.var for e in x.edges[i : i + 2]) for i in (0, 2) for x in (self, other)]
        return (s - a) ** 2 / (var[0] + var[1]) + (t - b) ** 2 / (var[2] + var[3])


def settled(whole: Extent, seen: Sequence[Extent], is_long: bool = True) -> Rectangle:
    """Return the rectangle of a damage after all looks: its middle by all of them, its size by those that saw its ends.

    Edges of different looks are shifted against each other by the poses' errors, which stretches what they enclose; the
    two ends in one look are not. Damage much longer than any look at it was shown in parts, and keeps what they span;
    unless it is of a kind that never `is_long` along the road: then one of the looks was at something else, and it
    lies where the surest look saw it.
    """
    rectangle = whole.rectangle
    sides: list[float] = []
    for first in (0, 2):
        low, high = rectangle[first : first + 2]
        ends = [e.edges[first : first + 2] for e in seen]
        whole_ends = [(a, b, 1 / (a.var + b.var)) for a, b in ends if not a.cut and not b.cut]
        if whole_ends:
            total = sum(weight for _, _, weight in whole_ends)
            size = max(sum((b.at - a.at) * weight for a, b, weight in whole_ends) / total, 0.0)
            stretched = high - low >= PARTS * size + PARTS_M
            if stretched and first == 0 and not is_long:
                near, far, _ = max(whole_ends, key=lambda e: e[2])
                low, high = near.at, far.at
            elif not stretched:
                middle = (low + high) / 2
                low, high = middle - size / 2, middle + size / 2
        sides += [low, high]
    return sides[0], sides[1], sides[2], sides[3]


def apart(a: Extent, b: Extent, first: int, long_m: float) -> tuple[float, float]:
    """Return the points of a and b to compare: their middles, or the nearest points where one is long or cut."""
    a0, a1 = a.rectangle[first : first + 2]
    b0, b1 = b.rectangle[first : first + 2]
    cut = a.edges[first].cut or a.edges[first + 1].cut or b.edges[first].cut or b.edges[first + 1].cut
    if not cut and a1 - a0 <= long_m and b1 - b0 <= long_m:
        return (a0 + a1) / 2, (b0 + b1) / 2
    if a1 < b0:
        return a1, b0
    if b1 < a0:
        return a0, b1
    inside = max(a0, b0)
    return inside, inside


def shared(a: Rectangle, b: Rectangle, doubt_m: float = 0.0) -> float:
    """Return the part of the smaller rectangle that lies in the other one, which may be moved so far along the road.

    Thin cracks are given some width.
    """
    s = min(min(a[1], b[1]) - max(a[0], b[0]) + doubt_m, a[1] - a[0], b[1] - b[0]) + 2 * SLACK_M
    t = min(a[3], b[3]) - max(a[2], b[2]) + 2 * SLACK_M
    if s <= 0 or t <= 0:
        return 0.0
    return s * t / min((r[1] - r[0] + 2 * SLACK_M) * (r[3] - r[2] + 2 * SLACK_M) for r in (a, b))
