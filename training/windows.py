"""Learning from windows cut out of large pictures.

Damage is small: in the pixels of a whole picture at 640 px half of all potholes are a dozen pixels high. A window shows
it at full size, at the price of a small picture. What is learnt from windows is meant for whole pictures of the scale
at which they were cut.
"""

import random
from typing import Any

import numpy as np
from ultralytics.data.augment import RandomPerspective

from detector.taxonomy import CLASSES
from detector.types import Floats
from training.perspective import UnknownKept

OVER_DAMAGE = 0.75  # of the windows of a picture with damage lie over some of it, the others anywhere


class Window(UnknownKept):
    """Ultralytics' random perspective, whose output is a window laid over a part of the picture.

    Pictures are only made smaller, by up to `scale`: enlarged ones would be blurred. A class of damage is chosen first,
    then one of its boxes, so that rare damage is seen as often as what is common in the same picture.
    """

    def __init__(self, whole: RandomPerspective, size: tuple[int, int]) -> None:
        """`whole` has the settings for whole pictures; `size` of the window: width and height, px."""
        super().__init__(whole, translate=0.0, scale=(1 - whole.scale, 1.0), size=size)

    def get_params(self, labels: dict[str, Any]) -> dict[str, Any]:
        """Choose the transformation of a picture, and where in it the window lies."""
        params: dict[str, Any] = super().get_params(labels)
        height, width = labels["img"].shape[:2]
        damage = labels["instances"]
        damage.convert_bbox("xyxy")
        damage.denormalize(width, height)
        inside = _box_to_look_at(damage.bboxes, labels["cls"].ravel()) if random.random() < OVER_DAMAGE else None
        picture = np.array([0, 0, width, height], np.float32)
        seen = self.apply_bboxes(np.array([picture, picture if inside is None else inside]), params["M"])
        move = np.eye(3, dtype=np.float32)
        for axis, length in enumerate(params["size"]):
            move[axis, 2] = -_start(seen[0, [axis, axis + 2]], seen[1, [axis, axis + 2]], length)
        params["M"] = move @ params["M"]
        return params


def _box_to_look_at(boxes: Floats, classes: Floats) -> Floats | None:
    """One box of damage, of a class chosen first; None where there is none. Unknown regions are not damage."""
    known = sorted(set(classes[classes < len(CLASSES)].tolist()))
    if not known:
        return None
    of_class = boxes[classes == random.choice(known)]
    return np.asarray(of_class[random.randrange(len(of_class))])


def _start(picture: Floats, inside: Floats, length: int) -> float:
    """Where a window of `length` px begins that shows some point of `inside`; both are (from, to), px.

    It stays in the picture; a picture smaller than the window lies in its middle.
    """
    free = float(picture[1] - picture[0]) - length
    if free <= 0:
        return float(picture[0]) + free / 2
    point = random.uniform(float(inside[0]), float(inside[1]))
    start = point - random.uniform(0, length)
    return min(max(start, float(picture[0])), float(picture[0]) + free)
