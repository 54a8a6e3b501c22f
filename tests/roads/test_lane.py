"""The receiver's error is taken off where the roads tell it, and nothing is made up where they don't."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roads.lane import LaneOptions, drive_error, receiver_error, remaining_sigma
from roads.matching import match
from tests.roads.drives import ORIGIN, drive_along, network_from

OPTIONS = LaneOptions()
STATED_M = 3.0


def directions(heading_deg: np.ndarray) -> np.ndarray:
    """Unit vectors to the left of the headings."""
    h = np.radians(heading_deg)
    return np.column_stack([-np.cos(h), np.sin(h)])


def test_a_steady_error_is_found_after_a_corner() -> None:
    heading = np.repeat([0.0, 90.0], 60)
    across = directions(heading)
    error = np.array([3.0, -2.0])
    found, sigma = receiver_error(np.arange(120.0), across, across @ error, np.ones(120, bool), STATED_M, OPTIONS)
    assert np.hypot(*(found[55] - error)) < 1.2  # near the corner both directions are known
    assert np.hypot(*(found[65] - error)) < 1.2
    assert sigma[60] < 1.5


def test_on_a_straight_road_only_the_error_across_is_taken_off() -> None:
    across = directions(np.zeros(60))
    found, sigma = receiver_error(np.arange(60.0), across, np.full(60, 2.0), np.ones(60, bool), STATED_M, OPTIONS)
    assert across @ [1, 0] == pytest.approx(-1)
    assert found[30] == pytest.approx([-2.0, 0.0], abs=0.3)
    assert sigma[30] > 2.0  # along the road nothing was learnt


@given(st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=30)
def test_without_a_match_nothing_moves(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    across = directions(rng.uniform(0, 360, n))
    found, sigma = receiver_error(
        np.arange(float(n)), across, rng.normal(0, 5, n), np.zeros(n, bool), STATED_M, OPTIONS
    )
    assert (found == 0).all()
    assert sigma == pytest.approx(np.full(n, STATED_M))


@given(st.integers(2, 40), st.integers(0, 99))
@settings(max_examples=30)
def test_learning_never_adds_doubt(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    across = directions(rng.uniform(0, 360, n))
    _, sigma = receiver_error(np.arange(float(n)), across, rng.normal(0, 3, n), rng.random(n) < 0.7, STATED_M, OPTIONS)
    assert (sigma <= STATED_M + 1e-9).all()


@given(st.integers(1, 30), st.integers(0, 99))
@settings(max_examples=30)
def test_it_is_the_least_squares_of_all_that_is_known(n: int, seed: int) -> None:
    """The smoother against the same model solved at once, as one Gaussian (Rauch, Tung & Striebel 1965)."""
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.uniform(0, 40, n))
    across, off, known = directions(rng.uniform(0, 360, n)), rng.normal(0, 3, n), rng.random(n) < 0.7
    correlation = np.exp(-np.abs(time_s[:, None] - time_s) / OPTIONS.error_lasts_s)
    prior = STATED_M**2 * np.kron(correlation, np.eye(2))
    seen = np.zeros((int(known.sum()), 2 * n))
    for row, i in enumerate(np.flatnonzero(known)):
        seen[row, 2 * i : 2 * i + 2] = across[i]
    gain = prior @ seen.T @ np.linalg.inv(seen @ prior @ seen.T + OPTIONS.lane_sigma_m**2 * np.eye(len(seen)))
    covariance = (prior - gain @ seen @ prior).diagonal().reshape(n, 2)
    found, sigma = receiver_error(time_s, across, off, known, STATED_M, OPTIONS)
    assert found.ravel() == pytest.approx(gain @ off[known], abs=1e-6)
    assert sigma == pytest.approx(np.sqrt(covariance.mean(axis=1)), abs=1e-6)


def test_photos_without_a_time_don_t_learn_from_each_other() -> None:
    across = directions(np.zeros(2))
    known = np.array([True, False])
    found, sigma = receiver_error(np.full(2, np.nan), across, np.full(2, 2.0), known, STATED_M, OPTIONS)
    assert found[0] @ across[0] > 1
    assert (found[1].tolist(), sigma[1]) == ([0, 0], STATED_M)


@pytest.mark.parametrize(("oneway", "lane_m"), [(0, -1.75), (1, 0.0)])
def test_a_drive_is_moved_into_its_lane(oneway: int, lane_m: float) -> None:
    network = network_from([[(0, 0), (600, 0)]], [oneway])
    poses = drive_along([(0, 3), (600, 3)])
    points = network.to_metres(np.array([p.lon for p in poses]), np.array([p.lat for p in poses]))
    time_s, sigma_m = np.array([p.time_s for p in poses]), np.full(len(poses), 3.0)
    sigma_m[5] = np.nan
    error, sigma = drive_error(network, match(network, poses), points, time_s, sigma_m)
    assert (points - error - ORIGIN)[20:-20, 1] == pytest.approx(np.full(len(poses) - 40, lane_m), abs=0.4)
    assert error[:, 0] == pytest.approx(np.zeros(len(poses)), abs=1e-6)  # nothing is known along the road
    assert (sigma < 3).all()


def test_nothing_is_learnt_where_nothing_is_stated() -> None:
    network = network_from([[(0, 0), (600, 0)]])
    poses = drive_along([(0, 3), (600, 3)])
    points = network.to_metres(np.array([p.lon for p in poses]), np.array([p.lat for p in poses]))
    for stated in (np.nan, 0.0):
        sigma_m = np.full(len(poses), stated)
        error, sigma = drive_error(network, match(network, poses), points, np.arange(len(poses), dtype=float), sigma_m)
        assert (error == 0).all()
        assert np.array_equal(sigma, sigma_m, equal_nan=True)


def test_defects_keep_what_measuring_added() -> None:
    before, after = np.array([4.0, 4.0, 4.0]), np.array([3.0, 4.0, 0.0])
    sigma = remaining_sigma(np.array([5.0, 5.0, 2.0]), before, after)
    assert sigma == pytest.approx([np.hypot(3, 3), 5, 0])


def test_an_empty_drive() -> None:
    network = network_from([[(0, 0), (600, 0)]])
    nothing = np.empty(0)
    error, sigma = drive_error(network, match(network, []), np.empty((0, 2)), nothing, nothing)
    assert (error.shape, sigma.shape) == ((0, 2), (0,))
