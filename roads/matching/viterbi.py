"""The most likely chain of states, and how sure each of them is.

Viterbi (1967) for the chain, the forward-backward algorithm (Rabiner 1989) for the posterior. Where no state can be
reached from the last fix, the chain breaks and starts anew.
"""

import numpy as np

from detector.types import Floats
from roads.topology import Bools, Ints


def decode(emission: Floats, transition: Floats) -> tuple[Ints, Bools]:
    """The best state of each step (n,), and whether a new chain begins there.

    `emission` (n, k) and `transition` (n - 1, k, k) are log-likelihoods; every row of `emission` has a finite value.
    """
    n, k = emission.shape
    before = np.zeros((n, k), np.int64)
    new = np.zeros(n, bool)
    new[0] = True
    score = emission[0]
    columns = np.arange(k)
    scores = np.empty((n, k))
    scores[0] = score
    for t in range(1, n):
        through = score[:, None] + transition[t - 1]
        best = through.argmax(axis=0)
        score = through[best, columns] + emission[t]
        if score.max() == -np.inf:
            score, new[t] = emission[t], True
        before[t] = best
        scores[t] = score
    state = np.empty(n, np.int64)
    for t in range(n - 1, -1, -1):
        state[t] = scores[t].argmax() if t == n - 1 or new[t + 1] else before[t + 1, state[t + 1]]
    return state, new


def posterior(emission: Floats, transition: Floats, new: Bools) -> Floats:
    """The probability of each state (n, k) given all fixes of its chain."""
    n = len(emission)
    likelihood = np.exp(emission - emission.max(axis=1, keepdims=True))
    move = np.exp(transition)
    forward = np.empty_like(likelihood)
    backward = np.ones_like(likelihood)
    for t in range(n):
        row = likelihood[t] if new[t] else (forward[t - 1] @ move[t - 1]) * likelihood[t]
        total = row.sum()
        forward[t] = row / total if total > 0 else likelihood[t]
    for t in range(n - 2, -1, -1):
        if not new[t + 1]:
            row = move[t] @ (likelihood[t + 1] * backward[t + 1])
            total = row.max()
            backward[t] = row / total if total > 0 else 1.0
    both = forward * backward
    both = np.where(both.sum(axis=1, keepdims=True) > 0, both, forward)
    probability: Floats = both / both.sum(axis=1, keepdims=True)
    return probability
