"""How many pictures a second `schouw train` takes, beside plain `yolo train` with the same settings and machine.

Each run is a process of its own, on the same few pictures of road-damage/train. The first epoch (start-up, filling the
cache) is not timed. Beside the wall clock stands the CPU time of the process and its workers, which other work on the
machine disturbs less.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RUNS = {
    "yolo": "yolo train, fp32 (its only way on a CPU)",
    "schouw-fp32": "schouw train, fp32",
    "schouw": "schouw train",
    "schouw-one2many": "schouw train, one2many_only",
}
START = "weights/coco/yolo26n_coco_rebuilt.pt"
BATCH = 16


def main() -> None:
    """Run what was asked and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared"), help="the shared data")
    parser.add_argument("--pictures", type=int, default=96)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=3, help="the first is not timed")
    parser.add_argument("--runs", nargs="*", choices=list(RUNS), default=list(RUNS))
    parser.add_argument("--one", choices=list(RUNS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, given.data.resolve(), given.pictures, given.size, given.epochs)))
        return
    print("| | pictures/s | CPU s/picture | loss of the last epoch |\n|---|---|---|---|", flush=True)
    for name in given.runs:
        asked = [f"--{key}={getattr(given, key)}" for key in ("data", "pictures", "size", "epochs")]
        command = [sys.executable, "-m", "benchmarks.training", "--one", name, *asked]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            sys.exit(f"{name} failed:\n{ended.stderr[-2000:]}")
        f = json.loads(ended.stdout.splitlines()[-1])
        print(f"| {RUNS[name]} | {f['per_s']:.1f} | {f['cpu_s']:.3f} | {f['loss']:.2f} |", flush=True)


def one(name: str, data: Path, count: int, size: int, epochs: int) -> dict[str, float]:
    """Train once; pictures a second, CPU seconds a picture and the last loss."""
    with tempfile.TemporaryDirectory(prefix="schouw-benchmark-") as scratch:
        folder = Path(scratch)
        subset(data / "road-damage" / "train", folder / "data", count)
        make = plain if name == "yolo" else ours
        trainer = make(name, data, folder, size, epochs)
        clock = Clock()
        trainer.add_callback("on_train_epoch_start", clock.start)
        trainer.add_callback("on_train_epoch_end", clock.end)
        trainer.train()
    timed = len(clock.wall) - 1
    loss = float(sum(trainer.label_loss_items(trainer.tloss).values()))
    return {
        "per_s": timed * count / sum(clock.wall[1:]),
        "cpu_s": sum(clock.cpu[1:]) / timed / count,
        "loss": loss,
    }


def subset(split: Path, out: Path, count: int) -> None:
    """Copy pictures from all over a split, with labels and sources, in the form that both programs read."""
    paths = sorted((split / "images").iterdir())
    for folder in ("images", "labels"):
        (out / folder).mkdir(parents=True)
    for path in paths[:: len(paths) // count][:count]:
        shutil.copyfile(path, out / "images" / path.name)
        shutil.copyfile(split / "labels" / f"{path.stem}.txt", out / "labels" / f"{path.stem}.txt")
    shutil.copyfile(split / "sources.tsv", out / "sources.tsv")


def plain(name: str, data: Path, folder: Path, size: int, epochs: int) -> Any:
    """Ultralytics' own trainer, with our settings where it has them."""
    from ultralytics.models.yolo.detect import DetectionTrainer

    names = ["longitudinal_crack", "transverse_crack", "alligator_crack", "pothole", "ravelling"]
    described = {"path": str(folder / "data"), "train": "images", "val": "images", "names": dict(enumerate(names))}
    (folder / "data.yaml").write_text(json.dumps(described))
    return DetectionTrainer(overrides={**settings(data, folder, size, epochs), "data": str(folder / "data.yaml")})


def ours(name: str, data: Path, folder: Path, size: int, epochs: int) -> Any:
    """The trainer of `schouw train`."""
    from training.train import DamageTrainer

    train, val = pictures(folder), pictures(folder)
    return DamageTrainer(config(name, data, folder, size, epochs), train, val, settings(data, folder, size, epochs))


def pictures(folder: Path) -> Any:
    from training.data.card import read_card
    from training.data.pictures import read_pictures

    return read_pictures(folder / "data", read_card("road-damage")).pictures


def config(name: str, data: Path, folder: Path, size: int, epochs: int) -> Any:
    from training.config import DataPart, TrainConfig

    part = DataPart(card="road-damage", folder=folder / "data")
    return TrainConfig(
        name=name,
        start=data / START,
        train=(part,),
        val=(part,),
        input_px=size,
        epochs=epochs,
        batch=BATCH,
        close_mosaic=0,
        precision="fp32" if name == "schouw-fp32" else "bf16",
        one2many_only=name == "schouw-one2many",
        recompute_batch_norm=False,
    )


def settings(data: Path, folder: Path, size: int, epochs: int) -> dict[str, Any]:
    """What both trainers are told: that of `schouw train`, windscreen augmentation included."""
    from training.train import overrides

    return {**overrides(config("any", data, folder, size, epochs), folder / "run", "cpu"), "cache": "ram"}


class Clock:
    """Wall and CPU seconds of every epoch, with the workers' share."""

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def start(self, _: Any) -> None:
        """Begin an epoch."""
        self._began = time.perf_counter(), self._spent()

    def end(self, _: Any) -> None:
        """Note what it took."""
        self.wall.append(time.perf_counter() - self._began[0])
        self.cpu.append(self._spent() - self._began[1])

    def _spent(self) -> float:
        times = [p.cpu_times() for p in (self._process, *self._process.children(recursive=True))]
        return float(sum(t.user + t.system for t in times))


if __name__ == "__main__":
    main()
