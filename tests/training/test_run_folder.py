"""A run that is cut off, above all at its very end, and goes on."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

import torch
from ultralytics import YOLO

import training.train as run_module
from detector.errors import InputError
from training import run_folder
from training.config import DataPart, TrainConfig
from training.run_folder import Progress, finish, last_checkpoint, progress_of
from training.run_record import write_record
from training.train import train


def network(level: float) -> Any:
    """A network whose every number is `level`."""
    model = YOLO("yolo26n.yaml", verbose=False).model
    for number in model.state_dict().values():
        number.fill_(level)
    return model


def checkpoint(run: Path, epoch: int) -> Path:
    """What a run of two epochs leaves after an epoch, counted from 0; its average is 3 all over."""
    last = last_checkpoint(run)
    last.parent.mkdir(parents=True)
    content = {"epoch": epoch, "model": None, "ema": network(3.0), "optimizer": {}, "train_args": {"epochs": 2}}
    torch.save(content, last)
    return last


def config(folder: Path, **changes: object) -> TrainConfig:
    """Two epochs from weights that are 1 all over, half of which stays."""
    torch.save({"model": network(1.0), "train_args": {}}, folder / "start.pt")
    data = DataPart(folder=folder)
    fields = {"name": "a", "start": folder / "start.pt", "train": (data,), "val": (data,), "epochs": 2}
    return TrainConfig.model_validate({**fields, "start_share": 0.5, **changes})


def test_how_far_a_run_is(tmp_path: Path) -> None:
    assert progress_of(tmp_path / "new") == Progress()
    checkpoint(tmp_path / "cut off", 0)
    assert progress_of(tmp_path / "cut off") == Progress(1)
    checkpoint(tmp_path / "at its end", 1)
    assert progress_of(tmp_path / "at its end") == Progress(2, trained=True)
    finish(config(tmp_path), tmp_path / "at its end")
    assert progress_of(tmp_path / "at its end") == Progress(0, trained=True, finished=True)


@pytest.mark.parametrize("left", [0, 1000])
def test_a_checkpoint_that_cannot_be_read_is_one_sentence(tmp_path: Path, left: int) -> None:
    last = checkpoint(tmp_path, 0)
    last.write_bytes(last.read_bytes()[:left])
    with pytest.raises(InputError, match=r"last\.pt: is damaged, or no checkpoint; remove it"):
        progress_of(tmp_path)


def test_the_result_has_the_share_of_the_start_that_its_config_says(tmp_path: Path) -> None:
    last = checkpoint(tmp_path / "run", 1)
    finish(config(tmp_path), tmp_path / "run")
    content = torch.load(last, weights_only=False)
    assert all(bool((n == 2.0).all()) for n in content["model"].state_dict().values() if n.is_floating_point())
    assert content["optimizer"] is None
    assert [p.name for p in last.parent.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("step", ["strip_optimizer", "blend"])
def test_a_run_cut_off_while_its_result_is_made_makes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    settings, last = config(tmp_path), checkpoint(tmp_path / "run", 1)
    before = last.read_bytes()
    write_record(settings, [], [], [], tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(run_folder, step, cut_off)
        with pytest.raises(KeyboardInterrupt):
            finish(settings, tmp_path / "run")
    assert last.read_bytes() == before
    monkeypatch.setattr(run_module, "learn", None)
    assert train(settings, tmp_path / "run", "cpu", print) == last
    assert progress_of(tmp_path / "run").finished
    assert train(settings, tmp_path / "run", "cpu", print) == last, "what is left is to package it"


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object, path: Path) -> None:
        path.write_bytes(b"a part")
        raise RuntimeError("[enforce fail at inline_container.cc:671] . unexpected pos 576 vs 534")

    settings, last = config(tmp_path), checkpoint(tmp_path / "run", 1)
    before = last.read_bytes()
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match="make room; the same command goes on"):
        finish(settings, tmp_path / "run")
    assert last.read_bytes() == before
    assert [p.name for p in last.parent.iterdir()] == ["last.pt"]
