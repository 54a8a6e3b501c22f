from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from detector.errors import WeightsError
from detector.model import weights
from detector.model.weights import (
    CHECKPOINT,
    Card,
    Look,
    default_weights,
    digests,
    load_weights,
    networks,
    sha256,
    weights_folder,
    write_card,
)
from detector.taxonomy import NAMES

MakeModel = Callable[..., Path]
MakeCard = Callable[..., Card]


def test_a_written_card_is_read_back_equal_with_the_sha256_of_each_file(make_model: MakeModel) -> None:
    folder = make_model()
    loaded = load_weights(folder)
    assert set(loaded.card.files) == {"openvino/model.xml", "openvino/model.bin"}
    assert loaded.openvino() == folder / "openvino" / "model.xml"
    assert write_card(folder, loaded.card) == loaded.card == load_weights(folder).card


def test_a_name_is_looked_up_in_the_weights_folder(make_model: MakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_model("tiny")
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(folder.parent))
    assert load_weights("tiny").folder == folder
    (folder.parent / "default").write_text("tiny\n")
    assert default_weights().folder == folder


def test_without_the_variable_weights_come_from_the_source_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHOUW_WEIGHTS", raising=False)
    assert weights_folder() == Path(weights.__file__).parents[2] / "weights"


def test_an_unknown_name_is_answered_with_the_names_there_are(
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(make_model("tiny").parent))
    with pytest.raises(WeightsError, match=r"tinny: no model of this name.*: tiny$"):
        load_weights("tinny")


def test_no_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="no default model"):
        default_weights()


def test_a_default_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path))
    (tmp_path / "default").write_bytes(b"\xff\xfe")
    with pytest.raises(WeightsError, match="default: is not text"):
        default_weights()


def test_the_default_is_a_model_of_the_weights_folder(
    make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_model("tiny").parent)  # here a folder has the name
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path / "shelf"))
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "default").write_text("tiny\n")
    with pytest.raises(WeightsError, match="no model of this name"):
        default_weights()


def test_a_changed_file_is_refused_with_both_sums(make_model: MakeModel) -> None:
    folder = make_model()
    path = folder / "openvino" / "model.bin"
    expected = load_weights(folder).card.files["openvino/model.bin"]
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(WeightsError, match=rf"model.bin: wrong sha256: the card expects {expected[:12]}, .* has \w+;"):
        load_weights(folder).openvino()


def test_a_missing_file_and_a_form_that_was_never_exported(make_model: MakeModel) -> None:
    folder = make_model()
    (folder / "openvino" / "model.bin").unlink()
    with pytest.raises(WeightsError, match=r"model.bin: the weights file is missing"):
        load_weights(folder).openvino()
    with pytest.raises(WeightsError, match=r"lists no file model.pt"):
        load_weights(folder).checkpoint()


def test_other_classes_are_refused_unless_asked_for(make_model: MakeModel) -> None:
    turned = list(reversed(NAMES))
    folder = make_model(classes=turned)
    with pytest.raises(WeightsError, match=r"classes are ravelling, pothole"):
        load_weights(folder)
    assert load_weights(folder, turned).card.classes == turned


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 1.0}, "version: Input should be a valid string"),
        ({"input_px": 650}, "input_px: Input should be a multiple of 32"),
        ({"colour": "blue"}, "colour: Extra inputs are not permitted"),
        ({"conf": {"pothole": 0.3}}, "conf must name every class"),
        ({"conf": 1.5}, "less than or equal to 1"),
        ({"name": ""}, "name: String should match pattern"),
        ({"name": "."}, "name: String should match pattern"),
        ({"name": "../escaped"}, "name: String should match pattern"),
        ({"name": "new\n"}, "name: String should match pattern"),
        ({"name": "default"}, "name: .*'default' is the file that names the model in service"),
    ],
)
def test_an_invalid_card_is_named_with_its_key(make_model: MakeModel, change: dict[str, Any], says: str) -> None:
    folder = make_model()
    path = folder / "card.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    with pytest.raises(WeightsError, match=says) as caught:
        load_weights(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "", "- 1", "name: x", "created: 2026-02-30"])
def test_a_card_that_is_no_card(make_model: MakeModel, text: str) -> None:
    folder = make_model()
    (folder / "card.yaml").write_text(text)
    with pytest.raises(WeightsError, match="model card") as caught:
        load_weights(folder)
    assert "\n" not in str(caught.value)


def test_thresholds_for_all_or_for_each_class(make_card: MakeCard) -> None:
    assert make_card(conf=0.3).thresholds() == (0.3,) * 5
    each = dict(zip(reversed(NAMES), [0.5, 0.4, 0.3, 0.2, 0.1], strict=True))
    assert make_card(conf=each).thresholds() == (0.1, 0.2, 0.3, 0.4, 0.5)
    with pytest.raises(ValidationError):
        make_card(conf={})


def test_a_model_answers_for_the_networks_that_look_with_it(
    make_model: MakeModel, make_card: MakeCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_model("other")
    (other / CHECKPOINT).write_bytes(b"weights")
    write_card(other, make_card(name="other"))
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(other.parent))
    look = Look(input_px=64, network="other", sha256=sha256(other / CHECKPOINT))
    both = load_weights(str(make_model("both", more_looks=[look])))
    own = set(both.card.files)
    assert set(digests(both)) == own | {f"other/{file}" for file in load_weights("other").card.files}
    assert digests(both)["other/model.pt"] == look.sha256

    (other / CHECKPOINT).write_bytes(b"trained again")
    write_card(other, make_card(name="other"))
    with pytest.raises(WeightsError, match="another model than both was packaged with"):
        networks(both)
