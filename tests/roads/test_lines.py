import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from roads.lines import direction

BENT = np.array([shapely.LineString([(0, 0), (10, 0), (10, 10)])])


def at(line: np.ndarray, offset: float, before: float = 1.0, after: float = 1.0) -> list[float]:
    found: list[float] = direction(line, np.array([offset]), before, after)[0].tolist()
    return found


def test_on_a_straight_part_it_is_that_of_the_part() -> None:
    assert at(BENT, 5) == pytest.approx([1, 0])
    assert at(BENT, 15) == pytest.approx([0, 1])


def test_at_a_corner_it_lies_between() -> None:
    assert at(BENT, 10) == pytest.approx([math.sqrt(0.5), math.sqrt(0.5)])
    assert at(BENT, 10, before=0.0) == pytest.approx([0, 1])
    assert at(BENT, 10, after=0.0) == pytest.approx([1, 0])


def test_near_an_end_the_window_moves_inwards() -> None:
    line = np.array([shapely.LineString([(0, 0), (1, 0), (1, 1)])])
    assert at(line, 0, before=1.5, after=0.0) == pytest.approx(np.array([1, 0.5]) / math.hypot(1, 0.5))
    assert at(line, -3) == at(line, 0)
    assert at(line, 99) == at(line, 2)


def test_a_short_line_counts_as_a_whole() -> None:
    line = np.array([shapely.LineString([(0, 0), (0.1, 0), (0.1, 0.1)])])
    assert at(line, 0.05, 8.0, 0.0) == pytest.approx([math.sqrt(0.5), math.sqrt(0.5)])


def test_a_ring_within_the_window_has_none() -> None:
    ring = np.array([shapely.LineString([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])])
    assert at(ring, 2, 8.0, 0.0) == [0, 0]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=5, unique=True),
    st.floats(-10, 300),
    st.floats(0.1, 8),
)
def test_against_digitising_it_is_the_opposite(line: list[tuple[int, int]], offset: float, reach: float) -> None:
    there, back = np.array([shapely.LineString(line)]), np.array([shapely.LineString(line[::-1])])
    ahead = direction(there, np.array([offset]), reach, 0.5)
    behind = direction(back, shapely.length(there) - offset, 0.5, reach)
    assert ahead == pytest.approx(-behind, abs=1e-6)
    assert np.hypot(*ahead.T) == pytest.approx(1) or np.hypot(*ahead.T) == pytest.approx(0)


def test_no_lines_have_no_directions() -> None:
    assert direction(np.empty(0, object), np.empty(0)).shape == (0, 2)
