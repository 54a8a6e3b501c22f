"""How good are detections? Average precision, and the F1 of the Crowdsensing-based Road Damage Detection Challenge.

Regions in which a class is unknown count neither for nor against (COCO's crowd rule). Average precision comes from
faster-coco-eval; the F1 needs true and false positives at a threshold, which it does not give, so they are counted here
by the same greedy rule (a test compares both).
"""

import contextlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.taxonomy import CLASSES, NAMES
from detector.types import Detection, Floats
from training.data.pictures import RAVELLING, Label, LabelledPicture, iou

RDD_CLASSES = tuple(c.id for c in CLASSES if c.rdd_code)
CRACKS = {0: 0, 1: 0, 2: 0}  # the three kinds of crack, counted as one
RAVELLING_IOU = 0.3  # patches of ravelling have no sharp edge; see the two passes' agreement in the data notes

Predictions = Mapping[str, Sequence[Detection]]  # by picture stem, boxes in pixels of the picture as stored


@dataclass(frozen=True, slots=True)
class F1:
    """F1 at one score threshold."""

    f1: float
    precision: float
    recall: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Matches:
    """Every counted detection of some classes, best score first, and the number of true boxes."""

    scores: Floats  # (n,)
    correct: NDArray[np.bool_]  # (n,)
    truths: int

    def f1_at(self, threshold: float) -> F1:
        """F1 of the detections that score at least `threshold`."""
        kept = self.scores >= threshold
        hits, shown = int(self.correct[kept].sum()), int(kept.sum())
        precision = hits / shown if shown else 0.0
        recall = hits / self.truths if self.truths else 0.0
        return F1(2 * hits / (shown + self.truths) if shown + self.truths else 0.0, precision, recall, threshold)

    def best_f1(self) -> F1:
        """The highest F1 over all thresholds."""
        if not len(self.scores):
            return self.f1_at(1.0)
        hits = np.cumsum(self.correct)
        f1 = 2 * hits / (np.arange(1, len(hits) + 1) + self.truths)
        return self.f1_at(float(self.scores[int(np.argmax(f1))]))


def pixel_boxes(labels: Iterable[Label], picture: LabelledPicture) -> Floats:
    """Boxes x0, y0, x1, y1 in pixels, shape (n, 4)."""
    boxes = np.array([label.box for label in labels], dtype=np.float64).reshape(-1, 4)
    return np.asarray(boxes * np.array([picture.width, picture.height, picture.width, picture.height]))


def match_picture(
    picture: LabelledPicture, detections: Sequence[Detection], class_id: int, min_iou: float
) -> list[tuple[float, bool]]:
    """Greedy matching of one class in one picture, best score first. Detections in ignored regions are left out."""
    found = sorted((d for d in detections if d.class_id == class_id), key=lambda d: -d.score)
    if not found:
        return []
    boxes = np.array([d.box for d in found], dtype=np.float64)
    truths = iou(boxes, pixel_boxes((x for x in picture.labels if x.class_id == class_id), picture))
    ignored = iou(boxes, pixel_boxes((x for x in picture.ignored if x.class_id == class_id), picture), over_a_only=True)
    taken = np.zeros(truths.shape[1], dtype=bool)
    counted = []
    for number, detection in enumerate(found):
        overlap = np.where(taken, 0.0, truths[number])
        best = int(np.argmax(overlap)) if len(overlap) else -1
        correct = best >= 0 and bool(overlap[best] >= min_iou)
        if correct:
            taken[best] = True
        elif (ignored[number] >= min_iou).any():
            continue
        counted.append((detection.score, correct))
    return counted


def match(
    pictures: Sequence[LabelledPicture], predictions: Predictions, class_ids: Sequence[int], min_iou: float
) -> Matches:
    """Match the detections of all pictures, class by class."""
    counted = [
        pair
        for picture in pictures
        for class_id in class_ids
        for pair in match_picture(picture, predictions.get(picture.path.stem, ()), class_id, min_iou)
    ]
    counted.sort(key=lambda pair: -pair[0])
    truths = sum(label.class_id in class_ids for picture in pictures for label in picture.labels)
    return Matches(np.array([s for s, _ in counted]), np.array([c for _, c in counted], dtype=bool), truths)


def with_classes(
    pictures: Sequence[LabelledPicture], predictions: Predictions, to: Mapping[int, int]
) -> tuple[list[LabelledPicture], dict[str, list[Detection]]]:
    """Truth and predictions with some classes counted as another."""
    truths = [
        replace(p, labels=tuple(replace(x, class_id=to.get(x.class_id, x.class_id)) for x in p.labels))
        for p in pictures
    ]
    found = {
        stem: [replace(d, class_id=to.get(d.class_id, d.class_id)) for d in ds] for stem, ds in predictions.items()
    }
    return truths, found


def average_precision(pictures: Sequence[LabelledPicture], predictions: Predictions) -> dict[str, tuple[float, float]]:
    """Per class name: AP at IoU 0.5 and AP averaged over IoU 0.5 to 0.95. A class without true boxes is left out."""
    from faster_coco_eval import COCO, COCOeval_faster

    truth, found = _coco(pictures, predictions)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(truth)
        run = COCOeval_faster(coco, coco.loadRes(found), iouType="bbox", print_function=lambda *_: None)
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][:, :, :, 0, -1]  # IoU, recall, class
    present = [i for i in range(len(NAMES)) if (precision[0, :, i] >= 0).any()]
    return {NAMES[i]: (float(precision[0, :, i].mean()), float(precision[:, :, i].mean())) for i in present}


def _coco(
    pictures: Sequence[LabelledPicture], predictions: Predictions
) -> tuple[dict[str, object], list[dict[str, object]]]:
    annotations: list[dict[str, object]] = []
    found: list[dict[str, object]] = []
    for number, picture in enumerate(pictures, start=1):
        for labels, crowd in ((picture.labels, 0), (picture.ignored, 1)):
            for label, (x0, y0, x1, y1) in zip(labels, pixel_boxes(labels, picture).tolist(), strict=True):
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": label.class_id,
                        "bbox": [x0, y0, x1 - x0, y1 - y0],
                        "area": (x1 - x0) * (y1 - y0),
                        "iscrowd": crowd,
                    }
                )
        for detection in predictions.get(picture.path.stem, ()):
            x0, y0, x1, y1 = detection.box
            found.append(
                {
                    "image_id": number,
                    "category_id": detection.class_id,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "score": detection.score,
                }
            )
    images = [{"id": n, "width": p.width, "height": p.height} for n, p in enumerate(pictures, start=1)]
    categories = [{"id": i, "name": name} for i, name in enumerate(NAMES)]
    return {"images": images, "categories": categories, "annotations": annotations}, found


def evaluate(pictures: Sequence[LabelledPicture], predictions: Predictions) -> dict[str, object]:
    """All figures of a model card, rounded to three places. Predictions should go down to a score of 0.01 or less."""
    ap = average_precision(pictures, predictions)
    four = match(pictures, predictions, RDD_CLASSES, 0.5).best_f1()
    merged = match(*with_classes(pictures, predictions, CRACKS), (0, 3), 0.5).best_f1()
    verified = [p for p in pictures if p.looked_for(RAVELLING)]
    ravelling = match(verified, predictions, (RAVELLING,), RAVELLING_IOU).best_f1()
    per_class = {
        name: {
            "ap50": round(ap[name][0], 3),
            "ap50_95": round(ap[name][1], 3),
            "best_f1": _rounded(match(pictures, predictions, (i,), 0.5).best_f1()),
        }
        for i, name in enumerate(NAMES)
        if name in ap
    }
    rdd = [ap[NAMES[i]][0] for i in RDD_CLASSES if NAMES[i] in ap]
    return {
        "pictures": len(pictures),
        "map50_rdd": round(float(np.mean(rdd)), 3) if rdd else None,
        "f1_rdd": _rounded(four),
        "f1_cracks_as_one": _rounded(merged),
        "f1_ravelling_iou30": {**_rounded(ravelling), "pictures": len(verified)},
        "per_class": per_class,
    }


def _rounded(f1: F1) -> dict[str, float]:
    return {
        "f1": round(f1.f1, 3),
        "precision": round(f1.precision, 3),
        "recall": round(f1.recall, 3),
        "threshold": round(f1.threshold, 3),
    }
