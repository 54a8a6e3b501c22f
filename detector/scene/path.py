"""The driven path as road coordinates: s metres along it, t metres to its left.

In these coordinates damage stays where it is from frame to frame, a crack that follows a bend stays straight, and the
slow drift of a GPS receiver drops out because path and damage drift together.
"""

import math
from collections.abc import Sequence

import numpy as np
import pyproj
from numpy.typing import NDArray

from detector.types import Floats, Pose

STEP_M = 0.5  # poses closer together are one point of the path: a standing car does not wander
RUN_OUT_M = (20.0, 60.0)  # straight on, before the first and beyond the last pose
BEFORE_M, AFTER_M = 10.0, 20.0  # around the view in which a point's foot on the path is looked for


class Path:
    """The polyline through the poses of one drive, in metres (azimuthal equidistant around its middle)."""

    def __init__(self, poses: Sequence[Pose]) -> None:
        lon = np.array([p.lon for p in poses])
        lat = np.array([p.lat for p in poses])
        centre = f"+lon_0={np.median(lon):.6f} +lat_0={np.median(lat):.6f}"
        self._proj = pyproj.Proj(f"+proj=aeqd {centre} +ellps=WGS84 +units=m")
        x, y = self._proj(lon, lat)
        self._xy: Floats = np.stack([x, y], axis=-1)
        grid = self._proj.get_factors(lon, lat).meridian_convergence
        heading = np.radians(np.array([p.heading_deg for p in poses]) - grid)
        ahead = np.stack([np.sin(heading), np.cos(heading)], axis=-1)
        self._axes: Floats = np.stack([ahead, _left_of(ahead)], axis=1)  # (n, 2, 2) ahead and left of each pose
        kept = self._kept()
        before = self._xy[:1] - RUN_OUT_M[0] * ahead[:1]
        beyond = self._xy[kept[-1:]] + RUN_OUT_M[1] * ahead[kept[-1:]]
        self._knots = np.concatenate([before, self._xy[kept], beyond])
        steps = np.diff(self._knots, axis=0)
        self._lengths = np.hypot(*steps.T)
        self._tangents = steps / self._lengths[:, None]
        self._normals = _left_of(self._tangents)
        # Where each piece of the path begins, along itself and to its left: that of points less this is from there.
        self._origin_along = np.einsum("ij,ij->i", self._knots[:-1], self._tangents)
        self._origin_left = np.einsum("ij,ij->i", self._knots[:-1], self._normals)
        self._s = np.concatenate([[0.0], np.cumsum(self._lengths)]) - RUN_OUT_M[0]
        self.s: Floats = self._stations(kept)  # (n,) where each pose lies along the path

    def road(self, pose: int, ground: Floats, reach_m: float) -> Floats:
        """(n, 2) ahead, left in the vehicle frame of pose number `pose` -> (n, 2) s, t. Points lie within `reach_m`."""
        points: Floats = self._xy[pose] + ground @ self._axes[pose]
        return self._feet(points, self.s[pose] - BEFORE_M, self.s[pose] + reach_m + AFTER_M)

    def vehicle(self, pose: int | NDArray[np.intp], road: Floats) -> Floats:
        """(n, 2) s, t -> (n, 2) ahead, left in the vehicle frame of pose number `pose`; the inverse of `road`.

        One pose for all, or (n,).
        """
        offset = self._plane(road) - self._xy[pose]
        seen: Floats = (self._axes[pose] @ offset[..., None])[..., 0]
        return seen

    def place(self, s: float, t: float) -> tuple[float, float]:
        """Longitude and latitude of the point t metres left of the path at s."""
        x, y = self._plane(np.array([[s, t]]))[0]
        lon, lat = self._proj(x, y, inverse=True)
        return float(lon), float(lat)

    def _plane(self, road: Floats) -> Floats:
        s, t = road.T
        k = self._s[1:-1].searchsorted(s, side="right")
        along = s - self._s[k]
        plane: Floats = self._knots[k] + along[:, None] * self._tangents[k] + t[:, None] * self._normals[k]
        return plane

    def _kept(self) -> list[int]:
        """The poses that the path goes through."""
        places = self._xy.tolist()
        kept = [0]
        for i, place in enumerate(places):
            if math.dist(place, places[kept[-1]]) >= STEP_M:
                kept.append(i)
        return kept

    def _stations(self, kept: Sequence[int]) -> Floats:
        stations = np.full(len(self._xy), np.nan)
        stations[kept] = self._s[1:-1]
        for i in np.flatnonzero(np.isnan(stations)):
            # Such a pose is searched around the one before, so that a path that crosses itself is not cut short.
            step, last = math.dist(self._xy[i], self._xy[i - 1]), stations[i - 1]
            stations[i] = self._feet(self._xy[i : i + 1], last - STEP_M - 1e-6, last + step + STEP_M)[0, 0]
        return stations

    def _feet(self, points: Floats, from_s: float, to_s: float) -> Floats:
        """(n, 2) x, y -> (n, 2) s, t of the nearest point of the path between two stations."""
        first = int(self._s[1:-1].searchsorted(from_s, side="right"))
        last = max(int(self._s[:-1].searchsorted(to_s)), first + 1)
        ahead = points @ self._tangents[first:last].T - self._origin_along[first:last]
        across = points @ self._normals[first:last].T - self._origin_left[first:last]
        along = np.minimum(np.maximum(ahead, 0.0), self._lengths[first:last])
        beyond = ahead - along
        square = across * across + beyond * beyond
        row, nearest = np.arange(len(points)), square.argmin(axis=1)
        t = np.copysign(np.sqrt(square[row, nearest]), across[row, nearest])
        return np.array([self._s[first + nearest] + along[row, nearest], t]).T


def _left_of(directions: Floats) -> Floats:
    """(n, 2) turned to the left by a right angle."""
    return np.array([-directions[:, 1], directions[:, 0]]).T
