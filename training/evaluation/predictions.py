"""The boxes to be measured: of a model that is run, or of any program that wrote them as `schouw predict` does."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, FiniteFloat, TypeAdapter, ValidationError

from detector.errors import InputError, SettingsError
from detector.images import read_image
from detector.model.predictor import Device, Predictor
from detector.model.weights import Form, Weights
from detector.taxonomy import NAMES
from detector.types import Detection
from training.data.pictures import LabelledPicture
from training.evaluation.matching import Predictions

EVALUATION_CONF = 0.01  # average precision needs the long tail of doubtful boxes


Score = Annotated[float, Field(ge=0, le=1)]
ClassId = Annotated[int, Field(ge=0, lt=len(NAMES))]
Row: TypeAlias = tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat, Score, ClassId]
PARTS = ("x0", "y0", "x1", "y1", "score", "class")  # of a row


def _ordered(row: Row) -> Row:
    if row[2] < row[0] or row[3] < row[1]:
        raise ValueError("a box is x0, y0, x1, y1, and this one ends before it begins")
    return row


FILE = TypeAdapter(dict[str, list[Annotated[Row, AfterValidator(_ordered)]]])


def predict_all(predictor: Predictor, pictures: Sequence[LabelledPicture]) -> dict[str, list[Detection]]:
    """Run the model on every picture. Raises SettingsError where two have one name."""
    check_names(pictures)
    images = ((p.path.stem, read_image(p.path, upright=True)) for p in pictures)
    return dict(predictor.stream(images))


def check_names(pictures: Sequence[LabelledPicture]) -> None:
    """Raise SettingsError where two pictures have one name: boxes are kept by it."""
    alike = [name for name, times in Counter(p.path.stem for p in pictures).items() if times > 1]
    if alike:
        raise SettingsError(f"two pictures have the same name, {alike[0]}; rename one")


def network_predictions(
    weights: Weights, pictures: Sequence[LabelledPicture], device: Device = "cpu", form: Form | None = None
) -> dict[str, list[Detection]]:
    """Boxes with the network's own scores, as if the card had no calibration."""
    bare = replace(weights, card=weights.card.model_copy(update={"calibration": None}))
    return predict_all(Predictor(bare, device, EVALUATION_CONF, form), pictures)


def read_predictions(path: Path, pictures: Sequence[LabelledPicture]) -> Predictions:
    """Read `{"picture stem": [[x0, y0, x1, y1, score, class id], ...]}`, boxes in pixels of the upright picture.

    Raises:
        InputError: it is no such file, or lacks a picture.
        SettingsError: two pictures have one name.
    """
    check_names(pictures)
    try:
        content = FILE.validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(path, f"can't be read ({error.strerror})", "write it with `schouw predict --json`") from error
    except ValidationError as error:
        raise InputError(path, _first_problem(error), "write it as `schouw predict --json` does") from error
    found = {stem: [Detection((*row[:4],), row[4], row[5]) for row in rows] for stem, rows in content.items()}
    missing = [p.path.stem for p in pictures if p.path.stem not in found]
    if missing:
        raise InputError(
            path,
            f"lacks {len(missing)} of {len(pictures)} pictures, such as {missing[0]}",
            "predict all pictures; one without damage has an empty list",
        )
    return found


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    if len(first["loc"]) < 2:
        return "is no list of boxes by picture"
    stem, box, *column = first["loc"]
    part = f", {PARTS[int(column[0])]}" if column else ""
    return f"picture {stem}, box {int(box) + 1}{part}: {first['msg'].removeprefix('Value error, ')}"
