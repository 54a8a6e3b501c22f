"""How fast a server with a large map answers: 1,000,000 defects on 100,000 segments, on this machine.

    python -m benchmarks.api [--home DIR] [--defects 1000000] [--planners 100,500] [--json FILE]

A made-up town of 99,904 streets of 100 m, driven five times, each damage seen once; published as the job of a survey
does it.
The server is `schouw serve` with one web process; the client runs beside it and takes its share of the processor.
Every box, tile and track is another one, so nothing comes from the server's memory.
With `--home` the town is kept there and used again. SCHOUW_DATABASE_URL chooses PostgreSQL.
"""

import argparse
import asyncio
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import shapely

from api.context import open_context
from api.features.cutting import Address
from api.features.far import draw
from api.settings import read_settings
from api.store.layers import map_state
from api.store.publish import publish
from benchmarks import uploads
from benchmarks.first_view import first_views
from benchmarks.locating import ORIGIN, town
from detector.files import atomic_path
from detector.taxonomy import CLASSES
from detector.types import Floats
from roads.condition.table import read_table
from roads.inventory import SIGHTS, Inventory, empty_inventory, write_inventory
from roads.network import Network
from roads.tables import PASSES, SURVEYS, TRACK, conform

SURVEYED = 5
START_S, DAY_S = 1_700_000_000.0, 86_400.0
KEY = "inventories/1"
LANE_M = 1.75
BLOCK_M = 100.0
SCREEN = (4, 2)  # tiles of 512 px across and down, on a desktop screen
PAUSE_S = 4.0  # between two pans of one planner, on average
PANS = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and what it should be."""

    what: str
    value: float
    unit: str
    at_least: float | None = None
    aim: float | None = None

    def __str__(self) -> str:
        wanted = ["" if bound is None else f"{bound:g}" for bound in (self.at_least, self.aim)]
        return f"| {self.what} | {self.value:.3g} {self.unit} | {' | '.join(wanted)} |"


def town_inventory(defects: int) -> Inventory:
    """The town after its surveys: every street passed by each, and so many defects, each seen by one."""
    rng = np.random.default_rng(1)
    network = _named(town())
    segments = network.segments
    n, roads = defects, len(segments)
    survey, segment, share = rng.integers(0, SURVEYED, n), rng.integers(0, roads, n), rng.uniform(0.02, 0.98, n)
    driven = np.lexsort([share, segment, survey])  # a survey numbers damage as it comes by
    survey, segment, share = survey[driven], segment[driven], share[driven]
    lines = segments.geometry.to_numpy()[segment]
    offset = share * segments["length_m"].to_numpy()[segment]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines, offset)) + rng.normal(0, 1.0, (n, 2))
    size = np.exp(rng.normal(-0.7, 0.4, n))
    sights = pd.DataFrame({name: np.zeros(n, kind if kind != "string" else object) for name, kind in SIGHTS.items()})
    sights = sights.assign(
        survey=survey, number=np.arange(n) + 1, defect=np.arange(n) + 1, class_id=rng.integers(0, len(CLASSES), n),
        segment=segment, forward=True, x_m=xy[:, 0], y_m=xy[:, 1], sigma_m=2.0, heading_deg=90.0, offset_m=offset,
        from_line_m=-LANE_M, left_m=-0.5, length_m=size, width_m=size, area_m2=size**2, size_sigma=0.2,
        score=rng.beta(5, 2.5, n), looks=3, time_s=START_S + survey * 60 * DAY_S, source="drive.mp4", reason="",
    )  # fmt: skip
    passes = pd.DataFrame(
        {"survey": np.repeat(np.arange(SURVEYED), roads), "segment": np.tile(np.arange(roads), SURVEYED)}
    )
    passes = passes.assign(visit=0, forward=True, from_m=0.0, usable=True, reason="")
    passes["to_m"] = np.tile(segments["length_m"].to_numpy(), SURVEYED)
    passes["time_s"] = START_S + passes["survey"] * 60 * DAY_S
    names = [f"drive{k}" for k in range(SURVEYED)]
    at = START_S + np.arange(SURVEYED) * 60 * DAY_S
    about = pd.DataFrame({"survey_id": names, "name": names, "from_s": at, "to_s": at + 3600, "driven_m": 1e7})
    about = about.assign(frames=2, card="{}")
    empty = empty_inventory(network)
    track = empty.track.reindex(range(2 * SURVEYED))
    track["survey"] = np.repeat(np.arange(SURVEYED), 2)
    track[["frame", "time_s"]] = 0
    track = track.astype({name: kind for name, kind in TRACK.items() if kind != "float64"})
    ends = shapely.get_point(segments.geometry.to_numpy()[:SURVEYED].repeat(2), [0, -1] * SURVEYED)
    track.geometry = ends
    return Inventory(
        network, conform(about, SURVEYS), conform(sights, SIGHTS), conform(passes, PASSES),
        track.set_crs(network.crs, allow_override=True), n + 1,
    )  # fmt: skip


def _named(network: Network) -> Network:
    segments = network.segments.assign(name=[f"Straat {i // 12}" for i in range(len(network.segments))])
    return Network(Path("town.gpkg"), segments, network.crs, network.preset, network.notes)


def build(home: Path, defects: int) -> float:
    """Make the town's server in a folder, unless it is there; return how long publishing took, s."""
    context = open_context(read_settings(home=home))
    try:
        with context.database.read() as session:
            if map_state(session) is not None:
                return float("nan")
        inventory = town_inventory(defects)
        with tempfile.TemporaryDirectory() as folder:
            write_inventory(inventory, Path(folder) / "inventory")
            context.blobs.put(KEY, Path(folder) / "inventory")
        begin = time.perf_counter()
        publish(context.database, inventory, read_table(), key=KEY, revision=1)
        draw(context.database)
        return time.perf_counter() - begin
    finally:
        context.close()


def p95(values: Sequence[float]) -> float:
    """The time that 95 of 100 are within, ms."""
    return float(np.percentile(values, 95)) * 1000


@contextmanager
def served(home: Path) -> Iterator[str]:
    """Start `schouw serve` with one web process and no worker; yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = [sys.executable, "-c", "from cli.main import main; main()"]
    command = [*started, "serve", "--home", str(home), "--port", str(port), "--workers", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit("the server ended; start it by hand to see why")
            try:
                httpx.get(f"{url}/v1/health", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


@dataclass(frozen=True)
class Town:
    """What the client knows of the map: its box and version."""

    url: str
    box: tuple[float, float, float, float]
    version: str

    def place(self, rng: random.Random) -> tuple[float, float]:
        """A place in the town, away from its edge."""
        west, south, east, north = self.box
        return west + (0.1 + 0.8 * rng.random()) * (east - west), south + (0.1 + 0.8 * rng.random()) * (north - south)

    def tile(self, layer: str, zoom: int, lon: float, lat: float) -> Address:
        """The tile that a place is in."""
        whole = Address(layer, zoom, 0, 0)
        column, row = (whole.grid(np.array([[lon, lat]]))[0] // whole.extent).astype(int).tolist()
        return Address(layer, zoom, column, row)

    def address(self, tile: Address) -> str:
        """Where a tile is, as the web app asks for it."""
        return f"{self.url}/v1/tiles/{tile.layer}/{tile.zoom}/{tile.column}/{tile.row}.mvt?v={self.version}"


def timed(ask: Callable[[int], httpx.Response], times: int) -> tuple[list[float], list[httpx.Response]]:
    """Ask so often, one after the other, after one that warms up."""
    ask(-1).raise_for_status()
    taken, answers = [], []
    for number in range(times):
        begin = time.perf_counter()
        answers.append(ask(number).raise_for_status())
        taken.append(time.perf_counter() - begin)
    return taken, answers


def boxes(town: Town, client: httpx.Client, defects: int) -> list[Figure]:
    """Boxes with about a thousand defects, each somewhere else."""
    rng = random.Random(2)
    west, south, east, north = town.box
    share = (1100 / defects) ** 0.5  # of the town's sides

    def ask(_: int) -> httpx.Response:
        lon, lat = town.place(rng)
        half = share * (east - west) / 2, share * (north - south) / 2
        box = f"{lon - half[0]},{lat - half[1]},{lon + half[0]},{lat + half[1]}"
        return client.get(f"{town.url}/ogc/collections/defects/items?limit=1000&bbox={box}")

    taken, answers = timed(ask, 100)
    returned = np.mean([answer.json()["numberReturned"] for answer in answers])
    return [Figure(f"box of {returned:.0f} features, p95", p95(taken), "ms", 120, 40)]


def tiles(town: Town, client: httpx.Client) -> list[Figure]:
    """Tiles of zoom 14, none twice; and a whole town in one tile."""
    rng, figures = random.Random(3), []
    for layer in ("segments", "defects", "coverage"):
        places = {(t.column, t.row): t for t in (town.tile(layer, 14, *town.place(rng)) for _ in range(400))}
        asked = list(places.values())
        taken, answers = timed(lambda n, asked=asked: client.get(town.address(asked[n])), min(len(asked) - 1, 100))  # type: ignore[misc]
        size = float(np.mean([float(answer.headers["content-length"]) for answer in answers])) / 1000
        figures.append(Figure(f"tile z14 of {layer} ({size:.0f} kB), p95", p95(taken), "ms", 80, 25))
    for zoom in (10, 12):
        tile = town.tile("segments", zoom, *town.place(rng))
        begin = time.perf_counter()
        size = float(client.get(town.address(tile)).headers["content-length"]) / 1000
        figures.append(
            Figure(f"first tile z{zoom} of segments ({size:.0f} kB)", 1000 * (time.perf_counter() - begin), "ms")
        )
    return figures


def tracks(town: Town, client: httpx.Client, network: Network) -> list[Figure]:
    """Tracks of 1,000 fixes, one a second, round blocks of the town with a receiver's noise."""
    rng = np.random.default_rng(4)

    def track() -> list[dict[str, float]]:
        corners = [rng.integers(20, 200, 2)]
        while len(corners) < 120:
            corners.append(np.clip(corners[-1] + rng.permutation([int(rng.choice([-1, 1])), 0]), 0, 223))
        line = shapely.LineString(np.array(corners, float) * BLOCK_M + np.array(ORIGIN))
        xy: Floats = shapely.get_coordinates(shapely.line_interpolate_point(line, np.arange(1000) * 10.0))
        lon, lat = network.to_degrees(xy + rng.normal(0, 3.0, xy.shape))
        return [{"lon": a, "lat": b, "time": START_S + i} for i, (a, b) in enumerate(zip(lon, lat, strict=True))]

    taken, answers = timed(lambda _: client.post(f"{town.url}/v1/match", json={"track": track()}), 30)
    found = np.mean([np.mean([fix["matched"] for fix in answer.json()["fixes"]]) for answer in answers])
    return [Figure(f"match of 1,000 fixes ({found:.0%} on a segment), p95", p95(taken), "ms", 150, 40)]


async def planner(
    town: Town, client: httpx.AsyncClient, rng: random.Random, taken: list[float], errors: list[str]
) -> None:
    """One who pans over the town at zoom 15, a screen of tiles each time, with pauses to look."""
    lon, lat = town.place(rng)
    known: set[str] = set()

    async def ask(address: str) -> None:
        begin = time.perf_counter()
        try:
            (await client.get(address)).raise_for_status()
        except httpx.HTTPError as error:
            errors.append(repr(error))
        taken.append(time.perf_counter() - begin)

    for _ in range(PANS):
        await asyncio.sleep(rng.uniform(0, 2 * PAUSE_S))
        corners = [town.tile(layer, 15, lon, lat) for layer in ("segments", "defects")]
        screen = {
            town.address(Address(c.layer, 15, c.column + dx, c.row + dy))
            for c in corners
            for dx in range(SCREEN[0])
            for dy in range(SCREEN[1])
        }
        await asyncio.gather(*(ask(address) for address in screen - known))  # a browser keeps what it has
        known |= screen
        lon, lat = lon + rng.uniform(-0.01, 0.01), lat + rng.uniform(-0.006, 0.006)


async def panning(town: Town, planners: int, seed: int) -> tuple[list[float], list[str]]:
    """So many planners at once; how long every tile took, and what failed."""
    taken: list[float] = []
    errors: list[str] = []
    limits = httpx.Limits(max_connections=6 * planners)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        several = (planner(town, client, random.Random(seed * 10_000 + n), taken, errors) for n in range(planners))
        await asyncio.gather(*several)
    return taken, errors


def crowds(town: Town, sizes: Sequence[int]) -> list[Figure]:
    """Crowds of planners; the first meets a server that has hardly made a tile of zoom 15."""
    figures = []
    for number, planners in enumerate(sizes):
        taken, errors = asyncio.run(panning(town, planners, number))
        bound = 1000.0 if planners <= 100 else None
        what = f"{planners} planners panning, {len(taken)} tiles, {len(errors)} errors"
        figures += [
            Figure(f"{what}: slowest", 1000 * max(taken), "ms", bound, None if bound else 1000.0),
            Figure(f"{planners} planners panning: p95", p95(taken), "ms"),
        ]
    return figures


def first_view(town: Town) -> list[Figure]:
    """The map in a Chromium that has seen nothing of it."""
    return [
        Figure("first view of the map in Chromium, slowest of five", 1000 * max(first_views(town.url)), "ms", 2000, 800)
    ]


def uploaded() -> list[Figure]:
    """An upload of 1 GiB against `cp`."""
    rates = uploads.measured(mib=1024, rounds=3, port=8765)
    return [Figure("upload over loopback, as a share of cp", rates["upload"] / rates["cp"], "x", 0.4, 0.8)]


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server is stopped too
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="folder in which the town is kept")
    parser.add_argument("--defects", type=int, default=1_000_000)
    parser.add_argument("--planners", default="100,500", help="sizes of the crowds")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    home = given.home or Path(tempfile.mkdtemp(prefix="schouw-bench-"))
    figures = []
    try:
        published_s = build(home, given.defects)
        if not np.isnan(published_s):
            figures.append(Figure("publishing the map", published_s, "s"))
        with served(home) as url, httpx.Client(timeout=120) as client:
            about: dict[str, Any] = client.get(f"{url}/v1/about").json()["map"]
            known = Town(url, tuple(about["bbox"]), about["version"])
            sizes = [int(size) for size in given.planners.split(",") if size]
            measured = chain.from_iterable(
                ask()
                for ask in (
                    partial(boxes, known, client, given.defects),
                    partial(tiles, known, client),
                    partial(tracks, known, client, town()),
                    partial(first_view, known),
                    partial(crowds, known, sizes),
                )
            )
            for figure in measured:
                print(figure, flush=True)
                figures.append(figure)
        for figure in uploaded():
            print(figure, flush=True)
            figures.append(figure)
    finally:
        if given.home is None:
            shutil.rmtree(home)
    if given.json:
        with atomic_path(given.json) as path:
            path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2))


if __name__ == "__main__":
    main()
