from fractions import Fraction
from pathlib import Path

import av
import pytest

from detector.footage.trajectory import Trajectory
from detector.scene.calibration.drive import calibrate_video
from detector.types import Fix
from tests.detector.calibration.road import ASSUMED, CAMERA, texture, view

START = 1.7e9


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds straight on at 10 m/s, 10 frames/s."""
    path = tmp_path_factory.mktemp("drive") / "drive.mp4"
    road = texture(4)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "14", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = CAMERA.width, CAMERA.height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        for i in range(30):
            frame = av.VideoFrame.from_ndarray(view(road, CAMERA, 2.0 + i, 0.0, 0.0), format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def straight(seconds: int) -> Trajectory:
    return Trajectory([Fix(START + t, 6.9 + 10 * t / 68_300, 52.2) for t in range(-3, seconds)])


def test_a_video_and_its_track_give_the_camera(video: Path) -> None:
    found = calibrate_video(video, straight(8), START, ASSUMED, 0.02)
    assert found.calibration is not None
    camera = found.calibration.camera
    assert camera.pitch_deg == pytest.approx(CAMERA.pitch_deg, abs=0.2)
    assert camera.height_m == pytest.approx(CAMERA.height_m, rel=0.06)
    # At constant speed straight on the pictures can't tell the clock.
    assert not found.offset.sure
    assert found.applied_s == 0.0


def test_a_video_without_a_drive_gives_nothing(video: Path) -> None:
    standing = Trajectory([Fix(START + t, 6.9, 52.2) for t in range(-3, 8)])
    found = calibrate_video(video, standing, START, ASSUMED)
    assert found.calibration is None
    assert "road" in found.offset.reason
