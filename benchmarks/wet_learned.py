"""Whether what a shipped network sees in a picture tells a wet road from a dry one, and whether a stretch tells more.

    python -m benchmarks.wet_learned [--data ../shared] [--json FILE]

The features are those of the network that finds vehicles, half-way through it; a linear discriminant weighs them. It is
taught in two ways: by simulated rain on the first half of `val`, as the cues of `benchmarks.wet` are, and by the
Japanese pictures as they are, each judged by what those outside its block of neighbouring numbers teach. Recall is
given at 2 % of the dry pictures beside the wet ones; a threshold chosen beforehand would do worse.

What the Japanese pictures teach is then held, with their threshold, against other cameras: the Czech and Indian
pictures of `val`, and the dry drive in `survey/`, frame by frame and by the median of neighbouring frames, for a road
does not dry within seconds.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import openvino
from scipy.ndimage import median_filter
from scipy.stats import binomtest

from benchmarks.wet import FALSE_ALARMS, WET, Measure, dashcams, figures, load, real, shrink, simulated
from detector.footage.video import frame_times, read_frames
from detector.model.weights import load_weights
from detector.scene.occlusion import VEHICLES
from detector.types import Bools, Floats, Image

OWN = "rdd2022_japan"  # the source that nearly all wet pictures are of
INPUT_PX = 320
LAYER = "__module.model.7.conv/aten::_convolution/Convolution"  # is given 128 channels in cells of 16 px
RIDGE = 1.0  # on features of variance 1
BLOCKS = 8
STRETCH = 5  # frames of the drive, 2 to 5 m apart
Score: TypeAlias = Callable[[Floats], Floats]  # of features (n, c): (n,), more is wetter


class Network:
    """The network that finds vehicles, up to a layer in its middle."""

    def __init__(self) -> None:
        core = openvino.Core()
        whole = core.read_model(load_weights("vehicles", VEHICLES).openvino())
        layer = next(op for op in whole.get_ordered_ops() if op.get_friendly_name() == LAYER)
        self._first_part = core.compile_model(openvino.Model([layer.input_value(0)], whole.get_parameters()), "CPU")

    def features(self, image: Image) -> Floats:
        """Of each channel the mean over the picture, and mean and spread over its road part."""
        small = cv2.resize(image, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA)
        seen = self._first_part(small.transpose(2, 0, 1)[None].astype(np.float32) / 255)[0][0]
        height, width = seen.shape[1:]
        road = seen[:, height // 2 :, width // 5 : width - width // 5]
        return np.concatenate([seen.mean(axis=(1, 2)), road.mean(axis=(1, 2)), road.std(axis=(1, 2))]).astype(float)


def learn(dry: Floats, wet: Floats) -> Score:
    """Fisher's linear discriminant with a ridge, for more features than pictures; the mean of the dry scores 0."""
    spread = np.vstack([dry, wet]).std(axis=0) + 1e-9
    mean, apart = dry.mean(axis=0), (wet.mean(axis=0) - dry.mean(axis=0)) / spread
    weights = np.linalg.solve(np.cov((dry / spread).T) + RIDGE * np.eye(len(spread)), apart) / spread
    return lambda values: (values - mean) @ weights


def left_out(values: Floats, wet: Bools) -> Floats:
    """Scores (n,) of pictures in the order of their numbers by what the other blocks teach."""
    block = np.arange(len(values)) * BLOCKS // len(values)
    scores = np.empty(len(values))
    for n in range(BLOCKS):
        taught = block != n
        scores[~taught] = learn(values[taught & ~wet], values[taught & wet])(values[~taught])
    return scores


def limit(dry: Floats) -> float:
    """The score that `FALSE_ALARMS` of the dry pictures exceed."""
    return float(np.quantile(dry, 1 - FALSE_ALARMS))


def told(dry: Floats, wet: Floats) -> dict[str, float]:
    """How well scores part wet from dry, with the 95 % interval of the recall (Clopper and Pearson 1934)."""
    threshold = limit(dry)
    sure = binomtest(int((wet > threshold).sum()), len(wet)).proportion_ci()
    row = figures(threshold, dry, wet)
    return row | {"low": float(sure.low), "high": float(sure.high), "dry": len(dry), "wet": len(wet)}


def elsewhere(data: Path, measure: Measure, score: Score, threshold: float) -> dict[str, float]:
    """The part that is called wet of each other source's dry pictures, of its wet ones, and of the drive's frames."""
    called = {}
    for source, paths in dashcams(data / "road-damage" / "val").items():
        if source == OWN:
            continue
        marks = score(np.stack([measure(load(path)) for path in paths])) > threshold
        wet = np.array([path.stem in WET for path in paths])
        called[f"{source}, {(~wet).sum()} dry"] = float(marks[~wet].mean())
        if wet.any():
            called[f"{source}, {wet.sum()} wet"] = float(marks[wet].mean())
    film = data / "survey" / "drive.mp4"
    frames = score(np.stack([measure(shrink(image)) for _, image in read_frames(film, frame_times(film))]))
    called[f"drive, {len(frames)} frames"] = float((frames > threshold).mean())
    called[f"drive, median of {STRETCH}"] = float((median_filter(frames, STRETCH) > threshold).mean())
    return called


def main() -> None:
    """Teach in both ways, and print how well each tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = options.data / "road-damage"
    measure = Network().features
    chosen, (dry, made_wet) = simulated(folder / "val", measure)
    values, wet = real(folder, measure)
    simulation, rain, scores = learn(*chosen), learn(values[~wet], values[wet]), left_out(values, wet)
    rows = {
        "simulated rain tells simulated rain": told(simulation(dry), simulation(made_wet)),
        "simulated rain tells real rain": told(simulation(values[~wet]), simulation(values[wet])),
        "real rain tells real rain": told(scores[~wet], scores[wet]),
    }
    for name, row in rows.items():
        print(
            f"{name:37}"
            + "{dry} dry, {wet} wet: AUC {auc:.2f}, recall {recall:.0%} (95 %: {low:.0%} to {high:.0%})".format(**row)
        )
    called = elsewhere(options.data, measure, rain, limit(scores[~wet]))
    print("called wet elsewhere: " + "; ".join(f"{name}: {part:.1%}" for name, part in called.items()))
    if options.json:
        options.json.write_text(json.dumps({**rows, "called wet elsewhere": called}, indent=2))


if __name__ == "__main__":
    main()
