"""A pinhole camera over a flat road.

Vehicle frame: origin on the road below the camera's optical centre, x ahead along the heading, y to the left, z up, in
metres. Camera frame: x to the right of the picture, y down, z along the optical axis. Pixels: the top left pixel covers
0..1 by 0..1, so its centre is at (0.5, 0.5).

The camera starts level, looking along the heading, and is turned about its own axes in this order:

1. yaw about the vertical, positive clockwise seen from above: it looks to the right of the heading;
2. pitch about the axis to its right, positive downwards: the horizon rises in the picture;
3. roll about the optical axis, positive clockwise seen from behind the camera: its right side sinks, so the horizon
   climbs towards the right of the picture.

With R the rotation from vehicle to camera frame, a point X of the vehicle frame has camera coordinates
R (X - (0, 0, height)), and falls on pixel (cx + f u, cy + f v) (Hartley & Zisserman, Multiple View Geometry, chapter
6), where u, v is (x / z, y / z) moved along its radius r to r (1 + k1 r^2 + k2 r^4) by the lens (the radial terms of
Brown and Conrady, with the signs of OpenCV: a wide lens that bends lines outwards has k1 < 0).
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from detector.errors import SettingsError
from detector.files import atomic_path
from detector.types import Floats

ASSUMED_FIELD_DEG = 60.0  # horizontal; dashcams range from 50 (phones) to 110 (wide, with distortion)
ASSUMED_HEIGHT_M = 1.4  # behind the windscreen of a passenger car
ASSUMED_HORIZON = 0.42  # of the picture's height, from the top
PARALLEL = 1e-9  # a ray that sinks less than this a metre never reaches the road
SAME_SHAPE = 0.01  # aspect ratios that differ by less are one shape, rounded to whole pixels
WIDEST = 8.0  # radius on the plane at unit depth up to which distortion is followed: 83 degrees off the axis
NEWTON_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole with square pixels and its place on the vehicle. See the module for the axes and signs.

    Raises SettingsError for values that no camera over a road can have.
    """

    width: int  # px
    height: int  # px
    focal_px: float
    cx: float  # principal point, px
    cy: float
    height_m: float  # of the optical centre above the road
    pitch_deg: float  # downwards positive
    yaw_deg: float = 0.0  # of the optical axis to the heading, clockwise positive
    roll_deg: float = 0.0  # clockwise positive
    calibrated: bool = False  # False: assumed, not measured
    k1: float = 0.0  # radial distortion; 0: none
    k2: float = 0.0
    pitch_sigma_deg: float | None = None  # 1 sigma of the mean pitch; None: not known
    height_sigma: float | None = None  # 1 sigma of the height, as a fraction of it; None: not known

    def __post_init__(self) -> None:
        numbers = {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise SettingsError(f"camera: {name} is {value}; give a finite number")
        for name in ("width", "height", "focal_px", "height_m"):
            if numbers[name] <= 0:
                raise SettingsError(f"camera: {name} is {numbers[name]}; it must be more than 0")
        for name in ("pitch_deg", "yaw_deg", "roll_deg"):
            if abs(numbers[name]) >= 90:
                raise SettingsError(f"camera: {name} is {numbers[name]}; it must lie between -90 and 90")
        for name in ("pitch_sigma_deg", "height_sigma"):
            if numbers.get(name, 0) < 0:
                raise SettingsError(f"camera: {name} is {numbers[name]}; it can't be less than 0")
        corner = math.hypot(max(self.cx, self.width - self.cx), max(self.cy, self.height - self.cy)) / self.focal_px
        if (self.k1 or self.k2) and corner > self._bend(self._widest()):
            raise SettingsError(f"camera: no lens with k1 {self.k1} and k2 {self.k2} fills the picture's corners")

    def rotation(self) -> Floats:
        """(3, 3) matrix from the vehicle frame to the camera frame; its rows are the camera's right, down and axis."""
        return _rotation(self.yaw_deg, self.pitch_deg, self.roll_deg)

    def ground(self, pixels: Floats) -> Floats:
        """(n, 2) pixels -> (n, 2) ahead, left in metres on the road; nan at and above the horizon."""
        rotation = self.rotation()
        offset = np.asarray(pixels, dtype=np.float64) - (self.cx, self.cy)
        rays = self.undistorted(offset / self.focal_px) @ rotation[:2] + rotation[2]
        up = rays[:, 2:]
        ground: Floats = rays[:, :2] * (-self.height_m / np.where(up < -PARALLEL, up, np.nan))
        return ground

    def project(self, ground: Floats) -> Floats:
        """(n, 2) ahead, left or (n, 3) ahead, left, up in metres -> (n, 2) pixels; nan behind the camera.

        The pixel may lie outside the picture; nan too where the lens would fold the scene back into it.
        """
        points = np.asarray(ground, dtype=np.float64)
        rotation = self.rotation()
        seen = points @ rotation[:, : points.shape[1]].T - self.height_m * rotation[:, 2]
        depth = seen[:, 2:]
        plane = seen[:, :2] / np.where(depth > PARALLEL, depth, np.nan)
        pixels: Floats = self.focal_px * self.distorted(plane) + (self.cx, self.cy)
        return pixels

    def distorted(self, points: Floats) -> Floats:
        """(n, 2) on the plane at unit depth, straight from the scene -> as the lens shows them; nan where it folds."""
        if not (self.k1 or self.k2):
            return points
        square = np.einsum("ij,ij->i", points, points)
        factor = 1 + square * (self.k1 + square * self.k2)
        factor[square > self._widest() ** 2] = np.nan
        shown: Floats = points * factor[:, None]
        return shown

    def undistorted(self, points: Floats) -> Floats:
        """The inverse of `distorted`: Newton's iteration on the radius; nan beyond the lens."""
        if not (self.k1 or self.k2):
            return points
        shown = np.sqrt(np.einsum("ij,ij->i", points, points))
        widest = self._widest()
        radius = np.minimum(shown, widest)
        for _ in range(NEWTON_ROUNDS):
            square = radius**2
            slope = np.maximum(1 + square * (3 * self.k1 + 5 * self.k2 * square), 1e-6)
            step = (self._bend(radius) - shown) / slope
            radius = np.clip(radius - step, 0, widest)
            if np.abs(step).max(initial=0) < 1e-13:
                break
        radius[shown > self._bend(widest)] = np.nan
        straight: Floats = points * (radius / np.maximum(shown, 1e-300))[:, None]
        return straight

    def _bend(self, radius: Any) -> Any:
        """Radius as shown by the lens, of a radius in the scene."""
        return radius * (1 + radius**2 * (self.k1 + radius**2 * self.k2))

    def _widest(self) -> float:
        """Radius in the scene up to which the lens shows more the wider one looks; at most `WIDEST`."""
        # The slope 1 + 3 k1 r^2 + 5 k2 r^4 is 0 first at r^2 = 2 / (root - 3 k1).
        discriminant = 9 * self.k1**2 - 20 * self.k2
        part = math.sqrt(discriminant) - 3 * self.k1 if discriminant >= 0 else 0.0
        return math.sqrt(2 / part) if part > 2 / WIDEST**2 else WIDEST

    def horizon_y(self) -> float:
        """Pixel row of the horizon at x = cx; that of the lens' rim where the lens doesn't show it."""
        up = math.tan(math.radians(self.pitch_deg)) / math.cos(math.radians(self.roll_deg))
        seen = math.copysign(min(abs(up), self._widest()), up) if self.k1 or self.k2 else up
        return self.cy - self.focal_px * float(self._bend(seen))

    def resized(self, width: int, height: int) -> "Camera":
        """Return the same camera for its pictures scaled to another size.

        Raises SettingsError when that size has another shape: such pictures were cropped or come from another camera.
        """
        factor = width / self.width
        if abs(height / (self.height * factor) - 1) > SAME_SHAPE:
            raise SettingsError(
                f"the camera is for pictures of {self.width}x{self.height}, but these are {width}x{height}, another "
                "shape; give the camera of these pictures"
            )
        return replace(
            self,
            width=width,
            height=height,
            focal_px=self.focal_px * factor,
            cx=self.cx * factor,
            cy=self.cy * height / self.height,
        )


@lru_cache(maxsize=64)
def _rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    """See `Camera.rotation`. One camera is asked for it for every frame and box; the array can't be written to."""
    yaw, pitch, roll = math.radians(yaw_deg), math.radians(pitch_deg), math.radians(roll_deg)
    level = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
    right = np.array([-math.sin(yaw), -math.cos(yaw), 0.0])
    below = np.array([0.0, 0.0, -1.0])
    axis = math.cos(pitch) * level + math.sin(pitch) * below
    down = math.cos(pitch) * below - math.sin(pitch) * level
    turned = math.cos(roll) * right + math.sin(roll) * down, math.cos(roll) * down - math.sin(roll) * right
    matrix = np.stack([*turned, axis])
    matrix.flags.writeable = False
    return matrix


def default_camera(width: int, height: int) -> Camera:
    """Return what is assumed of an unknown dashcam: `ASSUMED_FIELD_DEG`, `ASSUMED_HEIGHT_M`, `ASSUMED_HORIZON`."""
    focal = width / 2 / math.tan(math.radians(ASSUMED_FIELD_DEG / 2))
    pitch = math.degrees(math.atan((0.5 - ASSUMED_HORIZON) * height / focal))
    return Camera(width, height, focal, width / 2, height / 2, ASSUMED_HEIGHT_M, pitch)


def read_camera(path: Path) -> Camera:
    """Read a camera from YAML: the fields of `Camera` by name. Those with a default may be left out.

    Raises SettingsError naming the file and the unknown, missing or impossible key.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsError(f"{path}: can't be read ({problem.strerror}); name a camera file") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{path}: is not YAML; write one 'key: value' a line") from problem
    if not isinstance(content, Mapping):
        raise SettingsError(f"{path}: holds no keys; write one 'key: value' a line")
    _check_keys(path, content)
    try:
        return Camera(**content)
    except SettingsError as problem:
        raise SettingsError(f"{path}: {problem}") from problem


def write_camera(camera: Camera, path: Path) -> None:
    """Write the camera as YAML that `read_camera` reads back exactly."""
    with atomic_path(path) as temporary:
        temporary.write_text(yaml.safe_dump(asdict(camera), sort_keys=False), encoding="utf-8")


def _check_keys(path: Path, content: Mapping[Any, Any]) -> None:
    known = {f.name: f for f in fields(Camera)}
    if unknown := [str(key) for key in content if key not in known]:
        raise SettingsError(f"{path}: unknown key '{unknown[0]}'; known are {', '.join(known)}")
    if missing := [name for name, f in known.items() if f.default is MISSING and name not in content]:
        raise SettingsError(f"{path}: the key '{missing[0]}' is missing; add it")
    for name, value in content.items():
        kind = known[name].type
        if value is None and known[name].default is None:
            continue
        if not (isinstance(value, bool) if kind is bool else _is_number(value, whole=kind is int)):
            wanted = "true or false" if kind is bool else "a whole number" if kind is int else "a number"
            raise SettingsError(f"{path}: {name} is {value!r}; it must be {wanted}")


def _is_number(value: object, whole: bool) -> bool:
    return isinstance(value, int if whole else int | float) and not isinstance(value, bool)
