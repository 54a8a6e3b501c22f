"""Cracks drawn on a flat road and seen by DNIT's camera get their kind back."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from training.data.crack_kinds import ALLIGATOR, BEFORE, DNIT, KINDS, LONGITUDINAL, TRANSVERSE, kind_of, with_kinds
from training.data.formats import rle
from training.data.importing import ImportOptions, import_dataset
from training.data.record import Annotation, Picture

WIDTH, HEIGHT = 1024, 630
WHOLE = (0.0, 0.0, float(WIDTH), float(HEIGHT))


def seen(*lines: Sequence[tuple[float, float]]) -> rle.Pixels:
    """Lines through points (metres to the right, metres ahead) as pixels."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    for line in lines:
        right, ahead = np.array(line, float).T
        below = DNIT.focal * WIDTH * DNIT.height_m / ahead
        points = np.stack([WIDTH / 2 + right * below / DNIT.height_m, below + DNIT.horizon * HEIGHT], axis=1)
        cv2.polylines(pixels, [np.round(points).astype(np.int32)], False, 1, 2)
    return pixels


@given(x=st.floats(-1.2, 1.2), z=st.floats(3.6, 5.0))
def test_a_line_along_the_road_is_longitudinal_wherever_it_lies(x: float, z: float) -> None:
    assert kind_of(seen([(x, z), (x + 0.05, z + 1), (x, z + 2)]), WHOLE) == (LONGITUDINAL,)


@given(x=st.floats(-1.2, 0.0), z=st.floats(3.6, 5.0))
def test_a_line_across_the_road_is_transverse(x: float, z: float) -> None:
    assert kind_of(seen([(x, z), (x + 0.6, z + 0.1), (x + 1.2, z)]), WHOLE) == (TRANSVERSE,)


def test_a_net_is_alligator_cracking() -> None:
    steps = np.arange(0, 1.01, 0.15)
    net = [[(-0.5 + s, 4.0), (-0.5 + s, 5.0)] for s in steps] + [[(-0.5, 4.0 + s), (0.5, 4.0 + s)] for s in steps]
    assert kind_of(seen(*net), WHOLE) == (ALLIGATOR,)


def test_a_slanting_crack_and_a_speck_stay_open() -> None:
    assert kind_of(seen([(-0.6, 4.0), (0.6, 5.2)]), WHOLE) == KINDS
    assert kind_of(np.zeros((HEIGHT, WIDTH), np.uint8), WHOLE) == KINDS


def test_labels_are_corrected_left_open_or_left_alone() -> None:
    along = seen([(0.0, 4.0), (0.05, 6.0)])
    wrong = Annotation(label=TRANSVERSE, box=(400, 150, 600, 500))
    nothing = Annotation(label=ALLIGATOR, box=(0, 400, 100, 500))
    hole = Annotation(label="pothole", box=(400, 150, 600, 500))
    picture = Picture(name="a", path="a", width=WIDTH, height=HEIGHT, source="s", annotations=(wrong, nothing, hole))
    changed, still_open, other = with_kinds(picture, along).annotations
    assert (changed.label, changed.maybe, changed.attributes) == (LONGITUDINAL, (), {BEFORE: TRANSVERSE})
    assert (still_open.label, still_open.maybe) == (ALLIGATOR, (LONGITUDINAL, TRANSVERSE))
    assert other == hole


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_import_takes_the_kind_from_the_mask_of_any_size(tmp_path: Path, scale: float) -> None:
    root = tmp_path / "set"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    Image.new("RGB", (round(WIDTH * scale), round(HEIGHT * scale))).save(root / "images" / "1_RS_386_a.png")
    Image.fromarray(seen([(0.0, 4.0), (0.05, 6.0)]) * 255).save(root / "masks" / "1_RS_386_a_CRACK.png")
    report = import_dataset(root, tmp_path / "d", ImportOptions(card="dnit", kinds_from_masks=True))
    assert report.dataset is not None
    (picture,) = report.dataset
    assert [(a.label, a.maybe) for a in picture.annotations] == [(LONGITUDINAL, ())]
    assert report.kinds == {"changed": 1}
