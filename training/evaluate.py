"""One evaluation, start to end: a model or a file of boxes and labelled pictures in, figures and a report out."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector.cards import FolderKind
from detector.files import atomic_folder
from detector.model.predictor import Device
from detector.model.weights import Form, Weights, digests
from detector.scene.camera import Camera
from detector.taxonomy import NAMES
from training.calibration import calibrated, expected_error, fit_out_of_sample, least_error, reliability
from training.data.pictures import LabelledPicture
from training.evaluation.bootstrap import DRAWS, places
from training.evaluation.confusion import confusion
from training.evaluation.figures import Figures, best_thresholds, full_figures, measure
from training.evaluation.matching import Outcomes, Predictions, outcomes
from training.evaluation.predictions import network_predictions, read_predictions

REPORT = "report"  # in a model's folder: the evaluation that its card tells the main figures of
EVALUATION = FolderKind(
    card="metrics.json",
    format="schouw-evaluation",
    version=1,
    name="an evaluation report",
    briefly="a report",
    where="name a folder that `schouw evaluate` wrote",
    again="evaluate again",
    other_version="evaluate again",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: boxes with the network's own scores, and with those that a user sees."""

    title: str
    network: Predictions
    predictions: Predictions
    thresholds: tuple[float, ...]  # of `predictions`, by class id
    about: dict[str, Any]  # what metrics.json says of it


def of_weights(
    weights: Weights,
    pictures: Sequence[LabelledPicture],
    device: Device = "cpu",
    form: Form | None = None,
    conf: float | None = None,
) -> Subject:
    """Run a model on the pictures; `conf` is a threshold for all classes, None the shipped ones."""
    card = weights.card
    thresholds = card.thresholds() if conf is None else (conf,) * len(NAMES)
    network = network_predictions(weights, pictures, device, form)
    seen = network if card.calibration is None else calibrated(network, card.calibration)
    about = {"model": card.name, "version": card.version, "files": digests(weights), "form": form or "the device's own"}
    return Subject(f"{card.name} {card.version}", network, seen, thresholds, about)


def of_file(path: Path, pictures: Sequence[LabelledPicture], conf: float | None = None) -> Subject:
    """Take the boxes of any program; `conf` is its threshold, None the one with the best F1 for each class."""
    found = read_predictions(path, pictures)
    thresholds = best_thresholds(pictures, found) if conf is None else (conf,) * len(NAMES)
    return Subject(path.name, found, found, thresholds, {"file": path.name})


def figures_of(
    subject: Subject, pictures: Sequence[LabelledPicture], camera: Camera | None = None, draws: int = DRAWS
) -> Figures:
    """All figures of one evaluation."""
    measured = measure(pictures, subject.predictions, subject.thresholds, draws)
    return {
        "subject": {"title": subject.title, **subject.about},
        "split": {"pictures": len(pictures), "sha256": split_sha256(pictures)},
        "thresholds": dict(zip(NAMES, subject.thresholds, strict=True)),
        **full_figures(measured, camera),
        "calibration": calibration_figures(subject, pictures),
        "confusion": confusion(pictures, measured.shown).tolist(),
    }


def calibration_figures(subject: Subject, pictures: Sequence[LabelledPicture]) -> Figures:
    """How well scores are probabilities: the network's own, calibrated on other places, and as they are shipped.

    Once for all detections down to a score of 0.01, once for those that the network scores 0.1 or more.
    """
    own = outcomes(pictures, subject.network, (0.5,))
    ways = {
        "network": own,
        "out of sample": fit_out_of_sample(own, places(pictures)),
        "shipped": outcomes(pictures, subject.predictions, (0.5,)),
    }
    return {name: {"all": _error(found, 0.0), "shown": _error(found, 0.1)} for name, found in ways.items()}


def _error(found: Outcomes, least: float) -> Figures:
    kept = found.only(found.counts[0] & (found.score >= least))
    score, hit = kept.score, kept.hit[0]
    if not len(score):
        return {"detections": 0, "ece": None, "by_chance": None, "bins": []}
    return {
        "detections": len(score),
        "ece": round(expected_error(score, hit), 4),
        "by_chance": round(least_error(score), 4),
        "bins": [asdict(b) for b in reliability(score, hit)],
    }


def write_report(
    subject: Subject, figures: Figures, pictures: Sequence[LabelledPicture], out: Path, with_pictures: bool = True
) -> None:
    """Write `metrics.json` and `report.html` to the folder `out`. Raises InputError if it holds something else."""
    from training.evaluation.report import write_html  # draws with matplotlib, which promoting needs not

    EVALUATION.check_replaceable(out)
    with atomic_folder(out) as folder:
        EVALUATION.write_card(folder, figures)
        write_html(folder / "report.html", figures, pictures, subject.predictions, with_pictures)


def split_sha256(pictures: Sequence[LabelledPicture]) -> str:
    """A fingerprint of the pictures' names, labels and unknown regions: figures of one split can be compared."""
    digest = hashlib.sha256()
    for picture in sorted(pictures, key=lambda p: p.path.stem):
        marks = [
            sorted((x.class_id, *(round(v, 4) for v in x.box)) for x in labels)
            for labels in (picture.labels, picture.ignored)
        ]
        digest.update(repr((picture.path.stem, picture.width, picture.height, marks)).encode())
    return digest.hexdigest()
