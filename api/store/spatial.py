"""Where the features of a layer are: a `geom` column with an index on PostGIS, an R*Tree beside the table on SQLite.

Neither is part of the tables that SQLAlchemy knows; migrations make them with the statements here. The R*Tree also has
what a tile shows of a feature: its geometry, and a JSON array of its attributes. Rows of the layer itself are so wide
that SQLite would read a page or more for each of the thousands of features of a tile.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, column, func, literal_column, select, table, text
from sqlalchemy.orm import Session

from api.store.fields import LAYERS
from api.store.schema import LAYER_TABLES

Bounds = Sequence[float]  # west, south, east, north, in degrees
SHOWN = {layer: tuple(field.name for field in fields if field.tile) for layer, fields in LAYERS.items()}  # in tiles

COLUMNS = ("row", "west", "east", "south", "north", "geometry", "shown")
BOXES = {layer: table(f"map_{layer}_box", *(column(name) for name in COLUMNS)) for layer in LAYER_TABLES}


def create(connection: Connection) -> None:
    """Make the spatial indexes of all layers, whose tables are there already."""
    for layer in LAYER_TABLES:
        if connection.dialect.name == "postgresql":
            made = "geometry(Geometry, 4326) GENERATED ALWAYS AS (ST_GeomFromWKB(geometry, 4326)) STORED"
            connection.execute(text(f"ALTER TABLE map_{layer} ADD COLUMN geom {made}"))
            connection.execute(text(f"CREATE INDEX ix_map_{layer}_geom ON map_{layer} USING gist (geom)"))
        else:
            made = f"CREATE VIRTUAL TABLE map_{layer}_box USING rtree(row, west, east, south, north, +geometry, +shown)"
            connection.execute(text(made))


def drop(connection: Connection) -> None:
    """Remove what `create` made."""
    for layer in LAYER_TABLES:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE map_{layer} DROP COLUMN geom"))
        else:
            connection.execute(text(f"DROP TABLE map_{layer}_box"))


def in_box(layer: str, bounds: Bounds, postgres: bool) -> ColumnElement[bool]:
    """Say that a feature's bounding box meets a box. On SQLite that is rounded outwards, by a metre at most."""
    west, south, east, north = bounds
    if postgres:
        return literal_column(f"map_{layer}.geom").op("&&", is_comparison=True)(
            func.ST_MakeEnvelope(west, south, east, north, 4326)
        )
    return LAYER_TABLES[layer].c.row.in_(select(BOXES[layer].c.row).where(_meets(layer, bounds)))


def shown_in(session: Session, layer: str, bounds: Bounds, postgres: bool) -> tuple[list[bytes], list[Sequence[Any]]]:
    """What tiles show of the features in a box, in the order of their rows: geometry (WKB), and values of `SHOWN`."""
    if postgres:
        columns = LAYER_TABLES[layer].c
        asked = select(columns.geometry, *(columns[name] for name in SHOWN[layer]))
        rows = session.execute(asked.where(in_box(layer, bounds, postgres)).order_by(columns.row)).all()
        return [row[0] for row in rows], [row[1:] for row in rows]
    box = BOXES[layer].c
    found = session.execute(select(box.geometry, box.shown).where(_meets(layer, bounds)).order_by(box.row)).all()
    return [row[0] for row in found], orjson.loads(f"[{','.join([row[1] for row in found])}]")


def _meets(layer: str, bounds: Bounds) -> ColumnElement[bool]:
    (west, south, east, north), box = bounds, BOXES[layer].c
    return and_(box.west <= east, box.east >= west, box.south <= north, box.north >= south)


def insert_boxes(connection: Connection, layer: str, boxes: Iterable[tuple[Any, ...]]) -> None:
    """Add boxes (row, west, east, south, north, geometry, shown) to a layer's R*Tree; PostGIS has its own."""
    if connection.dialect.name == "sqlite" and (rows := list(boxes)):
        connection.exec_driver_sql(f"INSERT INTO map_{layer}_box VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
