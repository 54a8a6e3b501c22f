"""Where one frame stands on the road that is already known: the damage on it tells.

The suspension turns the camera by a degree from frame to frame, which at 20 m moves a look by metres; a receiver's
drift turns and shifts the pose. Both are the same for everything in the frame, so they show once two or three known
damages are in view: first by a vote over pitch and heading, which needs no pairing of looks and damages, then by least
squares over the pairs. (Simultaneous localisation and mapping, with damage as landmarks: Thrun, Burgard & Fox 2005,
Probabilistic Robotics, chapter 10; the vote is correlative scan matching, Olson 2009.)

Everything is compared as angles seen from the camera, depression below the level and bearing to the left of the
heading: there an edge of a box is equally sharp near and far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.types import Floats

VOTES = (27, 9)  # steps of the grid over pitch and heading
WIDE = 2.6  # sigmas that it reaches to both sides
DOUBT = 0.15  # votes against a square sigma from what was expected
OUTLIER = 2.5  # sigmas beyond which a pair loses its weight (Huber)
ROUNDS = 3  # of least squares; the problem is nearly linear
LEAST_AHEAD_M = 1.0  # nearer ends are under the bonnet
FARTHEST_M = 200.0
AHEAD, LEFT, TURN, PITCH = range(4)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be added to a frame's pose and pitch: metres ahead, metres left, turn to the left, nose down (rad)."""

    mean: Floats  # (4,)
    covariance: Floats  # (4, 4)

    def apply(self, points: Floats, height_m: float) -> Floats:
        """(n, 2) ahead, left as measured with the pose and camera as told -> (n, 2) in that pose's vehicle frame."""
        ahead, left, turn, pitch = self.mean
        x, y = tilt(points, float(pitch), height_m).T
        cos, sin = np.cos(turn), np.sin(turn)
        return np.column_stack([ahead + cos * x - sin * y, left + sin * x + cos * y])

    @property
    def pitch_sigma(self) -> float:
        """1 sigma of the pitch, radians."""
        return float(np.sqrt(self.covariance[PITCH, PITCH]))


class Ends(NamedTuple):
    """Ends of damage in the vehicle frame, (n,) each: of looks as measured, or of known damage as the pose has it."""

    ahead: Floats
    left: Floats
    label: NDArray[np.intp]  # only ends of one label can be the same: the kind of damage, near or far
    along_sigma: Floats  # m, of known damage
    across_sigma: Floats


def tilt(points: Floats, pitch: float | Floats, height_m: float) -> Floats:
    """Move (n, 2) ahead, left on the road as if the camera, at this height, looked `pitch` radians further down.

    One pitch for all, or (n,).
    """
    x, y = points.T
    sinks = np.maximum(height_m * np.cos(pitch) + x * np.sin(pitch), 1e-6)
    scale = np.minimum(height_m / sinks, FARTHEST_M / np.maximum(x, 1.0))
    return np.column_stack([(x * np.cos(pitch) - height_m * np.sin(pitch)) * scale, y * scale])


def part(ends: Ends, rows: Sequence[int]) -> Ends:
    """The ends of some rows."""
    picked = list(rows)
    return Ends(*[column[picked] for column in ends])  # type: ignore[arg-type]  # a column for each field


def vote(seen: Ends, known: Ends, prior: Correction, height_m: float, edge_sigma: float) -> Correction:
    """Move the prior's turn and pitch to where most of what is seen falls on what is known."""
    depression, bearing, spread = _differences(seen, known, prior, height_m, edge_sigma)
    alike = seen.label[:, None] == known.label
    if not alike.any():
        return prior
    sigma = np.sqrt(prior.covariance.diagonal())
    pitch = np.linspace(-WIDE, WIDE, VOTES[0]) * sigma[PITCH]
    turn = np.linspace(-WIDE, WIDE, VOTES[1]) * sigma[TURN]
    up = ((depression[None] - pitch[:, None, None]) / spread[0]) ** 2
    beside = ((bearing[None] - turn[:, None, None]) / spread[1]) ** 2
    likeness = np.exp(-0.5 * up)[:, None] * np.exp(-0.5 * beside)[None] * alike
    votes = likeness.max(axis=3).sum(axis=2)
    votes -= DOUBT * (((pitch / sigma[PITCH]) ** 2)[:, None] + (turn / sigma[TURN]) ** 2)
    row, column = np.unravel_index(votes.argmax(), votes.shape)
    mean = prior.mean.copy()
    mean[PITCH] += pitch[row]
    mean[TURN] += turn[column]
    return Correction(mean, prior.covariance)


def solve(
    seen: Ends, known: Ends, prior: Correction, start: Correction, height_m: float, edge_sigma: float
) -> Correction:
    """Least squares over pairs: end n of `seen` is end n of `known`. `start` is where to linearise first."""
    information = np.linalg.inv(prior.covariance)
    mean, covariance = start.mean, prior.covariance
    for _ in range(ROUNDS):
        now = Correction(mean, prior.covariance)
        x, y = _as_seen(known, now).T
        ours = tilt(_points(seen), float(mean[PITCH]), height_m)
        depression = np.arctan2(height_m, x) - np.arctan2(height_m, ours[:, 0])
        bearing = y / x - ours[:, 1] / ours[:, 0]
        per_m = height_m / (height_m**2 + x**2)
        one, zero = np.ones_like(x), np.zeros_like(x)
        up = np.stack([-per_m, zero, per_m * y, one], axis=-1)
        beside = np.stack([-y / x**2, 1 / x, one, y / x * height_m / x], axis=-1)
        sigma = np.concatenate(
            [np.hypot(edge_sigma, per_m * known.along_sigma), np.hypot(edge_sigma, known.across_sigma / x)]
        )
        residual = np.concatenate([depression, bearing]) / sigma
        design = np.concatenate([up, beside]) / sigma[:, None]
        weight = np.minimum(1.0, OUTLIER / np.maximum(np.abs(residual), 1e-9))
        normal = information + design.T @ (weight[:, None] * design)
        covariance = np.linalg.inv(normal)
        mean = mean + covariance @ (design.T @ (weight * residual) + information @ (prior.mean - mean))
    return Correction(mean, covariance)


def _points(ends: Ends) -> Floats:
    return np.column_stack([ends.ahead, ends.left])


def _as_seen(known: Ends, correction: Correction) -> Floats:
    """Known ends in the vehicle frame of the corrected pose, (n, 2)."""
    ahead, left, turn, _ = correction.mean
    x, y = known.ahead - ahead, known.left - left
    cos, sin = np.cos(turn), np.sin(turn)
    return np.column_stack([np.maximum(cos * x + sin * y, LEAST_AHEAD_M), cos * y - sin * x])


def _differences(
    seen: Ends, known: Ends, prior: Correction, height_m: float, edge_sigma: float
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Of each seen to each known end: depression and bearing that are missing, and what they may be off, radians."""
    x, y = _as_seen(known, prior).T
    ours = tilt(_points(seen), float(prior.mean[PITCH]), height_m)
    per_m = height_m / (height_m**2 + x**2)
    along = np.sqrt(known.along_sigma**2 + prior.covariance[AHEAD, AHEAD])
    across = np.sqrt(known.across_sigma**2 + prior.covariance[LEFT, LEFT])
    depression = np.arctan2(height_m, x) - np.arctan2(height_m, ours[:, :1])
    bearing = y / x - ours[:, 1:] / ours[:, :1]
    return depression, bearing, (np.hypot(2 * edge_sigma, per_m * along), np.hypot(2 * edge_sigma, across / x))
