"""Where a model may be written: all told before the long part."""

from dataclasses import replace
from pathlib import Path

import pytest

from detector.errors import InputError, SettingsError, WeightsError
from detector.model.weights import Look, Weights, load_weights
from tests.training.evaluation.making import CRACK, picture
from tests.training.weights import bright_spots
from training.data.pictures import LabelledPicture
from training.export import Parity, Recipe, add_form, check_apart, verify, with_form
from training.package import package

DAMAGED = [picture("a", [CRACK])]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path / "weights"))
    folder = bright_spots(tmp_path / "weights" / "old", shift=0)
    (folder / "report").mkdir()
    (folder / "report" / "report.html").write_text("<p>good</p>")
    return load_weights("old")


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("weights/old", "is the model's own folder"),
        ("weights/new", "lies where models are looked up"),
        ("weights", "lies where models are looked up"),
        ("thesis", "holds something other than the model old"),
        ("other", "holds something other than the model old"),
        ("mixed", "holds something other than the model old"),
        ("file", "holds something other than the model old"),
    ],
)
def test_an_export_replaces_nothing_of_the_user(weights: Weights, tmp_path: Path, out: str, says: str) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("years of work")
    bright_spots(tmp_path / "other", shift=0)
    bright_spots(tmp_path / "mixed", shift=0, name="old")
    (tmp_path / "mixed" / "thesis.txt").write_text("years of work")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=says):
        add_form(weights, "onnx", tmp_path / out, DAMAGED)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_export_may_be_made_again(weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    bright_spots(tmp_path / "made", shift=0, name="old")
    for out in ("new", "empty", "made"):
        check_apart(weights, tmp_path / out)


def test_a_run_is_not_packaged_over_something_else(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds something other than the model tiny"):
        package(tmp_path / "last.pt", recipe("tiny"), tmp_path / "tiny", DAMAGED, DAMAGED)
    assert (tmp_path / "tiny" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("truth", [[], [picture("a", [])]])
def test_without_true_boxes_no_form_is_let_through(
    weights: Weights, tmp_path: Path, truth: list[LabelledPicture]
) -> None:
    with pytest.raises(SettingsError, match=f"none of the {len(truth)} pictures .* shows a crack or pothole"):
        add_form(weights, "onnx", tmp_path / "out", truth)
    with pytest.raises(SettingsError, match="shows a crack or pothole"):
        package(tmp_path / "last.pt", recipe("tiny"), tmp_path / "tiny", truth, truth)


def test_the_card_of_an_export_tells_of_its_form(weights: Weights) -> None:
    packaged = {"form": "openvino", "exports": {"openvino": {"kept": True}, "openvino-int8": {"kept": False}}}
    card = weights.card.model_copy(update={"metrics": {"val, OpenVINO": packaged}})
    parity = Parity("openvino-int8", 0.4, 0.3, 0.4, 0.3)
    grown = with_form(card, parity, 12)
    assert grown.metrics["val, OpenVINO"]["exports"] == {"openvino": {"kept": True}}
    assert grown.metrics["export, openvino-int8"] == {"form": "openvino-int8", "pictures": 12, **parity.figures()}
    assert "fitted before the form openvino-int8 was added" in grown.limits[-1]
    assert with_form(grown, parity, 12) == grown
    assert "openvino-int8" in card.metrics["val, OpenVINO"]["exports"]


def test_a_network_that_looks_too_must_be_there_and_whole(weights: Weights) -> None:
    look = Look(input_px=64, network="old", sha256=None)
    both = replace(weights, card=weights.card.model_copy(update={"name": "both", "more_looks": [look]}))
    verify(both)
    (weights.folder / "openvino" / "model.bin").write_bytes(b"")
    with pytest.raises(WeightsError, match="sha256"):
        verify(replace(both, card=both.card.model_copy(update={"files": {}})))


def recipe(name: str) -> Recipe:
    return Recipe(name, "1", "YOLO26n", 640, False, [], [])
