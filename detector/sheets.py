"""Contact sheets: one row for each defect, its looks side by side, for a person to judge what was counted as one."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from detector.files import atomic_folder
from detector.images import write_jpeg
from detector.taxonomy import CLASSES
from detector.types import Defect, Image, Look

ROWS = 10  # defects on a sheet
LOOKS = 8  # of a defect, spread over all it has
TILE_PX = (240, 150)  # width, height
LABEL_PX = 210
GAP_PX = 4
INK, PAPER = (20, 20, 20), 255


def write_contact_sheets(defects: Sequence[Defect], picture: Callable[[Look], Image], folder: Path) -> list[Path]:
    """Write `sheet-0001.jpg` and so on into a folder, which is made or replaced, and return their paths.

    Each row tells the defect's id, class, size with its 1 sigma, place beside the path and score, then shows its looks
    in the order of the drive, the far ones left. `picture` gives the crop of a look.
    """
    paths = []
    with atomic_folder(folder) as temporary:
        for number, first in enumerate(range(0, len(defects), ROWS), start=1):
            rows = [_row(defect, picture) for defect in defects[first : first + ROWS]]
            name = f"sheet-{number:04d}.jpg"
            write_jpeg(np.concatenate(rows), temporary / name)
            paths.append(folder / name)
    return paths


def _row(defect: Defect, picture: Callable[[Look], Image]) -> Image:
    width, height = TILE_PX
    row = np.full((height + GAP_PX, LABEL_PX + LOOKS * (width + GAP_PX), 3), PAPER, np.uint8)
    for line, text in enumerate(_label(defect)):
        cv2.putText(row, text, (6, 22 + 20 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    shown = np.unique(np.linspace(0, len(defect.looks) - 1, LOOKS).round().astype(int)).tolist()
    for column, n in enumerate(shown):
        look = defect.looks[n]
        tile = _fitted(picture(look))
        text = f"frame {look.frame_index}  {look.near_m:.0f} m"
        cv2.putText(tile, text, (4, height - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 3, cv2.LINE_AA)
        cv2.putText(tile, text, (4, height - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
        left = LABEL_PX + column * (width + GAP_PX)
        row[:height, left : left + width] = tile
    return row


def _label(defect: Defect) -> list[str]:
    return [
        f"{defect.id}  {CLASSES[defect.class_id].english}",
        f"{defect.length_m:.2f} x {defect.width_m:.2f} m +-{100 * defect.size_sigma:.0f} %",
        f"{defect.area_m2:.2f} m2" if defect.course_m is None else f"{defect.course_m:.2f} m along its course",
        f"{abs(defect.left_m):.1f} m {'left' if defect.left_m > 0 else 'right'} of the path",
        f"+-{defect.sigma_m:.1f} m, score {defect.score:.2f}",
        f"{len(defect.looks)} looks",
    ]


def _fitted(image: Image) -> Image:
    """The image in a tile, whole, on paper."""
    width, height = TILE_PX
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    tile = np.full((height, width, 3), PAPER, np.uint8)
    tile[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return tile
