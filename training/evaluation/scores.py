"""Average precision, and the F1 of the Crowdsensing-based Road Damage Detection Challenge, from matched detections.

Both are counted for many draws of the pictures (bootstrap) from one matching; that is why they are written out here.
Tests hold average precision to pycocotools and to faster-coco-eval.
"""

from dataclasses import dataclass

import numpy as np

from detector.types import Floats, Ints
from training.evaluation.matching import Outcomes

RECALLS = np.linspace(0.0, 1.0, 101)  # where COCO reads the precision
AT_ONCE = 64  # draws, to bound the memory


@dataclass(frozen=True, slots=True)
class F1:
    """F1 at one score threshold; all but that is nan without true boxes: nothing was measured."""

    f1: float
    precision: float
    recall: float
    threshold: float


def average_precision(found: Outcomes) -> Floats:
    """COCO's average precision at each overlap (t,), all classes in one ranking; nan without true boxes."""
    (ap,) = average_precision_draws(found, np.ones((1, len(found.truths))))
    return np.asarray(ap)


def average_precision_draws(found: Outcomes, weights: Floats) -> Floats:
    """The same for b draws of the p pictures, (b, t). `weights` (b, p) says how often a picture is in a draw."""
    truths = weights @ found.truths.sum(axis=1)
    ap = np.full((len(weights), len(found.ious)), np.nan)
    for start in range(0, len(weights), AT_ONCE):
        rows = np.flatnonzero(truths[start : start + AT_ONCE] > 0) + start
        each = weights[rows][:, found.picture]
        for t in range(len(found.ious)):
            right = np.cumsum(each * found.hit[t], axis=1)
            told = np.cumsum(each * found.counts[t], axis=1)
            precision = np.divide(right, told, out=np.zeros_like(right), where=told > 0)
            best_from_here = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
            recall = right / truths[rows, None]
            for n, row in enumerate(rows):
                at = np.searchsorted(recall[n], RECALLS, side="left")
                ap[row, t] = np.append(best_from_here[n], 0.0)[at].mean()
    return ap


def f1_over(found: Outcomes, threshold: float = 0.0) -> F1:
    """F1 at the first overlap of the detections that score at least `threshold`."""
    told, right, truths = (int(each.sum()) for each in _by_picture(found, threshold))
    if not truths:
        return F1(np.nan, np.nan, np.nan, threshold)
    return F1(2 * right / (told + truths), right / told if told else 0.0, right / truths, threshold)


def f1_draws(found: Outcomes, weights: Floats, threshold: float = 0.0) -> Floats:
    """The same F1 for b draws of the pictures, (b,).

    nan without true boxes, and where a draw has none and nothing was told.
    """
    told, right, truths = (weights @ each for each in _by_picture(found, threshold))
    of = (told + truths) * found.truths.any()
    return np.asarray(np.divide(2 * right, of, out=np.full(len(weights), np.nan), where=of > 0))


def best_f1(found: Outcomes) -> F1:
    """The highest F1 at the first overlap over all thresholds; of equal ones the highest threshold."""
    counted = found.counts[0]
    score, right = found.score[counted], np.cumsum(found.hit[0][counted])
    if not len(score):
        return f1_over(found, 1.0)
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # a threshold can't part equal scores
    f1 = 2 * right[last] / (last + 1 + found.truths.sum())
    return f1_over(found, float(score[last[int(np.argmax(f1))]]))


def _by_picture(found: Outcomes, threshold: float) -> tuple[Ints, Ints, Ints]:
    """Detections that count, those of them that are right, and true boxes, each (p,)."""
    kept = (found.score >= threshold) & found.counts[0]
    pictures = len(found.truths)
    told = np.bincount(found.picture[kept], minlength=pictures)
    right = np.bincount(found.picture[kept & found.hit[0]], minlength=pictures)
    return told, right, found.truths.sum(axis=1)
