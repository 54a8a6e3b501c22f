"""Training on pictures in which not every class was looked for.

Ultralytics reads an unlabelled class as an absent class. Here the regions where a class is unknown travel as boxes of
pseudo-class `nc + class`, so that every geometric augmentation moves them along with the picture; the loss takes them
out again and does not punish that class there. Damage that *is* labelled still counts everywhere; how much, travels as
the fraction of its class: class 2.25 is damage of class 2 that is three quarters sure.
"""

import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from ultralytics.data.augment import Albumentations, Compose
from ultralytics.data.dataset import YOLODataset
from ultralytics.utils.loss import E2ELoss, v8DetectionLoss
from ultralytics.utils.ops import xywh2xyxy
from ultralytics.utils.tal import make_anchors

from detector.taxonomy import CLASSES
from detector.types import Image
from training.copy_paste import Paster
from training.data.pictures import Box, LabelledPicture, boxes_xywh
from training.perspective import UnknownKept, replace_perspective
from training.windows import Window


class DamageDataset(YOLODataset):  # type: ignore[misc]
    """Our labelled pictures in the form that Ultralytics trains on, read without writing anything beside them."""

    def __init__(
        self,
        pictures: Sequence[LabelledPicture],
        paster: Paster | None = None,
        window: tuple[int, int] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self.pictures = pictures
        self.paster = paster
        self.window = window
        self._by_file = {str(p.path): p for p in pictures}
        super().__init__(*args, **kwargs)

    def get_img_files(self, img_path: str | list[str]) -> list[str]:
        """Paths of the pictures, in the order given."""
        return [str(picture.path) for picture in self.pictures]

    def get_labels(self) -> list[dict[str, Any]]:
        """Labels; when augmenting (training) the ignored regions too."""
        return [self._label(picture) for picture in self.pictures]

    def _label(self, picture: LabelledPicture) -> dict[str, Any]:
        regions = picture.ignored if self.augment else ()
        classes = [label.class_id + 1 - label.sure for label in picture.labels]
        classes += [len(CLASSES) + r.class_id for r in regions]
        return {
            "im_file": str(picture.path),
            "shape": (picture.height, picture.width),
            "cls": np.array(classes, dtype=np.float32).reshape(-1, 1),
            "bboxes": boxes_xywh((*picture.labels, *regions)).astype(np.float32),
            "segments": [],
            "keypoints": None,
            "normalized": True,
            "bbox_format": "xywh",
        }

    def build_transforms(self, hyp: Any = None) -> Compose:
        """Build Ultralytics' transforms, over windows of the pictures where the run asks for them."""
        transforms = super().build_transforms(hyp)
        replace_perspective(transforms, partial(Window, size=self.window) if self.window else UnknownKept)
        augment_in_rgb(transforms)
        return transforms

    def update_labels_info(self, label: dict[str, Any]) -> dict[str, Any]:
        """Give Ultralytics' form to a picture's labels, after laying damage of other pictures on it."""
        if self.paster is not None:
            # Ultralytics seeds `random` in every worker; numpy's own generator would repeat itself in each.
            rng = np.random.default_rng(random.getrandbits(32))
            image = turn_channels(label["img"])
            image, added = self.paster.paste(image, self._by_file[label["im_file"]], rng)
            classes = np.array([x.class_id for x in added], np.float32).reshape(-1, 1)
            label["img"] = turn_channels(image)
            label["bboxes"] = np.concatenate([label["bboxes"], boxes_xywh(added).astype(np.float32)])
            label["cls"] = np.concatenate([label["cls"], classes])
        updated: dict[str, Any] = super().update_labels_info(label)
        return updated

    def load_image(self, i: int, *args: Any, **kwargs: Any) -> tuple[Image, tuple[int, int], tuple[int, int]]:
        """Load a picture and paint over its overlay, so that nothing is learnt from a logo."""
        image, stored, resized = super().load_image(i, *args, **kwargs)
        hide = self._by_file[self.im_files[i]].hide  # Ultralytics may have put its files in another order than ours
        if hide is not None:
            image = paint_over(image, hide)
        return image, stored, resized


def augment_in_rgb(transforms: Compose) -> None:
    """Have albumentations see RGB, as it wants and as its light has colours; the rest of Ultralytics' chain is BGR."""
    position = next((n for n, t in enumerate(transforms.transforms) if isinstance(t, Albumentations)), None)
    if position is not None:
        transforms.insert(position + 1, _turn)
        transforms.insert(position, _turn)


def _turn(labels: dict[str, Any]) -> dict[str, Any]:
    return {**labels, "img": turn_channels(labels["img"])}


def turn_channels(image: Image) -> Image:
    """A picture of BGR in RGB, and the other way round."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def paint_over(image: Image, box: Box) -> Image:
    """Return a copy whose `box` (fractions) shows the mirrored strip beside it: no hard edge that could be learnt."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = round(box[0] * width), round(box[1] * height), round(box[2] * width), round(box[3] * height)
    painted = image.copy()
    left = x0 - (x1 - x0)
    source = slice(left, x0) if left >= 0 else slice(x1, 2 * x1 - x0)
    painted[y0:y1, x0:x1] = image[y0:y1, source][:, ::-1]
    return painted


class PartialLabelLoss(v8DetectionLoss):  # type: ignore[misc]
    """Ultralytics' detection loss without the classification loss of unknown classes."""

    def __init__(self, model: nn.Module, tal_topk: int = 10, tal_topk2: int | None = None) -> None:
        super().__init__(model, tal_topk, tal_topk2)
        self.unknown: Tensor | None = None
        self.bce = self._known_bce
        self.assigner.register_forward_hook(as_sure_as_labelled)

    def _known_bce(self, scores: Tensor, targets: Tensor) -> Tensor:
        loss = nn.functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
        return loss if self.unknown is None else loss.masked_fill(self.unknown & (targets == 0), 0.0)

    def get_assigned_targets_and_loss(self, preds: dict[str, Any], batch: dict[str, Any], **kwargs: Any) -> Any:
        """Split the pseudo-classes off, then compute the loss as usual, in full precision."""
        preds = {**preds, "boxes": preds["boxes"].float(), "scores": preds["scores"].float()}
        classes = batch["cls"].view(-1)
        real = classes < self.nc
        anchors, strides = make_anchors(preds["feats"], self.stride, 0.5)
        self.unknown = unknown_anchors(
            anchors * strides,
            batch["batch_idx"].view(-1)[~real].long(),
            classes[~real].long() - self.nc,
            xywh2xyxy(batch["bboxes"][~real]) * self._size(preds),
            (preds["scores"].shape[0], self.nc),
        )
        known = {**batch, "cls": batch["cls"][real], "bboxes": batch["bboxes"][real]}
        known["batch_idx"] = batch["batch_idx"][real]
        return super().get_assigned_targets_and_loss(preds, known, **kwargs)

    def _size(self, preds: dict[str, Any]) -> Tensor:
        height, width = (n * self.stride[0] for n in preds["feats"][0].shape[2:])
        return torch.tensor([width, height, width, height], device=self.device)


def as_sure_as_labelled(assigner: nn.Module, given: tuple[Tensor, ...], assigned: tuple[Tensor, ...]) -> Any:
    """Ask of anchors no higher score than the damage that they were assigned to is sure.

    A hook of Ultralytics' assigner: `given[3]` are classes and doubts (pictures, n, 1), `assigned` are classes, boxes,
    scores (pictures, anchors, classes), foreground and numbers of the damage (pictures, anchors).
    """
    classes, boxes, scores, foreground, number = assigned
    if not given[3].shape[1]:
        return assigned
    sure = 1 - given[3].squeeze(-1).frac()
    return classes, boxes, scores * sure.gather(1, number).unsqueeze(-1), foreground, number


def unknown_anchors(
    points: Tensor, batch_idx: Tensor, classes: Tensor, boxes: Tensor, shape: tuple[int, int]
) -> Tensor | None:
    """Which anchor points lie where a class is unknown.

    `points` (a, 2) and `boxes` (n, 4; x0, y0, x1, y1) in pixels; `shape` is (pictures, classes). Returns a boolean
    tensor (pictures, a, classes), or None when every class is known everywhere.
    """
    if len(boxes) == 0:
        return None
    pictures, nc = shape
    x, y = points[:, 0], points[:, 1]
    inside = (x > boxes[:, 0:1]) & (x < boxes[:, 2:3]) & (y > boxes[:, 1:2]) & (y < boxes[:, 3:4])
    hits = torch.zeros(pictures * nc, len(points), device=points.device)
    hits.index_add_(0, batch_idx * nc + classes, inside.float())
    return (hits > 0).view(pictures, nc, -1).transpose(1, 2)


def partial_label_criterion(model: Any) -> PartialLabelLoss | E2ELoss:
    """The loss for this model's head: end-to-end (YOLO26) or one-to-many (YOLO11).

    When the model already has an end-to-end criterion (a resumed run), its place in the decay schedule is kept.
    """
    if getattr(model.model[-1], "one2one_cv2", None) is None:
        return PartialLabelLoss(model)
    criterion = E2ELoss(model, loss_fn=PartialLabelLoss)
    before = getattr(model, "criterion", None)
    if before is not None:
        criterion.updates = before.updates - 1
        criterion.update()
    return criterion
