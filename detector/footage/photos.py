"""A folder of geotagged photos: where and when each was taken, from its EXIF data."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import exifread

from detector.errors import FootageError
from detector.footage.fixes import unlikely_place
from detector.footage.names import as_text

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
TURNS = {3: 2, 6: 3, 8: 1}  # EXIF orientation -> quarter turns counterclockwise; mirrored ones are no camera's


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo with a place."""

    path: Path
    lon: float
    lat: float
    time_s: float | None  # POSIX UTC; None where the photo doesn't tell
    heading_deg: float | None  # of the optical axis, clockwise from north
    hdop: float | None
    turns: int = 0  # quarter turns counterclockwise that make it upright


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """The photos of one folder in order of their names, and those without a usable place with the reason."""

    path: Path
    photos: tuple[Photo, ...]
    unusable: dict[Path, str]


def read_photo_folder(folder: Path) -> PhotoFolder:
    """Read the EXIF data of every picture in a folder (not in folders within it).

    The time is GPSDateStamp and GPSTimeStamp (UTC); where they are missing, DateTimeOriginal with OffsetTimeOriginal
    (taken as UTC without it). EXIF 2.32, CIPA DC-008.

    Raises FootageError for a folder that is missing or without a usable photo.
    """
    if not folder.is_dir():
        raise FootageError(folder, "there is no such folder", "check the path")
    photos: list[Photo] = []
    unusable: dict[Path, str] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        try:
            photos.append(read_photo(path))
        except (ValueError, OSError) as error:
            unusable[path] = str(error)
    if not photos and not unusable:
        raise FootageError(folder, "the folder holds no photos", "give a folder of JPEG files")
    if not photos:
        raise FootageError(
            folder,
            f"none of the {len(unusable)} photos has a usable place ({first_reason(unusable)})",
            "switch on location in the camera, or give a video with --track",
        )
    return PhotoFolder(folder, tuple(photos), unusable)


def first_reason(unusable: dict[Path, str]) -> str:
    """The first of some unusable photos by name, and why it is one."""
    path, reason = next(iter(unusable.items()))
    return f"{as_text(Path(path.name))}: {reason}"


def read_photo(path: Path) -> Photo:
    """Read one photo. Raises ValueError with the reason why it is of no use."""
    if as_text(path) != str(path):
        raise ValueError("its name is not UTF-8")
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    try:
        with path.open("rb") as file:
            tags: dict[str, Any] = exifread.process_file(file, details=False, extract_thumbnail=False)
    except Exception as error:  # exifread raises whatever a damaged file leads it to
        raise ValueError(f"its EXIF data can't be read ({error})") from error
    if not tags:
        raise ValueError("it holds no EXIF data")
    lat = _angle(tags, "GPS GPSLatitude", "S")
    lon = _angle(tags, "GPS GPSLongitude", "W")
    if lat is None or lon is None:
        raise ValueError("it holds no GPS position")
    if (problem := unlikely_place(lon, lat)) is not None:
        raise ValueError(problem)
    heading = _number(tags, "GPS GPSImgDirection")
    heading = None if heading is None else heading % 360.0
    turns = TURNS.get(int(_number(tags, "Image Orientation") or 1), 0)
    return Photo(path, lon, lat, _time(tags), heading, _number(tags, "GPS GPSDOP"), turns)


def _numbers(tags: dict[str, Any], name: str) -> list[float]:
    """The values of a rational tag; empty where it is missing or divides by zero."""
    try:
        values = [float(v) for v in tags[name].values]
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return []
    return values if all(math.isfinite(v) for v in values) else []


def _number(tags: dict[str, Any], name: str) -> float | None:
    values = _numbers(tags, name)
    return values[0] if values else None


def _angle(tags: dict[str, Any], name: str, negative: str) -> float | None:
    """Degrees, minutes, seconds as signed degrees."""
    values = _numbers(tags, name)
    if not values:
        return None
    degrees = sum(value / 60.0**place for place, value in enumerate(values[:3]))
    return -degrees if str(tags.get(f"{name}Ref", "")).strip().upper() == negative else degrees


def _time(tags: dict[str, Any]) -> float | None:
    satellite, camera = _gps_time(tags), _camera_time(tags)
    if satellite is None:
        return camera
    # Many cameras write the GPS time in whole seconds; their own clock then has the fraction.
    if satellite.is_integer() and camera is not None and math.floor(camera) == satellite:
        return camera
    return satellite


def _gps_time(tags: dict[str, Any]) -> float | None:
    clock = _numbers(tags, "GPS GPSTimeStamp")
    try:
        day: datetime = datetime.strptime(str(tags["GPS GPSDate"]).strip(), "%Y:%m:%d").replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return None
    if len(clock) != 3:
        return None
    return day.timestamp() + clock[0] * 3600 + clock[1] * 60 + clock[2]


def _camera_time(tags: dict[str, Any]) -> float | None:
    try:
        taken = datetime.strptime(str(tags["EXIF DateTimeOriginal"]).strip(), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except (KeyError, ValueError):
        return None
    digits = str(tags.get("EXIF SubSecTimeOriginal", "")).strip()
    fraction = float(f"0.{digits}") if digits.isdecimal() else 0.0
    return float((taken - _zone(tags)).timestamp()) + fraction


def _zone(tags: dict[str, Any]) -> timedelta:
    try:
        offset = datetime.strptime(str(tags["EXIF OffsetTimeOriginal"]).strip(), "%z").utcoffset()
    except (KeyError, ValueError):
        offset = None
    return offset or timedelta(0)
