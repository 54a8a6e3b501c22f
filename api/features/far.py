"""Tiles of a large network seen from afar. One shows so many segments that cutting it takes seconds.

A worker draws them all after the map was published, and again a while after reviews. Until then the tile drawn before
is served, under the version that it shows. A network of `FEW` segments needs none of this.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
import shapely
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from api.features.cutting import WHOLE, Address, Far, pack, touched
from api.features.served import version_of
from api.jobs import queue
from api.store.database import Database
from api.store.layers import count_features, map_state
from api.store.schema import FarTile, MapState
from api.store.spatial import shown_in

FEW = 20_000
WAIT_S = 60.0  # of reviews that come one after the other the tiles are drawn once
WORLD = (-180.0, -90.0, 180.0, 90.0)


def ask_to_draw(session: Session, person: str) -> None:
    """Have the tiles drawn again, in the transaction of a change, if there are any."""
    if session.scalar(select(FarTile.version).limit(1)) is not None:
        queue.enqueue(session, "draw", {}, person=person, lane="map", key="draw", delay_s=WAIT_S)


def large_map(session: Session) -> MapState | None:
    """The map that is served, if its network is so large that tiles are drawn beforehand."""
    state = map_state(session)
    return state if state is not None and count_features(session, "segments") > FEW else None


def draw(database: Database) -> int:
    """Draw the tiles of the map that is served now, and return how many there are."""
    with database.read() as session:
        if (state := large_map(session)) is None:
            return 0
        far = Far.of(*shown_in(session, "segments", WORLD, database.is_postgres))
    rows = [
        {"zoom": a.zoom, "x": a.column, "y": a.row, "version": version_of(state), "content": pack(content)}
        for a, content in _tiles(far)
    ]
    with database.write() as session:
        now = map_state(session, lock=True)
        if now is None or now.revision != state.revision:
            return 0  # who published another map draws it too
        session.execute(delete(FarTile))
        session.execute(insert(FarTile), rows)
    return len(rows)


def drawn(session: Session, address: Address) -> tuple[str, bytes] | None:
    """A tile that was drawn: the map's version that it shows, and it packed, empty for one with nothing.

    None where it has to be cut: it is not seen from afar, or nothing was drawn.
    """
    if address.layer != "segments" or address.zoom >= WHOLE:
        return None
    if (tile := session.get(FarTile, (address.zoom, address.column, address.row))) is not None:
        return tile.version, tile.content
    version = session.scalar(select(FarTile.version).limit(1))
    return None if version is None else (version, b"")


def _tiles(far: Far) -> Iterator[tuple[Address, bytes]]:
    boxes = shapely.bounds(far.lines)
    for zoom in range(WHOLE):
        first, last = (np.array(corner) for corner in touched(zoom, boxes))
        ranges = (range(a, b + 1) for a, b in zip(first.min(0).tolist(), last.max(0).tolist(), strict=True))
        for column, row in product(*ranges):
            on = np.flatnonzero(((first <= (column, row)) & (last >= (column, row))).all(axis=1))
            address = Address("segments", zoom, column, row)
            if len(on) and (content := far.tile(address, on)):
                yield address, content
