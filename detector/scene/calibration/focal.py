"""The focal length that a camera writes into its pictures."""

from pathlib import Path

import exifread

FILM_DIAGONAL_MM = 43.267  # of 36 x 24 mm film, to which EXIF's equivalent focal length refers
EXIF_FOCAL_SIGMA = 0.04  # as a fraction: it is written in whole millimetres, and pictures are cropped a little


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
