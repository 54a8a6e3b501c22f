import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scene.adjustment import Bearings, Equations, adjust, steer

STEP, FRAMES = 3.0, 60


def looks(rng):
    """Frame, end and true distance of all looks at ends every two metres, from 4 to 22 m."""
    ends = np.arange(8.0, STEP * FRAMES, 2.0) + rng.uniform(-0.5, 0.5)
    frame, end = np.nonzero(
        (ends - STEP * np.arange(FRAMES)[:, None] > 4) & (ends - STEP * np.arange(FRAMES)[:, None] < 22)
    )
    return frame, end, ends[end] - STEP * frame, ends


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.floats(-0.5, 0.5), height=st.floats(0.92, 1.08))
def test_nodding_level_and_height_come_from_the_looks_alone(seed, level, height):
    rng = np.random.default_rng(seed)
    frame, end, ahead, ends = looks(rng)
    pitch = np.radians(level + rng.normal(0, 0.5, FRAMES))  # by which the camera looks further down than believed
    edge = 0.0005
    depression = np.arctan2(1.4 * height, ahead) - pitch[frame] + rng.normal(0, edge, len(ahead))
    taken = ahead + rng.normal(0, 0.3, len(ends))[end]
    ride = adjust(
        Equations(frame, end, depression, taken, np.full(len(ahead), edge)),
        FRAMES,
        1.4,
        np.radians(0.5),
        np.radians(0.6),
        0.08,
    )
    assert ride.height == pytest.approx(height, abs=max(0.01, 4 * ride.height_sigma))
    middle = slice(3, FRAMES - 8)  # where many ends are in view
    assert np.degrees(np.abs(ride.pitch - pitch)[middle]).max() < 0.2
    assert np.degrees(ride.level) == pytest.approx(np.degrees(pitch.mean()), abs=0.25)


def test_without_looks_nothing_is_told():
    none = np.empty(0)
    ride = adjust(Equations(none.astype(int), none.astype(int), none, none, none), 5, 1.4, 0.01, 0.01, 0.05)
    assert np.abs(ride.pitch).max() == 0
    assert (ride.height, ride.height_sigma) == (1.0, pytest.approx(0.05))


def test_a_wrong_look_in_ten_does_no_harm():
    rng = np.random.default_rng(3)
    frame, end, ahead, _ = looks(rng)
    pitch = np.radians(rng.normal(0, 0.5, FRAMES))
    depression = np.arctan2(1.4, ahead) - pitch[frame]
    wrong = rng.random(len(ahead)) < 0.1
    depression[wrong] += rng.normal(0, 0.02, wrong.sum())
    equations = Equations(frame, end, depression, ahead, np.full(len(ahead), 0.001))
    ride = adjust(equations, FRAMES, 1.4, np.radians(0.3), np.radians(0.6), 0.03)
    assert np.degrees(np.median(np.abs(ride.pitch - pitch))) < 0.1


def test_the_car_goes_where_it_points():
    rng = np.random.default_rng(8)
    frame, end, ahead, ends = looks(rng)
    s = STEP * np.arange(FRAMES)
    wander = 0.4 * np.sin(s / 25)  # poses that sway, though the car went straight
    headings = np.arctan(0.4 / 25 * np.cos(s / 25))
    beside = rng.uniform(-2, 2, len(ends))
    left = beside[end] - wander[frame] - headings[frame] * ahead  # from the pose as told
    bearing = beside[end] / ahead
    course = steer(
        Bearings(frame, end, bearing, ahead, left, np.full(len(ahead), 0.002)),
        np.full(FRAMES - 1, STEP),
        headings,
        3.0,
        np.full(FRAMES, 0.1),
        np.radians(0.3),
    )
    assert np.abs(course.turn + headings).std() < np.abs(headings).std() / 2
    assert np.diff(course.left + wander).std() < np.diff(wander).std() / 2
