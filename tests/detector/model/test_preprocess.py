import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detector.model.preprocess import letterbox

sides = st.integers(16, 4000)


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [
        (1920, 1080, (640, 384)),
        (1080, 1920, (384, 640)),
        (600, 600, (640, 640)),
        (1024, 640, (640, 416)),
        (640, 640, (640, 640)),
        (4000, 20, (640, 32)),
    ],
)
def test_the_smallest_rectangle_of_whole_strides(width: int, height: int, shape: tuple[int, int]) -> None:
    assert letterbox(width, height, 640).input == shape


@settings(deadline=None)
@given(sides, sides, st.sampled_from([320, 512, 640, 960]))
def test_corners_go_there_and_back(width: int, height: int, input_px: int) -> None:
    layout = letterbox(width, height, input_px)
    assert max(layout.input) == input_px
    assert all(side % 32 == 0 for side in layout.input)
    x0, y0 = layout.left, layout.top
    x1, y1 = x0 + layout.resized[0], y0 + layout.resized[1]
    np.testing.assert_allclose(layout.to_picture(np.array([[x0, y0, x1, y1]])), [[0, 0, width, height]], atol=1e-6)


@settings(deadline=None)
@given(
    sides,
    sides,
    st.lists(st.tuples(*[st.floats(-900, 900, allow_nan=False)] * 4), min_size=1, max_size=5).map(np.array),
)
def test_boxes_end_inside_the_picture(width: int, height: int, boxes: np.ndarray) -> None:
    found = letterbox(width, height, 640).to_picture(boxes)
    assert found.shape == boxes.shape
    assert (found >= 0).all()
    assert (found <= [width, height, width, height]).all()


def test_no_boxes() -> None:
    assert letterbox(100, 50, 64).to_picture(np.zeros((0, 4))).shape == (0, 4)


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 300), st.integers(20, 300), st.integers(0, 2**32 - 1))
def test_the_same_pixels_and_boxes_as_ultralytics(width: int, height: int, seed: int) -> None:
    augment = pytest.importorskip("ultralytics.data.augment")
    ops = pytest.importorskip("ultralytics.utils.ops")
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    layout = letterbox(width, height, 160)
    mine = layout.apply(image)
    np.testing.assert_array_equal(mine, augment.LetterBox(160, auto=True, stride=32)(image=image))
    # Both sides are scaled by one number there, told from the shape: a side rounded to just 32 px falsifies it.
    assume(min(mine.shape[0] / height, mine.shape[1] / width) == min(160 / height, 160 / width))
    boxes = rng.uniform(-10, 170, (8, 4))
    theirs = ops.scale_boxes(mine.shape[:2], boxes.copy(), image.shape[:2])
    np.testing.assert_allclose(layout.to_picture(boxes), theirs, atol=1e-9)
