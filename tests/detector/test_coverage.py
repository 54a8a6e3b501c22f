from dataclasses import replace

import cv2
import numpy as np
import pytest

from detector.scene.coverage import judge, qualities, view_road
from detector.scene.measure import Reach
from tests.detector.street import CAMERA


def asphalt(seed: int = 0, level: float = 120.0) -> np.ndarray:
    """720p grain like a sharp picture of asphalt."""
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(rng.normal(0, 40, (720, 1280)).astype(np.float32), (0, 0), 1.5)
    return np.repeat(np.clip(level + grain, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def vertical_blur(image: np.ndarray, rows: int) -> np.ndarray:
    return cv2.filter2D(image, -1, np.full((rows, 1), 1 / rows, np.float32))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (asphalt(), ""),
        (asphalt(level=5.0) // 2, "too dark"),
        (np.full((720, 1280, 3), 255, np.uint8), "over-exposed"),
        (np.full((720, 1280, 3), 120, np.uint8), "blurred"),
        (cv2.GaussianBlur(asphalt(), (0, 0), 15), "blurred"),
    ],
)
def test_a_picture_is_usable_or_has_a_reason(image, reason):
    (coverage,) = judge([view_road(4, image, CAMERA)])
    assert (coverage.frame_index, coverage.usable, coverage.reason) == (4, not reason, reason)


def test_the_stretch_runs_from_the_bottom_of_the_picture_to_the_reach():
    (coverage,) = judge([view_road(0, asphalt(), CAMERA)])
    assert coverage.near_m == pytest.approx(float(CAMERA.ground([[640.0, 720.0]])[0, 0]))
    assert coverage.far_m == 25.0
    (coverage,) = judge([view_road(0, asphalt(), CAMERA, Reach(near_m=6.0, far_m=15.0))])
    assert (coverage.near_m, coverage.far_m) == (6.0, 15.0)


def test_motion_blur_shows_against_the_rest_of_the_drive():
    views = [view_road(i, asphalt(i), CAMERA) for i in range(11)]
    views.append(view_road(11, vertical_blur(asphalt(11), 25), CAMERA))
    coverage = judge(views)
    assert [c.usable for c in coverage] == [True] * 11 + [False]
    assert coverage[-1].reason == "blurred"


def glare(image: np.ndarray) -> np.ndarray:
    """Low sun: a burnt-out disc on the road, and a veil over the rest that fills the pores."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    disc = np.exp(-(((x - 640) / 200) ** 2 + ((y - 560) / 150) ** 2))[..., None]
    return np.clip(120 + 0.12 * image + 400 * disc, 0, 255).astype(np.uint8)


def test_glare_is_told_from_a_bright_road():
    (coverage,) = judge([view_road(0, glare(asphalt()), CAMERA)])
    assert coverage.reason == "glare"
    (coverage,) = judge([view_road(0, asphalt(level=200.0), CAMERA)])  # bright, with all its texture
    assert coverage.usable


def test_quality_falls_with_blur_and_darkness_and_is_half_at_the_limit():
    pictures = [asphalt(), cv2.GaussianBlur(asphalt(), (0, 0), 4), cv2.GaussianBlur(asphalt(), (0, 0), 15)]
    marks = qualities([view_road(i, image, CAMERA) for i, image in enumerate(pictures)])
    assert marks[0] == 1.0
    assert marks == sorted(marks, reverse=True)
    assert marks[2] < 0.5
    dusk, night = (qualities([view_road(0, asphalt(level=level) // 2, CAMERA)])[0] for level in (60.0, 5.0))
    assert 1.0 > dusk > 0.5 > night
    (nothing,) = qualities([view_road(0, asphalt(), replace(CAMERA, pitch_deg=-40.0))])
    assert nothing == 0.0


def test_only_the_road_counts():
    image = asphalt()
    image[: int(CAMERA.horizon_y())] = 255
    assert judge([view_road(0, image, CAMERA)])[0].usable
    image = asphalt()
    image[int(CAMERA.horizon_y()) :] = 0
    assert judge([view_road(0, image, CAMERA)])[0].reason == "too dark"


def test_a_camera_that_looks_at_the_sky_covers_nothing():

    (coverage,) = judge([view_road(0, asphalt(), replace(CAMERA, pitch_deg=-40.0))])
    assert (coverage.usable, coverage.reason) == (False, "no road in view")


def test_a_camera_that_looks_down_sees_no_farther_than_the_top_of_its_picture():
    steep = replace(CAMERA, pitch_deg=30.0)
    (coverage,) = judge([view_road(0, asphalt(), steep)])
    assert coverage.far_m == pytest.approx(float(steep.ground([[640.0, 0.0]])[0, 0]))
    assert coverage.far_m < Reach().far_m


def test_no_frames_no_coverage():
    assert judge([]) == []
