"""Every form is measured beside torch, and a worse one is refused with figures. Slow: real exports of a real model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.errors import InputError
from detector.model.predictor import Predictor
from detector.model.weights import Weights, default_weights, load_weights
from detector.types import Detection
from tests.training.evaluation.making import CRACK, as_detection, picture
from training.data.pictures import Label, LabelledPicture
from training.evaluation.predictions import network_predictions
from training.export import ExportRefusedError, add_form, compare, quantise
from training.synthesis.pictures import pictures as rendered


def test_a_form_may_lose_half_a_percent_of_f1() -> None:
    truth = [picture(str(n), [CRACK]) for n in range(400)]
    torch = {str(n): [as_detection(CRACK, 0.9)] for n in range(400)}
    for lost, passes in ((0, True), (3, True), (8, False)):
        found = {stem: [] if int(stem) < lost else ds for stem, ds in torch.items()}
        parity = compare("onnx", found, torch, truth)
        assert parity.passed == passes
        assert parity.f1 == pytest.approx(2 * (400 - lost) / (800 - lost))
    assert "onnx refused: F1 0.9899 against 1.0000 of torch (at most 0.005 less)" in parity.sentence()


def test_without_pictures_nothing_can_be_quantised(tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs the train extra: pip install -e '.[train]'")
    with pytest.raises(InputError, match="without pictures"):
        quantise(default_weights(), [], tmp_path)


@pytest.fixture(scope="module")
def weights() -> Weights:
    pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")
    return default_weights()


@pytest.fixture(scope="module")
def truth(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> list[LabelledPicture]:
    """Rendered pictures with what torch finds in them as the truth, so that torch is perfect."""
    folder = tmp_path_factory.mktemp("rendered")
    bare = []
    for number, drawn in enumerate(rendered(16, seed=11, size=640)):
        path = folder / f"street_{number}.png"
        Image.fromarray(drawn.image).save(path)
        bare.append(LabelledPicture(path, "rendered", drawn.image.shape[1], drawn.image.shape[0], ()))
    found = network_predictions(weights, bare, "cpu", "torch")
    return [replace(p, labels=tuple(_label(d, p) for d in found[p.path.stem] if d.score > 0.15)) for p in bare]


def _label(d: Detection, p: LabelledPicture) -> Label:
    x0, y0, x1, y1 = (np.array(d.box) / [p.width, p.height, p.width, p.height]).tolist()
    return Label(d.class_id, (x0, y0, x1, y1))


@pytest.mark.slow
def test_onnx_is_as_good_and_runs(weights: Weights, truth: list[LabelledPicture], tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    pytest.importorskip("onnx", reason="needs onnx")
    parity = add_form(weights, "onnx", tmp_path / "out", truth)
    assert parity.passed
    assert parity.torch_f1 > 0.99
    grown = load_weights(tmp_path / "out")
    assert set(grown.card.files) == set(weights.card.files) | {"model.onnx"}
    assert grown.card.metrics["export, onnx"]["kept"]
    pixels = np.asarray(Image.open(truth[0].path))
    assert Predictor(grown, "cpu", conf=0.01, form="onnx").predict([pixels])[0]


@pytest.mark.slow
def test_integers_with_wrong_ranges_are_refused(weights: Weights, truth: list[LabelledPicture], tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs the train extra: pip install -e '.[train]'")
    Image.fromarray(np.zeros((640, 640, 3), np.uint8)).save(tmp_path / "black.png")
    black = LabelledPicture(tmp_path / "black.png", "none", 640, 640, ())
    with pytest.raises(ExportRefusedError, match=r"openvino-int8 refused: F1 0\.\d+ against [01]\.\d+ of torch"):
        add_form(weights, "openvino-int8", tmp_path / "out", truth, [black])
    assert not (tmp_path / "out").exists()
