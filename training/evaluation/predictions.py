"""The boxes to be measured: of a model that is run, or of any program that wrote them as `schouw predict` does."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from detector.errors import InputError, SettingsError
from detector.images import read_image
from detector.model.predictor import Device, Predictor
from detector.model.weights import Form, Weights
from detector.types import Detection
from training.data.pictures import LabelledPicture
from training.evaluation.matching import Predictions, arrays

EVALUATION_CONF = 0.01  # average precision needs the long tail of doubtful boxes


def predict_all(predictor: Predictor, pictures: Sequence[LabelledPicture]) -> dict[str, list[Detection]]:
    """Run the model on every picture. Raises SettingsError where two have one name."""
    images = ((p.path.stem, read_image(p.path)) for p in pictures)
    found: dict[str, list[Detection]] = dict(predictor.stream(images))
    if len(found) != len(pictures):
        raise SettingsError("two pictures have the same name; rename one")
    return found


def network_predictions(
    weights: Weights, pictures: Sequence[LabelledPicture], device: Device = "cpu", form: Form | None = None
) -> dict[str, list[Detection]]:
    """Boxes with the network's own scores, as if the card had no calibration."""
    bare = replace(weights, card=weights.card.model_copy(update={"calibration": None}))
    return predict_all(Predictor(bare, device, EVALUATION_CONF, form), pictures)


def read_predictions(path: Path, pictures: Sequence[LabelledPicture]) -> Predictions:
    """Read `{"picture stem": [[x0, y0, x1, y1, score, class id], ...]}`, boxes in pixels of the picture as stored.

    Raises InputError for what is no such file, and for pictures that it does not list.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = {str(stem): [_detection(*row) for row in rows] for stem, rows in content.items()}
    except OSError as error:
        raise InputError(path, f"can't be read ({error.strerror})", "write it with `schouw predict --json`") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(path, "is no list of boxes by picture", "write it as `schouw predict --json` does") from error
    for stem, detections in found.items():
        try:
            arrays(detections, stem)
        except SettingsError as error:
            raise InputError(path, str(error)) from error
    missing = [p.path.stem for p in pictures if p.path.stem not in found]
    if missing:
        raise InputError(
            path,
            f"lacks {len(missing)} of {len(pictures)} pictures, such as {missing[0]}",
            "predict all pictures; one without damage has an empty list",
        )
    return found


def _detection(x0: float, y0: float, x1: float, y1: float, score: float, class_id: int) -> Detection:
    return Detection((float(x0), float(y0), float(x1), float(y1)), float(score), int(class_id))
