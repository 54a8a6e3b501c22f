"""Tiles of a large network seen from near.

Cutting one takes up to a tenth of a second: nothing for one planner, a queue for a hundred. A worker draws them all
after the map was published. Publishing discards them, a review those that it touches, and what isn't there is cut when
it is asked for.
"""

from collections.abc import Iterator, Sequence
from itertools import product

import shapely
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from api.features.cutting import WHOLE, ZOOMS, Address, cut, pack, touched
from api.features.far import large_map
from api.features.served import version_of
from api.store.database import Database
from api.store.layers import map_state
from api.store.schema import LAYER_TABLES, NearTile
from detector.types import Floats

AT_ONCE = 16  # tiles drawn between two looks whether the map has changed


def packed(session: Session, address: Address, postgres: bool) -> bytes:
    """Cut a tile and pack it; empty when the layer has nothing there."""
    return pack(cut(session, address, postgres))


def draw(database: Database) -> int:
    """Draw what isn't there of the map that is served now, and return how many tiles that were."""
    with database.read() as session:
        if (state := large_map(session)) is None:
            return 0
        n = NearTile
        there = {tuple(row) for row in session.execute(select(n.layer, n.zoom, n.x, n.y))}
        lines = shapely.from_wkb(session.scalars(select(LAYER_TABLES["segments"].c.geometry)).all())
    missing = [a for a in _addresses(shapely.bounds(lines)) if (a.layer, a.zoom, a.column, a.row) not in there]
    done = 0
    for start in range(0, len(missing), AT_ONCE):
        some = missing[start : start + AT_ONCE]
        if not _draw(database, some, state.revision):
            break
        done += len(some)
    return done


def drawn(session: Session, address: Address) -> bytes | None:
    """A tile that was drawn, packed; None where it has to be cut."""
    if address.zoom < WHOLE:
        return None
    key = (address.layer, address.zoom, address.column, address.row)
    return None if (tile := session.get(NearTile, key)) is None else tile.content


def discard(session: Session, layer: str, boxes: Floats) -> None:
    """Discard the tiles of a layer that a change in some places touches, in the transaction of that change.

    Args:
        session: that writes.
        layer: that changed.
        boxes: (n, 4) where; west, south, east, north in degrees.
    """
    n, within = NearTile, []
    for zoom in range(WHOLE, ZOOMS[layer][1] + 1):
        for (left, top), (right, bottom) in zip(*touched(zoom, boxes), strict=True):
            within.append(and_(n.zoom == zoom, n.x.between(left, right), n.y.between(top, bottom)))
    session.execute(delete(n).where(n.layer == layer, or_(*within)))


def _draw(database: Database, some: Sequence[Address], revision: int) -> bool:
    """Draw some tiles, again when a review came between; tell whether it is still that map."""
    while True:
        with database.read() as session:
            before = version_of(map_state(session))
            contents = [packed(session, address, database.is_postgres) for address in some]
        with database.write() as session:
            now = map_state(session, lock=True)
            if now is None or now.revision != revision:
                return False  # who published another map draws it too
            if version_of(now) != before:
                continue
            for a, content in zip(some, contents, strict=True):
                session.merge(NearTile(layer=a.layer, zoom=a.zoom, x=a.column, y=a.row, content=content))
            return True


def _addresses(boxes: Floats) -> Iterator[Address]:
    """The tiles that streets touch, from afar to near; whatever lies on none of them is cut when asked for."""
    for zoom in range(WHOLE, max(last for _, last in ZOOMS.values()) + 1):
        places = set[tuple[int, int]]()
        for (left, top), (right, bottom) in zip(*touched(zoom, boxes), strict=True):
            places.update(product(range(left, right + 1), range(top, bottom + 1)))
        layers = [layer for layer, (first, last) in ZOOMS.items() if first <= zoom <= last]
        yield from (Address(layer, zoom, x, y) for layer in layers for x, y in sorted(places))
