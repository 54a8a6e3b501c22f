"""The folder of a training run: its last checkpoint, how far that is, and the record of what the run was made from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import ultralytics
from ultralytics.utils.torch_utils import strip_optimizer

from detector.errors import InputError, SettingsError
from detector.files import atomic_path
from detector.taxonomy import NAMES
from training.blend import blend
from training.config import TrainConfig, start_weights
from training.data.pictures import LabelledPicture

RECORD = "record.json"
# How a run is done and how its result is packaged: what is learnt doesn't depend on them.
MAY_CHANGE = {"workers", "cache", "log", "name", "version", "run_px", "run_more_looks", "end_to_end"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    epochs: int = 0  # in the last checkpoint
    trained: bool = False  # for all of its epochs
    finished: bool = False  # the checkpoint is its result


def last_checkpoint(run: Path) -> Path:
    """Where a run's last checkpoint lies; in the end its result."""
    return run / "weights" / "last.pt"


def progress_of(run: Path) -> Progress:
    """How far the run of a folder is. Raises InputError for a checkpoint that can't be read."""
    last = last_checkpoint(run)
    if not last.is_file():
        return Progress()
    try:
        content = torch.load(last, map_location="cpu", weights_only=False)
        epochs = content["epoch"] + 1  # Ultralytics' -1 says that a checkpoint is a result
        return Progress(epochs, not epochs or epochs >= content["train_args"]["epochs"], not epochs)
    except Exception as problem:  # a damaged pickle can raise anything
        raise InputError(last, "is damaged, or no checkpoint", "remove it, or name another --out, to train anew") from (
            problem
        )


def finish(config: TrainConfig, run: Path) -> None:
    """Make the last checkpoint the run's result: the averaged weights, and the share of the start asked for.

    It is put in its place by one rename, so that a run killed before it still knows that this is to be done.

    Raises InputError when the result can't be written.
    """
    last = last_checkpoint(run)
    try:
        with atomic_path(last) as result:
            strip_optimizer(last, result)
            if config.start_share:
                blend(result, start_weights(config.start), config.start_share)
    except RuntimeError as problem:  # torch's for a full disk, in words of its own
        raise InputError(
            last, f"can't be made the run's result ({problem})", "make room; the same command goes on where it was"
        ) from problem


def check_unchanged(config: TrainConfig, run: Path) -> None:
    """Raise SettingsError when a run is to go on with other settings than those it began with."""
    file = run / RECORD
    try:
        began = json.loads(file.read_text())["config"]
    except (ValueError, KeyError, TypeError) as problem:
        raise InputError(file, "is no record of a run", "name another --out to train anew") from problem
    now = config.model_dump(mode="json")
    changed = [key for key in now if key not in MAY_CHANGE and began.get(key, now[key]) != now[key]]
    if changed:
        raise SettingsError(
            f"{run}: this run began with another {', '.join(changed)}; put the config back, or name another --out"
        )


def write_record(
    config: TrainConfig,
    train: Sequence[LabelledPicture],
    val: Sequence[LabelledPicture],
    left_out: Sequence[str],
    run: Path,
) -> None:
    """Note beside the checkpoints what the run was made from."""
    counts = {
        split: {name: sum(x.class_id == i for p in pictures for x in p.labels) for i, name in enumerate(NAMES)}
        for split, pictures in (("train", train), ("val", val))
    }
    record = {
        "config": config.model_dump(mode="json"),
        "pictures": {"train": len(train), "val": len(val)},
        "boxes": counts,
        "left_out": list(left_out),
        "versions": {"torch": torch.__version__, "ultralytics": ultralytics.__version__},
    }
    with atomic_path(run / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
