from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.evaluation.making import picture, scene
from training.evaluation.bootstrap import draws, folds, interval, place, places, strata
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
    groups = ["a", "a", *"bcde", "f", "f", *"ghij"]
    sources = ["x"] * 6 + ["y"] * 6
    weights = draws(groups, sources, 500)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 6] == weights[:, 7]).all()
    assert (weights[:, 1:6].sum(axis=1) == 5).all()  # five places of x in each draw
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.15)
    assert (draws(groups, sources, 500) == weights).all()  # the seed is fixed


def test_sources_of_few_places_are_drawn_together() -> None:
    assert strata(list("abcdefghijkl"), ["x"] * 5 + ["y"] * 7) == ["x"] * 5 + ["y"] * 7
    assert strata(list("aabcdefghijkl"), ["few"] * 2 + ["x"] * 5 + ["y"] * 6) == [""] * 7 + ["y"] * 6
    assert strata(list("abcdefghijkl"), ["p"] * 3 + ["q"] * 2 + ["y"] * 7) == [""] * 5 + ["y"] * 7
    alone = [f"town {n}" for n in range(12)]  # or each would be in every draw, and no draw differ
    assert strata(alone, alone) == [""] * 12
    weights = draws(alone, alone, 200)
    assert (weights.sum(axis=1) == 12).all()
    assert weights.std(axis=0).min() > 0.5


def test_fewer_than_ten_places_are_not_drawn() -> None:
    assert draws(["a"] * 50 + list("bcdefghi"), ["x"] * 58).shape == (0, 58)
    assert len(draws(["a"] * 50 + list("bcdefghij"), ["x"] * 59)) == 1000


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 8)), min_size=1, max_size=60))
def test_a_stratum_has_five_places_where_there_are_so_many(pictures: list[tuple[str, int]]) -> None:
    sources, groups = [source for source, _ in pictures], [f"{source} {n}" for source, n in pictures]
    found = strata(groups, sources)
    sizes = [len({g for g, s in zip(groups, found, strict=True) if s == stratum}) for stratum in set(found)]
    assert min(sizes) >= min(5, len(set(groups)))


def test_a_group_is_one_place_whatever_the_names() -> None:
    drive = [replace(picture(f"frame{n}_left", []), group="drive 1") for n in range(3)]
    assert places([*drive, picture("frame9_left", [])]) == ["test drive 1"] * 3 + ["test frame9_left"]


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
