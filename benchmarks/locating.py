"""Speed and memory of putting very many defects, and what was seen, on a large network.

    python -m benchmarks.locating

A made-up town of 100,000 sections of 100 m is driven street by street, with a frame every 20 m; 1,000,000 defects lie
up to 9 m from the path, also round the corners. Each step runs in a process of its own: the seconds are CPU time of the
step alone, on one thread; the memory is the most that the process ever held, the network included.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from detector.taxonomy import CLASSES
from detector.types import Floats, Ints
from roads.condition import assess
from roads.condition.table import read_table
from roads.coverage import Seen, seen_of
from roads.driven import Driven, follow
from roads.fusion.history import State
from roads.locate import locate
from roads.matching import Matching, Span
from roads.network import Network
from roads.priorities import prioritise
from roads.tables import DEFECTS as DEFECT_COLUMNS
from roads.tables import PASSES, conform

SIDE = 224  # crossings on each side of the town
BLOCK_M = 100.0
DEFECTS = 1_000_000
PASSES_ROWS = 1_000_000
FRAME_M = 20.0
ORIGIN = (100_000.0, 400_000.0)

Row = tuple[str, float, float]  # what, CPU seconds, peak MB


def town() -> Network:
    """A grid of streets, each bent a metre halfway, as one section from crossing to crossing."""
    n = SIDE
    west = np.array([(x, y) for y in range(n) for x in range(n - 1)], float)  # streets to the east, row by row
    south = np.array([(x, y) for x in range(n) for y in range(n - 1)], float)  # streets to the north
    start = np.concatenate([west, south]) * BLOCK_M + ORIGIN
    step = np.repeat([[BLOCK_M, 0.0], [0.0, BLOCK_M]], [len(west), len(south)], axis=0)
    middle = start + step / 2 + step[:, ::-1] / BLOCK_M
    lines = shapely.linestrings(np.stack([start, middle, start + step], axis=1))
    ids = np.arange(len(lines)).astype(str).astype(object)
    length = shapely.length(lines)
    table = {"segment_id": ids, "name": "", "oneway": np.int8(0), "length_m": length}
    table |= {"parent_id": ids, "from_m": 0.0, "to_m": length}
    crs = pyproj.CRS.from_epsg(28992)
    return Network(Path("town"), gpd.GeoDataFrame(table, geometry=lines, crs=crs), crs, "generic", ())


def drive(network: Network) -> tuple[Matching, Floats, Floats]:
    """A drive over every section in the order of the network: its matching, and the frames' times and places."""
    length = network.segments["length_m"].to_numpy()
    count = (length // FRAME_M).astype(np.int64)
    segment = np.repeat(np.arange(len(length)), count)
    offset = (np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)) * FRAME_M
    line = network.segments.geometry.to_numpy()[segment]
    points = shapely.get_coordinates(shapely.line_interpolate_point(line, offset))
    n, time_s = len(segment), np.arange(len(segment), dtype=np.float64)
    spans = tuple(Span(i, 0.0, m, True) for i, m in enumerate(length.tolist()))
    matching = Matching(segment, offset, np.zeros(n), np.ones(n, bool), np.ones(n), ("",) * n, spans)
    return matching, time_s, points


def locating() -> Row:
    """Put the defects on their sections."""
    network, driven, points, frame = _damaged_town()
    began = time.process_time()
    places = locate(network, driven, points, frame)
    took = time.process_time() - began
    assert (places.segment >= 0).all()
    return f"locate {len(points):,} defects on {len(network.segments):,} sections", took, _peak_mb()


def following() -> Row:
    """Lay the frames on the path."""
    network = town()
    matching, time_s, points = drive(network)
    began = time.process_time()
    follow(network, matching, time_s, points)
    return f"lay {len(points):,} frames on the path driven", time.process_time() - began, _peak_mb()


def adding_up() -> Row:
    """Add up what many surveys saw."""
    network = town()
    random = np.random.default_rng(3)
    start = random.uniform(0.0, BLOCK_M - 20.0, PASSES_ROWS)
    table = pd.DataFrame(
        {
            "survey": random.integers(0, 50, PASSES_ROWS),
            "segment": random.integers(0, len(network.segments), PASSES_ROWS),
            "visit": random.integers(0, 2, PASSES_ROWS),
            "forward": random.random(PASSES_ROWS) < 0.5,
            "from_m": start,
            "to_m": start + random.uniform(1.0, 20.0, PASSES_ROWS),
            "usable": random.random(PASSES_ROWS) < 0.95,
            "reason": "",
            "time_s": random.uniform(1.7e9, 1.8e9, PASSES_ROWS),
        }
    )
    table = conform(table, PASSES)
    began = time.process_time()
    seen_of(table, network)
    return f"add up {PASSES_ROWS:,} stretches of 50 surveys", time.process_time() - began, _peak_mb()


def _damaged_town() -> tuple[Network, Driven, Floats, Ints]:
    """The town, its drive, and the place and the frame of each defect."""
    network = town()
    _ = network.topology
    matching, time_s, points = drive(network)
    driven = follow(network, matching, time_s, points)
    random = np.random.default_rng(2)
    frame = np.sort(random.integers(0, len(points), DEFECTS))
    ahead, aside = random.uniform(3.0, 25.0, DEFECTS), random.uniform(-9.0, 9.0, DEFECTS)
    eastward = matching.segment[frame] < len(network.segments) // 2
    move = np.where(eastward[:, None], np.column_stack([ahead, aside]), np.column_stack([-aside, ahead]))
    return network, driven, points[frame] + move, frame


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # in kB on Linux


def grading() -> Row:
    """Grade, index and rank every section by its defects."""
    network, random = town(), np.random.default_rng(3)
    n = len(network.segments)
    class_id = random.choice(len(CLASSES), DEFECTS, p=[0.4, 0.2, 0.2, 0.15, 0.05])
    length, width = random.lognormal(-0.5, 0.8, DEFECTS), random.lognormal(-1.0, 0.6, DEFECTS)
    nothing = {name: np.zeros(DEFECTS, bool if kind == "bool" else float) for name, kind in DEFECT_COLUMNS.items()}
    known = {
        "id": np.arange(DEFECTS),
        "class_id": class_id,
        "segment": random.integers(0, n, DEFECTS),
        "length_m": length,
        "width_m": width,
        "area_m2": length * width,
        "size_sigma": random.uniform(0.1, 0.4, DEFECTS),
        "score": random.uniform(0.3, 0.9, DEFECTS),
        "probability": random.uniform(0.2, 0.99, DEFECTS),
        "state": str(State.SEEN_AGAIN),
    }
    defects = conform(pd.DataFrame(nothing | known), DEFECT_COLUMNS)
    covered = random.uniform(20.0, BLOCK_M, n)
    seen = Seen(covered, covered * random.uniform(1.0, 2.0, n), random.integers(1, 5, n), np.full(n, 1.7e9))
    table = read_table()
    began = time.process_time()
    condition = assess(network.segments, defects, seen, table)
    prioritise(network.segments.assign(coverage=covered / BLOCK_M).join(condition))
    return f"grade {n:,} sections by {DEFECTS:,} defects", time.process_time() - began, _peak_mb()


STEPS: dict[str, Callable[[], Row]] = {
    "following": following,
    "locating": locating,
    "adding-up": adding_up,
    "grading": grading,
}


def measure() -> list[Row]:
    """Run each step in a process of its own."""
    rows = []
    for step in STEPS:
        command = [sys.executable, "-m", "benchmarks.locating", "--step", step]
        what, seconds, peak_mb = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        rows.append((what, seconds, peak_mb))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--step", choices=list(STEPS), help="run one step here, and print its row as JSON")
    options = parser.parse_args()
    if options.step:
        print(json.dumps(STEPS[options.step]()))
        return
    for what, seconds, peak_mb in measure():
        print(f"{what:<80} {seconds:7.2f} s {peak_mb:8.0f} MB")


if __name__ == "__main__":
    main()
