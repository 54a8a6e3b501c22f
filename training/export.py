"""A checkpoint in the forms that machines run, and the proof that each of them is as good as the checkpoint.

Torch and OpenVINO are always made. OpenVINO in 8-bit integers (post-training quantisation by NNCF) and ONNX are kept
only when their F1 on labelled pictures is at most `MOST_DROP` below torch's.
"""

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detector.errors import InputError, SchouwError, SettingsError
from detector.files import atomic_folder
from detector.images import read_image
from detector.model.preprocess import letterbox
from detector.model.weights import (
    CARD,
    CHECKPOINT,
    FILES,
    ONNX,
    OPENVINO,
    OPENVINO_INT8,
    Card,
    Form,
    Look,
    Weights,
    load_weights,
    networks,
    weights_folder,
    write_card,
)
from training.data.pictures import LabelledPicture
from training.evaluate import REPORT
from training.evaluation.figures import RDD_CLASSES
from training.evaluation.matching import Predictions, outcomes
from training.evaluation.predictions import network_predictions
from training.evaluation.scores import average_precision, best_f1

MOST_DROP = 0.005  # of F1 over the four RDD classes at IoU 0.5
CALIBRATION_PICTURES = 300


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a card says of a model that its weights do not."""

    name: str
    version: str
    architecture: str
    input_px: int
    end_to_end: bool  # which of YOLO26's two heads; YOLO11 has only the one that needs non-maximum suppression
    data: list[str | dict[str, Any]]
    limits: list[str]
    nms_iou: float = 0.45
    more_looks: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True)
class Parity:
    """How good one form is beside torch on the same pictures: F1 and mean AP50 over the RDD classes."""

    form: Form
    f1: float
    map50: float
    torch_f1: float
    torch_map50: float

    @property
    def passed(self) -> bool:
        """Whether F1 is at most `MOST_DROP` lower."""
        return self.f1 >= self.torch_f1 - MOST_DROP

    def sentence(self) -> str:
        """The figures in words."""
        verdict = "kept" if self.passed else "refused"
        return (
            f"{self.form} {verdict}: F1 {self.f1:.4f} against {self.torch_f1:.4f} of torch "
            f"(at most {MOST_DROP} less), mAP50 {self.map50:.4f} against {self.torch_map50:.4f}"
        )

    def figures(self) -> dict[str, Any]:
        """For the card."""
        return {
            "f1": round(self.f1, 4),
            "torch_f1": round(self.torch_f1, 4),
            "map50": round(self.map50, 4),
            "torch_map50": round(self.torch_map50, 4),
            "kept": self.passed,
        }


class ExportRefusedError(SchouwError):
    """A form that is worse than the checkpoint it was made from."""


def export(checkpoint: Path, recipe: Recipe, folder: Path) -> None:
    """Write the torch checkpoint (half precision, no optimizer) and its OpenVINO form (FP16 weights) to `folder`."""
    from ultralytics.utils.torch_utils import strip_optimizer

    with tempfile.TemporaryDirectory() as scratch:
        stripped = Path(scratch) / CHECKPOINT
        strip_optimizer(checkpoint, stripped)
        forget_machine(stripped, recipe)
        shutil.copyfile(stripped, folder / CHECKPOINT)
        written = _exported(stripped, recipe.input_px, recipe.end_to_end, format="openvino", quantize=16)
        for name in OPENVINO:
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(next(written.glob(f"*{target.suffix}")), target)


def export_onnx(weights: Weights, folder: Path) -> None:
    """Write the ONNX form of a model to `folder`."""
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / CHECKPOINT
        shutil.copyfile(weights.checkpoint(), checkpoint)
        card = weights.card
        written = _exported(checkpoint, card.input_px, card.end_to_end, format="onnx", simplify=False)
        shutil.copyfile(written, folder / ONNX)


def quantise(weights: Weights, pictures: Sequence[LabelledPicture], folder: Path) -> None:
    """Write the OpenVINO form in 8-bit integers to `folder`; ranges are those seen on `pictures` (at most 300).

    The pictures should be of the training split: what is measured on must not have set the ranges.
    Raises InputError without pictures.
    """
    os.environ.setdefault("NNCF_CI", "1")  # or it would tell its makers that it was used
    import nncf
    import openvino

    nncf.set_log_level(logging.ERROR)
    if not pictures:
        raise InputError(weights.folder, "can't be quantised without pictures", "name a data set with --calibrate-on")
    chosen = [pictures[n] for n in np.linspace(0, len(pictures) - 1, CALIBRATION_PICTURES).round().astype(int)]
    unique = list({p.path: p for p in chosen}.values())
    model = openvino.Core().read_model(weights.openvino())
    # The last layer's own operations turn numbers into pixels and scores: eight bits are too coarse for a place.
    last = max(int(n) for op in model.get_ops() for n in re.findall(r"model\.(\d+)/", op.get_friendly_name()))
    quantised = nncf.quantize(
        model,
        nncf.Dataset(unique, partial(_input, input_px=weights.card.input_px)),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(unique),
        ignored_scope=nncf.IgnoredScope(patterns=[rf".*model\.{last}/.*"]),
    )
    target = folder / OPENVINO_INT8[0]
    target.parent.mkdir(exist_ok=True)
    openvino.save_model(quantised, target, compress_to_fp16=True)


def add_form(
    weights: Weights,
    form: Literal["openvino-int8", "onnx"],
    out: Path,
    pictures: Sequence[LabelledPicture],
    seen: Sequence[LabelledPicture] = (),
) -> Parity:
    """Write the model with one form more to `out`, if that form is as good as torch on `pictures`.

    `seen` are the training pictures that set the ranges of 8-bit numbers.

    Raises:
        ExportRefusedError: with the figures.
        InputError: `out` holds something else, or is where models are looked up.
        SettingsError: the pictures show nothing that could be measured.
    """
    check_apart(weights, out)
    check_measurable(pictures)
    with atomic_folder(out) as folder:
        copy_files(weights, folder)
        if form == "onnx":
            export_onnx(weights, folder)
        else:
            quantise(weights, seen, folder)
        grown = Weights(folder, write_card(folder, weights.card))
        torch = network_predictions(weights, pictures, "auto", "torch")
        parity = compare(form, network_predictions(grown, pictures, "cpu", form), torch, pictures)
        if not parity.passed:
            raise ExportRefusedError(parity.sentence())
        write_card(folder, with_form(weights.card, parity, len(pictures)))
    return parity


def with_form(card: Card, parity: Parity, pictures: int) -> Card:
    """The card with how good a form was found later, in place of what packaging noted of that form."""
    metrics = deepcopy(card.metrics)
    for figures in metrics.values():
        if isinstance(figures, dict):
            figures.get("exports", {}).pop(parity.form, None)
    metrics[f"export, {parity.form}"] = {"form": parity.form, "pictures": pictures, **parity.figures()}
    limit = f"Thresholds and calibration were fitted before the form {parity.form} was added, not on it."
    limits = list(dict.fromkeys([*card.limits, limit]))
    return card.model_copy(update={"metrics": metrics, "limits": limits})


def check_apart(weights: Weights, out: Path) -> None:
    """Raise InputError unless an export of this model may be written to `out`."""
    if out.resolve() == weights.folder.resolve():
        raise InputError(out, "is the model's own folder, which an export would replace", "choose another folder")
    if out.resolve().is_relative_to(weights_folder().resolve()):
        raise InputError(out, "lies where models are looked up", "choose another folder; schouw promote fills that one")
    check_replaceable(out, weights.card.name)


def check_replaceable(out: Path, name: str) -> None:
    """Raise InputError if `out` holds anything but the model `name`: writing it again would remove that."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    known = {CARD, *(name for names in FILES.values() for name in names)}
    files = {p.relative_to(out) for p in out.rglob("*") if not p.is_dir()}
    strange = [f for f in sorted(files) if f.as_posix() not in known and f.parts[0] != REPORT]
    if strange or not (out / CARD).is_file() or load_weights(out.absolute()).card.name != name:
        raise InputError(
            out, f"holds something other than the model {name}", "choose another folder, or empty this one"
        )


def check_measurable(pictures: Sequence[LabelledPicture]) -> None:
    """Raise SettingsError where no form can be shown to be as good as another: there is nothing to find."""
    if not any(label.class_id in RDD_CLASSES for picture in pictures for label in picture.labels):
        raise SettingsError(
            f"none of the {len(pictures)} pictures to measure on shows a crack or pothole, so no form can be compared "
            "with torch; name labelled pictures with damage"
        )


def copy_files(weights: Weights, folder: Path) -> None:
    """Copy the network's files, all forms of it, and its report. Raises WeightsError if one is missing or changed."""
    verify(weights)
    for name in weights.card.files:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(weights.folder / name, folder / name)
    if (weights.folder / REPORT).is_dir():
        shutil.copytree(weights.folder / REPORT, folder / REPORT)


def verify(weights: Weights) -> None:
    """Raise WeightsError if a file of a network that looks at pictures is missing or changed."""
    for model in networks(weights).values():
        for form in FILES:
            if model.has(form):
                model.path(form)


def compare(form: Form, found: Predictions, torch: Predictions, pictures: Sequence[LabelledPicture]) -> Parity:
    """Measure what a form found beside what torch found. Raises SettingsError without true boxes of RDD classes."""
    check_measurable(pictures)
    return Parity(form, *_f1_and_map(found, pictures), *_f1_and_map(torch, pictures))


def remove_form(folder: Path, form: Form) -> None:
    """Remove the files of a form from a model folder that is being made."""
    for name in FILES[form]:
        (folder / name).unlink(missing_ok=True)
    parent = (folder / FILES[form][0]).parent
    if parent != folder and parent.is_dir():
        parent.rmdir()


def _f1_and_map(found: Predictions, pictures: Sequence[LabelledPicture]) -> tuple[float, float]:
    matched = outcomes(pictures, found, (0.5,))
    ap = [float(average_precision(matched.of(i))[0]) for i in RDD_CLASSES if matched.truths[:, i].any()]
    return best_f1(matched.of(*RDD_CLASSES)).f1, float(np.mean(ap)) if ap else 0.0


def _exported(checkpoint: Path, input_px: int, end_to_end: bool, **options: Any) -> Path:
    from ultralytics import YOLO

    nms = False if end_to_end else None  # Ultralytics: False selects the end-to-end head
    return Path(YOLO(checkpoint).export(dynamic=True, imgsz=input_px, nms=nms, device="cpu", **options))


def _input(picture: LabelledPicture, input_px: int) -> NDArray[np.float32]:
    """(1, 3, height, width) 0..1: what the network is given of a picture."""
    image = read_image(picture.path, upright=True)
    laid = letterbox(image.shape[1], image.shape[0], input_px).apply(image)
    return np.ascontiguousarray(laid.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def forget_machine(checkpoint: Path, recipe: Recipe) -> None:
    """Take out of a stripped checkpoint what Ultralytics notes of the machine it came from: paths, git, settings."""
    import torch

    content = torch.load(checkpoint, map_location="cpu", weights_only=False)
    settings = {"task": "detect", "imgsz": recipe.input_px, "data": recipe.name, "single_cls": False}
    content["model"].args, content["model"].pt_path = settings, CHECKPOINT
    kept = {key: content[key] for key in ("epoch", "model", "date", "version", "license", "docs")}
    torch.save({**kept, "train_args": settings}, checkpoint)
