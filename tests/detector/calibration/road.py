"""A road of random texture, exactly as a camera that drives over it sees it."""

import math
from dataclasses import replace

import cv2
import numpy as np

from detector.scene.calibration.pairs import FramePair
from detector.scene.camera import Camera
from detector.types import Floats, Image

CELL_M = 0.03
CAMERA = Camera(640, 360, 560.0, 320.0, 180.0, 1.45, 5.0, 1.2, -0.8)
# The assumption that a search starts from.
ASSUMED = Camera(640, 360, 560.0, 320.0, 180.0, 1.4, 2.6)


def texture(seed: int = 0) -> Image:
    """60 m along (rows) by 24 m across (columns) of asphalt with stains of all sizes."""
    rng = np.random.default_rng(seed)
    shape = round(60 / CELL_M), round(24 / CELL_M)
    road = np.zeros(shape, np.float32)
    for size in (1.0, 2.5, 6.0, 15.0):
        grain = cv2.GaussianBlur(rng.standard_normal(shape, dtype=np.float32), (0, 0), size)
        road += 14 * grain / grain.std()
    return np.clip(road + 115, 0, 255).astype(np.uint8)


def view(road: Image, camera: Camera, x: float, y: float, heading: float) -> Image:
    """The picture at x along, y to the left, with the heading in radians to the left; RGB."""
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    ahead, left = camera.ground(np.column_stack([u.ravel(), v.ravel()])).T
    cos, sin = math.cos(heading), math.sin(heading)
    along, aside = x + cos * ahead - sin * left, y + sin * ahead + cos * left
    rows = (np.nan_to_num(along, nan=-1) / CELL_M - 0.5).reshape(u.shape).astype(np.float32)
    columns = (np.nan_to_num(aside + 12.0, nan=-1) / CELL_M - 0.5).reshape(u.shape).astype(np.float32)
    grey = cv2.remap(road, columns, rows, cv2.INTER_AREA, borderMode=cv2.BORDER_CONSTANT, borderValue=(190.0,))
    return np.repeat(grey[..., None], 3, axis=2)


def drive(
    camera: Camera = CAMERA, pairs: int = 11, step_m: float = 1.3, told: float = 1.0
) -> tuple[list[FramePair], Floats]:
    """Pairs of frames on a winding drive with a nodding car, and the pitch of each first frame."""
    road = texture()
    found, pitches = [], []
    for i in range(pairs):
        heading, turn = 0.05 * math.sin(1.3 * i), 0.03 * math.sin(2.1 * i + 1)
        nods = 0.7 * math.sin(1.7 * i), 0.7 * math.sin(1.7 * i + 0.5)
        x, y = 2.0 + 2.5 * i, 0.3 * math.sin(i)
        chord = heading + turn / 2
        first, second = (replace(camera, pitch_deg=camera.pitch_deg + nod) for nod in nods)
        images = (
            view(road, first, x, y, heading),
            view(road, second, x + step_m * math.cos(chord), y + step_m * math.sin(chord), heading + turn),
        )
        found.append(FramePair(i * 0.5, i * 0.5 + 0.1, step_m, *images))
        pitches.append(first.pitch_deg)
    return found, np.array(pitches)
