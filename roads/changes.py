"""What changed on the roads between two moments: per segment and per defect.

Only what both moments saw can be compared. A change of condition is called clear when it is larger than the doubt of
both scores together; new, grown and gone damage is told apart from damage on roads that nobody had looked at before.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from roads.condition.score import Status
from roads.fusion.history import State
from roads.mapping import RoadMap

GRADED = str(Status.GRADED)
SEGMENT_KEYS = ["segment_id", "parent_id", "from_m", "to_m", "name", "length_m"]
COMPARED = ["coverage", "last_surveyed", "score", "grade", "grade_nl", "pci", "plan", "plan_nl"]


class Change(StrEnum):
    """What became of a segment or a defect."""

    WORSE = "worse"
    BETTER = "better"
    NOT_CLEAR = "no clear change"
    NOT_COMPARABLE = "not comparable"  # one of the moments has no grade
    NEW = "new"  # the road was seen before, without this damage
    FIRST_SEEN = "first seen"  # the road was not seen before
    GROWN = "grown"
    GONE = "gone"
    SAME = "same"


@dataclass(frozen=True)
class Changes:
    """The road at two moments, side by side. Layers are in the network's metric CRS."""

    segments: gpd.GeoDataFrame  # segments that either moment has seen
    defects: gpd.GeoDataFrame  # defects of the later moment that are new, first seen, grown or gone
    summary: dict[str, Any]


def compare(before: RoadMap, after: RoadMap) -> Changes:
    """Compare two states of the same inventory, so that a defect has the same id in both.

    Raises ValueError when the maps hold different segments.
    """
    if not before.segments["segment_id"].equals(after.segments["segment_id"]):
        raise ValueError("the maps hold different segments")
    defects = _defects(before, after)
    segments = _segments(before, after, defects)
    shown = defects[defects["change"] != str(Change.SAME)].reset_index(drop=True)
    return Changes(segments, shown, _summary(before, after, segments, shown))


def _segments(before: RoadMap, after: RoadMap, defects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    a, b = before.segments, after.segments
    layer = a[SEGMENT_KEYS].copy()
    for column in COMPARED:
        layer[f"{column}_before"], layer[f"{column}_after"] = a[column], b[column]
    difference = (b["score"] - a["score"]).to_numpy(float)
    # Half an interval on either side counts as 1 sigma of that score.
    doubt = np.hypot(*((m["score_high"] - m["score_low"]).to_numpy(float) / 2 for m in (a, b)))
    layer["score_change"], layer["score_change_sigma"] = difference.round(1), doubt.round(1)
    both = ((a["status"] == GRADED) & (b["status"] == GRADED)).to_numpy(bool)
    clear = both & (np.abs(difference) > doubt)
    layer["change"] = pd.array(
        np.select(
            [~both, clear & (difference < 0), clear & (difference > 0)],
            [str(Change.NOT_COMPARABLE), str(Change.WORSE), str(Change.BETTER)],
            str(Change.NOT_CLEAR),
        ),
        dtype="string",
    )
    for change in (Change.NEW, Change.GROWN, Change.GONE):
        of_kind = defects.loc[defects["change"] == str(change), "segment_id"].value_counts()
        layer[f"{change}_n"] = layer["segment_id"].map(of_kind).fillna(0).astype("int64")
    seen = ((a["covered_m"] > 0) | (b["covered_m"] > 0)).to_numpy(bool)
    whole = gpd.GeoDataFrame(layer, geometry=b.geometry.to_numpy(), crs=b.crs)
    return whole[seen].reset_index(drop=True)


def _defects(before: RoadMap, after: RoadMap) -> gpd.GeoDataFrame:
    """The later defects with what became of each since the earlier moment."""
    b = after.defects.copy()
    then = before.defects.set_index("id")["state"].reindex(b["id"]).fillna("").to_numpy(object)
    now = b["state"].to_numpy(object)
    was_there, is_there = (then != "") & (then != State.GONE), now != State.GONE
    grew = (now == State.GROWN) & (then != State.GROWN)
    looked_at = now != State.FIRST_SEEN
    b["change"] = pd.array(
        np.select(
            [was_there & ~is_there, was_there & grew, ~was_there & is_there & looked_at, ~was_there & is_there],
            [str(Change.GONE), str(Change.GROWN), str(Change.NEW), str(Change.FIRST_SEEN)],
            str(Change.SAME),
        ),
        dtype="string",
    )
    return b


def _summary(before: RoadMap, after: RoadMap, segments: gpd.GeoDataFrame, defects: gpd.GeoDataFrame) -> dict[str, Any]:
    comparable = segments["change"] != str(Change.NOT_COMPARABLE)
    return {
        "before_utc": before.summary["to_utc"],
        "after_utc": after.summary["to_utc"],
        "comparable_m": round(float(segments.loc[comparable, "length_m"].sum()), 1),
        "segments": {
            str(c): int((segments["change"] == str(c)).sum())
            for c in (Change.WORSE, Change.BETTER, Change.NOT_CLEAR, Change.NOT_COMPARABLE)
        },
        "defects": {
            str(c): int((defects["change"] == str(c)).sum())
            for c in (Change.NEW, Change.FIRST_SEEN, Change.GROWN, Change.GONE)
        },
    }
