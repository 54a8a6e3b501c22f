"""A drive as a smooth line in time: where the vehicle was, which way it faced and how sure that is, at any moment."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer

from detector.footage.smoothing import ACCELERATION, GAP_S, SmoothPath, plausible, smooth
from detector.types import Fix, Floats, Pose

SIGMA_M = 2.7  # of a fix, per axis, where the receiver says nothing
SIGMA_PER_HDOP_M = 3.0
STANDING_MPS = 1.0  # net speed over the window below; the wander of a receiver at rest stays under it
STANDING_WINDOW_S = 6.0
DUTCH_BOUNDS = (3.2, 50.75, 7.22, 53.7)  # EPSG:28992 area of use, degrees


def metric_crs(lon: float, lat: float) -> CRS:
    """The CRS in metres for work around a place: EPSG:28992 in the Netherlands, else the UTM zone."""
    west, south, east, north = DUTCH_BOUNDS
    if west <= lon <= east and south <= lat <= north:
        return CRS.from_epsg(28992)
    zone = int((lon + 180) // 6) % 60 + 1
    return CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


class Trajectory:
    """The smoothed drive behind a sequence of fixes.

    Fixes must be in order of time without two at one time, as `read_track` gives them. One fix makes a trajectory of
    no length. Within a gap (more than 10 s without an accepted fix) the path is the straight chord and its sigma grows
    towards the middle.

    `crs` is the metric CRS, `start_s` and `end_s` the first and last accepted fix (POSIX UTC, or media time for a track
    without a clock), `distance_m` the length driven, `rejected` the number of fixes refused as outliers, `gaps` the
    (start, end) times without fixes.
    """

    def __init__(self, fixes: Sequence[Fix]) -> None:
        if not fixes:
            raise ValueError("a trajectory needs at least one fix")
        times = np.array([f.time_s for f in fixes])
        if np.any(np.diff(times) <= 0):
            raise ValueError("the fixes are not in strict order of time")
        lon, lat = np.array([f.lon for f in fixes]), np.array([f.lat for f in fixes])
        self.crs = metric_crs(float(np.median(lon)), float(np.median(lat)))
        self._proj = Proj(self.crs)
        forwards = Transformer.from_crs(4326, self.crs, always_xy=True)
        self._to_degrees = Transformer.from_crs(self.crs, 4326, always_xy=True)
        places = np.column_stack(forwards.transform(lon, lat))

        rows = np.flatnonzero(plausible(times, places))
        reachable = [fixes[row] for row in rows.tolist()]
        # Relative times keep nanoseconds: a POSIX time as float64 resolves a quarter of a microsecond.
        speeds = _believable_speeds(reachable, times[rows], places[rows])
        sigmas = np.array([_sigma(fix) for fix in reachable])
        path = smooth(times[rows] - times[0], places[rows], sigmas, self._doppler(reachable, speeds))
        self._times = times[rows[path.kept]]
        self._places = path.places
        self._variances = path.variances
        self._speed_variances = path.speed_variances
        self._velocities = _velocities(self._times, path)
        self._standing = _standing(self._times, self._places, speeds[path.kept])
        self._headings = self._held_headings(reachable[int(path.kept[0])])
        chords = np.linalg.norm(np.diff(self._places, axis=0), axis=1)
        chords[self._standing[:-1] & self._standing[1:]] = 0.0
        self._distances = np.concatenate([[0.0], np.cumsum(chords)])
        self.rejected = len(fixes) - len(self._times)
        wide = np.flatnonzero(np.diff(self._times) > GAP_S)
        self.gaps = tuple((float(self._times[i]), float(self._times[i + 1])) for i in wide)

    @property
    def start_s(self) -> float:
        """Time of the first accepted fix."""
        return float(self._times[0])

    @property
    def end_s(self) -> float:
        """Time of the last accepted fix."""
        return float(self._times[-1])

    @property
    def distance_m(self) -> float:
        """Length of the smoothed path; standing still adds nothing."""
        return float(self._distances[-1])

    def distances(self, times_s: Floats) -> Floats:
        """Metres driven since the start at each of the times (n,), which lie within the trajectory."""
        return self._interpolate(np.asarray(times_s, dtype=float))[3]

    def at(self, times_s: Floats) -> list[Pose]:
        """The poses at the times (n,), which lie within the trajectory.

        The heading is to true north, and held while the vehicle stands. Cubic Hermite interpolation between smoothed
        fixes is the mean of the motion model; the variance in between is that of its bridge. `sigma_m` is per axis.

        Raises ValueError for a time outside `start_s`..`end_s`.
        """
        times = np.asarray(times_s, dtype=float)
        places, velocities, variances, distances, headings = self._interpolate(times)
        lon, lat = self._to_degrees.transform(places[:, 0], places[:, 1])
        if len(times):
            headings = (headings + self._proj.get_factors(lon, lat).meridian_convergence) % 360.0
        speeds = np.linalg.norm(velocities, axis=1)
        places_told = (times, np.asarray(lon), np.asarray(lat), headings, speeds, np.sqrt(variances), distances)
        columns = (*places_told, *self._motion_sigmas(times, speeds))
        return [Pose(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def _motion_sigmas(self, times: Floats, speeds: Floats) -> tuple[Floats, Floats]:
        """1 sigma of the speeds (n,) in m/s and of the headings in degrees.

        A heading held while the vehicle stands is as sure as that of the slowest movement.
        """
        variances = np.interp(times, self._times, self._speed_variances)
        # Between fixes the acceleration is not known either: a bridge of the motion model's velocity.
        after = np.clip(np.searchsorted(self._times, times), 1, max(len(self._times) - 1, 1))
        if len(self._times) > 1:
            before_s, after_s = times - self._times[after - 1], self._times[after] - times
            variances = variances + ACCELERATION * before_s * after_s / np.maximum(before_s + after_s, 1e-9)
        sigma = np.sqrt(variances)
        return sigma, np.degrees(np.arctan2(sigma, np.maximum(speeds, STANDING_MPS)))

    def _interpolate(self, times: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Places (n, 2), velocities (n, 2), variances, distances and grid headings (n,)."""
        if np.any((times < self.start_s) | (times > self.end_s)):
            raise ValueError("a time lies outside the trajectory")
        if len(self._times) == 1:
            rows = np.zeros(len(times), dtype=int)
            nodes = (self._places, self._velocities, self._variances, self._distances, self._headings)
            return tuple(node[rows] for node in nodes)  # type: ignore[return-value]
        i = np.clip(np.searchsorted(self._times, times, side="right") - 1, 0, len(self._times) - 2)
        span = self._times[i + 1] - self._times[i]
        u = (times - self._times[i]) / span
        gap = span > GAP_S
        p0, p1 = self._places[i], self._places[i + 1]
        chord = p1 - p0
        places, velocities = _hermite(p0, p1, self._velocities[i], self._velocities[i + 1], span, u)
        # Over a long gap the end velocities say nothing about the middle.
        places[gap] = (p0 + u[:, None] * chord)[gap]
        velocities[gap] = (chord / span[:, None])[gap]
        bridge = ACCELERATION * (span * u * (1 - u)) ** 3 / 3
        variances = (1 - u) * self._variances[i] + u * self._variances[i + 1] + bridge
        along = np.einsum("ij,ij->i", places - p0, chord) / np.maximum(np.einsum("ij,ij->i", chord, chord), 1e-12)
        driven = self._distances[i + 1] - self._distances[i]
        distances = self._distances[i] + driven * np.clip(along, 0.0, 1.0)
        still = np.linalg.norm(velocities, axis=1) < STANDING_MPS
        still |= (self._standing[i] & self._standing[i + 1]) & ~gap
        headings = np.where(still, self._headings[i], _bearing(velocities))
        return places, velocities, variances, distances, headings

    def _doppler(self, fixes: Sequence[Fix], speeds: Floats) -> Floats:
        """The receiver's own velocities (n, 2) in m/s on the grid; nan where unknown."""
        headings = np.array([np.nan if f.heading_deg is None else f.heading_deg for f in fixes])
        headings[speeds < 0.1] = 0.0  # a receiver at rest has no course, and needs none
        convergence = self._proj.get_factors(fixes[0].lon, fixes[0].lat).meridian_convergence
        angle = np.radians(headings - convergence)
        return np.column_stack([speeds * np.sin(angle), speeds * np.cos(angle)])

    def _held_headings(self, first: Fix) -> Floats:
        """Grid heading at each fix: of its velocity, or while standing that of the last movement (or the next)."""
        moving = np.flatnonzero(~self._standing & (np.linalg.norm(self._velocities, axis=1) >= STANDING_MPS))
        if not len(moving):
            return np.full(len(self._times), first.heading_deg or 0.0)
        last = np.searchsorted(moving, np.arange(len(self._times)), side="right") - 1
        return _bearing(self._velocities[moving[np.maximum(last, 0)]])


def _sigma(fix: Fix) -> float:
    if fix.hdop is None or not math.isfinite(fix.hdop):
        return SIGMA_M
    return float(np.clip(SIGMA_PER_HDOP_M * fix.hdop, 1.5, 60.0))


def _bearing(vectors: Floats) -> Floats:
    bearing: Floats = np.degrees(np.arctan2(vectors[:, 0], vectors[:, 1])) % 360.0
    return bearing


def _believable_speeds(fixes: Sequence[Fix], times: Floats, places: Floats) -> Floats:
    """The receiver's own speeds (n,) in m/s, nan where unknown; all nan where they don't fit its places.

    Some loggers write km/h for m/s.
    """
    speeds = np.array([np.nan if f.speed_mps is None else f.speed_mps for f in fixes])
    step = np.diff(times)
    steady = np.isfinite(speeds[1:] + speeds[:-1]) & (step <= GAP_S)
    told = float(((speeds[1:] + speeds[:-1]) / 2 * step)[steady].sum())
    covered = float(np.linalg.norm(np.diff(places, axis=0), axis=1)[steady].sum())
    wandered = SIGMA_M * float(step[steady].sum())  # what noise alone may add to the places' way, at most
    agree = 0.7 * told <= covered + SIGMA_M and 0.7 * covered <= told + wandered
    return speeds if agree else np.full(len(speeds), np.nan)


def _velocities(times: Floats, path: SmoothPath) -> Floats:
    """The smoothed velocities; a fix alone in its run takes the chord of its neighbours."""
    velocities = path.velocities.copy()
    ends = np.append(path.starts[1:], True)
    for i in np.flatnonzero(path.starts & ends).tolist():
        before, after = max(i - 1, 0), min(i + 1, len(times) - 1)
        if after > before:
            velocities[i] = (path.places[after] - path.places[before]) / (times[after] - times[before])
    return velocities


def _standing(times: Floats, places: Floats, speeds: Floats) -> NDArray[np.bool_]:
    """Which fixes belong to a standstill, by the receiver's own speed (nan where unknown).

    Without it: where the net speed over a window around the fix is no more than that of a wandering receiver.
    """
    rows = np.arange(len(times))
    first = np.searchsorted(times, times - STANDING_WINDOW_S / 2, side="left")
    last = np.searchsorted(times, times + STANDING_WINDOW_S / 2, side="right") - 1
    alone = first == last
    first = np.where(alone, np.maximum(rows - 1, 0), first)
    last = np.where(alone, np.minimum(rows + 1, len(times) - 1), last)
    span = np.maximum(times[last] - times[first], 1e-9)
    net = np.linalg.norm(places[last] - places[first], axis=1) / span
    standing: NDArray[np.bool_] = np.where(np.isnan(speeds), net, speeds) < STANDING_MPS
    return standing


def _hermite(p0: Floats, p1: Floats, v0: Floats, v1: Floats, span: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Cubic through both ends with their velocities; places and velocities (n, 2) at fraction u (n,) of the span."""
    u, span = u[:, None], span[:, None]
    places = (
        (2 * u**3 - 3 * u**2 + 1) * p0
        + (u**3 - 2 * u**2 + u) * span * v0
        + (3 * u**2 - 2 * u**3) * p1
        + (u**3 - u**2) * span * v1
    )
    velocities = (6 * u**2 - 6 * u) / span * (p0 - p1) + (3 * u**2 - 4 * u + 1) * v0 + (3 * u**2 - 2 * u) * v1
    return places, velocities
