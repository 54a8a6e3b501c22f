"""Cracks drawn on noisy asphalt whose course is known exactly."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scene.camera import Camera
from detector.scene.course import CourseOptions, follow, winding
from detector.scene.measure import measure
from detector.taxonomy import BY_NAME
from detector.types import Detection, Image, Look

CAMERA = Camera(1280, 720, 1110.0, 640.0, 360.0, 1.32, 4.2, 0.6, 0.3, calibrated=True)
LONGITUDINAL, TRANSVERSE, POTHOLE = (BY_NAME[name].id for name in ("longitudinal_crack", "transverse_crack", "pothole"))


def wave(height_m: float, waves: int, long_m: float) -> np.ndarray:
    """A sine of so many waves along `long_m`: (n, 2) metres along and across."""
    along = np.linspace(0, long_m, 400)
    return np.column_stack([along, height_m * np.sin(2 * math.pi * waves * along / long_m)])


def length(course: np.ndarray) -> float:
    return float(np.hypot(*np.diff(course, axis=0).T).sum())


def drawn(course: np.ndarray, ahead_m: float, left_m: float, width_m: float = 0.02) -> tuple[Image, np.ndarray]:
    """Noisy asphalt with a crack whose course (n, 2) ahead, left begins at a point of the road, and the crack's box."""
    points = course + np.array([ahead_m, left_m])
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(120, 8, (CAMERA.height, CAMERA.width)), 0, 255).astype(np.uint8)
    edge = []
    for side in (-1, 1):
        normal = np.gradient(points, axis=0)[:, ::-1] * (1, -1)
        edge.append(CAMERA.project(points + side * width_m / 2 * normal / np.hypot(*normal.T)[:, None]))
    outline = np.concatenate([edge[0], edge[1][::-1]])
    cv2.fillPoly(image, [np.round(outline * 16).astype(np.int32)], 40, cv2.LINE_AA, 4)
    return np.repeat(image[..., None], 3, axis=2), np.concatenate([outline.min(axis=0), outline.max(axis=0)])


def look_at(box: np.ndarray, class_id: int) -> Look:
    return measure(0, [Detection(tuple(box.tolist()), 0.9, class_id)], CAMERA).looks[0]


@pytest.mark.parametrize(("height_m", "waves"), [(0.0, 1), (0.1, 2), (0.25, 2), (0.3, 1)])
def test_a_longitudinal_crack_is_followed(height_m: float, waves: int) -> None:
    course = wave(height_m, waves, 3.0)
    image, box = drawn(course, 5.0, -0.4)
    look = look_at(box, LONGITUDINAL)
    found = winding(image, look, CAMERA)
    assert found is not None
    assert found * (look.far_m - look.near_m) == pytest.approx(length(course), rel=0.04)


@pytest.mark.parametrize(("height_m", "waves"), [(0.0, 1), (0.2, 2), (0.3, 1)])
def test_a_transverse_crack_is_followed(height_m: float, waves: int) -> None:
    course = wave(height_m, waves, 2.6)
    image, box = drawn(course[:, ::-1], 6.0, -1.5, 0.03)
    look = look_at(box, TRANSVERSE)
    found = winding(image, look, CAMERA)
    assert found is not None
    assert found * (look.left_m - look.right_m) == pytest.approx(length(course), rel=0.08)


def test_whole_asphalt_has_no_course() -> None:
    image, box = drawn(wave(0.1, 1, 3.0), 5.0, -0.4)
    beside = look_at(box + np.array([300, 0, 300, 0]), LONGITUDINAL)
    assert winding(image, beside, CAMERA) is None


def test_only_single_cracks_near_enough_are_followed() -> None:
    image, box = drawn(wave(0.1, 1, 3.0), 5.0, -0.4)
    assert winding(image, look_at(box, POTHOLE), CAMERA) is None
    far = Look(0, Detection((600, 330, 700, 350), 0.9, LONGITUDINAL), 13.0, 18.0, 0.2, -0.2)
    assert winding(image, far, CAMERA) is None


def test_of_a_long_crack_the_near_part_tells() -> None:
    image, box = drawn(wave(0.3, 8, 16.0), 5.0, -0.4)
    found = winding(image, look_at(box, LONGITUDINAL), CAMERA)
    assert found == pytest.approx(length(wave(0.3, 8, 16.0)) / 16.0, rel=0.06)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 60), st.integers(1, 20), st.integers(0, 2**31))
def test_the_path_takes_legal_steps_and_is_the_darkest(steps: int, cells: int, seed: int) -> None:
    options = CourseOptions()
    dark = np.random.default_rng(seed).uniform(0, options.most, (steps, cells)).astype(np.float32)
    path = follow(dark, options)
    assert len(path) == steps
    assert path.min() >= 0
    assert path.max() < cells
    assert np.abs(np.diff(path)).max(initial=0) <= options.steepest

    def worth(path: np.ndarray) -> float:
        return dark[np.arange(steps), path].sum() - options.turn * np.abs(np.diff(path)).sum()

    assert all(worth(path) >= worth(np.full(steps, cell)) - 1e-3 for cell in range(cells))


def test_a_look_beside_the_picture_is_no_error() -> None:
    image, _ = drawn(wave(0.0, 1, 3.0), 5.0, 0.0)
    beside = Look(0, Detection((0, 600, 5, 720), 0.9, LONGITUDINAL), 2.0, 4.0, 9.0, 8.0)
    assert winding(image, beside, CAMERA) in (None, 1.0)
