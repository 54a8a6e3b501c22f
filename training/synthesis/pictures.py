"""Single training pictures of rendered streets, each with the exact boxes of the damage to be seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import shapely

from detector.errors import SettingsError
from detector.files import atomic_folder
from detector.scene.camera import Camera
from detector.types import Floats, Image
from training.synthesis.axis import Axis, make_axis
from training.synthesis.noise import grain
from training.synthesis.scenery import line_street
from training.synthesis.street import ALLIGATOR, LONGITUDINAL, POTHOLE, RAVELLING, TRANSVERSE, Street, Wish, plan_street
from training.synthesis.surface import VERGE_M, Asphalt, choose_asphalt, draw_surface, grass, paving
from training.synthesis.texture import Pyramid
from training.synthesis.view import Light, Place, Stage, render, visible_outline

STREET_M = 70.0  # length of a street
PER_STREET = 8  # pictures taken on one street before the next is drawn
SHORTEST_PX = 12.0  # a damage whose box is shorter on its longer side is not labelled,
THINNEST_PX = 4.0  # nor a hole or a cracked or ravelled surface that is thinner,
FINEST_PX = 0.18  # nor a single crack of less mean width: it has faded into the asphalt
BOX_PX = 6.0  # boxes are at least this wide and high, as annotators draw them
CLASS_SHARES = {LONGITUDINAL: 0.26, TRANSVERSE: 0.33, ALLIGATOR: 0.12, POTHOLE: 0.20, RAVELLING: 0.09}
GRAIN_M = 0.004


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered picture and its damage: class ids (n,) and boxes (n, 4) x0, y0, x1, y1 in pixels."""

    image: Image
    class_ids: tuple[int, ...]
    boxes: Floats


def render_pictures(folder: Path, count: int, seed: int, size: int = 640) -> Path:
    """Write `count` pictures of size x size as `images/*.jpg` and `labels/*.txt` (YOLO: class cx cy w h, 0..1).

    The class ids are those of `detector.taxonomy`; each picture was drawn knowing all of them, so absence is absence.
    The same seed gives the same pictures. Returns the folder. Raises SettingsError for an impossible count or size.
    """
    if count < 1 or size < 64:
        raise SettingsError(f"can't render {count} pictures of {size} px; ask for at least 1 of at least 64 px")
    with atomic_folder(folder) as temporary:
        for name in ("images", "labels"):
            (temporary / name).mkdir()
        for i, picture in enumerate(pictures(count, seed, size)):
            stem = f"rendered_{seed}_{i:05d}"
            quality = [cv2.IMWRITE_JPEG_QUALITY, 75 + (i * 7) % 20]
            _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture.image, cv2.COLOR_RGB2BGR), quality)
            (temporary / "images" / f"{stem}.jpg").write_bytes(jpeg.tobytes())
            (temporary / "labels" / f"{stem}.txt").write_text(yolo_text(picture, size))
    return folder


def pictures(count: int, seed: int, size: int = 640) -> Iterator[Picture]:
    """Yield `count` varied pictures of size x size."""
    for first in range(0, count, PER_STREET):
        rng = np.random.default_rng([seed, first])
        stage = draw_stage(rng)
        for _ in range(min(PER_STREET, count - first)):
            yield _take(rng, stage, size)


def yolo_text(picture: Picture, size: int) -> str:
    """Return the picture's labels as YOLO lines."""
    lines = []
    for class_id, (x0, y0, x1, y1) in zip(picture.class_ids, picture.boxes / size, strict=True):
        lines.append(f"{class_id} {(x0 + x1) / 2:.6f} {(y0 + y1) / 2:.6f} {x1 - x0:.6f} {y1 - y0:.6f}\n")
    return "".join(lines)


def draw_stage(rng: np.random.Generator, axis: Axis | None = None) -> Stage:
    """Draw a street at random, ready to be looked at; one in seven has no damage."""
    bend = float(rng.normal(0, 0.004))
    axis = axis or make_axis([(STREET_M, bend)])
    classes, shares = list(CLASS_SHARES), list(CLASS_SHARES.values())
    number = 0 if rng.random() < 0.14 else int(rng.integers(8, 26))
    wanted = [Wish(int(c), 3.0, axis.length) for c in rng.choice(classes, number, p=shares)]
    street = plan_street(rng, axis, float(rng.uniform(2.4, 4.2)), wanted, int(rng.integers(2, 14)))
    return prepare(street, rng, bonnet=float(rng.uniform(0.04, 0.15)) if rng.random() < 0.3 else 0.0)


def prepare(street: Street, rng: np.random.Generator, bonnet: float = 0.0, asphalt: Asphalt | None = None) -> Stage:
    """Draw a planned street's surface and surroundings, with an asphalt at random if none is given."""
    image, grid = draw_surface(street, asphalt or choose_asphalt(rng))
    wide = street.half_width_m + VERGE_M
    beyond = grass(rng, 512) if rng.random() < 0.5 else paving(rng, 510)
    return Stage(
        street=street,
        surface=Pyramid(image, grid.s0, grid.t0, grid.along_m, grid.across_m),
        verge=Pyramid(beyond, 0.0, 0.0, 0.01, 0.01, wrap=True),
        grain=Pyramid(grain(rng, 768, GRAIN_M, float(rng.uniform(0.06, 0.16))), 0.0, 0.0, GRAIN_M, GRAIN_M, wrap=True),
        half_width_m=wide,
        billboards=line_street(rng, street.axis, wide),
        bonnet=bonnet,
    )


def choose_light(rng: np.random.Generator) -> Light:
    """Draw weather and exposure at random."""
    cloudy = rng.random()
    overhead = (1 - cloudy) * np.array([92.0, 140.0, 205.0]) + cloudy * np.array([180.0, 186.0, 194.0])
    horizon = (1 - cloudy) * np.array([188.0, 208.0, 228.0]) + cloudy * np.array([218.0, 220.0, 222.0])
    warmth = rng.normal(0, 0.04)
    return Light(
        exposure=float(rng.uniform(0.62, 1.3)),
        tint=(1 + warmth, 1 + rng.normal(0, 0.012), 1 - warmth),
        contrast=float(rng.uniform(0.75, 1.12)),
        vignette=float(rng.uniform(0, 0.4)),
        noise=float(rng.uniform(0.5, 6)),
        blur_px=float(rng.uniform(0.0, 0.9)),
        sky=(overhead, horizon),
        clouds=float(rng.uniform(0, 0.9)),
    )


def choose_camera(rng: np.random.Generator, size: int) -> Camera:
    """Draw a dashcam at random: phone to wide angle, car to van, level to tilted at the road."""
    focal = size * float(rng.uniform(0.6, 1.25))
    horizon = float(rng.uniform(0.30, 0.55)) if rng.random() < 0.65 else float(rng.uniform(-0.05, 0.25))
    pitch = float(np.degrees(np.arctan((0.5 - horizon) * size / focal)))
    return Camera(
        width=size,
        height=size,
        focal_px=focal,
        cx=size / 2,
        cy=size / 2,
        height_m=float(rng.uniform(1.15, 2.3)),
        pitch_deg=pitch,
        yaw_deg=float(rng.normal(0, 3)),
        roll_deg=float(rng.normal(0, 1)),
    )


def _take(rng: np.random.Generator, stage: Stage, size: int) -> Picture:
    street = stage.street
    camera, light = choose_camera(rng, size), choose_light(rng)
    s, t = float(rng.uniform(-3, street.axis.length - 10)), street.lane_t + float(rng.normal(0, 0.35))
    (x, y), direction = street.axis.place(np.array([[s, t]]))[0], float(street.axis.direction(np.array([s]))[0])
    place = Place(float(x), float(y), direction + float(rng.normal(0, 0.02)))
    found = [(d.class_id, visible_outline(d, street, camera, place, stage.bonnet)) for d in street.damages]
    seen = [(class_id, outline) for class_id, outline in found if outline is not None and _is_seen(class_id, outline)]
    boxes = np.array([_label(outline, size) for _, outline in seen], dtype=np.float64).reshape(-1, 4)
    return Picture(render(stage, camera, place, light, rng), tuple(class_id for class_id, _ in seen), boxes)


def _is_seen(class_id: int, outline: shapely.Geometry) -> bool:
    x0, y0, x1, y1 = outline.bounds
    shorter, longer = sorted((x1 - x0, y1 - y0))
    if class_id in (LONGITUDINAL, TRANSVERSE):
        return bool(longer >= SHORTEST_PX and outline.area / longer >= FINEST_PX)
    return bool(longer >= SHORTEST_PX and shorter >= THINNEST_PX)


def _label(outline: shapely.Geometry, size: int) -> Floats:
    """Box x0, y0, x1, y1 of an outline in pixels, at least `BOX_PX` large and within the picture."""
    x0, y0, x1, y1 = outline.bounds
    middle, half = np.array([x0 + x1, y0 + y1]) / 2, np.maximum([x1 - x0, y1 - y0], BOX_PX) / 2
    box: Floats = np.clip(np.concatenate([middle - half, middle + half]), 0, size)
    return box
