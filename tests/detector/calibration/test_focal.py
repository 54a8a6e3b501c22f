from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.scene.calibration.focal import exif_focal_px


def jpeg(path: Path, film_mm: int | None) -> Path:
    """A JPEG with one tag, FocalLengthIn35mmFilm (0xA405), in a big-endian Exif block."""
    data = cv2.imencode(".jpg", np.full((30, 40, 3), 120, np.uint8))[1].tobytes()
    if film_mm is not None:
        pointer = b"\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x1a\x00\x00\x00\x00"
        tag = b"\x00\x01\xa4\x05\x00\x03\x00\x00\x00\x01" + film_mm.to_bytes(2, "big") + b"\x00\x00\x00\x00\x00\x00"
        block = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08" + pointer + tag
        data = data[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]
    path.write_bytes(data)
    return path


def test_film_equivalent_gives_the_angle_along_the_diagonal(tmp_path: Path) -> None:
    focal = exif_focal_px(jpeg(tmp_path / "a.jpg", 26), 4000, 3000)
    assert focal == pytest.approx(26 / 43.267 * 5000)


@pytest.mark.parametrize("film_mm", [None, 0])
def test_unknown_focal_length(tmp_path: Path, film_mm: int | None) -> None:
    assert exif_focal_px(jpeg(tmp_path / "a.jpg", film_mm), 4000, 3000) is None
