"""The layers of a road map as rows of the database: each feature's attributes, its geometry, and it written out."""

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from api.store.bulk import Chunk
from api.store.fields import IDS, LAYERS
from api.store.spatial import SHOWN
from detector.types import Floats, Ints
from roads.inventory import Inventory
from roads.layers import counts
from roads.network import Network
from roads.sections import Lines
from roads.tables import Columns
from roads.track import utc

AT_ONCE = 10_000  # rows of a chunk
DIGITS = 7  # of a degree: a centimetre
GAP_M = 200.0  # a survey's line breaks where its frames are farther apart
SMOOTH_M = 0.5  # a survey's line is simplified by this much


def layer_chunks(name: str, layer: gpd.GeoDataFrame, network: Network, rows: Ints | None = None) -> Iterator[Chunk]:
    """Yield the rows of a layer's table.

    Args:
        name: of `LAYERS`.
        layer: its attributes by name, and geometry in the network's CRS.
        network: whose CRS it is.
        rows: (n,) the number of each row, ascending; none: 0, 1, ...
    """
    numbers = np.arange(len(layer)) if rows is None else rows
    for start in range(0, len(layer), AT_ONCE):
        stop = start + AT_ONCE
        part = layer.iloc[start:stop]
        yield _chunk(name, part, degrees(network, part.geometry.to_numpy()), numbers[start:stop].tolist())


def frame_chunks(frame: pd.DataFrame, columns: Columns) -> Iterator[Chunk]:
    """Yield the rows of a table of the inventory."""
    for start in range(0, len(frame), AT_ONCE):
        part = frame.iloc[start : start + AT_ONCE]
        values = [plain(part[name]) for name in columns]
        yield Chunk(list(zip(range(start, start + len(part)), *values, strict=True)))


def _chunk(name: str, part: gpd.GeoDataFrame, places: Lines, numbers: list[int]) -> Chunk:
    names = [field.name for field in LAYERS[name]]
    columns = [plain(part[field]) for field in names]
    values = list(zip(*columns, strict=True))
    ids = numbers if IDS[name] == "row" else columns[names.index(IDS[name])]
    features = written(names, values, ids, places)
    box = shapely.bounds(places)[:, [0, 2, 1, 3]].tolist()
    wkb = shapely.to_wkb(places).tolist()
    columns_shown = [names.index(field) for field in SHOWN[name]]
    shown = [orjson.dumps([v[at] for at in columns_shown]).decode() for v in values]
    return Chunk(
        [(n, *v, g, f) for n, v, g, f in zip(numbers, values, wkb, features, strict=True)],
        [(n, *b, g, s) for n, b, g, s in zip(numbers, box, wkb, shown, strict=True)],
    )


def written(names: list[str], values: list[tuple[Any, ...]], ids: list[Any], places: Lines) -> list[str]:
    """Write features as GeoJSON, their members in the order that `api.features.pages` counts on."""
    geometry = [orjson.Fragment(place.replace(" ", "")) for place in shapely.to_geojson(places).tolist()]
    return [
        orjson.dumps(
            {"type": "Feature", "id": i, "geometry": g, "properties": dict(zip(names, v, strict=True))}
        ).decode()
        for i, g, v in zip(ids, geometry, values, strict=True)
    ]


def degrees(network: Network, geometry: Lines) -> Lines:
    """Bring geometries from the network's CRS to longitude and latitude, rounded to a centimetre."""

    def move(xy: Floats) -> Floats:
        return np.column_stack(network.to_degrees(xy)).round(DIGITS)

    return shapely.transform(geometry, move)  # type: ignore[no-any-return]


def plain(column: pd.Series) -> list[Any]:
    """The values of a column as Python has them; None for a missing one."""
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return values


def surveys_layer(inventory: Inventory, track: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Network, Ints]:
    """The surveys, each with where it went (lines; a point where it is all that is known); for `layer_chunks`.

    Args:
        inventory: with the surveys.
        track: the map's track layer.
    """
    numbers = np.flatnonzero(inventory.surveys["frames"].to_numpy() > 0)
    surveys = inventory.surveys.iloc[numbers].reset_index(drop=True)
    ids = surveys["survey_id"].tolist()
    found = counts(inventory.surveys["survey_id"].take(inventory.observations["survey"].to_numpy()))
    missing = {name: counts(track["survey_id"][track[name].notna()]) for name in ("unmatched", "unusable")}
    columns = {
        "survey_id": surveys["survey_id"],
        "name": surveys["name"],
        "from_utc": [utc(t) for t in surveys["from_s"].tolist()],
        "to_utc": [utc(t) for t in surveys["to_s"].tolist()],
        "driven_m": surveys["driven_m"].round(1),
        "frames": surveys["frames"],
        "unusable": [missing["unusable"].get(i, 0) for i in ids],
        "unmatched": [missing["unmatched"].get(i, 0) for i in ids],
        "defects": [found.get(i, 0) for i in ids],
    }
    points = track.geometry.to_numpy()
    rows = {i: points[at] for i, at in track.groupby("survey_id").indices.items()}
    lines = [_line(shapely.get_coordinates(rows[i])) for i in ids]
    layer = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=lines, crs=inventory.network.crs)
    return layer, inventory.network, numbers


def _line(xy: Floats) -> shapely.Geometry:
    """Join places in order; not over a gap."""
    xy = xy[np.isfinite(xy).all(axis=1)]
    gaps = np.flatnonzero(np.hypot(*np.diff(xy, axis=0).T) > GAP_M) + 1
    lines = [shapely.LineString(part) for part in np.split(xy, gaps) if len(part) > 1]
    if not lines:
        return shapely.MultiPoint(xy)
    return shapely.simplify(shapely.MultiLineString(lines), SMOOTH_M)
