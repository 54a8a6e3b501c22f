"""How the model that finds other vehicles was made: they hide the road, so coverage has to know of them.

No vehicles were labelled in our pictures. A teacher (YOLO26n as trained on COCO) marks the cars, motorcycles, buses
and lorries in them at full size; a student of one class learns from that to see them at 320 px, in a fourth of the
time. Far vehicles need not be found: only those within 25 m hide road that would count.

    python -m training.vehicles --out runs/vehicles
"""

import argparse
import json
import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from detector.boxes import iou
from detector.files import atomic_folder
from detector.images import read_image
from detector.model.predictor import Predictor
from detector.model.weights import CHECKPOINT, Card, Weights, write_card
from detector.scene.occlusion import VEHICLES, is_own
from detector.types import Detection, Floats
from training.config import ADAMW, DataPart, in_data_folder
from training.data.pictures import LabelledPicture
from training.data.reading import stated_sources
from training.export import Recipe, export
from training.run_folder import last_checkpoint
from training.train import gather

TEACHER = Path("weights/coco/yolo26n_coco_rebuilt.pt")
COCO_VEHICLES = (2, 3, 5, 7)  # car, motorcycle, bus, truck
SURE = 0.4  # of the teacher
SMALLEST = 0.04  # of the picture's width: a narrower vehicle is too far away to hide a road that counts
INPUT_PX = 320
FROZEN = 10  # layers from the start: the backbone, which knows vehicles already
EMPTY_EVERY = 8  # of the pictures without a vehicle, one in so many is learnt from
AGREE_IOU = 0.5
LIMITS = [
    "Learnt from another model's findings, not from labels: measured against that model only.",
    "Vehicles narrower than 4 % of the picture are not looked for.",
    "The shipped version was cut off after the first of three epochs, for want of time.",
]


def main() -> None:
    """Label, train, package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the run; the model is in its folder vehicles"
    )
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    data = given.out / "data"
    if not data.is_dir():
        label(given.out / "teacher", data)
    checkpoint = train(data, given.out, given.epochs)
    package(checkpoint, data, given.out / "vehicles")


def label(teacher: Path, out: Path) -> None:
    """Write a data set in YOLO form: our pictures with the vehicles that the teacher sees in them."""
    recipe = Recipe("teacher", "1", "YOLO26n", 640, True, [], [])
    with atomic_folder(teacher) as folder:
        export(in_data_folder(TEACHER), recipe, folder)
        names = [f"coco {i}" for i in range(80)]
        weights = Weights(folder, write_card(folder, _card(recipe, names, SURE, {})))
        predictor = Predictor(weights, "cpu")
        with atomic_folder(out) as data:
            for split in ("train", "val"):
                pictures, _ = gather([DataPart(card="road-damage", folder=Path("road-damage") / split)])
                _write_split(data, split, pictures, predictor)
            text = {"path": ".", "train": "train/images", "val": "val/images", "names": {0: VEHICLES[0]}}
            (data / "data.yaml").write_text(json.dumps(text))


def _write_split(data: Path, split: str, pictures: Sequence[LabelledPicture], predictor: Predictor) -> None:
    for part in ("images", "labels"):
        (data / split / part).mkdir(parents=True)
    for picture, found in predictor.stream((p, read_image(p.path)) for p in pictures):
        shutil.copyfile(picture.path, data / split / "images" / picture.path.name)
        boxes = vehicles(found, picture.width, picture.height) / np.tile([picture.width, picture.height], 2)
        centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        rows = ["0 " + " ".join(f"{v:.5f}" for v in row) for row in np.hstack([centre, size])]
        (data / split / "labels" / f"{picture.path.stem}.txt").write_text("\n".join(rows) + "\n" * bool(rows))


def vehicles(found: Iterable[Detection], width: int, height: int) -> Floats:
    """(n, 4) boxes in pixels of the teacher's findings that are other vehicles, large enough to matter."""
    boxes = [d.box for d in found if d.class_id in COCO_VEHICLES]
    rows = np.array(boxes, float).reshape(-1, 4)
    wide = (rows[:, 2] - rows[:, 0]) / width
    kept: Floats = rows[(wide >= SMALLEST) & ~is_own(rows, width, height)]
    return kept


def train(data: Path, out: Path, epochs: int) -> Path:
    """Train the student and return its checkpoint."""
    from ultralytics import YOLO

    (out / "train.txt").write_text("\n".join(str(p.resolve()) for p in chosen(data)))
    settings = json.loads((data / "data.yaml").read_text())
    described = out / "data.yaml"
    described.write_text(
        json.dumps(settings | {"path": str(data.resolve()), "train": str(out.resolve() / "train.txt")})
    )
    YOLO(in_data_folder(TEACHER)).train(
        data=str(described), imgsz=INPUT_PX, epochs=epochs, freeze=FROZEN, batch=16, nbs=16, lr0=5e-4,
        lrf=0.05, warmup_epochs=0.3, mosaic=0.5, close_mosaic=1, scale=0.4, fliplr=0.5, seed=0, device="cpu", workers=0,
        cache="ram", val=False, plots=False, project=str(out.resolve()), name="student", exist_ok=True, **ADAMW,
    )  # fmt: skip
    return last_checkpoint(out / "student")


def chosen(data: Path) -> list[Path]:
    """The pictures to learn from: those with vehicles, and some without."""
    pictures = sorted((data / "train" / "images").iterdir())
    busy = [p for p in pictures if (data / "train" / "labels" / f"{p.stem}.txt").stat().st_size]
    return busy + sorted(set(pictures) - set(busy))[::EMPTY_EVERY]


def package(checkpoint: Path, data: Path, out: Path) -> Card:
    """Write the model's folder; its card says how well it agrees with the teacher on pictures it never saw."""
    sources = stated_sources([(in_data_folder(Path("road-damage")), "road-damage")])
    pictures = {"train": len(chosen(data)), "val": len(list((data / "val" / "images").iterdir()))}
    said: list[str | dict[str, Any]] = [{"pictures": pictures}, "start and teacher: YOLO26n trained on COCO, AGPL-3.0"]
    recipe = Recipe("vehicles", "1", "YOLO26n", INPUT_PX, False, [*sources, *said], LIMITS)
    with atomic_folder(out) as folder:
        export(checkpoint, recipe, folder)
        (folder / CHECKPOINT).unlink()  # it runs on the CPU only, where the other form is the faster
        draft = Weights(folder, write_card(folder, _card(recipe, list(VEHICLES), 0.05, {})))
        figures, conf = agreement(Predictor(draft, "cpu"), data / "val")
        return write_card(folder, _card(recipe, list(VEHICLES), conf, {"against the teacher, val": figures}))


def agreement(predictor: Predictor, split: Path) -> tuple[dict[str, float], float]:
    """Precision, recall and F1 at IoU 0.5 against the teacher's boxes at the threshold with the best F1."""
    scores: list[float] = []
    hits: list[bool] = []
    wanted = 0
    paths = sorted((split / "images").iterdir())
    for path, found in predictor.stream((p, read_image(p)) for p in paths):
        height, width = read_image(path).shape[:2]
        numbers = (split / "labels" / f"{path.stem}.txt").read_text().split()
        rows = np.array(numbers, float).reshape(-1, 5)[:, 1:]
        true = np.hstack([rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2]) * np.tile([width, height], 2)
        wanted += len(true)
        free = np.ones(len(true), bool)
        for d in found:
            if (d.box[2] - d.box[0]) < SMALLEST * width:
                continue
            over = iou(np.array([d.box]), true)[0] * free if len(true) else np.zeros(0)
            best = int(over.argmax()) if len(over) else -1
            hit = best >= 0 and over[best] >= AGREE_IOU
            if hit:
                free[best] = False
            scores.append(d.score)
            hits.append(hit)
    order = np.argsort(scores)[::-1]
    right = np.cumsum(np.array(hits)[order])
    precision, recall = right / np.arange(1, len(right) + 1), right / wanted
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    best = int(f1.argmax())
    conf = round(float(np.array(scores)[order][best]), 3)
    figures = {"precision": precision[best], "recall": recall[best], "f1": f1[best]}
    return {name: round(float(value), 4) for name, value in figures.items()} | {"boxes": wanted}, conf


def _card(recipe: Recipe, classes: list[str], conf: float, metrics: dict[str, object]) -> Card:
    return Card(
        name=recipe.name, version=recipe.version, created=date.today(), task="detect",
        architecture=recipe.architecture, input_px=recipe.input_px, classes=classes, conf=conf,
        nms_iou=recipe.nms_iou, end_to_end=recipe.end_to_end, licence="AGPL-3.0-or-later", data=recipe.data,
        metrics=metrics, limits=recipe.limits,
    )  # fmt: skip


if __name__ == "__main__":
    main()
