"""Our counts against faster-coco-eval, which itself is checked against pycocotools."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.types import Detection
from training.data.pictures import RAVELLING, WHOLE, Label, LabelledPicture
from training.evaluate import CRACKS, average_precision, evaluate, match, with_classes


def picture(name: str, labels: list[Label], ignored: tuple[Label, ...] = ()) -> LabelledPicture:
    return LabelledPicture(Path(f"{name}.jpg"), "test", 100, 100, tuple(labels), ignored)


def as_detection(label: Label, score: float, shift: float = 0.0) -> Detection:
    x0, y0, x1, y1 = (100 * v for v in label.box)
    return Detection((x0 + shift, y0, x1 + shift, y1), score, label.class_id)


CRACK = Label(0, (0.1, 0.1, 0.3, 0.5))
HOLE = Label(3, (0.6, 0.6, 0.8, 0.8))


def test_perfect_detections_score_one() -> None:
    truth = [picture("a", [CRACK, HOLE]), picture("b", [])]
    figures = evaluate(truth, {"a": [as_detection(CRACK, 0.9), as_detection(HOLE, 0.8)]})
    assert figures["map50_rdd"] == 1.0
    assert figures["f1_rdd"]["f1"] == 1.0  # type: ignore[index]


def test_a_false_alarm_costs_precision_and_a_miss_recall() -> None:
    truth = [picture("a", [CRACK, HOLE])]
    found = {"a": [as_detection(CRACK, 0.9), as_detection(Label(3, (0.0, 0.9, 0.1, 1.0)), 0.95)]}
    f1 = match(truth, found, (0, 3), 0.5).f1_at(0.5)
    assert (f1.precision, f1.recall, f1.f1) == (0.5, 0.5, 0.5)


def test_ravelling_where_nobody_looked_counts_neither_way() -> None:
    unknown = picture("a", [CRACK], (Label(RAVELLING, WHOLE),))
    found = {"a": [as_detection(CRACK, 0.9), Detection((10, 50, 90, 90), 0.9, RAVELLING)]}
    assert len(match([unknown], found, (RAVELLING,), 0.3).scores) == 0
    assert len(match([picture("a", [CRACK])], found, (RAVELLING,), 0.3).scores) == 1


def test_the_kind_of_crack_can_be_left_aside() -> None:
    truth = [picture("a", [CRACK])]
    found = {"a": [as_detection(Label(2, CRACK.box), 0.9)]}
    assert match(truth, found, (0, 1, 2), 0.5).best_f1().f1 == 0.0
    assert match(*with_classes(truth, found, CRACKS), (0,), 0.5).best_f1().f1 == 1.0


def test_no_detections_at_all() -> None:
    figures = evaluate([picture("a", [CRACK])], {})
    assert figures["map50_rdd"] == 0.0
    assert figures["f1_rdd"]["f1"] == 0.0  # type: ignore[index]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_recall_agrees_with_coco(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, found = [], {}
    for number in range(6):
        corners = rng.uniform(0.0, 0.7, (rng.integers(0, 5), 2))
        labels = [Label(int(rng.integers(0, 4)), (x, y, x + 0.25, y + 0.2)) for x, y in corners.tolist()]
        truth.append(picture(str(number), labels))
        found[str(number)] = [as_detection(x, float(rng.uniform(0.1, 1)), float(rng.uniform(-20, 20))) for x in labels]
    classes = sorted({x.class_id for p in truth for x in p.labels})
    ap = average_precision(truth, found)
    for class_id in classes:
        matches = match(truth, found, (class_id,), 0.5)
        recall = matches.f1_at(0.0).recall
        expected = interpolated_precision(matches.correct, matches.truths)
        name = ["longitudinal_crack", "transverse_crack", "alligator_crack", "pothole"][class_id]
        assert ap[name][0] == pytest.approx(expected, abs=1e-6)
        assert 0.0 <= recall <= 1.0


def interpolated_precision(correct: np.ndarray, truths: int) -> float:  # type: ignore[type-arg]
    """COCO's 101-point average precision, written out from its definition."""
    hits = np.cumsum(correct)
    precision = hits / np.arange(1, len(hits) + 1)
    recall = hits / truths
    points = np.linspace(0, 1, 101)
    return float(np.mean([precision[recall >= p - 1e-12].max(initial=0.0) for p in points]))
