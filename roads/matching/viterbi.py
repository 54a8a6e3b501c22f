"""The most likely chain of states (Viterbi 1967), and how sure each is (forward-backward, Rabiner 1989).

Both are products of matrices along the chain, in two semirings. A product is associative, so blocks of the chain are
worked through side by side (a two-level scan), which leaves a loop of sqrt(n) steps instead of n.
"""

from collections.abc import Callable

import numpy as np

from detector.types import Floats, Ints

Product = Callable[[Floats, Floats], Floats]


def decode(emission: Floats, transition: Floats) -> Ints:
    """The best state of each step (n,). Log-likelihoods: `emission` (n, k), and `transition` (n - 1, k, k), finite."""
    scores = _scan(emission[0], transition + emission[1:, None, :], _max_plus)
    before = (scores[:-1, :, None] + transition).argmax(axis=1)
    chain = [int(scores[-1].argmax())]
    for row in before[::-1].tolist():
        chain.append(row[chain[-1]])
    return np.array(chain[::-1])


def posterior(emission: Floats, transition: Floats) -> Floats:
    """The probability of each state (n, k) given all fixes; `emission` and `transition` as in `decode`."""
    likelihood = np.exp(emission - emission.max(axis=1, keepdims=True))
    move = np.exp(transition)
    forward = _scan(likelihood[0], move * likelihood[1:, None, :], _sum_product)
    after = (move * likelihood[1:, None, :])[::-1].transpose(0, 2, 1)
    backward = _scan(np.ones_like(likelihood[0]), after, _sum_product)[::-1]
    both = forward * backward
    probability: Floats = both / both.sum(axis=1, keepdims=True)
    return probability


def _scan(first: Floats, steps: Floats, product: Product) -> Floats:
    """The rows first, first * steps[0], first * steps[0] * steps[1], ... as (n, k), for `steps` (n - 1, k, k)."""
    n, k = len(steps), len(first)
    size = max(int(np.sqrt(n)), 1)
    blocks = -(-n // size)
    padding = np.repeat(steps[-1:], blocks * size - n, axis=0)
    inside = np.concatenate([steps, padding]).reshape(blocks, size, k, k)
    for i in range(1, size):
        inside[:, i] = product(inside[:, i - 1], inside[:, i])
    begin = np.empty((blocks, 1, k))
    row = first[None, :]
    for block in range(blocks):
        begin[block] = row
        row = product(row, inside[block, -1])
    rows = product(np.broadcast_to(begin[:, None], (blocks, size, 1, k)), inside)
    return np.concatenate([first[None, :], rows.reshape(-1, k)[:n]])


def _max_plus(a: Floats, b: Floats) -> Floats:
    result: Floats = (a[..., :, :, None] + b[..., None, :, :]).max(axis=-2)
    return result


def _sum_product(a: Floats, b: Floats) -> Floats:
    """Scaled, for only proportions matter and the products of many would vanish."""
    result = a @ b
    scaled: Floats = result / result.max(axis=(-2, -1), keepdims=True)
    return scaled
