"""A checkpoint becomes a model in service: torch and OpenVINO forms with a card, measured on validation pictures."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from detector.errors import SettingsError
from detector.files import atomic_folder
from detector.images import read_image
from detector.model.predictor import Predictor
from detector.model.weights import CHECKPOINT, OPENVINO, Card, Weights, write_card
from detector.taxonomy import NAMES
from detector.types import Detection
from training.config import TrainConfig
from training.data.card import read_card
from training.data.pictures import LabelledPicture
from training.evaluate import Predictions, evaluate
from training.train import gather

EVALUATION_CONF = 0.01  # average precision needs the long tail of doubtful boxes
LIMITS = [
    "Sizes and severity from one camera are estimates; depth is never measured.",
    "Ravelling was labelled by a vision-language model with a written guide, in two passes; no inspector checked it.",
    "Few pictures show ravelling: expect misses, and false alarms on coarse or patched asphalt.",
    "The kind of crack (longitudinal, transverse, alligator) is less certain than that there is one.",
    "No Dutch road was in the training pictures.",
    "Night, rain and snow were only simulated.",
]


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


def package_run(config: TrainConfig, run: Path) -> Path:
    """Package the last checkpoint of a finished run as `<run>/<name>/`; the card says what it was trained on."""
    record = json.loads((run / "record.json").read_text())
    recipe = Recipe(
        name=config.name,
        version=config.version,
        architecture=config.architecture,
        input_px=config.run_px,
        end_to_end=config.end_to_end,
        data=data_statement(record),
        limits=LIMITS,
    )
    package(run / "weights" / "last.pt", recipe, run / config.name, gather(config.val)[0])
    return run / config.name


def package(checkpoint: Path, recipe: Recipe, out: Path, val: Sequence[LabelledPicture]) -> Card:
    """Write `out` (a weights folder) from an Ultralytics checkpoint; measure both forms on `val`.

    The shipped thresholds are those with the best F1 per class in the OpenVINO form, which is what a CPU runs.
    """
    with atomic_folder(out) as folder:
        export(checkpoint, recipe, folder)
        draft = Card(
            name=recipe.name,
            version=recipe.version,
            created=date.today(),
            task="detect",
            architecture=recipe.architecture,
            input_px=recipe.input_px,
            classes=list(NAMES),
            conf=EVALUATION_CONF,
            nms_iou=recipe.nms_iou,
            end_to_end=recipe.end_to_end,
            licence="AGPL-3.0-or-later",
            data=recipe.data,
            metrics={},
            limits=recipe.limits,
        )
        draft = write_card(folder, draft)
        figures = evaluate(val, predict_all(Predictor(Weights(folder, draft), "cpu", EVALUATION_CONF), val))
        conf = shipped_thresholds(figures)
        return write_card(folder, draft.model_copy(update={"metrics": {"val, OpenVINO": figures}, "conf": conf}))


def export(checkpoint: Path, recipe: Recipe, folder: Path) -> None:
    """Write the torch checkpoint (half precision, no optimizer) and its OpenVINO form (FP16 weights) to `folder`."""
    from ultralytics import YOLO
    from ultralytics.utils.torch_utils import strip_optimizer

    with tempfile.TemporaryDirectory() as scratch:
        stripped = Path(scratch) / CHECKPOINT
        strip_optimizer(checkpoint, stripped)
        forget_machine(stripped, recipe)
        shutil.copyfile(stripped, folder / CHECKPOINT)
        written = Path(
            YOLO(stripped).export(
                format="openvino",
                quantize=16,
                dynamic=True,
                imgsz=recipe.input_px,
                nms=False if recipe.end_to_end else None,  # Ultralytics: False selects the end-to-end head
                device="cpu",
            )
        )
        for name in OPENVINO:
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(next(written.glob(f"*{target.suffix}")), target)


def forget_machine(checkpoint: Path, recipe: Recipe) -> None:
    """Take out of a stripped checkpoint what Ultralytics notes of the machine it came from: paths, git, settings."""
    import torch

    content = torch.load(checkpoint, map_location="cpu", weights_only=False)
    settings = {"task": "detect", "imgsz": recipe.input_px, "data": recipe.name, "single_cls": False}
    content["model"].args, content["model"].pt_path = settings, CHECKPOINT
    kept = {key: content[key] for key in ("epoch", "model", "date", "version", "license", "docs")}
    torch.save({**kept, "train_args": settings}, checkpoint)


def predict_all(predictor: Predictor, pictures: Sequence[LabelledPicture]) -> Predictions:
    """Run the model on every picture."""
    images = ((p.path.stem, read_image(p.path)) for p in pictures)
    found: dict[str, list[Detection]] = dict(predictor.stream(images))
    if len(found) != len(pictures):
        raise SettingsError("two validation pictures have the same name; rename one")
    return found


def shipped_thresholds(figures: dict[str, Any]) -> dict[str, float]:
    """For each class the threshold with the best F1; the overall best where a class has no true boxes."""
    overall = figures["f1_rdd"]["threshold"]
    per_class = figures["per_class"]
    return {name: per_class[name]["best_f1"]["threshold"] if name in per_class else overall for name in NAMES}


def data_statement(record: dict[str, Any]) -> list[str | dict[str, Any]]:
    """The card's `data` from a run's record: sources with their licences, numbers of pictures and boxes."""
    config = record["config"]
    cards = [read_card(name) for name in dict.fromkeys(part["card"] for part in config["train"])]
    if config["rendered"]:
        cards.append(read_card("rendered"))
    sources: list[str | dict[str, Any]] = [
        {"source": s.title, "licence": s.licence, "attribution": s.attribution}
        for c in cards
        for s in c.sources.values()
    ]
    return [*sources, {"pictures": record["pictures"], "boxes": record["boxes"], "rendered": config["rendered"]}]
