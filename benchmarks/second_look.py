"""How near a second look at the pictures of `val` comes to their labels, and how near the model comes to both.

    python -m benchmarks.second_look [--weights fifth] [--json FILE]

Two annotators (a vision-language model, twice, which knew labelled pictures of `train` and not the labels of these)
drew the damage of 80 pictures, drawn by lot from every source: `second_look.csv`, boxes in percent of the picture,
`sure` 1 (doubtful) to 3. Each party is scored against each other one as if it were a detector and the other the truth.

Ravelling was searched for in 141 pictures of `val`. The other 412 were searched later, in the same way, by one
annotator (`second_look_ravelling.csv`): the model's figure on those, and on all, is told beside the agreed one.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from detector.model.weights import default_weights, load_weights
from detector.taxonomy import CLASSES
from detector.types import Detection
from training.config import data_folder
from training.data.card import read_card
from training.data.pictures import RAVELLING, Label, LabelledPicture, read_pictures
from training.evaluate import Subject, of_weights
from training.evaluation.figures import RDD_CLASSES, cracks_as_one, ravelling_outcomes
from training.evaluation.matching import Predictions, outcomes, pixel_boxes, shown
from training.evaluation.scores import best_f1, f1_over

BY_CODE = {c.rdd_code: c.id for c in CLASSES if c.rdd_code}
FOUND = Path(__file__).with_suffix(".csv").resolve()
RAVELLED = FOUND.with_stem("second_look_ravelling")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="a model, by its name or folder; default: the one in service")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    drawn = {name: read_boxes(name) for name in ("A", "B")}
    weights = load_weights(given.weights) if given.weights else default_weights()
    verified, searched = (read_val(files) for files in ((), (RAVELLED,)))
    subject = of_weights(weights, verified)
    pictures = [replace(p, ignored=()) for p in verified if p.path.stem in drawn["A"]]
    told = {"labels": {p.path.stem: p.labels for p in pictures}, **drawn}
    detected = {name: as_detections(pictures, boxes) for name, boxes in drawn.items()}
    detected["model"] = shown(subject.predictions, subject.thresholds)
    found = dict(agreement(pictures, detected, told))
    first = {p.path.stem for p in verified if p.looked_for(RAVELLING)}
    for part, some in (
        ("the first 141", verified),
        ("the other 412", [p for p in searched if p.path.stem not in first]),
        ("all 553", searched),
        ("DF-080", [p for p in searched if "_DF_080_" in p.path.stem]),
        ("other roads", [p for p in searched if "_DF_080_" not in p.path.stem]),
    ):
        found[f"ravelling, {part}"] = ravelling(some, subject)
    for name, figures in found.items():
        print(f"{name:28}", ", ".join(f"{what} {value}" for what, value in figures.items()))
    if given.json:
        given.json.write_text(json.dumps({"model": subject.title, "agreement": found}, indent=2))


def read_val(more_passes: tuple[Path, ...]) -> list[LabelledPicture]:
    """The pictures of `val`, with what more passes over them found."""
    card = read_card("road-damage")
    card = card.model_copy(update={"passes": (*card.passes, *map(str, more_passes))})
    return list(read_pictures(data_folder() / "road-damage" / "val", card).pictures)


def ravelling(pictures: Sequence[LabelledPicture], subject: Subject) -> dict[str, float]:
    """How much of the ravelling the model finds, at its thresholds and at the best one for these pictures."""
    told = ravelling_outcomes(pictures, shown(subject.predictions, subject.thresholds))
    best = best_f1(ravelling_outcomes(pictures, subject.predictions)).f1
    figures = {"true": told.truths.sum(), "found": told.hit[0].sum(), "told": told.counts[0].sum()}
    return {k: int(v) for k, v in figures.items()} | {"F1": round(f1_over(told).f1, 3), "best F1": round(best, 3)}


def read_boxes(annotator: str) -> dict[str, tuple[Label, ...]]:
    """What an annotator drew, by the picture's stem."""
    boxes: dict[str, tuple[Label, ...]] = {}
    with FOUND.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["annotator"] == annotator:
                before = boxes.setdefault(row["picture"], ())
                if row["class"] != "none":
                    x0, y0, x1, y1 = (float(row[key]) / 100 for key in ("x0_pct", "y0_pct", "x1_pct", "y1_pct"))
                    boxes[row["picture"]] = (*before, Label(BY_CODE[row["class"]], (x0, y0, x1, y1)))
    return boxes


def as_detections(
    pictures: Sequence[LabelledPicture], boxes: dict[str, tuple[Label, ...]]
) -> dict[str, list[Detection]]:
    """Labels as a detector would say them, all with the same score."""
    return {
        p.path.stem: [
            Detection((x0, y0, x1, y1), 1.0, label.class_id)
            for label, (x0, y0, x1, y1) in zip(
                boxes[p.path.stem], pixel_boxes(boxes[p.path.stem], p).tolist(), strict=True
            )
        ]
        for p in pictures
    }


def agreement(
    pictures: Sequence[LabelledPicture],
    detected: dict[str, dict[str, list[Detection]]],
    told: dict[str, dict[str, tuple[Label, ...]]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """F1 of every detecting party against every other, over the four RDD classes, for all pictures and DNIT's."""
    for (party, predictions), (other, labels) in ((d, t) for d in detected.items() for t in told.items()):
        if party == other or (party, other) == ("B", "A"):
            continue
        truth = [replace(p, labels=labels[p.path.stem]) for p in pictures]
        for part, some in (("all", truth), ("dnit", [p for p in truth if p.source == "dnit"])):
            yield f"{party} against {other}, {part}", {"pictures": len(some), **figures(some, predictions)}


def figures(pictures: Sequence[LabelledPicture], predictions: Predictions) -> dict[str, float]:
    """F1 with four classes and with the cracks as one, at two overlaps."""
    f1 = {}
    for iou in (0.5, 0.3):
        f1[f"F1 at IoU {iou}"] = f1_over(outcomes(pictures, predictions, (iou,)).of(*RDD_CLASSES)).f1
        f1[f"cracks as one at {iou}"] = f1_over(cracks_as_one(pictures, predictions, iou)).f1
    return {name: round(value, 3) for name, value in f1.items()}


if __name__ == "__main__":
    main()
