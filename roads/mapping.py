"""A survey laid on a road network: what was seen of every segment, what damage lies on it and how bad it is."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from detector.errors import NetworkError
from detector.results import SurveyResult
from detector.taxonomy import CLASSES
from detector.types import Coverage, Defect, Frame, Pose
from roads.condition.score import GRADES_NL, Condition, Status, amount, score
from roads.condition.table import Table
from roads.coverage import UNUSABLE, Surveyed, surveyed
from roads.lane import in_lane
from roads.locate import Place, locate
from roads.matching import Matching, match
from roads.network import Network

NOTES = (
    "Severity from a camera is an estimate by size: depth and crack width are not measured.",
    "Not surveyed is not undamaged: segments without coverage have no condition.",
)
NEAR_M = 200.0  # no road this near any frame: the network is of somewhere else
OFF = "not on the network"
DEFECT_COLUMNS = {
    "id": "int64",
    **dict.fromkeys(("class", "kind", "name_nl", "name_en", "segment_id"), "string"),
    "offset_m": "float64",
    "side": "string",
    **dict.fromkeys(
        ("from_line_m", "length_m", "width_m", "area_m2", "size_sigma", "place_sigma_m", "score"), "float64"
    ),
    "looks": "int64",
    "picture": "string",
    "source": "string",
    "media_time_s": "float64",
    "utc": "string",
    "lon": "float64",
    "lat": "float64",
    "reason": "string",
}
COVERAGE_COLUMNS = {
    "segment_id": "string",
    "name": "string",
    "direction": "string",
    "from_m": "float64",
    "to_m": "float64",
    "usable": "bool",
    "reason": "string",
}


@dataclass(frozen=True)
class RoadMap:
    """A survey on a network. Layers are in the network's metric CRS; a row's place in them is stable and sorted."""

    segments: gpd.GeoDataFrame  # every segment of the network, surveyed or not
    defects: gpd.GeoDataFrame  # points, with the segment, offset and side
    coverage: gpd.GeoDataFrame  # the stretches seen, per direction, and those passed unseen with the reason
    track: gpd.GeoDataFrame  # one point per frame, on the segment driven where there is one
    frames: pd.DataFrame  # frames.csv
    summary: dict[str, Any]


def map_survey(result: SurveyResult, network: Network, table: Table) -> RoadMap:
    """Match the drive, place each defect, and give each segment its coverage, damage and condition.

    Poses and defects are moved into the lane driven in first, as far as the roads tell the receiver's error.

    Every frame and every defect is either on a segment or listed with the reason why not, and counted in the summary.

    Raises:
        NetworkError: the survey and the network don't overlap.
    """
    poses = [frame.pose for frame in result.frames]
    check_overlap(network, poses)
    matching = match(network, poses)
    result = in_lane(result, network, matching)
    poses = [frame.pose for frame in result.frames]
    places = locate(network, matching, poses, result.defects)
    seen = surveyed(network, matching, result.frames, result.coverage)
    conditions = _conditions(network, seen, result.defects, places, table)
    segments = _segments(network, seen, result.defects, places, conditions, table)
    track = _track(network, matching, result)
    defects = _defects(network, result, places)
    coverage = _coverage(network, seen)
    summary = _summary(result, network, table, segments, defects, coverage, track)
    return RoadMap(segments, defects, coverage, track, _frames_table(track), summary)


def check_overlap(network: Network, poses: Sequence[Pose]) -> None:
    """Raise NetworkError when no pose lies within `NEAR_M` of any road: the wrong network, or the wrong track."""
    if not poses:
        return
    places = network.to_metres(np.array([pose.lon for pose in poses]), np.array([pose.lat for pose in poses]))
    points = shapely.points(places)
    tree = shapely.STRtree(network.segments.geometry.to_numpy())
    if len(tree.query(points, "dwithin", NEAR_M)[0]):
        return
    (_, _), distance_m = tree.query_nearest(points[:1], return_distance=True, all_matches=False)
    raise NetworkError(
        network.path,
        f"has no road near the drive, which starts at {poses[0].lat:.4f} N {poses[0].lon:.4f} E, "
        f"{distance_m[0] / 1000:.1f} km from its nearest road",
        "give the network of that area",
    )


def utc(time_s: float) -> str | None:
    """POSIX seconds as ISO 8601 in UTC, to the millisecond; None for a time that is not known (nan)."""
    if math.isnan(time_s):
        return None
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _on_segments(defects: Sequence[Defect], places: Sequence[Place]) -> dict[int, list[Defect]]:
    found: dict[int, list[Defect]] = defaultdict(list)
    for defect, place in zip(defects, places, strict=True):
        if place.segment >= 0:
            found[place.segment].append(defect)
    return found


def _conditions(
    network: Network, seen: Surveyed, defects: Sequence[Defect], places: Sequence[Place], table: Table
) -> dict[int, Condition]:
    """Only of the segments that were seen or have a defect; a province has half a million others."""
    lengths = network.segments["length_m"].to_numpy(float)
    on = _on_segments(defects, places)
    rows = sorted({*seen.covered_m, *on})
    return {
        row: score(on.get(row, []), lengths[row], seen.covered_m.get(row, 0.0), seen.seen_m.get(row, 0.0), table)
        for row in rows
    }


def _segments(
    network: Network,
    seen: Surveyed,
    defects: Sequence[Defect],
    places: Sequence[Place],
    conditions: dict[int, Condition],
    table: Table,
) -> gpd.GeoDataFrame:
    lengths = network.segments["length_m"].to_numpy(float)
    n = len(lengths)
    covered, driven = np.zeros(n), np.zeros(n)
    covered[list(seen.covered_m)] = list(seen.covered_m.values())
    driven[list(seen.seen_m)] = list(seen.seen_m.values())
    covered = np.minimum(covered, lengths)
    columns: dict[str, Any] = {
        "segment_id": network.segments["segment_id"].to_numpy(object),
        "name": network.segments["name"].to_numpy(object),
        "length_m": lengths.round(2),
        "covered_m": covered.round(2),
        "coverage": np.divide(covered, lengths, out=np.zeros(n), where=lengths > 0).round(4),
        "seen_m": driven.round(2),
        "status": np.full(n, str(Status.NOT_SURVEYED), object),
    }
    for row, condition in conditions.items():
        columns["status"][row] = str(condition.status)
    columns |= _per_segment(n, conditions)
    columns |= _amounts(n, _on_segments(defects, places))
    columns["table"] = np.full(n, table.title, object)
    # Declared as text, so that a column without a single value keeps its type in every file format.
    columns |= {name: pd.array(values, dtype="string") for name, values in columns.items() if values.dtype == object}
    return gpd.GeoDataFrame(columns, geometry=network.segments.geometry.to_numpy(), crs=network.crs)


def _per_segment(n: int, conditions: dict[int, Condition]) -> dict[str, Any]:
    numbers = {name: np.full(n, np.nan) for name in ("score", "score_low", "score_high")}
    confidence = np.zeros(n)
    texts = {name: np.full(n, None, object) for name in ("grade", "grade_nl", "reasons", "note")}
    for row, c in conditions.items():
        for name, value in zip(numbers, (c.score, c.low, c.high), strict=True):
            numbers[name][row] = np.nan if value is None else round(value, 1)
        confidence[row] = round(c.confidence, 3)
        texts["grade"][row], texts["grade_nl"][row] = c.grade, c.grade_nl
        texts["reasons"][row] = " | ".join(map(str, c.reasons)) or None
        texts["note"][row] = c.note or None
    return {**numbers, "confidence": confidence, **texts}


def _amounts(n: int, on: dict[int, list[Defect]]) -> dict[str, Any]:
    """Per class the count, and the length (m) or area (m2) as the taxonomy measures it."""
    columns: dict[str, Any] = {}
    for c in CLASSES:
        columns[f"{c.name}_n"] = np.zeros(n, np.int64)
        columns[f"{c.name}_{c.measure}"] = np.zeros(n)
    for row, defects in on.items():
        for d in defects:
            c = CLASSES[d.class_id]
            columns[f"{c.name}_n"][row] += 1
            columns[f"{c.name}_{c.measure}"][row] += amount(d)
    return {name: values.round(2) for name, values in columns.items()}


def _ids(network: Network, rows: Sequence[int]) -> list[str | None]:
    ids = network.segments["segment_id"].to_numpy()
    return [str(ids[row]) if row >= 0 else None for row in rows]


def _points(network: Network, lon: Sequence[float], lat: Sequence[float]) -> gpd.GeoSeries:
    return gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs="EPSG:4326").to_crs(network.crs)


def _defects(network: Network, result: SurveyResult, places: Sequence[Place]) -> gpd.GeoDataFrame:
    frames = {frame.index: frame for frame in result.frames}
    rows = []
    for d, place, segment_id in zip(result.defects, places, _ids(network, [p.segment for p in places]), strict=True):
        c = CLASSES[d.class_id]
        best: Frame = frames[d.looks[d.best_look].frame_index]
        placed = place.segment >= 0
        rows.append(
            {
                "id": d.id,
                "class": c.name,
                "kind": str(c.kind),
                "name_nl": c.dutch,
                "name_en": c.english,
                "segment_id": segment_id,
                "offset_m": round(place.offset_m, 2) if placed else np.nan,
                "side": place.side if placed else None,
                "from_line_m": round(place.distance_m, 2) if placed else np.nan,
                "length_m": round(d.length_m, 3),
                "width_m": round(d.width_m, 3),
                "area_m2": round(d.area_m2, 4),
                "size_sigma": round(d.size_sigma, 3),
                "place_sigma_m": round(d.sigma_m, 2),
                "score": round(d.score, 4),
                "looks": len(d.looks),
                "picture": f"pictures/{d.id}.jpg",
                "source": best.source,
                "media_time_s": round(best.media_time_s, 3),
                "utc": utc(best.pose.time_s),
                "lon": round(d.lon, 7),
                "lat": round(d.lat, 7),
                "reason": None if placed else place.reason or OFF,
            }
        )
    points = _points(network, [d.lon for d in result.defects], [d.lat for d in result.defects])
    return gpd.GeoDataFrame(_typed(rows, DEFECT_COLUMNS), geometry=points, crs=network.crs)


def _typed(rows: list[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    """Make a table with these columns and types, also where there are no rows or nothing but missing values."""
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in columns.items()})


def _coverage(network: Network, seen: Surveyed) -> gpd.GeoDataFrame:
    """LineStrings along the digitised direction, each a part of one segment."""
    lines = network.segments.geometry.to_numpy()
    names = network.segments["name"].to_numpy()
    rows = [
        {
            "segment_id": segment_id,
            "name": names[s.segment],
            "direction": "forward" if s.forward else "backward",
            "from_m": round(s.from_m, 2),
            "to_m": round(s.to_m, 2),
            "usable": not s.reason,
            "reason": s.reason or None,
        }
        for s, segment_id in zip(seen.stretches, _ids(network, [s.segment for s in seen.stretches]), strict=True)
    ]
    parts = gpd.GeoSeries([substring(lines[s.segment], s.from_m, s.to_m) for s in seen.stretches], crs=network.crs)
    return gpd.GeoDataFrame(_typed(rows, COVERAGE_COLUMNS), geometry=parts, crs=network.crs)


def _track(network: Network, matching: Matching, result: SurveyResult) -> gpd.GeoDataFrame:
    frames = result.frames
    usable = {c.frame_index: c for c in result.coverage}
    views = [usable.get(f.index) for f in frames]
    rows = np.asarray(matching.segment, int)
    points = _points(network, [f.pose.lon for f in frames], [f.pose.lat for f in frames]).to_numpy()
    on = rows >= 0
    lines = network.segments.geometry.to_numpy()
    points[on] = shapely.line_interpolate_point(lines[rows[on]], np.asarray(matching.offset_m)[on])
    table = pd.DataFrame(
        {
            "frame": pd.Series([f.index for f in frames], dtype="int64"),
            "time_s": [round(f.media_time_s, 3) for f in frames],
            "lon": [round(f.pose.lon, 7) for f in frames],
            "lat": [round(f.pose.lat, 7) for f in frames],
            "heading_deg": [round(f.pose.heading_deg, 1) for f in frames],
            "speed_mps": [round(f.pose.speed_mps, 2) for f in frames],
            "segment_id": pd.Series(_ids(network, rows.tolist()), dtype="string"),
            "offset_m": np.where(on, np.round(matching.offset_m, 2), np.nan),
            "distance_m": np.where(on, np.round(matching.distance_m, 2), np.nan),
            "direction": pd.Series(
                [("forward" if f else "backward") if m else None for f, m in zip(matching.forward, on, strict=True)],
                dtype="string",
            ),
            "confidence": np.round(np.asarray(matching.confidence, float), 3),
            "source": pd.Series([f.source for f in frames], dtype="string"),
            "utc": pd.Series([utc(f.pose.time_s) for f in frames], dtype="string"),
            "unmatched": pd.Series(
                [None if m else r or OFF for r, m in zip(matching.reason, on, strict=True)], dtype="string"
            ),
            "unusable": pd.Series([_why_unusable(v) for v in views], dtype="string"),
        }
    )
    return gpd.GeoDataFrame(table, geometry=points, crs=network.crs)


def _why_unusable(view: Coverage | None) -> str | None:
    if view is None:
        return "no coverage was measured"
    return None if view.usable else view.reason or UNUSABLE


def _frames_table(track: gpd.GeoDataFrame) -> pd.DataFrame:
    columns = ["time_s", "lon", "lat", "heading_deg", "speed_mps", "segment_id", "offset_m", "confidence"]
    return pd.DataFrame(track[[*columns, "source", "utc", "unmatched", "unusable"]])


def _driven_m(frames: Sequence[Frame]) -> float:
    """Metres between frames; where another trajectory begins the count restarts, which is not driving backwards."""
    driven = [frame.pose.distance_m for frame in sorted(frames, key=lambda f: f.pose.time_s)]
    return float(np.maximum(np.diff(driven), 0.0).sum())


def _counts(values: pd.Series) -> dict[str, int]:
    return dict(sorted(Counter(str(v) for v in values.dropna()).items()))


def _summary(
    result: SurveyResult,
    network: Network,
    table: Table,
    segments: gpd.GeoDataFrame,
    defects: gpd.GeoDataFrame,
    coverage: gpd.GeoDataFrame,
    track: gpd.GeoDataFrame,
) -> dict[str, Any]:
    times = [frame.pose.time_s for frame in result.frames if not math.isnan(frame.pose.time_s)]
    matched = int(track["segment_id"].notna().sum())
    located = int(defects["segment_id"].notna().sum())
    status = _counts(segments["status"])
    grades = _counts(segments["grade"])
    return {
        "survey": result.meta,
        "from_utc": utc(min(times)) if times else None,
        "to_utc": utc(max(times)) if times else None,
        "crs": network.crs.to_string(),
        "network": {
            "file": network.path.name,
            "segments": len(segments),
            "length_m": round(float(segments["length_m"].sum()), 1),
            "notes": list(network.notes),
        },
        "table": {"name": table.title, "source": table.source},
        "driven_m": round(_driven_m(result.frames), 1),
        "covered_m": round(float(segments["covered_m"].sum()), 1),
        "segments": {str(s): status.get(str(s), 0) for s in Status},
        "grades": {grade: grades.get(grade, 0) for grade in GRADES_NL},
        "frames": {
            "total": len(track),
            "matched": matched,
            "unmatched": _counts(track["unmatched"]),
            "unusable": _counts(track["unusable"]),
        },
        "defects": {
            "total": len(defects),
            "located": located,
            "unlocated": _counts(defects["reason"][defects["segment_id"].isna()]),
            "by_class": {c.name: int((defects["class"] == c.name).sum()) for c in CLASSES},
        },
        "unseen_m": {
            str(reason): round(float((part["to_m"] - part["from_m"]).sum()), 1)
            for reason, part in coverage[~coverage["usable"].astype(bool)].groupby("reason")
        },
        "notes": list(NOTES),
    }
