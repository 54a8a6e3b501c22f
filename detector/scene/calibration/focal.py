"""The focal length that a camera writes into its pictures and videos."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import exifread
from mapillary_tools.gpmf.gpmf_parser import GPMFSampleData
from mapillary_tools.mp4.simple_mp4_parser import parse_mp4_data_first

FILM_DIAGONAL_MM = 43.267  # of 36 x 24 mm film, to which EXIF's equivalent focal length refers
EXIF_FOCAL_SIGMA = 0.04  # as a fraction: it is written in whole millimetres, and pictures are cropped a little
LINEAR_SIGMA = 0.03  # of a GoPro that straightens its pictures: the angle is written in whole degrees
FISHEYE_SIGMA = 0.10  # of one that doesn't: its lens is only nearly equidistant


class Focal(NamedTuple):
    """A focal length in pixels, with 1 sigma as a fraction of it."""

    px: float
    sigma: float


def exif_focal_px(photo: Path, width: int, height: int) -> float | None:
    """Focal length in pixels of a photo of that size by its tag FocalLengthIn35mmFilm; None where it has none.

    CIPA DC-008 (EXIF 2.32), section 4.6.5: the equivalent keeps the angle of view along the diagonal.
    """
    with photo.open("rb") as file:
        tags = exifread.process_file(file, details=False)
    value = tags.get("EXIF FocalLengthIn35mmFilm")
    if value is None or not value.values or not float(value.values[0]) > 0:
        return None
    return float(value.values[0]) / FILM_DIAGONAL_MM * float((width**2 + height**2) ** 0.5)


def gopro_focal(video: Path, width: int, height: int) -> Focal | None:
    """Focal length by the field of view that a GoPro (HERO8 and later) writes into its video; None where it has none.

    GPMF's settings of the whole video (box moov/udta/GPMF) hold ZFOV, the angle across the picture's diagonal, and
    VFOV, whose first letter L says that the camera made straight lines straight. Without that the lens is taken as
    equidistant (a point's distance from the middle is focal length times angle).
    """
    try:
        with video.open("rb") as file:
            settings = parse_mp4_data_first(file, [b"moov", b"udta", b"GPMF"])
        entries = _entries(GPMFSampleData.parse(settings)) if settings else {}
        angle = float(entries[b"ZFOV"][0][0])
        lens = bytes(entries.get(b"VFOV", [b""])[0])
    except Exception:  # the parsers raise whatever a foreign or damaged file leads them to
        return None
    half = math.radians(angle) / 2
    diagonal = math.hypot(width, height) / 2
    if lens[:1] == b"L":
        return Focal(diagonal / math.tan(half), LINEAR_SIGMA) if 0 < half < math.pi / 2 else None
    return Focal(diagonal / half, FISHEYE_SIGMA) if 0 < half < math.pi else None


def _entries(klvs: list[Any]) -> dict[bytes, Any]:
    """The data of all keys, those nested in devices and streams too; the first of each."""
    found: dict[bytes, Any] = {}
    for klv in klvs:
        inner = _entries(klv.data) if klv.type == b"\x00" else {klv.key: klv.data}
        found = inner | found
    return found
