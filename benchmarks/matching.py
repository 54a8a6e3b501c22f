"""Speed and accuracy of map matching on tracks with known routes.

    python -m benchmarks.matching FOLDER [--every 5] [--noise 0 --seed 1] --out RESULTS.json

FOLDER holds one folder a track: *.nodes (lon lat), *.arcs (from to), *.track (lon lat seconds) and, to score, *.route
(arcs), as in Kubicka et al. 2015. RESULTS.json gets the arcs driven, {track: [arc, ...]}. The figure is the route
mismatch fraction of Newson & Krumm (2009): length wrongly added and length missed, over the length of the true route.
Loading and matching are timed apart, in CPU seconds of this process (one thread).
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from detector.files import atomic_path
from detector.types import Floats, Ints, Pose
from roads.matching import Matching, match
from roads.network import WGS84, Network

GEOD = pyproj.Geod(a=6371008.8, f=0.0)
RECEIVER_SIGMA_M = 4.0


@dataclass(frozen=True)
class Drive:
    """One track with its network and the truth."""

    name: str
    nodes: Floats  # (n, 2) lon, lat
    arcs: Ints  # (n, 2) from, to
    fixes: Floats  # (n, 3) lon, lat, seconds
    route: Ints | None  # arcs driven in truth


def read_drive(folder: Path) -> Drive:
    base = folder / folder.name
    route = base.with_suffix(".route")
    return Drive(
        folder.name,
        np.loadtxt(base.with_suffix(".nodes"), usecols=(0, 1), ndmin=2),
        np.loadtxt(base.with_suffix(".arcs"), usecols=(0, 1), ndmin=2).astype(np.int64),
        np.loadtxt(base.with_suffix(".track"), usecols=(0, 1, 2), ndmin=2),
        np.loadtxt(route, usecols=0, ndmin=1).astype(np.int64) if route.is_file() else None,
    )


def network_of(drive: Drive) -> tuple[Network, Ints]:
    """The arcs as lines, a two-way line for a pair of opposite arcs; and the arcs of each line, along and against."""
    first: dict[tuple[int, int], int] = {}
    for i, (a, b) in enumerate(drive.arcs.tolist()):
        if a != b:
            first.setdefault((a, b), i)
    pairs = np.array([(i, first.get((b, a), -1)) for (a, b), i in first.items() if a < b or (b, a) not in first])
    middle = shapely.points((drive.nodes.min(axis=0) + drive.nodes.max(axis=0)) / 2)
    crs = gpd.GeoSeries([middle], crs=WGS84).estimate_utm_crs()
    xy = np.column_stack(pyproj.Transformer.from_crs(WGS84, crs, always_xy=True).transform(*drive.nodes.T))
    ends = xy[drive.arcs[pairs[:, 0]]]
    pairs, ends = (x[np.hypot(*(ends[:, 1] - ends[:, 0]).T) > 0] for x in (pairs, ends))
    lines = shapely.linestrings(ends)
    segments = gpd.GeoDataFrame(
        {
            "segment_id": [str(i) for i in pairs[:, 0]],
            "name": "",
            "oneway": np.where(pairs[:, 1] < 0, 1, 0).astype(np.int8),
            "length_m": shapely.length(lines),
        },
        geometry=lines,
        crs=crs,
    )
    return Network(Path(drive.name), segments, crs, "generic", ()), pairs


def poses_of(fixes: Floats, every_s: float, noise_m: float, random: np.random.Generator) -> list[Pose]:
    """Thin the fixes, add noise on each axis, and take heading and speed from the neighbours."""
    fixes = fixes.copy()
    kept = [0]
    for i in range(1, len(fixes)):
        if fixes[i, 2] - fixes[kept[-1], 2] >= every_s or i == len(fixes) - 1:
            kept.append(i)
    fixes = fixes[kept]
    if noise_m:
        metres = random.normal(0.0, noise_m, (len(fixes), 2))
        fixes[:, 1] += metres[:, 1] / 111_195.0
        fixes[:, 0] += metres[:, 0] / (111_195.0 * np.cos(np.radians(fixes[:, 1])))
    before, after = np.maximum(np.arange(len(fixes)) - 1, 0), np.minimum(np.arange(len(fixes)) + 1, len(fixes) - 1)
    heading, _, metres = GEOD.inv(fixes[before, 0], fixes[before, 1], fixes[after, 0], fixes[after, 1])
    seconds = np.maximum(fixes[after, 2] - fixes[before, 2], 0.1)
    _, _, steps = GEOD.inv(fixes[before, 0], fixes[before, 1], fixes[:, 0], fixes[:, 1])
    sigma = float(np.hypot(RECEIVER_SIGMA_M, noise_m))
    rows = zip(
        fixes.tolist(), (heading % 360).tolist(), (metres / seconds).tolist(), steps.cumsum().tolist(), strict=True
    )
    return [Pose(time_s, lon, lat, head, speed, sigma, driven) for (lon, lat, time_s), head, speed, driven in rows]


def arcs_driven(matching: Matching, pairs: Ints) -> list[int]:
    """The path as arcs; an arc only touched at a node is not driven."""
    driven: list[int] = []
    for span in matching.spans:
        arc = int(pairs[span.segment, 0 if span.forward else 1])
        if arc < 0:
            arc = int(pairs[span.segment, 0])  # driven against a one-way street: there is no such arc
        if not driven or driven[-1] != arc:
            driven.append(arc)
    return driven


def mismatch(drive: Drive, driven: list[int]) -> tuple[float, float, float]:
    """Metres added, missed and driven in truth. Parallel arcs between the same nodes count as one."""
    assert drive.route is not None
    nodes = drive.nodes
    a, b = drive.arcs.T
    _, _, length = GEOD.inv(nodes[a, 0], nodes[a, 1], nodes[b, 0], nodes[b, 1])
    got = Counter((int(a[i]), int(b[i])) for i in driven)
    want = Counter((int(a[i]), int(b[i])) for i in drive.route)
    metres = {(int(a[i]), int(b[i])): float(length[i]) for i in [*driven, *drive.route]}
    added = sum(metres[k] * n for k, n in (got - want).items())
    missed = sum(metres[k] * n for k, n in (want - got).items())
    return added, missed, float(length[drive.route].sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between the fixes used")
    parser.add_argument("--noise", type=float, default=0.0, help="extra Gaussian noise on each axis, metres")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    results: dict[str, list[int]] = {}
    fixes, seconds, total = 0, 0.0, np.zeros(3)
    for folder in sorted(p for p in options.folder.iterdir() if p.is_dir()):
        drive = read_drive(folder)
        began = time.process_time()
        network, pairs = network_of(drive)
        _ = network.topology.tree  # built when first asked for
        loaded = time.process_time()
        poses = poses_of(drive.fixes, options.every, options.noise, random)
        start = time.process_time()
        matching = match(network, poses)
        took = time.process_time() - start
        results[drive.name] = arcs_driven(matching, pairs)
        fixes, seconds = fixes + len(poses), seconds + took
        line = f"{drive.name}  {len(poses):6d} fixes  load {loaded - began:6.2f} s  match {took:6.3f} s"
        line += f"  {len(poses) / took:8.0f} fixes/s"
        if drive.route is not None:
            added, missed, length = mismatch(drive, results[drive.name])
            total += added, missed, length
            line += f"  {(added + missed) / length:8.3%}  +{added:.0f} m  -{missed:.0f} m  of {length:.0f} m"
        print(line, flush=True)
    with atomic_path(options.out) as temporary:
        temporary.write_text(json.dumps(results))
    print(
        f"pooled {fixes / seconds:.0f} fixes/s" + (f"  mismatch {total[:2].sum() / total[2]:.3%}" if total[2] else "")
    )


if __name__ == "__main__":
    main()
