"""A noiseless drive along any path of any network is recovered exactly."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from roads.matching import match
from tests.roads.drives import drive_along, network_from

Node = tuple[int, int]
Place = tuple[float, float]
SIDE = 5


class Town:
    """Streets between the crossings of an uneven grid, and a drive over them.

    Parallel roads 30 m apart or more, bends, dead ends, T-junctions, loops, one-way streets, and segments that run on
    over several crossings.
    """

    def __init__(self, random: Random) -> None:
        axis = [np.cumsum([random.choice([30.0, 45.0, 110.0]) for _ in range(SIDE)]) for _ in range(2)]
        self.place = {(i, j): (float(axis[0][i]), float(axis[1][j])) for i in range(SIDE) for j in range(SIDE)}
        self.lines: list[list[Place]] = []
        self.street: dict[tuple[Node, Node], tuple[int, float, float, bool]] = {}  # segment, from, to, forward
        self.shape: dict[tuple[Node, Node], list[Place]] = {}
        # Lines that merely cross don't connect, so at each crossing the segments of one direction only run on.
        self.through = {crossing: random.choice([True, False]) for crossing in self.place}
        for across in (False, True):
            for j in range(SIDE):
                row = [(j, i) if across else (i, j) for i in range(SIDE)]
                self._lay_row(row, across, random)
        if not self.street:
            self._lay([(0, 0), (1, 0)], random)
        self.oneway = [0] * len(self.lines)
        self.path = self._drive(random)
        self._make_oneway(random)

    def _lay_row(self, row: list[Node], across: bool, random: Random) -> None:
        """Segments of one or more blocks along a row of crossings; some blocks have no street."""
        run: list[Node] = [row[0]]
        for there in row[1:]:
            if random.random() < 0.25:
                self._lay(run, random)
                run = [there]
            else:
                run.append(there)
                if self.through[there] != across:
                    self._lay(run, random)
                    run = [there]
        self._lay(run, random)

    def _lay(self, run: list[Node], random: Random) -> None:
        if len(run) < 2:
            return
        if random.random() < 0.5:
            run = run[::-1]
        line, at = [self.place[run[0]]], [0.0]
        for a, b in pairwise(run):
            (xa, ya), (xb, yb) = self.place[a], self.place[b]
            bend = random.choice([0.0, 0.0, 5.0, -5.0]) / np.hypot(xb - xa, yb - ya)
            middle = ((xa + xb) / 2 + bend * (yb - ya), (ya + yb) / 2 - bend * (xb - xa))
            shape = [(xa, ya), middle, (xb, yb)] if bend else [(xa, ya), (xb, yb)]
            line += shape[1:]
            at.append(at[-1] + shapely.LineString(shape).length)
            self.shape[a, b], self.shape[b, a] = shape, shape[::-1]
        for (a, b), (low, high) in zip(pairwise(run), pairwise(at), strict=True):
            self.street[a, b] = (len(self.lines), low, high, True)
            self.street[b, a] = (len(self.lines), low, high, False)
        self.lines.append(line)

    def _drive(self, random: Random) -> list[Node]:
        """Crossings passed; turning back at dead ends only."""
        path = list(random.choice(sorted(self.street)))
        for _ in range(random.randint(0, 14)):
            ways = [b for a, b in sorted(self.street) if a == path[-1]]
            onward = [b for b in ways if b != path[-2]]
            path.append(random.choice(onward or ways))
        return path

    def _make_oneway(self, random: Random) -> None:
        driven: dict[int, set[bool]] = {}
        for step in pairwise(self.path):
            segment, _, _, forward = self.street[step]
            driven.setdefault(segment, set()).add(forward)
        for segment, ways in driven.items():
            if len(ways) == 1 and random.random() < 0.3:
                self.oneway[segment] = 1 if ways == {True} else -1

    def expected(self) -> list[tuple[int, float, float, bool]]:
        spans: list[tuple[int, float, float, bool]] = []
        for step in pairwise(self.path):
            segment, low, high, forward = self.street[step]
            if spans and (spans[-1][0], spans[-1][3]) == (segment, forward):
                _, before_low, before_high, _ = spans.pop()
                low, high = min(low, before_low), max(high, before_high)
            spans.append((segment, low, high, forward))
        return spans

    def corners(self) -> list[Place]:
        return [
            self.place[self.path[0]],
            *(place for step in pairwise(self.path) for place in self.shape[step][1:]),
        ]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([2.0, 4.0, 6.0]))
def test_noiseless_drive_is_recovered_exactly(seed: int, step_m: float) -> None:
    town = Town(Random(seed))
    network = network_from(town.lines, town.oneway)
    result = match(network, drive_along(town.corners(), step_m))
    wanted = town.expected()
    assert [(span.segment, span.forward) for span in result.spans] == [(w[0], w[3]) for w in wanted]
    for span, (_, low, high, _) in zip(result.spans, wanted, strict=True):
        assert (span.from_m, span.to_m) == pytest.approx((low, high), abs=0.02)
    assert set(result.reason) == {""}
    assert np.max(result.distance_m) < 0.02
