"""The axis of a street: straights and circular arcs that follow each other smoothly, in one metric plane.

Road coordinates are s, metres along the axis, and t, metres to its left. Both directions of the conversion are in
closed form, so that what is drawn on the street and what is measured on it agree to rounding.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.types import Floats

STRAIGHT = 1e-12  # curvature below which a kilometre of arc strays less than a micrometre


@dataclass(frozen=True, slots=True)
class Arc:
    """A stretch of constant curvature from station `s`, starting at x, y in a direction."""

    s: float
    length: float
    x: float
    y: float
    direction: float  # radians, anticlockwise from the x axis
    curvature: float  # 1/m, positive bends to the left


@dataclass(frozen=True, slots=True)
class Axis:
    """Arcs end to end. Before the first and beyond the last, those go on with their curvature."""

    arcs: tuple[Arc, ...]

    @property
    def length(self) -> float:
        """Metres from the start of the first arc to the end of the last."""
        return self.arcs[-1].s + self.arcs[-1].length

    def direction(self, s: Floats) -> Floats:
        """(n,) stations -> (n,) directions of the axis in radians, anticlockwise from the x axis."""
        start, _, _, _, direction, curvature = self._arcs_at(s)
        return direction + curvature * (np.asarray(s, dtype=np.float64) - start)

    def place(self, road: Floats) -> Floats:
        """(n, 2) s, t -> (n, 2) x, y in the plane."""
        s, t = np.asarray(road, dtype=np.float64).T
        start, _, x, y, direction, curvature = self._arcs_at(s)
        along = s - start
        # The chord of an arc: its length is along * sinc(half the turn), its direction lies half the turn further.
        half = curvature * along / 2
        chord = along * np.sinc(half / np.pi)
        end = direction + 2 * half
        return np.column_stack(
            [
                x + chord * np.cos(direction + half) - t * np.sin(end),
                y + chord * np.sin(direction + half) + t * np.cos(end),
            ]
        )

    def locate(self, plane: Floats, from_s: float = -math.inf, to_s: float = math.inf) -> Floats:
        """(n, 2) x, y -> (n, 2) s, t of the nearest foot on the arcs that reach into `from_s`..`to_s`."""
        points = np.asarray(plane, dtype=np.float64)
        road = np.full_like(points, np.nan)
        nearest = np.full(len(points), np.inf)
        first, last = self.arcs[0], self.arcs[-1]
        for arc in self.arcs:
            lowest = -math.inf if arc is first else arc.s
            highest = math.inf if arc is last else arc.s + arc.length
            if highest < from_s or lowest > to_s:
                continue
            s, t = _foot(arc, points)
            better = (s >= lowest) & (s <= highest) & (np.abs(t) < nearest)
            road[better, 0], road[better, 1] = s[better], t[better]
            nearest[better] = np.abs(t[better])
        return road

    def _arcs_at(self, s: Floats) -> tuple[Floats, ...]:
        starts = np.array([arc.s for arc in self.arcs])
        index = np.clip(np.searchsorted(starts, s, side="right") - 1, 0, len(self.arcs) - 1)
        fields = np.array([(a.s, a.length, a.x, a.y, a.direction, a.curvature) for a in self.arcs])
        return tuple(fields[index].T)


def make_axis(stretches: Sequence[tuple[float, float]], x: float = 0.0, y: float = 0.0, direction: float = 0.0) -> Axis:
    """Lay stretches of (length in m, curvature in 1/m) end to end."""
    arcs: list[Arc] = []
    s = 0.0
    for length, curvature in stretches:
        arcs.append(Arc(s, length, x, y, direction, curvature))
        s += length
        (x, y), direction = Axis(tuple(arcs)).place(np.array([[s, 0.0]]))[0], direction + curvature * length
    return Axis(tuple(arcs))


def _foot(arc: Arc, points: Floats) -> tuple[Floats, Floats]:
    dx, dy = (points - (arc.x, arc.y)).T
    cos, sin = math.cos(arc.direction), math.sin(arc.direction)
    ahead, left = dx * cos + dy * sin, dy * cos - dx * sin
    if abs(arc.curvature) < STRAIGHT:
        return arc.s + ahead, left
    # In units of the radius, seen from the arc's centre.
    across, down = arc.curvature * ahead, 1 - arc.curvature * left
    # (1 - hypot) / curvature, written so that nothing cancels in wide bends.
    offset = (2 * left - arc.curvature * (ahead**2 + left**2)) / (1 + np.hypot(across, down))
    return arc.s + np.arctan2(across, down) / arc.curvature, offset
