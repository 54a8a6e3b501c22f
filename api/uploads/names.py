"""Names of files: as people gave them, and as they are stored; and which kinds of files a survey may have."""

import re
import unicodedata
from collections.abc import Collection

from api.errors import refusal
from detector.footage.photos import SUFFIXES as PHOTOS
from detector.legs import VIDEOS

TRACKS = frozenset({".gpx", ".nmea", ".nma", ".gps", ".log", ".txt"})
CAMERAS = frozenset({".yaml", ".yml"})
ZIPS = frozenset({".zip"})
ACCEPTED = VIDEOS | PHOTOS | TRACKS | CAMERAS | ZIPS
_ANY_CASE = (re.sub("[a-z]", lambda c: f"[{c[0]}{c[0].upper()}]", suffix[1:]) for suffix in sorted(ACCEPTED))
PATTERN = rf"\.({'|'.join(_ANY_CASE)})$"  # of a name that is accepted; JSON Schema has no flag to ignore case
MAX_NAME = 255  # characters
MAX_STORED = 180  # bytes of a name in the storage


def check_name(given: str) -> str:
    """Return a file's name as a person reads it: the last part of a path, without characters that can't be shown.

    Raises:
        Problem: 422 nothing is left of it; 415 it is of a kind that no survey has.
    """
    last = given.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in last).strip()[-MAX_NAME:]
    if not name.strip("."):
        raise refusal("no_file_name")
    if _parts(name)[1] not in ACCEPTED:
        raise refusal("bad_kind", file=name)
    return name


def stored_name(name: str, taken: Collection[str] = ()) -> str:
    """The name under which a survey's file lies in the storage: ASCII, its suffix, none of `taken`."""
    before, suffix = _parts(name)
    plain = unicodedata.normalize("NFKD", before).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:MAX_STORED] or "file"
    stored, number = f"{stem}{suffix}", 2
    while stored in taken:
        stored, number = f"{stem}-{number}{suffix}", number + 1
    return stored


def _parts(name: str) -> tuple[str, str]:
    """A name without its suffix, and the suffix in small letters; ".mp4" has no more than a suffix."""
    before, dot, suffix = name.rpartition(".")
    return (before, f".{suffix.lower()}") if dot else (suffix, "")
