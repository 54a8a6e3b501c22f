"""How fast a road network loads, and what memory that takes.

    python -m benchmarks.network [--segments 100000] [--json FILE]

A grid of bent streets of 120 m with the attributes of NWB, as a GeoPackage: one tenth one-way, the same for the same
number of segments. Each load is a process of its own: `read_network` with the topology and the search tree that
matching needs. Starting Python and importing packages count for the memory (peak resident set), not for the seconds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from benchmarks import locating
from detector.files import atomic_path
from roads.network import read_network

STREET_M, BEND_M, VERTICES = 120.0, 4.0, 6


@dataclass(frozen=True)
class Table:
    """Figures to print: a title, the headings, and rows of cells."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[str | float, ...]]

    def __str__(self) -> str:
        lines = [self.headings, tuple("-" * len(heading) for heading in self.headings)]
        lines += [tuple(c if isinstance(c, str) else f"{c:,.2f}" for c in row) for row in self.rows]
        width = [max(len(line[k]) for line in lines) for k in range(len(self.headings))]
        text = [" | ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)).rstrip() for line in lines]
        return "\n".join([self.title, *text])


def nwb_like(segments: int) -> gpd.GeoDataFrame:
    """Make a grid of streets with the columns of NWB wegvakken, in EPSG:28992."""
    random = np.random.default_rng(segments)
    side = int(np.ceil((1 + np.sqrt(1 + 2 * segments)) / 2))
    node = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), axis=-1) * STREET_M
    node += random.uniform(-25, 25, node.shape) + np.array([20_000, 310_000])
    begin = np.concatenate([node[:-1].reshape(-1, 2), node[:, :-1].reshape(-1, 2)])[:segments]
    end = np.concatenate([node[1:].reshape(-1, 2), node[:, 1:].reshape(-1, 2)])[:segments]
    share = np.linspace(0, 1, VERTICES)[None, :, None]
    vertices = begin[:, None] * (1 - share) + end[:, None] * share
    vertices[:, 1:-1] += random.normal(0, BEND_M, vertices[:, 1:-1].shape)
    street = [f"Straat {i // 12}" for i in range(segments)]
    return gpd.GeoDataFrame(
        {
            "WVK_ID": 600_000_000 + np.arange(segments),
            "WVK_BEGDAT": "2024-01-01",
            "JTE_ID_BEG": np.arange(segments),
            "JTE_ID_END": np.arange(segments) + 1,
            "WEGBEHSRT": random.choice(["G", "P", "W", "R"], segments, p=[0.85, 0.06, 0.05, 0.04]),
            "WEGNUMMER": "",
            "BST_CODE": "RB",
            "RIJRICHTNG": random.choice(["B", "H", "T"], segments, p=[0.9, 0.05, 0.05]),
            "STT_NAAM": street,
            "WPSNAAM": "Enschede",
            "GME_NAAM": "Enschede",
            "WEGBEHNAAM": "Enschede",
            "FRC": random.integers(0, 8, segments),
            "OPENLR": [f"CwQ{i:012x}==" for i in range(segments)],
        },
        geometry=shapely.linestrings(np.round(vertices, 3)),
        crs=28992,
    )


def peak_mb() -> float:
    """Peak resident set of this process, MB."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # bytes on macOS


def measure(path: Path, section_m: float | None) -> dict[str, float]:
    """Load a network here: seconds, CPU seconds, peak memory, and what came of it."""
    began, cpu = time.perf_counter(), time.process_time()
    network = read_network(path, section_m=section_m)
    _ = network.topology.tree
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    edges = len(network.topology.edge_length_m)
    sizes = {"segments": len(network.segments), "edges": edges}
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb(), **sizes}


def loading(segments: int) -> Table:
    """Cold and from the cache, whole and in sections of 100 m."""
    rows: list[tuple[str | float, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wegvakken.gpkg"
        nwb_like(segments).to_file(path, layer="wegvakken")
        environment = os.environ | {"SCHOUW_CACHE": str(Path(folder) / "cache")}
        for section_m in (None, 100.0):
            for load in ("cold", "cached"):
                command = [sys.executable, "-m", "benchmarks.network", "--measure", str(path)]
                command += ["--section", str(section_m)] if section_m else []
                run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
                found = json.loads(run.stdout)
                kind = f"sections of {section_m:.0f} m" if section_m else "whole segments"
                sizes = (f"{found['segments']:,}", f"{found['edges']:,}")
                rows.append((kind, load, *sizes, found["seconds"], found["cpu_seconds"], found["peak_mb"]))
    headings = ("network", "load", "segments", "edges", "seconds", "CPU seconds", "peak MB")
    return Table(f"Loading an NWB-like GeoPackage of {segments:,} segments", headings, rows)


def damage(_: int) -> Table:
    """Very many defects on a large network, step by step."""
    rows: list[tuple[str | float, ...]] = [*locating.measure()]
    return Table("1,000,000 defects on 100,000 sections", ("step", "CPU seconds", "peak MB"), rows)


TABLES: tuple[Callable[[int], Table], ...] = (loading, damage)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the tables here too")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--section", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.section)))
        return
    tables = []
    for make in TABLES:
        tables.append(make(options.segments))
        print(tables[-1], end="\n\n", flush=True)
    if options.json:
        with atomic_path(options.json) as temporary:
            temporary.write_text(json.dumps([asdict(table) for table in tables], indent=1))


if __name__ == "__main__":
    main()
