"""The offset between the clocks of footage and track, from what the pictures show of the motion.

The road passes under the camera at the vehicle's speed, and turns with its heading. Shifted to the right offset the
track's speed and rate of turn are those of the pictures, up to the unknown height of the camera. The likelihood of each
offset is that of the shifted signals with noise of unknown size; where nothing changes on a drive, it is flat.
"""

import math
from dataclasses import dataclass

import numpy as np

from detector.footage.trajectory import Trajectory
from detector.types import Floats

WIDEST_S = 10.0  # offsets looked at, to either side
STEP_S = 0.05
NOISE_S = 3.0  # after this time a receiver's error of speed is another
LEAST_SAMPLES = 10
SPEED_FLOOR_MPS = 0.15  # noise that is there however well the signals agree
TURN_FLOOR_DEGPS = 0.4
OVERLAP = 0.75  # of the samples that must lie on the track at an offset
SIGMA_FLOOR_S = 0.1  # what the smoothing of a 1 Hz track leaves open
SURE_S = 0.4  # 1 sigma that an offset must reach,
SURE = 0.95  # and its probability to lie within a second
NEAR_S = 1.0


@dataclass(frozen=True, slots=True)
class Offset:
    """Seconds to add to the footage's clock to get the track's, 1 sigma, and how probable it is to the second.

    `reason` says why the pictures can't tell the offset; empty where they can. It is then `sure`.
    """

    seconds: float
    sigma_s: float
    confidence: float
    reason: str = ""

    @property
    def sure(self) -> bool:
        """Whether the pictures tell the offset."""
        return not self.reason

    def matters(self, frame_s: float) -> bool:
        """Whether it is sure that the clocks differ, and by more than a frame."""
        return self.sure and abs(self.seconds) > max(frame_s, 2 * self.sigma_s)


def estimate_offset(
    times_s: Floats, speeds: Floats, turns_degps: Floats, trajectory: Trajectory, widest_s: float = WIDEST_S
) -> Offset:
    """Find the offset that brings the motion seen in pictures onto that of the track.

    Args:
        times_s: (n,) moments of the footage, on the track's clock as far as known.
        speeds: (n,) speed seen there, in any unit that stays the same, such as camera heights a second.
        turns_degps: (n,) rate of turn seen there, clockwise.
        trajectory: of the track.
        widest_s: offsets up to this are looked at.
    """
    if len(times_s) < LEAST_SAMPLES:
        return Offset(0.0, widest_s, 0.0, "too few pictures show the motion")
    offsets = np.arange(-widest_s, widest_s + STEP_S / 2, STEP_S)
    fits = np.array([_log_likelihood(times_s + o, speeds, turns_degps, trajectory) for o in offsets])
    if not np.isfinite(fits).any():
        return Offset(0.0, widest_s, 0.0, "the track covers too little of the footage")
    chance = np.exp(fits - fits.max())
    chance /= chance.sum()
    best = float(offsets[chance.argmax()])
    near = np.abs(offsets - best) <= NEAR_S
    confidence = float(chance[near].sum())
    middle = float((offsets * chance)[near].sum() / confidence)
    sigma = math.hypot(math.sqrt(float(((offsets - middle) ** 2 * chance)[near].sum()) / confidence), SIGMA_FLOOR_S)
    reason = ""
    if sigma > SURE_S or confidence < SURE:
        reason = "speed and heading change too little on this drive to tell"
    elif abs(best) > widest_s - NEAR_S:
        reason = f"the clocks may differ by more than {widest_s:g} s"
    return Offset(middle, sigma, confidence, reason)


def _log_likelihood(times_s: Floats, speeds: Floats, turns_degps: Floats, trajectory: Trajectory) -> float:
    on = (times_s > trajectory.start_s + STEP_S) & (times_s < trajectory.end_s - STEP_S)
    if on.sum() < max(OVERLAP * len(times_s), LEAST_SAMPLES):
        return -math.inf
    at, seen, turning = times_s[on], speeds[on], turns_degps[on]
    told = (trajectory.distances(at + STEP_S) - trajectory.distances(at - STEP_S)) / (2 * STEP_S)
    turned = _rates_of_turn(at, trajectory)
    height = float(told @ seen / (seen @ seen))
    # Independent pieces of evidence: samples nearer together than the receiver's memory share their error.
    evidence = len(np.unique(np.floor(at / NOISE_S)))
    moving = told > 2.0  # a vehicle at rest has no course
    miss = _spread(told - height * seen, SPEED_FLOOR_MPS)
    swerve = _spread((turned - turning)[moving], TURN_FLOOR_DEGPS) if moving.sum() >= LEAST_SAMPLES else 1.0
    return -evidence * (math.log(miss) + math.log(swerve))


def _rates_of_turn(times_s: Floats, trajectory: Trajectory) -> Floats:
    """(n,) degrees a second, clockwise."""
    before = np.array([p.heading_deg for p in trajectory.at(times_s - STEP_S)])
    after = np.array([p.heading_deg for p in trajectory.at(times_s + STEP_S)])
    rates: Floats = ((after - before + 180) % 360 - 180) / (2 * STEP_S)
    return rates


def _spread(values: Floats, floor: float) -> float:
    """Standard deviation with a floor; values far out count as three of the middling ones."""
    limit = 3 * 1.48 * float(np.median(np.abs(values))) + floor
    return math.hypot(float(np.sqrt(np.mean(np.clip(values, -limit, limit) ** 2))), floor)
