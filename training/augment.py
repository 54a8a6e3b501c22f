"""Augmentation for a camera behind a windscreen.

Geometry (scale, shift, small roll, pitch and turn of the camera, mirror, mosaic) is left to Ultralytics, which moves
the boxes and the ignored regions along. Never upside down: a road is always below the horizon.
"""

from typing import Any

import albumentations as A  # noqa: N812 - its documented alias
import cv2
import numpy as np

from detector.types import Image

WARM = np.array([255, 236, 200], np.float32)  # light of a low sun, RGB
ROAD_FROM = (0.4, 0.65)  # of the height, from the top: where the road begins


def windscreen() -> list[Any]:
    """Return albumentations transforms for what dashcams do to a picture: blur, rain, glare, low light, compression."""
    return [
        A.OneOf(
            [A.MotionBlur(blur_limit=(3, 9)), A.Defocus(radius=(1, 2)), A.GaussianBlur(sigma_limit=(0.4, 1.2))], p=0.15
        ),
        A.RandomBrightnessContrast(brightness_limit=(-0.3, 0.2), contrast_limit=0.25, p=0.3),
        A.OneOf([A.RandomGamma(gamma_limit=(60, 150)), A.CLAHE(clip_limit=2.0)], p=0.15),
        A.RandomShadow(shadow_roi=(0, 0.4, 1, 1), num_shadows_limit=(1, 2), shadow_intensity_range=(0.25, 0.5), p=0.12),
        A.RandomRain(
            slant_range=(-8, 8), drop_length=8, drop_width=1, blur_value=3, brightness_coefficient=0.85, p=0.03
        ),
        A.OneOf([Change(name) for name in CHANGES], p=0.12),
        A.GaussNoise(std_range=(0.01, 0.05), p=0.1),
        A.OneOf([A.ImageCompression(quality_range=(35, 85)), A.Downscale(scale_range=(0.5, 0.9))], p=0.2),
        A.ToGray(p=0.02),
    ]


def low_sun(image: Image, rng: np.random.Generator) -> Image:
    """Veil the picture with the light of a sun low ahead: bright around it, washed out all over."""
    height, width = image.shape[:2]
    centre = np.array([rng.uniform(0, 1) * width, rng.uniform(-0.1, 0.35) * height])
    y, x = np.mgrid[:height, :width].astype(np.float32)
    far = np.hypot(x - centre[0], y - centre[1]) / width
    veil = rng.uniform(0.05, 0.2) + rng.uniform(0.5, 0.9) * np.exp(-((far / rng.uniform(0.12, 0.3)) ** 2))
    veil = np.minimum(veil, 0.95)[..., None].astype(np.float32)
    return np.asarray(image * (1 - veil) + WARM * veil, np.uint8)


def wet_road(image: Image, rng: np.random.Generator) -> Image:
    """Darken the road as rain does, with patches that mirror what stands above it."""
    height, width = image.shape[:2]
    top = round(rng.uniform(*ROAD_FROM) * height)
    road = image[top:].astype(np.float32)
    above = image[max(2 * top - height, 0) : top][::-1]
    mirrored = cv2.resize(above, (width, height - top), interpolation=cv2.INTER_AREA)
    mirrored = cv2.GaussianBlur(mirrored, (0, 0), sigmaX=width / 160, sigmaY=height / 25).astype(np.float32)
    wet = cv2.resize(rng.normal(0, 1, (4, 6)).astype(np.float32), (width, height - top), interpolation=cv2.INTER_CUBIC)
    fades = np.linspace(1, 0.3, height - top, dtype=np.float32)[:, None]  # a flat look mirrors more than a steep one
    share = (np.clip(0.2 + 0.3 * wet, 0, 0.45) * fades)[..., None]
    begins = np.linspace(0, 4, height - top, dtype=np.float32).clip(0, 1)[:, None, None]  # no edge to be learnt
    wet_look = road * rng.uniform(0.6, 0.8) * (1 - share) + mirrored * share
    wetted = image.copy()
    wetted[top:] = np.clip(road + (wet_look - road) * begins, 0, 255).astype(np.uint8)
    return wetted


def night(image: Image, rng: np.random.Generator) -> Image:
    """Leave what headlights reach: a warm cone on the road, the rest dark, and the noise of a sensor in the dark."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across = (x / width - 0.5) / rng.uniform(0.3, 0.5)
    down = (y / height - rng.uniform(0.75, 0.95)) / rng.uniform(0.3, 0.45)
    cone = np.exp(-(across**2) - down**2)[..., None]
    light = rng.uniform(0.06, 0.15) + rng.uniform(0.6, 0.9) * cone
    dark = image * light * (WARM / 255) + rng.normal(0, rng.uniform(2, 6), image.shape)
    return np.asarray(np.clip(dark, 0, 255), np.uint8)


def droplets(image: Image, rng: np.random.Generator) -> Image:
    """Put drops of rain on the windscreen: small round spots that show the scene out of focus, and brighter."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(8, 40))):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        size = rng.uniform(0.004, 0.018) * width
        axes = max(round(size), 1), max(round(size * rng.uniform(1.0, 1.6)), 1)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(-20, 20)), 0, 360, 255, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), width / 400).astype(np.float32)[..., None] / 255
    blurred = cv2.GaussianBlur(image, (0, 0), width / 60).astype(np.float32) * 1.15
    return np.asarray(np.clip(image * (1 - soft) + blurred * soft, 0, 255), np.uint8)


CHANGES = {change.__name__: change for change in (low_sun, wet_road, night, droplets)}


class Change(A.ImageOnlyTransform):  # type: ignore[misc]
    """One of the above, by its name, as a transform of albumentations; a run's settings are written down as text."""

    def __init__(self, change: str, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.change = change

    def apply(self, img: Image, **_: Any) -> Image:
        """Change a picture."""
        return CHANGES[self.change](img, self.random_generator)


def contact_sheet(image: Image, seed: int, rows: int = 4, columns: int = 6) -> Image:
    """The picture, and what training may make of it, side by side for a person to judge."""
    pipeline = A.Compose(windscreen(), seed=seed)
    made = [image, *(pipeline(image=image)["image"] for _ in range(rows * columns - 1))]
    return np.concatenate([np.concatenate(made[n : n + columns], axis=1) for n in range(0, len(made), columns)])
