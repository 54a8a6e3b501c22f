from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detector.errors import WeightsError
from detector.model.backends import MAX_DETECTIONS, Head, OpenVINOBackend, read_head

END_TO_END = Head(classes=5, end_to_end=True, nms_iou=0.5, conf=0.25)
RAW = Head(classes=2, end_to_end=False, nms_iou=0.5, conf=0.25)


def raw(*boxes: tuple[float, ...]) -> np.ndarray:
    """Columns of centre x, centre y, width, height, score of class 0, score of class 1."""
    return np.array(boxes, np.float32).T


def test_an_end_to_end_head_is_only_cut_at_the_threshold() -> None:
    rows = np.array([[0, 0, 9, 9, 0.9, 3], [0, 0, 9, 9, 0.8, 3], [1, 1, 2, 2, 0.2, 0]], np.float32)
    np.testing.assert_array_equal(read_head(rows, END_TO_END), rows[:2])


def test_a_raw_head_keeps_the_best_of_those_that_overlap() -> None:
    found = read_head(raw((20, 20, 20, 10, 0.6, 0), (21, 20, 20, 10, 0.9, 0), (80, 80, 10, 10, 0.5, 0)), RAW)
    np.testing.assert_allclose(found, [[11, 15, 31, 25, 0.9, 0], [75, 75, 85, 85, 0.5, 0]], rtol=1e-6)


def test_another_class_at_the_same_place_is_kept() -> None:
    found = read_head(raw((20, 20, 20, 10, 0.6, 0.1), (20, 20, 20, 10, 0.1, 0.9)), RAW)
    assert found[:, 5].tolist() == [1, 0]


def test_nothing_over_the_threshold() -> None:
    assert read_head(raw((20, 20, 20, 10, 0.25, 0.1)), RAW).shape == (0, 6)


def test_at_most_three_hundred_of_a_crowd_and_the_best() -> None:
    rng = np.random.default_rng(1)
    crowd = np.column_stack([rng.uniform(0, 9e4, (4000, 2)), np.full((4000, 2), 5), rng.uniform(0, 1, (4000, 2))])
    found = read_head(raw(*crowd), RAW)
    assert len(found) == MAX_DETECTIONS
    assert (np.diff(found[:, 4]) <= 0).all()
    assert found[0, 4] == pytest.approx(crowd[:, 4:].max())


def test_the_same_suppression_as_ultralytics() -> None:
    torch = pytest.importorskip("torch")
    nms = pytest.importorskip("ultralytics.utils.nms")
    rng = np.random.default_rng(2)
    crowd = np.column_stack([rng.uniform(0, 200, (800, 2)), rng.uniform(20, 60, (800, 2)), rng.uniform(0, 1, (800, 2))])
    output = raw(*crowd)
    theirs = nms.non_max_suppression(torch.from_numpy(output)[None], 0.25, 0.5, max_det=MAX_DETECTIONS)[0].numpy()
    np.testing.assert_allclose(read_head(output, RAW), theirs, atol=1e-3)


def test_batches_of_changing_shapes_come_back_in_order(make_model: Callable[..., Path]) -> None:
    backend = OpenVINOBackend(make_model() / "openvino" / "model.xml", END_TO_END, precision="f32")
    levels = np.linspace(80, 250, 40).round().astype(np.uint8)
    batches = (np.full((1 + i % 2, 32 * (1 + i % 3), 64, 3), level, np.uint8) for i, level in enumerate(levels))
    found = list(backend.infer(batches))
    assert [len(pictures) for pictures in found] == [1 + i % 2 for i in range(40)]
    scores = [pictures[-1][0, 4] for pictures in found]
    np.testing.assert_allclose(scores, levels / 255, atol=1e-4)


def test_an_abandoned_stream_leaves_the_backend_usable(make_model: Callable[..., Path]) -> None:
    backend = OpenVINOBackend(make_model() / "openvino" / "model.xml", END_TO_END, precision="f32")
    white, black = np.full((1, 32, 64, 3), 255, np.uint8), np.zeros((1, 32, 64, 3), np.uint8)
    stream = backend.infer([white] * 20)
    next(stream)
    stream.close()
    assert [len(rows) for (rows,) in backend.infer([black, white, black])] == [0, 1, 0]


def test_an_output_that_is_not_what_the_card_says(make_model: Callable[..., Path]) -> None:
    xml = make_model() / "openvino" / "model.xml"
    with pytest.raises(WeightsError, match=r"output is .* not \(n, 9, anchors\)"):
        OpenVINOBackend(xml, Head(5, end_to_end=False, nms_iou=0.5, conf=0.25))


def test_a_network_that_cannot_be_read(tmp_path: Path) -> None:
    xml = tmp_path / "model.xml"
    xml.write_text("not a network")
    with pytest.raises(WeightsError, match="can't read this network"):
        OpenVINOBackend(xml, END_TO_END)
