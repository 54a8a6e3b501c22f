"""Picture files to pixels and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from detector.errors import InputError
from detector.files import atomic_path
from detector.types import Image


def read_image(path: Path, upright: bool = False) -> Image:
    """Read a picture's pixels as stored, or `upright`: turned as its EXIF orientation says.

    Labelled pictures are upright: import, Ultralytics and other tools' boxes take them so.

    Raises:
        InputError: it is missing, no picture, or cut short.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(path, f"can't be read ({error.strerror})", "check the path") from error
    if not data.size:
        raise InputError(path, "the file is empty", "copy it again")
    with _silent_opencv():
        # From memory, not with imread: that fills a cut-off JPEG with grey and says nothing.
        flags = cv2.IMREAD_COLOR if upright else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            pixels = cv2.imdecode(data, flags)
        except cv2.error:  # a picture of more pixels than OpenCV allows
            pixels = None
    if pixels is None:
        raise InputError(path, "not a picture, or cut short", "copy it again, or leave it out")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def write_jpeg(image: Image, path: Path, quality: int = 90) -> None:
    """Write a picture as JPEG, whole or not at all. The folder is made if missing."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.tobytes())


def small_jpeg(path: Path, longest_px: int, quality: int) -> tuple[bytes, tuple[int, int]] | None:
    """A picture file as a JPEG whose longest side has at most so many pixels, with its width and height.

    None where it is missing or can't be read.
    """
    data = np.fromfile(path, np.uint8) if path.is_file() and path.stat().st_size else None
    pixels = None if data is None else cv2.imdecode(data, cv2.IMREAD_COLOR)
    if pixels is None:
        return None
    scale = min(longest_px / max(pixels.shape[:2]), 1.0)
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return jpeg.tobytes(), size


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """Keep OpenCV's log lines from standing beside our own error."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
