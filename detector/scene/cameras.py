"""The camera of each picture size in a survey: from a profile, calibrated on the drive, or assumed and pointed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from detector.scene.camera import Camera, default_camera
from detector.scene.horizon import find_direction
from detector.types import Image

GIVEN = "given"
CALIBRATED = "found on the drive, from the pictures and the track"
POINTED = "assumed, with pitch and yaw found in the pictures"
ASSUMED = "assumed"


class Cameras:
    """Looks a camera up by picture size, and remembers where each came from."""

    def __init__(self, profile: Camera | None, sample: Iterable[Image] = (), calibrated: Iterable[Camera] = ()) -> None:
        """Take the profile for all sizes; without one what was calibrated, or else find the direction from a sample."""
        self._profile = profile
        self._known: dict[tuple[int, int], tuple[Camera, str]] = {}
        if profile is None:
            self._known = {(c.width, c.height): (c, CALIBRATED) for c in calibrated}
        by_size: dict[tuple[int, int], list[Image]] = defaultdict(list)
        for image in sample:
            by_size[image.shape[1], image.shape[0]].append(image)
        for size, images in by_size.items():
            if (
                profile is None
                and size not in self._known
                and (pointed := find_direction(images, default_camera(*size)))
            ):
                self._known[size] = pointed, POINTED

    def of(self, width: int, height: int) -> Camera:
        """Return the camera for pictures of a size. Raises `SettingsError` where the profile is for another shape."""
        if (width, height) not in self._known:
            if self._profile is None:
                self._known[width, height] = default_camera(width, height), ASSUMED
            else:
                self._known[width, height] = self._profile.resized(width, height), GIVEN
        return self._known[width, height][0]

    def cards(self) -> list[dict[str, Any]]:
        """All values of the cameras, with their origin, for the result's description."""
        return [asdict(camera) | {"origin": origin} for camera, origin in self._known.values()]
