"""Augmentation for a camera behind a windscreen.

Geometry (scale, shift, small roll, mirror, mosaic) is left to Ultralytics, which moves the boxes along. Never upside
down: a road is always below the horizon.
"""

from typing import Any


def windscreen() -> list[Any]:
    """Return albumentations transforms for what dashcams do to a picture: blur, rain, glare, low light, compression."""
    import albumentations as A  # noqa: N812 - its documented alias

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
        A.GaussNoise(std_range=(0.01, 0.05), p=0.1),
        A.OneOf([A.ImageCompression(quality_range=(35, 85)), A.Downscale(scale_range=(0.5, 0.9))], p=0.2),
        A.ToGray(p=0.02),
    ]
