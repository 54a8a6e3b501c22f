"""Detections against true boxes by COCO's rule: what became of every detection, from which all figures are counted.

Best score first, a detection takes the true box it overlaps most, if by enough. Regions in which a class is unknown
count neither for nor against (COCO's crowd rule), nor does what lies outside the band of sizes or distances that is
looked at (COCO's area ranges). Source: Lin et al., Microsoft COCO (2014) and its evaluation code, which tests compare
with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.boxes import iou
from detector.errors import SettingsError
from detector.taxonomy import NAMES
from detector.types import Bools, Detection, Floats, Ints
from training.data.pictures import Label, LabelledPicture, boxes_xyxy

COCO_IOUS = tuple(np.linspace(0.5, 0.95, 10).round(2).tolist())
MOST = 100  # detections of one class in one picture that count, as in COCO

Predictions = Mapping[str, Sequence[Detection]]  # by picture stem, boxes in pixels of the upright picture
Measure = Callable[[Floats, LabelledPicture], Floats]  # boxes (n, 4) in pixels -> a size or distance for each


@dataclass(frozen=True, slots=True)
class Band:
    """A range of sizes or distances; its upper end belongs to the next."""

    name: str
    of: Measure
    low: float
    high: float

    def holds(self, boxes: Floats, picture: LabelledPicture) -> Bools:
        """Whether each box lies in the band; False where it can't be measured."""
        value = self.of(boxes, picture)
        return np.asarray((value >= self.low) & (value < self.high))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of n detections at t overlaps, best score first, and how many true boxes there were."""

    ious: tuple[float, ...]  # the t overlaps that were asked for
    picture: Ints  # (n,) position among the p pictures
    class_id: Ints  # (n,)
    score: Floats  # (n,)
    hit: Bools  # (t, n) found a true box
    counts: Bools  # (t, n) False: neither right nor wrong
    truths: Ints  # (p, classes) true boxes that count

    def of(self, *class_ids: int) -> "Outcomes":
        """The same for some classes only."""
        kept = np.isin(self.class_id, class_ids)
        truths = np.zeros_like(self.truths)
        truths[:, class_ids] = self.truths[:, class_ids]
        return self.only(kept, truths)

    def at(self, number: int) -> "Outcomes":
        """The same at one of the overlaps."""
        kept = slice(number, number + 1)
        return replace(self, ious=self.ious[kept], hit=self.hit[kept], counts=self.counts[kept])

    def only(self, kept: Bools, truths: Ints | None = None) -> "Outcomes":
        """The detections that `kept` (n,) says."""
        return replace(
            self,
            picture=self.picture[kept],
            class_id=self.class_id[kept],
            score=self.score[kept],
            hit=self.hit[:, kept],
            counts=self.counts[:, kept],
            truths=self.truths if truths is None else truths,
        )


def outcomes(
    pictures: Sequence[LabelledPicture],
    predictions: Predictions,
    ious: Sequence[float] = COCO_IOUS,
    band: Band | None = None,
) -> Outcomes:
    """Match every picture, class by class. Raises SettingsError for a box or score that is not a number."""
    rows: list[tuple[Ints, Floats, Bools, Bools]] = []
    truths = np.zeros((len(pictures), len(NAMES)), np.int64)
    for number, picture in enumerate(pictures):
        found = predictions.get(picture.path.stem, ())
        boxes, scores, class_ids = arrays(found, picture.path.stem)
        for class_id in range(len(NAMES)):
            true = pixel_boxes([x for x in picture.labels if x.class_id == class_id], picture)
            within = np.ones(len(true), bool) if band is None else band.holds(true, picture)
            truths[number, class_id] = within.sum()
            of_class = np.flatnonzero(class_ids == class_id)
            if not len(of_class):
                continue
            best = of_class[np.argsort(-scores[of_class], kind="stable")][:MOST]
            unknown = pixel_boxes([x for x in picture.ignored if x.class_id == class_id], picture)
            shown = np.ones(len(best), bool) if band is None else band.holds(boxes[best], picture)
            over, over_unknown = iou(boxes[best], true), iou(boxes[best], unknown, over_a_only=True)
            hit, counts = match(over, within, over_unknown, shown, np.asarray(ious))
            rows.append((np.array([[number, class_id]] * len(best)), scores[best], hit, counts))
    if not rows:
        none, flags = np.zeros(0, np.int64), np.zeros((len(ious), 0), bool)
        return Outcomes(tuple(ious), none, none, np.zeros(0), flags, flags, truths)
    where, score = np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows])
    hit, counts = np.concatenate([r[2] for r in rows], axis=1), np.concatenate([r[3] for r in rows], axis=1)
    order = np.argsort(-score, kind="stable")
    return Outcomes(
        tuple(ious), where[order, 0], where[order, 1], score[order], hit[:, order], counts[:, order], truths
    )


def match(over: Floats, within: Bools, over_unknown: Floats, shown: Bools, ious: Floats) -> tuple[Bools, Bools]:
    """Match the detections of one class in one picture.

    Args:
        over: (n, m) overlap of each detection, best score first, with each true box.
        within: (m,) whether the true box counts.
        over_unknown: (n, k) part of each detection that lies in each unknown region.
        shown: (n,) whether the detection counts when it finds nothing.
        ious: (t,) least overlaps.

    Returns:
        (t, n) whether it found a true box that counts; (t, n) whether it counts at all.
    """
    t, (n, m) = len(ious), over.shape
    hit = np.zeros((t, n), bool)
    counts = np.broadcast_to(shown, (t, n)).copy()
    in_unknown = over_unknown.max(axis=1, initial=0.0)
    if not m:
        return hit, counts & (in_unknown < ious[:, None])
    taken = np.zeros((t, m), bool)
    each = np.arange(t)
    for d in range(n):
        overlap = np.where(taken | (over[d] < ious[:, None]), -1.0, over[d])
        wanted = np.where(within, overlap, -1.0)
        best = wanted.argmax(axis=1)
        hit[:, d] = wanted[each, best] >= 0
        other = np.where(within, -1.0, overlap)
        best_other = other.argmax(axis=1)
        beside = ~hit[:, d] & (other[each, best_other] >= np.where(in_unknown[d] >= ious, in_unknown[d], 0.0))
        unknown = ~hit[:, d] & ~beside & (in_unknown[d] >= ious)
        counts[:, d] = hit[:, d] | (counts[:, d] & ~beside & ~unknown)
        taken[each[hit[:, d]], best[hit[:, d]]] = True
        taken[each[beside], best_other[beside]] = True
    return hit, counts


def arrays(found: Sequence[Detection], stem: str) -> tuple[Floats, Floats, Ints]:
    """Boxes (n, 4), scores (n,), class ids (n,). Raises SettingsError for what is no box, score or class."""
    boxes = np.array([d.box for d in found], np.float64).reshape(-1, 4)
    scores = np.array([d.score for d in found], np.float64)
    class_ids = np.array([d.class_id for d in found], np.int64)
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise SettingsError(f"picture {stem}: a predicted box or score is not a number; predict this picture again")
    if ((class_ids < 0) | (class_ids >= len(NAMES))).any():
        raise SettingsError(f"picture {stem}: a predicted class is not 0 to {len(NAMES) - 1}; the classes are {NAMES}")
    return boxes, scores, class_ids


def pixel_boxes(labels: Sequence[Label], picture: LabelledPicture) -> Floats:
    """Boxes x0, y0, x1, y1 in pixels, shape (n, 4)."""
    return np.asarray(boxes_xyxy(labels) * np.array([picture.width, picture.height, picture.width, picture.height]))


def with_classes(
    pictures: Sequence[LabelledPicture], predictions: Predictions, to: Mapping[int, int]
) -> tuple[list[LabelledPicture], dict[str, list[Detection]]]:
    """Truth and predictions with some classes counted as another."""

    def turned(labels: Sequence[Label]) -> tuple[Label, ...]:
        return tuple(replace(x, class_id=to.get(x.class_id, x.class_id)) for x in labels)

    truths = [replace(p, labels=turned(p.labels), ignored=turned(p.ignored)) for p in pictures]
    found = {
        stem: [replace(d, class_id=to.get(d.class_id, d.class_id)) for d in ds] for stem, ds in predictions.items()
    }
    return truths, found


def shown(predictions: Predictions, thresholds: Sequence[float]) -> dict[str, list[Detection]]:
    """The detections whose score is over their class's threshold, as the predictor shows them."""
    return {stem: [d for d in ds if d.score > thresholds[d.class_id]] for stem, ds in predictions.items()}
