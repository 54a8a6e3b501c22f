"""The camera and the clock of one video from the video itself and its track."""

from dataclasses import dataclass
from pathlib import Path

from detector.footage.clock import Offset, estimate_offset
from detector.footage.trajectory import Trajectory
from detector.scene.calibration.calibrate import ASSUMED_FOCAL_SIGMA, calibrate, length_sigma
from detector.scene.calibration.pairs import FramePair, video_pairs
from detector.scene.calibration.result import Calibration
from detector.scene.camera import Camera

FRAME_S = 1 / 30  # offsets smaller than a frame are none


@dataclass(frozen=True, slots=True)
class DriveCalibration:
    """What a video and its track tell of each other. `applied_s` was added to the video's clock to calibrate."""

    calibration: Calibration | None  # None where the pictures don't show the road well enough
    offset: Offset
    applied_s: float


def calibrate_video(
    video: Path,
    trajectory: Trajectory,
    start_s: float,
    camera: Camera,
    focal_sigma: float = ASSUMED_FOCAL_SIGMA,
) -> DriveCalibration:
    """Calibrate the camera of a video whose media time 0 is `start_s` on the trajectory's clock, as far as known.

    `camera` and `focal_sigma` are as for `calibrate`. Where the pictures show for sure that the clocks differ, the
    pairs are placed anew and the camera is found again.

    Raises FootageError as `video_pairs` does.
    """
    calibration = _calibrated(video_pairs(video, trajectory, start_s), trajectory, start_s, camera, focal_sigma)
    if calibration is None:
        return DriveCalibration(None, Offset(0.0, 0.0, 0.0, "the pictures don't show the road well enough"), 0.0)
    seen = calibration.motion
    offset = estimate_offset(start_s + seen.times_s, seen.speeds, seen.turns_degps, trajectory)
    if not offset.matters(FRAME_S):
        return DriveCalibration(calibration, offset, 0.0)
    start_s += offset.seconds
    again = _calibrated(video_pairs(video, trajectory, start_s), trajectory, start_s, camera, focal_sigma)
    return DriveCalibration(again or calibration, offset, offset.seconds)


def _calibrated(
    pairs: list[FramePair], trajectory: Trajectory, start_s: float, camera: Camera, focal_sigma: float
) -> Calibration | None:
    if not pairs:
        return None
    track_sigma = length_sigma(trajectory, start_s + pairs[0].first_s, start_s + pairs[-1].second_s)
    return calibrate(pairs, camera, focal_sigma, track_sigma)
