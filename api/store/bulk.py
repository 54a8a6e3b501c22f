"""Many rows at once: a table is brought to a new state by writing only the rows that differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, select

from api.store.spatial import BOXES, insert_boxes

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """New rows of a table, in the order of its columns, the first of which (`row`) ascends over all chunks."""

    rows: Sequence[Row]
    boxes: Sequence[Row] = ()  # of a layer: row, west, east, south, north, geometry, what tiles show (JSON)


def replace_rows(connection: Connection, table: Table, chunks: Iterable[Chunk], by: Sequence[str]) -> int:
    """Bring a table to the rows of `chunks` and return how many were written.

    Args:
        connection: in a transaction.
        table: whose first column is `row`.
        chunks: all its rows.
        by: the columns that tell whether a row is as it was.
    """
    row = table.c.row
    fresh = not connection.execute(select(exists(select(row)))).scalar_one()
    places = [list(table.c.keys()).index(name) for name in by]
    before, written = -1, 0
    for chunk in chunks:
        if not chunk.rows:
            continue
        last = chunk.rows[-1][0]
        new, boxes = chunk.rows, chunk.boxes
        if not fresh:
            asked = select(row, *(table.c[name] for name in by)).where(row > before, row <= last)
            known = {found[0]: tuple(found[1:]) for found in connection.execute(asked)}
            new = [r for r in chunk.rows if known.get(r[0]) != tuple(r[place] for place in places)]
            changed = {r[0] for r in new}
            kept = {r[0] for r in chunk.rows} - changed
            _remove(connection, table, [number for number in known if number not in kept])
            boxes = [box for box in chunk.boxes if box[0] in changed]
        _insert(connection, table, new)
        if boxes:
            insert_boxes(connection, table.name.removeprefix("map_"), boxes)
        before, written = last, written + len(new)
    if not fresh:
        _remove(connection, table, list(connection.execute(select(row).where(row > before)).scalars()))
    return written


def put_rows(connection: Connection, table: Table, chunk: Chunk) -> None:
    """Write some rows of a layer over those of the same number."""
    _remove(connection, table, [row[0] for row in chunk.rows])
    _insert(connection, table, chunk.rows)
    insert_boxes(connection, table.name.removeprefix("map_"), chunk.boxes)


def _remove(connection: Connection, table: Table, rows: Sequence[int]) -> None:
    layer = table.name.removeprefix("map_")
    for start in range(0, len(rows), 10_000):
        some = rows[start : start + 10_000]
        connection.execute(delete(table).where(table.c.row.in_(some)))
        if connection.dialect.name == "sqlite" and layer in BOXES:
            connection.execute(delete(BOXES[layer]).where(BOXES[layer].c.row.in_(some)))


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in table.c.keys())  # noqa: SIM118 - .c iterates over columns
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.c))
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
