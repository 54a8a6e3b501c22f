"""A run's result blended with the weights it started from."""

from pathlib import Path

import pytest

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

import torch
from ultralytics import YOLO

from detector.errors import InputError
from training.blend import blend
from training.config import DataPart, TrainConfig
from training.synthesis.pictures import render_pictures
from training.train import train


def checkpoint(path: Path, level: float, config: str = "yolo26n.yaml") -> Path:
    """A network whose every number is `level`, in the form that a finished run has."""
    model = YOLO(config, verbose=False).model
    for number in model.state_dict().values():
        number.fill_(level)
    torch.save({"model": model.half(), "ema": None, "epoch": -1, "train_args": {}}, path)
    return path


def config(start: Path, data: DataPart, start_share: float) -> TrainConfig:
    return TrainConfig(
        name="a", start=start, train=(data,), val=(data,), start_share=start_share, input_px=160, workers=0
    )


def test_a_quarter_of_the_start(tmp_path: Path) -> None:
    result = checkpoint(tmp_path / "last.pt", 3.0)
    blend(result, checkpoint(tmp_path / "start.pt", 1.0), 0.25)
    content = torch.load(result, weights_only=False)
    numbers = [n for n in content["model"].state_dict().values() if n.is_floating_point()]
    assert len(numbers) > 300
    assert all(n.dtype == torch.float16 and bool((n == 2.5).all()) for n in numbers)
    assert content["epoch"] == -1, "still a finished run"


def test_another_network_is_refused_and_the_result_stays(tmp_path: Path) -> None:
    result = checkpoint(tmp_path / "last.pt", 3.0)
    before = result.read_bytes()
    with pytest.raises(InputError, match="is another network than the one to be trained"):
        blend(result, checkpoint(tmp_path / "start.pt", 1.0, "yolo11n.yaml"), 0.5)
    assert result.read_bytes() == before


@pytest.mark.slow
def test_start_weights_that_cannot_be_blended_are_refused_before_the_first_epoch(tmp_path: Path) -> None:
    data = DataPart(card="rendered", folder=render_pictures(tmp_path / "pictures", 4, seed=3, size=160))
    start = checkpoint(tmp_path / "start.pt", 1.0)  # of 80 classes; damage has five
    with pytest.raises(InputError, match="set start_share to 0"):
        train(config(start, data, start_share=0.5), tmp_path / "run", "cpu", lambda _: None)
    assert not list((tmp_path / "run").rglob("*.pt"))
