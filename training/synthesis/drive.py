"""A car's drive along a street, exactly known, and the track that a receiver in it would record."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.types import Floats
from training.synthesis.street import Street
from training.synthesis.view import Place

NOISE_MEMORY_S = 12.0  # after this time a receiver's error has lost two thirds of its likeness
SURGE_M, SURGE_S = 4.0, 2.3  # the car speeds up and slows down ...
SWAY_M, SWAY_S = 0.18, 1.7  # ... and sways in its lane
BODY_HZ = (0.15, 2.5)  # a car's body nods at these rates: braking to the resonance of its springs


@dataclass(frozen=True, slots=True)
class Swing:
    """One harmonic of the car's nodding."""

    degrees: float
    per_s: float  # radians
    phase: float


GENTLE = (Swing(0.18, 2.1, 0.0), Swing(0.08, 7.7, 1.0))


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the car is at one media time: station and offset of the camera's foot point, and how the car leans."""

    time_s: float
    s: float
    t: float
    place: Place
    pitch_deg: float  # of the car, added to the camera's


@dataclass(frozen=True, slots=True)
class Drive:
    """A car on a street at a mean speed, which it holds but roughly."""

    street: Street
    speed_mps: float
    first_s: float  # where it is at media time 0
    nod: Sequence[Swing] = GENTLE

    def at(self, time_s: float) -> Moment:
        """Where the car is at a media time."""
        s = self.first_s + self.speed_mps * time_s - SURGE_M * math.sin(time_s / SURGE_S)
        speed = self.speed_mps - SURGE_M / SURGE_S * math.cos(time_s / SURGE_S)
        t = self.street.lane_t + SWAY_M * math.sin(time_s / SWAY_S)
        sideways = SWAY_M / SWAY_S * math.cos(time_s / SWAY_S)
        axis = self.street.axis
        curvature = float(np.diff(axis.direction(np.array([s, s + 1e-3])))[0]) / 1e-3
        ahead = speed * (1 - curvature * t)  # the inside of a bend is shorter
        direction = float(axis.direction(np.array([s]))[0]) + math.atan2(sideways, ahead)
        x, y = axis.place(np.array([[s, t]]))[0]
        nod = sum(swing.degrees * math.sin(swing.per_s * time_s + swing.phase) for swing in self.nod)
        return Moment(time_s, s, t, Place(float(x), float(y), direction), nod)


def rough_nod(rng: np.random.Generator, rms_deg: float, harmonics: int = 16) -> tuple[Swing, ...]:
    """Draw a nodding of an exact RMS over long times: harmonics of equal size over the rates of a car's body."""
    per_s = 2 * math.pi * np.exp(rng.uniform(math.log(BODY_HZ[0]), math.log(BODY_HZ[1]), harmonics))
    each = rms_deg * math.sqrt(2 / harmonics)
    return tuple(Swing(each, float(rate), float(rng.uniform(0, 2 * math.pi))) for rate in per_s)


def receiver_error(rng: np.random.Generator, times_s: Floats, rms_m: float) -> Floats:
    """(n, 2) horizontal error of a receiver at n evenly spaced times, of an exact RMS.

    It wanders as a receiver's does (first-order Gauss-Markov).
    """
    keep = math.exp(-float(times_s[1] - times_s[0]) / NOISE_MEMORY_S)
    error: Floats = rng.normal(0, 1, (len(times_s), 2))
    for i in range(1, len(times_s)):
        error[i] = keep * error[i - 1] + math.sqrt(1 - keep**2) * error[i]
    error *= rms_m / math.sqrt(float((error**2).sum(axis=1).mean()))
    return error
