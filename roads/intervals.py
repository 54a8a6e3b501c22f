"""Unions and differences of very many intervals at once, each group of them for itself.

A group is whatever must not be mixed: a segment, or a segment in one direction. All arrays are (n,) and aligned.
"""

from dataclasses import dataclass

import numpy as np

from detector.types import Bools, Floats, Ints

TOUCH = 1e-6  # intervals this near are one
SLIVER = 0.01  # shorter remains of a difference are dropped


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals with from < to, on an axis of their own for each group."""

    group: Ints
    start: Floats
    end: Floats

    def __len__(self) -> int:
        return len(self.group)

    def __getitem__(self, rows: Ints | Bools) -> "Intervals":
        return Intervals(self.group[rows], self.start[rows], self.end[rows])

    def total(self, groups: int) -> Floats:
        """Add up the lengths per group: (groups,)."""
        return np.bincount(self.group, self.end - self.start, minlength=groups).astype(np.float64)


def union(intervals: Intervals) -> tuple[Intervals, Ints]:
    """Merge what overlaps or touches within a group.

    Returns:
        The disjoint intervals, sorted by group and start, and which of them each given interval became part of.
    """
    n = len(intervals)
    order = np.lexsort((intervals.start, intervals.group))
    given = intervals[order]
    # The furthest end so far, as a rank among all (group, end): a later group ranks above every earlier one.
    by_end = np.lexsort((given.end, given.group))
    rank = np.empty(n, np.int64)
    rank[by_end] = np.arange(n)
    reach = given.end[by_end[np.maximum.accumulate(rank)]]
    opens = np.ones(n, bool)
    opens[1:] = (given.group[1:] != given.group[:-1]) | (given.start[1:] > reach[:-1] + TOUCH)
    first = np.flatnonzero(opens)
    last = np.append(first[1:], n) - 1 if n else first
    member = np.empty(n, np.int64)
    member[order] = np.cumsum(opens) - 1
    return Intervals(given.group[first], given.start[first], reach[last]), member


def difference(intervals: Intervals, taken: Intervals) -> tuple[Intervals, Ints]:
    """Return what is left of disjoint intervals outside others. Slivers under a centimetre are dropped.

    Args:
        intervals: disjoint within each group, as `union` returns them.
        taken: likewise.

    Returns:
        The remains, sorted by group and start, and which of the intervals each is a part of.
    """
    n, m = len(intervals), len(taken)
    group = np.concatenate([intervals.group, intervals.group, taken.group, taken.group])
    at = np.concatenate([intervals.start, intervals.end, taken.start, taken.end])
    order = np.lexsort((at, group))
    group, at = group[order], at[order]
    mine = np.repeat([1, -1, 0, 0], [n, n, m, m])[order]
    theirs = np.repeat([0, 0, 1, -1], [n, n, m, m])[order]
    # From one event to the next nothing changes; where a group ends, nothing is open.
    rows = np.flatnonzero(((np.cumsum(mine) > 0) & (np.cumsum(theirs) == 0))[:-1])
    rows = rows[at[rows + 1] - at[rows] > SLIVER]
    opened = np.maximum.accumulate(np.where(mine > 0, np.arange(len(order)), 0))
    return Intervals(group[rows], at[rows], at[rows + 1]), order[opened[rows]]
