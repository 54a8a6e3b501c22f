"""How fast a server with a large map answers: 1,000,000 defects on 100,000 segments, on this machine.

    python -m benchmarks.api [--home DIR] [--defects 1000000] [--planners 100,500] [--json FILE]

A made-up town of 99,904 streets of 100 m, driven five times, each damage seen once; published as the job of a survey
does it.
The server is `schouw serve` with one web process; the client runs beside it and takes its share of the processor.
Every box, tile and track is another one, so nothing comes from the server's memory. Tiles are measured twice: cut when
they are asked for, as just after publishing, and drawn by a worker, which happens next.
With `--home` the town is kept there and used again. SCHOUW_DATABASE_URL chooses PostgreSQL.
"""

import argparse
import asyncio
import json
import os
import random
import re
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
import shapely
from sqlalchemy import delete

from api.context import open_context
from api.features import far, near
from api.features.cutting import ZOOMS, Address
from api.settings import read_settings
from api.store.schema import NearTile
from benchmarks import uploads
from benchmarks.first_view import first_views
from benchmarks.locating import ORIGIN, town
from benchmarks.town import START_S, build
from detector.files import atomic_path
from detector.types import Floats
from roads.network import Network

BLOCK_M = 100.0
SCREEN = (1920, 1080)  # px, at zoom 15
TILE_PX = 512
CONNECTIONS = 6  # of a browser to one server
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


def discard(home: Path) -> None:
    """Have the town's tiles as just after publishing: those from afar drawn, those from near not yet."""
    context = open_context(read_settings(home=home))
    far.draw(context.database)
    with context.database.write() as session:
        session.execute(delete(NearTile))
    context.close()


def drawn(home: Path) -> list[Figure]:
    """Draw the town's tiles, as the worker does after publishing."""
    context = open_context(read_settings(home=home))
    begin = time.perf_counter()
    count = near.draw(context.database)
    context.close()
    return [Figure(f"drawing {count} tiles, once after publishing", time.perf_counter() - begin, "s")]


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
    alone = os.environ | {"SCHOUW_BASEMAP": ""}  # what a basemap takes to come is not this server's doing
    process = subprocess.Popen(
        command, env=alone, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
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

    def screen(self, layer: str, lon: float, lat: float) -> list[Address]:
        """The tiles that a map round a place asks for at zoom 15: it enlarges those of the last zoom that there is."""
        zoom = ZOOMS[layer][1]
        whole = Address(layer, zoom, 0, 0)
        middle = whole.grid(np.array([[lon, lat]]))[0] / whole.extent
        half = np.array(SCREEN) / 2 / TILE_PX / (1 << 15 - zoom)
        (left, top), (right, bottom) = (np.floor(middle + side).astype(int).tolist() for side in (-half, half))
        return [Address(layer, zoom, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]

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


def tiles(town: Town, client: httpx.Client, seed: int, how: str) -> list[Figure]:
    """Tiles of zoom 14, none twice."""
    rng, figures = random.Random(seed), []
    for layer in ("segments", "defects", "coverage"):
        places = {(t.column, t.row): t for t in (town.tile(layer, 14, *town.place(rng)) for _ in range(400))}
        asked = list(places.values())[:81]
        taken, answers = timed(lambda n, asked=asked: client.get(town.address(asked[n])), len(asked) - 1)  # type: ignore[misc]
        size = float(np.mean([float(answer.headers["content-length"]) for answer in answers])) / 1000
        figures.append(Figure(f"tile z14 of {layer} ({size:.0f} kB), {how}, p95", p95(taken), "ms", 80, 25))
    return figures


def far_tiles(town: Town, client: httpx.Client) -> list[Figure]:
    """A whole town in one tile."""
    rng, figures = random.Random(3), []
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


class Browser:
    """Asks as a browser does, over six connections that stay open; costs so little that the server is measured."""

    def __init__(self, url: str) -> None:
        self.at = httpx.URL(url)
        self.free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            self.free.put_nowait(None)

    async def get(self, address: str) -> int:
        """Ask for something and give its status."""
        connection = await self.free.get()
        try:
            reader, writer = connection or await asyncio.open_connection(self.at.host, self.at.port)
            path = httpx.URL(address).raw_path.decode()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.at.host}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            status = int(head.split()[1])
            if length := re.search(r"content-length: (\d+)", head, re.IGNORECASE):
                await reader.readexactly(int(length[1]))
            connection = reader, writer
        except OSError:
            connection = None
            raise
        finally:
            self.free.put_nowait(connection)
        return status

    def close(self) -> None:
        """Close the connections."""
        while not self.free.empty():
            if connection := self.free.get_nowait():
                connection[1].close()


async def planner(town: Town, rng: random.Random, taken: list[float], errors: list[str]) -> None:
    """One who pans over the town at zoom 15, a screen each time, with pauses to look."""
    browser = Browser(town.url)
    lon, lat = town.place(rng)
    known: set[str] = set()

    async def ask(address: str) -> None:
        begin = time.perf_counter()
        try:
            if (status := await browser.get(address)) not in (200, 204):
                errors.append(str(status))
        except (OSError, asyncio.IncompleteReadError) as error:
            errors.append(repr(error))
        taken.append(time.perf_counter() - begin)

    for _ in range(PANS):
        await asyncio.sleep(rng.uniform(0, 2 * PAUSE_S))
        screen = {town.address(tile) for layer in ("segments", "defects") for tile in town.screen(layer, lon, lat)}
        await asyncio.gather(*(ask(address) for address in screen - known))  # a browser keeps what it has
        known |= screen
        lon, lat = lon + rng.uniform(-0.01, 0.01), lat + rng.uniform(-0.006, 0.006)
    browser.close()


async def panning(town: Town, planners: int, seed: int) -> tuple[list[float], list[str]]:
    """So many planners at once; how long every tile took, and what failed."""
    taken: list[float] = []
    errors: list[str] = []
    several = (planner(town, random.Random(seed * 10_000 + n), taken, errors) for n in range(planners))
    await asyncio.gather(*several)
    return taken, errors


def crowds(town: Town, sizes: Sequence[int]) -> list[Figure]:
    """Crowds of planners; the first meets a server that has sent few of its tiles."""
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
    taken = [1000 * view_s for view_s in first_views(town.url)]
    return [
        Figure("first view of the map in Chromium, median of five", float(np.median(taken)), "ms", 2000, 800),
        Figure("the slowest of these", max(taken), "ms"),
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
        discard(home)
        with served(home) as url, httpx.Client(timeout=120) as client:
            about: dict[str, Any] = client.get(f"{url}/v1/about").json()["map"]
            known = Town(url, tuple(about["bbox"]), about["version"])
            sizes = [int(size) for size in given.planners.split(",") if size]
            measured = chain.from_iterable(
                ask()
                for ask in (
                    partial(boxes, known, client, given.defects),
                    partial(tiles, known, client, 3, "cut"),
                    partial(far_tiles, known, client),
                    partial(drawn, home),
                    partial(tiles, known, client, 4, "drawn"),
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
