"""All figures of one evaluation, as numbers that can be written to JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detector.scene.camera import Camera
from detector.taxonomy import CLASSES, NAMES
from detector.types import Bools, Detection, Floats
from training.data.pictures import RAVELLING, LabelledPicture
from training.evaluation.bands import check_camera, distances, sizes
from training.evaluation.bootstrap import DRAWS, LEAST_PLACES, draws, folds, interval, places
from training.evaluation.matching import Band, Outcomes, Predictions, outcomes, shown, with_classes
from training.evaluation.scores import F1, average_precision, average_precision_draws, best_f1, f1_draws, f1_over

RDD_CLASSES = tuple(c.id for c in CLASSES if c.rdd_code)
CRACKS = {0: 0, 1: 0, 2: 0}  # the three kinds of crack, counted as one
RAVELLING_IOU = 0.3  # patches of ravelling have no sharp edge; see the two passes' agreement in the data notes

Figures = dict[str, Any]


def evaluate(pictures: Sequence[LabelledPicture], predictions: Predictions) -> Figures:
    """The headline figures, rounded to three places. Predictions should go down to a score of 0.01 or less."""
    found = outcomes(pictures, predictions)
    ap = {i: average_precision(found.of(i)) for i in range(len(NAMES)) if found.truths[:, i].any()}
    rdd = [ap[i][0] for i in RDD_CLASSES if i in ap]
    return {
        "pictures": len(pictures),
        "map50_rdd": _rounded(float(np.mean(rdd))) if rdd else None,
        "f1_rdd": f1_figures(best_f1(found.of(*RDD_CLASSES))),
        "f1_cracks_as_one": f1_figures(best_f1(cracks_as_one(pictures, predictions))),
        "f1_ravelling_iou30": {
            **f1_figures(best_f1(ravelling_outcomes(pictures, predictions))),
            "pictures": sum(p.looked_for(RAVELLING) for p in pictures),
        },
        "per_class": {
            NAMES[i]: {
                "ap50": _rounded(ap[i][0]),
                "ap50_95": _rounded(ap[i].mean()),
                "best_f1": f1_figures(best_f1(found.of(i))),
            }
            for i in ap
        },
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """What the figures are counted from: all predictions, those shown at the shipped thresholds, and the draws."""

    pictures: Sequence[LabelledPicture]
    predictions: Predictions
    shown: Predictions
    weights: Floats  # (draws, pictures)


def measure(
    pictures: Sequence[LabelledPicture], predictions: Predictions, thresholds: Sequence[float], count: int = DRAWS
) -> Measured:
    """Prepare the figures; `thresholds` are the shipped ones by class id."""
    weights = draws(places(pictures), [p.source for p in pictures], count)
    return Measured(pictures, predictions, shown(predictions, thresholds), weights)


def full_figures(measured: Measured, camera: Camera | None = None) -> Figures:
    """Everything, with intervals: overall, per class, source, size and distance.

    Raises SettingsError for a camera that the pictures can't come from.
    """
    pictures, predictions = measured.pictures, measured.predictions
    if camera:
        check_camera(camera, pictures)
    found, told = outcomes(pictures, predictions), outcomes(pictures, measured.shown, (0.5,))
    drawn = {i: average_precision_draws(found.of(i), measured.weights) for i in range(len(NAMES))}
    sources = sorted({p.source for p in pictures})
    return {
        "pictures": len(pictures),
        "places": len(set(places(pictures))),
        "draws": len(measured.weights),
        "overall": _overall(measured, found, told, drawn),
        "per_class": {NAMES[i]: _of_class(found.of(i), told.of(i), drawn[i], measured.weights) for i in drawn},
        "per_source": {source: _of_source(source, measured, found, told) for source in sources},
        "per_size": _of_bands(sizes(), measured),
        "per_distance": _of_bands(distances(camera), measured),
    }


def drawn_headlines(
    pictures: Sequence[LabelledPicture], predictions: Predictions, told: Predictions, weights: Floats
) -> dict[str, tuple[float, Floats]]:
    """The figures that models are compared by: each on all pictures and in every draw (b,).

    F1 at the shipped thresholds, for which `told` are the detections, and mean AP50; a figure without true boxes is
    left out.
    """
    found = outcomes(pictures, predictions, (0.5,))
    rdd = [i for i in RDD_CLASSES if found.truths[:, i].any()]
    if not rdd:
        return {}
    parts = {
        "f1_rdd": outcomes(pictures, told, (0.5,)).of(*RDD_CLASSES),
        "f1_cracks_as_one": cracks_as_one(pictures, told),
        "f1_ravelling_iou30": ravelling_outcomes(pictures, told),
    }
    figures = {name: (f1_over(part).f1, f1_draws(part, weights)) for name, part in parts.items() if part.truths.any()}
    ap = float(np.mean([average_precision(found.of(i))[0] for i in rdd]))
    drawn = np.mean([average_precision_draws(found.of(i), weights)[:, 0] for i in rdd], axis=0)
    return {**figures, "map50_rdd": (ap, drawn)}


def _overall(measured: Measured, found: Outcomes, told: Outcomes, drawn: Mapping[int, Floats]) -> Figures:
    """Figures over the four RDD classes, over cracks as one kind and potholes, and of ravelling."""
    pictures, weights = measured.pictures, measured.weights
    verified = {"pictures": sum(p.looked_for(RAVELLING) for p in pictures)}
    return {
        **_mean_ap(found, drawn),
        "f1_rdd": _f1_pair(found.of(*RDD_CLASSES), told.of(*RDD_CLASSES), weights)
        | {"out_of_sample": _f1_elsewhere(pictures, measured.predictions, weights)},
        "f1_cracks_as_one": _f1_pair(
            cracks_as_one(pictures, measured.predictions), cracks_as_one(pictures, measured.shown), weights
        ),
        "f1_ravelling_iou30": _f1_pair(
            ravelling_outcomes(pictures, measured.predictions), ravelling_outcomes(pictures, measured.shown), weights
        )
        | verified,
    }


def _f1_elsewhere(pictures: Sequence[LabelledPicture], predictions: Predictions, weights: Floats) -> Figures:
    """F1 over the RDD classes where each fifth of the places is shown at the thresholds that suit the others best."""
    fold = folds(places(pictures))
    told: dict[str, list[Detection]] = {}
    for number in np.unique(fold):
        thresholds = best_thresholds([p for p, f in zip(pictures, fold, strict=True) if f != number], predictions)
        here = {p.path.stem for p, f in zip(pictures, fold, strict=True) if f == number}
        told |= shown({stem: predictions.get(stem, ()) for stem in here}, thresholds)
    matched = outcomes(pictures, told, (0.5,)).of(*RDD_CLASSES)
    return _with_draws(f1_over(matched), f1_draws(matched, weights), threshold=False)


def _of_class(found: Outcomes, told: Outcomes, drawn: Floats, weights: Floats) -> Figures:
    ap = average_precision(found)
    return {
        "truths": int(found.truths.sum()),
        "pictures": int(found.truths.any(axis=1).sum()),
        "ap50": _with_interval(ap[0], drawn[:, 0]),
        "ap50_95": _with_interval(ap.mean(), drawn.mean(axis=1)),
        "f1": _f1_pair(found, told, weights),
    }


def _of_source(source: str, measured: Measured, found: Outcomes, told: Outcomes) -> Figures:
    """The same figures over the pictures of one source: the others get no weight."""
    here = np.array([p.source == source for p in measured.pictures])
    parts = [_only_pictures(each, here) for each in (found, told)]
    few = len(set(places([p for p in measured.pictures if p.source == source]))) < LEAST_PLACES
    return {"pictures": int(here.sum()), **_slice(parts[0], parts[1], measured.weights[: 0 if few else None])}


def _of_bands(bands: Iterable[Band], measured: Measured) -> Figures:
    return {
        band.name: _slice(
            outcomes(measured.pictures, measured.predictions, band=band),
            outcomes(measured.pictures, measured.shown, (0.5,), band),
            measured.weights,
        )
        for band in bands
    }


def _slice(found: Outcomes, told: Outcomes, weights: Floats) -> Figures:
    """Figures of a part of the damage: over the RDD classes, and the AP of each class."""
    ap = {NAMES[i]: average_precision(found.of(i)) for i in range(len(NAMES)) if found.truths[:, i].any()}
    return {
        "truths": int(found.truths[:, RDD_CLASSES].sum()),
        **_mean_ap(found, {i: average_precision_draws(found.of(i).at(0), weights) for i in RDD_CLASSES}),
        "f1_rdd": _f1_pair(found.of(*RDD_CLASSES), told.of(*RDD_CLASSES), weights),
        "per_class": {name: {"ap50": _rounded(a[0]), "ap50_95": _rounded(a.mean())} for name, a in ap.items()},
    }


def _mean_ap(found: Outcomes, drawn: Mapping[int, Floats]) -> Figures:
    """Mean AP over the RDD classes that have true boxes; intervals for as many overlaps as were drawn."""
    present = [i for i in RDD_CLASSES if found.truths[:, i].any()]
    if not present:
        return {"map50": _with_interval(np.nan), "map50_95": _with_interval(np.nan)}
    ap = np.array([average_precision(found.of(i)) for i in present])
    each = np.array([drawn[i] for i in present])  # classes, draws, overlaps
    return {
        "map50": _with_interval(ap[:, 0].mean(), each[:, :, 0].mean(axis=0)),
        "map50_95": _with_interval(ap.mean(), each.mean(axis=(0, 2)) if each.shape[2] > 1 else None),
    }


def _f1_pair(found: Outcomes, told: Outcomes, weights: Floats) -> Figures:
    """F1 at the best threshold and at the shipped ones."""
    best, shipped = best_f1(found), f1_over(told)
    return {
        "best": _with_draws(best, f1_draws(found, weights, best.threshold)),
        "shipped": _with_draws(shipped, f1_draws(told, weights), threshold=False),
    }


def cracks_as_one(pictures: Sequence[LabelledPicture], predictions: Predictions, iou: float = 0.5) -> Outcomes:
    """The three kinds of crack as one class, and potholes."""
    return outcomes(*with_classes(pictures, predictions, CRACKS), (iou,)).of(0, 3)


def ravelling_outcomes(pictures: Sequence[LabelledPicture], predictions: Predictions) -> Outcomes:
    """Ravelling in all pictures: where nobody looked for it, it counts neither way."""
    return outcomes(pictures, predictions, (RAVELLING_IOU,)).of(RAVELLING)


def _only_pictures(found: Outcomes, here: Bools) -> Outcomes:
    return found.only(here[found.picture], np.where(here[:, None], found.truths, 0))


def _with_draws(f1: F1, drawn: Floats, threshold: bool = True) -> Figures:
    return f1_figures(f1, threshold) | {"interval": _interval(drawn)}


def f1_figures(f1: F1, threshold: bool = True) -> Figures:
    """F1, precision and recall to three places, None without true boxes, and the threshold as it is shipped."""
    figures = {"f1": _rounded(f1.f1), "precision": _rounded(f1.precision), "recall": _rounded(f1.recall)}
    return figures | ({"threshold": _as_shipped(f1)} if threshold else {})


def _as_shipped(f1: F1) -> float:
    """The threshold a bit lower, to three places: what is shown scores more than it."""
    return max(float(np.ceil(f1.threshold * 1000) - 1) / 1000, 0.0)


def _with_interval(value: float, drawn: Floats | None = None) -> Figures:
    return {"value": _rounded(value), "interval": None if drawn is None else _interval(drawn)}


def _interval(values: Floats) -> list[float] | None:
    found = interval(values)
    return None if found is None else [round(v, 3) for v in found]


def _rounded(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def best_thresholds(pictures: Sequence[LabelledPicture], predictions: Predictions) -> tuple[float, ...]:
    """For each class the threshold with the best F1; the best over the RDD classes where a class has no true boxes."""
    found = outcomes(pictures, predictions, (0.5,))
    overall = best_f1(found.of(*RDD_CLASSES))
    each = [best_f1(found.of(i)) if found.truths[:, i].any() else overall for i in range(len(NAMES))]
    return tuple(_as_shipped(f1) for f1 in each)
