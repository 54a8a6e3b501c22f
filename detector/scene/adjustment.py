"""Pitch of every frame and height of the camera from all looks of a drive at once, by least squares.

An end of a damage stays where it is while the car drives on a known way; each look at it gives one equation
depression + pitch of its frame = atan(height / distance). All ends and all frames together are a bundle adjustment
(Triggs et al. 2000, Bundle adjustment - a modern synthesis) in one dimension, along the road, where the camera's
errors are. The way driven between two looks gives the scale, hence the height.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from detector.types import Floats

ROUNDS = 3  # Gauss-Newton; the start is near
OUTLIER = 2.0  # sigmas beyond which an equation loses its weight (Huber)
LEAST_AHEAD_M = 1.5
STEERING = 0.01  # radians, 1 sigma, by which the turn changes from one step to the next
SKID = 0.01  # m sideways for each m driven, 1 sigma: the camera is not on the rear axle, and roads have camber


@dataclass(frozen=True, slots=True)
class Equations:
    """m looks at ends of damage, (m,) each."""

    frame: NDArray[np.intp]
    end: NDArray[np.intp]  # number of the end seen
    depression: Floats  # as measured, radians below the level
    ahead: Floats  # from the frame to where the end is taken to be, m
    sigma: Floats  # of the depression, radians


@dataclass(frozen=True, slots=True)
class Ride:
    """How the car and its camera were during a drive."""

    pitch: Floats  # (frames,) to be added to the camera's, radians
    sigma: Floats  # (frames,) of it
    level: float  # mean of it
    level_sigma: float
    height: float  # factor on the camera's height
    height_sigma: float


def adjust(
    equations: Equations, frames: int, height_m: float, level_sigma: float, nod_sigma: float, height_sigma: float
) -> Ride:
    """Solve for all frames' pitches, their mean, and the height.

    The sigmas, in radians and as a fraction of the height, are what is known beforehand: of the mean pitch, of one
    frame's pitch about it, and of the height.
    """
    e = equations
    ends = int(e.end.max()) + 1 if len(e.end) else 0
    rows = np.arange(len(e.frame))
    size = ends + frames + 2  # ends, pitches about the mean, mean, height
    prior = np.concatenate([np.full(ends, 1e-4), np.full(frames, nod_sigma**-2), [level_sigma**-2, height_sigma**-2]])
    x = np.zeros(size)
    normal = sp.diags(prior).tocsc()
    for _ in range(ROUNDS):
        ahead = np.maximum(e.ahead + x[e.end], LEAST_AHEAD_M)
        h = height_m * (1 + x[-1])
        per_m = h / (h * h + ahead * ahead)
        residual = (e.depression + x[ends + e.frame] + x[-2] - np.arctan2(h, ahead)) / e.sigma
        columns = np.concatenate([e.end, ends + e.frame, np.full(len(rows), size - 2), np.full(len(rows), size - 1)])
        one = np.ones_like(ahead)
        values = np.concatenate([per_m, one, one, -ahead * height_m / (h * h + ahead * ahead)]) / np.tile(e.sigma, 4)
        design = sp.csc_matrix((values, (np.tile(rows, 4), columns)), shape=(len(rows), size))
        weight = np.minimum(1.0, OUTLIER / np.maximum(np.abs(residual), 1e-9))
        weighted = design.T.multiply(weight).tocsc()
        normal = (weighted @ design + sp.diags(prior)).tocsc()
        factor = splu(normal)
        x = x - factor.solve(weighted @ residual + prior * x)
    units = np.zeros((size, 2))
    units[-2, 0] = units[-1, 1] = 1.0
    inverse = factor.solve(units)
    pitch = x[ends : ends + frames]
    return Ride(
        pitch=pitch + x[-2],
        sigma=_spread(normal, ends, frames),
        level=float(x[-2]),
        level_sigma=float(np.sqrt(inverse[-2, 0])),
        height=1 + float(x[-1]),
        height_sigma=float(np.sqrt(inverse[-1, 1])),
    )


@dataclass(frozen=True, slots=True)
class Bearings:
    """m looks at ends of damage, (m,) each."""

    frame: NDArray[np.intp]
    end: NDArray[np.intp]
    bearing: Floats  # as measured, left over ahead
    ahead: Floats  # where the end is taken to be from the frame, m
    left: Floats
    sigma: Floats  # of the bearing


@dataclass(frozen=True, slots=True)
class Course:
    """How the car went, against what its poses say; (frames,) each."""

    left: Floats  # m
    turn: Floats  # radians to the left, with that of the camera on the car


def steer(
    bearings: Bearings, steps_m: Floats, headings: Floats, shift_sigma_m: float, turn_sigma: Floats, yaw_sigma: float
) -> Course:
    """Solve for all frames' offsets to the left and turns.

    A car goes where it points: from frame to frame, (frames - 1,) steps apart, its offset changes by the turn times the
    step. `turn_sigma` (frames,) and `shift_sigma_m` are what is known beforehand of turns and offsets, `yaw_sigma` of
    how the camera sits on the car.
    """
    e = bearings
    ends, frames = int(e.end.max()) + 1 if len(e.end) else 0, len(turn_sigma)
    size = ends + 2 * frames + 1  # ends, offsets, turns, yaw
    rows, pairs = np.arange(len(e.frame)), np.arange(frames - 1)
    offset, turn = ends + e.frame, ends + frames + e.frame
    near = 1 / np.maximum(e.ahead, LEAST_AHEAD_M)
    looks = sp.csc_matrix(
        (
            np.concatenate([near, -near, -np.ones_like(near), -np.ones_like(near)]) / np.tile(e.sigma, 4),
            (np.tile(rows, 4), np.concatenate([e.end, offset, turn, np.full(len(rows), size - 1)])),
        ),
        shape=(len(rows), size),
    )
    missing = (e.bearing - e.left * near) / e.sigma
    sideways = SKID * np.maximum(steps_m, 1.0)
    half = steps_m / 2
    first, second = ends + pairs, ends + frames + pairs
    goes = sp.csc_matrix(
        (
            np.concatenate([np.ones(frames - 1), -np.ones(frames - 1), -half, -half]) / np.tile(sideways, 4),
            (np.tile(pairs, 4), np.concatenate([first + 1, first, second, second + 1])),
        ),
        shape=(frames - 1, size),
    )
    told = np.diff(np.unwrap(headings), n=2)
    stiff = np.hypot(STEERING, told / 2)
    middle = np.arange(frames - 2) + ends + frames
    bends = sp.csc_matrix(
        (
            np.concatenate([1 / stiff, -2 / stiff, 1 / stiff]),
            (np.tile(np.arange(frames - 2), 3), np.concatenate([middle, middle + 1, middle + 2])),
        ),
        shape=(frames - 2, size),
    )
    prior = np.concatenate([np.full(ends, 1e-4), np.full(frames, shift_sigma_m**-2), turn_sigma**-2, [yaw_sigma**-2]])
    x = np.zeros(size)
    bent = bends.T @ (-told / stiff)
    still = (goes.T @ goes + bends.T @ bends + sp.diags(prior)).tocsc()
    for _ in range(ROUNDS):
        residual = looks @ x - missing
        weight = np.minimum(1.0, OUTLIER / np.maximum(np.abs(residual), 1e-9))
        weighted = looks.T.multiply(weight).tocsc()
        x = splu((weighted @ looks + still).tocsc()).solve(weighted @ missing + bent)
    return Course(x[ends : ends + frames], x[ends + frames : -1] + x[-1])


def _spread(normal: sp.csc_matrix, ends: int, frames: int) -> Floats:
    """1 sigma of each frame's pitch with the ends it saw left free and the other frames held: a lower bound."""
    diagonal = normal.diagonal()
    shared = normal[ends : ends + frames, :ends]
    taken = shared.multiply(shared) @ (1 / diagonal[:ends]) if ends else np.zeros(frames)
    spread: Floats = 1 / np.sqrt(np.maximum(diagonal[ends : ends + frames] - taken, 1e-9))
    return spread
