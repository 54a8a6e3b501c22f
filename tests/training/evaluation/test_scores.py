"""Average precision against pycocotools and faster-coco-eval; what must hold of F1 whatever is detected."""

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import SettingsError
from detector.taxonomy import NAMES
from detector.types import Detection
from tests.training.evaluation.making import CRACK, HOLE, as_detection, picture, scene
from training.data.pictures import RAVELLING, WHOLE, Label, LabelledPicture
from training.evaluation.bands import area, sizes
from training.evaluation.figures import CRACKS, evaluate
from training.evaluation.matching import Band, Predictions, outcomes, pixel_boxes, shown, with_classes
from training.evaluation.scores import average_precision, average_precision_draws, best_f1, f1_draws, f1_over

seeds = st.integers(0, 10_000)


def test_perfect_detections_score_one() -> None:
    truth = [picture("a", [CRACK, HOLE]), picture("b", [])]
    figures = evaluate(truth, {"a": [as_detection(CRACK, 0.9), as_detection(HOLE, 0.8)]})
    assert figures["map50_rdd"] == 1.0
    assert figures["f1_rdd"]["f1"] == 1.0


def test_a_false_alarm_costs_precision_and_a_miss_recall() -> None:
    truth = [picture("a", [CRACK, HOLE])]
    found = {"a": [as_detection(CRACK, 0.9), as_detection(Label(3, (0.0, 0.9, 0.1, 1.0)), 0.95)]}
    f1 = f1_over(outcomes(truth, found).of(0, 3), 0.5)
    assert (f1.precision, f1.recall, f1.f1) == (0.5, 0.5, 0.5)


def test_a_second_detection_of_one_damage_is_a_false_alarm() -> None:
    found = {"a": [as_detection(CRACK, 0.9), as_detection(CRACK, 0.8)]}
    matched = outcomes([picture("a", [CRACK])], found, (0.5,))
    assert matched.hit[0].tolist() == [True, False]
    assert matched.counts[0].all()


def test_ravelling_where_nobody_looked_counts_neither_way() -> None:
    unknown = picture("a", [CRACK], (Label(RAVELLING, WHOLE),))
    found = {"a": [as_detection(CRACK, 0.9), Detection((10, 50, 90, 90), 0.9, RAVELLING)]}
    assert outcomes([unknown], found, (0.3,)).of(RAVELLING).counts.sum() == 0
    assert outcomes([picture("a", [CRACK])], found, (0.3,)).of(RAVELLING).counts.sum() == 1


def test_the_kind_of_crack_can_be_left_aside() -> None:
    truth = [picture("a", [CRACK])]
    found = {"a": [as_detection(Label(2, CRACK.box), 0.9)]}
    assert best_f1(outcomes(truth, found).of(0, 1, 2)).f1 == 0.0
    assert best_f1(outcomes(*with_classes(truth, found, CRACKS)).of(0)).f1 == 1.0


def test_no_detections_and_no_truth() -> None:
    figures = evaluate([picture("a", [CRACK])], {})
    assert figures["map50_rdd"] == 0.0
    assert figures["f1_rdd"]["f1"] == 0.0
    nothing = evaluate([picture("a", [])], {"a": [as_detection(CRACK, 0.5)]})
    assert nothing["map50_rdd"] is None
    assert nothing["f1_rdd"]["f1"] is None  # 0 would say that all was missed


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Detection((0, 0, 1, float("nan")), 0.5, 0), "not a number"),
        (Detection((0, 0, 1, 1), float("nan"), 0), "not a number"),
        (Detection((0, 0, 1, 1), 0.5, 9), "class is not 0 to 4"),
    ],
)
def test_what_is_no_detection_is_refused(wrong: Detection, says: str) -> None:
    with pytest.raises(SettingsError, match=f"picture a: .*{says}"):
        outcomes([picture("a", [CRACK])], {"a": [wrong]})


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_average_precision_is_that_of_both_references(seed: int) -> None:
    truth, found = scene(seed)
    ours = outcomes(truth, found)
    bands: list[Band | None] = [None, *sizes()]
    theirs = [reference(truth, found) for reference in (pycocotools, faster_coco_eval)]
    for number, band in enumerate(bands):
        matched = ours if band is None else outcomes(truth, found, band=band)
        for class_id in range(len(NAMES)):
            ap = average_precision(matched.of(class_id))
            for precision in theirs:
                expected = precision[:, :, class_id, number].mean(axis=1)
                if (expected < 0).any():  # COCO's word for "no true boxes"
                    assert np.isnan(ap).all()
                else:
                    assert ap == pytest.approx(expected, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(seeds, st.floats(0, 1))
def test_f1_is_counted_from_true_and_false(seed: int, threshold: float) -> None:
    truth, found = scene(seed)
    matched = outcomes(truth, found, (0.5,))
    f1 = f1_over(matched, threshold)
    assert 0 <= min(f1.precision, f1.recall) <= f1.f1 + 1e-12
    assert f1.f1 <= max(f1.precision, f1.recall) + 1e-12
    assert best_f1(matched).f1 >= f1.f1 - 1e-12
    again = outcomes(truth, shown(found, (threshold,) * len(NAMES)), (0.5,))  # dropping low scores changes no match
    assert f1_over(again).f1 == pytest.approx(f1.f1)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_order_of_detections_and_a_rising_change_of_scores_change_nothing(seed: int) -> None:
    truth, found = scene(seed)
    other = {stem: [Detection(d.box, d.score**3, d.class_id) for d in reversed(ds)] for stem, ds in found.items()}
    a, b = outcomes(truth, found), outcomes(truth, other)
    for class_id in range(len(NAMES)):
        assert average_precision(a.of(class_id)) == pytest.approx(average_precision(b.of(class_id)), nan_ok=True)
        assert best_f1(a.of(class_id)).f1 == pytest.approx(best_f1(b.of(class_id)).f1, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_a_draw_is_the_pictures_as_often_as_it_says(seed: int) -> None:
    truth, found = scene(seed)
    times = np.random.default_rng(seed).integers(0, 3, len(truth))
    drawn_truth, drawn_found = [], {}
    for number, count in enumerate(times):
        for copy in range(count):
            name = f"{truth[number].path.stem}_{copy}"
            drawn_truth.append(picture(name, list(truth[number].labels), truth[number].ignored, side=400))
            drawn_found[name] = found[truth[number].path.stem]
    matched, drawn = outcomes(truth, found), outcomes(drawn_truth, drawn_found)
    weights = times[None].astype(float)
    assert f1_draws(matched, weights, 0.3)[0] == pytest.approx(f1_over(drawn, 0.3).f1) or not drawn.truths.any()
    for class_id in range(len(NAMES)):
        # Copies score alike, so only their order in the ranking, which is free, may differ.
        expected = average_precision(drawn.of(class_id))
        assert average_precision_draws(matched.of(class_id), weights)[0] == pytest.approx(
            expected, abs=0.05, nan_ok=True
        )


def pycocotools(truth: list[LabelledPicture], found: Predictions) -> Any:
    """Precision (IoU, recall, class, size), -1 without true boxes."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    return _run(COCO, COCOeval, truth, found)


def faster_coco_eval(truth: list[LabelledPicture], found: Predictions) -> Any:
    """The same by the other program."""
    from faster_coco_eval import COCO, COCOeval_faster

    return _run(COCO, COCOeval_faster, truth, found)


def _run(coco: Any, evaluation: Any, truth: list[LabelledPicture], found: Predictions) -> Any:
    annotations: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number, p in enumerate(truth, start=1):
        scale = 640.0 / p.width  # sizes are those at 640 px
        for labels, crowd in ((p.labels, 0), (p.ignored, 1)):
            for label, box in zip(labels, pixel_boxes(labels, p), strict=True):
                x0, y0, x1, y1 = (box * scale).tolist()
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": number,
                        "category_id": label.class_id + 1,
                        "bbox": [x0, y0, x1 - x0, y1 - y0],
                        "area": float(area(box[None], p)[0]),
                        "iscrowd": crowd,
                    }
                )
        for d in found[p.path.stem]:
            x0, y0, x1, y1 = (v * scale for v in d.box)
            boxes.append(
                {
                    "image_id": number,
                    "category_id": d.class_id + 1,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "score": d.score,
                }
            )
    images = [{"id": n, "width": 640, "height": 640} for n in range(1, len(truth) + 1)]
    categories = [{"id": n, "name": name} for n, name in enumerate(NAMES, start=1)]
    with contextlib.redirect_stdout(io.StringIO()):
        made = coco()
        made.dataset = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
        made.createIndex()
        run = evaluation(made, made.loadRes(boxes) if boxes else coco(), "bbox")
        run.evaluate()
        run.accumulate()
    return run.eval["precision"][:, :, :, :, -1]
