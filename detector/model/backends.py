"""The network itself, on the runtime that suits the machine: OpenVINO on a CPU, torch on a GPU.

A backend takes a stream of batches and yields their boxes in the same order, working on one batch while the caller
makes the next. Pixels go in as uint8; scaling to 0..1 and the channel order are part of the network.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.errors import SettingsError, WeightsError

Batch: TypeAlias = NDArray[np.uint8]  # (n, height, width, 3) RGB
Rows: TypeAlias = NDArray[np.float32]  # (k, 6): x0, y0, x1, y1 in input pixels, score, class id; best score first

MAX_DETECTIONS = 300  # a picture
MAX_CANDIDATES = 30_000  # boxes a picture that non-maximum suppression looks at


@dataclass(frozen=True, slots=True)
class Head:
    """How to read the network's output."""

    classes: int
    end_to_end: bool  # True: (n, 300, 6) final boxes. False: (n, 4 + classes, anchors), x and y of the centre, w, h
    nms_iou: float
    conf: float  # boxes that score less are dropped


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
        if self._device.type == "cpu":
            take_all_cores()
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

        head = self._head
        with self._torch.inference_mode():
            kept = non_max_suppression(
                output.float(),
                head.conf,
                head.nms_iou,
                nc=head.classes,
                max_det=MAX_DETECTIONS,
                end2end=head.end_to_end,
                max_time_img=60.0,  # by default it drops what is left of a batch after seconds, on a busy machine
            )
        return [rows.cpu().numpy() for rows in kept]


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


def take_all_cores() -> None:
    """Have torch work on every core: Ultralytics leaves one idle, which on two cores is half."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)


def read_head(output: NDArray[np.float32], head: Head) -> Rows:
    """One picture's output, (300, 6) or (4 + classes, anchors), to its boxes; class by class where they need NMS."""
    if head.end_to_end:
        return np.array(output[output[:, 4] > head.conf])
    scores = output[4:].max(axis=0)
    candidates = np.flatnonzero(scores > head.conf)
    if len(candidates) > MAX_CANDIDATES:
        candidates = candidates[np.argsort(-scores[candidates])[:MAX_CANDIDATES]]
    if not len(candidates):
        return np.zeros((0, 6), np.float32)
    x, y, width, height = output[:4, candidates]
    score, class_id = scores[candidates], output[4:, candidates].argmax(axis=0)
    left, top = x - width / 2, y - height / 2
    boxes = np.column_stack([left, top, width, height]).astype(np.float64)
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), score.tolist(), class_id.tolist(), head.conf, head.nms_iou)
    rows = np.column_stack([left, top, left + width, top + height, score, class_id])
    return rows[np.asarray(kept, np.intp)[:MAX_DETECTIONS]].astype(np.float32)


def _check_output(xml: Path, shape: Any, head: Head) -> None:
    form = "(n, boxes, 6)" if head.end_to_end else f"(n, {4 + head.classes}, anchors)"
    axis, size = (2, 6) if head.end_to_end else (1, 4 + head.classes)
    if len(shape) != 3 or shape[axis] != size:
        raise WeightsError(xml, f"the network's output is {shape} and not {form} as its card says", "export it again")
