"""Ground textures in metres, and how to look them up without aliasing however flat they are seen.

Seen from a dashcam, one picture row covers d^2 / (f h) metres of road along but only d / f across (d distance, f focal
length in pixels, h camera height). The pyramid therefore shrinks twice as fast along the road as across it, which keeps
lane paint and cracks sharp where an isotropic one would smear them.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Floats, Image
from training.synthesis.noise import Reals

ACROSS_OF_ALONG_M = 0.0016  # across^2 / along at which both footprints of a dashcam pixel match: h / f


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels on the road: rows along s, columns along t. The corner of pixel (0, 0) lies at s0, t0."""

    s0: float
    t0: float
    along_m: float  # size of a pixel
    across_m: float
    rows: int
    columns: int

    def pixels(self, road: Floats) -> Floats:
        """(n, 2) s, t -> (n, 2) column, row, with the first pixel covering 0..1."""
        return np.column_stack([(road[:, 1] - self.t0) / self.across_m, (road[:, 0] - self.s0) / self.along_m])

    def part(self, bounds: tuple[float, float, float, float], margin_m: float = 0.02) -> "Window":
        """Return the pixels that a rectangle s0, t0, s1, t1 touches. It may be empty."""
        s0, t0, s1, t1 = bounds
        top = max(0, math.floor((s0 - margin_m - self.s0) / self.along_m))
        left = max(0, math.floor((t0 - margin_m - self.t0) / self.across_m))
        bottom = min(self.rows, math.ceil((s1 + margin_m - self.s0) / self.along_m))
        right = min(self.columns, math.ceil((t1 + margin_m - self.t0) / self.across_m))
        return Window(self, top, max(bottom, top), left, max(right, left))


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a grid's pixels: rows top..bottom, columns left..right, ends excluded."""

    grid: Grid
    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.bottom - self.top, self.right - self.left

    @property
    def empty(self) -> bool:
        """Whether no pixel is in it."""
        return 0 in self.shape

    def of(self, image: Image) -> Image:
        """Return the window's part of an image on the grid, as a view."""
        return image[self.top : self.bottom, self.left : self.right]

    def pixels(self, road: Floats) -> Floats:
        """(n, 2) s, t -> (n, 2) column, row within the window."""
        return self.grid.pixels(road) - (self.left, self.top)


class Pyramid:
    """A texture at ever coarser resolution, to be looked up in metres."""

    def __init__(self, image: Image, s0: float, t0: float, along_m: float, across_m: float, wrap: bool = False) -> None:
        """Build the levels. `image` has rows along s and columns along t; `wrap` repeats it without end."""
        self._origin = s0, t0
        self._period = (image.shape[0] * along_m, image.shape[1] * across_m) if wrap else None
        self._border = cv2.BORDER_WRAP if wrap else cv2.BORDER_REPLICATE
        self._levels = [(image, along_m, across_m)]
        while min(image.shape[:2]) >= 8:
            along_m *= 2
            rows, columns = image.shape[0] // 2, image.shape[1]
            if across_m * 2 <= math.sqrt(along_m * ACROSS_OF_ALONG_M):
                columns //= 2
            # The last odd row or column is cut off rather than squeezed in, so that places stay exact.
            halved = columns * 2 <= image.shape[1]
            cut = image[: rows * 2, : columns * 2 if halved else columns]
            across_m *= 2 if halved else 1
            image = cv2.resize(np.ascontiguousarray(cut), (columns, rows), interpolation=cv2.INTER_AREA)
            self._levels.append((image, along_m, across_m))

    def look_up(self, s: Reals, t: Reals, footprint_m: Reals) -> NDArray[np.float32]:
        """Colours at s, t, blurred over `footprint_m` along the road; all three (rows, columns), the answer float32.

        Linear within a level and between two levels.
        """
        last = len(self._levels) - 1
        level = np.clip(np.log2(np.maximum(footprint_m, 1e-6) / self._levels[0][1]), 0, last).astype(np.float32)
        lowest, highest = level.min(axis=1), level.max(axis=1)
        channels = self._levels[0][0].shape[2:]
        result = np.zeros((*s.shape, *channels), dtype=np.float32)
        for k, (image, along_m, across_m) in enumerate(self._levels):
            rows = np.flatnonzero((highest > k - 1) & (lowest < k + 1))
            if len(rows) == 0:
                continue
            band = slice(int(rows[0]), int(rows[-1]) + 1)
            weight = np.maximum(1 - np.abs(level[band] - k), 0)
            down = self._index(s[band], 0, along_m)
            right = self._index(t[band], 1, across_m)
            colours = cv2.remap(image, right, down, cv2.INTER_LINEAR, borderMode=self._border)
            result[band] += colours * (weight[..., None] if channels else weight)
        return result

    def _index(self, metres: Reals, axis: int, pixel_m: float) -> NDArray[np.float32]:
        offset = np.asarray(metres - self._origin[axis], dtype=np.float32)
        if self._period is not None:
            period = np.float32(self._period[axis])
            offset -= np.floor(offset / period) * period  # OpenCV's indices end at 32767
        index: NDArray[np.float32] = offset * np.float32(1 / pixel_m) - np.float32(0.5)
        return index
