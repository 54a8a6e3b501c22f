"""The real network, both its heads, on real pictures: OpenVINO, our torch path and Ultralytics itself agree."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.images import read_image
from detector.model.backends import Head, OpenVINOBackend, TorchBackend
from detector.model.predictor import Predictor
from detector.model.weights import Card, Weights, load_weights, write_card
from detector.types import Detection, Image

pytestmark = pytest.mark.slow

CONF, NMS_IOU = 0.05, 0.7


@pytest.fixture(scope="module")
def pictures(shared: Path) -> list[Image]:
    paths = sorted((shared / "road-damage" / "val" / "images").glob("*.webp"))
    return [read_image(path) for path in paths[:: len(paths) // 24]]


@pytest.fixture(scope="module", params=[True, False], ids=["end_to_end", "raw"])
def exported(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    os.environ["YOLO_OFFLINE"] = "1"
    ultralytics = pytest.importorskip("ultralytics")
    folder = tmp_path_factory.mktemp("coco") / ("end_to_end" if request.param else "raw")
    folder.mkdir()
    shutil.copyfile(shared / "weights" / "coco" / "yolo26n_coco_rebuilt.pt", folder / "model.pt")
    nms = False if request.param else None  # False keeps the head that needs no suppression
    options = {"format": "openvino", "quantize": 16, "imgsz": 640, "dynamic": True, "nms": nms}
    made = Path(ultralytics.YOLO(folder / "model.pt").export(**options))
    made.rename(folder / "openvino")
    return folder


@pytest.fixture
def weights(exported: Path, make_card: Callable[..., Card]) -> Weights:
    from ultralytics import YOLO

    names = list(YOLO(exported / "model.pt").names.values())
    head = {"end_to_end": exported.name == "end_to_end", "conf": CONF, "nms_iou": NMS_IOU}
    write_card(exported, make_card(input_px=640, classes=names, **head))
    return load_weights(exported, names)


def predictor_on(backend: type[OpenVINOBackend] | type[TorchBackend], weights: Weights, **options: Any) -> Predictor:
    """A predictor whose network runs on the CPU in the wanted way."""
    predictor = Predictor(weights, "cpu")
    head = Head(len(weights.card.classes), weights.card.end_to_end, NMS_IOU, CONF)
    path = weights.checkpoint() if backend is TorchBackend else weights.openvino()
    ((_, looks),) = predictor._backends
    predictor._backends = [(backend(path, head, **options), looks)]
    return predictor


def unmatched(these: list[list[Detection]], those: list[list[Detection]], score: float, iou: float) -> float:
    """The fraction of `these`, clear of the threshold, without a partner of their class among `those`."""
    clear = missing = 0
    for some, others in zip(these, those, strict=True):
        for one in some:
            if one.score < CONF + score:
                continue
            clear += 1
            missing += not any(
                one.class_id == other.class_id and abs(one.score - other.score) < score and overlap(one, other) > iou
                for other in others
            )
    assert clear > 40
    return missing / clear


def overlap(a: Detection, b: Detection) -> float:
    p, q = np.array(a.box), np.array(b.box)
    shared = np.prod(np.clip(np.minimum(p[2:], q[2:]) - np.maximum(p[:2], q[:2]), 0, None))
    return float(shared / (np.prod(p[2:] - p[:2]) + np.prod(q[2:] - q[:2]) - shared))


def test_our_torch_path_is_ultralytics_predict(weights: Weights, pictures: list[Image]) -> None:
    from ultralytics import YOLO

    nms = False if weights.card.end_to_end else None
    options = {"conf": CONF, "iou": NMS_IOU, "imgsz": 640, "device": "cpu", "verbose": False, "nms": nms}
    model = YOLO(weights.checkpoint())
    theirs = []
    for picture in pictures:
        boxes = model.predict(picture[..., ::-1], **options)[0].boxes.data.tolist()
        theirs.append([Detection((x0, y0, x1, y1), score, int(c)) for x0, y0, x1, y1, score, c in boxes])
    ours = predictor_on(TorchBackend, weights, device="cpu").predict(pictures)
    assert unmatched(theirs, ours, score=0.005, iou=0.98) == 0
    assert unmatched(ours, theirs, score=0.005, iou=0.98) == 0


@pytest.mark.parametrize(("precision", "score", "iou", "allowed"), [("f32", 0.01, 0.97, 0.0), (None, 0.05, 0.9, 0.05)])
def test_openvino_is_torch(
    weights: Weights, pictures: list[Image], precision: str | None, score: float, iou: float, allowed: float
) -> None:
    torch = predictor_on(TorchBackend, weights, device="cpu").predict(pictures)
    openvino = predictor_on(OpenVINOBackend, weights, precision=precision).predict(pictures)
    assert unmatched(torch, openvino, score, iou) <= allowed
    assert unmatched(openvino, torch, score, iou) <= allowed


@pytest.mark.gpu
def test_half_precision_on_cuda_is_float_on_the_cpu(weights: Weights, pictures: list[Image]) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    half = Predictor(weights, "cuda").predict(pictures)
    full = predictor_on(TorchBackend, weights, device="cpu").predict(pictures)
    assert unmatched(half, full, score=0.03, iou=0.9) <= 0.05
    assert unmatched(full, half, score=0.03, iou=0.9) <= 0.05
