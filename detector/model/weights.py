"""A trained model on disk: one folder with the forms of its network and the card that vouches for them.

<name>/model.pt                         Ultralytics checkpoint, for CUDA and for further training
<name>/openvino/model.xml, .bin         the same network for the CPU
<name>/openvino-int8/model.xml, .bin    the same in 8-bit integers, where it was found as good: faster on a CPU
<name>/model.onnx                       the same for ONNX Runtime, where it was asked for
<name>/card.yaml                        what it is, what it was trained on, how good it is, the sha256 of each file
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.errors import WeightsError
from detector.files import atomic_path
from detector.taxonomy import NAMES

CARD = "card.yaml"
CHECKPOINT = "model.pt"
OPENVINO = ("openvino/model.xml", "openvino/model.bin")
OPENVINO_INT8 = ("openvino-int8/model.xml", "openvino-int8/model.bin")
ONNX = "model.onnx"

Form: TypeAlias = Literal["torch", "openvino", "openvino-int8", "onnx"]
FILES: dict[Form, tuple[str, ...]] = {  # of each form; the first is the one to open
    "torch": (CHECKPOINT,),
    "openvino": OPENVINO,
    "openvino-int8": OPENVINO_INT8,
    "onnx": (ONNX,),
}
POINTER = "default"  # the file in the weights folder that names the model in service


def _no_pointer(name: str) -> str:
    if name == POINTER:
        raise ValueError(f"'{POINTER}' is the file that names the model in service; choose another name")
    return name


# A model's folder is called by its name, so it may be no path, nor hidden.
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"), AfterValidator(_no_pointer)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Calibration = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=3, max_length=3)]


class Look(BaseModel):
    """One more look at every picture, whose boxes are fused with the others' (see `detector.model.views`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_px: int = Field(gt=0, multiple_of=32)
    mirrored: bool = False
    network: ModelName | None = None  # of another model in the weights folder; None: this model's own
    sha256: str | None = None  # of that model's checkpoint; packaging notes it


class Card(BaseModel):
    """What a model is. Unknown or missing keys are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: ModelName
    version: str
    created: date
    task: Literal["detect"]
    architecture: str
    input_px: int = Field(gt=0, multiple_of=32)  # longest side of the model's input
    more_looks: list[Look] = []
    classes: list[str] = Field(min_length=1)  # in the order of the class ids
    conf: Fraction | dict[str, Fraction]  # shipped score threshold, one for all or one for each class
    # From the network's score to the probability that `Detection.score` is: a, b, c of `detector.model.calibration`.
    calibration: dict[str, Calibration] | None = None
    nms_iou: Fraction
    end_to_end: bool  # True: the head gives final boxes; False: they still need non-maximum suppression
    licence: str
    data: list[str | dict[str, Any]]
    metrics: dict[str, Any]
    limits: list[str]
    files: dict[str, str] = {}  # path in the folder -> sha256
    history: list[dict[str, Any]] = []  # when it was put in service, over which model, and on what grounds

    @model_validator(mode="after")
    def _one_of_each_for_each_class(self) -> "Card":
        if isinstance(self.conf, dict) and set(self.conf) != set(self.classes):
            raise ValueError("conf must name every class once, or be one number")
        if self.calibration is not None:
            if set(self.calibration) != set(self.classes):
                raise ValueError("calibration must name every class once")
            if not all(a >= 0 and b >= 0 and a + b > 0 for a, b, _ in self.calibration.values()):
                raise ValueError("calibration needs a and b of 0 or more, and not both 0")
        return self

    def thresholds(self) -> tuple[float, ...]:
        """Return the shipped score threshold of each class, in the order of the class ids."""
        if isinstance(self.conf, dict):
            return tuple(self.conf[name] for name in self.classes)
        return (self.conf,) * len(self.classes)


@dataclass(frozen=True, slots=True)
class Weights:
    """A model folder whose card was read. A file's sha256 is verified when its path is asked for."""

    folder: Path
    card: Card

    def checkpoint(self) -> Path:
        """Path of the torch checkpoint. Raises `WeightsError` if it is missing or changed."""
        return self._verified(CHECKPOINT)

    def openvino(self) -> Path:
        """Path of the OpenVINO model.xml. Raises `WeightsError` if it or model.bin is missing or changed."""
        return self.path("openvino")

    def path(self, form: Form) -> Path:
        """Path of the file to open for a form. Raises `WeightsError` if a file of it is missing or changed."""
        first, *_ = [self._verified(name) for name in FILES[form]]
        return first

    def has(self, form: Form) -> bool:
        """Whether the card lists the files of this form."""
        return all(name in self.card.files for name in FILES[form])

    def _verified(self, name: str) -> Path:
        path = self.folder / name
        expected = self.card.files.get(name)
        if expected is None:
            raise WeightsError(self.folder / CARD, f"lists no file {name}", "export the model in that form first")
        if not path.is_file():
            raise WeightsError(path, "the weights file is missing", "fetch or export the model again")
        found = sha256(path)
        if found != expected:
            raise WeightsError(
                path,
                f"wrong sha256: the card expects {expected[:12]}, the file has {found[:12]}",
                "fetch the file again, or export the model again if you meant to change it",
            )
        return path


def weights_folder() -> Path:
    """Where models are looked up by name.

    The folder that SCHOUW_WEIGHTS names, else `weights/` of the source tree, else the one an installed wheel brought.
    """
    if named := os.environ.get("SCHOUW_WEIGHTS"):
        return Path(named)
    tree = Path(__file__).resolve().parents[2]
    if (tree / "pyproject.toml").is_file():
        return tree / "weights"
    return Path(sys.prefix) / "share" / "schouw" / "weights"


def default_weights(classes: Sequence[str] = NAMES) -> Weights:
    """Load the model that the file `default` in the weights folder names. Raises `WeightsError` when there is none."""
    pointer = weights_folder() / POINTER
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WeightsError(
            weights_folder(), "no default model here", "name a model, or set SCHOUW_WEIGHTS to the folder that has one"
        ) from error
    except UnicodeDecodeError as error:
        raise WeightsError(pointer, "is not text", "write the name of a model into it") from error
    return kept_weights(name, classes)


def kept_weights(name: str, classes: Sequence[str] = NAMES) -> Weights:
    """Load a model of the weights folder. Raises `WeightsError` even where another folder here has that name."""
    return load_weights((weights_folder() / name).absolute(), classes)


def load_weights(name_or_path: str | Path, classes: Sequence[str] = NAMES) -> Weights:
    """Read a model's card, by name in the weights folder or by the path of its folder.

    Args:
        name_or_path: a bare name is looked up in `weights_folder()` first.
        classes: the class names, in id order, that the caller understands.

    Raises:
        WeightsError: no such model, an invalid card, or a model of other classes.
    """
    folder = _locate(name_or_path)
    card = _read_card(folder / CARD)
    if tuple(card.classes) != tuple(classes):
        raise WeightsError(
            folder / CARD,
            f"the model's classes are {', '.join(card.classes)} and not {', '.join(classes)}",
            "use a model that was trained on these classes, in this order",
        )
    return Weights(folder, card)


def networks(weights: Weights) -> dict[str | None, Weights]:
    """The models whose networks look at a picture, by their name in the card's looks; None is the model itself.

    Raises WeightsError where one is missing, or is another than the card was written for.
    """
    found: dict[str | None, Weights] = {None: weights}
    for look in weights.card.more_looks:
        if look.network is None or look.network in found:
            continue
        other = kept_weights(look.network, weights.card.classes)
        if look.sha256 not in (None, other.card.files.get(CHECKPOINT)):
            raise WeightsError(
                other.folder, f"is another model than {weights.card.name} was packaged with", "package that one again"
            )
        found[look.network] = other
    return found


def digests(weights: Weights) -> dict[str, str]:
    """The sha256 of every file of a model, by its path, and of the networks that look too, as `<model>/<path>`."""
    models = networks(weights).items()
    return {f"{name}/{file}" if name else file: found for name, of in models for file, found in of.card.files.items()}


def write_card(folder: Path, card: Card) -> Card:
    """Write `card.yaml` with the sha256 of every model file that is in `folder`; return the card as written."""
    known = [name for names in FILES.values() for name in names]
    files = {name: sha256(folder / name) for name in known if (folder / name).is_file()}
    sealed = card.model_copy(update={"files": files})
    with atomic_path(folder / CARD) as temporary:
        text = yaml.safe_dump(sealed.model_dump(), sort_keys=False, allow_unicode=True, width=120)
        temporary.write_text(text, encoding="utf-8")
    return sealed


def sha256(path: Path) -> str:
    """Hex digest of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def installed_models(classes: Sequence[str] = NAMES) -> list[str]:
    """Names of the models of these classes in the weights folder; those whose card can't be read are among them."""
    # A name with a dot in front is what a killed process left while it wrote.
    return sorted(path.parent.name for path in weights_folder().glob(f"[!.]*/{CARD}") if _finds(path, classes))


def _finds(card: Path, classes: Sequence[str]) -> bool:
    try:
        return tuple(_read_card(card).classes) == tuple(classes)
    except WeightsError:
        return True  # reading it tells what is wrong


def _locate(name_or_path: str | Path) -> Path:
    named = weights_folder() / name_or_path  # an absolute path stays itself
    for folder in (named, Path(name_or_path)):
        if (folder / CARD).is_file():
            return folder
    models = installed_models()
    known = f"models in {weights_folder()}: {', '.join(models)}" if models else f"{weights_folder()} holds no models"
    raise WeightsError(name_or_path, f"no model of this name and no folder with a {CARD}", known)


def _read_card(path: Path) -> Card:
    try:
        return Card.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'card'}: {e['msg']}" for e in error.errors()]
        raise WeightsError(path, f"the model card is invalid ({'; '.join(problems)})", "put the card right") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no text, or a day that the calendar doesn't have
        raise WeightsError(path, "the model card is not valid YAML", str(error).split("\n")[0]) from error
