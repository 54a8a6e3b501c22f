"""Labelled pictures: which damage they show, and which damage was looked for at all.

A picture that nobody searched for ravelling says nothing about ravelling. That is kept as an *ignored region*: a box
and a class for which neither presence nor absence is known.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from detector.boxes import iou
from detector.errors import InputError
from detector.types import Floats
from training.data.card import Card

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
RAVELLING = 4


@dataclass(frozen=True, slots=True)
class Label:
    """One damage. `box` is x0, y0, x1, y1 as fractions of the picture's width and height."""

    class_id: int
    box: Box
    sure: float = 1.0  # more than 0: how much a training run makes of it


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture, its damage, and the regions in which a class may or may not be present."""

    path: Path
    source: str
    width: int
    height: int
    labels: tuple[Label, ...]
    ignored: tuple[Label, ...] = ()
    hide: Box | None = field(default=None)  # an overlay that must not be learnt from
    group: str | None = None  # road, drive or place: pictures of one group show the same things
    sha256: str = field(default="", compare=False)  # of the file when it was imported; empty where nobody noted it

    def looked_for(self, class_id: int) -> bool:
        """Whether the whole picture was searched for this class."""
        return not any(region.class_id == class_id and region.box == WHOLE for region in self.ignored)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder gave: the pictures, and a sentence for each file that was left out."""

    pictures: tuple[LabelledPicture, ...]
    left_out: tuple[str, ...]


def read_pictures(
    folder: Path, card: Card | None = None, split: str | None = None, manifest: Path | None = None
) -> Reading:
    """Read a dataset, or a folder with images/ and labels/ (YOLO text) as a card describes it; all, or one split.

    A manifest that `schouw data split` wrote decides what is in the split of a dataset.

    Raises InputError when the folder holds no pictures. A file that can't be read is left out and listed.
    """
    # Both build on the types of this module.
    from training.data.dataset import is_dataset
    from training.data.reading import read_folder, read_records

    if manifest is not None and not is_dataset(folder):
        raise InputError(folder, "is no dataset, which a manifest is of", "import it with schouw data import")
    reading = read_records(folder, split, manifest) if is_dataset(folder) else read_folder(folder, card, split)
    if not reading.pictures and not reading.left_out:
        of_split = f" of split '{split}'" if split else ""
        raise InputError(folder, f"holds no pictures{of_split}", "name a dataset, or a folder with images/ and labels/")
    return reading


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    return float(iou(np.array([a]), np.array([b]))[0, 0])


def fractions(box: Box, width: int, height: int) -> Box:
    """A box in pixels of a picture as fractions of its width and height."""
    x0, y0, x1, y1 = box
    return x0 / width, y0 / height, x1 / width, y1 / height


def boxes_xyxy(labels: Iterable[Label]) -> Floats:
    """Boxes as x0, y0, x1, y1, shape (n, 4)."""
    return np.array([label.box for label in labels], dtype=np.float64).reshape(-1, 4)


def boxes_xywh(labels: Iterable[Label]) -> Floats:
    """Boxes as centre x, centre y, width, height, shape (n, 4)."""
    boxes = boxes_xyxy(labels)
    return np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]])
