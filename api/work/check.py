"""The check of a survey before anyone waits for it: its track, and a sample of its pictures."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from api.context import Context
from api.jobs.handler import Report
from api.store.layers import map_state
from api.store.schema import Survey
from api.work.findings import Finding, finding
from api.work.footage import Laid, laid_out, one_track, scratch_folder
from detector.errors import FootageError, InputError, SchouwError, TrackError
from detector.footage.photos import read_photo_folder
from detector.footage.sampling import EDGE_S, FramePlan, clock_shift, media_start, plan_photos, plan_video, read
from detector.footage.telemetry import Track, read_track
from detector.footage.trajectory import Trajectory
from detector.footage.video import VideoInfo, frame_times, probe
from detector.scene.camera import read_camera
from detector.scene.cameras import Cameras
from detector.scene.coverage import judge, view_road
from detector.types import Image, Pose

SAMPLE = 12  # pictures of each piece of footage
MANY = 0.5  # of the sample, that is worth a warning
SHORT_M = 50.0
AROUND_DEG = 0.005  # about 500 m: a drive may begin outside the area of the network
DAY_S = 86400.0
LEFT_OUT = ("unreadable", "no_gps", "clock", "track_short")  # such a piece is left out, and the others are used
Bbox = Sequence[float]  # west, south, east, north, degrees


def check(context: Context, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Tell what is wrong with a survey's files. See `api.jobs.handler.Handler`."""
    number = payload["survey"]
    with context.database.read() as session:
        survey = session.get(Survey, number)
        options = dict(survey.options) if survey else {}
        state = map_state(session)
    with scratch_folder(context, f"check-{number}-") as folder:
        try:
            with laid_out(context, number, folder, report) as laid:
                found = list(_findings(context, laid, folder, options, state.bbox if state else None, report))
        except InputError as problem:  # of a zip, or a file that is gone
            found = [finding("bad_zip", problem.path.name, why=problem.problem)]
    return {"findings": found}


def _findings(
    context: Context, laid: Laid, folder: Path, options: Mapping[str, Any], bbox: Bbox | None, report: Report
) -> Iterator[Finding]:
    if not laid.footage:
        yield finding("no_footage")
    for path in laid.cameras:
        try:
            read_camera(path)
        except SchouwError as problem:
            yield finding("bad_camera", laid.called(path), why=laid.in_words(str(problem)))
    shared: Track | None = None
    try:
        joined = one_track(laid, folder)
        shared = read_track(joined) if joined else None
    except TrackError as problem:
        yield finding("bad_track", laid.called(problem.path), why=problem.problem)
        return
    pieces = []
    for done, path in enumerate(laid.footage):
        report("checking footage", done, len(laid.footage))
        pieces.append(list(_Piece(context, laid, path, shared, options, bbox).findings()))
    others = any(all(one["level"] != "stop" for one in piece) for piece in pieces)
    for one in (one for piece in pieces for one in piece):
        left_out = others and one["code"] in LEFT_OUT
        yield {**one, "level": "warn"} if left_out else one
    if bbox is None:
        yield finding("no_network")


@dataclass(frozen=True, slots=True)
class _Piece:
    """One video or photo folder."""

    context: Context
    laid: Laid
    path: Path
    track: Track | None
    options: Mapping[str, Any]
    bbox: Bbox | None

    @property
    def name(self) -> str:
        """How the crew called it."""
        if not self.path.is_dir():
            return self.laid.called(self.path)
        zips = [name for stored, name in self.laid.names.items() if stored.endswith(".zip")]
        return zips[0] if len(zips) == 1 else "foto's / photos"

    def findings(self) -> Iterator[Finding]:
        """What is wrong with it."""
        plan = None
        try:
            for one in self._photos() if self.path.is_dir() else self._video():
                if isinstance(one, FramePlan):
                    plan = one
                else:
                    yield one
        except TrackError as problem:
            yield finding("no_gps", self.name, why=problem.problem)
        except FootageError as problem:
            code = "no_gps" if self.path.is_dir() else "unreadable"
            yield finding(code, self.name, why=self.laid.in_words(problem.problem))
        if plan is None or not plan.shots:
            return
        yield from self._places([shot.pose for shot in plan.shots])
        yield from self._pictures(plan)

    def _photos(self) -> Iterator[Finding | FramePlan]:
        photos = read_photo_folder(self.path)
        if photos.unusable:
            yield finding("photos_without_place", self.name, count=len(photos.unusable))
        yield plan_photos(photos)

    def _video(self) -> Iterator[Finding | FramePlan]:
        limits = self.context.settings.limits
        video = probe(self.path)
        if video.duration_s > limits.footage_s:
            yield finding("too_long", self.name, hours=video.duration_s / 3600, most=limits.footage_s / 3600)
        if video.width * video.height > limits.picture_px:
            yield finding("too_large", self.name, pixels=video.width * video.height, most=limits.picture_px)
            return
        track = self.track or read_track(self.path)
        trajectory = Trajectory(track.fixes)
        offset_s = self.options.get("offset_s") or 0.0
        try:
            plan = plan_video(video, track, trajectory, offset_s=offset_s, partial=True)
        except TrackError:
            yield self._clock(video, track, trajectory, offset_s)
            return
        if plan.note:
            yield finding("assumed_start", self.name)
        part = self._covered(video, track, trajectory, offset_s)
        if part is not None and not self.options.get("partial"):
            yield finding("track_short", self.name, percent=100 * part)
        yield plan

    def _clock(self, video: VideoInfo, track: Track, trajectory: Trajectory, offset_s: float) -> Finding:
        media = frame_times(video.path)
        start_s, _ = media_start(video, track, trajectory, float(media[0]))
        first, last = float(media[0]) + start_s + offset_s, float(media[-1]) + start_s + offset_s
        apart_s = trajectory.start_s - last if trajectory.start_s > last else first - trajectory.end_s
        wanted = offset_s + clock_shift(trajectory, first, last)
        return finding("clock", self.name, by=_span(apart_s), offset_s=wanted)

    def _covered(self, video: VideoInfo, track: Track, trajectory: Trajectory, offset_s: float) -> float | None:
        """The part of a video that the track covers; None when it is all that counts."""
        media = frame_times(video.path)
        start_s, _ = media_start(video, track, trajectory, float(media[0]))
        times = media + start_s + offset_s
        if trajectory.start_s - times[0] <= EDGE_S and times[-1] - trajectory.end_s <= EDGE_S:
            return None
        return float(((times >= trajectory.start_s) & (times <= trajectory.end_s)).mean())

    def _places(self, poses: Sequence[Pose]) -> Iterator[Finding]:
        metres = poses[-1].distance_m - poses[0].distance_m
        if metres < SHORT_M:
            yield finding("too_short", self.name, metres=metres)
        newest = np.nanmax([pose.time_s for pose in poses]) if any(p.time_s == p.time_s for p in poses) else 0.0
        if newest > time.time() + DAY_S:
            yield finding("future", self.name, day=time.strftime("%Y-%m-%d", time.gmtime(newest)))
        if self.bbox is None:
            return
        west, south, east, north = self.bbox
        lon, lat = np.array([p.lon for p in poses]), np.array([p.lat for p in poses])
        inside = (lon > west - AROUND_DEG) & (lon < east + AROUND_DEG)
        inside &= (lat > south - AROUND_DEG) & (lat < north + AROUND_DEG)
        if not inside.any():
            yield finding("outside", self.name, lon=lon[0], lat=lat[0])
        elif (~inside).mean() >= MANY:
            yield finding("partly_outside", self.name, percent=100 * float((~inside).mean()))

    def _pictures(self, plan: FramePlan) -> Iterator[Finding]:
        rows = np.unique(np.linspace(0, len(plan.shots) - 1, SAMPLE).astype(int))
        sample: list[Image] = []
        try:
            sample += [image for _, image in read(replace(plan, shots=tuple(plan.shots[row] for row in rows)))]
        except FootageError as problem:
            yield finding("unreadable", self.name, why=self.laid.in_words(problem.problem))
            return
        cameras = Cameras(None, sample)
        views = [view_road(n, image, cameras.of(image.shape[1], image.shape[0])) for n, image in enumerate(sample)]
        reasons = Counter(view.reason for view in judge(views) if not view.usable)
        for reason, count in reasons.most_common(1):
            if count / len(sample) >= MANY:
                yield finding(reason, self.name, percent=100 * count / len(sample))


def _span(seconds: float) -> tuple[str, str]:
    """A length of time in Dutch and English."""
    for size, dutch, english in ((DAY_S, "dagen", "days"), (3600.0, "uur", "h"), (60.0, "minuten", "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {dutch}", f"{seconds / size:.0f} {english}"
    return f"{seconds:.0f} s", f"{seconds:.0f} s"
