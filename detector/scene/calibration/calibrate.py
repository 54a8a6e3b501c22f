"""A camera's place on its vehicle from pairs of frames: where it looks, how high it is, and how sure that is."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.footage.trajectory import Trajectory
from detector.scene.calibration.birdview import CELL, BirdView, nearest, shift_scores
from detector.scene.calibration.motion import (
    COLUMNS,
    LOG_STEP,
    PITCH,
    REFERENCE_PX,
    YAW,
)
from detector.scene.calibration.pairs import FramePair
from detector.scene.calibration.registration import Pyramid, match, pyramid, working_width
from detector.scene.calibration.result import LEAST_PAIRS, LEAST_SUPPORT, Calibration, judge
from detector.scene.calibration.solve import Problem, Solution, solve
from detector.scene.camera import Camera
from detector.scene.horizon import find_direction
from detector.types import Floats

COARSE_SCORE = 0.04  # of the best height above that of the middling one: less is chance
HEIGHTS_M = np.exp(np.linspace(math.log(0.6), math.log(4.0), 80))
TILTS_DEG = (-2.0, -1.0, 0.0, 1.0, 2.0)  # about the direction that the lines along the road show
BLIND_TILTS_DEG = np.arange(-6.0, 32.0, 2.0)  # of the pitch where no lines show it
SEARCH = 2.0  # a step may be this many times longer or shorter than the track says
SCALES_PX = (2.0, 0.5, 0.25)  # of a miss that is believed, in each round of matching
ASSUMED_FOCAL_SIGMA = 0.25  # as a fraction: dashcams see 50 to 110 degrees
ROLL_SIGMA = math.radians(1.5)
BULGE_SIGMA = 0.1
FIXED = 1e-5  # sigma of what is not to be moved
CLEAR_FIT = 0.65  # mean weight of the matches from which the fit is good enough to tell the focal length


def calibrate(
    pairs: Sequence[FramePair],
    camera: Camera,
    focal_sigma: float = ASSUMED_FOCAL_SIGMA,
    track_sigma: float = 0.0,
) -> Calibration | None:
    """Find pitch, yaw, roll, height, and as far as the drive shows it focal length and distortion of a camera.

    The road is followed from frame to frame as a plane; the track gives the scale. `camera` is what is assumed, for
    pictures of the pairs' shape, with its focal length known to a fraction `focal_sigma`; `track_sigma` is the
    fraction by which the track's length may be off. Returns None where the pictures don't show the road well enough.
    """
    if len(pairs) < LEAST_PAIRS:
        return None
    scaled, firsts, seconds = _prepared(pairs, camera)
    centre = scaled.cx, scaled.cy
    driven = np.array([p.step_m for p in pairs])
    pointed = find_direction((p.first for p in pairs), scaled)
    tilts = np.add(pointed.pitch_deg, TILTS_DEG) if pointed else BLIND_TILTS_DEG
    start = _search(firsts, seconds, pointed or scaled, tilts, HEIGHTS_M, driven)
    if start is None:
        return None
    known = _shared(scaled)
    solution = _refine(firsts, seconds, centre, start, known, np.array([focal_sigma, ROLL_SIGMA, BULGE_SIGMA]))
    tells_focal = solution is not None and float(solution.weights.mean()) >= CLEAR_FIT
    if not tells_focal:
        solution = _refine(firsts, seconds, centre, start, known, np.array([FIXED, ROLL_SIGMA, BULGE_SIGMA]))
    if solution is None:
        return None
    return judge(pairs, camera, solution, focal_sigma, track_sigma, tells_focal)


def length_sigma(trajectory: Trajectory, start_s: float, end_s: float) -> float:
    """1 sigma of the length driven between two times, as a fraction: what the places of its ends leave open."""
    first, last = trajectory.at(np.array([start_s, end_s]))
    return math.hypot(first.sigma_m, last.sigma_m) / max(last.distance_m - first.distance_m, 1.0)


def _prepared(pairs: Sequence[FramePair], camera: Camera) -> tuple[Camera, list[Pyramid], list[Pyramid]]:
    """The pictures at the width worked at, and the camera for them."""
    width = working_width(camera.width)
    scaled = camera.resized(width, round(width * camera.height / camera.width))
    return scaled, [pyramid(p.first, width) for p in pairs], [pyramid(p.second, width) for p in pairs]


def _shared(camera: Camera) -> Floats:
    bulge = camera.k1 * (REFERENCE_PX / camera.focal_px) ** 2
    return np.array([math.log(camera.focal_px), math.radians(camera.roll_deg), bulge])


def _search(
    firsts: Sequence[Pyramid],
    seconds: Sequence[Pyramid],
    camera: Camera,
    tilts_deg: Floats,
    heights_m: Floats,
    driven: Floats,
) -> Floats | None:
    """First motions (p, 7): the pitch and height at which most roads seen from above lie over each other."""
    best, best_gain = None, COARSE_SCORE
    for pitch_deg in tilts_deg:
        tilted = replace(camera, pitch_deg=float(pitch_deg))
        if (near := nearest(tilted)) is None:
            continue
        view = BirdView(tilted, near)
        scores = np.array([shift_scores(view.of(a), view.of(b)) for a, b in zip(firsts, seconds, strict=True)])
        shifts = driven[:, None] / heights_m / CELL
        cells = np.arange(scores.shape[1])
        voted = np.array([np.interp(s, cells, row, right=np.nan) for s, row in zip(shifts, scores, strict=True)])
        enough = np.isfinite(voted).sum(axis=0) >= len(driven) / 2
        if not enough.any():
            continue
        votes = np.where(enough, np.nanmean(np.where(enough, voted, 0.0), axis=0), -np.inf)
        gain = float(votes.max() - np.median(scores))
        if gain > best_gain:
            best_gain = gain
            expected = driven / heights_m[votes.argmax()] / CELL
            allowed = (cells >= expected[:, None] / SEARCH) & (cells <= expected[:, None] * SEARCH) & (cells > 0)
            found = np.where(allowed, scores, -np.inf).argmax(axis=1)
            best = np.zeros((len(driven), COLUMNS))
            best[:, LOG_STEP] = np.log(np.where(allowed.any(axis=1), found, expected) * CELL)
            best[:, YAW], best[:, PITCH] = math.radians(tilted.yaw_deg), math.radians(tilted.pitch_deg)
    return best


def _refine(
    firsts: Sequence[Pyramid],
    seconds: Sequence[Pyramid],
    centre: tuple[float, float],
    motions: Floats,
    known: Floats,
    doubt: Floats,
) -> Solution | None:
    """Match and solve in turns, each time from nearer by; None where too little can be followed."""
    shared = known
    solution = None
    for scale_px in SCALES_PX:
        matches = match(firsts, seconds, centre, motions, shared)
        if len(matches.pair) < LEAST_PAIRS * LEAST_SUPPORT:
            return None
        solution = solve(Problem(matches, known, doubt, scale_px), motions, shared)
        motions, shared = solution.motions, solution.shared
    return solution
