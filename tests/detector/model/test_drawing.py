import numpy as np
import pytest

from detector.model.drawing import draw
from detector.taxonomy import CLASSES, DamageClass
from detector.types import Detection, Image


def asphalt(width: int, height: int) -> Image:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize("size", [(40, 30), (640, 360), (4000, 3000)])
@pytest.mark.parametrize("damage", CLASSES, ids=lambda c: c.name)
def test_a_box_in_the_colour_of_its_class_at_any_size(size: tuple[int, int], damage: DamageClass) -> None:
    width, height = size
    picture = asphalt(width, height)
    box = (width * 0.3, height * 0.5, width * 0.6, height * 0.8)
    drawn = draw(picture, [Detection(box, 0.87, damage.id)])
    assert (picture == 90).all()
    assert drawn.shape == picture.shape
    corner = drawn[round(box[3]), round(box[2])]
    np.testing.assert_array_equal(corner, list(bytes.fromhex(damage.colour[1:])))
    y, _ = np.nonzero((drawn != 90).any(axis=2))
    assert y.min() < box[1] or y.max() > box[3]  # the label stands beside the box


def test_labels_stay_in_the_picture() -> None:
    """Boxes at every edge give the same label, whole, as one in the middle."""
    counts = []
    for box in [(300, 200, 400, 300), (0, 0, 100, 100), (540, 0, 639, 100), (540, 380, 639, 479), (0, 380, 100, 479)]:
        drawn = draw(asphalt(640, 480), [Detection(box, 0.5, 3)])
        counts.append((drawn < 40).all(axis=2).sum() + (drawn > 240).all(axis=2).sum())
    assert counts[0] > 50
    assert min(counts) == max(counts)


def test_nothing_found_nothing_drawn() -> None:
    np.testing.assert_array_equal(draw(asphalt(64, 64), []), asphalt(64, 64))
