"""The record of what a run was made from, against which a run that goes on is checked."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from detector.errors import InputError, SettingsError
from training.config import DataPart, TrainConfig
from training.run_record import check_unchanged, read_record, write_record


def config(folder: Path, **changes: object) -> TrainConfig:
    data = DataPart(folder=folder)
    (folder / "start.pt").write_bytes(b"start")
    fields = {"name": "a", "start": folder / "start.pt", "train": (data,), "val": (data,)}
    return TrainConfig.model_validate({**fields, **changes})


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: holds no record.json, so it is no run"):
        read_record(tmp_path / "nowhere")
    for text in ("[", "{}", "[]", '{"config": {}}', '{"config": {"train": []}, "pictures": {}, "boxes": {}}'):
        (tmp_path / "record.json").write_text(text)
        with pytest.raises(InputError, match=r"record\.json: (is not valid JSON|does not say what)"):
            read_record(tmp_path)
    record = {"config": {"train": [], "rendered": 0, "start": "a.pt"}, "pictures": {}, "boxes": {}}
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert read_record(tmp_path) == record


def test_a_run_does_not_go_on_with_other_settings(tmp_path: Path) -> None:
    began = config(tmp_path, epochs=2, seed=1)
    write_record(began, [], [], [], tmp_path)
    assert read_record(tmp_path)["start_sha256"] == sha256(b"start").hexdigest()
    check_unchanged(began, tmp_path)
    check_unchanged(began.model_copy(update={"workers": 3, "cache": False, "run_px": 320}), tmp_path)
    with pytest.raises(SettingsError, match="began with another epochs, seed; put the config back"):
        check_unchanged(began.model_copy(update={"epochs": 4, "seed": 2}), tmp_path)


def test_an_older_record_says_nothing_of_newer_settings(tmp_path: Path) -> None:
    settings = config(tmp_path)
    write_record(settings, [], [], [], tmp_path)
    record = json.loads((tmp_path / "record.json").read_text())
    del record["config"]["perspective"]
    (tmp_path / "record.json").write_text(json.dumps(record))
    check_unchanged(settings, tmp_path)
