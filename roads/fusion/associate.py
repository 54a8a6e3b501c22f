"""Observations of one visit -> the defects they are sights of, or new ones.

Within a visit no two observations are the same damage (tracking has joined the looks of a pass), so each defect takes
at most one: the best one-to-one assignment of all together (global nearest neighbour; Bar-Shalom, Willett & Tian 2011,
ch. 7), by the sparse form of Jonker & Volgenant's algorithm that SciPy has. Only parts of long damage come on top.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from detector.types import Floats, Ints
from roads.fusion.marks import Marks
from roads.fusion.options import FusionOptions
from roads.fusion.pairs import Pairs, candidates
from roads.fusion.register import register


@dataclass(frozen=True, slots=True)
class Association:
    """What became of n observations."""

    known: Ints  # (n,) row of the reference, -1 = new
    shift: Floats  # (n, 2) metres by which the drive is off there


def associate(seen: Marks, known: Marks, time_s: Floats, options: FusionOptions) -> Association:
    """Give each observation of one visit its defect. `time_s` is (n,), without gaps."""
    pairs = candidates(seen, known, options)
    registered = register(seen, known, pairs, time_s, options)
    taken = assign(pairs.seen, pairs.known, registered.ratio, len(seen), len(known))
    _add_parts(taken, seen, known, pairs, registered.shift, options)
    return Association(taken, registered.shift)


def assign(seen: Ints, known: Ints, ratio: Floats, n: int, m: int) -> Ints:
    """Find the one-to-one assignment with the greatest product of likelihood ratios; new has ratio 1.

    Args:
        seen: (p,) row of each pair's observation, 0..n-1.
        known: (p,) row of its reference, 0..m-1.
        ratio: (p,) >= 0, the same damage against new.
        n: observations.
        m: references.

    Returns:
        (n,) row of the reference of each observation, -1 for a new one.
    """
    taken = np.full(n, -1, np.int64)
    better = ratio > 1.0
    if not better.any():
        return taken
    i, j, gain = seen[better], known[better], np.log(ratio[better])
    rows, i = np.unique(i, return_inverse=True)
    columns, j = np.unique(j, return_inverse=True)
    new = np.arange(len(rows))  # each observation may also take a column of its own: to be new
    # All weights are raised alike, which changes no assignment: a sparse matrix takes a zero for no edge.
    weight = np.concatenate([gain.max() - gain, np.full(len(rows), gain.max())]) + 1.0
    at = np.concatenate([i, new]), np.concatenate([j, len(columns) + new])
    matrix = csr_array((weight, at), shape=(len(rows), len(columns) + len(rows)))
    row, column = min_weight_full_bipartite_matching(matrix)
    old = column < len(columns)
    taken[rows[row[old]]] = columns[column[old]]
    return taken


def _add_parts(taken: Ints, seen: Marks, known: Marks, pairs: Pairs, shift: Floats, options: FusionOptions) -> None:
    """Give what is left over to the long damage of its class that it lies inside: one damage seen in several parts."""
    left = np.flatnonzero(
        (taken[pairs.seen] < 0)
        & (known.size[pairs.known, 0] > options.long_m)
        & (seen.class_id[pairs.seen] == known.class_id[pairs.known])
    )
    i, j = pairs.seen[left], pairs.known[left]
    apart = pairs.apart[left] - shift[i]
    s = np.abs(np.einsum("ij,ij->i", apart, pairs.along[left]))
    t = np.abs(apart[:, 1] * pairs.along[left, 0] - apart[:, 0] * pairs.along[left, 1])
    a, b = seen.size[i], known.size[j]
    shared = np.minimum(a[:, 0], (a[:, 0] + b[:, 0]) / 2 - s) / np.maximum(a[:, 0], 0.01)
    beside = t <= np.maximum(a[:, 1], b[:, 1]) / 2 + known.own[j, 1]
    inside = np.flatnonzero((shared >= options.inside) & beside)
    inside = inside[np.lexsort((j[inside], s[inside], -shared[inside], i[inside]))]
    rows, best = np.unique(i[inside], return_index=True)
    taken[rows] = j[inside[best]]
