from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from detector.errors import FootageError, TrackError
from detector.footage.photos import read_photo_folder
from detector.footage.sampling import FramePlan, plan_photos, plan_video, read
from detector.footage.telemetry import Track, read_track
from detector.footage.trajectory import Trajectory
from detector.footage.video import probe
from detector.types import Fix

MakeVideo = Callable[..., Path]
START = datetime(2025, 4, 16, 9, 30, tzinfo=UTC).timestamp()
DEGREE_M = 111_273.0  # of latitude, at 52 degrees north
TIMES = np.arange(0, 30, 0.1)  # 10 frames/s for 30 s


def northwards(first: float = -5.0, last: float = 40.0, stop: tuple[float, float] | None = None) -> Track:
    """A drive at 10 m/s due north, 1 fix/s; times count from the video's start. Within `stop` the car stands."""
    times = np.arange(first, last + 0.5)
    driven = 10 * (times - first - (0 if stop is None else np.clip(times - stop[0], 0, stop[1] - stop[0])))
    fixes = tuple(Fix(START + t, 6.9, 52.2 + d / DEGREE_M) for t, d in zip(times.tolist(), driven, strict=True))
    return Track(Path("drive.gpx"), fixes, "GPX")


def plan(path: Path, track: Track, **options: float) -> FramePlan:
    return plan_video(probe(path), track, Trajectory(track.fixes), **options)  # type: ignore[arg-type]


def test_a_frame_every_three_metres(make_video: MakeVideo) -> None:
    chosen = plan(make_video(TIMES), northwards())
    distances = np.array([s.pose.distance_m for s in chosen.shots])
    assert len(chosen) == 100
    assert np.diff(distances) == pytest.approx(3.0, abs=1.01)  # frames are 1 m apart
    assert [s.pose.time_s - START for s in chosen.shots] == pytest.approx([s.media_time_s for s in chosen.shots])
    assert (chosen.outside, chosen.note) == (0, "")
    assert len(plan(make_video(TIMES), northwards(), every_m=10.0)) == 30


def test_standing_still_gives_no_frames(make_video: MakeVideo) -> None:
    chosen = plan(make_video(TIMES), northwards(stop=(8.0, 20.0)))
    standing = [s for s in chosen.shots if 10 < s.media_time_s < 18]
    assert len(standing) <= 1
    assert 55 <= len(chosen) <= 65


def test_the_plan_is_what_is_read(make_video: MakeVideo) -> None:
    chosen = plan(make_video(TIMES), northwards())
    faults: list[str] = []
    pictures = list(read(chosen, first_index=7, faults=faults))
    assert not faults
    assert [f.index for f, _ in pictures] == list(range(7, 107))
    assert [f.pose for f, _ in pictures] == [s.pose for s in chosen.shots]
    frame, image = pictures[50]
    assert (frame.width, frame.height) == (image.shape[1], image.shape[0]) == (96, 64)
    assert frame.source == str(chosen.path)
    assert float(image[40:, 56:].mean()) == pytest.approx(40 + frame.media_time_s * 10, abs=2)


def test_videos_of_one_drive_share_a_trajectory(make_video: MakeVideo) -> None:
    track = northwards(0, 60)
    first = make_video(TIMES, "a.mp4")
    second = make_video(TIMES, "b.mp4", created="2025-04-16T09:30:30Z")
    ends = [plan(path, track).shots[-1].pose.distance_m for path in (first, second)]
    assert ends == pytest.approx([299, 599], abs=4)


def test_a_track_a_little_short_leaves_frames_out(make_video: MakeVideo) -> None:
    chosen = plan(make_video(TIMES), northwards(2, 28))
    assert chosen.outside == 20 + 19


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (-5, 20, "ends 9.9 s before the end of the video drive.mp4"),
        (9, 40, "starts 9.0 s after the start of the video drive.mp4"),
        (9, 20, "starts 9.0 s after the start and ends 9.9 s before the end"),
    ],
)
def test_a_track_too_short(make_video: MakeVideo, first: float, last: float, says: str) -> None:
    path = make_video(TIMES)
    with pytest.raises(TrackError, match=says) as error:
        plan(path, northwards(first, last))
    assert "--partial" in str(error.value)
    chosen = plan(path, northwards(first, last), partial=True)
    times = [s.media_time_s for s in chosen.shots]
    assert max(first, 0) <= min(times)
    assert max(times) <= last
    assert chosen.outside + 10 * (min(last, 29.9) - max(first, 0)) == pytest.approx(299, abs=1)


@pytest.mark.parametrize(
    ("first", "says", "offset"),
    [
        (3 * 86400 + 2 * 3600.0, "starts 3 days 2 h after the video", 266400),
        (-266400.0, "starts 3 days 2 h before the video", -266400),
        (-7200.0 - 600, "starts 2 h 10 min before the video", -7200),  # a zone off, within a longer track
        (-500.0 * 86400 - 77, "starts 500 days before", -500 * 86400),
    ],
)
def test_a_track_of_another_time(make_video: MakeVideo, first: float, says: str, offset: int) -> None:
    path, track = make_video(TIMES), northwards(first, first + 1200)
    with pytest.raises(TrackError, match=says) as error:
        plan(path, track)
    assert f"--offset {offset}" in str(error.value)
    assert len(plan(path, track, offset_s=float(offset))) == pytest.approx(100, abs=1)


def test_the_suggested_offset_counts_the_given_one(make_video: MakeVideo) -> None:
    path, track = make_video(TIMES), northwards(7200, 7260)
    with pytest.raises(TrackError, match="--offset 7200") as error:
        plan(path, track, offset_s=100000.0)
    assert error.value.path == track.path


def test_a_video_without_a_clock_starts_with_the_track(make_video: MakeVideo) -> None:
    chosen = plan(make_video(TIMES + 4.0, created=None), northwards(0))
    assert chosen.shots[0].pose.time_s == pytest.approx(START)
    assert chosen.shots[0].media_time_s == 4.0
    assert "taken to begin with the track" in chosen.note


def test_a_track_without_utc_belongs_to_its_own_video(make_video: MakeVideo) -> None:
    path = make_video(TIMES)
    fixes = tuple(Fix(float(t), 6.9, 52.2 + 10 * t / DEGREE_M) for t in range(31))
    own = plan(path, Track(path, fixes, "CAMM", clock="media"))
    assert own.shots[-1].pose.time_s == own.shots[-1].media_time_s
    with pytest.raises(TrackError, match="no UTC time"):
        plan(path, Track(Path("other.mp4"), fixes, "CAMM", clock="media"))


def test_damaged_frames_are_left_out(make_video: MakeVideo) -> None:
    path = make_video(TIMES)
    chosen = plan(path, northwards())
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + len(data) // 2
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(data)
    faults: list[str] = []
    frames = [f for f, _ in read(chosen, faults=faults)]
    planned = {s.media_time_s: s.pose for s in chosen.shots}
    assert 80 < len(frames) <= 100
    assert all(planned[f.media_time_s] == f.pose for f in frames)
    assert faults
    assert [f.index for f in frames] == list(range(len(frames)))


def test_timed_photos_are_smoothed(make_photo: Callable[..., Path]) -> None:
    for i in range(20):
        path = make_photo(f"{i:02}.jpg", 6.9, 52.2 + 5 * i / DEGREE_M, clock=(9, 30, i * 0.5))
    chosen = plan_photos(read_photo_folder(path.parent), every_m=10.0)
    assert [s.source.name for s in chosen.shots] == [f"{i:02}.jpg" for i in range(0, 20, 2)]
    assert [s.media_time_s for s in chosen.shots] == pytest.approx(list(range(10)))
    assert np.array([s.pose.speed_mps for s in chosen.shots]) == pytest.approx(10, abs=0.2)
    headings = np.array([(s.pose.heading_deg + 180) % 360 - 180 for s in chosen.shots])
    assert headings == pytest.approx(0, abs=1)


def test_photos_that_share_a_second_are_spread_over_it(make_photo: Callable[..., Path]) -> None:
    for i in range(20):
        path = make_photo(f"{i:02}.jpg", 6.9, 52.2 + 5 * i / DEGREE_M, clock=(9, 30, i // 2))
    chosen = plan_photos(read_photo_folder(path.parent), every_m=5.0)
    assert [s.media_time_s for s in chosen.shots] == pytest.approx([i / 2 for i in range(20)])


def test_photos_without_time_keep_their_place(make_photo: Callable[..., Path]) -> None:
    for i in range(10):
        path = make_photo(f"{i:02}.jpg", 6.9, 52.2 + 5 * i / DEGREE_M, heading=90.0 if i == 3 else None)
    chosen = plan_photos(read_photo_folder(path.parent))
    assert len(chosen) == 10
    assert [s.pose.heading_deg for s in chosen.shots] == pytest.approx([90.0 if i == 3 else 0.0 for i in range(10)])
    assert [s.pose.distance_m for s in chosen.shots] == pytest.approx([5.0 * i for i in range(10)], abs=0.05)
    assert np.isnan([s.pose.time_s for s in chosen.shots]).all()
    assert "not every photo has a time" in chosen.note


@pytest.mark.parametrize("clock", [(9, 30), None])
def test_photos_without_a_place_are_told(make_photo: Callable[..., Path], clock: tuple[int, int] | None) -> None:
    for i in range(4):
        at = None if clock is None else (*clock, i)
        path = make_photo(f"{i}.jpg", 6.9, 52.2 + 5 * i / DEGREE_M, clock=at)
    assert "left out" not in plan_photos(read_photo_folder(path.parent)).note
    path.write_bytes(b"")
    chosen = plan_photos(read_photo_folder(path.parent))
    assert len(chosen) == 3
    assert "1 of 4 photos left out, without a usable place (3.jpg: the file is empty)" in chosen.note


def test_photos_are_read_upright_and_bad_ones_left_out(make_photo: Callable[..., Path]) -> None:
    for i in range(3):
        path = make_photo(f"{i}.jpg", 6.9, 52.2 + 5 * i / DEGREE_M, clock=(9, 30, i), orientation=6 if i == 1 else 1)
    chosen = plan_photos(read_photo_folder(path.parent))
    path.write_bytes(path.read_bytes()[:900])
    faults: list[str] = []
    pictures = list(read(chosen, faults=faults))
    assert [f.index for f, _ in pictures] == [0, 1]
    assert pictures[1][1].shape == (96, 64, 3)
    assert pictures[1][1][10, -10, 0] > 200  # the red corner is top right after a quarter turn clockwise
    assert len(faults) == 1
    for shot in chosen.shots:
        shot.source.unlink()
    with pytest.raises(FootageError, match="none of its pictures"):
        list(read(chosen))


def test_a_gopro_is_timed_by_its_own_gps(shared: Path) -> None:
    """Its creation time is local time, eight hours off."""
    path = shared / "geo" / "telemetry" / "gpmf" / "max-heromode.mp4"
    track = read_track(path)
    chosen = plan(path, track)
    assert track.media_start_s is not None
    assert chosen.shots[0].pose.time_s == pytest.approx(track.media_start_s, abs=0.1)


def test_the_real_drive(shared: Path) -> None:
    chosen = plan(shared / "survey" / "drive.mp4", read_track(shared / "survey" / "drive.gpx"))
    assert 140 <= len(chosen) <= 165
    assert (chosen.outside, chosen.note) == (0, "")
    photos = plan_photos(read_photo_folder(shared / "survey" / "photos"))
    frame, image = next(read(photos))
    assert image.shape == (frame.height, frame.width, 3)
