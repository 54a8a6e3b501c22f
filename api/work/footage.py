"""A survey's files as the pipeline takes them: a folder with videos, photos, one track and a camera profile."""

import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import gpxpy.gpx

from api.context import Context
from api.jobs.handler import Report
from api.settings import Limits
from api.store.schema import File
from api.surveys.announce import files_of
from api.uploads.names import CAMERAS, TRACKS, ZIPS, stored_name
from detector.errors import FootageError, SchouwError, TrackError
from detector.footage.photos import SUFFIXES as PHOTOS
from detector.footage.telemetry import read_track
from detector.legs import VIDEOS
from detector.types import Fix

BLOCK = 1 << 20
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError)
JOINED = "joined-tracks.gpx"
SCRATCH = "scratch"  # in the server's home


@dataclass(frozen=True, slots=True)
class Laid:
    """Files laid out. Paths are those of `names`' keys; `names` tells how the crew called them."""

    videos: tuple[Path, ...]
    photos: tuple[Path, ...]  # folders
    tracks: tuple[Path, ...]
    cameras: tuple[Path, ...]
    names: Mapping[str, str]  # name in the folder -> name as given

    @property
    def footage(self) -> list[Path]:
        """What is looked at."""
        return [*self.videos, *self.photos]

    def called(self, path: Path | str) -> str:
        """How the crew called a file."""
        return self.names.get(Path(path).name, Path(path).name)

    def in_words(self, sentence: str) -> str:
        """Name the files in a sentence as the crew called them."""
        for stored in sorted(self.names, key=len, reverse=True):
            given = self.names[stored].replace("\\", r"\\")
            sentence = re.sub(rf"(\S*/)?{re.escape(stored)}", given, sentence)
        return sentence

    def camera(self, wanted: str | None) -> Path | None:
        """The camera profile of that name; without a name the only one there is."""
        if wanted is None:
            return self.cameras[0] if len(self.cameras) == 1 else None
        return next((path for path in self.cameras if self.called(path) == wanted), None)


@contextmanager
def laid_out(context: Context, survey: str, folder: Path, report: Report) -> Iterator[Laid]:
    """Yield a survey's files in `folder`: links to them, and what its zips hold.

    Raises:
        SchouwError: a file is no longer there, or a zip is damaged or larger than the limits allow.
    """
    with context.database.read() as session:
        files = [file for file in files_of(session, survey) if file.state == "complete"]
    with ExitStack() as stack:
        names: dict[str, str] = {}
        found: list[Path] = []
        for done, file in enumerate(files):
            report("fetching files", done, len(files))
            source = stack.enter_context(_fetched(context, file))
            stored = file.extra["stored"]
            names[stored] = file.name
            if source.suffix.lower() in ZIPS:
                found += _unzipped(source, file.name, folder / f"{source.stem}-zip", context.settings.limits)
            else:
                place = folder / "photos" if source.suffix.lower() in PHOTOS else folder
                place.mkdir(exist_ok=True)
                (place / stored).symlink_to(source)
                found.append(place / stored)
        yield _sorted(found, names)


@contextmanager
def _fetched(context: Context, file: File) -> Iterator[Path]:
    try:
        with context.blobs.fetched(file.key or "") as path:
            yield path
    except FileNotFoundError as error:
        raise FootageError(file.name, "is no longer on the server", "upload it again") from error


def _sorted(found: Sequence[Path], names: Mapping[str, str]) -> Laid:
    def of(kinds: frozenset[str] | set[str]) -> tuple[Path, ...]:
        return tuple(path for path in found if path.suffix.lower() in kinds)

    folders = tuple(dict.fromkeys(path.parent for path in of(PHOTOS)))
    return Laid(of(VIDEOS), folders, of(TRACKS), of(CAMERAS), names)


def _unzipped(source: Path, name: str, target: Path, limits: Limits) -> list[Path]:
    """Unpack what a survey may have from a zip: its folders stay apart, names can't lead elsewhere."""
    found: list[Path] = []
    left = limits.zip_bytes
    try:
        with zipfile.ZipFile(source) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir() and _is_wanted(entry.filename)]
            if len(entries) > limits.zip_files:
                raise FootageError(name, f"holds more than {limits.zip_files} files (zip_files)", "split it")
            folders: dict[str, Path] = {}
            taken: dict[Path, set[str]] = {}
            for entry in entries:
                inside = PurePosixPath(entry.filename.replace("\\", "/"))
                place = folders.setdefault(str(inside.parent), target / f"{len(folders) + 1}")
                place.mkdir(parents=True, exist_ok=True)
                stored = stored_name(inside.name, taken.setdefault(place, set()))
                taken[place].add(stored)
                left = _copy(packed, entry, place / stored, left)
                if left < 0:
                    raise FootageError(name, f"holds more than {limits.zip_bytes} bytes (zip_bytes)", "split it")
                found.append(place / stored)
    except DAMAGED as error:
        raise FootageError(name, f"can't be unpacked ({error})", "pack it again, without a password") from error
    return found


def _copy(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Unpack one file; give how many bytes may still come, below 0 when it held too many."""
    with packed.open(entry) as source, target.open("wb") as file:
        while block := source.read(BLOCK):
            left -= len(block)
            if left < 0:
                return left
            file.write(block)
    return left


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in VIDEOS | PHOTOS | TRACKS


def one_track(laid: Laid, folder: Path) -> Path | None:
    """The track of a survey; several pieces of one drive are joined.

    Raises:
        TrackError: one of them can't be read.
    """
    if len(laid.tracks) < 2:
        return laid.tracks[0] if laid.tracks else None
    fixes: dict[float, Fix] = {}
    for path in laid.tracks:
        try:
            fixes |= {fix.time_s: fix for fix in read_track(path).fixes}
        except TrackError as error:
            raise TrackError(laid.called(path), error.problem, error.remedy) from error
    gpx = gpxpy.gpx.GPX()
    track, segment = gpxpy.gpx.GPXTrack(), gpxpy.gpx.GPXTrackSegment()
    for fix in (fixes[time_s] for time_s in sorted(fixes)):
        point = gpxpy.gpx.GPXTrackPoint(
            fix.lat, fix.lon, time=datetime.fromtimestamp(fix.time_s, UTC), horizontal_dilution=fix.hdop
        )
        point.speed = fix.speed_mps
        segment.points.append(point)
    track.segments.append(segment)
    gpx.tracks.append(track)
    joined = folder / JOINED
    joined.write_text(gpx.to_xml(version="1.0"), encoding="utf-8")  # 1.0 has the speed
    return joined


def in_words(problem: SchouwError, laid: Laid) -> str:
    """What is wrong, with files called as the crew called them."""
    return laid.in_words(str(problem))


@contextmanager
def scratch_folder(context: Context, prefix: str) -> Iterator[Path]:
    """Yield an empty folder on this machine for a job's work; `api.work.tidy` removes what a kill left of one."""
    scratch = context.settings.home / SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=scratch) as name:
        yield Path(name)
