"""The layers of a road map, as planners and other programs read them: plain columns, texts and a geometry."""

from collections.abc import Callable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detector.taxonomy import CLASSES
from roads.condition.table import Table
from roads.coverage import Seen
from roads.inventory import Inventory
from roads.locate import lane_position
from roads.network import Network
from roads.sections import substrings
from roads.track import OFF, utc


def date(time_s: float) -> str | None:
    """POSIX seconds as an ISO 8601 date in UTC; None for a time that is not known (nan)."""
    when = utc(time_s, "seconds")
    return when and when[:10]


def segments_layer(network: Network, seen: Seen, condition: pd.DataFrame, table: Table) -> gpd.GeoDataFrame:
    """Every segment of the network, surveyed or not, in the network's order and CRS.

    `condition` is what `roads.condition.assess` says: one row per segment.
    """
    segments = network.segments
    lengths = segments["length_m"].to_numpy(float)
    covered = np.minimum(seen.covered_m, lengths)
    columns: dict[str, Any] = {
        "segment_id": _text(segments["segment_id"]),
        "parent_id": _text(segments["parent_id"]),
        "from_m": segments["from_m"].to_numpy(float).round(2),
        "to_m": segments["to_m"].to_numpy(float).round(2),
        "name": _text(segments["name"]),
        "length_m": lengths.round(2),
        "covered_m": covered.round(2),
        "coverage": np.divide(covered, lengths, out=np.zeros(len(lengths)), where=lengths > 0).round(4),
        "seen_m": seen.seen_m.round(2),
        "visits": seen.visits.astype(np.int64),
        "last_surveyed": _text(_each(seen.last_s, date)),
    }
    layer = pd.concat([pd.DataFrame(columns), condition.reset_index(drop=True)], axis=1)
    layer["table"] = pd.Series(table.title, index=layer.index, dtype="string")
    return gpd.GeoDataFrame(layer, geometry=segments.geometry.to_numpy(), crs=network.crs)


def defects_layer(inventory: Inventory, defects: pd.DataFrame) -> gpd.GeoDataFrame:
    """The defects (table DEFECTS) as points, each with the picture that shows it best."""
    network = inventory.network
    classes = defects["class_id"].to_numpy()
    on = defects["segment"].to_numpy() >= 0
    from_line = defects["from_line_m"].to_numpy()
    survey_id = inventory.surveys["survey_id"].to_numpy(object)[defects["survey"].to_numpy()]
    shown = _shown(inventory, defects)
    lon, lat = network.to_degrees(defects[["x_m", "y_m"]].to_numpy(float))
    columns: dict[str, Any] = {
        "id": defects["id"].to_numpy(),
        **{
            column: _text(np.array(values, object)[classes])
            for column, values in {
                "class": [c.name for c in CLASSES],
                "kind": [str(c.kind) for c in CLASSES],
                "name_nl": [c.dutch for c in CLASSES],
                "name_en": [c.english for c in CLASSES],
            }.items()
        },
        "segment_id": _text(segment_ids(network, defects["segment"].to_numpy())),
        "offset_m": np.where(on, defects["offset_m"].round(2), np.nan),
        "side": _text(pd.Series(np.where(from_line >= 0, "left", "right")).where(on, None)),
        "lane_position": _text(lane_position(defects["left_m"].to_numpy())),
        "from_line_m": np.where(on, np.round(from_line, 2), np.nan),
        "length_m": defects["length_m"].round(3),
        "width_m": defects["width_m"].round(3),
        "area_m2": defects["area_m2"].round(4),
        "size_sigma": defects["size_sigma"].round(3),
        "place_sigma_m": defects["sigma_m"].round(2),
        "score": defects["score"].round(4),
        "probability": defects["probability"].round(3),
        "state": _text(defects["state"]),
        "growth": defects["growth"].round(3),
        "sights": defects["sights"],
        "looks": defects["looks"],
        "missed": defects["missed"],
        "first_seen": _text(_each(defects["first_seen_s"].to_numpy(), date)),
        "last_seen": _text(_each(defects["last_seen_s"].to_numpy(), date)),
        "picture": _text(
            np.array([picture(s, n) for s, n in zip(survey_id, defects["number"], strict=True)], dtype=object)
        ),
        "survey_id": _text(survey_id),
        "source": _text(shown["source"]),
        "media_time_s": shown["media_time_s"].to_numpy().round(3),
        "utc": _text(_each(shown["time_s"].to_numpy(), utc)),
        "lon": np.round(lon, 7),
        "lat": np.round(lat, 7),
        "reason": _text(defects["reason"].replace("", OFF).where(~on, None)),
    }
    points = shapely.points(defects[["x_m", "y_m"]].to_numpy(float).round(3))
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=points, crs=network.crs)


def coverage_layer(inventory: Inventory) -> gpd.GeoDataFrame:
    """The stretches that each visit saw, or passed unseen with the reason: lines along the digitised direction."""
    network, passes = inventory.network, inventory.passes
    rows = passes["segment"].to_numpy()
    from_m, to_m = passes["from_m"].to_numpy(), passes["to_m"].to_numpy()
    columns: dict[str, Any] = {
        "segment_id": _text(segment_ids(network, rows)),
        "name": _text(network.segments["name"].to_numpy(object)[rows]),
        "direction": _text(np.where(passes["forward"], "forward", "backward")),
        "from_m": from_m.round(2),
        "to_m": to_m.round(2),
        "usable": passes["usable"].to_numpy(bool),
        "reason": _text(passes["reason"].replace("", None)),
        "survey_id": _text(inventory.surveys["survey_id"].to_numpy(object)[passes["survey"].to_numpy()]),
        "visit": passes["visit"].to_numpy(),
        "utc": _text(_each(passes["time_s"].to_numpy(), lambda t: utc(t, "seconds"))),
    }
    lines = substrings(network.segments.geometry.to_numpy(), rows, from_m, to_m)
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=lines, crs=network.crs)


def track_layer(inventory: Inventory) -> gpd.GeoDataFrame:
    """Where each survey drove: a point per frame, with the survey it belongs to."""
    track = inventory.track
    survey_id = inventory.surveys["survey_id"].to_numpy(object)[track["survey"].to_numpy()]
    layer = track.drop(columns="survey")
    layer.insert(0, "survey_id", _text(survey_id))
    return layer


def segment_ids(network: Network, rows: NDArray[np.integer[Any]]) -> NDArray[np.object_]:
    """The ids of segments by row; None for -1."""
    ids: NDArray[np.object_] = network.segments["segment_id"].to_numpy(object)
    return np.where(rows >= 0, ids[rows], np.array(None, object))


def picture(survey_id: str, number: int) -> str:
    """Where a map keeps the picture of a survey's defect, relative to its folder."""
    return f"pictures/{survey_id}/{number}.jpg"


def _shown(inventory: Inventory, defects: pd.DataFrame) -> pd.DataFrame:
    """The observation that shows each defect best."""
    keys = ["survey", "number"]
    sights = inventory.observations[[*keys, "source", "media_time_s", "time_s"]]
    return defects[keys].merge(sights, on=keys, how="left", validate="one_to_one")


def _text(values: Any) -> pd.Series:
    """As text that may be missing: a column without a single value keeps its type in every file format."""
    return pd.Series(np.asarray(values, dtype=object), dtype="string")


def _each(times_s: NDArray[np.float64], write: Callable[[float], str | None]) -> NDArray[np.object_]:
    """Write each distinct time once: many rows share theirs."""
    distinct, row = np.unique(times_s, return_inverse=True)
    return np.array([write(float(t)) for t in distinct], dtype=object)[row]


def counts(values: pd.Series) -> Mapping[str, int]:
    """How often each value stands in a column, sorted by value; missing ones are left out."""
    return {str(value): int(count) for value, count in values.dropna().value_counts().sort_index().items()}
