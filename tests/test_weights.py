"""The shipped models: whole, honest about what they were trained on, the same on both runtimes, as good as they say."""

from pathlib import Path

import numpy as np
import pytest

from detector.errors import WeightsError
from detector.model.predictor import Predictor
from detector.model.weights import Weights, default_weights, installed_models, load_weights
from detector.types import Detection
from training.data.card import read_card
from training.data.pictures import overlap, read_pictures
from training.evaluate import of_weights
from training.evaluation.figures import evaluate
from training.synthesis.pictures import pictures

LARGEST_BYTES = 30_000_000
MODELS = installed_models()


@pytest.fixture(params=MODELS)
def weights(request: pytest.FixtureRequest) -> Weights:
    return load_weights(request.param)


def test_there_is_a_default() -> None:
    assert default_weights().card.name in MODELS


def test_the_files_are_those_of_the_card(weights: Weights) -> None:
    assert weights.checkpoint().stat().st_size < LARGEST_BYTES
    assert weights.openvino().with_suffix(".bin").stat().st_size < LARGEST_BYTES


def test_the_card_names_every_source_with_its_licence(weights: Weights) -> None:
    sources = [item for item in weights.card.data if isinstance(item, dict) and "source" in item]
    assert sources
    assert all(item["licence"] and item["attribution"] for item in sources)
    assert any("ravelling" in sentence.lower() for sentence in weights.card.limits)


def test_a_changed_file_is_refused(weights: Weights, tmp_path: Path) -> None:
    card = weights.card.model_copy(update={"files": {**weights.card.files, "model.pt": "0" * 64}})
    with pytest.raises(WeightsError, match="sha256"):
        Weights(weights.folder, card).checkpoint()


def test_it_finds_rendered_damage(weights: Weights) -> None:
    """A smoke test of the whole model, not a measure: half of the large, near damage is found, whatever its class."""
    predictor = Predictor(weights, "cpu")
    found = wanted = 0
    for picture in pictures(24, seed=4711, size=640):
        boxes = [d.box for d in predictor.predict([picture.image])[0]]
        for box in picture.boxes[(picture.boxes[:, 3] > 400) & (np.ptp(picture.boxes[:, 1::2], axis=1) > 60)]:
            wanted += 1
            found += any(overlap(tuple(box), other) > 0.3 for other in boxes)
    assert wanted > 5
    assert found >= 0.5 * wanted


@pytest.mark.slow
def test_torch_and_openvino_agree(weights: Weights) -> None:
    pytest.importorskip("ultralytics", reason="needs the gpu extra: pip install -e '.[gpu]'")
    in_openvino = Predictor(weights, "cpu", conf=0.05, form="openvino")
    in_torch = Predictor(weights, "cpu", conf=0.05, form="torch")
    images = [picture.image for picture in pictures(12, seed=99, size=640)]
    apart = _apart(in_openvino.predict(images), in_torch.predict(images))
    assert apart <= 0.05, "bfloat16, where the CPU has it, moves a box or two"


@pytest.mark.slow
def test_integers_find_nearly_the_same(weights: Weights) -> None:
    """A smoke test: that they lose no F1 is measured when a model is packaged, and stands in its card."""
    if not weights.has("openvino-int8"):
        pytest.skip(f"{weights.card.name} has no 8-bit form")
    in_floats = Predictor(weights, "cpu", conf=0.05, form="openvino")
    in_integers = Predictor(weights, "cpu", conf=0.05, form="openvino-int8")
    images = [picture.image for picture in pictures(24, seed=99, size=640)]
    assert _apart(in_floats.predict(images), in_integers.predict(images)) <= 0.25


def _apart(one: list[list[Detection]], other: list[list[Detection]]) -> float:
    """The share of all detections that are clear and have none like them in the same picture's other list."""
    pairs = list(zip(one, other, strict=True))
    return sum(_unpaired(a, b) + _unpaired(b, a) for a, b in pairs) / sum(len(a) + len(b) for a, b in pairs)


def _unpaired(these: list[Detection], those: list[Detection]) -> int:
    """Clear detections of one runtime without their like on the other."""
    return sum(
        not any(
            d.class_id == e.class_id and overlap(d.box, e.box) > 0.8 and abs(d.score - e.score) < 0.1 for e in those
        )
        for d in these
        if d.score > 0.15
    )


@pytest.mark.slow
def test_the_card_s_figures_can_be_measured_again(weights: Weights, shared: Path) -> None:
    val = read_pictures(shared / "road-damage" / "val", read_card("road-damage")).pictures
    figures = evaluate(val, of_weights(weights, val).predictions)
    stated = weights.card.metrics["val, OpenVINO"]
    # bfloat16 where the CPU has it, float32 elsewhere: the figures move in the third place.
    assert figures["map50_rdd"] == pytest.approx(stated["map50_rdd"], abs=0.01)
    assert figures["f1_rdd"]["f1"] == pytest.approx(stated["f1_rdd"]["f1"], abs=0.01)
