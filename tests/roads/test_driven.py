"""Frames on the path driven, and the visits to each segment."""

import numpy as np
import pytest

from detector.types import Pose
from roads.driven import Driven, follow
from roads.matching import Matching, Span, match
from roads.network import Network
from tests.roads.drives import ORIGIN, drive_along, network_from

CROSS = [[(0.0, 0.0), (200.0, 0.0)], [(200.0, 0.0), (400.0, 0.0)], [(200.0, 0.0), (200.0, 200.0)]]


def driven_along(network: Network, poses: list[Pose]) -> Driven:
    points = network.to_metres(np.array([p.lon for p in poses]), np.array([p.lat for p in poses]))
    return follow(network, match(network, poses), np.array([p.time_s for p in poses]), points)


def visits(driven: Driven) -> list[tuple[int, bool, int]]:
    path = driven.path
    return list(zip(path.segment.tolist(), path.forward.tolist(), path.visit.tolist(), strict=True))


def test_the_path_is_a_visit_to_each_segment_and_runs_on_but_for_corners() -> None:
    driven = driven_along(network_from(CROSS), drive_along([(0, 0), (400, 0)]))
    assert visits(driven) == [(0, True, 0), (1, True, 0)]
    assert driven.path.runs_on.tolist() == [True, False]
    assert driven.chainage_m == pytest.approx(np.append(np.arange(0, 400, 5.0), 400), abs=1e-3)
    corner = driven_along(network_from(CROSS), drive_along([(0, 0), (200, 0), (200, 200)]))
    assert visits(corner) == [(0, True, 0), (2, True, 0)]
    assert not corner.path.runs_on.any()


def test_coming_back_is_a_second_visit() -> None:
    driven = driven_along(network_from(CROSS), drive_along([(0, 0), (400, 0), (0, 0)]))
    assert visits(driven) == [(0, True, 0), (1, True, 0), (1, False, 1), (0, False, 1)]
    assert driven.path.nearest(np.array([0, 0, 0, 1, 2]), np.array([0.0, 399, 401, 410, 10])).tolist() == [
        0,
        0,
        3,
        2,
        -1,
    ]
    on = driven.path.segment[driven.span]
    assert (np.diff(driven.span) >= 0).all()
    assert driven.path.visit[driven.span][on == 0].tolist().count(0) == pytest.approx(40, abs=1)


def test_a_gap_inside_a_segment_is_one_visit_and_going_round_is_two() -> None:
    network = network_from([[(0, 0), (100, 0)]])
    offset = np.array([10.0, 20, 70, 90])
    points = np.column_stack([offset, np.zeros(4)]) + ORIGIN

    def of(*spans: Span) -> list[int]:
        matching = Matching(np.zeros(4, np.int64), offset, np.zeros(4), np.ones(4, bool), np.ones(4), ("",) * 4, spans)
        found: list[int] = follow(network, matching, np.arange(4.0), points).path.visit.tolist()
        return found

    assert of(Span(0, 10, 20, True), Span(0, 70, 90, True)) == [0, 0]
    assert of(Span(0, 10, 90, True), Span(0, 10, 90, True)) == [0, 1]


def test_a_frame_lies_on_the_pass_that_fits_the_way_driven() -> None:
    network = network_from([[(0, 0), (300, 0)]])
    driven = driven_along(network, drive_along([(20, 0), (100, 0), (30, 0), (280, 0)]))
    assert visits(driven) == [(0, True, 0), (0, False, 1), (0, True, 2)]
    passes = np.split(driven.span, np.flatnonzero(np.diff(driven.span)) + 1)
    assert [int(part[0]) for part in passes] == [0, 1, 2]
    assert [len(part) for part in passes] == pytest.approx([16, 14, 51], abs=4)


def test_a_single_photo_has_a_place_on_the_path() -> None:
    driven = driven_along(network_from(CROSS), drive_along([(0, 0), (400, 0)])[7:8])
    assert visits(driven) == [(0, True, 0)]
    assert (driven.span.tolist(), driven.offset_m.tolist()) == ([0], [pytest.approx(35, abs=0.01)])


def test_frames_without_a_span_of_their_own_get_one_in_the_right_place() -> None:
    network = network_from(CROSS)
    matching = Matching(
        np.array([0, 2, 2, 1]), np.array([150.0, 0, 0.5, 50]), np.zeros(4), np.ones(4, bool), np.ones(4), ("",) * 4,
        (Span(0, 100, 200, True), Span(1, 0, 100, True)),
    )  # fmt: skip
    points = np.array([[150.0, 0], [200, 0], [200, 0.5], [250, 0]]) + ORIGIN
    driven = follow(network, matching, np.arange(4.0), points)
    assert visits(driven) == [(0, True, 0), (2, True, 0), (2, True, 0), (1, True, 0)]
    assert driven.span.tolist() == [0, 1, 2, 3]
    assert (np.diff(driven.chainage_m) > 0).all()


def test_unmatched_frames_lie_between_their_neighbours() -> None:
    poses = drive_along([(0, 0), (100, 0), (100, -90), (200, -90), (200, 0), (400, 0)])
    driven = driven_along(network_from(CROSS), poses)
    lost = driven.span < 0
    assert lost.any()
    assert np.isnan(driven.chainage_m[lost]).all()
    assert (np.diff(driven.nearest_chainage()[driven.order]) >= -1e-6).all()


def test_nothing_driven() -> None:
    driven = driven_along(network_from(CROSS), [])
    assert (len(driven.path.segment), len(driven.span)) == (0, 0)
    assert driven.path.nearest(np.array([1]), np.array([0.0])).tolist() == [-1]
