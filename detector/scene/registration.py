"""Where one frame stands on the road that is already known: the damage on it tells.

The suspension turns the camera by a degree from frame to frame, which at 20 m moves a look by metres; a receiver's
drift turns and shifts the pose. Both are the same for everything in the frame, so they show once two or three known
damages are in view: first by a vote over pitch and heading, which needs no pairing of looks and damages, then by least
squares over the pairs. (Simultaneous localisation and mapping, with damage as landmarks: Thrun, Burgard & Fox 2005,
Probabilistic Robotics, chapter 10; the vote is correlative scan matching, Olson 2009.)

Everything is compared as angles seen from the camera, depression below the level and bearing to the left of the
heading: there an edge of a box is equally sharp near and far.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.types import Floats

WIDE = 2.6  # sigmas that the grid of votes reaches to both sides, over pitch and heading
PITCHES, TURNS = np.linspace(-WIDE, WIDE, 27), np.linspace(-WIDE, WIDE, 9)
DOUBTS = 0.15 * (PITCHES[:, None] ** 2 + TURNS**2)  # votes against a square sigma from what was expected
BLIND = 5.0  # sigmas from the grid at which a pair has no vote worth counting
OUTLIER = 2.5  # sigmas beyond which a pair loses its weight (Huber)
ROUNDS = 3  # of least squares at most; the problem is nearly linear
SETTLED = 0.02  # sigmas; a smaller step ends it
LEAST_AHEAD_M = 1.0  # nearer ends are under the bonnet
FARTHEST_M = 200.0
AHEAD, LEFT, TURN, PITCH = range(4)


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be added to a frame's pose and pitch: metres ahead, metres left, turn to the left, nose down (rad)."""

    mean: Floats  # (4,)
    covariance: Floats  # (4, 4)

    def moved(self, points: Floats) -> Floats:
        """(n, 2) ahead, left from the car as it was -> (n, 2) from its pose as told. `tilt` undoes the pitch before."""
        cos, sin = math.cos(self.mean[TURN]), math.sin(self.mean[TURN])
        moved: Floats = points @ np.array([[cos, sin], [-sin, cos]]) + self.mean[: LEFT + 1]
        return moved

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
    cos, sin = np.cos(pitch), np.sin(pitch)
    sinks = np.maximum(height_m * cos + x * sin, 1e-6)
    scale = np.minimum(height_m / sinks, FARTHEST_M / np.maximum(x, 1.0))
    return np.array([(x * cos - height_m * sin) * scale, y * scale]).T


def part(ends: Ends, rows: Sequence[int]) -> Ends:
    """The ends of some rows."""
    picked = list(rows)
    return Ends(*[column[picked] for column in ends])  # type: ignore[arg-type]  # a column for each field


def vote(seen: Ends, known: Ends, prior: Correction, height_m: float, edge_sigma: float) -> Correction:
    """Move the prior's turn and pitch to where most of what is seen falls on what is known."""
    depression, bearing, spread = _differences(seen, known, prior, height_m, edge_sigma)
    _, _, turn, pitch = np.sqrt(prior.covariance.diagonal()).tolist()
    near = np.abs(depression) < WIDE * pitch + BLIND * spread[0]
    near &= np.abs(bearing) < WIDE * turn + BLIND * spread[1]
    one, other = np.nonzero(near & (seen.label[:, None] == known.label))  # pairs
    if not len(one):
        return prior
    up = (depression[one, other, None] - pitch * PITCHES) / spread[0][other, None]
    beside = (bearing[one, other, None] - turn * TURNS) / spread[1][other, None]
    likeness = np.exp(-0.5 * up * up)[:, :, None] * np.exp(-0.5 * beside * beside)[:, None]
    first = np.flatnonzero(np.diff(one, prepend=-1))  # of each seen end, which votes for what it is most like
    votes = np.maximum.reduceat(likeness, first, axis=0).sum(axis=0) - DOUBTS
    row, column = divmod(int(votes.argmax()), len(TURNS))
    mean = prior.mean.copy()
    mean[PITCH] += pitch * PITCHES[row]
    mean[TURN] += turn * TURNS[column]
    return Correction(mean, prior.covariance)


def solve(
    seen: Ends, known: Ends, prior: Correction, start: Correction, height_m: float, edge_sigma: float
) -> Correction:
    """Least squares over pairs: end n of `seen` is end n of `known`. `start` is where to linearise first.

    One step is enough where the poses are about right; where a receiver was off by metres it is not.
    """
    information = np.linalg.inv(prior.covariance)
    mean, covariance, points = start.mean, prior.covariance, _points(seen)
    design = np.zeros((4, 2, len(points)))  # of depression and bearing
    design[PITCH, 0], design[TURN, 1] = 1.0, 1.0
    for _ in range(ROUNDS):
        x, y = _as_seen(known, mean)
        a, b = tilt(points, float(mean[PITCH]), height_m).T
        per_m, slope = height_m / (height_m**2 + x**2), y / x
        design[AHEAD, 0], design[TURN, 0] = -per_m, per_m * y
        design[AHEAD, 1], design[LEFT, 1], design[PITCH, 1] = -slope / x, 1 / x, slope * height_m / x
        doubt = np.array([per_m * known.along_sigma, known.across_sigma / x])
        sigma = np.sqrt(edge_sigma**2 + doubt * doubt)
        residual = np.array([np.arctan2(height_m, x) - np.arctan2(height_m, a), slope - b / a]) / sigma
        weight = np.minimum(1.0, OUTLIER / np.maximum(np.abs(residual), 1e-9))
        rows = (design / sigma).reshape(4, -1)
        weighted = rows * weight.ravel()
        covariance = np.linalg.inv(information + weighted @ rows.T)
        step = covariance @ (weighted @ residual.ravel() + information @ (prior.mean - mean))
        mean = mean + step
        if (step * step < SETTLED**2 * covariance.diagonal()).all():
            break
    return Correction(mean, covariance)


def _points(ends: Ends) -> Floats:
    return np.array([ends.ahead, ends.left]).T


def _as_seen(known: Ends, correction: Floats) -> tuple[Floats, Floats]:
    """Known ends ahead and to the left in the vehicle frame of the corrected pose, (n,) each."""
    ahead, left, turn, _ = correction.tolist()
    x, y = known.ahead - ahead, known.left - left
    cos, sin = math.cos(turn), math.sin(turn)
    return np.maximum(cos * x + sin * y, LEAST_AHEAD_M), cos * y - sin * x


def _differences(
    seen: Ends, known: Ends, prior: Correction, height_m: float, edge_sigma: float
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Of each seen to each known end: depression and bearing that are missing, and what they may be off, radians."""
    x, y = _as_seen(known, prior.mean)
    ours = tilt(_points(seen), float(prior.mean[PITCH]), height_m)
    per_m = height_m / (height_m**2 + x**2)
    along = np.sqrt(known.along_sigma**2 + prior.covariance[AHEAD, AHEAD])
    across = np.sqrt(known.across_sigma**2 + prior.covariance[LEFT, LEFT])
    depression = np.arctan2(height_m, x) - np.arctan2(height_m, ours[:, :1])
    bearing = y / x - ours[:, 1:] / ours[:, :1]
    return depression, bearing, (np.hypot(2 * edge_sigma, per_m * along), np.hypot(2 * edge_sigma, across / x))
