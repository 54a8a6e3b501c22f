"""Reading the map's layers."""

from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from api.store.fields import IDS
from api.store.schema import LAYER_TABLES, MapState


def map_state(session: Session, lock: bool = False) -> MapState | None:
    """Say which map is served; None while there is none. `lock` keeps others from changing it in this transaction."""
    return session.get(MapState, 1, with_for_update=lock, populate_existing=lock)


def properties_of(feature: str) -> dict[str, Any]:
    """The attributes of a feature's text."""
    found: dict[str, Any] = orjson.loads(feature)["properties"]
    return found


def count_features(session: Session, layer: str, where: ColumnElement[bool] | None = None) -> int:
    """Count the features of a layer, or those that meet a condition."""
    counted = select(func.count()).select_from(LAYER_TABLES[layer])
    return session.execute(counted if where is None else counted.where(where)).scalar_one()


def feature_of(session: Session, layer: str, identity: str | int) -> str | None:
    """The feature with this id, as GeoJSON text; None when there is none."""
    columns = LAYER_TABLES[layer].c
    return session.execute(select(columns.feature).where(columns[IDS[layer]] == identity)).scalar_one_or_none()


def select_features(
    layer: str,
    *columns: ColumnElement[Any],
    where: ColumnElement[bool] | None = None,
    after: int | None = None,
    limit: int | None = None,
) -> Select[Any]:
    """Ask for features in the order of their rows.

    Args:
        layer: of `LAYERS`.
        columns: what of each.
        where: a condition on them.
        after: only rows after this one.
        limit: at most so many.
    """
    row = LAYER_TABLES[layer].c.row
    asked = select(*columns).order_by(row)
    if where is not None:
        asked = asked.where(where)
    if after is not None:
        asked = asked.where(row > after)
    return asked if limit is None else asked.limit(limit)
