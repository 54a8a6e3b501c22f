"""The folder of a training run: its last checkpoint, how far that is, and how it becomes the result."""

from dataclasses import dataclass
from pathlib import Path

import torch
from ultralytics.utils.torch_utils import strip_optimizer

from detector.errors import InputError
from detector.files import atomic_path
from training.blend import blend
from training.config import TrainConfig, start_weights


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
