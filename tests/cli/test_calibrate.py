"""`schouw calibrate` on a rendered drive, whose camera is known exactly."""

from collections.abc import Callable
from pathlib import Path

import pytest

from detector.scene.camera import read_camera

Run = Callable[..., tuple[int, str, str]]


def test_a_camera_is_found_in_its_drive(run: Run, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "camera.yaml"
    code, printed, error = run("calibrate", sample / "drive.mp4", "--track", sample / "drive.gpx", "--out", out)
    assert code == 0, error
    found, true = read_camera(out), read_camera(sample / "camera.yaml")
    assert found.calibrated
    assert found.pitch_deg == pytest.approx(true.pitch_deg, abs=0.5)
    assert found.yaw_deg == pytest.approx(true.yaw_deg, abs=0.5)
    assert found.height_m == pytest.approx(true.height_m, rel=0.15)  # the drive is short: the track tells 60 m
    assert "height" in printed
    assert "clock" in printed


def test_footage_without_a_track_is_told(run: Run, sample: Path, tmp_path: Path) -> None:
    code, _, error = run("calibrate", sample / "drive.mp4", "--out", tmp_path / "camera.yaml")
    assert code == 2
    assert "drive.mp4" in error
    assert not (tmp_path / "camera.yaml").exists()
