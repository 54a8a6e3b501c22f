"""The driven path as road coordinates: s metres along it, t metres to its left.

In these coordinates damage stays where it is from frame to frame, a crack that follows a bend stays straight, and the
slow drift of a GPS receiver drops out because path and damage drift together.
"""

from collections.abc import Sequence

import numpy as np
import pyproj

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
        self._ahead: Floats = np.stack([np.sin(heading), np.cos(heading)], axis=-1)
        self._knots = self._polyline()
        self._steps = np.diff(self._knots, axis=0)
        self._lengths = np.hypot(*self._steps.T)
        self._tangents = self._steps / self._lengths[:, None]
        self._s = np.concatenate([[0.0], np.cumsum(self._lengths)]) - RUN_OUT_M[0]
        self.s: Floats = self._stations()  # (n,) where each pose lies along the path

    def road(self, pose: int, ground: Floats, reach_m: float) -> Floats:
        """(n, 2) ahead, left in the vehicle frame of pose number `pose` -> (n, 2) s, t. Points lie within `reach_m`."""
        ahead = self._ahead[pose]
        left = np.array([-ahead[1], ahead[0]])
        points: Floats = self._xy[pose] + ground @ np.array([ahead, left])
        return self._feet(points, self.s[pose] - BEFORE_M, self.s[pose] + reach_m + AFTER_M)

    def vehicle(self, pose: int, road: Floats) -> Floats:
        """(n, 2) s, t -> (n, 2) ahead, left in the vehicle frame of pose number `pose`; the inverse of `road`."""
        offset = self._plane(road) - self._xy[pose]
        ahead = self._ahead[pose]
        seen: Floats = offset @ np.array([[ahead[0], -ahead[1]], [ahead[1], ahead[0]]])
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
        (x, y), (ahead_x, ahead_y) = self._knots[k].T, self._tangents[k].T
        return np.array([x + along * ahead_x - t * ahead_y, y + along * ahead_y + t * ahead_x]).T

    def _polyline(self) -> Floats:
        kept = [0]
        for i in range(1, len(self._xy)):
            if np.hypot(*(self._xy[i] - self._xy[kept[-1]])) >= STEP_M:
                kept.append(i)
        knots = self._xy[kept]
        before = knots[:1] - RUN_OUT_M[0] * self._ahead[kept[:1]]
        beyond = knots[-1:] + RUN_OUT_M[1] * self._ahead[kept[-1:]]
        return np.concatenate([before, knots, beyond])

    def _stations(self) -> Floats:
        stations = np.empty(len(self._xy))
        last = 0.0
        for i, point in enumerate(self._xy):
            # The next pose is searched around the last one, so that a path that crosses itself is not cut short.
            step = float(np.hypot(*(point - self._xy[i - 1]))) if i else 0.0
            last = self._feet(point[None], last - STEP_M - 1e-6, last + step + STEP_M)[0, 0]
            stations[i] = last
        return stations

    def _feet(self, points: Floats, from_s: float, to_s: float) -> Floats:
        """(n, 2) x, y -> (n, 2) s, t of the nearest point of the path between two stations."""
        first = int(self._s[1:-1].searchsorted(from_s, side="right"))
        last = max(int(self._s[:-1].searchsorted(to_s)), first + 1)
        lengths = self._lengths[first:last]
        (ahead_x, ahead_y), (knot_x, knot_y) = self._tangents[first:last].T, self._knots[first:last].T
        x, y = points[:, :1] - knot_x, points[:, 1:] - knot_y
        beyond = x * ahead_x + y * ahead_y
        along = np.minimum(np.maximum(beyond, 0.0), lengths)
        beyond -= along
        across = y * ahead_x - x * ahead_y
        square = across * across + beyond * beyond
        row, nearest = np.arange(len(points)), square.argmin(axis=1)
        distance = np.sqrt(square[row, nearest])
        t = np.where(across[row, nearest] < 0, -distance, distance)
        return np.array([self._s[first + nearest] + along[row, nearest], t]).T
