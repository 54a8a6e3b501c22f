import pickle
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import yaml

pytest.importorskip("albumentations", reason="needs the train extra: pip install -e '.[train]'")

import albumentations as A  # noqa: N812 - its documented alias

from detector.types import Image
from training.augment import contact_sheet, droplets, low_sun, night, wet_road, windscreen

CHANGES = (low_sun, wet_road, night, droplets)


def road(height: int = 120, width: int = 160) -> Image:
    """A bright sky over a grey road with a dark crack."""
    image = np.full((height, width, 3), 110, np.uint8)
    image[: height // 2] = (190, 205, 225)
    cv2.line(image, (70, 80), (95, 118), (50, 50, 50), 2)
    return image


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("size", [(120, 160), (61, 33), (640, 640)])
def test_a_changed_picture_has_its_size_and_is_not_the_same(
    change: Callable[[Image, np.random.Generator], Image], size: tuple[int, int]
) -> None:
    for seed in range(5):
        before = road(*size)
        after = change(before.copy(), np.random.default_rng(seed))
        assert after.shape == before.shape
        assert after.dtype == np.uint8
        assert not np.array_equal(after, before)
        assert np.array_equal(after, change(before.copy(), np.random.default_rng(seed)))


def test_each_does_what_it_says() -> None:
    for seed in range(10):
        image, rng = road(), np.random.default_rng(seed)
        assert low_sun(image, rng).mean() > image.mean()
        assert night(image, rng).mean() < 0.6 * image.mean()
        wet = wet_road(image, rng)
        assert np.array_equal(wet[:48], image[:48])
        assert wet[100:].mean() < image[100:].mean()


def test_damage_can_still_be_seen() -> None:
    image = road()
    crack, beside = image[90:100, 76:84], image[90:100, 110:130]
    assert beside.mean() - crack.mean() > 10
    for change in (low_sun, wet_road, droplets):
        kept = []
        for seed in range(20):
            after = change(image.copy(), np.random.default_rng(seed))
            kept.append(after[90:100, 110:130].mean() - after[90:100, 76:84].mean())
        assert np.median(kept) > 4


def test_the_sky_stays_above_the_road() -> None:
    sheet = contact_sheet(road(), seed=1, rows=5, columns=8)
    assert sheet.shape == (5 * 120, 8 * 160, 3)
    assert np.array_equal(sheet[:120, :160], road())
    tiles = sheet.reshape(5, 120, 8, 160, 3).swapaxes(1, 2).reshape(40, 120, 160, 3)
    assert len({tile.tobytes() for tile in tiles}) > 20
    assert sum(tile[:50].mean() > tile[70:].mean() for tile in tiles) >= 38  # noise of a night may hide it


def test_the_transforms_travel_to_workers_into_checkpoints_and_into_a_runs_settings() -> None:
    assert len(pickle.loads(pickle.dumps(windscreen()))) == len(windscreen())
    written = yaml.safe_dump([A.to_dict(transform) for transform in windscreen()])  # as Ultralytics writes args.yaml
    again = A.Compose([A.from_dict(transform) for transform in yaml.safe_load(written)], seed=3)
    first = A.Compose(windscreen(), seed=3)
    assert all(np.array_equal(first(image=road())["image"], again(image=road())["image"]) for _ in range(20))
