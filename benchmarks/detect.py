"""Pictures per second of `schouw detect` against `yolo predict` with the same weights on the same drive.

    python benchmarks/detect.py [--data ../shared] [--repeat 3] [--json FILE]

Both run as commands, one after the other in turn, start-up included; the best of the repeats counts for both. `yolo
predict` looks at every frame; `schouw detect` at one every three metres, and also decodes, places, tracks, measures and
writes a result.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from detector.footage.video import frame_times
from detector.model.weights import default_weights

BIN = Path(sys.executable).parent


def seconds(command: list[str], folder: str) -> tuple[float, str]:
    """Wall time of a command and what it printed."""
    environment = {**os.environ, "YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "false"}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return time.perf_counter() - start, done.stdout + done.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SCHOUW_DATA", "../shared")))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    drive = (options.data / "survey" / "drive.mp4").resolve()
    track = drive.with_suffix(".gpx")
    weights = default_weights()
    times = frame_times(drive)
    footage_s = float(times[-1] - times[0])
    ours, theirs, stages, forward_ms = [], [], {}, float("nan")
    frames = 0
    for _ in range(options.repeat):
        with tempfile.TemporaryDirectory() as folder:
            detect = ["detect", str(drive), "--track", str(track), "--device", "cpu", "--out", "result"]
            ours.append(seconds([str(BIN / "schouw"), *detect], folder)[0])
            card = json.loads((Path(folder) / "result" / "survey.json").read_text())["meta"]
            frames, stages = card["counts"]["frames"], card["timings"]
            predict = [f"model={weights.checkpoint()}", f"source={drive}", "device=cpu", "save=False", "show=False"]
            wall, printed = seconds([str(BIN / "yolo"), "predict", *predict, f"imgsz={weights.card.input_px}"], folder)
            theirs.append(wall)
            if speed := re.search(r"([\d.]+)ms inference", printed):
                forward_ms = float(speed[1])
    rows = {
        "schouw detect": {"pictures": frames, "seconds": min(ours)},
        "yolo predict": {"pictures": len(times), "seconds": min(theirs)},
    }
    for row in rows.values():
        row["pictures_per_s"] = row["pictures"] / row["seconds"]
        row["real_time_factor"] = footage_s / row["seconds"]
    print(f"{footage_s:.0f} s of footage, {len(times)} frames, best of {options.repeat}")
    for name, row in rows.items():
        print(
            f"{name:14} {row['pictures']:4.0f} pictures in {row['seconds']:6.2f} s "
            f"= {row['pictures_per_s']:6.1f} pictures/s, {row['real_time_factor']:5.1f} x real time"
        )
    print(f"stages of schouw detect: {stages}; yolo's forward pass alone: {forward_ms} ms a picture")
    if options.json:
        options.json.write_text(json.dumps({"footage_s": footage_s, **rows, "stages": stages}, indent=2) + "\n")


if __name__ == "__main__":
    main()
