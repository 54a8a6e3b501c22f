"""Labels that a teacher, a finished model, softens: where people draw differently each time, a share is learnt of it.

A label that the teacher finds too counts more than one that it doesn't; what it finds and nobody labelled counts a
little. Where the teacher fuses several looks at a picture, its student learns to see with one what they saw together
(distillation: Hinton et al. 2015, arXiv:1503.02531; against noise in labels: Li et al. 2017, arXiv:1703.02391).
"""

from collections.abc import Sequence
from dataclasses import replace

from detector.boxes import iou
from detector.images import read_image
from detector.model.predictor import Device, Predictor
from detector.model.weights import Weights
from detector.types import Detection, Floats
from training.data.pictures import Label, LabelledPicture, boxes_xyxy, fractions

HEARD = 0.01  # score from which the teacher confirms a label
TELLS = 0.1  # score from which it tells what nobody labelled
SAME = 0.5  # of intersection over union: one damage


def teach(
    pictures: Sequence[LabelledPicture], teacher: Weights, share: float, device: Device = "auto"
) -> list[LabelledPicture]:
    """The pictures with labels that are, by `share`, those of the teacher, which looks at each file once."""
    once = {p.path: p for p in pictures}
    predictor = Predictor(teacher, device, HEARD)
    looks = predictor.stream((path, read_image(path, upright=True)) for path in once)
    softened = {path: soften(once[path], found, share) for path, found in looks}
    return [softened[p.path] for p in pictures]


def soften(picture: LabelledPicture, found: Sequence[Detection], share: float) -> LabelledPicture:
    """The picture with its labels and what a teacher found, whose scores are taken for probabilities.

    A label is sure by `1 - share`, and by up to `share` more where the teacher found the same damage; its box then is
    the mean of both, by share. What only the teacher found, of classes that were looked for, is sure by `share` of its
    score.
    """
    taught = [Label(d.class_id, fractions(d.box, picture.width, picture.height), d.score) for d in found]
    over = iou(boxes_xyxy(picture.labels), boxes_xyxy(taught))
    own = [_together(label, taught, row, share) for label, row in zip(picture.labels, over, strict=True)]
    new = [
        replace(t, sure=share * t.sure)
        for t, nearest in zip(taught, over.max(axis=0, initial=0.0), strict=True)
        if nearest < SAME and t.sure >= TELLS and picture.looked_for(t.class_id)
    ]
    return replace(picture, labels=(*own, *new))


def _together(label: Label, taught: Sequence[Label], over: Floats, share: float) -> Label:
    same = [t for t, o in zip(taught, over, strict=True) if o >= SAME and t.class_id == label.class_id]
    if not same:
        return replace(label, sure=1 - share)
    best = max(same, key=lambda t: t.sure)
    x0, y0, x1, y1 = ((1 - share) * a + share * b for a, b in zip(label.box, best.box, strict=True))
    return Label(label.class_id, (x0, y0, x1, y1), 1 - share + share * best.sure)
