from datetime import UTC, datetime
from pathlib import Path

import gpxpy.gpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.errors import TrackError
from detector.footage.telemetry import read_track

PLACE = st.tuples(st.floats(-179, 179), st.floats(0.01, 89))
TIME = st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1)) | st.none()


def write_gpx(path: Path, points: list[tuple[tuple[float, float], datetime | None]]) -> Path:
    segment = gpxpy.gpx.GPXTrackSegment(
        [gpxpy.gpx.GPXTrackPoint(lat, lon, time=t and t.replace(tzinfo=UTC)) for (lon, lat), t in points]
    )
    gpx = gpxpy.gpx.GPX()
    gpx.tracks.append(gpxpy.gpx.GPXTrack())
    gpx.tracks[0].segments.append(segment)
    path.write_text(gpx.to_xml())
    return path


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=st.lists(st.tuples(PLACE, TIME), min_size=1, max_size=20))
def test_gpx_loses_nothing_uncounted(tmp_path: Path, points: list[tuple[tuple[float, float], datetime | None]]) -> None:
    path = write_gpx(tmp_path / "drive.gpx", points)
    if all(time is None for _, time in points):
        with pytest.raises(TrackError, match="has a time"):
            read_track(path)
        return
    track = read_track(path)
    times = [f.time_s for f in track.fixes]
    assert times == sorted(set(times))
    assert len(track.fixes) + sum(track.dropped.values()) == len(points)
    assert track.dropped.get("no time", 0) == sum(time is None for _, time in points)
    assert (track.format, track.clock) == ("GPX", "utc")


def test_disorder_duplicates_and_null_island(tmp_path: Path) -> None:
    noon = datetime(2025, 4, 16, 12, 0)
    points = [((6.9, 52.2), noon.replace(second=s)) for s in (5, 3, 3, 4)] + [((0.0, 0.0), noon)]
    track = read_track(write_gpx(tmp_path / "a.gpx", points))
    assert [f.time_s - track.fixes[0].time_s for f in track.fixes] == [0, 1, 2]
    assert track.dropped == {"same time as another": 1, "at 0/0": 1}
    with pytest.raises(TrackError, match="null island"):
        read_track(write_gpx(tmp_path / "b.gpx", [((0.0, 0.0), noon.replace(second=s)) for s in range(9)]))


def test_the_content_tells_the_kind(tmp_path: Path) -> None:
    path = write_gpx(tmp_path / "track.txt", [((6.9, 52.2), datetime(2025, 4, 16))])
    assert read_track(path).format == "GPX"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # a byte order mark, as Windows programs write
    assert read_track(path).format == "GPX"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes"),
        (b"hello\n" * 9, "no track of a known kind"),
        (b'<?xml version="1.0"?><gpx version="1.1"><trk><trkseg><trkpt lat="5', "can't be read"),
        (b'<?xml version="1.0"?><gpx version="1.1" creator="x"></gpx>', "holds no fixes"),
        (b"$GPGGA,120000,5212.0,N,00654.0,E,1,08,1.0,1,M,1,M,,*00\r\n", "no date"),
    ],
)
def test_unusable_tracks_say_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "track.gpx"
    path.write_bytes(content)
    with pytest.raises(TrackError, match=says) as error:
        read_track(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TrackError, match="no such track file"):
        read_track(tmp_path / "none.gpx")


@pytest.mark.parametrize(
    ("name", "kind", "count", "dropped"),
    [
        ("gpx/around-visnjan-with-car.gpx", "GPX", 104, {}),
        ("gpmf/gopro-gpmf__hero5-trimmed.mp4", "GoPro GPMF", 36, {}),
        ("gpmf/max-heromode.mp4", "GoPro GPMF", 191, {}),
        ("nmea/MOV_0581.nmea", "NMEA", 30, {}),
        ("nmea/bt451.nmea", "NMEA", 14, {"no GPS fix": 8}),
        ("nmea/nmea-rtk.nmea", "NMEA", 122, {}),
    ],
)
def test_real_recordings(shared: Path, name: str, kind: str, count: int, dropped: dict[str, int]) -> None:
    track = read_track(shared / "geo" / "telemetry" / name)
    assert (track.format, len(track.fixes), track.dropped) == (kind, count, dropped)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gpmf/gopro-gpmf__hero8-trimmed.mp4", "no GPS fix in any"),
        ("nmea/garmin-geko201.nmea", "no GPS fix in any"),
        ("gpx/track-with-extremes.gpx", "has a time"),
        ("exif", "has a time"),
        ("dashcam/novatek-ts__real-anonymized.TS", "no track of a known kind"),
    ],
)
def test_real_recordings_without_a_track(shared: Path, name: str, says: str) -> None:
    with pytest.raises(TrackError, match=says):
        read_track(shared / "geo" / "telemetry" / name)


def test_gopro_is_timed_by_its_receiver(shared: Path) -> None:
    track = read_track(shared / "geo" / "telemetry" / "gpmf" / "max-heromode.mp4")
    assert track.media_start_s == pytest.approx(datetime(2019, 11, 18, 23, 45, 15, tzinfo=UTC).timestamp(), abs=1)
    assert track.fixes[0].time_s == track.media_start_s  # its first fix is at media time 0
    assert track.fixes[0].hdop == 1.54


def test_a_video_without_gps(shared: Path) -> None:
    with pytest.raises(TrackError, match="no GPS data that can be read; give a GPX"):
        read_track(shared / "survey" / "drive.mp4")


def test_photos_are_a_track(shared: Path) -> None:
    track = read_track(shared / "survey" / "photos")
    assert (track.format, len(track.fixes)) == ("EXIF", 37)
    assert track.fixes[1].time_s - track.fixes[0].time_s == pytest.approx(0.3, abs=0.11)
