"""What is unknown stays unknown, however little of it a random perspective leaves."""

import pytest

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

import numpy as np
from ultralytics.data.augment import Compose, RandomPerspective
from ultralytics.utils.instance import Instances

from detector.taxonomy import CLASSES
from training.perspective import UnknownKept, replace_perspective

UNKNOWN_RAVELLING = float(len(CLASSES) + 4)


def corner_of(class_id: float) -> list[float]:
    """The classes left when a picture slides until one corner of a box shows, 16 by 16 px of 100 by 100."""
    slide = UnknownKept(RandomPerspective(size=(100, 100)))
    labels = {
        "img": np.zeros((100, 100, 3), np.uint8),
        "cls": np.array([[class_id]], np.float32),
        "instances": Instances(
            np.array([[0, 0, 1, 1]], np.float32), np.zeros((0, 1000, 2), np.float32), bbox_format="xyxy"
        ),
    }
    moved = np.array([[1, 0, 84], [0, 1, 84], [0, 0, 1]], np.float32)
    params = {"M": moved, "scale": 1.0, "orig_shape": (100, 100), "size": (100, 100)}
    made = slide.apply_instances(labels, params)
    assert len(made["instances"]) == len(made["cls"])
    return [float(c) for c in made["cls"].ravel()]


def test_a_corner_of_an_unknown_region_is_kept_and_one_of_damage_is_not() -> None:
    assert corner_of(UNKNOWN_RAVELLING) == [UNKNOWN_RAVELLING]
    assert corner_of(4.0) == []


def test_what_is_out_of_sight_is_dropped() -> None:
    away = UnknownKept(RandomPerspective(size=(100, 100)))
    away.unknown = np.array([True, True])
    after = np.array([[0, 0, 5, 100], [100, 20, 100, 40]], np.float64).T
    assert away.box_candidates(box1=after, box2=after).tolist() == [True, False]


def test_every_random_perspective_of_a_chain_is_replaced_with_its_settings() -> None:
    chain = Compose([Compose([RandomPerspective(degrees=3.0, scale=0.2, size=(64, 48))]), Compose([])])
    replace_perspective(chain, UnknownKept)
    made = chain.transforms[0].transforms[0]
    assert isinstance(made, UnknownKept)
    assert (made.degrees, made.scale, made.size) == (3.0, 0.2, (64, 48))
