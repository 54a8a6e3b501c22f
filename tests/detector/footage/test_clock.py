import math

import numpy as np
import pytest

from detector.footage.clock import Offset, estimate_offset
from detector.footage.trajectory import Trajectory
from detector.types import Fix, Floats

METRES = 111_200.0  # a degree of latitude


def drive(winding: float, hurry: float, seconds: int = 90) -> tuple[Floats, Floats, Floats, Floats]:
    """Times at 0.1 s, speeds in m/s, rates of turn in degrees a second, and places (n, 2) in m east, north."""
    times = np.arange(0, seconds, 0.1)
    speeds = 12 + hurry * np.sin(times / 5) + 0.6 * hurry * np.sin(times / 2.3 + 1)
    turns = winding * np.exp(-(((times % 23) - 11) ** 2) / 6)
    headings = np.radians(np.cumsum(turns) * 0.1)
    places = np.cumsum(np.column_stack([np.sin(headings), np.cos(headings)]) * speeds[:, None] * 0.1, axis=0)
    return times, speeds, turns, places


def trajectory(times: Floats, places: Floats, seed: int) -> Trajectory:
    rng = np.random.default_rng(seed)
    fixes = []
    error = rng.normal(0, 2, 2)
    for i in range(0, len(times), 10):
        error = math.exp(-1 / 12) * error + rng.normal(0, 2 * math.sqrt(1 - math.exp(-2 / 12)), 2)
        east, north = places[i] + error
        lon = 6.9 + east / METRES / math.cos(math.radians(52.2))
        fixes.append(Fix(float(times[i]), lon, 52.2 + north / METRES))
    return Trajectory(fixes)


def found(offset: float, winding: float = 18.0, hurry: float = 2.5, seed: int = 0) -> Offset:
    """What is found when the footage's clock is `offset` behind the track's."""
    times, speeds, turns, places = drive(winding, hurry)
    rng = np.random.default_rng(seed + 50)
    seen = np.arange(120, len(times) - 120, 17)
    told = speeds[seen] / 1.4 * rng.normal(1, 0.01, len(seen))
    turned = turns[seen] + rng.normal(0, 0.2, len(seen))
    return estimate_offset(times[seen] - offset, told, turned, trajectory(times, places, seed))


@pytest.mark.parametrize("offset", [-5.0, -0.7, 0.0, 0.7, 2.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_lively_drive_tells_the_offset(offset: float, seed: int) -> None:
    told = found(offset, seed=seed)
    assert told.sure
    assert told.seconds == pytest.approx(offset, abs=0.3)
    assert abs(told.seconds - offset) < 3.5 * told.sigma_s < 1.4
    assert told.matters(1 / 30) == (offset != 0)


def test_speed_alone_tells_it_too() -> None:
    told = found(2.0, winding=0.0, hurry=4.0)
    assert told.sure
    assert told.seconds == pytest.approx(2.0, abs=0.5)


def test_a_steady_drive_can_not_tell() -> None:
    told = found(2.0, winding=0.0, hurry=0.0)
    assert not told.sure
    assert "too little" in told.reason
    assert not told.matters(1 / 30)


def test_pictures_of_another_drive_can_not_tell() -> None:
    times, _, _, places = drive(18.0, 2.5)
    rng = np.random.default_rng(2)
    at = times[150:-150:17]
    told = estimate_offset(at, rng.uniform(5, 10, len(at)), rng.normal(0, 6, len(at)), trajectory(times, places, 2))
    assert not told.sure


def test_too_few_pictures_and_no_common_time() -> None:
    times, speeds, turns, places = drive(18.0, 2.5)
    track = trajectory(times, places, 0)
    assert "too few" in estimate_offset(times[:5], speeds[:5], turns[:5], track).reason
    assert "covers too little" in estimate_offset(times[::9] + 500, speeds[::9], turns[::9], track).reason


def test_an_offset_at_the_edge_is_not_claimed() -> None:
    assert not found(9.8).sure
