import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.evaluation.making import scene
from training.evaluation.bootstrap import draws, folds, interval, place, places
from training.evaluation.matching import outcomes
from training.evaluation.scores import f1_draws, f1_over


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("1044259_DF_060_060BDF0050_00121", "s DF_060_060BDF0050 0"),
        ("1044260_DF_060_060BDF0050_00399", "s DF_060_060BDF0050 1"),
        ("Czech_000235", "s Czech 1"),
        ("street", "s street"),
        ("17", "s  0"),
    ],
)
def test_a_place_is_the_road_and_a_block_of_numbers(stem: str, expected: str) -> None:
    assert place("s", stem) == expected


def test_a_place_is_drawn_as_a_whole_and_each_source_keeps_its_size() -> None:
    groups = ["a", "a", "b", "c", "c", "d"]
    sources = ["x", "x", "x", "y", "y", "y"]
    weights = draws(groups, sources, 500)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert (weights[:, 0] + weights[:, 2] == 2).all()  # two places of x in each draw
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.15)
    assert (draws(groups, sources, 500) == weights).all()  # the seed is fixed


def test_the_interval_of_a_share_is_that_of_theory() -> None:
    rng = np.random.default_rng(1)
    right = rng.random(400) < 0.3
    weights = draws([str(n) for n in range(400)], ["s"] * 400, 2000)
    low, high = interval(weights @ right / weights.sum(axis=1)) or (0, 0)
    sigma = (right.mean() * (1 - right.mean()) / 400) ** 0.5
    assert (low, high) == pytest.approx((right.mean() - 1.96 * sigma, right.mean() + 1.96 * sigma), abs=0.008)


def test_an_interval_is_not_known_where_most_draws_give_no_figure() -> None:
    assert interval(np.array([np.nan, np.nan, np.nan, 1.0])) is None
    assert interval(np.zeros(0)) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_figure_lies_within_its_draws(seed: int) -> None:
    truth, found = scene(seed, pictures=20)
    matched = outcomes(truth, found, (0.5,))
    drawn = f1_draws(matched, draws(places(truth), [p.source for p in truth], 200))
    assert np.nanmin(drawn) - 1e-9 <= f1_over(matched).f1 <= np.nanmax(drawn) + 1e-9


@given(st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=60))
def test_a_place_lies_in_one_fold(groups: list[str]) -> None:
    fold = folds(groups)
    assert {g: set(fold[np.array(groups) == g]) for g in groups}.values()
    assert all(len(set(fold[np.array(groups) == g])) == 1 for g in groups)
    if len(set(groups)) >= 5:
        assert set(fold) == set(range(5))
