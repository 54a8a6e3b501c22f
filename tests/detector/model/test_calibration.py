from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from detector.errors import WeightsError
from detector.model.calibration import calibrate
from detector.model.predictor import Predictor
from detector.model.weights import load_weights
from detector.taxonomy import NAMES

MakeModel = Callable[..., Path]
HALF = [1.0, 1.0, -2.0]  # 0.5 becomes 0.12
CALIBRATION = {name: [1.0, 1.0, 0.0] for name in NAMES} | {"pothole": HALF}


def test_a_detections_score_is_a_probability(make_model: MakeModel) -> None:
    """The model's score is the brightness; its card says what that means."""
    grey = np.full((64, 64, 3), 204, np.uint8)
    weights = load_weights(make_model(calibration=CALIBRATION))
    (found,) = Predictor(weights, "cpu", conf=0.0).predict([grey])
    pothole = next(d for d in found if d.class_id == 3)
    assert pothole.score == pytest.approx(calibrate([0.8], HALF)[0], abs=0.01)


@pytest.mark.parametrize(("conf", "count"), [(0.30, 1), (0.40, 0)])
def test_thresholds_are_probabilities_too(make_model: MakeModel, conf: float, count: int) -> None:
    grey = np.full((64, 64, 3), 204, np.uint8)  # network 0.8, probability 0.35
    weights = load_weights(make_model(calibration=CALIBRATION, conf=conf))
    assert len(Predictor(weights, "cpu").predict([grey])[0]) == count
    assert len(Predictor(weights, "cpu", conf=conf).predict([grey])[0]) == count


@pytest.mark.parametrize(
    ("calibration", "says"),
    [
        ({"pothole": HALF}, "calibration must name every class once"),
        (CALIBRATION | {"pothole": [1.0, 1.0]}, "at least 3 items"),
        (CALIBRATION | {"pothole": [-1.0, 1.0, 0.0]}, "0 or more"),
        (CALIBRATION | {"pothole": [0.0, 0.0, 1.0]}, "not both 0"),
        (CALIBRATION | {"pothole": [1.0, float("nan"), 1.0]}, "finite"),
    ],
)
def test_an_impossible_calibration_is_refused(
    make_model: MakeModel, calibration: dict[str, list[float]], says: str
) -> None:
    folder = make_model()
    card = yaml.safe_load((folder / "card.yaml").read_text())
    (folder / "card.yaml").write_text(yaml.safe_dump(card | {"calibration": calibration}))
    with pytest.raises(WeightsError, match=says):
        load_weights(folder)
