"""Pixels of a damage as run lengths: COCO's code (columns first) for keeping, CVAT's (rows first, within a box)."""

import numpy as np
from faster_coco_eval.core import mask as coco
from numpy.typing import NDArray

from training.data.record import Mask, PixelBox, Ring

Pixels = NDArray[np.uint8]  # (height, width), 0 or 1


def encode(pixels: Pixels) -> Mask:
    """Code a mask."""
    code = coco.encode(np.asfortranarray(pixels.astype(np.uint8)))
    counts = code["counts"]
    return Mask(size=pixels.shape, counts=counts.decode("ascii") if isinstance(counts, bytes) else counts)


def decode(mask: Mask) -> Pixels:
    """Decode a mask. Raises ValueError for a code that doesn't fit its size."""
    try:
        pixels = np.asarray(coco.decode({"size": list(mask.size), "counts": mask.counts.encode("ascii")}), np.uint8)
    except Exception as problem:  # the C code raises whatever it likes
        raise ValueError("is no run-length code of its size") from problem
    if pixels.shape != mask.size:
        raise ValueError("is no run-length code of its size")
    return pixels


def from_counts(counts: list[int], size: tuple[int, int]) -> Mask:
    """COCO's uncompressed form: lengths of runs of 0, 1, 0, ... down the columns. Raises ValueError."""
    if sum(counts) != size[0] * size[1] or any(n < 0 for n in counts):
        raise ValueError(f"run lengths add up to {sum(counts)}, not to {size[0]} x {size[1]}")
    values = np.repeat(np.arange(len(counts)) % 2, counts).astype(np.uint8)
    return encode(values.reshape(size[1], size[0]).T)


def from_rows(runs: list[int], left: int, top: int, width: int, height: int, size: tuple[int, int]) -> Mask:
    """CVAT's form: run lengths along the rows of a box. Raises ValueError when they don't fill it."""
    if sum(runs) != width * height or min(runs, default=0) < 0:
        raise ValueError(f"run lengths add up to {sum(runs)}, not to {width} x {height}")
    inside = np.repeat(np.arange(len(runs)) % 2, runs).astype(np.uint8).reshape(height, width)
    pixels = np.zeros(size, np.uint8)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, size[1]), min(top + height, size[0])
    if x0 < x1 and y0 < y1:
        pixels[y0:y1, x0:x1] = inside[y0 - top : y1 - top, x0 - left : x1 - left]
    return encode(pixels)


def to_rows(pixels: Pixels) -> tuple[list[int], int, int, int, int]:
    """The opposite of `from_rows`: runs, left, top, width, height. Nothing but zeros gives an empty box."""
    ys, xs = np.nonzero(pixels)
    if not len(xs):
        return [], 0, 0, 0, 0
    left, top, right, bottom = int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1
    flat = pixels[top:bottom, left:right].ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [len(flat)]])).tolist()
    return ([0, *runs] if flat[0] else runs), left, top, right - left, bottom - top


def mask_box(pixels: Pixels) -> PixelBox:
    """The box around the pixels that are set. Raises ValueError when none is."""
    ys, xs = np.nonzero(pixels)
    if not len(xs):
        raise ValueError("has no pixel set")
    return float(xs.min()), float(ys.min()), float(xs.max()) + 1, float(ys.max()) + 1


def fill(rings: tuple[Ring, ...], size: tuple[int, int]) -> Pixels:
    """Pixels whose centre lies inside an odd number of rings, shape `size`."""
    pixels = np.zeros(size, np.uint8)
    for ring in rings:
        flat = [value for corner in ring for value in corner]
        code = coco.frPyObjects([flat], size[0], size[1])
        pixels ^= np.asarray(coco.decode(code), np.uint8).reshape(size)
    return pixels
