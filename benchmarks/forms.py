"""The forms of one model side by side: time a picture in a stream, CPU time of that, and the wait for one picture.

    python -m benchmarks.forms [--weights NAME] [--pictures 60] [--repeat 3] [--json FILE]

Pictures are decoded before the clock starts. Forms take turns, so that noise of the machine falls on all of them; the
best of the repeats counts.
"""

import argparse
import json
import time
from pathlib import Path

from detector.images import read_image
from detector.model.predictor import Predictor
from detector.model.weights import FILES, default_weights, load_weights
from detector.types import Image
from training.config import data_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="model name or folder; default: the one in service")
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    weights = load_weights(given.weights) if given.weights else default_weights()
    paths = sorted((data_folder() / "road-damage" / "val" / "images").glob("*_DF_*.webp"))  # all of one shape
    images = [read_image(path) for path in paths[:: max(len(paths) // given.pictures, 1)][: given.pictures]]
    predictors = {form: Predictor(weights, "cpu", form=form) for form in FILES if weights.has(form)}
    for predictor in predictors.values():
        predictor.predict(images)  # compiles the network
    timings: dict[str, list[tuple[float, float, float]]] = {form: [] for form in predictors}
    for _ in range(given.repeat):
        for form, predictor in predictors.items():
            timings[form].append((*_stream(predictor, images), _one_by_one(predictor, images)))
    rows = {
        form: dict(
            zip(
                ("stream_ms", "cpu_ms", "single_ms"),
                (round(1e3 * min(x), 1) for x in zip(*each, strict=True)),
                strict=True,
            )
        )
        for form, each in timings.items()
    }
    for name, row in rows.items():
        print(
            f"{name:15} {row['stream_ms']:7.1f} ms a picture in a stream ({row['cpu_ms']:7.1f} ms of CPU time), "
            f"{row['single_ms']:7.1f} ms for one alone"
        )
    if given.json:
        given.json.write_text(
            json.dumps({"model": weights.card.name, "pictures": len(images), "forms": rows}, indent=2)
        )


def _stream(predictor: Predictor, images: list[Image]) -> tuple[float, float]:
    """Seconds and CPU seconds a picture when they come one after another, as in a survey."""
    start, cpu = time.perf_counter(), time.process_time()
    predictor.predict(images)
    return (time.perf_counter() - start) / len(images), (time.process_time() - cpu) / len(images)


def _one_by_one(predictor: Predictor, images: list[Image]) -> float:
    """Seconds from a picture to its boxes when nothing else is under way."""
    start = time.perf_counter()
    for image in images[::4]:
        predictor.predict([image])
    return (time.perf_counter() - start) / len(images[::4])


if __name__ == "__main__":
    main()
