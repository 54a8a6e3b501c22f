"""Windows that are cut out of large pictures to learn from."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ultralytics.data.augment import RandomPerspective
from ultralytics.utils.instance import Instances

from detector.taxonomy import NAMES
from training.config import DataPart, TrainConfig
from training.data.card import read_card
from training.data.pictures import read_pictures
from training.synthesis.pictures import render_pictures
from training.train import DamageTrainer, overrides
from training.windows import OVER_DAMAGE, Window

GREY, BORDER = 60, 114
UNKNOWN_RAVELLING = float(len(NAMES) + 4)


def labelled(width: int, height: int, *boxes: tuple[float, int, int, int, int]) -> dict[str, Any]:
    """A grey picture on which every box (class, x0, y0, x1, y1) is white."""
    image = np.full((height, width, 3), GREY, np.uint8)
    corners = np.array([box[1:] for box in boxes], np.float32).reshape(-1, 4)
    for x0, y0, x1, y1 in corners.astype(int):
        image[y0:y1, x0:x1] = 255
    instances = Instances(
        corners / [width, height, width, height], np.zeros((0, 1000, 2), np.float32), bbox_format="xyxy"
    )
    return {"img": image, "cls": np.array([[b[0]] for b in boxes], np.float32).reshape(-1, 1), "instances": instances}


def window(width: int, height: int, scale: float = 0.4) -> Window:
    return Window(RandomPerspective(translate=0.1, scale=scale), (width, height))


@settings(deadline=None)
@given(
    width=st.integers(64, 300), height=st.integers(64, 300), seen=st.tuples(st.integers(32, 200), st.integers(32, 200)),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_a_window_shows_as_much_of_the_picture_as_it_can(
    width: int, height: int, seen: tuple[int, int], seed: int
) -> None:
    random.seed(seed)
    made = window(*seen, scale=0.0)(labelled(width, height, (3, 10, 10, 30, 30)))["img"]
    assert made.shape == (seen[1], seen[0], 3)
    inside = made[..., 0] != BORDER
    shown = inside.any(axis=0).sum(), inside.any(axis=1).sum()
    assert shown == pytest.approx((min(width, seen[0]), min(height, seen[1])), abs=1.01)


@settings(deadline=None)
@given(x=st.integers(0, 240), y=st.integers(0, 140), seed=st.integers(0, 1000))
def test_a_box_moves_with_its_pixels(x: int, y: int, seed: int) -> None:
    random.seed(seed)
    made = window(128, 96)(labelled(320, 200, (3, x, y, x + 60, y + 40)))
    rows, columns = np.nonzero(made["img"][..., 0] > 185)
    if not len(made["instances"]):
        assert len(rows) < 0.12 * 60 * 40, "so little of it is seen that it is no longer labelled"
        return
    pixels = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    assert made["instances"].bboxes[0] == pytest.approx(pixels, abs=1.5)


def test_most_windows_lie_over_damage_and_all_kinds_come_up() -> None:
    random.seed(1)
    common = [(0, 20 * n, 10, 20 * n + 15, 25) for n in range(15)]
    picture = [*common, (3, 370, 230, 390, 245)]
    classes = [set(window(48, 36, 0.0)(labelled(400, 250, *picture))["cls"].ravel().tolist()) for _ in range(300)]
    potholes, cracks = (sum(c in found for found in classes) / 300 for c in (3, 0))
    assert potholes == pytest.approx(OVER_DAMAGE / 2, abs=0.1), "one pothole is seen as often as many cracks"
    assert cracks > OVER_DAMAGE / 2 - 0.1
    assert sum(not found for found in classes) > 15, "some windows show none"


def test_an_unknown_region_is_not_looked_for_but_kept() -> None:
    random.seed(2)
    potholes = 0
    for _ in range(100):
        picture = labelled(320, 200, (UNKNOWN_RAVELLING, 0, 0, 320, 200), (3, 300, 180, 320, 200))
        made = window(128, 96, 0.0)(picture)
        assert made["cls"][0] == UNKNOWN_RAVELLING
        assert made["instances"].bboxes[0] == pytest.approx([0, 0, 128, 96], abs=1)
        potholes += 3 in made["cls"]
    assert potholes > 60


def test_pictures_are_never_enlarged() -> None:
    random.seed(3)
    sides = []
    for _ in range(100):
        made = window(320, 320, scale=0.5)(labelled(320, 320, (3, 110, 110, 210, 210)))
        x0, _, x1, _ = made["instances"].bboxes[0]
        sides.append(float(x1 - x0))
    assert 49 < min(sides) < 60
    assert 90 < max(sides) < 101


def test_a_run_learns_from_windows_and_validates_on_whole_pictures(tmp_path: Path) -> None:
    part = DataPart(card="rendered", folder=render_pictures(tmp_path / "p", 3, seed=5, size=256))
    pictures = read_pictures(part.folder, read_card("rendered")).pictures
    config = TrainConfig(
        name="a", start=tmp_path, train=(part,), val=(part,), input_px=256, window=(160, 128), mosaic=0
    )
    trainer = DamageTrainer(config, pictures, pictures, overrides(config, tmp_path / "run", "cpu"))
    trainer.data, trainer.model = trainer.get_dataset(), SimpleNamespace(stride=torch.tensor([32.0]))
    # Ultralytics lays half a stride of grey around pictures that it validates on.
    for mode, shape in (("train", (3, 128, 160)), ("val", (3, 288, 288))):
        dataset = trainer.build_dataset(mode, mode, 3)
        assert tuple(dataset[0]["img"].shape) == shape
    dataset = trainer.build_dataset("train", "train", 3)
    dataset.close_mosaic(trainer.args)
    assert tuple(dataset[1]["img"].shape) == (3, 128, 160), "also after Ultralytics has built its transforms anew"
