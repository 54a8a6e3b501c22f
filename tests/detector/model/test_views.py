import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.views import fuse, mirrored

rows = st.lists(
    st.tuples(*[st.floats(0, 50)] * 2, *[st.floats(60, 100)] * 2, st.floats(0.01, 1), st.integers(0, 2)), max_size=8
).map(lambda found: np.array(found, np.float64).reshape(-1, 6))


def test_what_both_looks_find_lies_between_them_and_what_one_finds_counts_half() -> None:
    first = np.array([[0, 0, 10, 10, 0.6, 1], [50, 50, 60, 60, 0.4, 1]], np.float64)
    second = np.array([[0, 0, 12, 10, 0.3, 1], [0, 0, 10, 10, 0.5, 2]], np.float64)
    np.testing.assert_allclose(
        fuse([first, second]),
        [
            [0, 0, (10 * 0.6 + 12 * 0.3) / 0.9, 10, 0.45, 1],
            [0, 0, 10, 10, 0.25, 2],  # of another class: not the same damage
            [50, 50, 60, 60, 0.2, 1],
        ],
    )


def test_nothing_found_stays_nothing() -> None:
    assert fuse([np.zeros((0, 6)), np.zeros((0, 6))]).shape == (0, 6)


@given(rows)
def test_a_second_look_that_sees_the_same_changes_nothing_but_what_overlaps(found: np.ndarray) -> None:
    once, twice = fuse([found]), fuse([found, found])
    assert len(twice) == len(once) <= len(found)
    assert (np.diff(twice[:, 4]) <= 0).all()
    assert ((twice[:, 4] >= 0) & (twice[:, 4] <= 1)).all()
    np.testing.assert_allclose(np.unique(twice[:, 5]), np.unique(found[:, 5]))


@given(rows, st.integers(100, 200))
def test_the_mirror_of_the_mirror_is_the_picture(found: np.ndarray, width: int) -> None:
    boxes = found[:, :4]
    once = mirrored(boxes, width)
    assert (once[:, 2] >= once[:, 0]).all()
    np.testing.assert_allclose(mirrored(once, width), boxes, atol=1e-9)


def test_boxes_in_the_mirror() -> None:
    assert mirrored(np.array([[10.0, 1, 30, 2]]), 100).tolist() == [[70, 1, 90, 2]]
    assert mirrored(np.zeros((0, 4)), 100).shape == (0, 4)
    with pytest.raises(IndexError):
        mirrored(np.zeros((1, 3)), 100)
