"""Whether one picture tells a wet road from a dry one, by cues that cost little.

    python -m benchmarks.wet [--data ../shared] [--json FILE]

Dashcam pictures of `road-damage/val` (Czech, Japanese and Indian) are held against themselves with their road made wet
by `training.augment.wet_road`. Thresholds, and the weights of the cues together, are chosen on the first half of each
source by its numbers, so that neighbours stay together, at 2 % of the dry pictures; the figures are of the other half.

Beside these stand the Japanese pictures of `train` and `val`, labelled by one pair of eyes (a language model's). All
were looked at before any cue was measured, and again, larger, before any network was asked (`benchmarks.wet_learned`).
Twelve look wet; twelve are doubtful and left out. One of the wet (009598) was noticed only because a network had ranked
it high. The mirror cue got its present form after a first one had been seen on eight of them: its figure is flattered.
"""

import argparse
import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from scipy.stats import mannwhitneyu

from detector.scene.camera import default_camera
from detector.types import Bools, Floats, Image
from training.augment import wet_road

SOURCES = ("rdd2022_czech", "rdd2022_japan", "rdd2022_india")
WET = (
    "India_002875", "Japan_000035", "Japan_000318", "Japan_002128", "Japan_002306", "Japan_003194", "Japan_004183",
    "Japan_009345", "Japan_009408", "Japan_009598", "Japan_009814", "Japan_012874", "Japan_013066",
)  # fmt: skip
DOUBTFUL = (
    "Czech_003169", "India_000090", "India_001767", "India_002085", "Japan_000079", "Japan_000602", "Japan_004347",
    "Japan_004634", "Japan_005472", "Japan_006794", "Japan_007041", "Japan_010769", "Japan_011115", "Japan_011439",
    "Japan_012234", "Japan_012735",
)  # fmt: skip
SIDE_PX = 480
FALSE_ALARMS = 0.02
CUES = ("brighter far away", "dark", "little fine texture", "coarse over fine", "highlights", "mirrors what is above")
Measure: TypeAlias = Callable[[Image], Floats]  # of a picture `SIDE_PX` long: (c,)


def cues(image: Image) -> Floats:
    """What may tell water on the road, in the order of `CUES`: more of each should mean wetter."""
    height, width = image.shape[:2]
    camera = default_camera(width, height)
    top, end = camera.project(np.array([[25.0, 0.0], [2.5, 0.0]]))[:, 1].round().astype(int)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    road = grey[max(top, 0) : min(end, height), width // 4 : 3 * width // 4]
    level, third = float(np.median(road)) + 1, len(road) // 3
    fine = float(np.median(np.abs(road - cv2.GaussianBlur(road, (0, 0), 1.5)))) / level
    coarse = float(cv2.GaussianBlur(road, (0, 0), 8).std(axis=1).mean()) / level
    horizon = round(camera.horizon_y())
    values = (
        np.log((np.median(road[:third]) + 1) / (np.median(road[-third:]) + 1)),
        -np.log(level),
        -fine,
        np.log((coarse + 1e-3) / (fine + 1e-3)),
        (road > 1.6 * level).mean(),
        max(mirrored(grey, horizon + round(shift * height)) for shift in (-0.04, 0.0, 0.04)),
    )
    return np.array(values, float)


def mirrored(grey: Floats, horizon: int) -> float:
    """Correlation, across the picture, of the road below the horizon and what stands above it, without their trends."""
    height, width = grey.shape
    reach = min(round(0.3 * height), horizon, height - horizon)
    columns = slice(width // 10, 9 * width // 10)
    above = grey[horizon - reach : horizon - reach // 8, columns]
    below = grey[horizon + reach // 4 : horizon + reach, columns]
    above, below = _across(np.log(above + 8).mean(axis=0)), _across(np.median(np.log(below + 8), axis=0))
    return float(np.corrcoef(above, below)[0, 1])


def _across(line: Floats) -> Floats:
    line = cv2.resize(line[None], (32, 1), interpolation=cv2.INTER_AREA)[0]
    x = np.linspace(-1, 1, len(line))
    rest: Floats = line - np.polyval(np.polyfit(x, line, 2), x)
    return rest


def load(path: Path) -> Image:
    """A picture in RGB, `SIDE_PX` long."""
    return shrink(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))


def shrink(image: Image) -> Image:
    """The picture, `SIDE_PX` long."""
    scale = SIDE_PX / max(image.shape[:2])
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def dashcams(folder: Path) -> dict[str, list[Path]]:
    """The pictures of each source, by their numbers, without the doubtful ones."""
    with (folder / "sources.tsv").open() as lines:
        source = dict(line[:2] for line in csv.reader(lines, delimiter="\t"))
    paths = [path for path in sorted((folder / "images").glob("*.webp")) if path.stem not in DOUBTFUL]
    return {wanted: [path for path in paths if source[path.stem] == wanted] for wanted in SOURCES}


def simulated(folder: Path, measure: Measure) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Measures (n, c) of the dry pictures and the same made wet, to choose on and to report on."""
    halves: tuple[list[Floats], list[Floats]] = ([], [])
    for paths in dashcams(folder).values():
        dry = [path for path in paths if path.stem not in WET]
        for i, path in enumerate(dry):
            image = load(path)
            wet = wet_road(image, np.random.default_rng([7, i]))
            halves[2 * i >= len(dry)].append(np.array([measure(image), measure(wet)]))
    chosen, reported = (np.stack(half) for half in halves)
    return (chosen[:, 0], chosen[:, 1]), (reported[:, 0], reported[:, 1])


def real(folder: Path, measure: Measure) -> tuple[Floats, Bools]:
    """Measures (n, c) of the Japanese pictures, by their numbers, and which of them look wet."""
    paths = [path for part in ("train", "val") for path in dashcams(folder / part)["rdd2022_japan"]]
    paths = sorted(paths, key=lambda path: path.stem)
    return np.stack([measure(load(path)) for path in paths]), np.array([path.stem in WET for path in paths])


def discriminant(dry: Floats, wet: Floats) -> Floats:
    """Weights (c,) of the cues that part the two best by a sum: Fisher's linear discriminant."""
    weights: Floats = np.linalg.solve(np.cov(dry.T) + np.cov(wet.T), wet.mean(axis=0) - dry.mean(axis=0))
    return weights


def figures(threshold: float, dry: Floats, wet: Floats) -> dict[str, float]:
    """How well scores part wet from dry."""
    auc = float(mannwhitneyu(wet, dry).statistic) / (len(wet) * len(dry))
    return {"auc": auc, "recall": float((wet > threshold).mean()), "false_alarms": float((dry > threshold).mean())}


def main() -> None:
    """Measure each cue and all together, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = options.data / "road-damage"
    chosen, reported = simulated(folder / "val", cues)
    values, wet = real(folder, cues)
    pictures = values[~wet], values[wet]
    together = discriminant(*chosen)
    print(f"chosen on {len(chosen[0])} pictures, simulated: {len(reported[0])}, real: {len(pictures[0])} dry, ", end="")
    print(f"{len(pictures[1])} wet; AUC, recall and false alarms of each")
    rows = {}
    for n, name in enumerate((*CUES, "all together")):

        def scores(parts: Sequence[Floats], n: int = n) -> list[Floats]:
            return [part[:, n] if n < len(CUES) else part @ together for part in parts]

        threshold = float(np.quantile(scores(chosen)[0], 1 - FALSE_ALARMS))
        rows[name] = {"simulated": figures(threshold, *scores(reported)), "real": figures(threshold, *scores(pictures))}
        told = ("{auc:6.2f}{recall:7.0%}{false_alarms:7.1%}".format(**row) for row in rows[name].values())
        print(f"{name:24}" + "    ".join(told))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
