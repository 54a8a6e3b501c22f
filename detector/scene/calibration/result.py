"""What a calibration found, and how sure it is: the middle of all pairs of frames, and their scatter for the doubt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.errors import SettingsError
from detector.scene.calibration.motion import BULGE, LOG_FOCAL, LOG_STEP, NOD, PITCH, REFERENCE_PX, ROLL, TURN, YAW
from detector.scene.calibration.pairs import FramePair
from detector.scene.calibration.registration import working_width
from detector.scene.calibration.solve import Solution
from detector.scene.camera import Camera
from detector.types import Floats

LEAST_PAIRS = 8
LEAST_SUPPORT = 15.0  # matches, by weight, that a pair needs to count
# What a road that is no plane, a bent lens and a body that leans leave open however many pairs agree, 1 sigma.
FOCAL_FLOOR = 0.03  # as a fraction
HEIGHT_FLOOR = 0.02
ANGLE_FLOOR_DEG = 0.05
NEAR_DEG = 1.0  # of the median pitch and yaw no pair is left out
NEAR_HEIGHT = 0.1  # nor this near the median height, as a fraction
LOOSE = "the road's texture fits a plane too loosely to tell the focal length: it stays as given"
WEAK = "the focal length is only assumed: height and pitch are as unsure as that"
ASSUMED_ONLY = 0.15  # sigma of the focal length from which to say so


@dataclass(frozen=True, slots=True)
class Sigmas:
    """1 sigma of a camera's values; height and focal length as fractions of them."""

    pitch_deg: float
    yaw_deg: float
    roll_deg: float
    height: float
    focal: float


@dataclass(frozen=True, slots=True)
class SeenMotion:
    """How the vehicle moved between the frames of n pairs, without scale."""

    times_s: Floats  # (n,) the middle of each pair, on the footage's clock
    speeds: Floats  # (n,) camera heights a second
    turns_degps: Floats  # (n,) clockwise


@dataclass(frozen=True, slots=True)
class Calibration:
    """A camera and how sure each of its values is.

    `nod_deg` is the scatter of single frames about the mean pitch: braking, bumps, the grade of the road. `pairs` is
    the number that agreed, `miss_px` the median distance of a match from where the road should be.
    """

    camera: Camera
    sigmas: Sigmas
    nod_deg: float
    pairs: int
    miss_px: float
    notes: tuple[str, ...]
    motion: SeenMotion


def judge(
    pairs: Sequence[FramePair],
    camera: Camera,
    solution: Solution,
    focal_sigma: float,
    track_sigma: float,
    tells_focal: bool,
) -> Calibration | None:
    """Take the camera that most pairs agree on; None where fewer than `LEAST_PAIRS` do.

    Args:
        pairs: the frames, with the track's distance between them.
        camera: what was assumed, for the pictures' own size.
        solution: the motions and the camera, found at the width worked at.
        focal_sigma: of the focal length as it was known beforehand, as a fraction.
        track_sigma: of the track's length, as a fraction.
        tells_focal: whether the focal length of the solution is more than the one assumed.
    """
    motions, shared = solution.motions, solution.shared
    steps = np.exp(motions[:, LOG_STEP])
    heights = np.array([pair.step_m for pair in pairs]) / steps
    pitches, yaws = np.degrees(motions[:, PITCH] + motions[:, NOD] / 2), np.degrees(motions[:, YAW])
    seen = (support(solution, len(pairs)) >= LEAST_SUPPORT) & _inliers(pitches, NEAR_DEG) & _inliers(yaws, NEAR_DEG)
    good = seen & _inliers(np.log(heights), NEAR_HEIGHT)
    count = int(good.sum())
    if count < LEAST_PAIRS:
        return None
    if tells_focal:
        found = math.hypot(math.sqrt(solution.covariance[LOG_FOCAL, LOG_FOCAL]), FOCAL_FLOOR)
        focal_sigma = min(focal_sigma, found)
    # The track's speed at one moment is far less sure than its length: the sums are compared, not the steps.
    height = float((heights * steps)[good].sum() / steps[good].sum())
    pitch, yaw, nod = float(np.mean(pitches[good])), float(np.median(yaws[good])), float(np.std(pitches[good]))
    root = math.sqrt(count)
    sigmas = Sigmas(
        # With another focal length the vanishing point stays where it is in the picture.
        pitch_deg=math.hypot(nod / root, pitch * focal_sigma, ANGLE_FLOOR_DEG),
        yaw_deg=math.hypot(float(np.std(yaws[good])) / root, yaw * focal_sigma, ANGLE_FLOOR_DEG),
        roll_deg=math.hypot(math.degrees(math.sqrt(solution.covariance[ROLL, ROLL])), ANGLE_FLOOR_DEG),
        height=math.hypot(float(np.std(np.log(heights[good]))) / root, track_sigma, focal_sigma, HEIGHT_FLOOR),
        focal=focal_sigma,
    )
    focal = float(np.exp(shared[LOG_FOCAL]))
    try:
        calibrated = replace(
            camera,
            focal_px=focal * camera.width / working_width(camera.width),
            height_m=height,
            pitch_deg=pitch,
            yaw_deg=yaw,
            roll_deg=math.degrees(shared[ROLL]),
            k1=float(shared[BULGE]) * (focal / REFERENCE_PX) ** 2,
            k2=0.0,
            calibrated=True,
            # Another focal length moves the vanishing point by no pixel; it scales the ground, as height does.
            pitch_sigma_deg=math.hypot(nod / root, ANGLE_FLOOR_DEG),
            height_sigma=sigmas.height,
        )
    except SettingsError:  # a lens that can't be: the matches were no road
        return None
    notes = ([] if tells_focal else [LOOSE]) + ([WEAK] if focal_sigma > ASSUMED_ONLY else [])
    miss = float(np.median(solution.misses))
    return Calibration(calibrated, sigmas, nod, count, miss, tuple(notes), _motion(pairs, motions, seen))


def support(solution: Solution, pairs: int) -> Floats:
    """(pairs,) matches of each pair, by weight."""
    total: Floats = np.bincount(solution.pair, solution.weights, minlength=pairs).astype(np.float64)
    return total


def _motion(pairs: Sequence[FramePair], motions: Floats, seen: NDArray[np.bool_]) -> SeenMotion:
    first, second = (np.array([getattr(p, name) for p in pairs])[seen] for name in ("first_s", "second_s"))
    spans = second - first
    speeds, turns = np.exp(motions[seen, LOG_STEP]) / spans, np.degrees(motions[seen, TURN]) / spans
    return SeenMotion((first + second) / 2, speeds, turns)


def _inliers(values: Floats, least: float) -> NDArray[np.bool_]:
    """Which values lie within three robust sigmas, or `least`, of their median."""
    off = np.abs(values - np.median(values))
    return off <= max(3 * 1.48 * float(np.median(off)), least)
