"""Sizes and distances of boxes, in bands: which damage is found, and which is too small or too far."""

from collections.abc import Sequence

import numpy as np

from detector.scene.camera import Camera
from detector.types import Floats
from training.data.pictures import LabelledPicture
from training.evaluation.matching import Band

NORMAL_PX = 640.0  # longest side of a picture to which sizes are brought
COCO_EDGES = (32.0**2, 96.0**2)  # square pixels between small, medium and large
HEIGHTS = (0.5, 0.7)  # of the picture, from the top: a box that ends higher is far, lower is near
METRES = (8.0, 15.0)


def area(boxes: Floats, picture: LabelledPicture) -> Floats:
    """Square pixels of each box in the picture scaled to a longest side of 640 px."""
    scale = NORMAL_PX / max(picture.width, picture.height)
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) * scale**2)


def bottom(boxes: Floats, picture: LabelledPicture) -> Floats:
    """Where each box ends, from the top, as a part of the picture's height. Nearer damage ends lower."""
    return np.asarray(boxes[:, 3] / picture.height)


def sizes() -> list[Band]:
    """COCO's small, medium and large, at 640 px."""
    small, large = COCO_EDGES
    return [Band("small", area, 0, small), Band("medium", area, small, large), Band("large", area, large, np.inf)]


def distances(camera: Camera | None = None) -> list[Band]:
    """Near, middle and far: in metres to the box's lower edge with a camera, else by the height of that edge."""
    if camera is None:
        far, near = HEIGHTS
        return [
            Band(f"near (ends below {near:.0%} of the height)", bottom, near, np.inf),
            Band("middle", bottom, far, near),
            Band(f"far (ends above {far:.0%})", bottom, -np.inf, far),
        ]

    def metres(boxes: Floats, picture: LabelledPicture) -> Floats:
        middle = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
        return np.asarray(camera.resized(picture.width, picture.height).ground(middle)[:, 0])

    near, far = METRES
    return [
        Band(f"nearer than {near:g} m", metres, 0, near),
        Band(f"{near:g} to {far:g} m", metres, near, far),
        Band(f"farther than {far:g} m", metres, far, np.inf),
    ]


def check_camera(camera: Camera, pictures: Sequence[LabelledPicture]) -> None:
    """Raise SettingsError if the camera is not for pictures of these shapes."""
    for width, height in {(p.width, p.height) for p in pictures}:
        camera.resized(width, height)
