"""A road map made by hand: six streets in two drives, with every grade, plan class, state and reason for not seeing."""

from pathlib import Path
from typing import Any

import cv2
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.ops

from detector.taxonomy import CLASSES, Kind
from roads.mapping import RoadMap

ORIGIN = (173000.0, 443000.0)
SURVEYS = ("voorjaar", "najaar")
DATES = ("2026-04-14", "2026-10-06")
TABLE = "schouw-2"
PLANS_NL = {"year 1": "jaar 1", "1-2 years": "1-2 jaar", "3-5 years": "3-5 jaar", "later": "later"}
STREETS = {
    "Dorpsstraat": [(0, 0), (120, 10), (240, 0), (360, 20)],
    "'t Hof": [(240, 0), (250, -90), (230, -200)],
    "Antonín Dvořákplein": [(120, 10), (110, 100), (140, 210), (260, 220)],
    "Skûlenboargerwei": [(360, 20), (520, 60), (700, 40)],
    "</script><b>Stadsweg": [(260, 220), (400, 210), (520, 60)],
    "": [(230, -200), (420, -220), (700, 40)],
}
# street, status, score, low, high, grade, pci, plan, (severity, extent, percent) per kind, visits, coverage
CONDITIONS: tuple[tuple[Any, ...], ...] = (
    ("graded", 92.0, 84.0, 96.0, "good", 94.0, "later", {}, 2, 0.97),
    ("graded", 68.0, 55.0, 79.0, "fair", 71.0, "later", {"cracking": ("M", 1, 6.2)}, 2, 0.88),
    (
        *("graded", 51.0, 38.0, 62.0, "poor", 47.0, "1-2 years"),
        *({"cracking": ("M", 2, 14.0), "ravelling": ("L", 2, 12.5)}, 1, 0.91),
    ),
    (
        *("graded", 22.0, 8.0, 41.0, "bad", 18.0, "year 1"),
        *({"cracking": ("E", 3, 41.0), "potholes": ("E", 2, 0.4)}, 2, 0.76),
    ),
    ("too little seen", None, None, None, None, None, None, {"cracking": ("L", 1, 2.0)}, 1, 0.18),
    ("not surveyed", None, None, None, None, None, None, {}, 0, 0.0),
)  # fmt: skip
# street, offset, left, class, state, probability, first, last, missed, growth
DEFECT_ROWS: tuple[tuple[Any, ...], ...] = (
    (3, 45.0, -1.4, 0, "seen again", 0.97, 0, 1, 0, 0.04),
    (3, 120.0, -1.1, 3, "new", 0.93, 1, 1, 0, None),
    (3, 130.0, 0.9, 2, "grown", 0.99, 0, 1, 0, 0.62),
    (3, 210.0, -1.2, 3, "gone", 0.04, 0, 0, 2, None),
    (2, 80.0, -1.0, 2, "first seen", 0.81, 1, 1, 0, None),
    (2, 200.0, 1.5, 4, "first seen", 0.66, 1, 1, 0, None),
    (1, 60.0, 1.2, 1, "not seen again", 0.48, 0, 0, 1, None),
    (1, 160.0, -1.6, 0, "seen again", 0.9, 0, 1, 0, -0.05),
    (4, 100.0, -0.4, 0, "first seen", 0.57, 1, 1, 0, None),
    (None, 0.0, 0.0, 3, "first seen", 0.31, 1, 1, 0, None),
)  # fmt: skip


def text(values: list[str | None]) -> pd.Series:
    return pd.Series(values, dtype="string")


def make_segments() -> gpd.GeoDataFrame:
    lines = [shapely.LineString(np.array(points) + ORIGIN) for points in STREETS.values()]
    rows: list[dict[str, Any]] = []
    for i, (name, line, condition) in enumerate(zip(STREETS, lines, CONDITIONS, strict=True)):
        status, score, low, high, grade, pci, plan, kinds, visits, coverage = condition
        row: dict[str, Any] = {
            **{"segment_id": f"6001{i:02}:0-{line.length:.0f}", "parent_id": f"6001{i:02}", "from_m": 0.0},
            **{"to_m": round(line.length, 2), "name": name, "length_m": round(line.length, 2)},
            **{"covered_m": round(coverage * line.length, 2), "coverage": coverage},
            **{"seen_m": round(coverage * line.length * max(visits, 1), 2), "visits": visits},
            "last_surveyed": DATES[1] if visits else None,
            **{"status": status, "score": score, "score_low": low, "score_high": high, "grade": grade},
            "grade_nl": {"good": "goed", "fair": "redelijk", "poor": "matig", "bad": "slecht"}.get(grade),
            "confidence": round(0.8 * coverage, 3),
        }
        for kind in Kind:
            severity, extent, percent = kinds.get(str(kind), (None, None, 0.0))
            row |= {f"{kind}_severity": severity, f"{kind}_extent": extent, f"{kind}_percent": percent}
        row |= {"pci": pci, "pci_low": pci and pci - 12, "pci_high": pci and min(pci + 9, 100.0)}
        row["pci_rating"] = {94.0: "Good", 71.0: "Satisfactory", 47.0: "Poor", 18.0: "Serious"}.get(pci)
        row |= {"plan": plan, "plan_nl": PLANS_NL.get(plan), "reasons": None, "note": None}
        if status != "graded":
            row["note"] = "not surveyed" if not visits else "seen for 18 % (76 m); a grade needs 30 % and 15 m"
        for c in CLASSES:
            mine = [d for d in DEFECT_ROWS if d[0] == i and d[3] == c.id and d[4] != "gone"]
            row |= {f"{c.name}_n": len(mine), f"{c.name}_{c.measure}": 2.5 * len(mine)}
        rows.append(row)
    order = [3, 2, 1]
    for rank, i in enumerate(order, 1):
        rows[i] |= {"priority": rank, "job": rank, "job_m": rows[i]["length_m"]}
        rows[i] |= {
            "why": f"{rows[i]['plan']}: cracking M2; {100 - rows[i]['score']:.0f} of 100 points off",
            "why_nl": f"{rows[i]['plan_nl']}: scheurvorming M2; {100 - rows[i]['score']:.0f} van 100 punten kwijt",
        }
    for row in rows:
        row |= {name: row.get(name) for name in ("priority", "job", "job_m", "why", "why_nl")} | {"table": TABLE}
        if any(row[f"{kind}_severity"] for kind in Kind):
            row["reasons"] = "cracking E3 (41 %): -55; defects 1, 3"
    table = pd.DataFrame(rows)
    numbers = {"visits": "int64", "priority": "Int64", "job": "Int64", **{f"{kind}_extent": "Int64" for kind in Kind}}
    floats = ["score", "score_low", "score_high", "pci", "pci_low", "pci_high", "job_m"]
    table = table.astype({**numbers, **dict.fromkeys(floats, "float64")})
    texts = [c for c in table if table[c].dtype == object or str(table[c].dtype) == "str"]
    return gpd.GeoDataFrame(table.astype(dict.fromkeys(texts, "string")), geometry=lines, crs=28992)


def make_defects(segments: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows, points = [], []
    for i, (street, offset, left, class_id, state, probability, first, last, missed, growth) in enumerate(
        DEFECT_ROWS, 1
    ):
        c, placed = CLASSES[class_id], street is not None
        point = (
            segments.geometry[street].interpolate(offset) if placed else shapely.Point(ORIGIN[0] + 300, ORIGIN[1] + 320)
        )
        points.append(point)
        rows.append(
            {
                **{"id": i, "class": c.name, "kind": str(c.kind), "name_nl": c.dutch, "name_en": c.english},
                "segment_id": segments["segment_id"][street] if placed else None,
                "offset_m": offset if placed else np.nan,
                "side": ("left" if left > 0 else "right") if placed else None,
                "lane_position": "right wheel path",
                "from_line_m": left if placed else np.nan,
                **{"length_m": 1.0 + 0.6 * i, "width_m": 0.4 + 0.1 * i, "area_m2": round((1 + 0.6 * i) * 0.3, 4)},
                **{"size_sigma": 0.21, "place_sigma_m": 1.4, "score": round(0.5 + 0.04 * i, 4)},
                **{"probability": probability, "state": state, "growth": np.nan if growth is None else growth},
                **{"sights": 1 + (last > first), "looks": 2 + i, "missed": missed},
                **{"first_seen": DATES[first], "last_seen": DATES[last]},
                **{"picture": f"pictures/{SURVEYS[last]}/{i}.jpg", "survey_id": SURVEYS[last]},
                **{
                    "source": f"{SURVEYS[last]}.mp4",
                    "media_time_s": 3.3 * i,
                    "utc": f"{DATES[last]}T09:00:{i:02}.000Z",
                },
                **{"lon": 5.66, "lat": 51.97, "reason": None if placed else "not on the network"},
            }
        )
    table = pd.DataFrame(rows)
    for column in table.columns:
        if table[column].dtype == object or str(table[column].dtype) == "str":
            table[column] = table[column].astype("string")
    layer = gpd.GeoDataFrame(table, geometry=points, crs=28992)
    degrees = layer.geometry.to_crs(4326)
    return layer.assign(lon=degrees.x.round(7), lat=degrees.y.round(7))


def make_coverage(segments: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows, lines = [], []
    for street in range(len(segments)):
        for visit in range(segments["visits"][street]):
            length, share = segments["length_m"][street], segments["coverage"][street]
            parts = [(0.0, share * length, True, None), (share * length, length, False, ("too dark", "blurred")[visit])]
            for start, end, usable, reason in parts:
                rows.append(
                    {
                        "segment_id": segments["segment_id"][street],
                        "name": segments["name"][street],
                        "direction": ("forward", "backward")[visit],
                        **{"from_m": round(start, 2), "to_m": round(end, 2), "usable": usable, "reason": reason},
                        **{"survey_id": SURVEYS[-1 - visit], "visit": 0, "utc": f"{DATES[-1 - visit]}T09:00:00Z"},
                    }
                )
                lines.append(shapely.ops.substring(segments.geometry[street], start, end))
    table = pd.DataFrame(rows).astype(
        dict.fromkeys(("segment_id", "name", "direction", "reason", "survey_id", "utc"), "string")
    )
    return gpd.GeoDataFrame(table, geometry=lines, crs=28992)


def make_track(segments: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows, points = [], []
    for survey, streets in zip(SURVEYS, ([0, 1, 3], [0, 1, 2, 3, 4]), strict=True):
        for street in streets:
            for at in np.arange(0, segments["length_m"][street], 12.0):
                points.append(segments.geometry[street].interpolate(at))
                rows.append(
                    {
                        **{"survey_id": survey, "frame": len(rows), "time_s": round(0.3 * len(rows), 3)},
                        **{"lon": 0.0, "lat": 0.0, "heading_deg": 90.0, "speed_mps": 10.0},
                        **{"segment_id": segments["segment_id"][street], "offset_m": at, "distance_m": 0.4},
                        **{"direction": "forward", "confidence": 0.98, "source": f"{survey}.mp4"},
                        **{"utc": f"{DATES[SURVEYS.index(survey)]}T09:00:00.000Z", "unmatched": None, "unusable": None},
                    }
                )
    texts = ("survey_id", "segment_id", "direction", "source", "utc", "unmatched", "unusable")
    layer = gpd.GeoDataFrame(pd.DataFrame(rows).astype(dict.fromkeys(texts, "string")), geometry=points, crs=28992)
    degrees = layer.geometry.to_crs(4326)
    return layer.assign(lon=degrees.x.round(7), lat=degrees.y.round(7))


def make_summary(segments: gpd.GeoDataFrame, defects: gpd.GeoDataFrame, track: gpd.GeoDataFrame) -> dict[str, Any]:
    surveys = [
        {
            **{"survey_id": survey, "name": f"{survey.title()} <img src=x onerror=alert(1)>"},
            **{"from_utc": f"{date}T09:00:00.000Z", "to_utc": f"{date}T09:40:00.000Z", "driven_m": 1450.0},
            "frames": int((track["survey_id"] == survey).sum()),
            "card": {"model": {"name": "schouw-n", "version": "1"}, "cameras": [{"calibrated": False}], "inputs": []},
        }
        for survey, date in zip(SURVEYS, DATES, strict=True)
    ]
    return {
        "surveys": surveys,
        **{"from_utc": surveys[0]["from_utc"], "to_utc": surveys[-1]["to_utc"], "crs": "EPSG:28992"},
        "network": {
            **{"file": "wegvakken.gpkg", "segments": len(segments)},
            **{"length_m": float(segments["length_m"].sum()), "notes": []},
        },
        "table": {"name": TABLE, "source": "Schouw's own defaults, not CROW-compliant."},
        "driven_m": 2900.0,
        "covered_m": float(segments["covered_m"].sum()),
        "frames": {"total": len(track), "matched": len(track), "unmatched": {}, "unusable": {"too dark": 4}},
        "defects": {"total": len(defects), "located": len(defects) - 1, "unlocated": {"not on the network": 1}},
        "notes": ["Severity from a camera is an estimate by size: depth and crack width are not measured."],
    }


def make_road_map() -> RoadMap:
    segments = make_segments()
    defects, coverage, track = make_defects(segments), make_coverage(segments), make_track(segments)
    frames = pd.DataFrame(track.drop(columns="geometry"))
    return RoadMap(segments, defects, coverage, track, frames, make_summary(segments, defects, track))


def write_pictures(road_map: RoadMap, folder: Path) -> None:
    """Write the defects' pictures, but for the last: a grey road with a dark spot."""
    random = np.random.default_rng(1)
    for picture in road_map.defects["picture"][:-1]:
        road = np.clip(random.normal(120, 14, (600, 900, 3)), 0, 255).astype(np.uint8)
        cv2.ellipse(road, (450, 320), (130, 60), 0, 0, 360, (50, 50, 55), -1)
        (folder / picture).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / picture), road)
