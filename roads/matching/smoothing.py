"""White noise taken off the positions, and only that.

A receiver's own error wanders slowly and no smoothing removes it; what a pose's sigma says beyond that, and the
positions show from one to the next, is white and averages out along the drive. The model is a car under white
acceleration, whose smoother is the cubic smoothing spline (Wahba, J. R. Statist. Soc. B 40, 1978).
"""

import numpy as np
from scipy.interpolate import make_smoothing_spline

from detector.types import Floats, Ints

GOOD_RECEIVER_M = 5.0  # of the error, what wanders
ACCELERATION = 10.0  # m2/s3, spectral density; a spline stiffer than this cuts corners
SHORTEST_S = 0.1  # fixes in the same tenth of a second are one knot of the spline
FEWEST = 6
OUTLIER_SIGMAS = 4.5
ROUNDS = 4  # an outlier first drags its neighbours along, which must be believed again


def smooth(time_s: Floats, points: Floats, sigma_m: Floats) -> tuple[Floats, Floats, Floats]:
    """Positions (n, 2), velocities (n, 2; nan where nothing was smoothed) and sigmas (n,) without the white noise.

    `time_s` (n,) ascending, `points` (n, 2) m, `sigma_m` (n,) per axis. An outlier keeps its place.
    """
    unchanged = points, np.full_like(points, np.nan), sigma_m
    knots = _knots(time_s)
    if len(knots) < FEWEST:
        return unchanged
    white = np.minimum(np.sqrt(np.maximum(sigma_m**2 - GOOD_RECEIVER_M**2, 0.0)), _roughness(points[knots]))
    if np.median(white) < 1.0:
        return unchanged
    seconds = time_s - time_s[0]
    away = np.zeros(len(points), bool)
    for _ in range(ROUNDS):
        weight = np.where(away, 1e-6, 1.0)[knots] / np.maximum(white, 1.0)[knots] ** 2
        splines = [
            make_smoothing_spline(seconds[knots], axis, w=weight, lam=1.0 / ACCELERATION) for axis in points[knots].T
        ]
        smoothed = np.column_stack([spline(seconds) for spline in splines])
        before, away = away, np.hypot(*(points - smoothed).T) > OUTLIER_SIGMAS * np.maximum(white, 1.0)
        if (away == before).all():
            break
    if not np.isfinite(smoothed).all():
        return unchanged
    velocity = np.column_stack([spline.derivative()(seconds) for spline in splines])
    left = np.sqrt(sigma_m**2 - white**2 * (1.0 - _variance_left(seconds, knots, white)))
    return np.where(away[:, None], points, smoothed), velocity, np.where(away, sigma_m, left)


def _knots(time_s: Floats) -> Ints:
    """Rows for the spline, no two of them closer in time than half of `SHORTEST_S`."""
    knots = np.flatnonzero(np.diff(np.floor(time_s / SHORTEST_S), prepend=-np.inf) > 0)
    return knots[np.diff(time_s[knots], prepend=-np.inf) > SHORTEST_S / 2]


def _roughness(points: Floats) -> float:
    """The white noise that the positions show, per axis: from second differences, robustly. The drive adds to it."""
    second = np.diff(points, 2, axis=0)
    return float(1.4826 * np.median(np.abs(second)) / np.sqrt(6.0))


def _variance_left(seconds: Floats, knots: Ints, white: Floats) -> Floats:
    """Variance after smoothing over that before, by the spline's equivalent kernel (Silverman, Ann. Statist. 1984)."""
    step = np.interp(seconds, seconds[knots], np.gradient(seconds[knots]))
    width = (np.maximum(white, 1.0) ** 2 * step / ACCELERATION) ** 0.25
    share: Floats = np.minimum(3.0 / (8.0 * np.sqrt(2.0)) * step / width, 1.0)
    return share
