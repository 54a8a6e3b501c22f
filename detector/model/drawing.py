"""Detections drawn for people: boxes in the colours of the taxonomy."""

from collections.abc import Iterable

import cv2
import numpy as np

from detector.taxonomy import CLASSES
from detector.types import Detection, Image

FONT = cv2.FONT_HERSHEY_SIMPLEX
FONT_PX = 22  # height of a capital at scale 1


def draw(image: Image, detections: Iterable[Detection]) -> Image:
    """Copy the picture and draw each detection's box, class and score. The best lie on top."""
    canvas = np.ascontiguousarray(image).copy()
    side = min(canvas.shape[:2])
    thickness = max(1, round(side / 250))
    ordered = sorted(detections, key=lambda d: d.score)
    for detection in ordered:
        x0, y0, x1, y1 = (round(v) for v in detection.box)
        cv2.rectangle(canvas, (x0, y0), (x1, y1), _rgb(CLASSES[detection.class_id].colour), thickness)
    for detection in ordered:  # after the boxes: no line crosses a label
        damage = CLASSES[detection.class_id]
        x0, y0 = round(detection.box[0]), round(detection.box[1])
        text = f"{damage.english} {detection.score:.2f}"
        _label(canvas, text, x0, y0, capital_px=max(9.0, side / 50), colour=_rgb(damage.colour))
    return canvas


def _label(canvas: Image, text: str, x: int, y: int, capital_px: float, colour: tuple[int, int, int]) -> None:
    """Text on a patch of `colour`, above the point (x, y) or, where it would leave the picture, moved inside."""
    height, width = canvas.shape[:2]
    scale = capital_px / FONT_PX
    pen = max(1, round(scale * 1.6))
    (text_width, text_height), below = cv2.getTextSize(text, FONT, scale, pen)
    if text_width > width:  # a picture narrower than its label
        scale, text_width = scale * width / text_width, width
    margin = max(2, round(capital_px / 4))
    patch_width, patch_height = text_width + 2 * margin, text_height + below + margin
    left = max(0, min(x, width - patch_width))
    top = max(0, min(y - patch_height, height - patch_height))
    cv2.rectangle(canvas, (left, top), (left + patch_width, top + patch_height), colour, cv2.FILLED)
    ink = (0, 0, 0) if np.dot(colour, (0.299, 0.587, 0.114)) > 128 else (255, 255, 255)
    baseline = top + text_height + margin // 2 + 1
    cv2.putText(canvas, text, (left + margin, baseline), FONT, scale, ink, pen, cv2.LINE_AA)


def _rgb(css: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(css.removeprefix("#"))
    return red, green, blue
