"""Which frames to look at, and where each was taken: settled before the first picture is decoded."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from detector.errors import FootageError, InputError, TrackError
from detector.footage.photos import Photo, PhotoFolder, first_reason
from detector.footage.telemetry import Track
from detector.footage.trajectory import SIGMA_M, SIGMA_PER_HDOP_M, Trajectory
from detector.footage.video import VideoInfo, frame_times, read_frames
from detector.images import read_image
from detector.types import Fix, Floats, Frame, Image, Pose

EDGE_S = 3.0  # a track may start or end this much inside the video; receivers and cameras don't stop together
QUARTER_S = 900.0  # clocks set to another time zone differ by whole quarters of an hour
WIDEST_ZONE_S = 14 * 3600.0
WGS84 = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture that will be read."""

    source: Path
    media_time_s: float
    pose: Pose
    turns: int = 0  # quarter turns counterclockwise that make a photo upright; a video's are made by `read_frames`


@dataclass(frozen=True, slots=True)
class FramePlan:
    """The pictures of one video or photo folder, in the order they are read."""

    path: Path
    is_video: bool
    shots: tuple[Shot, ...]
    outside: int = 0  # frames that the track doesn't cover
    note: str = ""  # what had to be assumed; empty where nothing

    def __len__(self) -> int:
        return len(self.shots)


def plan_video(
    video: VideoInfo,
    track: Track,
    trajectory: Trajectory,
    *,
    every_m: float = 3.0,
    offset_s: float = 0.0,
    partial: bool = False,
) -> FramePlan:
    """Choose the frames of a video nearest to each `every_m` metres driven, and place them on the trajectory.

    `trajectory` is that of `track`; several videos of one drive share it. `offset_s` is added to the video's clock.
    A video with its own GPS is timed by the receiver's clock. A video that doesn't tell when it began is taken to
    begin with the track, which `note` says. Standing still gives no new frames.

    Raises TrackError where the track is of another time (with the offset that would bring them together), or where
    it begins or ends more than 3 s inside the video, unless `partial`.
    """
    media = frame_times(video.path)
    start_s, note = media_start(video, track, trajectory, float(media[0]))
    times = media + start_s + offset_s
    covered = (times >= trajectory.start_s) & (times <= trajectory.end_s)
    _check_overlap(video, track, trajectory, times, covered, offset_s, partial)
    media, times = media[covered], times[covered]
    rows = _every(trajectory.distances(times), every_m)
    shots = tuple(
        Shot(video.path, float(time), pose) for time, pose in zip(media[rows], trajectory.at(times[rows]), strict=True)
    )
    return FramePlan(video.path, True, shots, int((~covered).sum()), note)


def plan_photos(folder: PhotoFolder, every_m: float = 3.0) -> FramePlan:
    """Choose the photos nearest to each `every_m` metres driven, and give each a pose.

    Photos that all have a time are smoothed into one trajectory. Otherwise they go by name, keep the place of their
    EXIF data, and their heading is that of the camera or else of their neighbours; their times are nan. The note says
    so, and how many have no usable place and are left out.
    """
    photos, left_out = _timed(folder.photos), _left_out(folder)
    if photos is None:
        poses = _raw_poses(folder.photos)
        rows = _every(np.array([p.distance_m for p in poses]), every_m)
        note = "not every photo has a time: taken in order of name, at the place in their EXIF data"
        shots = tuple(Shot(folder.photos[r].path, nan, poses[r], folder.photos[r].turns) for r in rows)
        return FramePlan(folder.path, False, shots, note="; ".join(filter(None, (note, left_out))))
    times = np.array([time for time, _ in photos])
    trajectory = Trajectory([Fix(time, p.lon, p.lat, p.hdop) for time, p in photos])
    covered = np.flatnonzero((times >= trajectory.start_s) & (times <= trajectory.end_s))
    rows = covered[_every(trajectory.distances(times[covered]), every_m)]
    shots = tuple(
        Shot(photos[row][1].path, float(times[row] - times[0]), pose, photos[row][1].turns)
        for row, pose in zip(rows, trajectory.at(times[rows]), strict=True)
    )
    return FramePlan(folder.path, False, shots, len(times) - len(covered), left_out)


def _left_out(folder: PhotoFolder) -> str:
    if not folder.unusable:
        return ""
    count, of = len(folder.unusable), len(folder.unusable) + len(folder.photos)
    return f"{count} of {of} photos left out, without a usable place ({first_reason(folder.unusable)})"


def read(plan: FramePlan, first_index: int = 0, faults: list[str] | None = None) -> Iterator[tuple[Frame, Image]]:
    """Yield the planned pictures; frames are numbered from `first_index`.

    A picture that can't be decoded is left out and adds a line to `faults`.

    Raises FootageError where none can.
    """
    notes: list[str] = [] if faults is None else faults
    index = first_index
    for shot, image in _video_pictures(plan, notes) if plan.is_video else _photo_pictures(plan, notes):
        height, width = image.shape[:2]
        yield Frame(index, str(shot.source), shot.media_time_s, shot.pose, width, height), image
        index += 1
    if plan.shots and index == first_index:
        raise FootageError(plan.path, "none of its pictures can be decoded", "copy them again from the camera's card")


def _video_pictures(plan: FramePlan, faults: list[str]) -> Iterator[tuple[Shot, Image]]:
    times = np.array([shot.media_time_s for shot in plan.shots])
    for time, image in read_frames(plan.path, times, faults):
        yield plan.shots[int(np.abs(times - time).argmin())], image


def _photo_pictures(plan: FramePlan, faults: list[str]) -> Iterator[tuple[Shot, Image]]:
    for shot in plan.shots:
        try:
            image = read_image(shot.source)
        except InputError as error:
            faults.append(str(error))
            continue
        yield shot, np.ascontiguousarray(np.rot90(image, k=shot.turns))


def _every(distances: Floats, every_m: float) -> NDArray[np.intp]:
    """Rows (rising, each once) nearest to every step along the distances (n,), which don't fall."""
    if not len(distances):
        return np.array([], dtype=np.intp)
    steps = np.arange(distances[0], distances[-1] + every_m / 10, every_m)
    after = np.searchsorted(distances, steps).clip(0, len(distances) - 1)
    before = (after - 1).clip(0)
    nearest = np.where(steps - distances[before] < distances[after] - steps, before, after)
    return np.unique(nearest)


def media_start(video: VideoInfo, track: Track, trajectory: Trajectory, first_s: float) -> tuple[float, str]:
    """The time, by the track's clock, of the video's media time 0; and what was assumed for it."""
    own = track.path.resolve() == video.path.resolve()
    if track.clock == "media":
        if not own:
            raise TrackError(track.path, "its fixes have no UTC time", f"give another track for {video.path.name}")
        return 0.0, ""
    if own and track.media_start_s is not None:
        return track.media_start_s, ""
    if video.start_s is not None:
        return video.start_s, ""
    return trajectory.start_s - first_s, f"{video.path.name} doesn't tell when it began: taken to begin with the track"


def _check_overlap(
    video: VideoInfo,
    track: Track,
    trajectory: Trajectory,
    times: Floats,
    covered: NDArray[np.bool_],
    offset_s: float,
    partial: bool,
) -> None:
    first, last = float(times[0]), float(times[-1])
    if not covered.any():
        lag = trajectory.start_s - first
        raise TrackError(
            track.path,
            f"the track starts {_span(abs(lag))} {'after' if lag > 0 else 'before'} the video {video.path.name} "
            "and has no time in common with it",
            f"if the clocks differ pass --offset {offset_s + clock_shift(trajectory, first, last):.0f}",
        )
    if partial:
        return
    late, early = trajectory.start_s - first, last - trajectory.end_s
    if max(late, early) > EDGE_S:
        parts = [f"starts {_span(late)} after the start" if late > EDGE_S else ""]
        parts += [f"ends {_span(early)} before the end" if early > EDGE_S else ""]
        raise TrackError(
            track.path,
            f"the track {' and '.join(filter(None, parts))} of the video {video.path.name}",
            "give the whole track, or pass --partial to use the part that it covers",
        )


def clock_shift(trajectory: Trajectory, first: float, last: float) -> float:
    """Seconds to add to a video of `first`..`last` that bring it onto the trajectory.

    The nearest time zone that does; where none, the shift that lets both start together, in whole quarters of an hour
    if that is near enough.
    """
    lowest = trajectory.start_s - EDGE_S - first
    highest = trajectory.end_s + EDGE_S - last
    zone = ceil(lowest / QUARTER_S) * QUARTER_S if lowest > 0 else floor(highest / QUARTER_S) * QUARTER_S
    if lowest <= zone <= highest and abs(zone) <= WIDEST_ZONE_S:
        return float(zone)
    start = trajectory.start_s - first
    quarters = round(start / QUARTER_S) * QUARTER_S
    return float(quarters if lowest <= quarters <= highest else ceil(start))


def _span(seconds: float) -> str:
    """A length of time, rounded to two units, such as '3 days 2 h'."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    step = 3600 if seconds >= 86400 - 60 else 60 if seconds >= 3600 - 1 else 1
    rest = round(seconds / step) * step
    parts = []
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append("1 day" if (unit, count) == ("days", 1) else f"{count} {unit}")
    return " ".join(parts[:2])


def _timed(photos: Sequence[Photo]) -> list[tuple[float, Photo]] | None:
    """The photos in order of time, no two at one time; None where one has no time.

    Photos that share a second, for want of a finer clock, are spread over it in order of their names.
    """
    timed = [(p.time_s, p) for p in photos if p.time_s is not None]
    if len(timed) < len(photos):
        return None
    shared = Counter(time for time, _ in timed)
    seen: Counter[float] = Counter()
    spread = []
    for time, photo in timed:
        spread.append((time + seen[time] / shared[time], photo))
        seen[time] += 1
    spread.sort(key=lambda pair: pair[0])
    return [pair for i, pair in enumerate(spread) if i == 0 or pair[0] > spread[i - 1][0]]


def _raw_poses(photos: Sequence[Photo]) -> list[Pose]:
    """Poses at the photos' own places, in the order given."""
    lon, lat = np.array([p.lon for p in photos]), np.array([p.lat for p in photos])
    _, _, steps = WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    driven = np.concatenate([[0.0], np.cumsum(steps)])
    before = np.maximum(np.arange(len(photos)) - 1, 0)
    after = np.minimum(np.arange(len(photos)) + 1, len(photos) - 1)
    headings, _, _ = WGS84.inv(lon[before], lat[before], lon[after], lat[after])
    poses = []
    for photo, heading, distance in zip(photos, headings, driven, strict=True):
        sigma = SIGMA_M if photo.hdop is None else max(1.5, SIGMA_PER_HDOP_M * photo.hdop)
        pose = Pose(nan, photo.lon, photo.lat, float(heading) % 360.0, nan, sigma, float(distance))
        poses.append(pose if photo.heading_deg is None else replace(pose, heading_deg=photo.heading_deg))
    return poses
