"""The direction of a camera from its pictures: lane paint, kerbs and facades along the road meet in one point.

That vanishing point is the picture of the direction of travel (Hartley & Zisserman 2004, section 8.6); with a known
focal length it gives pitch and yaw. The camera's height does not show in it.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.scene.camera import Camera
from detector.types import Floats, Image

WIDTH_PX = 640  # segments are looked for at this width
LEAST_PX = 40.0  # shorter segments are texture
FLAT_DEG = 12.0  # flatter segments run across the road
MISS_DEG = 1.0  # 1 sigma of the angle by which a segment misses the vanishing point
ACROSS = (0.2, 0.8)  # where the vanishing point is looked for, as parts of the width ...
DOWN = (-1.0, 0.75)  # ... and of the height; above the picture for a camera that looks down on the road
STEPS_PX = (12.0, 2.0)  # of the search, and of its refinement
LEAST_SUPPORT = 0.3  # of the pictures must hold lines on both sides that meet in the point


def find_direction(images: Iterable[Image], camera: Camera) -> Camera | None:
    """Find the pitch and yaw of a camera from pictures taken along a drive; two dozen do.

    The pictures have the camera's shape, and any size. Returns the camera with its pitch and yaw replaced, or None
    where too few pictures show lines that agree. Roll is taken as 0.
    """
    found = [_segments(image) for image in images]
    if not any(len(s) for s in found):
        return None
    segments = np.concatenate(found)
    picture = np.repeat(np.arange(len(found)), [len(s) for s in found])
    width, height = WIDTH_PX, WIDTH_PX * camera.height / camera.width
    low, high = np.array([ACROSS[0] * width, DOWN[0] * height]), np.array([ACROSS[1] * width, DOWN[1] * height])
    point = (low + high) / 2
    for step in STEPS_PX:
        x, y = (np.arange(a, b + step, step) for a, b in zip(low, high, strict=True))
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        point = grid[_support(grid, segments, picture, len(found)).argmax()]
        low, high = point - STEPS_PX[0], point + STEPS_PX[0]
    if _support(point[None], segments, picture, len(found))[0] < LEAST_SUPPORT:
        return None
    u, v = (point * camera.width / width - (camera.cx, camera.cy)) / camera.focal_px
    pitch = math.atan(-v)
    return replace(camera, pitch_deg=math.degrees(pitch), yaw_deg=-math.degrees(math.atan(u * math.cos(pitch))))


def _segments(image: Image) -> Floats:
    """Long straight edges that may run along the road: (n, 4) x0, y0, x1, y1 at `WIDTH_PX`."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height = round(WIDTH_PX * grey.shape[0] / grey.shape[1])
    small = cv2.resize(grey, (WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    lines = cv2.createLineSegmentDetector().detect(small)[0]
    if lines is None:
        return np.empty((0, 4))
    segments: Floats = lines.reshape(-1, 4).astype(np.float64)
    dx, dy = (segments[:, 2:] - segments[:, :2]).T
    steep = np.abs(np.degrees(np.arctan2(dy, dx)))
    along: Floats = segments[(np.hypot(dx, dy) >= LEAST_PX) & (steep > FLAT_DEG) & (steep < 180 - FLAT_DEG)]
    return along


def _support(points: Floats, segments: Floats, picture: NDArray[np.intp], pictures: int) -> Floats:
    """(k,) part of the pictures that hold lines meeting in each of the (k, 2) points, counted 0..1 in each picture.

    A picture counts fully when such a line passes the point on its left and another on its right: a single line meets
    the point wherever on it the point lies.
    """
    middles = (segments[:, :2] + segments[:, 2:]) / 2
    direction = segments[:, 2:] - segments[:, :2]
    to_point = points[:, None] - middles
    cross = direction[:, 0] * to_point[..., 1] - direction[:, 1] * to_point[..., 0]
    lengths = np.hypot(*direction.T) * np.hypot(to_point[..., 0], to_point[..., 1])
    miss = np.degrees(np.arcsin(np.clip(np.abs(cross) / np.maximum(lengths, 1e-9), 0, 1)))
    meets = np.exp(-((miss / MISS_DEG) ** 2) / 2) * (to_point[..., 1] < 0)
    best = np.zeros((2, pictures, len(points)))
    # Lines that lean left and lines that lean right of the upright through the point.
    for side, beside in enumerate((to_point[..., 0] > 0, to_point[..., 0] <= 0)):
        np.maximum.at(best[side], picture, (meets * beside).T)
    support: Floats = best.prod(axis=0).mean(axis=0)
    return support
