import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import SettingsError
from detector.scene.camera import Camera, default_camera, read_camera, write_camera

LEVEL = Camera(1000, 500, 800.0, 500.0, 250.0, 1.5, 0.0)


def turned(**angles: float) -> Camera:
    return Camera(1000, 500, 800.0, 500.0, 250.0, 1.5, **{"pitch_deg": 0.0, **angles})


cameras = st.builds(
    Camera,
    width=st.integers(100, 4000),
    height=st.integers(100, 4000),
    focal_px=st.floats(200, 4000),
    cx=st.floats(50, 2000),
    cy=st.floats(50, 2000),
    height_m=st.floats(0.5, 4),
    pitch_deg=st.floats(-20, 60),
    yaw_deg=st.floats(-40, 40),
    roll_deg=st.floats(-20, 20),
)
lenses = st.builds(
    Camera,
    width=st.just(1280),
    height=st.just(720),
    focal_px=st.floats(900, 1500),
    cx=st.just(640.0),
    cy=st.just(360.0),
    height_m=st.floats(0.5, 4),
    pitch_deg=st.floats(-5, 30),
    yaw_deg=st.floats(-10, 10),
    roll_deg=st.floats(-5, 5),
    k1=st.floats(-0.2, 0.3),
    k2=st.floats(0, 0.1),
)
near_road = st.tuples(st.floats(2, 60), st.floats(-8, 8))


def test_level_camera_by_hand() -> None:
    # A point 10 m ahead, 2 m left: right by -2/10, down by 1.5/10 of the focal length.
    assert LEVEL.project(np.array([[10.0, 2.0]])) == pytest.approx(np.array([[500 - 160, 250 + 120]]))
    # The same point one metre up.
    assert LEVEL.project(np.array([[10.0, 2.0, 1.0]])) == pytest.approx(np.array([[340, 250 + 40]]))


def test_signs_of_the_angles() -> None:
    ahead = np.array([[20.0, 0.0]])
    assert turned(pitch_deg=5).project(ahead)[0, 1] < LEVEL.project(ahead)[0, 1]  # looking down lifts the road
    assert turned(pitch_deg=5).horizon_y() < LEVEL.horizon_y() == 250
    assert turned(yaw_deg=5).project(ahead)[0, 0] < 500  # looking right moves the road to the left
    left, right = turned(roll_deg=5).project(np.array([[20.0, 3.0], [20.0, -3.0]]))
    assert left[1] > right[1]  # leaning to the right lifts the right


def test_order_yaw_then_pitch_then_roll() -> None:
    # Yaw comes first, about the vertical: pitch and roll leave the axis' compass direction alone.
    axis = turned(yaw_deg=30, pitch_deg=40, roll_deg=10).rotation()[2]
    assert math.degrees(math.atan2(-axis[1], axis[0])) == pytest.approx(30)
    assert math.degrees(math.asin(-axis[2])) == pytest.approx(40)


@given(cameras)
def test_rotation_is_a_rotation(camera: Camera) -> None:
    rotation = camera.rotation()
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    # Vehicle axes (ahead, left, up) are right-handed and so are camera axes (right, down, ahead).
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@given(cameras, st.floats(0, 1), st.floats(0, 1))
def test_every_pixel_below_the_horizon_comes_back(camera: Camera, u: float, v: float) -> None:
    pixel = np.array([[u * camera.width, v * camera.height]])
    ground = camera.ground(pixel)
    if np.isnan(ground).any() or np.hypot(*ground[0]) > 1e4:
        return
    assert camera.project(ground) == pytest.approx(pixel, abs=1e-4)


@given(cameras, near_road)
def test_every_point_of_the_road_comes_back(camera: Camera, point: tuple[float, float]) -> None:
    pixel = camera.project(np.array([point]))
    if np.isnan(pixel).any():
        return
    assert camera.ground(pixel) == pytest.approx(np.array([point]), abs=1e-6)


@given(lenses, st.floats(0, 1), st.floats(0, 1))
def test_a_lens_is_undone_exactly(camera: Camera, u: float, v: float) -> None:
    pixel = np.array([[u * camera.width, v * camera.height]])
    ground = camera.ground(pixel)
    if np.isnan(ground).any() or np.hypot(*ground[0]) > 1e3:
        return
    assert camera.project(ground) == pytest.approx(pixel, abs=1e-4)


@given(lenses, near_road)
def test_a_lens_moves_the_pinhole_pixel_along_its_radius(camera: Camera, point: tuple[float, float]) -> None:
    ideal = (replace(camera, k1=0.0, k2=0.0).project(np.array([point]))[0] - (640, 360)) / camera.focal_px
    square = float(ideal @ ideal)
    shown = camera.project(np.array([point]))[0]
    if np.isnan(shown).any():
        return
    # OpenCV's order: x' = x (1 + k1 r^2 + k2 r^4)
    factor = 1 + camera.k1 * square + camera.k2 * square**2
    assert shown == pytest.approx(np.array([640, 360]) + camera.focal_px * ideal * factor, abs=1e-6)


def test_a_barrel_never_folds_the_scene_back_into_the_picture() -> None:
    wide = Camera(1280, 720, 1200.0, 640.0, 360.0, 1.4, 0.0, k1=-0.3)
    angles = np.radians(np.arange(1, 89))
    pixels = wide.project(np.column_stack([np.cos(angles), np.sin(angles), np.full(88, 1.4)]))
    shown = pixels[np.isfinite(pixels).all(axis=1), 0]  # from the middle to the left
    assert (np.diff(shown) < 0).all()
    assert len(shown) < 88
    assert np.isnan(pixels[len(shown) :]).all()


def test_lens_that_cannot_fill_the_picture_is_refused() -> None:
    with pytest.raises(SettingsError, match="k1 -1"):
        Camera(1280, 720, 800.0, 640.0, 360.0, 1.4, 0.0, k1=-1.0)


@given(cameras)
def test_horizon_parts_road_from_sky(camera: Camera) -> None:
    y = camera.horizon_y()
    above, below = camera.ground(np.array([[camera.cx, y - 0.5], [camera.cx, y + 0.5]]))
    assert np.isnan(above).all()
    assert np.isfinite(below).all()


def test_behind_the_camera_is_nan() -> None:
    assert np.isnan(LEVEL.project(np.array([[-5.0, 0.0], [0.0, 1.0]]))).all()


@given(cameras, near_road, st.integers(1, 4))
def test_resized_sees_the_same_at_another_scale(camera: Camera, point: tuple[float, float], factor: int) -> None:
    larger = camera.resized(camera.width * factor, camera.height * factor)
    before, after = camera.project(np.array([point])), larger.project(np.array([point]))
    assert after == pytest.approx(before * factor, nan_ok=True, rel=1e-6, abs=1e-6)


def test_resized_refuses_another_shape() -> None:
    with pytest.raises(SettingsError, match=r"1000x500.*640x640"):
        LEVEL.resized(640, 640)


def test_default_camera_is_what_the_contract_says() -> None:
    camera = default_camera(1280, 720)
    assert camera.horizon_y() == pytest.approx(0.42 * 720)
    assert 2 * math.degrees(math.atan(640 / camera.focal_px)) == pytest.approx(60)
    assert (camera.height_m, camera.yaw_deg, camera.roll_deg, camera.calibrated) == (1.4, 0.0, 0.0, False)


def test_file_comes_back_exactly(tmp_path: Path) -> None:
    camera = Camera(1280, 720, 1108.5125, 641.25, 358.0, 1.37, 3.1, -0.7, 0.2, True)
    for written in (camera, replace(camera, k1=-0.21, k2=0.03, pitch_sigma_deg=0.4, height_sigma=0.05)):
        write_camera(written, tmp_path / "camera.yaml")
        assert read_camera(tmp_path / "camera.yaml") == written


GOOD = "width: 640\nheight: 480\nfocal_px: 500\ncx: 320\ncy: 240\nheight_m: 1.4\npitch_deg: 3\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "hight_m: 1.4\n", "unknown key 'hight_m'"),
        (GOOD.replace("focal_px: 500\n", ""), "'focal_px' is missing"),
        (GOOD.replace("500", "wide"), "focal_px is 'wide'; it must be a number"),
        (GOOD.replace("640", "640.5"), "width is 640.5; it must be a whole number"),
        (GOOD.replace("640", "true"), "width is True; it must be a whole number"),
        (GOOD + "calibrated: 1\n", "calibrated is 1; it must be true or false"),
        (GOOD.replace("1.4", "-1.4"), "height_m is -1.4; it must be more than 0"),
        (GOOD.replace("1.4", ".nan"), "height_m is nan"),
        (GOOD.replace("pitch_deg: 3", "pitch_deg: 90"), "pitch_deg is 90"),
        (GOOD + "height_sigma: -0.1\n", "height_sigma is -0.1"),
        (GOOD + "k1: ~\n", "k1 is None; it must be a number"),
        (GOOD + "pitch_sigma_deg: much\n", "pitch_sigma_deg is 'much'; it must be a number"),
        ("[1, 2", "is not YAML"),
        ("", "holds no keys"),
    ],
)
def test_bad_files_are_named_with_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_camera(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_files_from_before_lenses_and_sigmas_are_read(tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text(GOOD)
    camera = read_camera(tmp_path / "camera.yaml")
    assert (camera.k1, camera.k2, camera.pitch_sigma_deg, camera.height_sigma) == (0.0, 0.0, None, None)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml: can't be read"):
        read_camera(tmp_path / "none.yaml")
