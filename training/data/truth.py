"""What the labels of a picture say to training: agreed damage, and regions of which nothing is known.

Passes that searched independently must agree; a label in doubt, one that COCO or VOC says not to count, and a class
that a damage may be instead become ignored regions: neither their presence nor their absence is known there.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from detector.taxonomy import BY_NAME, CLASSES
from training.data.card import Origin
from training.data.pictures import WHOLE, Box, Label, LabelledPicture, fractions, overlap
from training.data.record import IGNORE, Annotation, Picture

AGREEMENT_IOU = 0.3  # two passes mean the same damage when their boxes overlap by this much
DOUBTFUL = 1  # the lowest confidence


def labelled(picture: Picture, path: Path, origin: Origin) -> LabelledPicture:
    """The picture as training sees it."""
    labels: list[Label] = []
    ignored = [Label(c.id, WHOLE) for c in CLASSES if c.name not in picture.looked_for]
    for name in sorted({a.label for a in picture.annotations} - {IGNORE}, key=lambda name: BY_NAME[name].id):
        of_class = [a for a in picture.annotations if a.label == name]
        sure, doubtful = _agree(of_class, picture.passes.get(name, ()), picture)
        labels += [Label(BY_NAME[name].id, box) for box in sure]
        ignored += [Label(BY_NAME[name].id, box) for box in doubtful]
    for a in picture.annotations:
        ignored += [Label(BY_NAME[name].id, _fractions(a, picture)) for name in a.maybe if name != a.label]
    return LabelledPicture(
        path,
        picture.source,
        picture.width,
        picture.height,
        tuple(labels),
        tuple(ignored),
        origin.hide,
        picture.group,
        picture.sha256,
    )


def _agree(annotations: Sequence[Annotation], passes: Sequence[str], picture: Picture) -> tuple[list[Box], list[Box]]:
    """Boxes that every pass saw and was sure of, and the others."""
    sure = [a for a in annotations if a.confidence != DOUBTFUL and not a.difficult]
    doubtful = [_fractions(a, picture) for a in annotations if a.confidence == DOUBTFUL or a.difficult]
    if len(passes) < 2:
        return [_fractions(a, picture) for a in sure], doubtful
    alone = [_fractions(a, picture) for a in sure if a.annotator not in passes]
    seen = [[_fractions(a, picture) for a in sure if a.annotator == person] for person in passes]
    agreed: list[Box] = []
    met: set[Box] = set()
    for box in seen[0]:
        partners = [max(boxes, key=partial(overlap, box), default=None) for boxes in seen[1:]]
        same = [other for other in partners if other is not None and overlap(box, other) >= AGREEMENT_IOU]
        if len(same) == len(passes) - 1:
            agreed.append(_mean([box, *same]))
            met.update((box, *same))
    return agreed + alone, doubtful + [box for boxes in seen for box in boxes if box not in met]


def _mean(boxes: Sequence[Box]) -> Box:
    x0, y0, x1, y1 = np.mean(boxes, axis=0).tolist()
    return x0, y0, x1, y1


def _fractions(a: Annotation, picture: Picture) -> Box:
    return fractions(a.box, picture.width, picture.height)
