"""A tiny network whose answer is known, made with OpenVINO on the spot, and a card for it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from detector.model.weights import Card, write_card
from detector.taxonomy import NAMES

POTHOLE = 3


@pytest.fixture
def make_card() -> Callable[..., Card]:
    def make(**changes: Any) -> Card:
        fields: dict[str, Any] = {
            "name": "tiny",
            "version": "1.0",
            "created": date(2026, 1, 2),
            "task": "detect",
            "architecture": "a mean and a constant",
            "input_px": 64,
            "classes": list(NAMES),
            "conf": 0.25,
            "nms_iou": 0.5,
            "end_to_end": True,
            "licence": "AGPL-3.0-or-later",
            "data": ["none", {"name": "nothing", "licence": "CC0"}],
            "metrics": {"mAP50": 0.0, "classes": {"pothole": {"AP50": 0.1}}},
            "limits": ["It finds a pothole in every bright picture."],
        }
        return Card.model_validate(fields | changes)

    return make


@pytest.fixture
def make_model(tmp_path: Path, make_card: Callable[..., Card]) -> Callable[..., Path]:
    """Make a model folder. Its one box, (8, 16, 40, 48) in input pixels, scores the mean brightness of the input."""

    def make(name: str = "tiny", box: tuple[int, int, int, int] = (8, 16, 40, 48), **changes: Any) -> Path:
        pixels = ops.parameter([-1, 3, -1, -1], np.float32, name="images")
        mean = ops.reduce_mean(pixels, ops.constant(np.array([1, 2, 3])), keep_dims=True)
        mean = ops.squeeze(mean, ops.constant(np.array([3])))
        is_score = np.zeros((1, 2, 6), np.float32)
        is_score[0, 0, 4] = 1
        rows = np.array([[[*box, 0, POTHOLE], [0, 0, 9, 9, 0, 1]]], np.float32)
        output = ops.add(ops.multiply(mean, ops.constant(is_score)), ops.constant(rows))
        folder = tmp_path / "weights" / name
        (folder / "openvino").mkdir(parents=True)
        ov.save_model(ov.Model([output], [pixels], "tiny"), folder / "openvino" / "model.xml", compress_to_fp16=False)
        write_card(folder, make_card(name=name, **changes))
        return folder

    return make
