"""The parts of a training set: datasets on disk beside folders that a card describes."""

from pathlib import Path

import pytest
from PIL import Image

from detector.errors import SettingsError
from training.config import DataPart
from training.data.importing import ImportOptions, import_dataset
from training.package import data_statement
from training.train import gather


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("images", "labels"):
        (tmp_path / "set" / name).mkdir(parents=True)
    for number, stem in enumerate(("rdd2022_czech_1", "rdd2022_japan_1")):
        Image.new("RGB", (40, 20), (number, 0, 0)).save(tmp_path / "set" / "images" / f"{stem}.jpg")
        (tmp_path / "set" / "labels" / f"{stem}.txt").write_text("3 .5 .5 .5 .5\n")
    return tmp_path / "set"


@pytest.fixture
def dataset(folder: Path, tmp_path: Path) -> Path:
    import_dataset(folder, tmp_path / "dataset", ImportOptions(card="road-damage", split="val"))
    return tmp_path / "dataset"


def test_a_dataset_needs_no_card_and_gives_one_split(dataset: Path, folder: Path) -> None:
    from_dataset, left_out = gather([DataPart(folder=dataset, split="val", repeat=2)])
    from_folder, _ = gather([DataPart(folder=folder, card="road-damage")])
    assert from_dataset == from_folder * 2
    assert left_out == []


def test_a_folder_without_a_card_is_a_mistake(folder: Path) -> None:
    with pytest.raises(SettingsError, match="is no dataset; name the card of datasets/"):
        gather([DataPart(folder=folder)])


def test_a_model_card_names_the_sources_that_are_in_the_dataset(dataset: Path) -> None:
    parts = [DataPart(folder=dataset, split="val").model_dump(mode="json")]
    record = {"config": {"train": parts, "rendered": 0, "start": "coco.pt"}, "pictures": {}, "boxes": {}}
    stated = [entry["source"] for entry in data_statement(record) if isinstance(entry, dict) and "source" in entry]
    assert stated == ["RDD2022, Czech Republic: dashcam", "RDD2022, Japan: dashcam, a small sample"]


def test_a_model_card_names_what_its_start_weights_learnt_from(dataset: Path) -> None:
    parts = [DataPart(folder=dataset, split="val").model_dump(mode="json")]
    config = {"train": parts, "rendered": 0, "start": "second"}
    record = {"config": config, "pictures": {"train": 2}, "boxes": {}}
    stated = data_statement(record)
    sources = [entry["source"] for entry in stated if isinstance(entry, dict) and "source" in entry]
    assert "Rendered streets" in sources
    assert len(sources) == len(set(sources))
    numbers, started = stated[-2:]
    assert numbers == {"pictures": {"train": 2}, "boxes": {}, "rendered": 0}
    assert isinstance(started, dict)
    assert started["started_from"] == "second"
    (learnt,) = started["which_learnt_from"]
    assert learnt["rendered"] == 400
    assert "share_kept_of_it" not in started
    blended = data_statement(record | {"config": config | {"start_share": 0.5}})[-1]
    assert blended == started | {"share_kept_of_it": 0.5}


def test_a_model_card_names_the_file_of_other_start_weights(dataset: Path) -> None:
    parts = [DataPart(folder=dataset, split="val").model_dump(mode="json")]
    config = {"train": parts, "rendered": 0, "start": "weights/coco/yolov8s.pt"}
    record = {"config": config, "pictures": {}, "boxes": {}, "start_sha256": "1f47"}
    assert data_statement(record)[-1] == {"started_from": "yolov8s.pt", "sha256": "1f47"}
    of_ours = data_statement(record | {"config": config | {"start": "second"}})
    assert "1f47" not in str(of_ours)
    assert of_ours[-1]["started_from"] == "second"  # type: ignore[index]


def test_a_model_card_names_the_model_whose_network_looks_too(dataset: Path) -> None:
    parts = [DataPart(folder=dataset, split="val").model_dump(mode="json")]
    looks = [{"input_px": 640, "network": "second"}, {"input_px": 896, "network": None}, {"input_px": 64}]
    config = {"train": parts, "rendered": 0, "start": "coco.pt", "run_more_looks": looks}
    stated = data_statement({"config": config, "pictures": {}, "boxes": {}})
    assert "Rendered streets" in [entry["source"] for entry in stated if isinstance(entry, dict) and "source" in entry]
    other = stated[-1]
    assert isinstance(other, dict)
    assert other["looks_with_the_network_of"] == "second"
    assert other["which_learnt_from"]


def test_a_model_card_names_its_teacher(dataset: Path) -> None:
    parts = [DataPart(folder=dataset, split="val").model_dump(mode="json")]
    config = {"train": parts, "rendered": 0, "start": "coco.pt", "teacher": "second", "teacher_share": 0.5}
    record = {"config": config, "pictures": {}, "boxes": {}}
    stated = data_statement(record)
    assert "Rendered streets" in [entry["source"] for entry in stated if isinstance(entry, dict) and "source" in entry]
    taught = stated[-1]
    assert isinstance(taught, dict)
    assert (taught["taught_by"], taught["share_of_the_teacher"]) == ("second", 0.5)
    assert taught["which_learnt_from"]
    *_, started, taught = data_statement(record | {"config": config | {"start": "second"}})
    assert isinstance(started, dict)
    assert started["which_learnt_from"], "told once"
    assert taught == {"taught_by": "second", "share_of_the_teacher": 0.5}
