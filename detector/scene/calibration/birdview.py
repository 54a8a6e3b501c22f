"""The road from above, in camera heights: how far it moves between two frames, before anything is known of the height.

A flat road seen from above keeps its shape (the plane's homography, Hartley & Zisserman 2004, section 8.1), so that one
correlation finds the shift; a wrong pitch bends the view, and the correlation fades.
"""

import math
from dataclasses import replace

import cv2
import numpy as np

from detector.scene.calibration.registration import LEVELS, Grey, Pyramid
from detector.scene.camera import Camera
from detector.types import Floats

CELL = 0.05  # camera heights
FAR = 7.0
ASIDE = 1.5
NEAREST = 1.2
RIM = 0.97  # of the lower half of the picture that is looked at
TEMPLATE = 2.2  # length of the near part that is looked for further ahead in the earlier frame
ROOM = 1.3  # part of the view that a template must leave to be looked for in
SLIP = 0.3  # aside
STRIPE = 1.0  # what goes on for longer than this along the road says nothing
EVEN_CELLS = 15  # over which contrast is made even


class BirdView:
    """Where the cells of the road lie in the pictures of a camera: rows ahead from `near`, columns from the left."""

    def __init__(self, camera: Camera, near: float) -> None:
        """Lay the cells; `near` is that of `nearest`."""
        depth = math.cos(math.radians(camera.pitch_deg)) * near + math.sin(math.radians(camera.pitch_deg))
        side = min(camera.cx, camera.width - camera.cx) / camera.focal_px * depth
        # The width that the picture's lower corners show.
        aside = float(np.clip(side - near * abs(math.sin(math.radians(camera.yaw_deg))), 2 * SLIP, ASIDE))
        ahead, left = np.meshgrid(np.arange(near, FAR, CELL), np.arange(aside, -aside, -CELL), indexing="ij")
        pixels = replace(camera, height_m=1.0).project(np.column_stack([ahead.ravel(), left.ravel()]))
        self._pixels = np.nan_to_num(pixels, nan=-1e6).reshape(*ahead.shape, 2)
        rows_per_cell = np.abs(np.gradient(self._pixels[:, ahead.shape[1] // 2, 1]))
        self._levels = np.clip(np.round(np.log2(np.maximum(rows_per_cell, 1))), 0, LEVELS - 1).astype(int)

    def of(self, picture: Pyramid) -> Grey:
        """Return the road of one picture, without what is the same all along it."""
        view = np.empty(self._pixels.shape[:2], np.float32)
        for k in np.unique(self._levels):
            rows = self._levels == k
            at = ((self._pixels[rows] - 0.5) / 2**k).astype(np.float32)
            view[rows] = cv2.remap(
                picture[k], at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        # Paint, kerbs and wheel tracks along the road look the same at any shift.
        view -= cv2.blur(view, (1, round(STRIPE / CELL)))
        contrast = np.sqrt(cv2.blur(view * view, (EVEN_CELLS, EVEN_CELLS)))
        even: Grey = view / (contrast + 1)
        return even


def nearest(camera: Camera) -> float | None:
    """How near the road comes into the picture, in camera heights; None where the camera sees too little of it."""
    steepest = math.radians(camera.pitch_deg) + math.atan((camera.height - camera.cy) * RIM / camera.focal_px)
    if steepest <= 0.1:
        return None
    near = max(NEAREST, 1 / math.tan(min(steepest, 1.5)))
    return near if near + TEMPLATE < FAR / ROOM else None


def shift_scores(first: Grey, second: Grey) -> Floats:
    """How well the near road of the second view is found at each shift (in cells) ahead in the first, -1..1."""
    rows, slip = round(TEMPLATE / CELL), round(SLIP / CELL)
    template = np.ascontiguousarray(second[:rows, slip:-slip])
    scores: Floats = cv2.matchTemplate(first, template, cv2.TM_CCOEFF_NORMED).max(axis=1).astype(np.float64)
    return scores
