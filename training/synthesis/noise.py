"""Random textures: smooth blotches and grain, all by resizing or blurring white noise."""

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Image

Reals: TypeAlias = NDArray[np.floating[Any]]  # float32 where there are many


def blotches(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Reals:
    """Return smooth noise (height, width) float32 around 0, about -1..1, with that many cells down and across."""
    coarse = rng.uniform(-1, 1, (max(cells[0], 2), max(cells[1], 2))).astype(np.float32)
    smooth: Reals = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return smooth


def fractal(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int], octaves: int) -> Reals:
    """Sum of blotches, each octave with twice the cells and half the size; float32 around 0, about -1..1."""
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(octaves):
        finer = min(cells[0] << octave, shape[0]), min(cells[1] << octave, shape[1])
        total += blotches(rng, shape, finer) * 0.5 ** (octave + 1)
    return total


def grain(rng: np.random.Generator, size: int, pixel_m: float, contrast: float) -> Image:
    """Stones in bitumen: a (size, size) uint8 tile without seams; 128 leaves a colour as it is.

    `contrast` is 1 sigma as a fraction of the colour.
    """
    white = rng.normal(0, 1, (size, size)).astype(np.float32)
    total = np.zeros_like(white)
    for stone_m, weight in ((0.004, 0.7), (0.009, 0.8), (0.020, 0.25)):
        layer = _blur_wrapped(np.roll(white, int(rng.integers(size)), axis=int(rng.integers(2))), stone_m / pixel_m / 2)
        total += weight * layer / float(layer.std())
    total = total / float(total.std())
    # Stones are pale and the gaps between them are dark and few: the dark tail is the longer one.
    skewed = np.where(total < 0, total * 1.25, total * 0.85)
    return np.clip(128 + 128 * contrast * (skewed - float(skewed.mean())), 0, 255).astype(np.uint8)


def _blur_wrapped(image: Reals, sigma_px: float) -> Reals:
    if sigma_px < 0.4:
        return image
    margin = int(4 * sigma_px) + 1
    wide = np.pad(image, margin, mode="wrap")
    blurred: Reals = cv2.GaussianBlur(wide, (0, 0), sigma_px)[margin:-margin, margin:-margin]
    return blurred
