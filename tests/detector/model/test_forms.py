import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detector.errors import SettingsError, WeightsError
from detector.model.predictor import Predictor
from detector.model.weights import installed_models, load_weights, write_card

MakeModel = Callable[..., Path]


def test_a_cpu_runs_the_integers_where_there_are(make_model: MakeModel) -> None:
    folder = make_model()
    assert Predictor(load_weights(folder), "cpu").form == "openvino"
    shutil.copytree(folder / "openvino", folder / "openvino-int8")
    card = write_card(folder, load_weights(folder).card)
    assert "openvino-int8/model.bin" in card.files
    weights = load_weights(folder)
    predictor = Predictor(weights, "cpu")
    assert predictor.form == "openvino-int8"
    assert predictor.predict([np.full((64, 64, 3), 204, np.uint8)])[0]
    assert Predictor(weights, "cpu", form="openvino").form == "openvino"
    (folder / "openvino-int8" / "model.bin").write_bytes(b"broken")
    with pytest.raises(WeightsError, match=r"openvino-int8/model\.bin: wrong sha256"):
        Predictor(weights, "cpu")


def test_a_form_that_is_not_there_is_named(make_model: MakeModel) -> None:
    with pytest.raises(WeightsError, match=r"lists no file model\.onnx"):
        Predictor(load_weights(make_model()), "cpu", form="onnx")


def test_a_broken_onnx_file_is_named(make_model: MakeModel) -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    folder = make_model()
    (folder / "model.onnx").write_bytes(b"no network")
    write_card(folder, load_weights(folder).card)
    with pytest.raises(WeightsError, match=r"model\.onnx: ONNX Runtime can't read this network"):
        Predictor(load_weights(folder), "cpu", form="onnx")


def test_onnx_without_its_runtime(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_model()
    (folder / "model.onnx").write_bytes(b"any")
    write_card(folder, load_weights(folder).card)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SettingsError, match="pip install onnxruntime"):
        Predictor(load_weights(folder), "cpu", form="onnx")


def test_what_a_killed_process_left_is_no_model(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_model("tiny")
    shutil.copytree(folder, folder.parent / ".tiny.x7y2")
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(folder.parent))
    assert installed_models() == ["tiny"]
