"""Boxes in a picture -> rectangles on the road, in metres, with their doubt.

The road is taken as a plane (Hartley & Zisserman 2004, section 8.1: a picture of a plane is a homography). Vehicle
frame: origin at the foot point under the camera, x ahead along the heading, y to the left, metres.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.scene.camera import Camera
from detector.taxonomy import CLASSES, Measure
from detector.types import Detection, Floats, Look

# Of the rectangle around it: a hole and a cracked patch are closest to an ellipse, ravelling to a rounded rectangle.
ELLIPSE = math.pi / 4
FILL = {c.id: {"pothole": ELLIPSE, "alligator_crack": ELLIPSE, "ravelling": 0.93}.get(c.name, 1.0) for c in CLASSES}
ROUND = frozenset(c.id for c in CLASSES if c.measure is Measure.AREA)
NETWORK_PX = 640  # detectors see pictures at about this width, so an edge is known to pixels of this size
EDGE = 0.005  # of the picture's width: a box that comes so near to the edge is cut by it
EDGE_SIGMA = 1.5  # of those pixels
ROUNDS = 4  # at most, of the fixed point below; with neither yaw nor roll the second round is exact
SETTLED_PX = 0.01  # a smaller move of the points that touch the box ends it


@dataclass(frozen=True, slots=True)
class Reach:
    """The stretch of road in front of the camera that is measured at all, metres ahead of the foot point."""

    near_m: float = 0.0  # nearer the bonnet hides the road
    far_m: float = 25.0
    beside_m: float = 9.0  # to either side of the heading; beyond are verges, parallel roads and facades


class Measured(NamedTuple):
    """What became of one frame's detections."""

    looks: list[Look]
    rejected: list[tuple[Detection, str]]  # with the reason, for people


def measure(frame_index: int, detections: Sequence[Detection], camera: Camera, reach: Reach | None = None) -> Measured:
    """Place the boxes of one frame on the road.

    The rectangle of a look is the one, parallel to the heading, whose projection has the detection's box: the near edge
    lies at the box's bottom, the far edge at its top, and each side at the corner that sticks out furthest in the
    picture. A thin crack along the road therefore stays thin although perspective makes its box wide. A box that no
    such rectangle fits (damage running obliquely) gives the rectangle that the damage crosses corner to corner.

    Patches have no corners: the sides of a pothole's or a cracked or ravelled area's box touch it about its middle, so
    such a box gives the rectangle around the ellipse that has the box.

    `camera` must be for pictures of the frame's size. Rectangles are cut to `reach`; a box wholly outside is rejected.
    """
    reach = reach or Reach()
    result = Measured([], [])
    if not detections:
        return result
    boxes = np.array([d.box for d in detections], dtype=np.float64)
    rectangles = ground_rectangles(boxes, camera, reach.far_m)
    patches = np.array([d.class_id in ROUND for d in detections]) & _whole(boxes, rectangles, camera, reach)
    rectangles[patches] = rounded(boxes[patches], rectangles[patches], camera)
    for detection, (near, far, left, right) in zip(detections, rectangles.tolist(), strict=True):
        if reason := _off_the_road(near, far, left, right, reach):
            result.rejected.append((detection, reason))
        else:
            result.looks.append(Look(frame_index, detection, max(near, reach.near_m), far, left, right))
    return result


def ground_rectangles(boxes: Floats, camera: Camera, far_m: float) -> Floats:
    """(n, 4) boxes x0, y0, x1, y1, px -> (n, 4) near, far, left, right, metres; near is nan above the horizon."""
    x0, _, x1, y1 = boxes.T
    middle = (x0 + x1) / 2
    touching = np.array([middle, middle, y1, y1])
    near, far, left, right = _edges(boxes, touching, camera, far_m)
    column = np.arange(len(boxes))
    for _ in range(ROUNDS):
        corners = np.array([[near, near, far, far], [left, right, left, right]])
        pixels = camera.project(corners.reshape(2, -1).T).T.reshape(2, 4, -1)
        (u, v), (safe_u, safe_v) = pixels, np.where(np.isnan(pixels), 0.0, pixels)
        # The bottom is touched by the lowest corner, the top by the highest one, and so on.
        horizontal = u[np.array([safe_v.argmax(0), safe_v.argmin(0)]), column]
        vertical = v[np.array([safe_u.argmin(0), safe_u.argmax(0)]), column]
        before, touching = touching, np.concatenate([horizontal, vertical])
        near, far, left, right = _edges(boxes, touching, camera, far_m)
        if not (np.abs(touching - before) > SETTLED_PX).any():
            break
    return np.array([np.minimum(near, far), far, np.maximum(left, right), np.minimum(left, right)]).T


def _whole(boxes: Floats, rectangles: Floats, camera: Camera, reach: Reach) -> NDArray[np.bool_]:
    """Which of n boxes show the whole of what they hold."""
    margin = EDGE * camera.width
    x0, _, x1, y1 = boxes.T
    inside: NDArray[np.bool_] = (x0 > margin) & (x1 < camera.width - margin) & (y1 < camera.height - margin)
    return inside & (rectangles[:, 0] > reach.near_m) & (rectangles[:, 1] < reach.far_m - 1e-6)


def rounded(boxes: Floats, rectangles: Floats, camera: Camera) -> Floats:
    """(n, 4) rectangles near, far, left, right of n boxes, with the sides of the ellipse whose picture has the box.

    From the camera's column a point's bearing b is left over distance. The lines of bearing b touch the ellipse around
    c, m with semi-axes a along and w across where (b c - m)^2 = w^2 + b^2 a^2; both sides together give m and w.
    """
    near, far, left, right = rectangles.T
    back = camera.height_m * math.tan(math.radians(camera.pitch_deg))  # columns are of one distance from the axis
    with np.errstate(invalid="ignore"):
        centre, half = (near + far) / 2 + back, (far - near) / 2
        rows = camera.project(np.column_stack([(near + far) / 2, (left + right) / 2]))[:, 1]
        sides = camera.ground(np.array([boxes[:, 0::2].T, [rows, rows]]).reshape(2, -1).T)
        first, second = (sides[:, 1] / (sides[:, 0] + back)).reshape(2, -1)
        middle = (first + second) * (centre**2 - half**2) / (2 * centre)
        across = np.sqrt(np.maximum((first * centre - middle) ** 2 - (first * half) ** 2, 0.0))
    good = np.isfinite(across) & (across > 0)
    return np.where(good[:, None], np.column_stack([near, far, middle + across, middle - across]), rectangles)


def _edges(boxes: Floats, touching: Floats, camera: Camera, far_m: float) -> tuple[Floats, ...]:
    """Where the bottom, top, left and right side of a box meet the ground, each at its `touching` point (4, n)."""
    x0, y0, x1, y1 = boxes.T
    bottom, top, left, right = touching
    pixels = np.array([[bottom, top, x0, x1], [y1, y0, left, right]]).reshape(2, -1).T
    ahead, beside = camera.ground(pixels).T.reshape(2, 4, -1)
    far = np.fmin(ahead[1], far_m)  # nan above the horizon
    return ahead[0], far, beside[2], beside[3]


def _off_the_road(near_m: float, far_m: float, left_m: float, right_m: float, reach: Reach) -> str:
    if math.isnan(near_m):
        return "above the horizon"
    if near_m >= reach.far_m:
        return f"farther than {reach.far_m:g} m"
    if far_m <= reach.near_m:
        return "on the bonnet"
    if right_m > reach.beside_m or left_m < -reach.beside_m:
        return f"more than {reach.beside_m:g} m beside the path"
    return ""


def pitch_sigma(camera: Camera) -> float:
    """1 sigma of the camera's pitch in radians: what calibration leaves, or how far an assumed one tends to be off."""
    if camera.pitch_sigma_deg is not None:
        return math.radians(camera.pitch_sigma_deg)
    return math.radians(0.3 if camera.calibrated else 1.0)


def height_sigma(camera: Camera) -> float:
    """1 sigma of the camera's height as a fraction of it."""
    if camera.height_sigma is not None:
        return camera.height_sigma
    return 0.03 if camera.calibrated else 0.10


def edge_sigma(camera: Camera) -> float:
    """1 sigma of the angle to an edge of a box, in radians, by the pixels that the detector sees."""
    return EDGE_SIGMA * max(1.0, camera.width / NETWORK_PX) / camera.focal_px


def ground_sigma(ahead_m: float, left_m: float, camera: Camera) -> tuple[float, float]:
    """1 sigma along and across the heading, in metres, of a point seen on the road.

    x = h / tan(depression), so dx = (x^2 + h^2) / h per radian: doubt along grows with the square of the distance. An
    error along moves the point on its line of sight, hence the part left/ahead of it across.
    """
    distance = max(ahead_m, camera.height_m)
    angle = math.hypot(pitch_sigma(camera), edge_sigma(camera))
    along = math.hypot((distance**2 / camera.height_m + camera.height_m) * angle, distance * height_sigma(camera))
    return along, math.hypot(left_m / distance * along, distance * edge_sigma(camera))


def area_m2(class_id: int, length_m: float, width_m: float) -> float:
    """Area of damage that fills a rectangle `length_m` along and `width_m` across the road. See `FILL`."""
    return FILL[class_id] * length_m * width_m


def size_sigma(class_id: int, look: Look, camera: Camera) -> float:
    """1 sigma of the size as a fraction of it: of the length or width of a crack, of both (RMS) for areal damage.

    A pitch error e stretches the ground: lengths by (near + far) / h * e and widths by distance / h * e. On top comes
    the doubt of the two opposite edges of the box, and the camera's height, which scales everything.
    """
    pitch, edge, h = pitch_sigma(camera), edge_sigma(camera), camera.height_m
    middle = max((look.near_m + look.far_m) / 2, h)
    length = max(look.far_m - look.near_m, 0.05)
    width = max(look.left_m - look.right_m, 0.05)
    ends = math.hypot(look.near_m**2 / h + h, look.far_m**2 / h + h) * edge / length
    sides = math.sqrt(2) * middle * edge / width
    of_length = math.hypot(2 * middle / h * pitch, ends, height_sigma(camera))
    of_width = math.hypot(middle / h * pitch, sides, height_sigma(camera))
    if CLASSES[class_id].measure is Measure.AREA:
        return math.sqrt((of_length**2 + of_width**2) / 2)
    return of_length if length >= width else of_width
