"""GPS tracks from any file that holds one: GPX, NMEA, a camera's video, or the EXIF data of photos."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import gpxpy
from gpxpy.gpx import GPXTrackPoint

from detector.errors import FootageError, TrackError
from detector.footage.embedded import read_embedded
from detector.footage.fixes import tidy
from detector.footage.nmea import SENTENCE, read_nmea
from detector.footage.photos import read_photo_folder
from detector.types import Fix

HEAD_BYTES = 65536
MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}
CLOCK_SET_AFTER_S = datetime(1990, 1, 1, tzinfo=UTC).timestamp()  # receivers start up in 1980
NO_FIX_REMEDY = "the receiver needs a view of the sky; give another track with --track FILE"


@dataclass(frozen=True, slots=True)
class Track:
    """The fixes of one recording, at least one, in strict order of time.

    With clock "media" the times count from media time 0 of the video at `path`, for want of UTC. `media_start_s` is
    the POSIX UTC of that moment by the receiver's clock, where the track lies in a video that tells both.
    """

    path: Path
    fixes: tuple[Fix, ...]
    format: str
    clock: Literal["utc", "media"] = "utc"
    media_start_s: float | None = None
    dropped: dict[str, int] = field(default_factory=dict)  # reason -> fixes left out


def read_track(path: Path) -> Track:
    """Read a GPS track; what the file is, is told by its content.

    Raises TrackError for a file that is missing, of no known kind, damaged, or without a usable fix.
    """
    dropped: Counter[str] = Counter()
    clock: Literal["utc", "media"] = "utc"
    start: float | None = None
    if path.is_dir():
        kind, fixes = "EXIF", list(_photo_fixes(path, dropped))
    else:
        head = _head(path)
        if b"<gpx" in head:
            kind, fixes = "GPX", list(_gpx_fixes(path, dropped))
        elif head[4:8] in MP4_BOXES:
            embedded = read_embedded(path, dropped)
            if embedded is None:
                raise TrackError(
                    path, "the video holds no GPS data that can be read", "give a GPX or NMEA file with --track FILE"
                )
            kind, fixes, start = embedded.format, embedded.fixes, embedded.media_start_s
            clock = "media" if embedded.relative else "utc"
        elif SENTENCE.search(head):
            with path.open("rb") as file:
                kind, fixes = "NMEA", list(read_nmea(file, dropped))
        else:
            raise TrackError(
                path, "it is no track of a known kind", "give GPX, NMEA, a video with GPS (GoPro), or geotagged photos"
            )
    usable = fixes if clock == "media" else [f for f in fixes if f.time_s > CLOCK_SET_AFTER_S]
    dropped["no time"] += len(fixes) - len(usable)
    kept = tidy(usable, dropped)
    counts = {reason: count for reason, count in dropped.items() if count}
    if not kept:
        raise TrackError(path, *_nothing_left(counts))
    return Track(path, kept, kind, clock, start, counts)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise TrackError(path, "there is no such track file", "check the path") from error
    if not head:
        raise TrackError(path, "the track file is empty (0 bytes)", "copy it again from the device")
    return head


def _nothing_left(dropped: dict[str, int]) -> tuple[str, str]:
    """What to tell of a track of which nothing is left."""
    if not dropped:
        return "the track holds no fixes", NO_FIX_REMEDY
    reason = max(dropped, key=lambda r: dropped[r])
    count = dropped[reason]
    sentences = {
        "no GPS fix": (f"no GPS fix in any of its {count} records", NO_FIX_REMEDY),
        "poor precision": (f"all {count} positions have a dilution of precision over 10", NO_FIX_REMEDY),
        "at 0/0": (f"all {count} positions are at 0/0 (null island): the receiver had no fix", NO_FIX_REMEDY),
        "no time": (f"none of its {count} points has a time", "export the track with times, not as a route"),
        "no date": ("its sentences have no date (no RMC or ZDA)", "switch on RMC sentences in the logger"),
    }
    return sentences.get(reason, (f"none of its {count} points can be used ({reason})", "give another track"))


def _gpx_fixes(path: Path, dropped: Counter[str]) -> Iterator[Fix]:
    try:
        gpx = gpxpy.parse(path.read_bytes().decode("utf-8-sig", errors="replace"))
    except (gpxpy.gpx.GPXException, ValueError) as error:
        raise TrackError(path, f"the GPX can't be read ({error})", "export it again from the device") from error
    for segment in (s for track in gpx.tracks for s in track.segments):
        for point in segment.points:
            if point.time is None:
                dropped["no time"] += 1
            elif point.type_of_gpx_fix == "none":
                dropped["no GPS fix"] += 1
            else:
                yield _gpx_fix(point)


def _gpx_fix(point: GPXTrackPoint) -> Fix:
    time = point.time if point.time.tzinfo else point.time.replace(tzinfo=UTC)
    return Fix(
        time_s=time.timestamp(),
        lon=point.longitude,
        lat=point.latitude,
        hdop=point.horizontal_dilution,
        speed_mps=point.speed,
        heading_deg=point.course,
    )


def _photo_fixes(folder: Path, dropped: Counter[str]) -> Iterator[Fix]:
    try:
        photos = read_photo_folder(folder)
    except FootageError as error:
        raise TrackError(folder, error.problem, error.remedy) from error
    dropped["photo without a place"] += len(photos.unusable)
    for photo in photos.photos:
        if photo.time_s is None:
            dropped["no time"] += 1
        else:
            # The photo's heading is the camera's, which may not be the vehicle's course.
            yield Fix(photo.time_s, photo.lon, photo.lat, photo.hdop)
