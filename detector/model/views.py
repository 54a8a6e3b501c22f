"""Several looks at one picture, and what they say together.

A network that looks again, at another size or in the mirror, makes other mistakes. Boxes that mean the same damage
become one at their mean place, and damage that not every look found counts for less: weighted boxes fusion, Solovyev,
Wang & Gabruseva (2021), arXiv:1910.13302.
"""

from collections.abc import Sequence

import numpy as np

from detector.boxes import iou
from detector.types import Floats

SAME_IOU = 0.55  # that of the paper


def mirrored(boxes: Floats, width: int) -> Floats:
    """Boxes (n, 4) x0, y0, x1, y1 in pixels of a picture of that width, as they lie in its mirror image."""
    turned = boxes[:, [2, 1, 0, 3]]
    turned[:, [0, 2]] = width - turned[:, [0, 2]]
    return turned


def fuse(looks: Sequence[Floats]) -> Floats:
    """One list of boxes (k, 6) from those of each look: x0, y0, x1, y1, score, class id; best score first.

    The score is the mean over the looks, nought where one found nothing.
    """
    found = np.concatenate(looks)
    fused = [np.zeros((0, 6))]
    for class_id in np.unique(found[:, 5]):
        own = found[found[:, 5] == class_id]
        fused.append(_fused(own[np.argsort(-own[:, 4], kind="stable")], len(looks)))
    together = np.concatenate(fused)
    return np.asarray(together[np.argsort(-together[:, 4], kind="stable")])


def _fused(rows: Floats, looks: int) -> Floats:
    """Boxes of one class, best score first: each joins the nearest that is there, or stands for itself."""
    boxes = np.empty((len(rows), 4))
    total = np.zeros(len(rows))
    count = 0
    for row in rows:
        near = iou(row[None, :4], boxes[:count])[0]
        at = int(near.argmax()) if count else 0
        if not count or near[at] <= SAME_IOU:
            at, count = count, count + 1
            boxes[at] = row[:4]
        boxes[at] += (row[:4] - boxes[at]) * row[4] / (total[at] + row[4])
        total[at] += row[4]
    score = np.minimum(total[:count] / looks, 1.0)
    return np.column_stack([boxes[:count], score, np.full(count, rows[0, 5])])
