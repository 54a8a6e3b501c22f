"""What a camera on the street sees: each ground pixel is looked up exactly where `Camera.ground` says it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from detector.scene.camera import Camera
from detector.types import Floats, Image
from training.synthesis.noise import Reals
from training.synthesis.scenery import Billboard, draw_billboards, draw_sky, treeline
from training.synthesis.street import Damage, Street
from training.synthesis.texture import Pyramid

FAR_M = 25.0  # beyond, a dashcam shows damage too small and flat to be labelled
BEHIND_M = 0.2  # nearer to the camera's plane nothing is projected
GRAIN_SEEN_M = 30.0
HAZE_M = 260.0  # at this distance the ground has taken on two thirds of the haze's colour


@dataclass(frozen=True, slots=True)
class Place:
    """Where the camera's foot point is, in the axis' plane, and where the vehicle heads."""

    x: float
    y: float
    direction: float  # radians, anticlockwise from the x axis

    def to_plane(self, ground: Floats) -> Floats:
        """(n, 2) ahead, left -> (n, 2) x, y."""
        cos, sin = math.cos(self.direction), math.sin(self.direction)
        plane: Floats = ground @ np.array([[cos, sin], [-sin, cos]]) + (self.x, self.y)
        return plane

    def to_vehicle(self, plane: Floats) -> Floats:
        """(n, 2) x, y -> (n, 2) ahead, left."""
        cos, sin = math.cos(self.direction), math.sin(self.direction)
        ground: Floats = (plane - (self.x, self.y)) @ np.array([[cos, -sin], [sin, cos]])
        return ground


@dataclass(frozen=True, slots=True)
class Light:
    """The weather and the camera's way with it."""

    exposure: float
    tint: tuple[float, float, float]  # factors of red, green, blue
    contrast: float  # 1 leaves it as it is
    vignette: float  # darkening in the corners, 0..0.5
    noise: float  # 1 sigma in grey levels
    blur_px: float  # 1 sigma, of lens and motion
    sky: tuple[Floats, Floats]  # colour overhead and at the horizon
    clouds: float  # 0..1


@dataclass(frozen=True, slots=True)
class Stage:
    """A street ready to be looked at."""

    street: Street
    surface: Pyramid
    verge: Pyramid  # beyond the surface on both sides
    grain: Pyramid
    half_width_m: float  # of the surface, verges included
    billboards: Sequence[Billboard]
    bonnet: float  # share of the picture's height that the own car hides at the bottom


def render(stage: Stage, camera: Camera, place: Place, light: Light, rng: np.random.Generator) -> Image:
    """Take one picture."""
    picture = draw_sky(camera, place.direction, light.sky, light.clouds, stage.street.seed)
    treeline(picture, camera, place.direction, stage.street.seed)
    _draw_ground(picture, stage, camera, place, light)
    draw_billboards(picture, stage.billboards, camera, place.to_vehicle)
    _draw_own_shadow(picture, camera, stage.street.seed)
    _draw_bonnet(picture, stage.bonnet, stage.street.seed)
    return _expose(picture, light, rng)


def visible_outline(
    damage: Damage, street: Street, camera: Camera, place: Place, bonnet: float = 0.0, far_m: float = FAR_M
) -> shapely.Geometry | None:
    """Exact outline in pixels of the part of the damage that is nearer than `far_m` and in the picture, or None."""
    outline = shapely.transform(damage.outline, lambda road: place.to_vehicle(street.axis.place(road)))
    seen = shapely.intersection(outline, _in_view(camera, far_m))
    if seen.is_empty:
        return None
    projected = shapely.make_valid(shapely.transform(seen, camera.project))
    inside = shapely.intersection(projected, shapely.box(0, 0, camera.width, camera.height * (1 - bonnet)))
    return inside if inside.area > 0 else None


def visible_box(
    damage: Damage, street: Street, camera: Camera, place: Place, bonnet: float = 0.0, far_m: float = FAR_M
) -> tuple[float, float, float, float] | None:
    """Bounding box x0, y0, x1, y1 in pixels of `visible_outline`, or None."""
    outline = visible_outline(damage, street, camera, place, bonnet, far_m)
    if outline is None:
        return None
    x0, y0, x1, y1 = outline.bounds
    return float(x0), float(y0), float(x1), float(y1)


def _in_view(camera: Camera, far_m: float) -> shapely.Geometry:
    """Ground in front of the camera's plane, up to `far_m` ahead."""
    axis = camera.rotation()[2]
    level = float(np.hypot(axis[0], axis[1]))
    start = (BEHIND_M + camera.height_m * axis[2]) / level  # depth = level * distance - height * axis_z
    square = np.array([[start, -2 * far_m], [2 * far_m, -2 * far_m], [2 * far_m, 2 * far_m], [start, 2 * far_m]])
    turned = square @ np.array([[axis[0], axis[1]], [-axis[1], axis[0]]]) / level
    return shapely.intersection(shapely.Polygon(turned), shapely.box(-far_m, -2 * far_m, far_m, 2 * far_m))


def _draw_ground(picture: NDArray[np.float32], stage: Stage, camera: Camera, place: Place, light: Light) -> None:
    """Fill the part of the picture below the horizon."""
    corners = camera.horizon_y() + np.array([-1, 1]) * camera.width / 2 * abs(math.tan(math.radians(camera.roll_deg)))
    top = int(np.clip(corners.min() + 1, 0, camera.height - 2))
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(top, camera.height) + 0.5)
    ground = camera.ground(np.column_stack([u.ravel(), v.ravel()]))
    distance = np.hypot(*ground.T).reshape(u.shape).astype(np.float32)
    sky = np.logical_not(distance < 4 * HAZE_M)  # also where there is no ground
    here = stage.street.axis.locate(np.array([[place.x, place.y]]))[0, 0]
    road = stage.street.axis.locate(place.to_plane(np.nan_to_num(ground)), here - 10, here + 150)
    s, t = (np.nan_to_num(road[:, i], nan=1e4).reshape(u.shape).astype(np.float32) for i in (0, 1))
    footprint = -np.gradient(np.nan_to_num(distance, nan=1e5), axis=0)
    colours = stage.surface.look_up(s, t, footprint)
    outside = np.abs(t) > stage.half_width_m
    rows = slice(*_span(outside.any(axis=1)))
    beyond = stage.verge.look_up(s[rows], t[rows], footprint[rows])
    np.copyto(colours[rows], beyond, where=outside[rows, :, None])
    near = slice(*_span((distance < GRAIN_SEEN_M).any(axis=1)))
    colours[near] *= (stage.grain.look_up(s[near], t[near], footprint[near]) / np.float32(128))[..., None]
    colours += (light.sky[1].astype(np.float32) * np.float32(0.8) - colours) * haze(distance)[..., None]
    np.copyto(picture[top:], colours, where=~sky[..., None])


def haze(distance: Reals) -> NDArray[np.float32]:
    """Share of the haze's colour in what is seen at a distance in metres."""
    share: NDArray[np.float32] = (1 - np.exp(distance * np.float32(-1 / HAZE_M))).astype(np.float32)
    return share


def _span(rows: ArrayLike) -> tuple[int, int]:
    """First and last + 1 of the rows that are set; 0, 0 when none is."""
    found = np.flatnonzero(rows)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)


def _draw_own_shadow(picture: NDArray[np.float32], camera: Camera, seed: int) -> None:
    """The shadow of the own car, when the sun stands behind it."""
    rng = np.random.default_rng([seed, 1])
    if rng.random() < 0.6:
        return
    reach, lean = rng.uniform(1.5, 3.5), rng.normal(0, 0.5)
    corners = np.array([[0.6, 0.95], [0.6, -0.95], [reach, -0.8 + lean], [reach, 0.8 + lean]])
    pixels = camera.project(corners)
    if np.isnan(pixels).any() or pixels[:, 1].min() > camera.height:
        return
    mask = np.ones(picture.shape[:2], dtype=np.float32)
    cv2.fillPoly(mask, [pixels.astype(np.int32)], float(rng.uniform(0.45, 0.7)))
    top = max(int(pixels[:, 1].min()) - 12, 0)
    picture[top:] *= cv2.GaussianBlur(mask[top:], (0, 0), 3)[..., None]


def _draw_bonnet(picture: NDArray[np.float32], share: float, seed: int) -> None:
    if share <= 0:
        return
    rng = np.random.default_rng([seed, 2])
    height, width = picture.shape[:2]
    top = math.ceil(height * (1 - share))
    paint = rng.uniform(15, 90) * rng.uniform(0.8, 1.2, 3)
    shine = np.linspace(rng.uniform(1.2, 2.2), 0.6, height - top)[:, None, None]
    across = 1 + 0.2 * np.cos(np.linspace(-1.5, 1.5, width))[None, :, None]
    picture[top:] = paint * shine * across


def _expose(picture: NDArray[np.float32], light: Light, rng: np.random.Generator) -> Image:
    height, width = picture.shape[:2]
    if light.blur_px > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), light.blur_px)
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    fall = 1 - light.vignette / 2 * (x[None] ** 2 + y[:, None] ** 2)
    gain = (light.exposure * light.contrast * np.array(light.tint)).astype(np.float32)
    picture *= gain
    # What a sensor adds is mostly brightness: colour noise is smoothed away in the camera.
    added = np.float32(light.noise) * rng.standard_normal((height, width), dtype=np.float32)
    added += np.float32(110 * (1 - light.contrast))
    for channel in range(3):
        picture[..., channel] *= fall
        picture[..., channel] += added
    return np.clip(picture, 0, 255).astype(np.uint8)
