from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as PillowImage

from detector.errors import InputError
from detector.images import read_image, write_jpeg
from detector.model.pictures import list_pictures, predict_pictures
from detector.model.predictor import Predictor
from detector.model.weights import load_weights

SUFFIXES = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".JPG"]


@pytest.fixture
def predictor(make_model: Callable[..., Path]) -> Predictor:
    return Predictor(load_weights(make_model()), "cpu")


def save(path: Path, level: int = 200, width: int = 128, height: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, data = cv2.imencode(path.suffix.lower(), np.full((height, width, 3), level, np.uint8))
    path.write_bytes(data.tobytes())
    return path


def test_every_kind_of_picture_in_a_folder(tmp_path: Path, predictor: Predictor) -> None:
    for i, suffix in enumerate(SUFFIXES):
        save(tmp_path / "in" / f"road {i} é{suffix}")
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    rows, errors = predict_pictures(list_pictures([tmp_path / "in"]), predictor)
    assert errors == []
    assert list(rows) == [f"road {i} é" for i in range(len(SUFFIXES))]
    for ((x0, y0, x1, y1, score, class_id),) in rows.values():
        assert (x0, y0, x1, y1, class_id) == (16, 32, 80, 64, 3)
        assert score == pytest.approx(200 / 255, abs=0.01)


def test_bad_pictures_are_reported_and_the_rest_is_done(tmp_path: Path, predictor: Predictor) -> None:
    good = save(tmp_path / "a.jpg")
    cut = tmp_path / "b.jpg"
    cut.write_bytes(good.read_bytes()[:300])
    empty = tmp_path / "c.jpg"
    empty.touch()
    text = tmp_path / "d.png"
    text.write_text("hello")
    dark = save(tmp_path / "e.png", level=0)
    rows, errors = predict_pictures(list_pictures([good, cut, empty, text, tmp_path / "f.jpg", dark]), predictor)
    assert {stem: len(r) for stem, r in rows.items()} == {"a": 1, "e": 0}
    assert [str(e).removeprefix(str(tmp_path)).split(";")[0] for e in errors] == [
        "/b.jpg: not a picture, or cut short",
        "/c.jpg: the file is empty",
        "/d.png: not a picture, or cut short",
        "/f.jpg: can't be read (No such file or directory)",
    ]


def test_two_pictures_of_one_name(tmp_path: Path) -> None:
    one, two = save(tmp_path / "1" / "road.jpg"), save(tmp_path / "2" / "road.png")
    with pytest.raises(InputError, match=r"2/road.png: has the same name as .*1/road.jpg; rename one"):
        list_pictures([one.parent, two])
    assert list_pictures([one, one.parent]) == [one]


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures in this folder"):
        list_pictures([tmp_path])


def test_drawn_pictures(tmp_path: Path, predictor: Predictor) -> None:
    save(tmp_path / "a.png", width=640, height=320)
    predict_pictures([tmp_path / "a.png"], predictor, tmp_path / "drawn")
    drawn = read_image(tmp_path / "drawn" / "a.jpg")
    assert drawn.shape == (320, 640, 3)
    assert (drawn != 200).any()
    assert [p.name for p in (tmp_path / "drawn").iterdir()] == ["a.jpg"]


def exif_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Put an APP1 segment with one IFD entry, Orientation (0x0112), behind the start marker."""
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01" + bytes(
        [0, orientation, 0, 0, 0, 0, 0, 0]
    )
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def test_pixels_are_those_stored_whatever_exif_says(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", width=96, height=32)
    path.write_bytes(exif_orientation(path.read_bytes(), 6))
    assert cv2.imread(str(path)).shape == (96, 32, 3)  # a viewer turns it
    assert read_image(path).shape == (32, 96, 3)
    assert read_image(path, upright=True).shape == (96, 32, 3)


def test_red_stays_red(tmp_path: Path) -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    write_jpeg(red, tmp_path / "red.jpg")
    np.testing.assert_allclose(read_image(tmp_path / "red.jpg"), red, atol=3)


def test_a_picture_that_lies_on_its_side_is_seen_upright(tmp_path: Path, predictor: Predictor) -> None:
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned a quarter clockwise
    PillowImage.new("RGB", (64, 128), (200, 200, 200)).save(tmp_path / "a.jpg", exif=exif)
    rows, errors = predict_pictures([tmp_path / "a.jpg"], predictor, tmp_path / "drawn")
    assert errors == []
    assert rows["a"][0][:4] == [16, 32, 80, 64], "as in a picture of 128 x 64"
    assert read_image(tmp_path / "drawn" / "a.jpg").shape == (64, 128, 3)
