from itertools import pairwise, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from roads.matching.viterbi import decode, posterior


def chain(seed: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    emission = random.normal(0, 4, (n, k))
    emission[random.random((n, k)) < 0.2] = -np.inf
    emission[:, 0] = random.normal(0, 4, n)
    transition = np.where(random.random((n - 1, k, k)) < 0.3, -100.0, random.normal(0, 4, (n - 1, k, k)))
    return emission, transition


def scores(emission: np.ndarray, transition: np.ndarray) -> dict[tuple[int, ...], float]:
    n, k = emission.shape
    found = {}
    for states in product(range(k), repeat=n):
        steps = sum(transition[t, a, b] for t, (a, b) in enumerate(pairwise(states)))
        found[states] = emission[range(n), states].sum() + steps
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 3))
def test_agree_with_all_chains_tried(seed: int, n: int, k: int) -> None:
    emission, transition = chain(seed, n, k)
    tried = scores(emission, transition)
    best = max(tried.values())
    assert tried[tuple(decode(emission, transition).tolist())] >= best - 1e-9
    wanted = np.zeros((n, k))
    for states, score in tried.items():
        wanted[range(n), states] += np.exp(score - best)
    np.testing.assert_allclose(posterior(emission, transition), wanted / wanted.sum(axis=1, keepdims=True), atol=1e-9)


def test_a_long_chain_of_unlikely_steps_stays_a_probability() -> None:
    emission, transition = chain(1, 5000, 8)
    transition[:] = np.minimum(transition, -60.0)
    probability = posterior(emission, transition)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert (probability >= 0).all()
    assert np.isfinite(emission[range(5000), decode(emission, transition)]).all()
