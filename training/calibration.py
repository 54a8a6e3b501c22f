"""Fitting score calibration, and how well scores are probabilities: reliability and expected calibration error."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.optimize import minimize

from detector.model.calibration import EDGE, calibrate
from detector.taxonomy import NAMES
from detector.types import Bools, Detection, Floats, Ints
from training.evaluation.bootstrap import folds
from training.evaluation.matching import Outcomes, Predictions

BINS = 10
AS_IT_IS = np.array([1.0, 1.0, 0.0])  # parameters that leave a score alone
PULL = 2.0  # how hard a class is held to the fit of all classes: about that of a few dozen detections
SIMULATIONS = 200

Parameters = dict[str, list[float]]  # a, b, c of `detector.model.calibration` by class name


@dataclass(frozen=True, slots=True)
class Bin:
    """Detections of like score."""

    count: int
    score: float  # their mean
    correct: float  # the share of them that found a true box


def fit(found: Outcomes) -> Parameters:
    """Fit beta calibration to matched detections: one for each class, held to the fit of all of them together.

    A class without a counted detection gets the fit of all; without any at all scores are left as they are.
    """
    counted = found.only(found.counts[0])
    together = _fit(counted.score, counted.hit[0], AS_IT_IS, 0.1)
    fitted = {}
    for class_id, name in enumerate(NAMES):
        of_class = counted.of(class_id)
        fitted[name] = [round(float(v), 4) for v in _fit(of_class.score, of_class.hit[0], together, PULL)]
    return fitted


def fit_out_of_sample(found: Outcomes, places: Sequence[str]) -> Outcomes:
    """The outcomes with scores calibrated by a fit on pictures of other places: 5-fold cross-validation.

    Detections are not ordered by score any more.
    """
    fold = folds(places)[found.picture] if len(found.picture) else np.zeros(0, np.int64)
    score = found.score.copy()
    for n in np.unique(fold):
        score[fold == n] = applied(found.only(fold == n), fit(found.only(fold != n))).score
    return replace(found, score=score)


def applied(found: Outcomes, parameters: Parameters) -> Outcomes:
    """The outcomes with calibrated scores, in the same order."""
    return replace(found, score=calibrate(found.score, _of_each(found.class_id, parameters)))


def calibrated(predictions: Predictions, parameters: Parameters) -> dict[str, list[Detection]]:
    """The detections with calibrated scores, best first."""
    answer = {}
    for stem, found in predictions.items():
        each = _of_each(np.array([d.class_id for d in found], np.int64), parameters)
        scores = calibrate([d.score for d in found], each).tolist()
        answer[stem] = sorted((replace(d, score=s) for d, s in zip(found, scores, strict=True)), key=lambda d: -d.score)
    return answer


def reliability(scores: Floats, correct: Bools, bins: int = BINS) -> list[Bin]:
    """Detections in `bins` equal ranges of score; empty ranges are left out."""
    edges = np.linspace(0, 1, bins + 1)
    edges[-1] = np.inf
    ranges = [(scores >= low) & (scores < high) for low, high in pairwise(edges)]
    return [Bin(int(r.sum()), float(scores[r].mean()), float(correct[r].mean())) for r in ranges if r.any()]


def expected_error(scores: Floats, correct: Bools, bins: int = BINS) -> float:
    """Expected calibration error: the mean distance of score and share correct over the bins, by their size.

    Source: Guo et al., On Calibration of Modern Neural Networks (ICML 2017). nan without detections.
    """
    found = reliability(scores, correct, bins)
    total = sum(b.count for b in found)
    return sum(b.count * abs(b.score - b.correct) for b in found) / total if total else float("nan")


def least_error(scores: Floats, seed: int = 0) -> float:
    """The calibration error that perfect probabilities would show by chance alone on so many detections."""
    rng = np.random.default_rng(seed)
    return float(np.mean([expected_error(scores, rng.random(len(scores)) < scores) for _ in range(SIMULATIONS)]))


def _of_each(class_ids: Ints, parameters: Parameters) -> Floats:
    return np.array([parameters[name] for name in NAMES])[class_ids].reshape(-1, 3)


def _fit(scores: Floats, correct: Bools, centre: Floats, pull: float) -> Floats:
    """Maximum likelihood with a normal prior around `centre`."""
    s = np.clip(scores, EDGE, 1 - EDGE)
    terms = np.column_stack([np.log(s), -np.log1p(-s), np.ones_like(s)])
    sign = np.where(correct, 1.0, -1.0)

    def loss(theta: Floats) -> tuple[float, Floats]:
        margin = sign * (terms @ theta)
        slope = -sign / (1 + np.exp(np.clip(margin, -500, 500)))
        off = theta - centre
        return float(np.logaddexp(0, -margin).sum() + pull * off @ off), terms.T @ slope + 2 * pull * off

    least = 1e-3  # a and b: the probability always rises with the score
    bounds = [(least, None), (least, None), (None, None)]
    return np.asarray(minimize(loss, np.maximum(centre, [least, least, -np.inf]), jac=True, bounds=bounds).x)
