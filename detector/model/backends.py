"""The network itself, on the runtime that suits the machine: OpenVINO on a CPU, torch on a GPU.

A backend takes a stream of batches and yields their boxes in the same order, working on one batch while the caller
makes the next. Pixels go in as uint8; scaling to 0..1 and the channel order are part of the network.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.boxes import iou
from detector.errors import SettingsError, WeightsError

Batch: TypeAlias = NDArray[np.uint8]  # (n, height, width, 3) RGB
Rows: TypeAlias = NDArray[np.float32]  # (k, 6): x0, y0, x1, y1 in input pixels, score, class id; best score first

MAX_DETECTIONS = 300  # a picture
MAX_CANDIDATES = 30_000  # boxes a picture that non-maximum suppression looks at
VOTERS = 0.1  # of a box's score is what a candidate needs to have a say in where the box lies


@dataclass(frozen=True, slots=True)
class Head:
    """How to read the network's output."""

    classes: int
    end_to_end: bool  # True: (n, 300, 6) final boxes. False: (n, 4 + classes, anchors), x and y of the centre, w, h
    nms_iou: float
    conf: float  # boxes that score less are dropped
    box_voting: bool = False  # see `vote`


class Backend(Protocol):
    """A network that is ready to run."""

    batch: int  # pictures that one batch should hold

    def infer(self, batches: Iterable[Batch]) -> Iterator[list[Rows]]:
        """For each batch, in order, the boxes of each of its pictures."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The network compiled for one input shape, with its idle inference requests."""

    model: Any
    idle: list[Any]
    depth: int  # requests in flight that keep the CPU busy


class OpenVINOBackend:
    """OpenVINO on the CPU; bfloat16 where the CPU has it.

    One picture a request and several requests in flight: YOLO26n at 640x384 on two cores with bfloat16 takes 13 ms a
    picture this way, 14 ms in batches of four, 25 ms one request at a time; float32 takes twice as long.
    """

    batch = 1

    def __init__(self, xml: Path, head: Head, precision: str | None = None) -> None:
        """Read the network; it is compiled when the first batch of a shape arrives.

        Args:
            xml: model.xml, with model.bin beside it; input (n, 3, height, width) float 0..1, dynamic.
            head: how to read the output.
            precision: "bf16" or "f32"; None takes bf16 on a CPU that has it.

        Raises:
            WeightsError: OpenVINO can't read it, or its output is not what the head says.
        """
        import openvino
        from openvino.preprocess import PrePostProcessor

        self._core = openvino.Core()
        self._head = head
        has_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._precision = precision or ("bf16" if has_bf16 else "f32")
        try:
            model = self._core.read_model(xml)
        except RuntimeError as error:
            raise WeightsError(xml, "OpenVINO can't read this network", "export the model again") from error
        _check_output(xml, model.output(0).partial_shape, head)
        graph = PrePostProcessor(model)
        pixels = graph.input()
        pixels.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        pixels.model().set_layout(openvino.Layout("NCHW"))
        pixels.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
        self._model = graph.build()
        self._compiled = lru_cache(maxsize=8)(self._compile)  # bounded: photo folders hold many shapes

    def infer(self, batches: Iterable[Batch]) -> Iterator[list[Rows]]:
        """See `Backend.infer`."""
        running: deque[tuple[_Compiled, Any, Batch]] = deque()  # the pixels are held: OpenVINO reads them in place
        for batch in batches:
            compiled = self._compiled(batch.shape)
            while len(running) >= compiled.depth:
                yield self._finish(*running.popleft()[:2])
            request = compiled.idle.pop() if compiled.idle else compiled.model.create_infer_request()
            pixels = np.ascontiguousarray(batch)
            request.start_async({0: pixels}, share_inputs=True)
            running.append((compiled, request, pixels))
        while running:
            yield self._finish(*running.popleft()[:2])

    def _finish(self, compiled: _Compiled, request: Any) -> list[Rows]:
        request.wait()
        rows = [read_head(picture, self._head) for picture in request.get_output_tensor(0).data]
        compiled.idle.append(request)
        return rows

    def _compile(self, shape: tuple[int, ...]) -> _Compiled:
        self._model.reshape(list(shape))
        hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": self._precision}
        model = self._core.compile_model(self._model, "CPU", hints)
        # Twice the streams: they find work waiting while the caller reads and tracks.
        return _Compiled(model, [], 2 * model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))


class TorchBackend:
    """The Ultralytics checkpoint on torch: in half precision on CUDA, float32 on a CPU."""

    batch = 16

    def __init__(self, checkpoint: Path, head: Head, device: str = "cuda") -> None:
        """Load the network onto `device`. Raises `WeightsError` if Ultralytics can't read the checkpoint."""
        import torch
        from ultralytics.models import YOLO

        self._torch = torch
        self._head = head
        self._device = torch.device(device)
        self._dtype = torch.float16 if self._device.type == "cuda" else torch.float32
        try:
            model: Any = YOLO(checkpoint).model
        except Exception as error:  # a broken pickle can raise anything
            raise WeightsError(
                checkpoint, "Ultralytics can't read this checkpoint", "export the model again"
            ) from error
        model.end2end = head.end_to_end  # chooses the head that fuse() keeps
        self._model = model.fuse(verbose=False).to(self._device, self._dtype).eval()

    def infer(self, batches: Iterable[Batch]) -> Iterator[list[Rows]]:
        """See `Backend.infer`."""
        running = None
        for batch in batches:  # the GPU works on `running` while the caller makes this batch
            done = None if running is None else self._finish(running)
            running = self._start(batch)
            if done is not None:
                yield done
        if running is not None:
            yield self._finish(running)

    def _start(self, batch: Batch) -> Any:
        with self._torch.inference_mode():
            pixels = self._torch.from_numpy(np.ascontiguousarray(batch)).to(self._device)
            return self._model(pixels.permute(0, 3, 1, 2).to(self._dtype) / 255)[0]

    def _finish(self, output: Any) -> list[Rows]:
        from ultralytics.utils.nms import non_max_suppression

        head, candidates = self._head, []
        with self._torch.inference_mode():
            if head.box_voting:  # before Ultralytics changes the output in place
                likely = [picture[:, picture[4:].amax(0) > VOTERS * head.conf] for picture in output.float()]
                candidates = [_candidates(picture.cpu().numpy()) for picture in likely]
            kept = non_max_suppression(
                output.float(),
                head.conf,
                head.nms_iou,
                nc=head.classes,
                max_det=MAX_DETECTIONS,
                end2end=head.end_to_end,
                max_time_img=60.0,  # by default it drops what is left of a batch after seconds, on a busy machine
            )
        found = [rows.cpu().numpy() for rows in kept]
        return [vote(*pair, head.nms_iou) for pair in zip(found, candidates, strict=True)] if candidates else found


class ONNXBackend:
    """ONNX Runtime, on the best of its installed providers: for machines with neither torch nor OpenVINO."""

    batch = 1

    def __init__(self, file: Path, head: Head) -> None:
        """Read the network: input (n, 3, height, width) float 0..1, dynamic.

        Raises:
            SettingsError: ONNX Runtime is not installed.
            WeightsError: it can't read the file, or the output is not what the head says.
        """
        try:
            import onnxruntime
        except ImportError as error:
            raise SettingsError("the form onnx needs onnxruntime; run: pip install onnxruntime") from error
        try:
            self._session = onnxruntime.InferenceSession(file, providers=onnxruntime.get_available_providers())
        except Exception as error:  # its own errors share no base
            raise WeightsError(file, "ONNX Runtime can't read this network", "export the model again") from error
        self._input = self._session.get_inputs()[0].name
        # The file may leave the output's shape open, so it is seen on a small grey picture.
        (output,) = self._session.run(None, {self._input: np.full((1, 3, 64, 64), 0.5, np.float32)})
        _check_output(file, output.shape, head)
        self._head = head

    def infer(self, batches: Iterable[Batch]) -> Iterator[list[Rows]]:
        """See `Backend.infer`."""
        for batch in batches:
            pixels = np.ascontiguousarray(batch.transpose(0, 3, 1, 2), np.float32) / 255
            (output,) = self._session.run(None, {self._input: pixels})
            yield [read_head(picture, self._head) for picture in output]


def read_head(output: NDArray[np.float32], head: Head) -> Rows:
    """One picture's output, (300, 6) or (4 + classes, anchors), to its boxes; class by class where they need NMS."""
    if head.end_to_end:
        return np.array(output[output[:, 4] > head.conf])
    least = VOTERS * head.conf if head.box_voting else head.conf
    candidates = _candidates(output[:, output[4:].max(axis=0) > least])
    shown = candidates[candidates[:, 4] > head.conf][:MAX_CANDIDATES]
    if not len(shown):
        return shown
    boxes = np.column_stack([shown[:, :2], shown[:, 2:4] - shown[:, :2]]).astype(np.float64)  # x, y, width, height
    classes = shown[:, 5].astype(int).tolist()
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), shown[:, 4].tolist(), classes, head.conf, head.nms_iou)
    rows = shown[np.asarray(kept, np.intp)[:MAX_DETECTIONS]]
    return vote(rows, candidates, head.nms_iou) if head.box_voting else rows


def vote(rows: Rows, candidates: Rows, nms_iou: float) -> Rows:
    """Move each box to where those candidates say that non-maximum suppression dropped for it, weighted by score.

    The best score is not always the best place. Gidaris & Komodakis (2015), arXiv:1505.01749. Candidates with less
    than `VOTERS` of a box's score don't count, so that a box's place does not hang on the threshold of the day.
    """
    voted = rows.copy()
    for class_id in np.unique(rows[:, 5]):
        own, others = rows[:, 5] == class_id, candidates[candidates[:, 5] == class_id]
        near = iou(rows[own, :4].astype(float), others[:, :4].astype(float)) > nms_iou
        weights = np.where(near & (others[:, 4] >= VOTERS * rows[own, None, 4]), others[:, 4], 0)
        total = weights.sum(axis=1, keepdims=True)
        voted[own, :4] = np.divide(weights @ others[:, :4], total, out=voted[own, :4], where=total > 0)
    return voted


def _candidates(output: NDArray[np.float32]) -> Rows:
    """All boxes of (4 + classes, anchors), each with its best class; best score first."""
    x, y, width, height = output[:4]
    scores, class_id = output[4:].max(axis=0), output[4:].argmax(axis=0)
    left, top = x - width / 2, y - height / 2
    rows = np.column_stack([left, top, left + width, top + height, scores, class_id]).astype(np.float32)
    return rows[np.argsort(-scores, kind="stable")]


def _check_output(xml: Path, shape: Any, head: Head) -> None:
    form = "(n, boxes, 6)" if head.end_to_end else f"(n, {4 + head.classes}, anchors)"
    axis, size = (2, 6) if head.end_to_end else (1, 4 + head.classes)
    if len(shape) != 3 or shape[axis] != size:
        raise WeightsError(xml, f"the network's output is {shape} and not {form} as its card says", "export it again")
