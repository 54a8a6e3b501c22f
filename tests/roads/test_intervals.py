"""Unions and differences agree with counting metres one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roads.intervals import Intervals, difference, union

Rows = list[tuple[int, int, int]]  # group, start, length

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(1, 20)), max_size=15)


def intervals(rows: Rows) -> Intervals:
    table = np.array(rows, float).reshape(len(rows), 3)
    return Intervals(table[:, 0].astype(np.int64), table[:, 1], table[:, 1] + table[:, 2])


def metres(found: Intervals) -> set[tuple[int, int]]:
    rows = zip(found.group.tolist(), found.start.tolist(), found.end.tolist(), strict=True)
    return {(group, m) for group, start, end in rows for m in range(round(start), round(end))}


def is_disjoint(found: Intervals) -> bool:
    order = np.lexsort((found.start, found.group))
    same = found.group[1:] == found.group[:-1]
    return bool((order == np.arange(len(found))).all() and (found.start[1:] >= found.end[:-1])[same].all())


@given(rows)
def test_union(given_rows: Rows) -> None:
    given_ = intervals(given_rows)
    merged, member = union(given_)
    assert metres(merged) == metres(given_)
    assert is_disjoint(merged)
    assert merged.total(4).tolist() == [sum(g == group for g, _ in metres(given_)) for group in range(4)]
    assert (merged.group[member] == given_.group).all()
    assert (merged.start[member] <= given_.start).all()
    assert (merged.end[member] >= given_.end).all()
    touching = (merged.group[1:] == merged.group[:-1]) & (merged.start[1:] == merged.end[:-1])
    assert not touching.any()


@given(rows, rows)
def test_difference(a: Rows, b: Rows) -> None:
    mine, taken = union(intervals(a))[0], union(intervals(b))[0]
    left, source = difference(mine, taken)
    assert metres(left) == metres(mine) - metres(taken)
    assert is_disjoint(left)
    assert (mine.group[source] == left.group).all()
    assert ((mine.start[source] <= left.start) & (mine.end[source] >= left.end)).all()


def test_slivers_of_a_difference_are_dropped() -> None:
    left, _ = difference(intervals([(0, 0, 10)]), Intervals(np.array([0]), np.array([0.009]), np.array([5.0])))
    assert (left.start.tolist(), left.end.tolist()) == ([5.0], [10.0])


def test_what_nearly_touches_is_one() -> None:
    near = Intervals(np.array([1, 1]), np.array([0.0, 5.0 + 1e-7]), np.array([5.0, 8.0]))
    merged, member = union(near)
    assert (len(merged), member.tolist()) == (1, [0, 0])
    assert merged.total(2) == pytest.approx([0, 8])
