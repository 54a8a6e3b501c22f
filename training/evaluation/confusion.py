"""Which damage is taken for which: true classes against shown ones, with the road itself as one more class."""

from collections.abc import Sequence

import numpy as np

from detector.boxes import iou
from detector.taxonomy import NAMES
from detector.types import Floats, Ints
from training.data.pictures import LabelledPicture
from training.evaluation.matching import Predictions, arrays, pixel_boxes

ROAD = len(NAMES)  # row: nothing is there; column: nothing was shown


def confusion(pictures: Sequence[LabelledPicture], shown: Predictions, min_iou: float = 0.5) -> Ints:
    """(classes + 1, classes + 1): counts of true class (row) shown as class (column).

    Each box is paired once: first with its like, then with what it overlaps most of another class. A detection of a
    class that was not looked for there counts only where it stands for a true box.
    """
    counts = np.zeros((ROAD + 1, ROAD + 1), np.int64)
    for picture in pictures:
        boxes, _, told = arrays(shown.get(picture.path.stem, ()), picture.path.stem)
        true = np.array([x.class_id for x in picture.labels], np.int64)
        over = iou(boxes, pixel_boxes(picture.labels, picture))
        over[over < min_iou] = 0
        pairs = [*_pairs(np.where(told[:, None] == true, over, 0))]
        over[[d for d, _ in pairs], :] = 0
        over[:, [t for _, t in pairs]] = 0
        pairs += _pairs(over)
        for d, t in pairs:
            counts[true[t], told[d]] += 1
        for t in set(range(len(true))) - {t for _, t in pairs}:
            counts[true[t], ROAD] += 1
        for d in set(range(len(told))) - {d for d, _ in pairs}:
            unknown = pixel_boxes([x for x in picture.ignored if x.class_id == told[d]], picture)
            if iou(boxes[d : d + 1], unknown, over_a_only=True).max(initial=0) < min_iou:
                counts[ROAD, told[d]] += 1
    return counts


def _pairs(over: Floats) -> list[tuple[int, int]]:
    """Pairs of row and column, the greatest overlap first, each used once; 0 is no overlap."""
    over = over.copy()
    pairs = []
    while over.size and over.max() > 0:
        d, t = (int(v) for v in np.unravel_index(int(over.argmax()), over.shape))
        pairs.append((d, t))
        over[d], over[:, t] = 0, 0
    return pairs
