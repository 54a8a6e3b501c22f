"""Sums and picks over the rows of each group, for tables of millions of rows."""

from dataclasses import dataclass

import numpy as np

from detector.types import Floats, Ints


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows that lie together by group: those of group g are first[g] .. first[g + 1] - 1."""

    first: Ints  # (g,)
    of: Ints  # (n,) group of each row

    def __len__(self) -> int:
        return len(self.first)

    @property
    def last(self) -> Ints:
        """(g,) the last row of each group."""
        return np.append(self.first[1:], len(self.of)) - 1

    def total(self, values: Floats) -> Floats:
        """(g,)."""
        return np.bincount(self.of, values, len(self.first)).astype(float)

    def mean(self, values: Floats, weight: Floats) -> Floats:
        """(g,) the weighted mean."""
        mean: Floats = self.total(values * weight) / self.total(weight)
        return mean

    def most(self, values: Floats) -> Floats:
        """(g,) the greatest value."""
        most: Floats = np.maximum.reduceat(values, self.first) if len(self.first) else values[:0]
        return most

    def best(self, values: Floats) -> Ints:
        """(g,) the row of the greatest value of each group; of equal ones the last."""
        rows: Ints = np.lexsort((values, self.of))[self.last]
        return rows


def grouped(*keys: Ints) -> Groups:
    """Group rows that are already sorted by these keys."""
    changes = np.zeros(len(keys[0]), bool)
    changes[:1] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return Groups(np.flatnonzero(changes), np.cumsum(changes) - 1)
