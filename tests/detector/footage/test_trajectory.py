import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from detector.footage.telemetry import read_track
from detector.footage.trajectory import Trajectory, metric_crs
from detector.types import Fix, Floats

START = 1744795800.0
ORIGIN = (257000.0, 471000.0)  # EPSG:28992, Enschede
TO_DEGREES = Transformer.from_crs(28992, 4326, always_xy=True)
TO_METRES = Transformer.from_crs(4326, 28992, always_xy=True)
WGS84 = Geod(ellps="WGS84")


def fixes(times: Floats, places: Floats, **fields: Floats) -> list[Fix]:
    """Fixes at places (n, 2) in m from the origin."""
    lon, lat = TO_DEGREES.transform(places[:, 0] + ORIGIN[0], places[:, 1] + ORIGIN[1])
    extra = [dict(zip(fields, map(float, row), strict=True)) for row in zip(*fields.values(), strict=True)]
    extra = extra or [{} for _ in times]
    return [Fix(float(START + t), x, y, **e) for t, x, y, e in zip(times, lon, lat, extra, strict=True)]


def places(trajectory: Trajectory, times: Floats) -> Floats:
    poses = trajectory.at(START + times)
    x, y = TO_METRES.transform([p.lon for p in poses], [p.lat for p in poses])
    return np.column_stack([x, y]) - ORIGIN


def wander(n: int, sigma: float, memory_s: float, seed: int, step_s: float = 1.0) -> Floats:
    """Receiver error (n, 2) as a first-order Gauss-Markov sequence."""
    random, keep = np.random.default_rng(seed), np.exp(-step_s / memory_s)
    error = [random.normal(0, sigma, 2)]
    for _ in range(n - 1):
        error.append(keep * error[-1] + random.normal(0, sigma * np.sqrt(1 - keep**2), 2))
    return np.array(error)


def street_drive(n: int = 240) -> tuple[Floats, Floats]:
    """Times (n,) and places (n, 2): 12 m/s with bends of 20 s, as in a town."""
    times = np.arange(n, dtype=float)
    heading = np.cumsum(0.09 * (np.sin(times / 25) > 0.75))
    return times, np.cumsum(12.0 * np.column_stack([np.sin(heading), np.cos(heading)]), axis=0)


@settings(max_examples=25, deadline=None)
@given(speed=st.floats(5, 40), heading=st.floats(0, 359.9), step=st.floats(0.1, 5))
def test_a_straight_drive_is_given_back(speed: float, heading: float, step: float) -> None:
    times = np.arange(30) * step
    way = np.array([np.sin(np.radians(heading)), np.cos(np.radians(heading))])
    trajectory = Trajectory(fixes(times, speed * times[:, None] * way))
    between = np.linspace(0, times[-1], 77)
    assert places(trajectory, between) == pytest.approx(speed * between[:, None] * way, abs=0.05)
    assert trajectory.distance_m == pytest.approx(speed * times[-1], rel=1e-3)
    poses = trajectory.at(START + between)
    assert np.array([p.speed_mps for p in poses]) == pytest.approx(speed, rel=0.01)
    north, _, _ = WGS84.inv(poses[0].lon, poses[0].lat, poses[-1].lon, poses[-1].lat)
    turns = np.array([(p.heading_deg - north + 180) % 360 - 180 for p in poses])
    assert turns == pytest.approx(0.0, abs=0.3)  # true north, not the grid's
    assert trajectory.rejected == 0


@pytest.mark.parametrize("memory_s", [8.0, 12.0, 20.0])
def test_sigma_is_honest_about_noise_that_wanders(memory_s: float) -> None:
    """The horizontal error of a receiver without HDOP is 3 m RMS; counted per axis, at every half second."""
    within, errors = [], []
    for seed in range(12):
        times, true = street_drive()
        trajectory = Trajectory(fixes(times, true + wander(len(true), 3 / np.sqrt(2), memory_s, seed)))
        between = np.arange(0, times[-1], 0.5)
        truth = np.column_stack([np.interp(between, times, axis) for axis in true.T])
        off = places(trajectory, between) - truth
        sigma = np.array([p.sigma_m for p in trajectory.at(START + between)])
        within.append((np.abs(off) < sigma[:, None]).mean())
        errors.append(np.median(np.hypot(*off.T)))
    assert 0.6 < np.mean(within) < 0.82
    assert np.mean(errors) < 2.5


def test_speed_and_heading_are_as_sure_as_said() -> None:
    speed_ratio, turn_ratio = [], []
    for seed in range(8):
        times, true = street_drive()
        trajectory = Trajectory(fixes(times, true + wander(len(true), 2.1, 12.0, seed)))
        poses = trajectory.at(START + times[2:-2])
        speed_sigma, heading_sigma = np.array([(p.speed_sigma_mps, p.heading_sigma_deg) for p in poses], float).T
        velocity = np.gradient(true, axis=0)[2:-2]
        convergence = 1.16  # of the grid at the origin, degrees
        heading = np.degrees(np.arctan2(*velocity.T)) + convergence
        turn = (np.array([p.heading_deg for p in poses]) - heading + 180) % 360 - 180
        speed = np.array([p.speed_mps for p in poses]) - np.hypot(*velocity.T)
        speed_ratio.append((np.abs(speed) < speed_sigma).mean())
        turn_ratio.append((np.abs(turn) < heading_sigma).mean())
    # The model lets a car corner at any moment, so on calm roads it is better than it says.
    assert np.mean(speed_ratio) > 0.6
    assert np.mean(turn_ratio) > 0.6
    assert np.median(speed_sigma) < 1.5
    assert np.median(heading_sigma) < 8.0


def test_motion_is_less_sure_at_low_speed_and_in_gaps() -> None:
    times = np.concatenate([np.arange(30.0), np.arange(60.0, 90.0)])
    slow = Trajectory(fixes(times, np.column_stack([2 * times, 0 * times])))
    fast = Trajectory(fixes(times, np.column_stack([20 * times, 0 * times])))
    at = START + np.array([15.0, 45.0])
    (slow_speed, slow_turn), (fast_speed, fast_turn) = (
        np.array([(p.speed_sigma_mps, p.heading_sigma_deg) for p in drive.at(at)], float).T for drive in (slow, fast)
    )
    assert slow_speed == pytest.approx(fast_speed)
    assert (slow_turn > fast_turn).all()
    assert fast_speed[1] > 3 * fast_speed[0]


def test_white_noise_is_smoothed_away() -> None:
    times, true = street_drive()
    noise = np.random.default_rng(1).normal(0, 4.0, true.shape)
    trajectory = Trajectory(fixes(times, true + noise))
    assert np.sqrt(((places(trajectory, times) - true) ** 2).mean()) < 3.0


def test_outliers_are_refused() -> None:
    times, true = street_drive()
    seen = true + wander(len(true), 2.0, 15.0, 3)
    seen[50] += (900.0, 0.0)  # faster than any car
    seen[100:103] += (0.0, 60.0)  # reachable, but not by this car
    seen[0] += (5000.0, 0.0)  # the first fix of a cold receiver
    trajectory = Trajectory(fixes(times, seen))
    assert 3 <= trajectory.rejected <= 6
    assert trajectory.start_s == START + 1
    assert np.abs(places(trajectory, times[1:]) - true[1:]).max() < 12.0


def test_a_receiver_that_stays_elsewhere_is_believed_in_the_end() -> None:
    times, true = street_drive()
    seen = true.copy()
    seen[120:] += (55.0, 0.0)
    trajectory = Trajectory(fixes(times, seen))
    assert places(trajectory, times[140:]) == pytest.approx(seen[140:], abs=5.0)


def test_standing_still_adds_no_distance_and_holds_the_heading() -> None:
    times = np.arange(140, dtype=float)
    east = np.concatenate([np.arange(0, 400, 10.0), np.full(60, 400.0), np.arange(400, 800, 10.0)])
    true = np.column_stack([east, np.zeros(140)])
    trajectory = Trajectory(fixes(times, true + 0.5 * wander(140, 3.0, 60.0, 5)))
    stop = trajectory.at(START + np.arange(48.0, 92.0, 0.5))
    assert stop[-1].distance_m - stop[0].distance_m < 6.0
    assert max(abs((p.heading_deg - 90 + 180) % 360 - 180) for p in stop) < 20.0
    assert trajectory.distance_m == pytest.approx(790, abs=25)


def test_doppler_speed_tells_a_standstill_from_wander() -> None:
    times = np.arange(60, dtype=float)
    noise = wander(60, 4.0, 8.0, 2)
    zero = np.zeros(60)
    without = Trajectory(fixes(times, noise))
    with_speed = Trajectory(fixes(times, noise, speed_mps=zero, heading_deg=zero))
    assert with_speed.distance_m == 0.0 < without.distance_m


def test_speeds_in_the_wrong_unit_are_not_believed() -> None:
    times, true = street_drive()
    heading = np.degrees(np.arctan2(*np.gradient(true, axis=0).T)) % 360
    good = Trajectory(fixes(times, true, speed_mps=np.full(240, 12.0), heading_deg=heading))
    bad = Trajectory(fixes(times, true, speed_mps=np.full(240, 43.2), heading_deg=heading))
    for trajectory in (good, bad):
        assert places(trajectory, times) == pytest.approx(true, abs=4.0)
        assert trajectory.distance_m == pytest.approx(12 * 239, rel=0.02)


def test_sigma_grows_in_a_gap() -> None:
    times = np.concatenate([np.arange(30.0), np.arange(70.0, 100.0)])
    trajectory = Trajectory(fixes(times, np.column_stack([10 * times, 0 * times])))
    assert trajectory.gaps == ((START + 29, START + 70),)
    edge, middle = trajectory.at(START + np.array([29.0, 49.5]))
    assert middle.sigma_m > 5 * edge.sigma_m
    assert places(trajectory, np.array([49.5]))[0] == pytest.approx([495, 0], abs=1)


def test_hdop_tells_how_sure_a_fix_is() -> None:
    times, true = street_drive(60)
    sure = Trajectory(fixes(times, true, hdop=np.full(60, 0.8))).at(START + times)[30].sigma_m
    unsure = Trajectory(fixes(times, true, hdop=np.full(60, 5.0))).at(START + times)[30].sigma_m
    assert sure < 2.5 < 5.0 < unsure


def test_a_hdop_that_is_no_number_says_nothing() -> None:
    times, true = street_drive(60)
    hdop = np.full(60, np.nan)
    hdop[:3] = np.inf
    told = Trajectory(fixes(times, true, hdop=hdop)).at(START + times)
    assert told == Trajectory(fixes(times, true)).at(START + times)


def test_one_fix_and_none() -> None:
    trajectory = Trajectory([Fix(START, 6.9, 52.2, heading_deg=45.0)])
    (pose,) = trajectory.at(np.array([START]))
    assert (pose.lon, pose.lat) == pytest.approx((6.9, 52.2))
    assert (pose.speed_mps, pose.distance_m, trajectory.distance_m) == (0.0, 0.0, 0.0)
    assert trajectory.at(np.array([])) == []
    with pytest.raises(ValueError, match="outside"):
        trajectory.at(np.array([START + 1]))
    with pytest.raises(ValueError, match="at least one"):
        Trajectory([])


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"), [(6.9, 52.2, 28992), (13.19, 55.7, 32633), (-47.9, -15.8, 32723), (180.0, 1.0, 32601)]
)
def test_metric_crs(lon: float, lat: float, epsg: int) -> None:
    assert metric_crs(lon, lat).to_epsg() == epsg


def test_the_real_drive(shared: Path) -> None:
    """Its noise is a wander of 3 m on a steady 2.8 m beside the road: no smoother can see the second."""
    truth = json.loads((shared / "survey" / "truth.json").read_text())
    trajectory = Trajectory(read_track(shared / "survey" / "drive.gpx").fixes)
    start = datetime.fromisoformat(truth["start"]).timestamp()
    poses = trajectory.at(np.array([start + f["t_s"] for f in truth["frames"]]))
    east, north = np.array(
        [
            np.subtract(TO_METRES.transform(p.lon, p.lat), TO_METRES.transform(f["lon"], f["lat"]))
            for p, f in zip(poses, truth["frames"], strict=True)
        ]
    ).T
    assert np.median(np.hypot(east, north)) < 4.0
    assert np.median(np.hypot(east - east.mean(), north - north.mean())) < 2.5
    turn = [(p.heading_deg - f["heading_deg"] + 180) % 360 - 180 for p, f in zip(poses, truth["frames"], strict=True)]
    assert np.median(np.abs(turn)) < 2.0
    chi2 = np.mean([(e**2 + n**2) / (2 * p.sigma_m**2) for e, n, p in zip(east, north, poses, strict=True)])
    assert 0.4 < chi2 < 1.5
