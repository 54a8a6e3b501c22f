"""Small networks whose answer is known."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from detector.model.weights import Card, write_card
from detector.taxonomy import NAMES

CELL = 16  # pixels


def bright_spots(folder: Path, shift: float, **changes: Any) -> Path:
    """Write a model that sees a pothole in each bright cell of 16 px of a 64 px picture, `shift` px to the right."""
    pixels = ops.parameter([-1, 3, -1, -1], np.float32, name="images")
    brightness = ops.avg_pool(pixels, [CELL, CELL], [0, 0], [0, 0], [CELL, CELL], False)
    cells = ops.reduce_mean(brightness, ops.constant(np.array([1])), keep_dims=True)  # n, 1, 4, 4
    scores = ops.reshape(cells, ops.constant(np.array([0, 1, 16])), special_zero=True)
    y, x = np.mgrid[0:4, 0:4].reshape(2, 16) * CELL + CELL / 2
    boxes = np.stack([x + shift, y, np.full(16, CELL), np.full(16, CELL)])[None].astype(np.float32)
    nothing = ops.multiply(scores, ops.constant(np.zeros((1, 1, 1), np.float32)))
    rows = [ops.add(nothing, ops.constant(boxes))]
    rows += [scores if name == "pothole" else nothing for name in NAMES]
    (folder / "openvino").mkdir(parents=True)
    model = ov.Model([ops.concat(rows, 1)], [pixels], folder.name)
    ov.save_model(model, folder / "openvino" / "model.xml", compress_to_fp16=False)
    fields: dict[str, Any] = {
        "name": folder.name,
        "version": "1",
        "created": date(2026, 1, 2),
        "task": "detect",
        "architecture": "the brightness of cells",
        "input_px": 64,
        "classes": list(NAMES),
        "conf": 0.3,
        "nms_iou": 0.5,
        "end_to_end": False,
        "licence": "AGPL-3.0-or-later",
        "data": ["none"],
        "metrics": {},
        "limits": ["Ravelling is not looked for."],
    }
    write_card(folder, Card.model_validate(fields | changes))
    return folder
