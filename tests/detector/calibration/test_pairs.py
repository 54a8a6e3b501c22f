import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.scene.calibration.pairs import NARROWEST_M, WIDEST_M, choose


@given(st.lists(st.floats(0, 3), max_size=200), st.integers(1, 60))
def test_pairs_lie_near_together_and_rise(steps: list[float], count: int) -> None:
    driven = np.cumsum(steps)
    first, second = choose(driven, count)
    assert len(first) == len(second) <= count
    assert (np.diff(first) > 0).all()
    apart = driven[second] - driven[first]
    assert ((apart >= NARROWEST_M) & (apart <= WIDEST_M)).all()


def test_pairs_are_spread_over_the_road_not_the_time() -> None:
    # A minute at a light between two stretches of 100 m, at 30 frames/s.
    driven = np.concatenate([np.linspace(0, 100, 300), np.full(1800, 100.0), np.linspace(100, 200, 300)])
    first, _ = choose(driven, 20)
    assert len(first) >= 18
    assert np.abs(np.diff(driven[first]) - 200 / 20).max() < 3


def test_photos_too_far_apart_make_no_pairs() -> None:
    first, second = choose(np.array([0.0, 10.0, 20.0, 24.0, 29.0]), 40)
    assert list(zip(first, second, strict=True)) == [(2, 3), (3, 4)]
