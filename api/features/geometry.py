"""Spatial conditions: by PostGIS, or on SQLite by the R*Tree and then, feature by feature, by shapely."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import shapely
from sqlalchemy import ColumnElement, and_, func, literal, literal_column, or_
from sqlalchemy.orm import Session

from api.store.schema import LAYER_TABLES
from api.store.spatial import in_box

RELATIONS = ("intersects", "disjoint", "contains", "within", "touches", "crosses", "overlaps", "equals")
PREFIX = "schouw_"


def relation(layer: str, name: str, geometry: shapely.Geometry, postgres: bool) -> ColumnElement[bool]:
    """Say that a layer's features have a relation (of `RELATIONS`) to a geometry in longitude and latitude.

    On SQLite the session that asks must have gone through `allow_relations`.
    """
    wkb = literal(shapely.to_wkb(geometry))
    if postgres:
        test = getattr(func, f"ST_{name.capitalize()}")
        return test(literal_column(f"map_{layer}.geom"), func.ST_GeomFromWKB(wkb, 4326))  # type: ignore[no-any-return]
    exact: ColumnElement[bool] = getattr(func, PREFIX + name)(LAYER_TABLES[layer].c.geometry, wkb) == 1
    if name == "disjoint":
        return exact
    return and_(or_(*(in_box(layer, part.bounds, postgres) for part in shapely.get_parts(geometry))), exact)


def allow_relations(session: Session) -> None:
    """Give SQLite the relations. It costs a few microseconds, and nothing on PostgreSQL."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        for name in RELATIONS:
            driver.create_function(PREFIX + name, 2, _test(name), deterministic=True)


def _test(name: str) -> Callable[[bytes, bytes], bool]:
    test = getattr(shapely, name)

    def holds(feature: bytes, given: bytes) -> bool:
        return bool(test(shapely.from_wkb(feature), _given(given)))

    return holds


@lru_cache(maxsize=64)
def _given(wkb: bytes) -> shapely.Geometry:
    geometry = shapely.from_wkb(wkb)
    shapely.prepare(geometry)
    return geometry
