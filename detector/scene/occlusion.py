"""Other vehicles hide the road: how far ahead the own lane can be seen before one stands in it.

The lane is taken to run straight ahead, which in sharp bends holds for some ten metres only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.boxes import iou
from detector.scene.camera import Camera
from detector.types import Bools, Detection, Floats

VEHICLES = ("vehicle",)  # the classes of the model that finds them
OWN_WIDTH, OWN_BOTTOM = 0.6, 0.97  # of the picture: what is so wide and reaches so far down is the own bonnet


@dataclass(frozen=True, slots=True)
class OcclusionOptions:
    """When a vehicle hides the road."""

    lane_m: float = 1.2  # to both sides, both wheel paths: what stands beside it hides the verge, or the other lane
    hidden: float = 0.5  # part of that width that must be hidden
    on_vehicle: float = 0.5  # part of a damage's box that lies on a vehicle


def clear_until(vehicles: Sequence[Detection], camera: Camera, options: OcclusionOptions | None = None) -> float:
    """Where the view along the own lane ends, metres ahead of the camera; infinite without a vehicle in it.

    A vehicle stands on the road at the bottom of its box; what lies beyond is hidden over the box's width. `camera` has
    the picture's size.
    """
    options = options or OcclusionOptions()
    boxes = _others(vehicles, camera)
    if not len(boxes):
        return float("inf")
    x0, _, x1, y1 = boxes.T
    foot = camera.ground(np.column_stack([(x0 + x1) / 2, y1]))[:, 0]
    sides = [camera.ground(np.column_stack([x, y1]))[:, 1] for x in (x0, x1)]
    left, right = np.maximum(*sides), np.minimum(*sides)
    hidden = np.minimum(left, options.lane_m) - np.maximum(right, -options.lane_m)
    stands = np.isfinite(foot) & (hidden > options.hidden * 2 * options.lane_m)
    return float(foot[stands].min()) if stands.any() else float("inf")


def on_a_vehicle(
    detections: Sequence[Detection],
    vehicles: Sequence[Detection],
    camera: Camera,
    options: OcclusionOptions | None = None,
) -> list[bool]:
    """Which of the damage in a picture lies on a vehicle and not on the road."""
    options = options or OcclusionOptions()
    boxes = _others(vehicles, camera)
    damage = np.array([d.box for d in detections], float).reshape(-1, 4)
    if not len(boxes):
        return [False] * len(damage)
    covered = iou(damage, boxes, over_a_only=True) > options.on_vehicle
    return [bool(row.any()) for row in covered]


def is_own(boxes: Floats, width: int, height: int) -> Bools:
    """Which of (n, 4) boxes of vehicles show the own car's bonnet; the picture's size in px."""
    own: Bools = (boxes[:, 2] - boxes[:, 0] > OWN_WIDTH * width) & (boxes[:, 3] > OWN_BOTTOM * height)
    return own


def _others(vehicles: Sequence[Detection], camera: Camera) -> Floats:
    boxes = np.array([d.box for d in vehicles], float).reshape(-1, 4)
    others: Floats = boxes[~is_own(boxes, camera.width, camera.height)]
    return others
