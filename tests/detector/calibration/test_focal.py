import math
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.scene.calibration.focal import FISHEYE_SIGMA, LINEAR_SIGMA, exif_focal_px, gopro_focal


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


def klv(key: bytes, type_: bytes, size: int, data: bytes) -> bytes:
    """One entry of GPMF: key, type, size of a sample, number of samples, data padded to four bytes."""
    padded = data + b"\0" * (-len(data) % 4)
    return key + type_ + bytes([size]) + struct.pack(">H", len(data) // size) + padded


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def gopro(path: Path, *settings: bytes) -> Path:
    """An MP4 with nothing but a GoPro's settings of the whole video."""
    nested = b"".join(settings)
    device = klv(b"DEVC", b"\0", 1, klv(b"DVNM", b"c", 1, b"Global Settings") + nested)
    path.write_bytes(box(b"ftyp", b"mp41" + bytes(4)) + box(b"moov", box(b"udta", box(b"GPMF", device))))
    return path


def zfov(degrees: float) -> bytes:
    return klv(b"ZFOV", b"f", 4, struct.pack(">f", degrees))


def test_a_gopro_that_straightens_is_a_pinhole_camera(tmp_path: Path) -> None:
    found = gopro_focal(gopro(tmp_path / "a.mp4", zfov(90.0), klv(b"VFOV", b"c", 1, b"L")), 1600, 1200)
    assert found is not None
    assert found.px == pytest.approx(1000.0)  # half of the diagonal over tan 45 degrees
    assert found.sigma == LINEAR_SIGMA


def test_a_gopro_that_does_not_straighten_is_equidistant(tmp_path: Path) -> None:
    found = gopro_focal(gopro(tmp_path / "a.mp4", zfov(114.59156), klv(b"VFOV", b"c", 1, b"W")), 1600, 1200)
    assert found is not None
    assert found.px == pytest.approx(1000.0)  # half of the diagonal over one radian
    assert found.sigma == FISHEYE_SIGMA


@pytest.mark.parametrize(
    "settings", [[], [klv(b"VFOV", b"c", 1, b"L")], [zfov(0.0)], [zfov(-5.0)], [zfov(math.nan)], [zfov(400.0)]]
)
def test_no_field_of_view_gives_no_focal_length(tmp_path: Path, settings: list[bytes]) -> None:
    assert gopro_focal(gopro(tmp_path / "a.mp4", *settings), 1600, 1200) is None


@given(length=st.integers(0, 110), junk=st.binary(max_size=40))
def test_a_damaged_file_gives_no_error(tmp_path_factory: pytest.TempPathFactory, length: int, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("damaged") / "a.mp4"
    whole = gopro(path, zfov(90.0), klv(b"VFOV", b"c", 1, b"L")).read_bytes()
    path.write_bytes(whole[:length] + junk)
    found = gopro_focal(path, 1600, 1200)
    assert found is None or (math.isfinite(found.px) and found.px > 0)


def test_real_gopros(shared: Path) -> None:
    """The MAX films 137.4 degrees across its diagonal in its wide mode; the older files, cut short, say nothing."""
    folder = shared / "geo" / "telemetry" / "gpmf"
    found = gopro_focal(folder / "max-heromode.mp4", 848, 480)
    assert found is not None
    assert math.degrees(math.hypot(848, 480) / found.px) == pytest.approx(137.388, abs=0.001)
    assert found.sigma == FISHEYE_SIGMA
    for name in ("gopro-gpmf__hero5-trimmed.mp4", "gopro-gpmf__hero8-trimmed.mp4"):
        assert gopro_focal(folder / name, 848, 480) is None
