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
R (X - (0, 0, height)), and falls on pixel (cx + f x / z, cy + f y / z) (Hartley & Zisserman, Multiple View Geometry,
chapter 6). There is no lens distortion.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
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

    def __post_init__(self) -> None:
        numbers = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise SettingsError(f"camera: {name} is {value}; give a finite number")
        for name in ("width", "height", "focal_px", "height_m"):
            if numbers[name] <= 0:
                raise SettingsError(f"camera: {name} is {numbers[name]}; it must be more than 0")
        for name in ("pitch_deg", "yaw_deg", "roll_deg"):
            if abs(numbers[name]) >= 90:
                raise SettingsError(f"camera: {name} is {numbers[name]}; it must lie between -90 and 90")

    def rotation(self) -> Floats:
        """(3, 3) matrix from the vehicle frame to the camera frame; its rows are the camera's right, down and axis."""
        yaw, pitch, roll = (math.radians(angle) for angle in (self.yaw_deg, self.pitch_deg, self.roll_deg))
        level = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
        right = np.array([-math.sin(yaw), -math.cos(yaw), 0.0])
        below = np.array([0.0, 0.0, -1.0])
        axis = math.cos(pitch) * level + math.sin(pitch) * below
        down = math.cos(pitch) * below - math.sin(pitch) * level
        return np.stack(
            [math.cos(roll) * right + math.sin(roll) * down, math.cos(roll) * down - math.sin(roll) * right, axis]
        )

    def ground(self, pixels: Floats) -> Floats:
        """(n, 2) pixels -> (n, 2) ahead, left in metres on the road; nan at and above the horizon."""
        x, y = (np.asarray(pixels, dtype=np.float64) - (self.cx, self.cy)).T / self.focal_px
        ahead, left, up = (x * right + y * down + axis for right, down, axis in self.rotation().T)
        scale = np.full_like(up, np.nan)
        np.divide(-self.height_m, up, out=scale, where=up < -PARALLEL)
        return np.column_stack([ahead * scale, left * scale])

    def project(self, ground: Floats) -> Floats:
        """(n, 2) ahead, left or (n, 3) ahead, left, up in metres -> (n, 2) pixels; nan behind the camera.

        The pixel may lie outside the picture.
        """
        points = np.asarray(ground, dtype=np.float64)
        if points.shape[1] == 2:
            points = np.column_stack([points, np.zeros(len(points))])
        x, y, depth = self.rotation() @ (points - (0.0, 0.0, self.height_m)).T
        scale = np.full_like(depth, np.nan)
        np.divide(self.focal_px, depth, out=scale, where=depth > PARALLEL)
        return np.column_stack([self.cx + x * scale, self.cy + y * scale])

    def horizon_y(self) -> float:
        """Pixel row of the horizon at x = cx."""
        return self.cy - self.focal_px * math.tan(math.radians(self.pitch_deg)) / math.cos(math.radians(self.roll_deg))

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
        if not (isinstance(value, bool) if kind is bool else _is_number(value, whole=kind is int)):
            wanted = "true or false" if kind is bool else "a whole number" if kind is int else "a number"
            raise SettingsError(f"{path}: {name} is {value!r}; it must be {wanted}")


def _is_number(value: object, whole: bool) -> bool:
    return isinstance(value, int if whole else int | float) and not isinstance(value, bool)
