from dataclasses import replace

import cv2
import numpy as np
import pytest

from detector.scene.camera import Camera, default_camera
from detector.scene.horizon import find_direction


def road_picture(camera: Camera, seed: int, bend: float = 0.0) -> np.ndarray:
    """Grainy asphalt with three lines of paint along the road, the middle one dashed."""
    rng = np.random.default_rng(seed)
    image = rng.normal(110, 12, (camera.height, camera.width)).astype(np.float32)
    image = cv2.GaussianBlur(image, (0, 0), 1.0)
    aside = rng.uniform(-0.4, 0.4)
    for left, dash in ((1.7 + aside, 0), (-1.7 + aside, 0), (4.8 + aside, 3)):
        for start in np.arange(2.0, 60.0, 1.0):
            if dash and int(start) // dash % 2:
                continue
            ahead = np.array([start, start + 1.0, start + 1.0, start])
            aside_m = left + np.array([0.06, 0.06, -0.06, -0.06]) + bend * ahead**2 / 2
            corners = camera.project(np.stack([ahead, aside_m], axis=-1))
            if np.isfinite(corners).all():
                cv2.fillPoly(image, [np.round(corners * 8).astype(np.int32)], 230.0, cv2.LINE_AA, 3)
    return np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(("pitch", "yaw"), [(4.0, 0.0), (1.0, 3.0), (8.0, -4.0), (25.0, -3.0)])
def test_lines_along_the_road_give_pitch_and_yaw(pitch, yaw):
    truth = replace(default_camera(1024, 640), pitch_deg=pitch, yaw_deg=yaw)
    pictures = [road_picture(truth, seed) for seed in range(8)]
    found = find_direction(pictures, default_camera(1024, 640))
    assert found is not None
    assert (found.pitch_deg, found.yaw_deg) == pytest.approx((pitch, yaw), abs=0.4)
    assert (found.focal_px, found.height_m, found.calibrated) == (truth.focal_px, truth.height_m, False)


def test_a_few_bends_do_not_disturb():
    truth = replace(default_camera(1024, 640), pitch_deg=6.0)
    pictures = [road_picture(truth, seed, bend=0.02 * (seed % 4 == 0)) for seed in range(12)]
    found = find_direction(pictures, default_camera(1024, 640))
    assert found is not None
    assert found.pitch_deg == pytest.approx(6.0, abs=0.5)


def test_pictures_without_lines_give_nothing():
    rng = np.random.default_rng(1)
    grain = [rng.integers(80, 140, (640, 1024, 3), dtype=np.uint8) for _ in range(3)]
    assert find_direction(grain, default_camera(1024, 640)) is None
    assert find_direction([], default_camera(1024, 640)) is None


def test_lines_that_agree_on_nothing_give_nothing():
    rng = np.random.default_rng(2)
    pictures = []
    for _ in range(12):
        image = np.full((640, 1024, 3), 110, np.uint8)
        for _ in range(3):
            a, b = rng.integers(0, (1024, 640), 2), rng.integers(0, (1024, 640), 2)
            cv2.line(image, tuple(map(int, a)), tuple(map(int, b)), (230, 230, 230), 5, cv2.LINE_AA)
        pictures.append(image)
    assert find_direction(pictures, default_camera(1024, 640)) is None
