"""The picture of each defect: a crop of the road around it, kept on disk until it is known which look is its best."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from detector.images import read_image, write_jpeg
from detector.model.drawing import draw
from detector.scene.camera import Camera
from detector.types import Defect, Detection, Image, Look

SIDE_PX = 640  # of the longest side of a stored crop
AROUND = 0.75  # of the box's size, kept on each side of it
LEAST_PX = 160  # of road kept around the middle of even the smallest box, on each side


def crop_road(image: Image, detection: Detection, camera: Camera) -> Image:
    """Cut out the road around a detection, with its box drawn, at most `SIDE_PX` long.

    Nothing above the horizon is kept: faces, number plates at eye height and facades stay out.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = detection.box
    wide, high = (max((1 + 2 * AROUND) * side / 2, LEAST_PX) for side in (x1 - x0, y1 - y0))
    high = max(high, wide / 2)  # a crack across the road is no letterbox
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    horizon = min(max(camera.horizon_y(), 0.0), y0)
    left, right = max(middle[0] - wide, 0.0), min(middle[0] + wide, width)
    top, bottom = max(middle[1] - high, horizon), min(middle[1] + high, height)
    left_px, top_px = int(left), int(np.ceil(top))
    crop = image[top_px : max(int(np.ceil(bottom)), top_px + 2), left_px : max(int(np.ceil(right)), left_px + 2)]
    scale = min(1.0, SIDE_PX / max(crop.shape[:2]))
    if scale < 1:
        crop = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    a, b, c, d = ((v - o) * scale for v, o in zip(detection.box, (left_px, top_px) * 2, strict=True))
    return draw(crop, [replace(detection, box=(a, b, c, d))])


class Crops:
    """Crops of looks in a folder of the caller's, so that memory does not grow with the drive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, looks: Sequence[Look], image: Image, camera: Camera) -> None:
        """Keep the crops of one frame's looks."""
        for look in looks:
            write_jpeg(crop_road(image, look.detection, camera), self._path(look))

    def of(self, defects: Sequence[Defect]) -> Mapping[int, Image]:
        """Return the crops of the defects' best looks by the defects' ids; each is read when it is asked for."""
        return _Stored({d.id: self._path(d.looks[d.best_look]) for d in defects})

    def of_look(self, look: Look) -> Image:
        """Return the crop of one look."""
        return read_image(self._path(look))

    def _path(self, look: Look) -> Path:
        box = "-".join(f"{v:.1f}" for v in look.detection.box)
        return self._folder / str(look.frame_index // 1000) / f"{look.frame_index}-{box}-{look.detection.class_id}.jpg"


class _Stored(Mapping[int, Image]):
    def __init__(self, paths: dict[int, Path]) -> None:
        self._paths = paths

    def __getitem__(self, defect_id: int) -> Image:
        return read_image(self._paths[defect_id])

    def __iter__(self) -> Iterator[int]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
