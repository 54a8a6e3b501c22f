"""Labelled pictures are upright, as their boxes are, whatever way the camera was held."""

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from detector.model.weights import load_weights
from tests.training.weights import CELL, bright_spots
from training.data.pictures import Label, LabelledPicture
from training.evaluation.examples import misses, picture_of
from training.evaluation.predictions import network_predictions

QUARTER = 6  # EXIF: to be turned clockwise


def held_sideways(folder: Path, width: int) -> LabelledPicture:
    """A dark road, upright `width` px wide and 64 px high, with a bright hole at the bottom left."""
    pixels = np.full((64, width, 3), 20, np.uint8)
    pixels[-CELL:, :CELL] = 240
    exif = Image.Exif()
    exif[0x0112] = QUARTER
    Image.fromarray(np.rot90(pixels)).save(folder / "a.png", exif=exif)
    return LabelledPicture(folder / "a.png", "test", width, 64, (Label(3, (0, 0.75, CELL / width, 1)),))


def test_boxes_are_found_where_the_labels_are(tmp_path: Path) -> None:
    weights = load_weights(bright_spots(tmp_path / "spots", shift=0))
    best, *_ = network_predictions(weights, [held_sideways(tmp_path, 64)])["a"]
    assert best.box == pytest.approx((0, 48, 16, 64), abs=0.5)


def test_a_mistake_is_shown_upright(tmp_path: Path) -> None:
    (miss,) = misses([held_sideways(tmp_path, 32)], {})
    jpeg = base64.b64decode(picture_of(miss, {}).partition(",")[2])
    height, width = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    assert height == 2 * width
