"""Labelled pictures and detections that never were."""

from pathlib import Path

import numpy as np

from detector.taxonomy import NAMES
from detector.types import Detection
from training.data.pictures import WHOLE, Label, LabelledPicture


def picture(
    name: str, labels: list[Label], ignored: tuple[Label, ...] = (), source: str = "test", side: int = 100
) -> LabelledPicture:
    return LabelledPicture(Path(f"{name}.jpg"), source, side, side, tuple(labels), ignored)


def as_detection(label: Label, score: float, shift: float = 0.0, side: int = 100) -> Detection:
    x0, y0, x1, y1 = (side * v for v in label.box)
    return Detection((x0 + shift, y0, x1 + shift, y1), score, label.class_id)


CRACK = Label(0, (0.1, 0.1, 0.3, 0.5))
HOLE = Label(3, (0.6, 0.6, 0.8, 0.8))


def scene(seed: int, pictures: int = 8, side: int = 400) -> tuple[list[LabelledPicture], dict[str, list[Detection]]]:
    """Pictures with damage of all sizes, some of it unknown, and detections that find part of it, near or far off."""
    rng = np.random.default_rng(seed)
    truth, found = [], {}
    for number in range(pictures):
        labels = [_label(rng) for _ in range(rng.integers(0, 7))]
        unknown = [_label(rng) for _ in range(rng.integers(0, 2))]
        if rng.random() < 0.2:
            unknown.append(Label(int(rng.integers(0, len(NAMES))), WHOLE))
        name = f"road_{200 * number:03d}"  # each in a place of its own
        truth.append(picture(name, labels, tuple(unknown), source=f"country {number % 2}", side=side))
        near = [_near(rng, x, side) for x in (*labels, *unknown) for _ in range(rng.integers(0, 3))]
        found[name] = near + [_near(rng, _label(rng), side) for _ in range(rng.integers(0, 5))]
    return truth, found


def _label(rng: np.random.Generator) -> Label:
    width, height = 10 ** rng.uniform(-1.6, -0.25, 2)
    x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return Label(int(rng.integers(0, len(NAMES))), (x, y, x + width, y + height))


def _near(rng: np.random.Generator, label: Label, side: int) -> Detection:
    x0, y0, x1, y1 = (side * v for v in label.box)
    dx, dy = rng.normal(0, 0.12, 2) * (x1 - x0, y1 - y0)
    class_id = label.class_id if rng.random() < 0.8 else int(rng.integers(0, len(NAMES)))
    return Detection((x0 + dx, y0 + dy, x1 + dx, y1 + dy), float(rng.uniform(0.01, 1)), class_id)
