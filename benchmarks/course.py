"""How well the length of a crack along its course is measured, against rendered cracks whose course is known exactly.

    python -m benchmarks.course [--seeds 4,5,6,7] [--json FILE]

For each seed a straight street of 150 m with 18 single cracks is driven along; a picture (1280 x 720) is rendered every
3 m, and each whole crack that begins within 12 m is looked at, in its exact box. The true length is that of the longest
stroke in steps of 10 cm, as a wheel would measure it. Told are the errors of the box's longer side (what was taken
before), of its diagonal (what is taken where no course is found), and of the course. Beside each crack a place without
one is looked at, where no course should be found.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from benchmarks.scene import CAMERA
from detector.scene.course import winding
from detector.scene.measure import measure
from detector.types import Detection, Floats, Image, Look
from training.synthesis.axis import make_axis
from training.synthesis.pictures import prepare
from training.synthesis.street import LONGITUDINAL, TRANSVERSE, Damage, Street, Wish, plan_street
from training.synthesis.survey import ASPHALT, DAYLIGHT
from training.synthesis.view import Place, render, visible_box

STREET_M, EVERY_M, WITHIN_M = 150.0, 3.0, 12.0
RULER_M = 0.1
RIM_PX = 3.0
BESIDE_M = 0.6


@dataclass(frozen=True, slots=True)
class Row:
    """One look at one crack: relative errors of its length, and how the search for its course went."""

    class_id: int
    longer: float
    diagonal: float
    course: float  # of the diagonal where no course was found
    found: bool
    found_beside: bool | None  # None: another crack lies there
    ms: float  # CPU time of the search


def rows_of(seed: int) -> Iterator[Row]:
    """Drive along the street of a seed."""
    rng = np.random.default_rng(seed)
    axis = make_axis([(STREET_M, 0.0)])
    street = plan_street(rng, axis, 3.1, [Wish(c, 10, STREET_M - 10) for c in (LONGITUDINAL, TRANSVERSE) * 9], 6)
    stage = prepare(street, rng, asphalt=ASPHALT)
    for s in np.arange(0, STREET_M - 20, EVERY_M):
        place = Place(float(s), street.lane_t, 0.0)
        seen = [(d, look) for d in street.damages if (look := _whole_look(d, street, place))]
        if seen:
            image = render(stage, CAMERA, place, DAYLIGHT, rng)
            yield from (_row(image, look, damage, street, place) for damage, look in seen)


def _whole_look(damage: Damage, street: Street, place: Place) -> Look | None:
    if not place.x < damage.outline.bounds[0] < place.x + WITHIN_M:
        return None
    box = visible_box(damage, street, CAMERA, place)
    if box is None or box[0] < RIM_PX or box[2] > CAMERA.width - RIM_PX or box[3] > CAMERA.height - RIM_PX:
        return None
    looks = measure(0, [Detection(box, 0.9, damage.class_id)], CAMERA).looks
    return looks[0] if looks else None


def _row(image: Image, look: Look, damage: Damage, street: Street, place: Place) -> Row:
    true = ruled(max((stroke.points for stroke in damage.strokes), key=len))
    sides = look.far_m - look.near_m, look.left_m - look.right_m
    began = time.process_time()
    found = winding(image, look, CAMERA)
    ms = (time.process_time() - began) * 1e3
    diagonal = float(np.hypot(*sides))
    course = diagonal if found is None else max(sides) * found
    longer, across, along = (length / true - 1 for length in (max(sides), diagonal, course))
    beside = _found_beside(image, look, street, place)
    return Row(damage.class_id, longer, across, along, found is not None, beside, ms)


def _found_beside(image: Image, look: Look, street: Street, place: Place) -> bool | None:
    if look.detection.class_id == LONGITUDINAL:
        moved = replace(look, left_m=look.left_m + BESIDE_M, right_m=look.right_m + BESIDE_M)
    else:
        moved = replace(look, near_m=look.near_m - 2 * BESIDE_M, far_m=look.far_m - 2 * BESIDE_M)
    t = street.lane_t
    ground = shapely.box(place.x + moved.near_m, t + moved.right_m, place.x + moved.far_m, t + moved.left_m).buffer(0.2)
    taken = any(d.outline.intersects(ground) for d in street.damages)
    if taken or any(d.outline.intersects(ground) for d in street.distractors):
        return None
    pixels = CAMERA.project(np.array([[moved.near_m, moved.left_m], [moved.near_m, moved.right_m]]))
    if not ((pixels > 0) & (pixels < (CAMERA.width, CAMERA.height))).all():
        return None
    return winding(image, moved, CAMERA) is not None


def ruled(points: Floats) -> float:
    """Length of a line (n, 2) in equal steps of about `RULER_M`."""
    along = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    at = np.linspace(0, along[-1], max(round(along[-1] / RULER_M), 1) + 1)
    steps = np.diff(np.column_stack([np.interp(at, along, column) for column in points.T]), axis=0)
    return float(np.hypot(*steps.T).sum())


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """The table's column for some rows."""
    beside = [row.found_beside for row in rows if row.found_beside is not None]
    table: dict[str, Any] = {
        "looks": len(rows),
        "found": np.mean([row.found for row in rows]),
        "places beside": len(beside),
    }
    table["found beside"] = np.mean(beside) if beside else np.nan
    for name in ("longer", "diagonal", "course"):
        errors = np.array([getattr(row, name) for row in rows])
        table |= {f"{name}: bias": np.median(errors), f"{name}: median error": np.median(np.abs(errors))}
    table["course: 1 sigma"] = np.std([row.course for row in rows])
    table["ms"] = np.mean([row.ms for row in rows])
    return {name: float(value) for name, value in table.items()}


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="4,5,6,7", help="comma-separated; options were chosen on 0 to 3")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [row for seed in options.seeds.split(",") for row in rows_of(int(seed))]
    table = {
        name: figures([row for row in rows if row.class_id == class_id])
        for name, class_id in (("longitudinal", LONGITUDINAL), ("transverse", TRANSVERSE))
    }
    print(f"seeds {options.seeds}\n{'':24}" + "".join(f"{name:>14}" for name in table))
    for key in table["longitudinal"]:
        print(f"{key:24}" + "".join(f"{column[key]:14.3f}" for column in table.values()))
    if options.json:
        options.json.write_text(json.dumps({"seeds": options.seeds, **table}, indent=2) + "\n")


if __name__ == "__main__":
    main()
