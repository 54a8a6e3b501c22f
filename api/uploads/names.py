"""Names of files: as people gave them, and as they are stored; and which kinds of files a survey may have."""

import re
import unicodedata
from collections.abc import Collection
from pathlib import PurePosixPath

from api.errors import Problem
from detector.footage.photos import SUFFIXES as PHOTOS
from detector.legs import VIDEOS

TRACKS = frozenset({".gpx", ".nmea", ".nma", ".gps", ".log", ".txt"})
CAMERAS = frozenset({".yaml", ".yml"})
ZIPS = frozenset({".zip"})
ACCEPTED = VIDEOS | PHOTOS | TRACKS | CAMERAS | ZIPS
MAX_NAME = 255  # characters
MAX_STORED = 180  # bytes of a name in the storage


def check_name(given: str) -> str:
    """Return a file's name as a person reads it: the last part of a path, without characters that can't be shown.

    Raises:
        Problem: 422 nothing is left of it; 415 it is of a kind that no survey has.
    """
    last = given.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in last).strip()[:MAX_NAME]
    if not name.strip("."):
        raise Problem(422, "a file needs a name, such as drive.mp4")
    if PurePosixPath(name).suffix.lower() not in ACCEPTED:
        raise Problem(
            415,
            f"'{name}' is of no kind that a survey has; send videos (such as .mp4, .mov), photos (.jpg, or a .zip of "
            "them), tracks (.gpx, .nmea) and camera profiles (.yaml)",
        )
    return name


def stored_name(name: str, taken: Collection[str] = ()) -> str:
    """The name under which a survey's file lies in the storage: ASCII, its suffix, none of `taken`."""
    path = PurePosixPath(name)
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:MAX_STORED] or "file"
    stored, number = f"{stem}{path.suffix.lower()}", 2
    while stored in taken:
        stored, number = f"{stem}-{number}{path.suffix.lower()}", number + 1
    return stored
