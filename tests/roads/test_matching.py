import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import gpxpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.types import Pose
from roads.matching import Matching, match
from roads.network import Network, read_network
from tests.roads.drives import drive_along, network_from, poses_at

SIZE, BLOCK = 5, 100.0


def check(network: Network, poses: list[Pose], result: Matching) -> None:
    """What holds for every result."""
    n = len(poses)
    arrays = (result.segment, result.offset_m, result.distance_m, result.forward, result.confidence, result.reason)
    assert all(len(a) == n for a in arrays)
    matched = result.segment >= 0
    assert [reason == "" for reason in result.reason] == matched.tolist()
    length = network.segments["length_m"].to_numpy()
    assert np.isnan(result.offset_m[~matched]).all()
    assert (result.offset_m[matched] >= 0).all()
    assert (result.offset_m[matched] <= length[result.segment[matched]] + 1e-6).all()
    assert (result.distance_m[matched] >= 0).all()
    assert ((result.confidence >= 0) & (result.confidence <= 1)).all()
    for span in result.spans:
        assert 0 <= span.from_m < span.to_m <= length[span.segment] + 1e-6


@st.composite
def grids(draw: st.DrawFn) -> tuple[list, list[int], list[int]]:
    """A grid of streets, each digitised one way or the other and perhaps one-way, and a drive over it by corners."""
    lines, number = [], {}
    for x in range(SIZE):
        for y in range(SIZE):
            for to in ((x + 1, y), (x, y + 1)):
                if max(to) < SIZE:
                    ends = [(x, y), to]
                    if draw(st.booleans()):
                        ends.reverse()
                    number[frozenset(ends)] = len(lines)
                    lines.append(ends)
    here, before, path = (draw(st.integers(0, SIZE - 1)), draw(st.integers(0, SIZE - 1))), None, []
    path.append(here)
    for _ in range(draw(st.integers(1, 12))):
        ways = [
            (here[0] + dx, here[1] + dy)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
            if 0 <= here[0] + dx < SIZE and 0 <= here[1] + dy < SIZE and (here[0] + dx, here[1] + dy) != before
        ]
        before, here = here, draw(st.sampled_from(ways))
        path.append(here)
    driven = {number[frozenset(pair)]: lines[number[frozenset(pair)]][0] == pair[0] for pair in pairwise(path)}
    oneway = [0] * len(lines)
    for i, along in driven.items():
        both = {(a, b) for a, b in pairwise(path) if frozenset((a, b)) == frozenset(lines[i])}
        if len(both) == 1 and draw(st.booleans()):
            oneway[i] = 1 if along else -1
    return lines, oneway, path


@settings(max_examples=60, deadline=None)
@given(grids(), st.sampled_from([3.0, 10.0, 25.0]))
def test_noiseless_drive_is_recovered_exactly(grid: tuple[list, list[int], list], step: float) -> None:
    lines, oneway, path = grid
    network = network_from([[(x * BLOCK, y * BLOCK) for x, y in line] for line in lines], oneway)
    poses = drive_along([(x * BLOCK, y * BLOCK) for x, y in path], step)
    result = match(network, poses)
    check(network, poses, result)
    wanted = []
    for a, b in pairwise(path):
        row = next(i for i, line in enumerate(lines) if set(line) == {a, b})
        wanted.append((row, lines[row][0] == a))
    assert [(span.segment, span.forward) for span in result.spans] == wanted
    assert sum(span.to_m - span.from_m for span in result.spans) == pytest.approx(BLOCK * len(wanted), abs=0.01)
    assert np.nanmax(result.distance_m) < 0.01


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-300, 700), st.floats(-300, 700), st.floats(0, 360), st.floats(0, 100), st.floats(0, 30),
            st.floats(0, 30),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_any_poses_are_matched_or_have_a_reason(rows: list[tuple[float, ...]]) -> None:
    lines = [[(x * BLOCK, 0), (x * BLOCK, 400)] for x in range(5)] + [
        [(0, y * BLOCK), (400, y * BLOCK)] for y in range(5)
    ]
    network = network_from(lines)
    poses = [
        p for x, y, h, t, v, s in rows for p in poses_at(np.array([[x, y]]), np.array([h]), np.array([t]), v, None, s)
    ]
    check(network, poses, match(network, poses))


def test_no_poses() -> None:
    result = match(network_from([[(0, 0), (100, 0)]]), [])
    assert (len(result.segment), result.reason, result.spans) == (0, (), ())


def test_off_the_network_is_reported() -> None:
    network = network_from([[(0, 0), (500, 0)]])
    poses = drive_along([(250, 0), (500, 0), (900, 0)])
    result = match(network, poses)
    check(network, poses, result)
    x = np.array([250 + p.distance_m for p in poses])
    assert (result.segment[x < 500] == 0).all()
    assert (result.segment[x > 545] == -1).all()
    assert result.reason[-1] == "farther than 40 m from any road"
    far_away = match(network, drive_along([(0, 9000), (100, 9000)]))
    assert set(far_away.reason) == {"farther than 40 m from any road"}
    assert far_away.spans == ()


def test_a_position_that_is_no_number() -> None:
    network = network_from([[(0, 0), (500, 0)]])
    poses = drive_along([(0, 0), (500, 0)])
    poses[7] = replace(poses[7], lon=float("nan"))
    result = match(network, poses)
    check(network, poses, result)
    assert result.reason[7] == "the position is not a number"
    assert (np.delete(result.segment, 7) == 0).all()


def test_order_in_time_decides_and_the_result_keeps_the_order_given() -> None:
    network = network_from([[(0, 0), (300, 0)], [(300, 0), (600, 0)]])
    poses = drive_along([(0, 0), (600, 0)])
    shuffled = np.random.default_rng(1).permutation(len(poses))
    straight, mixed = match(network, poses), match(network, [poses[i] for i in shuffled])
    np.testing.assert_array_equal(mixed.segment, straight.segment[shuffled])
    np.testing.assert_allclose(mixed.offset_m, straight.offset_m[shuffled])
    assert mixed.spans == straight.spans


def test_one_outlier_does_not_break_the_path() -> None:
    network = network_from([[(0, 0), (600, 0)]])
    poses = drive_along([(0, 0), (600, 0)])
    away = drive_along([(300, 300), (400, 300)])[0]
    poses[60] = replace(poses[60], lon=away.lon, lat=away.lat)
    result = match(network, poses)
    check(network, poses, result)
    assert result.reason[60].startswith("farther than")
    assert len(result.spans) == 1
    assert (np.delete(result.segment, 60) == 0).all()


def test_a_jump_is_a_new_drive() -> None:
    network = network_from([[(0, 0), (500, 0)], [(9000, 0), (9500, 0)]])
    late = [replace(p, time_s=p.time_s + 500) for p in drive_along([(9000, 0), (9500, 0)])]
    result = match(network, drive_along([(0, 0), (500, 0)]) + late)
    assert [span.segment for span in result.spans] == [0, 1]
    assert set(result.reason) == {""}


def test_parallel_carriageways_by_driving_direction() -> None:
    network = network_from([[(0, 0), (800, 0)], [(0, 12), (800, 12)]], [1, -1])
    middle = [(0.0, 6.0), (800.0, 6.0)]
    assert set(match(network, drive_along(middle)).segment) == {0}
    assert set(match(network, drive_along(middle[::-1])).segment) == {1}


def test_wrong_one_way_data_does_not_lose_the_drive() -> None:
    network = network_from([[(0, 0), (200, 0)], [(200, 0), (400, 0)], [(400, 0), (600, 0)]], [0, -1, 0])
    result = match(network, drive_along([(0, 0), (600, 0)]))
    assert [(span.segment, span.forward) for span in result.spans] == [(0, True), (1, True), (2, True)]


@pytest.mark.parametrize("turn", [400.0, 500.0])
def test_turning_back(turn: float) -> None:
    network = network_from([[(0, 0), (500, 0)]])
    result = match(network, drive_along([(0, 0), (turn, 0), (100, 0)]))
    assert [span.forward for span in result.spans] == [True, False]
    assert result.spans[0].to_m == pytest.approx(turn, abs=12)
    assert result.spans[1].from_m == pytest.approx(100, abs=1)


def test_standing_still_is_one_place() -> None:
    network = network_from([[(0, 0), (500, 0)], [(200, 0), (200, 300)]])
    noise = np.random.default_rng(3).normal(0, 2, (200, 2))
    poses = poses_at(np.array([150.0, 0]) + noise, np.full(200, 90.0), np.arange(200.0), 0.2)
    result = match(network, poses)
    check(network, poses, result)
    assert set(result.segment) == {0}
    assert sum(span.to_m - span.from_m for span in result.spans) < 15


def test_confidence_is_low_where_two_roads_are_as_likely() -> None:
    network = network_from([[(0, 0), (800, 0)], [(0, 20), (800, 20)]])
    assert match(network, drive_along([(0, 0), (800, 0)])).confidence.min() > 0.95
    assert match(network, drive_along([(0, 10), (800, 10)])).confidence.max() < 0.75


def test_survey_frames_are_on_their_segment(shared: Path) -> None:
    network = read_network(shared / "geo/networks/nwb/nwb_wageningen_Roads.gml")
    frames = json.loads((shared / "survey/truth.json").read_text())["frames"]
    with (shared / "survey/drive.gpx").open() as file:
        points = [p for track in gpxpy.parse(file).tracks for segment in track.segments for p in segment.points]
    seconds = np.array([(p.time - points[0].time).total_seconds() for p in points])
    times = np.array([frame["t_s"] for frame in frames])
    lon, lat = (np.interp(times, seconds, [getattr(p, axis) for p in points]) for axis in ("longitude", "latitude"))
    metres = np.column_stack([lon * 111_195 * np.cos(np.radians(lat)), lat * 111_195])
    heading = np.degrees(np.arctan2(*np.gradient(metres, axis=0).T)) % 360
    rows = zip(times, lon, lat, heading, times * 10, strict=True)
    poses = [Pose(float(t), float(x), float(y), float(h), 10.0, 4.0, float(d)) for t, x, y, h, d in rows]
    result = match(network, poses)
    check(network, poses, result)
    ids = network.segments["segment_id"].to_numpy()
    length = dict(zip(ids, network.segments["length_m"], strict=True))
    right = np.array([ids[row] == str(frame["wvk_id"]) for row, frame in zip(result.segment, frames, strict=True)])
    at_end = np.array([min(f["offset_m"], length[str(f["wvk_id"])] - f["offset_m"]) < 8 for f in frames])
    assert right.mean() >= 0.95
    assert (right | at_end).all()
    error = np.abs(result.offset_m - [frame["offset_m"] for frame in frames])[right]
    assert np.median(error) < 3
    assert (result.forward[right] != np.array([frame["against_digitised"] for frame in frames])[right]).all()
