from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.types import Pose
from roads.driven import Driven, follow
from roads.locate import HALF_ROAD_M, OFF_ROAD_M, Places, lane_position, locate
from roads.matching import match
from roads.network import Network
from tests.roads.drives import ORIGIN, drive_along, network_from

Line = list[tuple[float, float]]
TEE: list[Line] = [[(0, 0), (200, 0)], [(200, 0), (400, 0)], [(200, 0), (200, 200)]]


def drive(network: Network, poses: list[Pose]) -> Driven:
    points = network.to_metres(np.array([p.lon for p in poses]), np.array([p.lat for p in poses]))
    return follow(network, match(network, poses), np.array([p.time_s for p in poses]), points)


def found(network: Network, poses: list[Pose], *defects: tuple[float, float, int]) -> Places:
    """Place defects at x, y, best seen in a frame."""
    return seen_from(network, drive(network, poses), *defects)


def seen_from(network: Network, driven: Driven, *defects: tuple[float, float, int]) -> Places:
    table = np.array(defects, float).reshape(len(defects), 3)
    return locate(network, driven, table[:, :2] + ORIGIN, table[:, 2].astype(np.int64))


@cache
def straight(length_m: int, parts: int, reverse: bool) -> tuple[Network, Driven]:
    """A drive along a straight road of so many segments."""
    ends = np.linspace(0, length_m, parts + 1).tolist()
    lines: list[Line] = [[(a, 0.0), (b, 0.0)] for a, b in pairwise(ends)]
    network = network_from([line[::-1] if reverse else line for line in lines])
    return network, drive(network, drive_along([(0, 0), (length_m, 0)]))


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 399), st.floats(-8, 8).filter(lambda y: abs(y) > 0.01), st.booleans())
def test_offset_and_distance(x: float, y: float, reverse: bool) -> None:
    place = seen_from(*straight(400, 1, reverse), (x, y, int(x // 5)))
    assert place.segment.tolist() == [0]
    assert place.offset_m == pytest.approx([400 - x if reverse else x], abs=0.01)
    assert place.from_line_m == pytest.approx([-y if reverse else y], abs=0.01)
    assert place.reason.tolist() == [""]


def test_the_segment_ahead_and_the_side_street() -> None:
    network, poses = network_from(TEE), drive_along([(0, 0), (400, 0)])
    places = found(network, poses, (210, -2, 38), (199, 3, 38), (200, 12, 38), (190, 2, 38))
    assert places.segment.tolist() == [1, 0, 2, 0]
    assert places.offset_m[2] == pytest.approx(12, abs=0.01)


def test_a_road_on_another_level_never_takes_it() -> None:
    network = network_from([[(0, 0), (400, 0)], [(200, -200), (200, 200)]])
    place = found(network, drive_along([(0, 0), (400, 0)]), (200, 6, 38))
    assert (place.segment.tolist(), place.from_line_m.tolist()) == ([0], [pytest.approx(6)])


def test_a_road_driven_at_another_time_does_not_take_it() -> None:
    """The bridge is driven too, but only after a long way round."""
    lines: list[Line] = [[(0, 0), (400, 0)], [(400, 0), (400, 200), (200, 200)], [(200, 200), (200, -200)]]
    poses = drive_along([(0, 0), (400, 0), (400, 200), (200, 200), (200, -200)])
    place = found(network_from(lines), poses, (203, 8, 38), (203, 8, 190))
    assert place.segment.tolist() == [0, 2]


def test_every_defect_has_a_place_or_a_reason() -> None:
    network, poses = network_from([[(0, 0), (400, 0)]]), drive_along([(0, 0), (400, 0), (800, 0)])
    places = found(network, poses, (100, 40, 20), (799, 0, len(poses) - 1), (np.nan, 0, 20), (440, 0, 88))
    assert places.segment.tolist() == [-1] * 4
    assert places.reason.tolist() == [
        "farther than 25 m from the roads driven",
        "its frame is on no segment: farther than 40 m from any road",
        "its place is not a number",
        "farther than 25 m from the roads driven",  # a frame off the network, soon after one on it
    ]
    assert np.isnan(places.offset_m).all()
    assert np.isnan(places.from_line_m).all()


@settings(max_examples=30, deadline=None)
@given(st.floats(2, 998), st.floats(-8, 8), st.floats(3, 25))
def test_with_sections_it_goes_to_the_one_it_lies_on(x: float, y: float, ahead: float) -> None:
    place = seen_from(*straight(1000, 10, False), (x, y, max(int((x - ahead) // 5), 0)))
    assert place.segment[0] in {int(x // 100), int((x - 1e-6) // 100)}
    assert place.offset_m[0] == pytest.approx(x % 100, abs=0.01) or min(x % 100, 100 - x % 100) < 0.01


def test_a_section_too_short_for_a_frame_gets_what_lies_on_it() -> None:
    lines: list[Line] = [[(0, 0), (101, 0)], [(101, 0), (104, 0)], [(104, 0), (200, 0)]]
    place = found(network_from(lines), drive_along([(0, 0), (200, 0)]), (102.5, 1, 18))
    assert (place.segment.tolist(), place.offset_m.tolist()) == ([1], [pytest.approx(1.5)])


TOWN: list[Line] = [
    *([(100.0 * x, 100.0 * y), (100.0 * (x + 1), 100.0 * y)] for y in range(4) for x in range(3)),
    *([(100.0 * x, 100.0 * y), (100.0 * x, 100.0 * (y + 1))] for y in range(3) for x in range(4)),
]


def by_hand(network: Network, driven: Driven, xy: np.ndarray, frame: int) -> int:
    """The rule, one defect at a time: driven near the frame, or joining that; on the surface driven before all else."""
    lines, path = network.segments.geometry.to_numpy(), driven.path
    near = (path.end_m >= driven.chainage_m[frame] - 60) & (path.begin_m <= driven.chainage_m[frame] + 60)
    on = set(path.segment[near].tolist())
    touching = {i for i, line in enumerate(lines) if any(shapely.touches(line, lines[k]) for k in on)}
    away = {i: float(shapely.distance(lines[i], shapely.Point(xy))) for i in on | touching}
    surface = {i: away[i] for i in on if away[i] <= HALF_ROAD_M}
    choice = surface or {i: d for i, d in away.items() if d <= OFF_ROAD_M}
    return min(choice, key=lambda i: (choice[i], i not in on, i)) if choice else -1


def test_it_agrees_with_the_rule_by_hand() -> None:
    network = network_from(TOWN)
    poses = drive_along([(0, 0), (100, 0), (100, 200), (300, 200), (300, 0), (200, 0), (200, 300)])
    driven = drive(network, poses)
    random = np.random.default_rng(5)
    frame = random.integers(0, len(poses), 800)
    xy = driven.points[frame] + random.uniform(-45, 45, (800, 2))
    places = locate(network, driven, xy, frame)
    lines = network.segments.geometry.to_numpy()
    for i, k in enumerate(frame.tolist()):
        expected = by_hand(network, driven, xy[i], k)
        if places.segment[i] != expected:  # as near to another
            there, here = (shapely.distance(lines[s], shapely.Point(xy[i])) for s in (expected, places.segment[i]))
            assert there == pytest.approx(here)
    assert 0.02 < (places.segment < 0).mean() < 0.5


def test_no_defects() -> None:
    network = network_from(TEE)
    assert len(found(network, drive_along([(0, 0), (400, 0)])).segment) == 0


def test_where_across_the_lane() -> None:
    left_m = np.array([-4, -1.5, -0.9, 0, 0.9, 1.5, 4, np.nan])
    assert lane_position(left_m).tolist() == [
        *("other lane", "edge", "right wheel path", "between the wheel paths", "left wheel path", "centre"),
        *("other lane", ""),
    ]
