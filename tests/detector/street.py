"""A street of known damage and the perfect boxes that a camera on a moving car sees of it."""

import math
from dataclasses import dataclass

import numpy as np
import pyproj

from detector.scene.camera import Camera
from detector.taxonomy import BY_NAME, CLASSES, Measure
from detector.types import Detection, Floats, Frame, Pose

PLANE = pyproj.Proj("+proj=aeqd +lon_0=6.9 +lat_0=52.2 +ellps=WGS84")
CAMERA = Camera(1280, 720, 1000.0, 640.0, 360.0, 1.4, 4.0, calibrated=True)


@dataclass(frozen=True)
class Damage:
    """A crack's rectangle or a patch's ellipse on the road: s metres along the driven path, t metres to its left."""

    name: str
    s: float
    t: float
    length: float
    width: float

    @property
    def class_id(self) -> int:
        return BY_NAME[self.name].id


def on_plane(s: Floats, t: Floats, curvature: float) -> Floats:
    """Road coordinates -> metres; the path starts at the origin towards the north and bends to the left."""
    s, t = np.asarray(s, dtype=float), np.asarray(t, dtype=float)
    if abs(curvature) < 1e-9:
        return np.stack([-t, s], axis=-1)
    radius = 1 / curvature
    angle = s * curvature
    return np.stack([(radius - t) * np.cos(angle) - radius, (radius - t) * np.sin(angle)], axis=-1)


def drive(metres: float, curvature: float = 0.0, every_m: float = 3.0, camera: Camera = CAMERA) -> list[Frame]:
    frames = []
    for i, s in enumerate(np.arange(0.0, metres, every_m)):
        x, y = on_plane(s, 0.0, curvature)
        lon, lat = PLANE(x, y, inverse=True)
        heading = -math.degrees(s * curvature) % 360
        pose = Pose(1.7e9 + s / 10, lon, lat, heading, 10.0, 2.0, float(s))
        frames.append(Frame(i, "street.mp4", s / 10, pose, camera.width, camera.height))
    return frames


def boxes(frame: Frame, damages: list[Damage], curvature: float = 0.0, camera: Camera = CAMERA) -> list[Detection]:
    """What a perfect detector sees: the box around the visible part of each damage, up to 30 m ahead."""
    s0 = frame.pose.distance_m
    origin = on_plane(s0, 0.0, curvature)
    angle = s0 * curvature
    ahead, left = np.array([-math.sin(angle), math.cos(angle)]), np.array([-math.cos(angle), -math.sin(angle)])
    seen = []
    for damage in damages:
        offset = on_plane(*_outline(damage), curvature) - origin
        ground = np.stack([offset @ ahead, offset @ left], axis=-1)
        pixels = camera.project(ground[(ground[:, 0] > 0.5) & (ground[:, 0] < 30)])
        inside = (pixels >= 0).all(1) & (pixels <= (camera.width, camera.height)).all(1)
        if inside.any():
            (x0, y0), (x1, y1) = pixels[inside].min(0), pixels[inside].max(0)
            if x1 - x0 >= 2 and y1 - y0 >= 2:
                seen.append(Detection((float(x0), float(y0), float(x1), float(y1)), 0.9, damage.class_id))
    return seen


def _outline(damage: Damage) -> tuple[Floats, Floats]:
    if CLASSES[damage.class_id].measure is Measure.AREA:
        angle = np.linspace(0, 2 * np.pi, 800)
        return np.cos(angle) / 2 * damage.length + damage.s, np.sin(angle) / 2 * damage.width + damage.t
    u, v = np.linspace(-0.5, 0.5, 200), np.full(200, 0.5)
    s = np.concatenate([u, u, v, -v]) * damage.length + damage.s
    t = np.concatenate([v, -v, u, u]) * damage.width + damage.t
    return s, t
