"""An inventory of surveys -> the road map: what was seen of every segment, what damage lies on it, how bad it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd

from detector.taxonomy import CLASSES
from roads.condition import assess
from roads.condition.score import GRADES_NL, Status
from roads.condition.table import PLANS, Table
from roads.coverage import seen_of
from roads.fusion import defects_at
from roads.fusion.history import State
from roads.inventory import Inventory
from roads.layers import counts, coverage_layer, defects_layer, segments_layer, track_layer
from roads.priorities import prioritise
from roads.track import utc
from roads.verdicts import Verdict, accepted

NO_VERDICTS: Mapping[int, Verdict] = MappingProxyType({})
NOTES = (
    "Severity from a camera is an estimate by size: depth and crack width are not measured.",
    "Not surveyed is not undamaged: segments without coverage have no condition.",
)
FRAME_COLUMNS = ["survey_id", "time_s", "lon", "lat", "heading_deg", "speed_mps", "segment_id", "offset_m"]
FRAME_COLUMNS += ["confidence", "source", "utc", "unmatched", "unusable"]


@dataclass(frozen=True)
class RoadMap:
    """The state of a network's roads at one moment. Layers are in the network's metric CRS, in a stable order."""

    segments: gpd.GeoDataFrame  # every segment of the network, surveyed or not
    defects: gpd.GeoDataFrame  # points, with the segment, offset and side
    coverage: gpd.GeoDataFrame  # the stretches each visit saw, and those it passed unseen with the reason
    track: gpd.GeoDataFrame  # one point per frame, on the segment driven where there is one
    frames: pd.DataFrame  # frames.csv
    summary: dict[str, Any]


def road_map(
    inventory: Inventory, table: Table, at_s: float | None = None, verdicts: Mapping[int, Verdict] = NO_VERDICTS
) -> RoadMap:
    """Make the map of all surveys, or of what was known at a moment (POSIX seconds).

    Every frame and every defect is either on a segment or listed with the reason why not, and counted in the summary.
    What people said of defects (`verdicts`, by the defects' ids) goes before what the surveys say.
    """
    found = accepted(defects_at(inventory, at_s), verdicts)
    inventory = inventory if at_s is None else driven_by(inventory, at_s)
    network = inventory.network
    seen = seen_of(inventory.passes, network)
    condition = assess(network.segments, found, seen, table)
    segments = segments_layer(network, seen, condition, table)
    segments = segments.join(prioritise(segments))
    defects, coverage, track = defects_layer(inventory, found), coverage_layer(inventory), track_layer(inventory)
    summary = _summary(inventory, table, segments, defects, coverage, track)
    return RoadMap(segments, defects, coverage, track, pd.DataFrame(track[FRAME_COLUMNS]), summary)


def driven_by(inventory: Inventory, at_s: float) -> Inventory:
    """Leave out what was driven after a moment. The surveys keep their numbers, so those without a drive stay."""
    later = (inventory.surveys["from_s"] > at_s).to_numpy(bool)
    passes, track = inventory.passes, inventory.track
    passed = ~later[passes["survey"]] & ~(passes["time_s"] > at_s).to_numpy(bool)
    return replace(
        inventory,
        passes=passes[passed].reset_index(drop=True),
        track=track[~later[track["survey"]]].reset_index(drop=True),
        surveys=inventory.surveys.assign(frames=inventory.surveys["frames"].where(~later, 0)),
    )


def _summary(
    inventory: Inventory,
    table: Table,
    segments: gpd.GeoDataFrame,
    defects: gpd.GeoDataFrame,
    coverage: gpd.GeoDataFrame,
    track: gpd.GeoDataFrame,
) -> dict[str, Any]:
    network, driven = inventory.network, inventory.surveys[inventory.surveys["frames"] > 0]
    surveys = _surveys(driven)
    status, grades, plans = (counts(segments[column]) for column in ("status", "grade", "plan"))
    states = counts(defects["state"])
    return {
        "surveys": surveys,
        "from_utc": utc(driven["from_s"].min()),
        "to_utc": utc(driven["to_s"].max()),
        "crs": network.crs.to_string(),
        "network": {
            "file": network.path.name,
            "segments": len(segments),
            "length_m": round(float(segments["length_m"].sum()), 1),
            "notes": list(network.notes),
        },
        "table": {"name": table.title, "source": table.source},
        "driven_m": round(sum(survey["driven_m"] for survey in surveys), 1),
        "covered_m": round(float(segments["covered_m"].sum()), 1),
        "segments": {str(s): status.get(str(s), 0) for s in Status},
        "grades": {grade: grades.get(grade, 0) for grade in GRADES_NL},
        "plans": {plan: plans.get(plan, 0) for plan in PLANS},
        "frames": {
            "total": len(track),
            "matched": int(track["segment_id"].notna().sum()),
            "unmatched": counts(track["unmatched"]),
            "unusable": counts(track["unusable"]),
        },
        "defects": {
            "total": len(defects),
            "located": int(defects["segment_id"].notna().sum()),
            "unlocated": counts(defects["reason"][defects["segment_id"].isna()]),
            "by_class": {c.name: int((defects["class"] == c.name).sum()) for c in CLASSES},
            "by_state": {str(state): states.get(str(state), 0) for state in State},
        },
        "unseen_m": {
            str(reason): round(float((part["to_m"] - part["from_m"]).sum()), 1)
            for reason, part in coverage[~coverage["usable"].astype(bool)].groupby("reason")
        },
        "notes": list(NOTES),
    }


def _surveys(surveys: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "survey_id": row["survey_id"],
            "name": row["name"],
            "from_utc": utc(row["from_s"]),
            "to_utc": utc(row["to_s"]),
            "driven_m": round(row["driven_m"], 1),
            "frames": row["frames"],
            "card": json.loads(row["card"]),
        }
        for row in surveys.to_dict("records")
    ]
