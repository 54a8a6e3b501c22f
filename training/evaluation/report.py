"""The report of an evaluation: one page that stands alone, for the data scientist who has to decide."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from detector.files import atomic_path
from detector.taxonomy import BY_NAME, CLASSES, NAMES
from training.calibration import Bin
from training.data.pictures import LabelledPicture
from training.evaluation import plots
from training.evaluation.examples import false_alarms, misses, one_for_each_picture, picture_of
from training.evaluation.matching import Predictions, outcomes, shown

EXAMPLES = 12  # of each kind of mistake
SLICES = {
    "per_source": ("By source", "Each source was labelled in its own way, so part of a difference is the labels'."),
    "per_size": (
        "By size",
        "COCO's small, medium and large (32 x 32 and 96 x 96 px), at a longest side of 640.",
    ),
    "per_distance": ("By distance", "By the lower edge of the box: damage that is near ends low in the picture."),
}
WAYS = {"network": "network's own score", "out of sample": "calibrated, other places", "shipped": "as shipped"}


def write_html(
    path: Path,
    figures: Mapping[str, Any],
    pictures: Sequence[LabelledPicture],
    predictions: Predictions,
    with_pictures: bool,
) -> None:
    """Write the page. Without pictures it shows nothing of the data set, so it may be passed on with the model."""
    thresholds = [figures["thresholds"][name] for name in NAMES]
    told = shown(predictions, thresholds)
    wrong = []
    if with_pictures:
        wrong = [
            ("Largest misses", "True boxes (white) that no shown detection touches.", misses(pictures, told)),
            ("Surest false alarms", "Detections (coloured) that touch no true box.", false_alarms(pictures, told)),
        ]
    environment = Environment(
        loader=PackageLoader("training.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    environment.filters["spread"] = _spread
    page = environment.get_template("report.html.j2").render(
        figures=figures,
        overall=figures["overall"],
        classes=CLASSES,
        by_name=BY_NAME,
        plots=_plots(figures, pictures, predictions, thresholds),
        slices=SLICES,
        forests={key: _forest_of_slices(figures[key]) for key in SLICES},
        ways=WAYS,
        confusion=_shares(figures["confusion"]),
        mistakes=[
            (title, text, len(all_), [(m, picture_of(m, told)) for m in one_for_each_picture(all_, EXAMPLES)])
            for title, text, all_ in wrong
        ],
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _plots(
    figures: Mapping[str, Any],
    pictures: Sequence[LabelledPicture],
    predictions: Predictions,
    thresholds: Sequence[float],
) -> list[str]:
    found = outcomes(pictures, predictions, (0.5,))
    classes = [
        (c.english, per["ap50"]["value"], per["ap50"]["interval"], c.colour)
        for c in CLASSES
        if (per := figures["per_class"][c.name])["truths"]
    ]
    lines = {
        WAYS[name]: [Bin(**b) for b in way["all"]["bins"]]
        for name, way in figures["calibration"].items()
        if name != "shipped" and way["all"]["bins"]
    }
    return [
        plots.forest(classes, "AP50 by class, 95 % interval"),
        plots.precision_recall(found),
        plots.f1_by_threshold(found, thresholds),
        plots.reliability(lines),
    ]


def _forest_of_slices(rows: Mapping[str, Any]) -> str:
    figures = [
        (name, row["f1_rdd"]["shipped"]["f1"], row["f1_rdd"]["shipped"]["interval"], "#0072b2")
        for name, row in rows.items()
        if row["truths"]
    ]
    return plots.forest(figures, "F1 at the shipped thresholds, 95 % interval")


def _shares(counts: Sequence[Sequence[int]]) -> list[list[tuple[int, float]]]:
    """Each count with its share of the row."""
    return [[(n, n / max(sum(row), 1)) for n in row] for row in counts]


def _figure(value: float | None, places: int = 3) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.{places}f}"


def _spread(interval: Sequence[float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.2f} – {interval[1]:.2f}"
