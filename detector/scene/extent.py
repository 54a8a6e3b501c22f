"""The stretch of road that a damage covers, with doubtful edges, in road coordinates (s along the path, t to its left).

An edge that the view cuts off only says that the damage reaches at least so far.
"""

import math
from dataclasses import dataclass

Rectangle = tuple[float, float, float, float]  # s from, s to, t from, t to


@dataclass(frozen=True, slots=True)
class Edge:
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

    def joined(self, new: "Extent") -> "Extent":
        """Add one more look."""
        near, far, right, left = (a.joined(b, o) for a, b, o in zip(self.edges, new.edges, OUTWARD, strict=True))
        return Extent((near, far, right, left))

    @property
    def rectangle(self) -> Rectangle:
        """From and to, along and across, in metres; edges that doubt has crossed are put in order."""
        a, b, c, d = (e.at for e in self.edges)
        return min(a, b), max(a, b), min(c, d), max(c, d)

    @property
    def middle(self) -> tuple[float, float]:
        """Of the rectangle: s, t."""
        s0, s1, t0, t1 = self.rectangle
        return (s0 + s1) / 2, (t0 + t1) / 2

    def distance(self, other: "Extent") -> float:
        """Return the squared distance of the middles in sigmas."""
        (s, t), (a, b) = self.middle, other.middle
        var = [min(e.var for e in x.edges[i : i + 2]) for i in (0, 2) for x in (self, other)]
        return (s - a) ** 2 / (var[0] + var[1]) + (t - b) ** 2 / (var[2] + var[3])


def apart(a: Extent, b: Extent, first: int, long_m: float) -> tuple[float, float]:
    """Return the points of a and b to compare: their middles, or the nearest points where one is long or cut."""
    a0, a1 = a.rectangle[first : first + 2]
    b0, b1 = b.rectangle[first : first + 2]
    cut = any(e.cut for e in a.edges[first : first + 2] + b.edges[first : first + 2])
    if not cut and a1 - a0 <= long_m and b1 - b0 <= long_m:
        return (a0 + a1) / 2, (b0 + b1) / 2
    if a1 < b0:
        return a1, b0
    if b1 < a0:
        return a0, b1
    inside = max(a0, b0)
    return inside, inside


def shared(a: Rectangle, b: Rectangle, slack_m: float = 0.1) -> float:
    """Return the part of the smaller rectangle that lies in the other one. Thin cracks are given some width."""
    s = min(a[1], b[1]) - max(a[0], b[0]) + 2 * slack_m
    t = min(a[3], b[3]) - max(a[2], b[2]) + 2 * slack_m
    if s <= 0 or t <= 0:
        return 0.0
    return s * t / min((r[1] - r[0] + 2 * slack_m) * (r[3] - r[2] + 2 * slack_m) for r in (a, b))
