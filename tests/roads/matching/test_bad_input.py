"""Drives as they come: every fix is matched or says why not, and the path is one that was driven."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely

from detector.types import Pose
from roads.matching import Matching, match
from roads.network import Network
from tests.roads.drives import degrees, drive_along, network_from, poses_at

Corners = list[tuple[float, float]]


def moved(poses: list[Pose], by: np.ndarray) -> list[Pose]:
    """The poses with (n, 2) metres added to their places."""
    origin = degrees(np.zeros((1, 2)))
    shift = degrees(np.asarray(by, float)) - origin
    return [replace(p, lon=p.lon + dx, lat=p.lat + dy) for p, (dx, dy) in zip(poses, shift.tolist(), strict=True)]


def way(result: Matching) -> list[tuple[int, bool]]:
    return [(span.segment, span.forward) for span in result.spans]


def driven_m(result: Matching) -> float:
    return sum(span.to_m - span.from_m for span in result.spans)


def grid(blocks: int, block_m: float) -> Network:
    lines: list[Corners] = []
    for i in range(blocks + 1):
        for j in range(blocks):
            lines.append([(i * block_m, j * block_m), (i * block_m, (j + 1) * block_m)])
            lines.append([(j * block_m, i * block_m), ((j + 1) * block_m, i * block_m)])
    return network_from(lines)


@pytest.mark.parametrize("fixes", [0, 1, 2])
def test_hardly_any_fixes(fixes: int) -> None:
    result = match(network_from([[(0, 0), (500, 0)]]), drive_along([(100, 3), (400, 3)])[:fixes])
    assert result.segment.tolist() == [0] * fixes
    assert driven_m(result) == pytest.approx(5 * max(fixes - 1, 0), abs=0.1)


def test_the_same_fix_again_and_again() -> None:
    poses = drive_along([(100, 3), (400, 3)])
    network = network_from([[(0, 0), (250, 0)], [(250, 0), (500, 0)]])
    repeated = match(network, [p for pose in poses for p in (pose, pose, pose)])
    assert repeated.spans == match(network, poses).spans
    assert set(repeated.reason) == {""}


@pytest.mark.parametrize("field", ["heading_deg", "speed_mps", "sigma_m", "time_s", "lon", "lat"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none(field: str, value: float) -> None:
    poses = drive_along([(0, 0), (500, 0)])
    poses[50] = replace(poses[50], **{field: value})
    result = match(network_from([[(0, 0), (500, 0)]]), poses)
    assert (np.delete(result.segment, 50) == 0).all()
    assert (result.segment[50] == 0) != (result.reason[50] != "")
    assert way(result) == [(0, True)]


def test_standing_still_for_minutes_adds_nothing() -> None:
    network = network_from([[(0, 0), (200, 0)], [(200, 0), (500, 0)], [(200, 0), (200, 200)], [(200, 0), (200, -200)]])
    before, after = drive_along([(0, 0), (195, 0)]), drive_along([(195, 0), (500, 0)])
    wander = np.cumsum(np.random.default_rng(1).normal(0, 0.4, (300, 2)), axis=0)
    wander -= np.linspace(0, 1, 300)[:, None] * wander[-1]
    still = poses_at(np.array([195.0, 0]) + wander, np.full(300, 90.0), 20.0 + np.arange(300), 0.1)
    after = [replace(p, time_s=p.time_s + 320) for p in after]
    result = match(network, before + still + after)
    assert way(result) == [(0, True), (1, True)]
    assert driven_m(result) == pytest.approx(500, abs=1)
    assert set(result.reason) == {""}


def test_a_car_park_off_the_network_is_reported_and_the_road_before_and_after_is_kept() -> None:
    network = network_from([[(0, 0), (600, 0)], [(600, 0), (1200, 0)]])
    corners: Corners = [(0, 0), (400, 0), (400, 200), (500, 200), (500, 120), (420, 120), (420, 0), (1200, 0)]
    poses = drive_along(corners)
    result = match(network, poses)
    y = np.array([shapely.line_interpolate_point(shapely.LineString(corners), p.distance_m).y for p in poses])
    assert (result.segment[y > 45] == -1).all()
    assert set(np.array(result.reason)[y > 45]) == {"farther than 40 m from any road"}
    assert (result.segment[y == 0] >= 0).all()
    assert {span.segment for span in result.spans} == {0, 1}
    assert all(span.forward for span in result.spans)
    assert driven_m(result) == pytest.approx(1200, abs=60)


def test_a_gap_of_a_minute_is_filled_by_the_way_that_leads_there() -> None:
    network = grid(6, 100.0)
    corners: Corners = [(0, 0), (300, 0), (300, 600)]
    poses = [p for p in drive_along(corners) if not 250 < p.distance_m < 650]
    result = match(network, poses)
    assert driven_m(result) == pytest.approx(900, abs=0.1)
    assert result.spans == match(network, drive_along(corners)).spans


def test_parallel_roads_thirty_metres_apart_under_noise() -> None:
    network = network_from([[(0, 0), (1500, 0)], [(0, 30), (1500, 30)]])
    poses = drive_along([(0, 0), (1500, 0)])
    noise = np.random.default_rng(4).normal(0, 5, (len(poses), 2))
    poses = [replace(p, sigma_m=6.0) for p in moved(poses, noise)]
    assert way(match(network, poses)) == [(0, True)]


def test_a_roundabout_is_driven_round_to_its_exit() -> None:
    angle = np.radians([270, 300, 330, 0, 45, 90, 135, 180, 225, 270])
    ring = [(float(15 * np.cos(a)), float(15 * np.sin(a))) for a in angle]
    lines: list[Corners] = [
        [(0, -200), (0, -15)],
        [(15, 0), (200, 0)],
        [(0, 15), (0, 200)],
        [(-15, 0), (-200, 0)],
        ring,
    ]
    network = network_from(lines, [0, 0, 0, 0, 1])
    third_exit: Corners = [(0.0, -200.0), *ring[:8], (-200.0, 0.0)]
    result = match(network, drive_along(third_exit, 4.0))
    assert way(result) == [(0, True), (4, True), (3, True)]
    assert driven_m(result) == pytest.approx(shapely.LineString(third_exit).length, abs=0.1)


def test_a_one_way_street_driven_the_wrong_way_is_kept_and_shows() -> None:
    lines: list[Corners] = [[(x, 0), (x + 200, 0)] for x in range(0, 1000, 200)]
    network = network_from(lines, [-1] * 5)
    result = match(network, drive_along([(0, 0), (1000, 0)]))
    assert way(result) == [(i, True) for i in range(5)]
    assert set(result.reason) == {""}


def test_one_wrong_choice_is_not_kept_for_the_rest_of_a_road_without_exits() -> None:
    """Two carriageways, no link between them; the first fixes lie beside the wrong one."""
    network = network_from([[(0, 0), (20_000, 0)], [(20_000, 25), (0, 25)]], [1, 1])
    poses = drive_along([(0, 0), (20_000, 0)], 50.0, 25.0)
    aside = np.zeros((len(poses), 2))
    aside[:4, 1] = 24.0
    result = match(network, moved(poses, aside))
    assert (result.segment[10:] == 0).all()
    assert (result.forward[10:]).all()
    assert sum(span.to_m - span.from_m for span in result.spans if span.segment == 1) < 500


def test_sections_give_the_same_path() -> None:
    corners: Corners = [(0, 0), (900, 0), (900, 400), (1300, 400)]
    side: Corners = [(900, 0), (1500, 0)]
    whole = network_from([corners, side])
    line = shapely.LineString(corners)
    at = np.append(np.arange(0, line.length, 100.0), line.length)
    parts = [list(shapely.ops.substring(line, a, b).coords) for a, b in pairwise(at.tolist())]
    cut = network_from([*parts, side])
    poses = drive_along([(0, 4), (896, 4), (896, 404), (1300, 404)])
    one, many = match(whole, poses), match(cut, poses)
    assert [span.segment for span in many.spans] == list(range(len(parts)))
    assert driven_m(many) == pytest.approx(driven_m(one), abs=1e-6)
    np.testing.assert_allclose(at[many.segment] + many.offset_m, one.offset_m, atol=1e-6)
    assert len(cut.topology.edge_length_m) == len(whole.topology.edge_length_m)


@pytest.mark.parametrize("seed", range(3))
def test_noise_of_twenty_metres_in_a_grid_of_streets(seed: int) -> None:
    """Hardly more than the way driven: no trips into side streets and back."""
    random = np.random.default_rng(seed)
    network = grid(12, 150.0)
    corners: Corners = [(0, 0), (600, 0), (600, 600), (1500, 600), (1500, 1500), (300, 1500), (300, 1050), (0, 1050)]
    poses = drive_along(corners, 50.0)
    truth = match(network, poses)
    noisy = [replace(p, sigma_m=20.4) for p in moved(poses, random.normal(0, 20, (len(poses), 2)))]
    result = match(network, noisy)
    wanted = {(s.segment, s.forward): s.to_m - s.from_m for s in truth.spans}
    got = {(s.segment, s.forward): s.to_m - s.from_m for s in result.spans}
    wrong = sum(abs(got.get(k, 0.0) - wanted.get(k, 0.0)) for k in got.keys() | wanted.keys())
    assert wrong < 0.06 * driven_m(truth)
