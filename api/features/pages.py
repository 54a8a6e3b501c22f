"""Features as GeoJSON: ready-made texts joined to a page, in the reference system that was asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import shapely
from sqlalchemy.orm import Session

from api.features.crs import Crs
from api.features.geometry import allow_relations
from api.features.query import Query
from api.store.layers import select_features
from api.store.schema import LAYER_TABLES

# The geometry in a feature's text. Quotes inside texts are escaped in JSON, so no attribute can look like this.
PLACE = re.compile(r',"geometry":(.*?),"properties":')


@dataclass(frozen=True)
class Page:
    """Some features of a layer, in the order of their rows."""

    features: Sequence[str]
    last: int | None  # row of the last one; None when there are no more


def read_page(session: Session, layer: str, query: Query) -> Page:
    """Read one page."""
    allow_relations(session)
    columns = LAYER_TABLES[layer].c
    asked = [columns.row, columns.feature] + ([] if query.crs.is_plain else [columns.geometry])
    found = session.execute(
        select_features(layer, *asked, where=query.where, after=query.after, limit=query.limit + 1)
    ).all()
    rows = found[: query.limit]
    texts = [row.feature for row in rows]
    if not query.crs.is_plain:
        texts = moved(texts, [row.geometry for row in rows], query.crs)
    return Page(texts, rows[-1].row if len(found) > query.limit else None)


def moved(features: Sequence[str], geometry: Sequence[bytes], crs: Crs) -> list[str]:
    """Write features in another reference system.

    Args:
        features: their texts.
        geometry: their geometry, WKB in longitude and latitude.
        crs: the system.
    """
    places = shapely.to_geojson(crs.written(shapely.from_wkb(list(geometry)))) if len(features) else []
    return [
        PLACE.sub(lambda _, place=place: f',"geometry":{place.replace(" ", "")},"properties":', text, count=1)  # type: ignore[misc]
        for text, place in zip(features, places, strict=True)
    ]


def collection(page: Page, links: Sequence[dict[str, Any]], matched: int | None) -> bytes:
    """Write a page as a FeatureCollection.

    Args:
        page: its features.
        links: to this page, the next one, and the collection.
        matched: how many features there are on all pages; None where that isn't known.
    """
    head: dict[str, Any] = {
        "type": "FeatureCollection",
        "timeStamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberReturned": len(page.features),
    }
    if matched is not None:
        head["numberMatched"] = matched
    start = orjson.dumps(head | {"links": list(links)})[:-1]
    return b"".join([start, b',"features":[', ",\n".join(page.features).encode(), b"]}"])
