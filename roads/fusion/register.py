"""By how much a drive is off, against the damage already known, along its way.

A consumer receiver is off by metres, while potholes may lie two metres apart; but its error wanders slowly, so all
that lies close together is off by the same. That shift is followed by a point-mass smoother: the probability of each
cell of a grid of shifts, carried forward and backward along the drive (Bucy & Senne, Digital synthesis of non-linear
filters, Automatica 7, 1971) with a Gauss-Markov error. Each observation votes for every shift that would lay it on a
known damage of its kind, or for none, being new. Where few agree the answer stays as wide as the receiver's own doubt,
and where two answers fit, both are kept: nothing is decided before association.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.types import Floats, Ints
from roads.fusion.marks import Marks
from roads.fusion.options import FusionOptions
from roads.fusion.pairs import Pairs, densities

HALF_CELLS = 20  # on either side of no shift
REACH_SIGMA = 3.4
PAIRS_AT_ONCE = 4096

Chances = NDArray[np.float32]  # one per cell and step: single precision halves what a long drive takes


@dataclass(frozen=True, slots=True)
class Registration:
    """How far the drive is off at each observation, and what that makes of each pair."""

    shift: Floats  # (n, 2) metres, the observation's place less the known damage's
    ratio: Floats  # (p,) likelihood ratio of each pair: the same damage, against new


@dataclass(frozen=True, slots=True)
class _Grid:
    """The shifts that are weighed: c * c square cells around none."""

    axis: Floats  # (c,) metres
    sigma: float  # of the shift, before anything was seen

    @property
    def cell_m(self) -> float:
        return float(self.axis[1] - self.axis[0])

    @property
    def shifts(self) -> Floats:
        """(c * c, 2)."""
        return np.stack(np.meshgrid(self.axis, self.axis, indexing="ij"), axis=-1).reshape(-1, 2)

    @property
    def prior(self) -> Floats:
        """(c, c), sums to 1."""
        one = np.exp(-0.5 * (self.axis / self.sigma) ** 2)
        one /= one.sum()
        return np.outer(one, one)

    def step(self, keep: float) -> Floats:
        """(c, c): the probability of each cell of one axis (row) after another (column), at a correlation `keep`."""
        noise = max(self.sigma * np.sqrt(1 - keep**2), self.cell_m / 4)
        moved = np.exp(-0.5 * ((self.axis[:, None] - keep * self.axis[None]) / noise) ** 2)
        table: Floats = moved / moved.sum(axis=0)
        return table


def register(seen: Marks, known: Marks, pairs: Pairs, time_s: Floats, options: FusionOptions) -> Registration:
    """Estimate the drive's shift at each observation, and each pair's likelihood ratio under it.

    Args:
        seen: n observations.
        known: references.
        pairs: candidates among them.
        time_s: (n,) without gaps, in the order of driving or not.
        options: what is known of receivers.
    """
    if not len(pairs):
        return Registration(np.zeros((len(seen), 2)), np.zeros(0))
    shared = np.median(seen.shared[pairs.seen]), np.median(known.shared[pairs.known])
    sigma = max(float(np.hypot(*shared)), 0.1)
    grid = _Grid(np.linspace(-REACH_SIGMA * sigma, REACH_SIGMA * sigma, 2 * HALF_CELLS + 1), sigma)
    step = np.floor((time_s - time_s.min()) / options.step_s).astype(np.int64)
    steps, step_of = np.unique(step, return_inverse=True)
    if options.register:
        chance = _smooth(_evidence(pairs, step_of, len(steps), grid, options), steps, grid, options)
    else:
        chance = np.broadcast_to(grid.prior.astype(np.float32), (len(steps), *grid.prior.shape))
    ratio = np.zeros(len(pairs))
    for part, rows, found in _density_ratios(pairs, grid, options):
        # What the other observations say of the shift: each is to be judged without its own vote.
        others = chance[step_of[rows]].reshape(len(rows), -1).astype(float)
        if options.register:
            others = others / (1.0 + found.groups())
            others = others / others.sum(axis=1, keepdims=True)
        ratio[part] = np.einsum("pc,pc->p", others[found.group], found.ratio)
    mean = chance.reshape(len(steps), -1) @ grid.shifts.astype(np.float32)
    return Registration(mean[step_of].astype(float), ratio)


@dataclass(frozen=True, slots=True)
class _Ratios:
    """Of some pairs, at each shift."""

    ratio: Floats  # (p, c * c) likelihood ratio of each pair at each shift
    group: Ints  # (p,) which observation of this part
    first: Ints  # (g,) where each observation's pairs begin

    def groups(self) -> Floats:
        """(g, c * c): summed over the pairs of an observation."""
        sums: Floats = np.add.reduceat(self.ratio, self.first)
        return sums


def _density_ratios(pairs: Pairs, grid: _Grid, options: FusionOptions) -> Iterator[tuple[slice, Ints, _Ratios]]:
    """Yield the pairs in parts that fit in memory, never parting those of one observation."""
    rows, starts = np.unique(pairs.seen, return_index=True)
    ends = np.append(starts[1:], len(pairs))
    shifts = grid.shifts
    first = 0
    while first < len(rows):
        last = max(int(np.searchsorted(ends, starts[first] + PAIRS_AT_ONCE, "right")), first + 1)
        part = slice(int(starts[first]), int(ends[last - 1]))
        some = Pairs(*(getattr(pairs, name)[part] for name in Pairs.__slots__))
        ratio = densities(some, shifts, grid.cell_m) * (some.likeness * options.detection / options.new_per_m2)[:, None]
        begins = starts[first:last] - starts[first]
        group = np.repeat(np.arange(last - first), ends[first:last] - starts[first:last])
        yield part, rows[first:last], _Ratios(ratio, group, begins)
        first = last


def _evidence(pairs: Pairs, step_of: Ints, n: int, grid: _Grid, options: FusionOptions) -> Chances:
    """(n, c, c) log-likelihood of the observations of each step, at each shift."""
    c = len(grid.axis)
    evidence = np.zeros((n, c * c), np.float32)
    for _, rows, found in _density_ratios(pairs, grid, options):
        np.add.at(evidence, step_of[rows], np.log1p(found.groups()).astype(np.float32))
    return evidence.reshape(n, c, c)


def _smooth(evidence: Chances, steps: Ints, grid: _Grid, options: FusionOptions) -> Chances:
    """Forward and backward over the steps: (n, c, c), each sums to 1."""
    evidence -= evidence.max(axis=(1, 2), keepdims=True)
    likelihood = np.exp(evidence, out=evidence)
    keep = np.exp(-np.diff(steps) * options.step_s / options.error_lasts_s)
    prior = grid.prior
    moves = {float(k): grid.step(float(k)) for k in np.unique(keep) if k > 1e-3}
    forward = np.empty_like(likelihood)
    message = prior
    for k in range(len(steps)):
        if k:
            move = moves.get(float(keep[k - 1]))
            message = prior if move is None else move @ message @ move.T
        message = message * likelihood[k]
        message /= message.sum()
        forward[k] = message
    message = np.ones_like(prior)
    for k in range(len(steps) - 2, -1, -1):
        move = moves.get(float(keep[k]))
        message = likelihood[k + 1] * message
        message = np.ones_like(prior) if move is None else move.T @ message @ move
        message /= message.max()
        forward[k] *= message
        forward[k] /= forward[k].sum()
    return forward
