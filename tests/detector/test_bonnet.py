import cv2
import numpy as np
import pytest

from detector.scene.bonnet import find_bonnet


def road(seed: int, bonnet: float | None = None, paint: bool = True) -> np.ndarray:
    """A grainy road with a lane line; below `bonnet` (a part of the height) a dark arc with changing reflections."""
    rng = np.random.default_rng(seed)
    image = cv2.GaussianBlur(rng.normal(110 + rng.normal(0, 20), 40, (360, 640)).astype(np.float32), (0, 0), 2)
    image[:150] = 200
    if paint:
        cv2.line(image, (320, 150), (100, 360), 230, 6)
    if bonnet is not None:
        x = np.arange(640)
        top = bonnet * 360 + 12 * ((x - 320) / 320) ** 2
        shine = 30 + rng.uniform(0, 15) + 4 * rng.normal()
        image = np.where(np.arange(360)[:, None] > top, shine, image)
    return np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("bonnet", [0.7, 0.8, 0.9])
def test_the_bonnet_begins_at_its_arc(bonnet):
    assert find_bonnet([road(i, bonnet) for i in range(24)]) == pytest.approx(bonnet, abs=0.015)


def test_a_road_with_paint_has_no_bonnet():
    assert find_bonnet([road(i) for i in range(24)]) == 1.0


def test_few_pictures_tell_nothing():
    assert find_bonnet([road(i, 0.8) for i in range(5)]) == 1.0
    assert find_bonnet([]) == 1.0


def test_a_standing_car_has_no_bonnet_but_its_crossing_would_be_taken_for_one():
    crossing = road(0, paint=False)
    cv2.rectangle(crossing, (0, 300), (640, 320), (240, 240, 240), -1)
    assert find_bonnet([crossing] * 10) < 1.0  # why the sample is spread over the whole drive
