"""Pictures in, damage in the pictures' own pixels out."""

import ctypes
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from itertools import groupby, tee
from typing import Literal, TypeAlias, TypeVar

import numpy as np

from detector.errors import SettingsError
from detector.model.backends import Backend, Batch, Head, ONNXBackend, OpenVINOBackend, Rows, TorchBackend
from detector.model.calibration import calibrate, network_scores
from detector.model.preprocess import Letterbox, letterbox
from detector.model.views import fuse, mirrored
from detector.model.weights import Card, Form, Look, Weights, networks
from detector.types import Detection, Floats, Image

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
Key = TypeVar("Key")
Layouts: TypeAlias = tuple[Letterbox, ...]  # of each look
LEAST_TO_FUSE = 0.01  # score of a look's box; what is fused must not hang on the threshold of the day


class Predictor:
    """A model on a device. Not to be shared between threads."""

    def __init__(
        self, weights: Weights, device: Device = "auto", conf: float | None = None, form: Form | None = None
    ) -> None:
        """Load the model.

        Args:
            weights: its card and files.
            device: "cpu" runs OpenVINO, "cuda" torch; "auto" takes CUDA where torch finds it.
            conf: score threshold for all classes; None takes the shipped ones.
            form: the form of the network to run; None takes torch on CUDA, on a CPU the integers where there are.

        Raises:
            SettingsError: an impossible `conf`, or "cuda" where there is none.
            WeightsError: the files of this device are missing, changed or unreadable.
        """
        card = weights.card
        looks = (Look(input_px=card.input_px), *card.more_looks)
        self._looks = tuple(sorted(looks, key=lambda look: look.network or ""))  # a network's looks follow each other
        self._thresholds = np.array(_thresholds(card, conf))
        self._calibration = _calibration(card)
        least = self._thresholds
        if self._calibration is not None:
            least = network_scores(self._thresholds, self._calibration)
        self.device = choose_device(device)
        self.form: Form = form or _form(weights, self.device)
        floor = float(least.min())
        if card.more_looks:
            floor = min(floor, LEAST_TO_FUSE)
        self._backends: list[tuple[Backend, tuple[Look, ...]]] = []
        of = networks(weights)
        for name, own in groupby(self._looks, key=lambda look: look.network):
            ran = self.form if name is None or of[name].has(self.form) else "openvino"
            self._backends.append((_backend(of[name], ran, floor, self.device), tuple(own)))
        self._batch = min(backend.batch for backend, _ in self._backends)
        self._letterbox = lru_cache(maxsize=256)(letterbox)

    def predict(self, images: Iterable[Image]) -> list[list[Detection]]:
        """Find the damage in each picture, best score first, in that picture's pixels."""
        return [detections for _, detections in self.stream(enumerate(images))]

    def stream(self, pictures: Iterable[tuple[Key, Image]]) -> Iterator[tuple[Key, list[Detection]]]:
        """Like `predict` for pictures that arrive one by one, each with a key of the caller's.

        The order is kept. Pictures are pulled while the model works on earlier ones, so reading costs no extra time.
        """
        waiting: deque[list[tuple[Key, Layouts]]] = deque()

        def groups() -> Iterator[tuple[list[Image], list[Layouts]]]:
            for group in self._groups(pictures):
                layouts = [self._layouts(image) for _, image in group]
                waiting.append([(key, laid) for (key, _), laid in zip(group, layouts, strict=True)])
                yield [image for _, image in group], layouts

        turns: list[Iterator[list[Rows]]] = []  # whose output comes next, look by look
        for copy, (backend, looks) in zip(tee(groups(), len(self._backends)), self._backends, strict=True):
            turns += [backend.infer(self._batches(copy, looks))] * len(looks)
        for seen in zip(*turns, strict=True):
            for (key, layouts), rows in zip(waiting.popleft(), zip(*seen, strict=True), strict=True):
                yield key, self._detections(rows, layouts)

    def _batches(self, groups: Iterable[tuple[list[Image], list[Layouts]]], looks: Sequence[Look]) -> Iterator[Batch]:
        """What one network is shown of each group: a batch for each of its looks."""
        for images, layouts in groups:
            for look in looks:
                n = self._looks.index(look)
                shown = (image[:, ::-1] if look.mirrored else image for image in images)
                yield np.stack([laid[n].apply(image) for laid, image in zip(layouts, shown, strict=True)])

    def _groups(self, pictures: Iterable[tuple[Key, Image]]) -> Iterator[list[tuple[Key, Image]]]:
        """Neighbours of one input shape go together, at most a batch of them."""
        group: list[tuple[Key, Image]] = []
        for key, image in pictures:
            if group and [a.input for a in self._layouts(group[-1][1])] != [b.input for b in self._layouts(image)]:
                yield group
                group = []
            group.append((key, image))
            if len(group) == self._batch:
                yield group
                group = []
        if group:
            yield group

    def _layouts(self, image: Image) -> Layouts:
        height, width = image.shape[:2]
        return tuple(self._letterbox(width, height, look.input_px) for look in self._looks)

    def _detections(self, looks: Sequence[Rows], layouts: Layouts) -> list[Detection]:
        """Boxes over their class's threshold; none that the clipping left without an area."""
        seen = [self._in_picture(*look) for look in zip(looks, layouts, self._looks, strict=True)]
        rows = seen[0] if len(seen) == 1 else fuse(seen)
        boxes, scores, class_ids = rows[:, :4], rows[:, 4], rows[:, 5].astype(int)
        if self._calibration is not None:
            scores = calibrate(scores, self._calibration[class_ids])
        kept = (scores > self._thresholds[class_ids]) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        best = np.flatnonzero(kept)[np.argsort(-scores[kept], kind="stable")]
        found = zip(boxes[best].tolist(), scores[best].tolist(), class_ids[best].tolist(), strict=True)
        return [Detection((x0, y0, x1, y1), score, class_id) for (x0, y0, x1, y1), score, class_id in found]

    @staticmethod
    def _in_picture(rows: Rows, layout: Letterbox, look: Look) -> Floats:
        """(k, 6) rows of one look, in the picture's pixels."""
        boxes = layout.to_picture(rows[:, :4])
        return np.column_stack([mirrored(boxes, layout.picture[0]) if look.mirrored else boxes, rows[:, 4:]])


def choose_device(device: Device) -> Literal["cpu", "cuda"]:
    """Settle "auto"; raise `SettingsError` for "cuda" without torch, Ultralytics or a device."""
    if device == "cpu":
        return "cpu"
    missing = [package for package in ("torch", "ultralytics") if find_spec(package) is None]
    if device == "auto":
        # The driver is asked first: importing torch takes seconds, for nothing on a machine without a GPU.
        return "cuda" if not missing and _cuda_driver() and _cuda_device() else "cpu"
    if missing:
        raise SettingsError(
            f"--device cuda needs {' and '.join(missing)}; run pip install 'schouw[gpu]', or use --device cpu"
        )
    if not _cuda_device():
        raise SettingsError("--device cuda: torch finds no CUDA device here; use --device cpu")
    return "cuda"


def _form(weights: Weights, device: str) -> Form:
    if device == "cuda":
        return "torch"
    return "openvino-int8" if weights.has("openvino-int8") else "openvino"


def _backend(weights: Weights, form: Form, conf: float, device: str) -> Backend:
    card = weights.card
    head = Head(len(card.classes), card.end_to_end, card.nms_iou, conf)
    path = weights.path(form)
    if form == "torch":
        return TorchBackend(path, head, device)
    return ONNXBackend(path, head) if form == "onnx" else OpenVINOBackend(path, head)


def _calibration(card: Card) -> Floats | None:
    """(classes, 3) parameters, in the order of the class ids."""
    return None if card.calibration is None else np.array([card.calibration[name] for name in card.classes])


def _thresholds(card: Card, conf: float | None) -> tuple[float, ...]:
    """`conf` for all classes where it is given, else the shipped ones."""
    if conf is None:
        return card.thresholds()
    if not 0.0 <= conf <= 1.0:
        raise SettingsError(f"the score threshold must lie between 0 and 1, not {conf}")
    return (conf,) * len(card.classes)


def _cuda_driver() -> bool:
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _cuda_device() -> bool:
    import torch

    return bool(torch.cuda.is_available())
