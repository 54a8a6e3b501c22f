"""Which stretch of road each frame shows well enough to find damage on it, and why not where it does not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np

from detector.scene.camera import Camera
from detector.scene.measure import Reach
from detector.types import Coverage, Image

WIDTH_PX = 320  # the road part is judged at this size, so that thresholds hold for cameras of all resolutions
SIDES = (0.25, 0.75)  # of the picture's width: the lane ahead, without verges and parked cars
WHITE = 250


@dataclass(frozen=True, slots=True)
class CoverageOptions:
    """Limits of a usable picture. Sharp dashcam pictures of asphalt have a sharpness between 12 and 3000."""

    dark: float = 20.0  # mean luminance of the road part, 0..255
    white: float = 0.5  # part of it that is burnt out
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
    sharpness: float  # variance of the Laplacian (Pech-Pacheco et al. 2000, Diatom autofocusing), at `WIDTH_PX`


def view_road(frame_index: int, image: Image, camera: Camera, reach: Reach | None = None) -> RoadView:
    """Measure the road part of a picture: from its bottom up to its top or the end of the reach, whichever is nearer.

    `camera` has the picture's size.
    """
    reach = reach or Reach()
    height, width = image.shape[:2]
    bottom, top_m = camera.ground(np.array([[width / 2, height], [width / 2, 0.0]]))[:, 0].tolist()
    near = max(bottom, reach.near_m)
    far = reach.far_m if math.isnan(top_m) else min(top_m, reach.far_m)  # nan: the top shows the sky
    if math.isnan(bottom) or near >= far:  # no road in the picture, or none within reach
        return RoadView(frame_index, reach.far_m, reach.far_m, 0.0, 0.0, 0.0)
    rows = camera.project(np.array([[far, 0.0], [near, 0.0]]))[:, 1]
    top, end = np.clip(np.round(rows), 0, height).astype(int)
    road = image[min(top, end - 2) : end, round(SIDES[0] * width) : round(SIDES[1] * width)]
    grey = cv2.cvtColor(road, cv2.COLOR_RGB2GRAY)
    scale = WIDTH_PX / grey.shape[1]
    small = cv2.resize(grey, (WIDTH_PX, max(3, round(grey.shape[0] * scale))), interpolation=cv2.INTER_AREA)
    return RoadView(
        frame_index,
        near,
        far,
        float(small.mean()),
        float((small > WHITE).mean()),
        float(cv2.Laplacian(small, cv2.CV_32F).var()),
    )


def judge(views: Sequence[RoadView], options: CoverageOptions | None = None) -> list[Coverage]:
    """Turn the views of one drive into its coverage. A frame without usable road keeps its stretch and a reason."""
    options = options or CoverageOptions()
    limit = options.blurred
    if len(views) >= options.enough_frames:
        limit = max(limit, options.blurred_of_drive * median(v.sharpness for v in views))
    coverage = []
    for view in views:
        reason = _unusable(view, limit, options)
        coverage.append(Coverage(view.frame_index, view.near_m, view.far_m, not reason, reason))
    return coverage


def _unusable(view: RoadView, sharpness: float, options: CoverageOptions) -> str:
    if view.near_m >= view.far_m:
        return "no road in view"
    if view.luminance < options.dark:
        return "too dark"
    if view.white > options.white:
        return "over-exposed"
    if view.sharpness < sharpness:
        return "blurred"
    return ""
