"""The worst mistakes as pictures: damage that was missed, and damage that is not there."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detector.boxes import iou
from detector.images import read_image
from detector.taxonomy import CLASSES
from detector.types import Detection, Floats, Image
from training.data.pictures import LabelledPicture
from training.evaluation.bands import area
from training.evaluation.matching import Predictions, arrays, pixel_boxes

TOUCHES = 0.1  # overlap at which a detection has to do with a true box, if not well enough to count
MARGIN = 1.0  # around the box, as a part of its size
LEAST_PX = 320  # side of what is shown
SHOWN_PX = 360
QUALITY = 70
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One box that is wrong, and how bad that is."""

    picture: LabelledPicture
    box: tuple[float, float, float, float]  # pixels
    class_id: int
    rank: float  # area of a miss in square pixels at 640 px; score of a false alarm
    caption: str


def misses(pictures: Sequence[LabelledPicture], shown: Predictions) -> list[Mistake]:
    """True boxes that no detection of any class touches, the largest first."""
    found = []
    for picture in pictures:
        boxes, _, _ = arrays(shown.get(picture.path.stem, ()), picture.path.stem)
        true = pixel_boxes(picture.labels, picture)
        touched = iou(true, boxes).max(axis=1, initial=0.0) >= TOUCHES
        sizes = area(true, picture)
        for n in np.flatnonzero(~touched):
            name = CLASSES[picture.labels[n].class_id].english
            width, height = true[n, 2:] - true[n, :2]
            caption = f"{picture.path.stem} ({picture.source}): {name} of {width:.0f} x {height:.0f} px"
            found.append(Mistake(picture, _box(true[n]), picture.labels[n].class_id, float(sizes[n]), caption))
    return sorted(found, key=lambda m: -m.rank)


def false_alarms(pictures: Sequence[LabelledPicture], shown: Predictions) -> list[Mistake]:
    """Detections that touch no true box of any class and no region in doubt, the surest first."""
    found = []
    for picture in pictures:
        boxes, scores, class_ids = arrays(shown.get(picture.path.stem, ()), picture.path.stem)
        alone = iou(boxes, pixel_boxes(picture.labels, picture)).max(axis=1, initial=0.0) < TOUCHES
        for n in np.flatnonzero(alone):
            unknown = pixel_boxes([x for x in picture.ignored if x.class_id == class_ids[n]], picture)
            if iou(boxes[n : n + 1], unknown, over_a_only=True).max(initial=0.0) >= TOUCHES:
                continue
            name = CLASSES[class_ids[n]].english
            caption = f"{picture.path.stem} ({picture.source}): {name}, score {scores[n]:.2f}"
            found.append(Mistake(picture, _box(boxes[n]), int(class_ids[n]), float(scores[n]), caption))
    return sorted(found, key=lambda m: -m.rank)


def one_for_each_picture(mistakes: Iterable[Mistake], count: int) -> list[Mistake]:
    """The first `count` mistakes, at most one of a picture."""
    return list({m.picture.path: m for m in reversed(list(mistakes))}.values())[::-1][:count]


def picture_of(mistake: Mistake, shown: Predictions) -> str:
    """The surroundings of a mistake as a data URI (JPEG): true boxes white, detections in their class's colour."""
    image = np.ascontiguousarray(read_image(mistake.picture.path, upright=True))
    x0, y0, x1, y1 = _surroundings(mistake.box, image.shape[1], image.shape[0])
    scale = SHOWN_PX / max(x1 - x0, y1 - y0)
    size = max(round((x1 - x0) * scale), 1), max(round((y1 - y0) * scale), 1)
    part = np.asarray(cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA), np.uint8)
    corner = np.array([x0, y0, x0, y0])
    for box in pixel_boxes(mistake.picture.labels, mistake.picture):
        _rectangle(part, (box - corner) * scale, WHITE)
    for detection in shown.get(mistake.picture.path.stem, ()):
        _rectangle(part, (np.array(detection.box) - corner) * scale, _colour(detection))
    _, jpeg = cv2.imencode(".jpg", part[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()


def _surroundings(box: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int]:
    """A square part of the picture around the box, x0, y0, x1, y1 in whole pixels."""
    side = min(max((1 + MARGIN) * max(box[2] - box[0], box[3] - box[1]), LEAST_PX), max(width, height))
    wide, high = min(side, width), min(side, height)
    left = min(max((box[0] + box[2] - wide) / 2, 0), width - wide)
    top = min(max((box[1] + box[3] - high) / 2, 0), height - high)
    return int(left), int(top), int(left + wide), int(top + high)


def _rectangle(image: Image, box: Floats, colour: tuple[int, int, int]) -> None:
    start, end = (round(float(box[0])), round(float(box[1]))), (round(float(box[2])), round(float(box[3])))
    cv2.rectangle(image, start, end, BLACK, 4)
    cv2.rectangle(image, start, end, colour, 2)


def _box(row: Floats) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = row.tolist()
    return x0, y0, x1, y1


def _colour(detection: Detection) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(CLASSES[detection.class_id].colour.removeprefix("#"))
    return red, green, blue
