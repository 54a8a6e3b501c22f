"""The receiver's error is taken off where the roads tell it, and nothing is made up where they don't."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.results import SurveyResult
from roads.lane import LaneOptions, in_lane, receiver_error
from roads.matching import match
from roads.network import Network

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


def test_poses_and_defects_move_together(survey: SurveyResult, network: Network) -> None:
    matching = match(network, [frame.pose for frame in survey.frames])
    moved = in_lane(survey, network, matching)
    at = {frame.index: i for i, frame in enumerate(survey.frames)}
    for before, after in zip(survey.defects, moved.defects, strict=True):
        i = at[before.looks[before.best_look].frame_index]
        pose_before, pose_after = survey.frames[i].pose, moved.frames[i].pose
        assert after.lon - before.lon == pytest.approx(pose_after.lon - pose_before.lon, abs=1e-8)
        assert after.lat - before.lat == pytest.approx(pose_after.lat - pose_before.lat, abs=1e-8)
        assert after.sigma_m <= before.sigma_m + 1e-9


def test_an_empty_survey_stays_empty(survey: SurveyResult, network: Network) -> None:
    nothing = SurveyResult({}, [], [], [], [], [])
    assert in_lane(nothing, network, match(network, [])) == nothing
