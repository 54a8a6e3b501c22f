"""Labelled pictures: which damage they show, and which damage was looked for at all.

A picture that nobody searched for ravelling says nothing about ravelling. That is kept as an *ignored region*: a box
and a class for which neither presence nor absence is known.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from detector.errors import InputError
from detector.taxonomy import CLASSES
from detector.types import Floats
from training.data.card import Card, Source

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
PICTURE_SUFFIXES = {".webp", ".jpg", ".jpeg", ".png"}
RAVELLING = 4
AGREEMENT_IOU = 0.3  # two passes mean the same ravelling when their boxes overlap by this much


@dataclass(frozen=True, slots=True)
class Label:
    """One damage. `box` is x0, y0, x1, y1 as fractions of the picture's width and height."""

    class_id: int
    box: Box


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

    def looked_for(self, class_id: int) -> bool:
        """Whether the whole picture was searched for this class."""
        return not any(region.class_id == class_id and region.box == WHOLE for region in self.ignored)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder gave: the pictures, and a sentence for each file that was left out."""

    pictures: tuple[LabelledPicture, ...]
    left_out: tuple[str, ...]


def read_pictures(folder: Path, card: Card) -> Reading:
    """Read `images/`, `labels/` (YOLO text), `sources.tsv` and `ravelling.csv` of one split.

    Raises InputError when the folder holds no pictures. A file that can't be read is left out and listed.
    """
    paths = sorted(p for p in (folder / "images").glob("*") if p.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise InputError(folder, "holds no pictures", "name a folder with images/ and labels/")
    sources = _read_sources(folder / "sources.tsv")
    ravelling = _read_ravelling(folder / "ravelling.csv")
    pictures, left_out = [], []
    for path in paths:
        try:
            source_name = sources.get(path.stem, card.name)
            pictures.append(_read_picture(path, folder, source_name, card.source(source_name), ravelling))
        except (InputError, OSError, ImportError) as problem:  # ImportError: Ultralytics patches Pillow to ask for HEIF
            left_out.append(str(problem) if isinstance(problem, InputError) else f"{path}: is not a readable picture")
    return Reading(tuple(pictures), tuple(left_out))


def _read_picture(
    path: Path, folder: Path, source_name: str, source: Source, ravelling: dict[str, tuple[list[Label], list[Label]]]
) -> LabelledPicture:
    with PillowImage.open(path) as picture:
        width, height = picture.size
    labels = read_yolo(folder / "labels" / f"{path.stem}.txt", source.class_map)
    ignored = [Label(c.id, WHOLE) for c in CLASSES if c.name not in source.looked_for]
    if path.stem in ravelling:
        found, doubtful = ravelling[path.stem]
        labels = [*labels, *found]
        ignored = [region for region in ignored if region.class_id != RAVELLING] + doubtful
    return LabelledPicture(path, source_name, width, height, tuple(labels), tuple(ignored), source.hide)


def read_yolo(path: Path, class_map: Sequence[str | None]) -> list[Label]:
    """Read a YOLO label file (class cx cy w h, fractions) into our classes. A class mapped to None is left out.

    Raises InputError naming the line for anything that is not such a file.
    """
    if not path.is_file():
        raise InputError(path, "is missing", "write an empty file for a picture without damage")
    labels = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            class_text, *numbers = line.split()
            cx, cy, w, h = (float(value) for value in numbers)
            name = class_map[int(class_text)]
        except (ValueError, IndexError) as problem:
            raise InputError(path, f"line {number} is not 'class cx cy w h' with a known class") from problem
        box = (max(cx - w / 2, 0.0), max(cy - h / 2, 0.0), min(cx + w / 2, 1.0), min(cy + h / 2, 1.0))
        if not (box[0] < box[2] and box[1] < box[3]):
            raise InputError(path, f"line {number} has a box without an area inside the picture")
        if name is not None:
            labels.append(Label(next(c.id for c in CLASSES if c.name == name), box))
    return labels


def _read_sources(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        return {row[0]: row[1] for row in csv.reader(file, delimiter="\t") if len(row) == 2}


def _read_ravelling(path: Path) -> dict[str, tuple[list[Label], list[Label]]]:
    """Map a picture's stem to (sure ravelling, regions in doubt)."""
    if not path.is_file():
        return {}
    passes: dict[str, dict[str, list[tuple[Box, int]]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            boxes = passes.setdefault(row["picture"], {}).setdefault(row["annotator"], [])
            if row["x0_pct"] != "none":
                x0, y0, x1, y1 = (float(row[key]) / 100 for key in ("x0_pct", "y0_pct", "x1_pct", "y1_pct"))
                boxes.append(((x0, y0, x1, y1), int(row["confidence"])))
    return {picture: _agree(list(by_pass.values())) for picture, by_pass in passes.items()}


def _agree(passes: list[list[tuple[Box, int]]]) -> tuple[list[Label], list[Label]]:
    """Ravelling that every pass saw with confidence 2 or more; the rest is in doubt."""
    sure: list[Label] = []
    doubtful = [Label(RAVELLING, box) for boxes in passes for box, confidence in boxes if confidence < 2]
    confident = [[box for box, confidence in boxes if confidence >= 2] for boxes in passes]
    if len(confident) == 1:
        return [Label(RAVELLING, box) for box in confident[0]], doubtful
    seen_by_both: set[Box] = set()
    for box in confident[0]:
        partner = max(confident[1], key=lambda other: overlap(box, other), default=None)
        if partner is not None and overlap(box, partner) >= AGREEMENT_IOU:
            sure.append(Label(RAVELLING, _mean(box, partner)))
            seen_by_both |= {box, partner}
    lonely = [box for boxes in confident for box in boxes if box not in seen_by_both]
    return sure, doubtful + [Label(RAVELLING, box) for box in lonely]


def _mean(a: Box, b: Box) -> Box:
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2, (a[3] + b[3]) / 2)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    return float(iou(np.array([a]), np.array([b]))[0, 0])


def iou(a: Floats, b: Floats, over_a_only: bool = False) -> Floats:
    """Intersection over union of boxes `a` (n, 4) and `b` (m, 4), shape (n, m); or over the area of `a` only."""
    size = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    inside = np.prod(np.clip(size, 0, None), axis=2)
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None]
    whole = area_a if over_a_only else area_a + np.prod(b[:, 2:] - b[:, :2], axis=1)[None] - inside
    return np.asarray(np.divide(inside, whole, out=np.zeros_like(inside), where=whole > 0))


def boxes_xywh(labels: Iterable[Label]) -> Floats:
    """Boxes as centre x, centre y, width, height, shape (n, 4)."""
    boxes = np.array([label.box for label in labels], dtype=np.float64).reshape(-1, 4)
    return np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]])
