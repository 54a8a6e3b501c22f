"""The camera of a piece of footage, found in the footage itself and its track."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detector.errors import FootageError, SchouwError
from detector.footage.clock import Offset
from detector.footage.photos import read_photo_folder
from detector.footage.sampling import media_start, plan_photos
from detector.footage.telemetry import read_track
from detector.footage.trajectory import Trajectory
from detector.footage.video import frame_times, probe
from detector.legs import files
from detector.scene.calibration.calibrate import ASSUMED_FOCAL_SIGMA, calibrate
from detector.scene.calibration.drive import DriveCalibration, calibrate_video
from detector.scene.calibration.focal import EXIF_FOCAL_SIGMA, exif_focal_px, gopro_focal
from detector.scene.calibration.pairs import NARROWEST_M, plan_pairs
from detector.scene.calibration.result import ASSUMED_ONLY
from detector.scene.camera import Camera, default_camera


@dataclass(frozen=True, slots=True)
class FromFootage:
    """What footage told of its own camera and clock."""

    camera: Camera | None  # None: nothing better than to assume one
    offset_s: float  # to be added to the footage's clock
    notes: tuple[str, ...]


PHOTOS_CLOCK = Offset(0.0, 0.0, 0.0, "photos carry their own place")


def calibrate_footage(footage: Path, track: Path | None = None, offset_s: float = 0.0) -> DriveCalibration:
    """Calibrate the camera of a video, or of a folder of geotagged photos.

    Args:
        footage: a video, or a folder of photos taken a metre to a few metres apart.
        track: GPS track of the drive; None takes the video's own. Photos need none.
        offset_s: added to the video's clock to get the track's.

    Raises:
        FootageError: it can't be read.
        TrackError: the track can't be used, or is of another time.
    """
    if footage.is_dir():
        return _of_photos(footage)
    video, fixes = probe(footage), read_track(track or footage)
    trajectory = Trajectory(fixes.fixes)
    start_s, _ = media_start(video, fixes, trajectory, float(frame_times(footage)[0]))
    camera, focal_sigma = default_camera(video.width, video.height), ASSUMED_FOCAL_SIGMA
    if written := gopro_focal(footage, video.width, video.height):
        camera, focal_sigma = replace(camera, focal_px=written.px), written.sigma
    return calibrate_video(footage, trajectory, start_s + offset_s, camera, focal_sigma)


def calibrate_drive(footage: Sequence[Path], track: Path | None, offset_s: float) -> FromFootage:
    """Calibrate the one camera of several pieces of footage on the first that shows it.

    A camera whose focal length the road does not tell is not taken: its height would be as wrong. What can't be read
    is passed over here; reading it for the survey tells why.
    """
    notes: list[str] = []
    for file in (file for item in footage for file in files(item)):
        try:
            found = calibrate_footage(file, track, offset_s)
        except SchouwError:
            continue
        if found.calibration is None or found.calibration.sigmas.focal > ASSUMED_ONLY:
            notes.append(f"{file}: the camera can't be calibrated on this drive; only its direction is found")
            continue
        clock = found.offset
        if found.applied_s:
            notes.append(f"{file}: clock corrected by {clock.seconds:+.2f} s (1 sigma {clock.sigma_s:.2f} s)")
        notes += [f"{file}: {note}" for note in found.calibration.notes]
        return FromFootage(found.calibration.camera, offset_s + found.applied_s, tuple(notes))
    return FromFootage(None, offset_s, tuple(notes))


def _of_photos(folder: Path) -> DriveCalibration:
    photos = read_photo_folder(folder)
    plan = plan_photos(photos, NARROWEST_M)
    pairs = plan_pairs(plan)
    if not pairs:
        raise FootageError(folder, "no two photos lie near enough to each other", "give photos a few metres apart")
    height, width = pairs[0].first.shape[:2]
    pairs = [pair for pair in pairs if pair.first.shape == pair.second.shape == pairs[0].first.shape]
    camera, focal_sigma = default_camera(width, height), ASSUMED_FOCAL_SIGMA
    if focal := exif_focal_px(photos.photos[0].path, width, height):
        camera, focal_sigma = replace(camera, focal_px=focal), EXIF_FOCAL_SIGMA
    first, last = plan.shots[0].pose, plan.shots[-1].pose
    driven = last.distance_m - first.distance_m
    return DriveCalibration(
        calibrate(pairs, camera, focal_sigma, math.hypot(first.sigma_m, last.sigma_m) / driven), PHOTOS_CLOCK, 0.0
    )
