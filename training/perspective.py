"""Ultralytics' random perspective, without losing where a class is unknown."""

from collections.abc import Callable
from typing import Any

from ultralytics.data.augment import Compose, RandomPerspective

from detector.taxonomy import CLASSES
from detector.types import Bools, Floats


class UnknownKept(RandomPerspective):  # type: ignore[misc]
    """Ultralytics' random perspective, which keeps what it shows of an unknown region, however little.

    Ultralytics drops boxes of which less than a tenth is left, and the class would count as absent there.
    """

    def __init__(self, like: RandomPerspective, **changes: Any) -> None:
        """Take the settings of `like`, but for some."""
        super().__init__(**{**vars(like), **changes})

    def apply_instances(self, labels: dict[str, Any], params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Move the boxes along with the picture."""
        self.unknown: Bools = labels["cls"].ravel() >= len(CLASSES)  # `box_candidates` isn't told the classes
        moved: dict[str, Any] = super().apply_instances(labels, params)
        return moved

    def box_candidates(self, box1: Floats, box2: Floats, **limits: float) -> Bools:
        """Which boxes are kept, of those before (4, n) and after (4, n), cut off at the picture's edge."""
        seen = (box2[2] > box2[0]) & (box2[3] > box2[1])
        kept: Bools = super().box_candidates(box1, box2, **limits) | (seen & self.unknown)
        return kept


def replace_perspective(transforms: Compose, make: Callable[[RandomPerspective], UnknownKept]) -> None:
    """Replace every random perspective in Ultralytics' chain of transforms, in place, by what is made of it."""
    for position, transform in enumerate(transforms.transforms):
        if isinstance(transform, Compose):
            replace_perspective(transform, make)
        elif isinstance(transform, RandomPerspective):
            transforms.transforms[position] = make(transform)
