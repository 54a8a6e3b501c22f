"""What one process of the server keeps in memory of the map, and the version by which answers are cached."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from api.errors import refusal
from api.features.compared import Comparisons
from api.features.matching import ServedNetwork
from api.store.layers import count_features, map_state
from api.store.schema import MapState

TILE_BYTES = 128 << 20  # of tiles kept

Key = tuple[str, str, int, int, int]  # version, layer, zoom, column, row


class Tiles:
    """The tiles asked for last. One that several ask for at the same time is made once."""

    def __init__(self, most_bytes: int = TILE_BYTES) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._bytes = 0
        self._making: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Key) -> bytes | None:
        """Find a tile that is kept."""
        with self._lock:
            if (tile := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
            return tile

    def made(self, key: Key, make: Callable[[], bytes]) -> bytes:
        """Find a tile or make it."""
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            if (tile := self.get(key)) is None:
                tile = make()
                self._keep(key, tile)
        with self._lock:
            self._making.pop(key, None)
        return tile

    def _keep(self, key: Key, tile: bytes) -> None:
        with self._lock:
            self._kept[key] = tile
            self._bytes += len(tile)
            while self._bytes > self.most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1])


class Counts:
    """How many features each layer has, counted once for each version of the map."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def of(self, session: Session, layer: str, version: str) -> int:
        """Count a layer."""
        known = self._known.get(layer)
        if known is None or known[0] != version:
            known = self._known[layer] = (version, count_features(session, layer))
        return known[1]


@dataclass(frozen=True)
class Served:
    """What one process keeps."""

    tiles: Tiles = field(default_factory=Tiles)
    counts: Counts = field(default_factory=Counts)
    network: ServedNetwork = field(default_factory=ServedNetwork)
    comparisons: Comparisons = field(default_factory=Comparisons)


async def _served(request: Request) -> Served:
    state = request.app.state
    if not hasattr(state, "served"):
        state.served = Served()  # in the event loop, so once
    served: Served = state.served
    return served


Kept = Annotated[Served, Depends(_served)]


def version_of(state: MapState | None) -> str:
    """Name the state of the map that answers and tiles are of."""
    return f"{state.revision}.{state.changes}" if state else "0.0"


def is_known(request: Request, version: str) -> bool:
    """Tell whether the caller has this version already (RFC 9110, If-None-Match)."""
    given = request.headers.get("if-none-match", "")
    return any(tag.strip().removeprefix("W/") in (f'"{version}"', "*") for tag in given.split(","))


def headers(version: str) -> dict[str, str]:
    """What an answer of this version of the map is sent with: callers ask again whether it is still so."""
    return {"ETag": f'"{version}"', "Cache-Control": "no-cache"}


def served_state(session: Session) -> MapState:
    """Say which map is served.

    Raises:
        Problem: 404, there is none yet.
    """
    if (state := map_state(session)) is None:
        raise refusal("no_map")
    return state
