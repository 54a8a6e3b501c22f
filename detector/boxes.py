"""Boxes against boxes."""

import numpy as np

from detector.types import Floats


def iou(a: Floats, b: Floats, over_a_only: bool = False) -> Floats:
    """Intersection over union of boxes `a` (n, 4) and `b` (m, 4), shape (n, m); or over the area of `a` only."""
    size = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    inside = np.prod(np.clip(size, 0, None), axis=2)
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=1)[:, None]
    whole = area_a if over_a_only else area_a + np.prod(b[:, 2:] - b[:, :2], axis=1)[None] - inside
    return np.asarray(np.divide(inside, whole, out=np.zeros_like(inside), where=whole > 0))
