"""The drive itself as a layer: one point per frame, on the segment driven where there is one."""

import math
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from detector.results import SurveyResult
from detector.types import Coverage, Floats
from roads.coverage import UNKNOWN, UNUSABLE
from roads.matching import Matching
from roads.network import Network

OFF = "not on the network"


def utc(time_s: float, timespec: str = "milliseconds") -> str | None:
    """POSIX seconds as ISO 8601 in UTC; None for a time that is not known (nan)."""
    if math.isnan(time_s):
        return None
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def track_layer(result: SurveyResult, network: Network, matching: Matching, points: Floats) -> gpd.GeoDataFrame:
    """Make a point for each frame; why one is on no segment, or shows no road, stands with it.

    Args:
        result: the survey.
        network: the roads; its CRS is that of the layer.
        matching: of the frames.
        points: (n, 2) their places in the network's CRS, with the receiver's error taken off.
    """
    frames = result.frames
    views = {view.frame_index: view for view in result.coverage}
    rows = matching.segment
    on = rows >= 0
    geometry = shapely.points(points)
    lines = network.segments.geometry.to_numpy()
    geometry[on] = shapely.line_interpolate_point(lines[rows[on]], matching.offset_m[on])
    lon, lat = network.to_degrees(points)
    ids = network.segments["segment_id"].to_numpy(object)
    unmatched = [None if m else r or OFF for r, m in zip(matching.reason, on.tolist(), strict=True)]
    table = pd.DataFrame(
        {
            "frame": pd.Series([f.index for f in frames], dtype="int64"),
            "time_s": np.round([f.media_time_s for f in frames], 3),
            "lon": np.round(lon, 7),
            "lat": np.round(lat, 7),
            "heading_deg": np.round([f.pose.heading_deg for f in frames], 1),
            "speed_mps": np.round([f.pose.speed_mps for f in frames], 2),
            "segment_id": pd.Series(ids[rows], dtype="string").where(on),
            "offset_m": np.where(on, np.round(matching.offset_m, 2), np.nan),
            "distance_m": np.where(on, np.round(matching.distance_m, 2), np.nan),
            "direction": pd.Series(np.where(matching.forward, "forward", "backward"), dtype="string").where(on),
            "confidence": np.round(matching.confidence, 3),
            "source": pd.Series([f.source for f in frames], dtype="string"),
            "utc": pd.Series([utc(f.pose.time_s) for f in frames], dtype="string"),
            "unmatched": pd.Series(unmatched, dtype="string"),
            "unusable": pd.Series([_why_unusable(views.get(f.index)) for f in frames], dtype="string"),
        }
    )
    return gpd.GeoDataFrame(table, geometry=geometry, crs=network.crs)


def _why_unusable(view: Coverage | None) -> str | None:
    if view is None:
        return UNKNOWN
    return None if view.usable else view.reason or UNUSABLE
