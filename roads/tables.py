"""The tables that the rooms of `roads` pass to each other: their columns, types and units.

Rows refer to road segments by their row in `Network.segments` (`segment`, -1 = on none) and to surveys by their number
in the inventory (`survey`, -1 before they have one). Metres are in the network's CRS. Times are POSIX seconds, UTC.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

Columns = Mapping[str, str]

# One row per damage that one survey found.
OBSERVATIONS: Columns = {
    "survey": "int64",
    "number": "int64",  # the defect's id in its survey
    "defect": "int64",  # the defect of the inventory that it is a sight of; -1 before fusion
    "class_id": "int64",
    "segment": "int64",
    "visit": "int64",  # which time this survey drove the segment: 0, 1, ...
    "forward": "bool",  # driven in the digitised direction
    "x_m": "float64",
    "y_m": "float64",
    "sigma_m": "float64",  # of the place, 1 sigma along each axis
    "heading_deg": "float64",  # of the vehicle, clockwise from grid north
    "offset_m": "float64",  # along the segment as digitised; nan on none
    "from_line_m": "float64",  # left of the segment's line is positive; nan on none
    "left_m": "float64",  # of the path driven; negative is right
    "length_m": "float64",  # along the road
    "width_m": "float64",  # across
    "area_m2": "float64",
    "size_sigma": "float64",  # 1 sigma of length and width, as a fraction of them
    "score": "float64",  # of the best look, 0..1
    "looks": "int64",
    "time_s": "float64",  # of the best look; nan where unknown
    "source": "string",  # the file of the best look
    "media_time_s": "float64",
    "reason": "string",  # why on no segment, '' otherwise
}

# One row per stretch of a segment that one visit of one survey saw, or passed unseen. Disjoint within a visit.
PASSES: Columns = {
    "survey": "int64",
    "segment": "int64",
    "visit": "int64",
    "forward": "bool",
    "from_m": "float64",  # along the segment as digitised, from_m < to_m
    "to_m": "float64",
    "usable": "bool",
    "reason": "string",  # why not usable, '' otherwise
    "time_s": "float64",
}

# One row per frame of a survey, with a point on the segment driven, or where it was taken.
TRACK: Columns = {
    "frame": "int64",
    "time_s": "float64",  # in its file
    "lon": "float64",
    "lat": "float64",
    "heading_deg": "float64",
    "speed_mps": "float64",
    "segment_id": "string",
    "offset_m": "float64",
    "distance_m": "float64",
    "direction": "string",
    "confidence": "float64",
    "source": "string",
    "utc": "string",
    "unmatched": "string",
    "unusable": "string",
}

# One row per survey in the inventory; `survey` is its row.
SURVEYS: Columns = {
    "survey_id": "string",  # of its footage and track: the same drive has the same id
    "name": "string",
    "from_s": "float64",
    "to_s": "float64",
    "driven_m": "float64",
    "frames": "int64",
    "card": "string",  # JSON: what the survey says about itself
}

# One row per damage on the road, counted once however many drives saw it: the state at one moment.
DEFECTS: Columns = {
    "id": "int64",  # never given to another defect
    "class_id": "int64",
    "segment": "int64",
    "forward": "bool",
    "x_m": "float64",
    "y_m": "float64",
    "sigma_m": "float64",
    "offset_m": "float64",
    "from_line_m": "float64",
    "left_m": "float64",
    "length_m": "float64",
    "width_m": "float64",
    "area_m2": "float64",
    "size_sigma": "float64",
    "score": "float64",  # of its best sight
    "probability": "float64",  # that it is on the road at this moment
    "state": "string",  # see roads.fusion.history.State
    "growth": "float64",  # relative change of its size from the first to the last sight; nan for one sight
    "growth_sigma": "float64",
    "sights": "int64",  # visits that saw it
    "looks": "int64",  # frames that saw it
    "missed": "int64",  # visits since it was last seen that saw the road there and not the defect
    "first_seen_s": "float64",
    "last_seen_s": "float64",
    "last_covered_s": "float64",  # when the road there was last seen at all
    "survey": "int64",  # survey and number of the observation that shows it best
    "number": "int64",
    "reason": "string",
}


def typed(rows: Sequence[Mapping[str, Any]], columns: Columns) -> pd.DataFrame:
    """Make a table with these columns and types, also where there are no rows or nothing but missing values."""
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in columns.items()})


def empty(columns: Columns) -> pd.DataFrame:
    """Make the table without rows."""
    return typed([], columns)


def conform(table: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Bring a table to exactly these columns, in this order and with these types. A missing column is a KeyError."""
    return table[list(columns)].astype(dict(columns)).reset_index(drop=True)
