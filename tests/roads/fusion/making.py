"""Drives made by hand: potholes and cracks at places along straight roads of 100 m, heading east from the origin."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from roads.network import Network
from roads.placing import Placed
from roads.tables import OBSERVATIONS, PASSES, conform

RD = pyproj.CRS.from_epsg(28992)
ORIGIN = np.array([155_000.0, 463_000.0])
DAY_S = 86400.0
START_S = 1_700_000_000.0
SECTIONS = 10
LONGITUDINAL, TRANSVERSE, ALLIGATOR, POTHOLE, RAVELLING = range(5)


def network(sections: int = SECTIONS) -> Network:
    at = 100.0 * np.arange(sections)
    ends = np.stack([np.column_stack([at, 0 * at]), np.column_stack([at + 100, 0 * at])], axis=1) + ORIGIN
    segments = gpd.GeoDataFrame(
        {
            "segment_id": [f"road:{k}" for k in range(sections)],
            "name": "Dorpsstraat",
            "oneway": np.zeros(sections, np.int8),
            "length_m": 100.0,
            "parent_id": "road",
            "from_m": at,
            "to_m": at + 100,
        },
        geometry=shapely.linestrings(ends),
        crs=RD,
    )
    return Network(Path("roads.gpkg"), segments, RD, "generic", ("made by hand",))


def sight(x: float, y: float = -1.75, class_id: int = POTHOLE, **columns: Any) -> dict[str, Any]:
    """One damage seen; `x`, `y` in metres from the origin, any other column of OBSERVATIONS by name."""
    size = {"length_m": 0.5, "width_m": 0.5}
    return {"x": x, "y": y, "class_id": class_id, **size, **columns}


def drive(
    name: str,
    sights: Sequence[dict[str, Any]],
    day: float = 0.0,
    forward: bool = True,
    unusable: Sequence[int] = (),
    sections: int = SECTIONS,
    timed: bool = True,
) -> Placed:
    """A drive past all sections, which saw these sights; from the sections in `unusable` it saw nothing."""
    begin_s = START_S + day * DAY_S
    rows = []
    for number, row in enumerate(sights, 1):
        x, y = row["x"], row["y"]
        way = x if forward else 100 * sections - x
        on = abs(y) < 25
        rows.append(
            {
                **{"survey": -1, "number": number, "defect": -1, "visit": 0, "forward": forward, "sigma_m": 1.5},
                **{"segment": int(np.clip(x // 100, 0, sections - 1)) if on else -1},
                **{"x_m": x + ORIGIN[0], "y_m": y + ORIGIN[1], "heading_deg": 90.0 if forward else 270.0},
                **{"offset_m": x % 100 if on else np.nan, "from_line_m": y if on else np.nan, "left_m": y},
                **{"area_m2": row["length_m"] * row["width_m"], "size_sigma": 0.15, "score": 0.7, "looks": 2},
                **{"time_s": begin_s + way / 10 if timed else np.nan, "source": "a.mp4", "media_time_s": way / 10},
                **{"reason": "" if on else "farther than 25 m from the roads driven"},
                **{name: value for name, value in row.items() if name not in ("x", "y")},
            }
        )
    observations = pd.DataFrame(rows, columns=list(OBSERVATIONS))
    section = np.arange(sections)
    seen = ~np.isin(section, unusable)
    passes = pd.DataFrame({"survey": -1, "segment": section, "visit": 0, "forward": forward, "from_m": 0.0})
    passes = passes.assign(to_m=100.0, usable=seen, reason=np.where(seen, "", "too dark"))
    passes["time_s"] = begin_s + 10.0 * (section if forward else sections - section) if timed else np.nan
    times = (
        {"from_s": begin_s, "to_s": begin_s + 10.0 * (sections + 1)} if timed else {"from_s": np.nan, "to_s": np.nan}
    )
    survey = {"survey_id": name, "name": name, **times, "driven_m": 100.0 * sections, "frames": 1, "card": "{}"}
    track = gpd.GeoDataFrame(
        {"frame": [0], "source": pd.array(["a.mp4"], "string")}, geometry=[shapely.Point(ORIGIN)], crs=RD
    )
    return Placed(survey, conform(observations, OBSERVATIONS), conform(passes, PASSES), track)
