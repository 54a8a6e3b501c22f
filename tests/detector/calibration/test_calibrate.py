from dataclasses import replace

import cv2
import numpy as np
import pytest

from detector.footage.trajectory import Trajectory
from detector.scene.calibration.calibrate import calibrate, length_sigma
from detector.scene.calibration.pairs import FramePair
from detector.types import Fix
from tests.detector.calibration.road import ASSUMED, CAMERA, drive


@pytest.fixture(scope="module")
def seen():
    return drive()


@pytest.fixture(scope="module")
def known_focal(seen):
    found = calibrate(seen[0], ASSUMED, 0.01)
    assert found is not None
    return found


def test_camera_is_found_from_the_road_alone(seen):
    pairs, pitches = seen
    found = calibrate(pairs, replace(ASSUMED, focal_px=500.0))
    assert found is not None
    camera, sigmas = found.camera, found.sigmas
    assert camera.pitch_deg == pytest.approx(pitches.mean(), abs=0.3)
    assert (camera.yaw_deg, camera.roll_deg) == pytest.approx((CAMERA.yaw_deg, CAMERA.roll_deg), abs=0.2)
    assert camera.height_m == pytest.approx(CAMERA.height_m, rel=0.06)
    assert camera.focal_px == pytest.approx(CAMERA.focal_px, rel=0.06)
    assert camera.calibrated
    # Each value within three of its own sigmas, and these are no excuse.
    assert abs(camera.height_m / CAMERA.height_m - 1) < 3 * sigmas.height < 0.3
    assert abs(camera.focal_px / CAMERA.focal_px - 1) < 3 * sigmas.focal < 0.3
    assert sigmas.pitch_deg < 0.5
    assert found.nod_deg == pytest.approx(0.5, abs=0.2)
    assert camera.height_sigma == sigmas.height
    assert camera.pitch_sigma_deg is not None
    assert 0 < camera.pitch_sigma_deg < found.nod_deg  # many pairs know the mean better than one


def test_height_goes_with_the_track(seen, known_focal):
    longer = [replace(pair, step_m=pair.step_m * 1.2) for pair in seen[0]]
    other = calibrate(longer, ASSUMED, 0.01)
    assert other is not None
    assert other.camera.height_m / known_focal.camera.height_m == pytest.approx(1.2, rel=1e-3)
    assert other.camera.pitch_deg == pytest.approx(known_focal.camera.pitch_deg, abs=0.02)


def test_the_same_pictures_give_the_same_camera(seen, known_focal):
    again = calibrate(seen[0], ASSUMED, 0.01)
    assert again is not None
    assert again.camera == known_focal.camera


def test_a_bulging_lens_is_found():
    pairs, _ = drive(replace(CAMERA, k1=-0.15))
    found = calibrate(pairs, ASSUMED, 0.02)
    assert found is not None
    assert found.camera.k1 == pytest.approx(-0.15, abs=0.04)


def test_wide_pictures_are_worked_at_smaller_and_keep_their_size(seen, known_focal):
    larger = [replace(p, first=_larger(p.first), second=_larger(p.second)) for p in seen[0]]
    found = calibrate(larger, ASSUMED.resized(1600, 900), 0.01)
    assert found is not None
    assert (found.camera.width, found.camera.height) == (1600, 900)
    assert found.camera.focal_px == pytest.approx(2.5 * known_focal.camera.focal_px, rel=0.03)
    assert found.camera.pitch_deg == pytest.approx(known_focal.camera.pitch_deg, abs=0.15)


def test_pictures_without_texture_give_nothing(seen):
    pairs, _ = seen
    grey = np.full_like(pairs[0].first, 120)
    plain = [FramePair(p.first_s, p.second_s, p.step_m, grey, grey) for p in pairs]
    assert calibrate(plain, ASSUMED) is None
    assert calibrate(pairs[:3], ASSUMED) is None
    assert calibrate([], ASSUMED) is None


def test_pictures_of_different_places_give_nothing(seen):
    pairs, _ = seen
    mixed = [replace(p, second=q.second) for p, q in zip(pairs, pairs[5:] + pairs[:5], strict=True)]
    assert calibrate(mixed, ASSUMED) is None


def test_length_sigma_falls_with_the_length():
    trajectory = Trajectory([Fix(float(t), 6.9, 52.2 + 1e-4 * t) for t in range(101)])
    short, long = length_sigma(trajectory, 0.0, 20.0), length_sigma(trajectory, 0.0, 100.0)
    assert long == pytest.approx(short / 5, rel=0.2)
    assert 0 < long < 0.01


def _larger(image):
    return cv2.resize(image, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_LINEAR)
