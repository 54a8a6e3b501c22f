"""Which stretch of road each frame shows well enough to find damage on it, and why not where it does not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.scene.camera import Camera
from detector.scene.measure import Reach
from detector.types import Coverage, Image

WIDTH_PX = 320  # the road part is judged at this size, so that thresholds hold for cameras of all resolutions
SIDES = (0.25, 0.75)  # of the picture's width: the lane ahead, without verges and parked cars
WHITE = 250
BLOCK_PX = 8
LEAST_M = 2.0  # a shorter stretch in front of a vehicle is not worth a look
Unusable: TypeAlias = Literal["no road in view", "hidden by a vehicle", "too dark", "over-exposed", "glare", "blurred"]


@dataclass(frozen=True, slots=True)
class CoverageOptions:
    """Limits of a usable picture. Sharp dashcam pictures of asphalt have a sharpness between 12 and 3000."""

    dark: float = 20.0  # mean luminance of the road part, 0..255
    white: float = 0.5  # part of it that is burnt out
    glare: float = 0.15  # a smaller burnt-out part is glare ...
    flat: float = 0.06  # ... where what is left has less contrast than this part of its luminance
    blurred: float = 4.0  # sharpness below this is blur whatever the road
    blurred_of_drive: float = 0.12  # and so is less than this part of the drive's median ...
    enough_frames: int = 10  # ... if the drive has so many frames


@dataclass(frozen=True, slots=True)
class RoadView:
    """What one picture says about the road part of it."""

    frame_index: int
    near_m: float
    far_m: float
    luminance: float  # mean, 0..255
    white: float  # part of the pixels that are burnt out
    contrast: float  # 1 sigma of the luminance in blocks of 8 px that are not burnt out, as a part of their mean
    sharpness: float  # variance of the Laplacian (Pech-Pacheco et al. 2000, Diatom autofocusing), at `WIDTH_PX`
    hidden: bool = False  # a vehicle hides all or nearly all of it


def view_road(
    frame_index: int, image: Image, camera: Camera, reach: Reach | None = None, clear_m: float = math.inf
) -> RoadView:
    """Measure the road part of a picture: from its bottom up to its top or the end of the reach, whichever is nearer.

    `camera` has the picture's size; at `clear_m` ahead a vehicle hides the rest (`detector.scene.occlusion`).
    """
    reach = reach or Reach()
    height, width = image.shape[:2]
    bottom, top_m = camera.ground(np.array([[width / 2, height], [width / 2, 0.0]]))[:, 0].tolist()
    near = max(bottom, reach.near_m)
    far = reach.far_m if math.isnan(top_m) else min(top_m, reach.far_m)  # nan: the top shows the sky
    if math.isnan(bottom) or near >= far:  # no road in the picture, or none within reach
        return RoadView(frame_index, reach.far_m, reach.far_m, 0.0, 0.0, 0.0, 0.0)
    hidden = clear_m - near < LEAST_M
    far = far if hidden else min(far, clear_m)
    rows = camera.project(np.array([[far, 0.0], [near, 0.0]]))[:, 1]
    top, end = np.clip(np.round(rows), 0, height).astype(int).tolist()
    small = _small(image, top, end)
    return RoadView(
        frame_index,
        near,
        far,
        cv2.mean(small)[0],
        np.count_nonzero(small > WHITE) / small.size,
        _contrast(small),
        _variance(cv2.Laplacian(small, cv2.CV_16S)),
        hidden,
    )


def _small(image: Image, top: int, end: int) -> NDArray[np.uint8]:
    """Part of a picture between two rows in grey, `WIDTH_PX` wide.

    Rows at the top that don't fill a pixel are left out: scaling is much faster where each comes of a whole number.
    """
    left, right = (round(side * image.shape[1]) for side in SIDES)
    scale = WIDTH_PX / (right - left)
    lines = max(int((end - top) * scale), 1)
    grey = cv2.cvtColor(image[max(end - round(lines / scale), 0) : end, left:right], cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (WIDTH_PX, max(lines, BLOCK_PX)), interpolation=cv2.INTER_AREA), np.uint8)


def _variance(values: NDArray[np.int16]) -> float:
    """As `values.var()`, whose many passes take ten times as long."""
    return float(cv2.norm(values) ** 2 / values.size - cv2.mean(values)[0] ** 2)


def _contrast(grey: NDArray[np.uint8]) -> float:
    """Of the texture: light that lies over the road fills its dark pores, however bright the road."""
    size = grey.shape[1] // BLOCK_PX, grey.shape[0] // BLOCK_PX
    level = grey[-size[1] * BLOCK_PX :].astype(np.float32)  # whole blocks
    mean, square = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (level, level * level))
    sigma = np.sqrt(np.maximum(square - mean * mean, 0))
    exposed = (mean < WHITE - 20) & (mean > 1)
    return float(np.median(sigma[exposed] / mean[exposed])) if exposed.any() else 0.0


def qualities(views: Sequence[RoadView], options: CoverageOptions | None = None) -> list[float]:
    """Return how well each frame of one drive shows its road, 0..1: the least of light, exposure and sharpness.

    Each is 1 where nothing is lacking, 0.5 at the limit at which `judge` calls a frame unusable, and 0 for nothing.
    """
    options = options or CoverageOptions()
    limit = _blurred(views, options)
    marks = []
    for view in views:
        light = _mark(view.luminance, options.dark)
        exposure = _mark(1 - view.white, 1 - options.white)
        sharp = _mark(view.sharpness, limit)
        seen = view.near_m < view.far_m and not view.hidden
        marks.append(min(light, exposure, sharp) if seen else 0.0)
    return marks


def _mark(value: float, limit: float) -> float:
    """0 at 0, 0.5 at the limit, 1 from twice the limit on."""
    return float(np.clip(value / (2 * limit), 0.0, 1.0))


def judge(views: Sequence[RoadView], options: CoverageOptions | None = None) -> list[Coverage]:
    """Turn the views of one drive into its coverage. A frame without usable road keeps its stretch and a reason."""
    options = options or CoverageOptions()
    limit = _blurred(views, options)
    coverage = []
    for view, quality in zip(views, qualities(views, options), strict=True):
        reason = _unusable(view, limit, options)
        coverage.append(Coverage(view.frame_index, view.near_m, view.far_m, not reason, reason, quality))
    return coverage


def _blurred(views: Sequence[RoadView], options: CoverageOptions) -> float:
    """The sharpness below which a frame of this drive is blurred."""
    if len(views) < options.enough_frames:
        return options.blurred
    return max(options.blurred, options.blurred_of_drive * median(v.sharpness for v in views))


def _unusable(view: RoadView, sharpness: float, options: CoverageOptions) -> Unusable | Literal[""]:
    if view.near_m >= view.far_m:
        return "no road in view"
    if view.hidden:
        return "hidden by a vehicle"
    if view.luminance < options.dark:
        return "too dark"
    if view.white > options.white:
        return "over-exposed"
    if view.white > options.glare and view.contrast < options.flat:
        return "glare"
    if view.sharpness < sharpness:
        return "blurred"
    return ""
