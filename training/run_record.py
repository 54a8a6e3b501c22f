"""What a run was made from, noted beside its checkpoints: its settings, and how many pictures and boxes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detector.errors import InputError, SettingsError
from detector.files import atomic_path
from detector.model.weights import sha256
from detector.taxonomy import NAMES
from training.config import TrainConfig, start_weights
from training.data.pictures import LabelledPicture

RECORD = "record.json"
NOTED = {"train", "rendered", "start"}  # of a run's settings: what its model learnt from
# How a run is done and how its result is packaged: what is learnt doesn't depend on them.
MAY_CHANGE = {"workers", "cache", "log", "name", "version", "run_px", "run_more_looks", "end_to_end"}


def write_record(
    config: TrainConfig,
    train: Sequence[LabelledPicture],
    val: Sequence[LabelledPicture],
    left_out: Sequence[str],
    run: Path,
) -> None:
    """Note what the run in the folder `run` is made from."""
    import torch  # a record is read without them
    import ultralytics

    counts = {
        split: {name: sum(x.class_id == i for p in pictures for x in p.labels) for i, name in enumerate(NAMES)}
        for split, pictures in (("train", train), ("val", val))
    }
    record = {
        "config": config.model_dump(mode="json"),
        "pictures": {"train": len(train), "val": len(val)},
        "boxes": counts,
        "left_out": list(left_out),
        "start_sha256": sha256(start_weights(config.start)),
        "versions": {"torch": torch.__version__, "ultralytics": ultralytics.__version__},
    }
    with atomic_path(run / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_record(run: Path) -> dict[str, Any]:
    """What a run was made from, as training noted it. Raises InputError where it did not."""
    path = run / RECORD
    if not path.is_file():
        raise InputError(run, "holds no record.json, so it is no run", "name the folder that schouw train wrote")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(path, "is not valid JSON", "train the run again") from error
    config = record.get("config") if isinstance(record, dict) else None
    if not isinstance(config, dict) or {"pictures", "boxes"} - set(record) or NOTED - set(config):
        raise InputError(path, "does not say what the run was trained on", "train the run again")
    return dict(record)


def check_unchanged(config: TrainConfig, run: Path) -> None:
    """Raise SettingsError when a run is to go on with other settings than those it began with."""
    began, now = read_record(run)["config"], config.model_dump(mode="json")
    changed = [key for key in now if key not in MAY_CHANGE and began.get(key, now[key]) != now[key]]
    if changed:
        raise SettingsError(
            f"{run}: this run began with another {', '.join(changed)}; put the config back, or name another --out"
        )
