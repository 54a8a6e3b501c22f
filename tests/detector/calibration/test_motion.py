import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scene.calibration.motion import (
    BULGE,
    COLUMNS,
    LOG_FOCAL,
    LOG_STEP,
    NOD,
    PITCH,
    REFERENCE_PX,
    ROLL,
    TURN,
    YAW,
    move_back,
    on_road,
    straightened,
)
from detector.scene.calibration.solve import Matches, Problem, solve
from detector.scene.camera import Camera

cameras = st.builds(
    Camera,
    width=st.just(1000),
    height=st.just(600),
    focal_px=st.floats(600, 1500),
    cx=st.just(500.0),
    cy=st.just(300.0),
    height_m=st.floats(0.8, 3),
    pitch_deg=st.floats(1, 30),
    yaw_deg=st.floats(-8, 8),
    roll_deg=st.floats(-4, 4),
    k1=st.floats(-0.1, 0.1),
)


def shared_of(camera: Camera) -> np.ndarray:
    shared = np.zeros(3)
    shared[LOG_FOCAL], shared[ROLL] = math.log(camera.focal_px), math.radians(camera.roll_deg)
    shared[BULGE] = camera.k1 * (REFERENCE_PX / camera.focal_px) ** 2
    return shared


def motion_of(camera: Camera, step_m: float, turn_deg: float, nod_deg: float) -> np.ndarray:
    motion = np.zeros(COLUMNS)
    motion[LOG_STEP] = math.log(step_m / camera.height_m)
    for column, angle in ((TURN, turn_deg), (YAW, camera.yaw_deg), (PITCH, camera.pitch_deg), (NOD, nod_deg)):
        motion[column] = math.radians(angle)
    return motion


def seen_twice(camera: Camera, step_m: float, turn_deg: float, nod_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Pixels from the principal point of the same places on the road before and after an arc, by `Camera` alone."""
    ahead, left = np.meshgrid(np.linspace(4, 14, 6) * camera.height_m, np.linspace(-2, 2, 5) * camera.height_m)
    ground = np.column_stack([ahead.ravel(), left.ravel()])
    turn = math.radians(turn_deg)
    centre = step_m * np.array([math.cos(turn / 2), -math.sin(turn / 2)])
    axes = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    later = replace(camera, pitch_deg=camera.pitch_deg + nod_deg).project((ground - centre) @ axes.T)
    return camera.project(ground) - (500, 300), later - (500, 300)


@settings(deadline=None)
@given(cameras, st.floats(0.3, 3), st.floats(-8, 8), st.floats(-1, 1))
def test_a_motion_moves_pixels_as_the_camera_does(camera: Camera, step_m: float, turn: float, nod: float) -> None:
    first, second = seen_twice(camera, step_m, turn, nod)
    inside = (500, 300)  # far outside the picture a strong barrel folds back on itself
    near = (np.abs(first) < inside).all(1) & (np.abs(second) < inside).all(1)
    pair = np.zeros(len(first), dtype=np.intp)
    moved = move_back(second, pair, motion_of(camera, step_m, turn, nod)[None], shared_of(camera))
    assert moved[near] == pytest.approx(first[near], abs=0.02)


@settings(deadline=None)
@given(cameras)
def test_road_places_are_those_of_the_camera(camera: Camera) -> None:
    straight = replace(camera, k1=0.0)
    pixels = np.array([[100.0, 450.0], [500.0, 550.0], [880.0, 400.0]])
    pair = np.zeros(3, dtype=np.intp)
    motion = motion_of(straight, 1.0, 0, 0)[None]
    found = np.column_stack(on_road(pixels - (500, 300), pair, motion, shared_of(straight)))
    assert found * camera.height_m == pytest.approx(straight.ground(pixels), nan_ok=True, rel=1e-6)


@given(st.floats(-0.1, 0.1), st.floats(-500, 500), st.floats(-300, 300))
def test_straightened_undoes_the_bulge(bulge: float, x: float, y: float) -> None:
    straight = np.array([[x, y]])
    shown = straight * (1 + bulge * (x**2 + y**2) / REFERENCE_PX**2)
    assert straightened(shown, np.array([0.0, 0.0, bulge])) == pytest.approx(straight, abs=0.5)


def test_solve_finds_a_winding_drive_and_ignores_what_is_off_the_road() -> None:
    rng = np.random.default_rng(3)
    camera = Camera(1000, 600, 820.0, 500.0, 300.0, 1.0, 6.0, 1.5, -0.7)
    wanted = [(rng.uniform(0.7, 1.4), rng.uniform(-5, 5), rng.uniform(-0.6, 0.6)) for _ in range(10)]
    firsts, seconds = zip(*(seen_twice(camera, *each) for each in wanted), strict=True)
    count = len(firsts[0])
    pair = np.repeat(np.arange(10), count)
    first = np.concatenate(firsts) + rng.normal(0, 0.1, (10 * count, 2))
    first[::7] += rng.uniform(-30, 30, first[::7].shape)  # other traffic
    start = np.array([motion_of(camera, 1.0, 0.0, 0.0) for _ in wanted])
    start[:, PITCH] += math.radians(1.0)
    known = shared_of(replace(camera, focal_px=900.0, roll_deg=0.0))
    problem = Problem(Matches(pair, first, np.concatenate(seconds)), known, np.array([0.2, 0.03, 0.1]), 0.25)
    found = solve(problem, start, known)
    assert math.exp(found.shared[LOG_FOCAL]) == pytest.approx(820, rel=0.02)
    assert math.degrees(found.shared[ROLL]) == pytest.approx(-0.7, abs=0.05)
    assert np.degrees(found.motions[:, TURN]) == pytest.approx([turn for _, turn, _ in wanted], abs=0.15)
    assert np.exp(found.motions[:, LOG_STEP]) == pytest.approx([step for step, _, _ in wanted], rel=0.02)
    assert 0.0005 < math.sqrt(found.covariance[LOG_FOCAL, LOG_FOCAL]) < 0.02
    assert found.weights[::7].mean() < 0.2 < 0.8 < np.delete(found.weights, np.s_[::7]).mean()
