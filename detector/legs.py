"""The legs of a survey: each video or photo folder with the frames to read from it and where they were taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

from detector.errors import FootageError, SchouwError
from detector.footage.names import as_text
from detector.footage.photos import SUFFIXES as PHOTOS
from detector.footage.photos import read_photo_folder
from detector.footage.sampling import FramePlan, plan_photos, plan_video
from detector.footage.telemetry import Track, read_track
from detector.footage.trajectory import Trajectory
from detector.footage.video import probe
from detector.types import Fix

VIDEOS = frozenset({".mp4", ".mov", ".avi", ".mkv", ".ts", ".m4v", ".360", ".webm", ".mts"})


@dataclass(slots=True)
class Leg:
    """One item of footage, and what becomes of it."""

    file: Path
    plan: FramePlan | None = None
    fixes: tuple[Fix, ...] = ()
    drive: int = 0  # legs of one drive share a trajectory
    undated: bool = False  # doesn't tell when it began: taken to begin with the track
    repeated: int = 0  # frames left out because an earlier leg of its drive shows that part
    error: SchouwError | None = None
    frames: int = 0  # read so far


def plan_legs(
    footage: Sequence[Path],
    track: Path | None,
    *,
    every_m: float,
    offset_s: float = 0.0,
    partial: bool = False,
    planned: Callable[[int, int], None] = lambda done, total: None,
) -> list[Leg]:
    """Plan each item of footage, telling `planned` how many of how many are; with a track in the order of driving.

    Items are videos, folders of videos and folders of geotagged photos. Videos are placed on `track`, or without one on
    the GPS track inside them; photos by their EXIF data. An item named twice is taken once. What can't be used becomes
    a leg with an error: also videos on one track that don't tell when they began, if there are several, and a video
    all of whose part of the drive earlier ones show.

    Raises TrackError for a `track` that can't be used at all.
    """
    shared = None if track is None else read_track(track)
    trajectory = None if shared is None else Trajectory(shared.fixes)
    legs = [Leg(file) for file in {file.resolve(): file for item in footage for file in files(item)}.values()]
    planned(0, len(legs))
    for number, leg in enumerate(legs, start=1):
        try:
            _check_name(leg)
            if leg.file.is_dir():
                _plan_photos(leg, every_m)
            else:
                own = shared or _own_track(leg.file)
                _plan_video(leg, own, trajectory or Trajectory(own.fixes), every_m, offset_s, partial)
            leg.drive = 0 if shared and not leg.file.is_dir() else number
        except SchouwError as error:
            leg.error = error
        except OSError as error:
            leg.error = FootageError(
                leg.file, f"can't be read ({error.strerror})", "check its rights, or copy it again"
            )
        planned(number, len(legs))
    if shared is None:
        return legs
    _refuse_undated(legs)
    legs.sort(key=_start)
    _leave_out_repeated(legs)
    return legs


def files(item: Path) -> list[Path]:
    """The videos in a folder; the folder itself where it holds photos, or nothing that can be used."""
    try:
        if not item.is_dir():
            return [item]
        files = sorted(p for p in item.iterdir() if p.is_file())
    except PermissionError:
        return [item]  # told when it is planned
    videos = [p for p in files if p.suffix.lower() in VIDEOS]
    return videos + ([item] if any(p.suffix.lower() in PHOTOS for p in files) or not videos else [])


def _check_name(leg: Leg) -> None:
    """Refuse a name that a result can't hold, and keep what can be shown of it."""
    shown = Path(as_text(leg.file))
    if shown != leg.file:
        leg.file = shown
        raise FootageError(shown, "its name is not UTF-8", "rename it")


def _own_track(video: Path) -> Track:
    probe(video)  # a file that is no video is told as such, not as one without GPS
    return read_track(video)


def _plan_video(leg: Leg, track: Track, trajectory: Trajectory, every_m: float, offset_s: float, partial: bool) -> None:
    video = probe(leg.file)
    leg.undated = video.start_s is None and track.path.resolve() != leg.file.resolve()
    leg.plan = plan_video(video, track, trajectory, every_m=every_m, offset_s=offset_s, partial=partial)
    leg.fixes = track.fixes
    if not leg.plan.shots:
        raise FootageError(leg.file, "none of its frames lies on the track", "give the track of this drive")


def _plan_photos(leg: Leg, every_m: float) -> None:
    folder = read_photo_folder(leg.file)
    leg.plan = plan_photos(folder, every_m)
    leg.fixes = tuple(Fix(nan if p.time_s is None else p.time_s, p.lon, p.lat, p.hdop) for p in folder.photos)


def _refuse_undated(legs: Sequence[Leg]) -> None:
    """Refuse videos that would all be taken to begin with the one track."""
    undated = [leg for leg in legs if leg.undated]
    if len(undated) < 2:
        return
    for leg in undated:
        leg.error = FootageError(
            leg.file,
            "doesn't tell when it began, and there are several such videos",
            "give each its own track, or survey them one at a time with --offset",
        )


def _leave_out_repeated(legs: Sequence[Leg]) -> None:
    """Keep of each video what lies after the last shot before it: looks are joined in the order of the drive."""
    last_s = float("-inf")
    for leg in legs:
        if leg.error or not leg.plan or not leg.plan.is_video:
            continue
        shots = tuple(shot for shot in leg.plan.shots if shot.pose.time_s > last_s)
        leg.repeated = len(leg.plan) - len(shots)
        leg.plan = replace(leg.plan, shots=shots)
        if shots:
            last_s = shots[-1].pose.time_s
        else:
            leg.error = FootageError(leg.file, "shows the same part of the drive as other footage", "leave it out")


def _start(leg: Leg) -> float:
    """The time of a leg's first frame; legs without frames go last."""
    return leg.plan.shots[0].pose.time_s if leg.plan and leg.plan.shots else float("inf")
