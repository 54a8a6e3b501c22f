"""A run's result blended with the weights it started from."""

from pathlib import Path

import pytest

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

import torch
from ultralytics import YOLO

from detector.errors import InputError
from training.blend import blend


def checkpoint(path: Path, level: float, config: str = "yolo26n.yaml") -> Path:
    """A network whose every number is `level`, in the form that a finished run has."""
    model = YOLO(config, verbose=False).model
    for number in model.state_dict().values():
        number.fill_(level)
    torch.save({"model": model.half(), "ema": None, "epoch": -1}, path)
    return path


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
