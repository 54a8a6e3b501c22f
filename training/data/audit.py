"""What is wrong with a dataset, before a model learns it: files, labels, splits, and how much there is of what.

Nothing is changed. Every finding names its pictures; `training.data.audit_report` writes them down.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path

import numpy as np

from detector.boxes import iou
from detector.errors import InputError
from detector.taxonomy import NAMES
from detector.types import Bools, Floats, Ints
from training.data.dataset import Dataset
from training.data.duplicates import Seen, examine, groups_of, similar_pairs
from training.data.formats.source import pictures_in
from training.data.record import IGNORE, Annotation, Picture, PixelBox

OUTSIDE_PX = 1.0  # a box may stick out this far: annotation tools round differently
TINY = 0.01  # a box is tiny when its longer side is shorter than this share of the picture's longer side
SAME_BOX_IOU = 0.9  # two boxes that overlap by this much are one, drawn twice
RARE = 20  # a class with so many times fewer boxes than the commonest one is rare


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # a figure measured on this dataset can't be believed, or a picture can't be used
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that is looked for."""

    level: Level
    title: str
    meaning: str


CHECKS = {
    "unreadable": Check(Level.ERROR, "Unreadable pictures", "Missing, cut short or no picture. They can't be used."),
    "copy across splits": Check(
        Level.ERROR, "The same file in two splits", "The model is measured on what it learnt by heart."
    ),
    "alike across splits": Check(
        Level.ERROR,
        "The same view in two splits",
        "Near-duplicates: the model is measured on places that it was trained on. Look at them: a few are only "
        "alike. schouw data split keeps them together.",
    ),
    "group across splits": Check(
        Level.ERROR, "A group in two splits", "Pictures of one road, drive or place lie in more than one split."
    ),
    "changed": Check(Level.WARNING, "Changed since the import", "The file is not the one that was imported."),
    "size": Check(Level.WARNING, "Another size than listed", "Boxes in pixels don't fit; import it again."),
    "outside": Check(
        Level.WARNING, "Boxes that leave the picture", "Often a picture that was turned or scaled after labelling."
    ),
    "empty": Check(Level.WARNING, "Boxes without an area", "They teach nothing."),
    "tiny": Check(Level.WARNING, "Tiny boxes", f"Their longer side is under {TINY:.0%} of the picture's."),
    "twice": Check(Level.WARNING, "Boxes drawn twice", "Same class, same place, same annotator."),
    "two classes": Check(Level.WARNING, "One box, two classes", "Same place, same annotator, different classes."),
    "not looked for": Check(
        Level.WARNING, "Labelled, though not looked for", "Add the class to `looked_for`, or drop the label."
    ),
    "unlisted": Check(Level.WARNING, "Pictures without a label", "Files in `images/` that the dataset does not list."),
    "left out": Check(
        Level.WARNING, "Left out by the import", "Labels without a picture, pictures and labels that could not be read."
    ),
    "rare": Check(Level.WARNING, "Rare classes", f"{RARE} times fewer boxes than the commonest class of that split."),
    "absent": Check(Level.WARNING, "Classes that can't be measured", "In train, but without any box in this split."),
    "copy": Check(Level.WARNING, "The same file more than once", "It counts double."),
    "alike": Check(Level.NOTE, "Pictures of the same view", "In one split, or without one: they count as one place."),
    "unlabelled": Check(Level.NOTE, "Not labelled at all", "No class was looked for."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. `box` is in pixels of the first picture; `alike` is 0 to 1."""

    check: str
    text: str
    pictures: tuple[str, ...] = ()
    box: PixelBox | None = None
    alike: float | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """All that was found in a dataset."""

    dataset: Dataset
    pictures: dict[str, Picture]  # by name
    findings: tuple[Finding, ...]

    def of(self, level: Level) -> list[Finding]:
        """The findings of one level."""
        return [f for f in self.findings if CHECKS[f.check].level is level]


def audit(dataset: Dataset, progress: Callable[[int, int], None] = lambda done, total: None) -> Audit:
    """Look a dataset over. `progress` is told how many of how many pictures were read."""
    pictures = list(dataset)
    seen: list[Seen | InputError] = []
    for found in examine([dataset.file(p) for p in pictures]):
        seen.append(found)
        progress(len(seen), len(pictures))
    findings = [
        *(f for p, s in zip(pictures, seen, strict=True) for f in check_file(p, s)),
        *(f for p in pictures for f in check_labels(p)),
        *check_copies(pictures, seen),
        *check_views(pictures, seen),
        *check_groups(pictures),
        *check_classes(pictures),
        *check_listing(dataset, pictures),
    ]
    order = list(CHECKS)
    return Audit(dataset, {p.name: p for p in pictures}, tuple(sorted(findings, key=lambda f: order.index(f.check))))


def check_file(picture: Picture, seen: Seen | InputError) -> Iterator[Finding]:
    """Whether the file is there, whole, and the one that was imported."""
    if isinstance(seen, InputError):
        yield Finding("unreadable", str(seen), (picture.name,))
        return
    if (seen.width, seen.height) != (picture.width, picture.height):
        listed = f"{picture.width} x {picture.height}"
        yield Finding("size", f"is {seen.width} x {seen.height} px, listed as {listed}", (picture.name,))
    elif seen.sha256 != picture.sha256:
        yield Finding("changed", f"sha256 starts with {seen.sha256[:12]}, not {picture.sha256[:12]}", (picture.name,))


def check_labels(picture: Picture) -> Iterator[Finding]:
    """Whether a picture's labels can be right."""
    longest = max(picture.width, picture.height)
    for a in picture.annotations:
        x0, y0, x1, y1 = a.box
        out = max(-x0, -y0, x1 - picture.width, y1 - picture.height)
        if x1 <= x0 or y1 <= y0:
            yield _of_box("empty", f"{a.label}: {x1 - x0:.1f} x {y1 - y0:.1f} px", picture, a)
        elif out > OUTSIDE_PX:
            yield _of_box("outside", f"{a.label}: {out:.0f} px outside", picture, a)
        elif max(x1 - x0, y1 - y0) < TINY * longest:
            yield _of_box("tiny", f"{a.label}: {x1 - x0:.1f} x {y1 - y0:.1f} px", picture, a)
    yield from _drawn_twice(picture)
    sure = {a.label for a in picture.annotations if a.confidence != 1} - {IGNORE}
    if picture.looked_for and (more := sorted(sure - set(picture.looked_for))):
        yield Finding("not looked for", ", ".join(more), (picture.name,))
    if not picture.looked_for and not picture.annotations:
        yield Finding("unlabelled", "no class was looked for", (picture.name,))


def check_copies(pictures: Sequence[Picture], seen: Sequence[Seen | InputError]) -> Iterator[Finding]:
    """Files that are the same, byte for byte."""
    by_hash: dict[str, list[Picture]] = {}
    for picture, found in zip(pictures, seen, strict=True):
        if isinstance(found, Seen):
            by_hash.setdefault(found.sha256, []).append(picture)
    for same in by_hash.values():
        if len(same) > 1:
            splits = _splits(same)
            check, where = ("copy across splits", f" in {' and '.join(splits)}") if len(splits) > 1 else ("copy", "")
            yield Finding(check, f"{len(same)} times{where}", tuple(p.name for p in same), alike=1.0)


def check_views(pictures: Sequence[Picture], seen: Sequence[Seen | InputError]) -> Iterator[Finding]:
    """Pictures that show the same view: sets across splits, the most alike first, and sets within them."""
    whole = [(p, s) for p, s in zip(pictures, seen, strict=True) if isinstance(s, Seen)]
    if len(whole) < 2:
        return
    pairs, alike = similar_pairs(np.array([s.signature for _, s in whole]), [p.source for p, _ in whole])
    differs = _apart([s.sha256 for _, s in whole], pairs)
    crosses = _apart([p.split for p, _ in whole], pairs)
    yield from _views_across([p for p, _ in whole], pairs[differs & crosses], alike[differs & crosses])
    for members in _clusters(len(whole), pairs[differs & ~crosses]):
        yield Finding("alike", f"{len(members)} pictures", tuple(whole[n][0].name for n in members))


def _views_across(pictures: Sequence[Picture], pairs: Ints, alike: Floats) -> Iterator[Finding]:
    """One finding for each set that `pairs` (m, 2) join, its most alike pair first: of a view there may be millions."""
    if not len(pairs):
        return
    number = groups_of(len(pictures), pairs)[pairs[:, 0]]
    order = np.lexsort((-alike, number))
    sets = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)  # rows of pairs, each the most alike first
    for rows in sorted(sets, key=lambda rows: -alike[rows[0]]):
        most, best = float(alike[rows[0]]), pairs[rows[0]].tolist()
        members = [pictures[n] for n in dict.fromkeys([*best, *np.unique(pairs[rows]).tolist()])]
        text = f"{members[0].split} and {members[1].split}, {most:.2f} alike"
        more = f"; {len(members)} pictures in {len(rows)} such pairs" if len(rows) > 1 else ""
        yield Finding("alike across splits", text + more, tuple(p.name for p in members), alike=most)


def check_groups(pictures: Iterable[Picture]) -> Iterator[Finding]:
    """Groups (roads, drives, places) that lie in more than one split."""
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        if picture.group is not None:
            groups.setdefault(picture.group, []).append(picture)
    for name, members in sorted(groups.items()):
        counts = Counter(p.split for p in members if p.split)
        if len(counts) > 1:
            text = ", ".join(f"{count} in {split}" for split, count in sorted(counts.items()))
            examples = tuple(next(p.name for p in members if p.split == split) for split in sorted(counts))
            yield Finding("group across splits", f"{name}: {text}", examples)


def check_classes(pictures: Sequence[Picture]) -> Iterator[Finding]:
    """Classes of which a split has few boxes, or none."""
    counts: dict[str, Counter[str]] = {}
    for p in pictures:
        counts.setdefault(p.split or "none", Counter()).update(a.label for a in p.annotations if a.label != IGNORE)
    for split, of_class in sorted(counts.items()):
        most = max(of_class.values(), default=0)
        for name in NAMES:
            if 0 < of_class[name] * RARE <= most:
                yield Finding("rare", f"{split}: {of_class[name]} boxes of {name}, {most} of the commonest class")
            if split in ("val", "test") and not of_class[name] and counts.get("train", Counter())[name]:
                yield Finding("absent", f"{split}: no {name}, of which train has {counts['train'][name]} boxes")


def check_listing(dataset: Dataset, pictures: Sequence[Picture]) -> Iterator[Finding]:
    """Pictures that lie in the dataset without being listed, and what its import left out."""
    listed = {dataset.file(p).resolve() for p in pictures}
    for path in pictures_in(dataset.folder / "images"):
        if path.resolve() not in listed:
            yield Finding("unlisted", str(path.relative_to(dataset.folder)))
    left_out = dataset.folder / "left_out.csv"
    if left_out.is_file():
        yield from (Finding("left out", sentence) for sentence in _left_out(left_out))


def _left_out(path: Path) -> list[str]:
    """What an import's list says, a sentence for each row; one sentence for a file that is no such list."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [f"{row['file']}: {row['reason']}" for row in csv.DictReader(file)]
    except (KeyError, UnicodeDecodeError, csv.Error):
        return [f"{path.name} is not the list that an import writes, so what was left out is unknown; import it again"]


def _drawn_twice(picture: Picture) -> Iterator[Finding]:
    drawn = [a for a in picture.annotations if a.label != IGNORE]
    if len(drawn) < 2:
        return
    boxes = np.array([a.box for a in drawn], np.float64)
    over = iou(boxes, boxes)
    for n, m in combinations(range(len(drawn)), 2):
        a, b = drawn[n], drawn[m]
        if over[n, m] >= SAME_BOX_IOU and a.annotator == b.annotator:
            check, text = ("twice", a.label) if a.label == b.label else ("two classes", f"{a.label} and {b.label}")
            yield _of_box(check, text, picture, b)


def _of_box(check: str, text: str, picture: Picture, annotation: Annotation) -> Finding:
    return Finding(check, text, (picture.name,), annotation.box)


def _splits(pictures: Iterable[Picture]) -> list[str]:
    return sorted({p.split for p in pictures if p.split})


def _apart(values: Sequence[str | None], pairs: Ints) -> Bools:
    """Of each of `pairs` (m, 2) of positions, whether both have a value and the two differ (m,)."""
    numbers: dict[str | None, int] = {value: n for n, value in enumerate(dict.fromkeys(values)) if value}
    first, second = np.array([numbers.get(value, -1) for value in values], np.int64)[pairs].T
    return np.asarray((first >= 0) & (second >= 0) & (first != second))


def _clusters(count: int, pairs: Ints) -> list[list[int]]:
    """Positions, of `count`, that `pairs` (m, 2) join: the largest set first."""
    members: dict[int, list[int]] = {}
    for n, group in enumerate(groups_of(count, pairs).tolist()):
        members.setdefault(group, []).append(n)
    return sorted((m for m in members.values() if len(m) > 1), key=lambda m: (-len(m), m))
