"""How much longer a crack is than the straight line: its course is followed through the picture.

A minimal path (Kaul, Yezzi & Tsai 2012, Detecting curves with unknown endpoints and arbitrary topology; Amhaz et al.
2016 for pavements) from one end of the look's rectangle to the other, over the road seen from above: darker than its
surroundings costs little. One crack at a time; its branches are not counted.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.scene.camera import Camera
from detector.taxonomy import CLASSES, Measure
from detector.types import Image, Ints, Look

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CourseOptions:
    """How a course is followed."""

    far_m: float = 12.0  # farther cracks are too flat in the picture
    least_m: float = 0.5  # of the longer side; a shorter crack is as good as straight
    step_m: float = 0.04  # along the longer side
    cell_m: float = 0.02  # across it
    beside_m: float = 0.10  # of road looked at beside the rectangle
    steepest: int = 3  # cells across for each step along
    ground_m: float = 0.30  # darkness is against the mean over so much road
    most: float = 4.0  # sigmas of darkness that count: a shadow or a stain is no better than a crack
    turn: float = 0.25  # sigmas that a cell across costs
    # Mean darkness of a course along and across the road, in sigmas: less is found on whole asphalt too, more so along
    # the road, where perspective draws the texture out.
    least: tuple[float, float] = (1.8, 1.35)
    ruler_m: float = 0.10  # a course is measured in steps of this length, as with a wheel on the road


def winding(image: Image, look: Look, camera: Camera, options: CourseOptions | None = None) -> float | None:
    """Length of a crack along its course, as a multiple of the longer side of its look's rectangle (never less than 1).

    None where no course shows, and for other damage. `camera` has the picture's size.
    """
    options = options or CourseOptions()
    look = replace(look, far_m=min(look.far_m, options.far_m))  # of a longer crack the part that is near tells
    length, width = look.far_m - look.near_m, look.left_m - look.right_m
    longer, along = max(length, width), length >= width
    if CLASSES[look.detection.class_id].measure is not Measure.LENGTH or longer < options.least_m or length <= 0:
        return None
    view = _from_above(image, look, camera, along, options)
    dark = darkness(view, options)
    path = follow(dark, options)
    if dark[np.arange(len(path)), path].mean() < options.least[0 if along else 1]:
        return None
    return max(_ruled(path, options) / longer, 1.0)


def _from_above(image: Image, look: Look, camera: Camera, along: bool, options: CourseOptions) -> Grey:
    """The road around a look, (steps along its longer side, cells across it)."""
    near_left = (look.near_m, look.far_m), (look.right_m, look.left_m)
    (u0, u1), (v0, v1) = near_left if along else near_left[::-1]
    u = np.linspace(u0, u1, max(round((u1 - u0) / options.step_m), 2) + 1)
    v = np.arange(v0 - options.beside_m, v1 + options.beside_m, options.cell_m)
    grid = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2)
    pixels = camera.project(grid if along else grid[:, ::-1])
    size = np.array([camera.width, camera.height])
    low = np.clip(np.nan_to_num(np.nanmin(pixels, axis=0)) - 2, 0, size - 1).astype(int)
    high = np.clip(np.nan_to_num(np.nanmax(pixels, axis=0)) + 3, low + 1, size).astype(int)
    part = cv2.cvtColor(image[low[1] : high[1], low[0] : high[0]], cv2.COLOR_RGB2GRAY).astype(np.float32)
    at = (np.nan_to_num(np.clip(pixels, -1e4, 1e4), nan=-1e4) - low - 0.5).astype(np.float32).reshape(len(u), len(v), 2)
    view: Grey = cv2.remap(part, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return view


def darkness(view: Grey, options: CourseOptions) -> Grey:
    """How much darker each cell is than the road around it, in sigmas of the asphalt's texture, 0..`most`."""
    size = [max(round(options.ground_m / side), 1) for side in (options.cell_m, options.step_m)]
    dark = cv2.blur(view, size, borderType=cv2.BORDER_REFLECT) - cv2.GaussianBlur(view, (0, 0), 1.0)
    sigma = 1.4826 * float(np.median(np.abs(dark - np.median(dark))))
    scaled: Grey = np.clip(dark / max(sigma, 1e-3), 0, options.most)
    return scaled


def follow(dark: Grey, options: CourseOptions) -> Ints:
    """(steps,) the cell, at each step, of the darkest path through (steps, cells)."""
    steps, cells = dark.shape
    reach = options.steepest
    best = dark[0].copy()
    came = np.zeros((steps, cells), np.int8)
    moves = np.arange(-reach, reach + 1)
    price = (options.turn * np.abs(moves)).astype(np.float32)[:, None]
    padded = np.full(cells + 2 * reach, -np.inf, np.float32)
    from_ = np.lib.stride_tricks.sliding_window_view(padded, cells)  # row k: the cells that move by k - reach
    for i in range(1, steps):
        padded[reach : reach + cells] = best
        reached = from_ - price
        choice = reached.argmax(axis=0)
        came[i] = moves[choice]
        best = dark[i] + reached[choice, np.arange(cells)]
    path = np.empty(steps, np.int64)
    path[-1] = best.argmax()
    for i in range(steps - 1, 0, -1):
        path[i - 1] = path[i] + came[i, path[i]]
    return path


def _ruled(path: Ints, options: CourseOptions) -> float:
    """Length of a path in metres, in steps of the ruler; what is finer is the cells', not the crack's."""
    every = max(round(options.ruler_m / options.step_m), 1)
    padded = np.pad(path * options.cell_m, (every // 2, every - 1 - every // 2), mode="edge")
    across = np.convolve(padded, np.ones(every) / every, mode="valid")
    rows = np.unique(np.append(np.arange(0, len(path), every), len(path) - 1))
    return float(np.hypot(np.diff(rows) * options.step_m, np.diff(across[rows])).sum())
