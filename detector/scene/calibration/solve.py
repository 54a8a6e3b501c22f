"""The camera and all motions that explain the matches best: robust least squares with the motions eliminated."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from detector.scene.calibration.motion import COLUMNS, HEAVE, NOD, SWAY, TURN, Rows, move_back
from detector.types import Floats

ROUNDS = 25
TRIES = 6  # of more damping before a round is given up
GAIN = 1e-7  # of the cost: less is the end
STEP = 1e-5  # of the numeric derivatives
LOST_PX = 1e3  # miss of a match whose place is behind the camera
# 1 sigma of what is known beforehand of a motion: how far a body moves on its springs within a frame or two.
BODY = {NOD: np.radians(1.0), SWAY: np.radians(0.5), HEAVE: 0.01, TURN: np.radians(20.0)}


@dataclass(frozen=True, slots=True)
class Matches:
    """The same piece of road in both frames of a pair, in pixels from the principal point."""

    pair: Rows  # (n,) row of the motion
    first: Floats  # (n, 2), where the doubt of the match is
    second: Floats  # (n, 2)


@dataclass(frozen=True, slots=True)
class Problem:
    """Matches, and what is known beforehand of the values that all pairs share: (k,) with 1 sigma."""

    matches: Matches
    known: Floats
    known_sigma: Floats
    scale_px: float  # a miss of this size is still believed


@dataclass(frozen=True, slots=True)
class Solution:
    """What was found. `covariance` (k, k) of `shared` is by the scatter between pairs, not by pixel noise alone."""

    motions: Floats  # (p, 7)
    shared: Floats  # (k,)
    covariance: Floats
    pair: Rows  # (n,) of each match
    misses: Floats  # (n,) px of each match
    weights: Floats  # (n,) 0..1, how far it is believed


class _Normal(NamedTuple):
    """Normal equations: a block (p, 7 + k, 7 + k) and gradient (p, 7 + k) for each pair; the prior's share."""

    blocks: Floats
    gradients: Floats
    prior: Floats  # (k, k)
    prior_gradient: Floats  # (k,)


def solve(problem: Problem, motions: Floats, shared: Floats) -> Solution:
    """Refine motions (p, 7) and shared values (k,).

    Levenberg-Marquardt; the motions are eliminated by the Schur complement (Triggs et al. 2000, Bundle Adjustment,
    section 6.1), and matches off the road plane lose their weight by Cauchy's function.
    """
    damping = 1e-3
    cost = _cost(problem, motions, shared)
    for _ in range(ROUNDS):
        normal = _normal(problem, motions, shared)
        trial = np.inf
        for _ in range(TRIES):
            step_motions, step_shared = _step(normal, damping)
            trial = _cost(problem, motions + step_motions, shared + step_shared)
            if trial < cost:
                break
            damping *= 10
        if trial >= cost:
            break
        gain = cost - trial
        motions, shared, cost, damping = motions + step_motions, shared + step_shared, trial, max(damping / 10, 1e-9)
        if gain < GAIN * cost:
            break
    square = _squares(_residuals(problem.matches, motions, shared), problem.scale_px)
    covariance = _scatter(_normal(problem, motions, shared))
    misses = np.sqrt(square) * problem.scale_px
    return Solution(motions, shared, covariance, problem.matches.pair, misses, _weights(square))


def _residuals(matches: Matches, motions: Floats, shared: Floats) -> Floats:
    found = move_back(matches.second, matches.pair, motions, shared)
    return np.nan_to_num(matches.first - found, nan=LOST_PX)


def _squares(residuals: Floats, scale_px: float) -> Floats:
    squares: Floats = np.einsum("ij,ij->i", residuals, residuals) / scale_px**2
    return squares


def _weights(squares: Floats) -> Floats:
    return 1 / (1 + squares / 4)


def _cost(problem: Problem, motions: Floats, shared: Floats) -> float:
    try:
        squares = _squares(_residuals(problem.matches, motions, shared), problem.scale_px)
    except np.linalg.LinAlgError:  # a step too far: the road would be seen edge-on
        return np.inf
    body = sum(float(((motions[:, column] / sigma) ** 2).sum()) for column, sigma in BODY.items())
    prior = float((((shared - problem.known) / problem.known_sigma) ** 2).sum())
    return 4 * float(np.log1p(squares / 4).sum()) + body + prior


def _normal(problem: Problem, motions: Floats, shared: Floats) -> _Normal:
    matches, k = problem.matches, len(shared)
    base = _residuals(matches, motions, shared)
    weight = _weights(_squares(base, problem.scale_px)) / problem.scale_px**2
    slopes = np.empty((len(base), 2, COLUMNS + k))
    for column in range(COLUMNS):
        moved = motions.copy()
        moved[:, column] += STEP
        slopes[:, :, column] = (base - _residuals(matches, moved, shared)) / STEP
    for column in range(k):
        moved = shared.copy()
        moved[column] += STEP
        slopes[:, :, COLUMNS + column] = (base - _residuals(matches, motions, moved)) / STEP
    slopes[np.abs(base).max(axis=1) > LOST_PX / 2] = 0
    blocks = np.zeros((len(motions), COLUMNS + k, COLUMNS + k))
    gradients = np.zeros((len(motions), COLUMNS + k))
    np.add.at(blocks, matches.pair, np.einsum("nri,nrj,n->nij", slopes, slopes, weight))
    np.add.at(gradients, matches.pair, np.einsum("nri,nr,n->ni", slopes, base, weight))
    for column, sigma in BODY.items():
        blocks[:, column, column] += 1 / sigma**2
        gradients[:, column] -= motions[:, column] / sigma**2
    trust = 1 / problem.known_sigma**2
    return _Normal(blocks, gradients, np.diag(trust), (problem.known - shared) * trust)


def _eliminated(blocks: Floats, gradients: Floats) -> tuple[Floats, Floats, Floats]:
    """What each pair says of the shared values alone: (p, k, k) and (p, k); and its motion for given shared values."""
    own, cross, common = blocks[:, :COLUMNS, :COLUMNS], blocks[:, :COLUMNS, COLUMNS:], blocks[:, COLUMNS:, COLUMNS:]
    right = np.concatenate([cross, gradients[:, :COLUMNS, None]], axis=2)
    solved = np.linalg.solve(own + 1e-9 * np.eye(COLUMNS), right)  # a pair without matches stays where it is
    across = np.swapaxes(cross, 1, 2)
    return common - across @ solved[:, :, :-1], gradients[:, COLUMNS:] - (across @ solved[:, :, -1:])[..., 0], solved


def _step(normal: _Normal, damping: float) -> tuple[Floats, Floats]:
    damped = normal.blocks.copy()
    diagonal = np.arange(damped.shape[1])
    damped[:, diagonal, diagonal] *= 1 + damping
    reduced, left, solved = _eliminated(damped, normal.gradients)
    shared = np.linalg.solve(reduced.sum(axis=0) + normal.prior, left.sum(axis=0) + normal.prior_gradient)
    return solved[:, :, -1] - solved[:, :, :-1] @ shared, shared


def _scatter(normal: _Normal) -> Floats:
    """Covariance of the shared values with the pairs as the independent pieces of evidence (a sandwich estimator)."""
    reduced, left, _ = _eliminated(normal.blocks, normal.gradients)
    inverse = np.linalg.inv(reduced.sum(axis=0) + normal.prior)
    covariance: Floats = inverse @ (left.T @ left + normal.prior) @ inverse
    return covariance
