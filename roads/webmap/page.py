"""A road map -> one self-contained `map.html`: data, pictures, style and Leaflet in a single file, no basemap.

It opens from disk without a network. Text from the survey reaches the page as JSON and is shown as text, never as
markup; a content security policy allows no script but the page's own two.
"""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from detector.images import small_jpeg
from detector.taxonomy import CLASSES, Kind
from roads.exports.headings import DEFECTS, SEGMENTS
from roads.exports.legend import GRADE, PCI, PLAN, SHARE, STATE, Theme
from roads.exports.words import DUTCH
from roads.mapping import RoadMap

NEARBY_M = 500.0  # only segments this near to the track are embedded
SIMPLIFY_M = 0.3  # a line may move this much
PICTURE_PX = 360  # longest side of an embedded picture
PICTURE_QUALITY = 72
PICTURES_EMBEDDED = 400  # the surest ones; the page looks for the others beside it
GAP_M = 150.0  # a longer step between frames is not drawn as track
THEMES = (GRADE, PLAN, PCI, SHARE)  # the ways to colour the segments
SEGMENT_COLUMNS = (
    *("segment_id", "name", "length_m", "covered_m", "coverage", "visits", "last_surveyed", "status"),
    *(
        "score",
        "score_low",
        "score_high",
        "grade",
        "grade_nl",
        "confidence",
        "pci",
        "pci_low",
        "pci_high",
        "pci_rating",
    ),
    *("plan", "plan_nl", "reasons", "priority", "why", "why_nl"),
    *(f"{kind}_{part}" for kind in Kind for part in ("severity", "extent", "percent")),
)
DEFECT_COLUMNS = (
    *("id", "class", "segment_id", "offset_m", "side", "lane_position", "length_m", "width_m", "area_m2", "size_sigma"),
    *(
        "place_sigma_m",
        "score",
        "probability",
        "state",
        "growth",
        "sights",
        "looks",
        "missed",
        "first_seen",
        "last_seen",
    ),
    *("picture", "survey_id", "source", "media_time_s", "utc", "lat", "lon", "reason"),
)
COVERAGE_COLUMNS = ("segment_id", "direction", "from_m", "to_m", "usable", "reason", "survey_id", "utc")


def render_page(road_map: RoadMap, pictures: Sequence[Path]) -> str:
    """Render the page.

    `pictures` are the folders in which a defect's `picture` (a relative path) is looked for, the first that has it. A
    picture that is missing is left out.
    """
    vendor = files("roads.webmap") / "vendor"
    # The source map isn't vendored; browsers' tools would ask for it.
    leaflet = (vendor / "leaflet.js").read_text(encoding="utf-8").split("\n//# sourceMappingURL")[0]
    script = (files("roads.webmap") / "map.js").read_text(encoding="utf-8")
    data = page_data(road_map, pictures)
    template = Environment(loader=PackageLoader("roads", "webmap"), autoescape=True).get_template("map.html.j2")
    return template.render(
        title=data["survey"]["name"],
        hashes=[_hash(leaflet), _hash(script)],
        leaflet_css=Markup((vendor / "leaflet.css").read_text(encoding="utf-8")),
        css=Markup((files("roads.webmap") / "map.css").read_text(encoding="utf-8")),
        data=Markup(_json(data)),
        leaflet=Markup(leaflet),
        script=Markup(script),
    )


def page_data(road_map: RoadMap, pictures: Sequence[Path]) -> dict[str, Any]:
    """Collect what the page shows, ready for JSON. Places are [latitude, longitude] as Leaflet wants them."""
    nearby = _nearby(road_map)
    return {
        "survey": _survey(road_map, len(nearby)),
        "surveys": [
            {key: survey[key] for key in ("survey_id", "name", "from_utc", "driven_m")}
            for survey in road_map.summary["surveys"]
        ],
        "classes": [
            {"name": c.name, "kind": str(c.kind), "nl": c.dutch, "en": c.english, "colour": c.colour} for c in CLASSES
        ],
        "themes": [_theme(theme) for theme in THEMES],
        "states": _theme(STATE)["entries"],
        "headings": {
            layer: {name: {"nl": headings[name].nl, "en": headings[name].en} for name in columns if name in headings}
            for layer, headings, columns in (
                ("segments", SEGMENTS, SEGMENT_COLUMNS),
                ("defects", DEFECTS, DEFECT_COLUMNS),
            )
        },
        "words": {column: DUTCH[column] for column in ("side", "lane_position", "direction", "reason")},
        "segments": _segments(nearby),
        "coverage": _rows(road_map.coverage, COVERAGE_COLUMNS),
        "defects": _defects(road_map.defects, pictures),
        "track": _track(road_map.track),
    }


def _theme(theme: Theme) -> dict[str, Any]:
    entries = [*theme.entries, *([theme.rest] if theme.rest else [])]
    return {
        **{"name": theme.name, "nl": theme.nl, "en": theme.en},
        "entries": [
            {"value": e.value, "nl": e.nl, "en": e.en, "colour": e.colour, "width": e.width, "shown": e.shown}
            for e in entries
        ],
    }


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that can stand inside a <script> element: nothing in it can close the element or open a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _survey(road_map: RoadMap, embedded: int) -> dict[str, Any]:
    summary = road_map.summary
    names = list(dict.fromkeys(survey["name"] for survey in summary["surveys"]))
    cards = [survey["card"] for survey in summary["surveys"]]
    cameras = [camera for card in cards for camera in card.get("cameras", [])]
    models = [card["model"] for card in cards if card.get("model")]
    return {
        "name": ", ".join(names[:3]) + (f" + {len(names) - 3}" if len(names) > 3 else "") or "Schouw",
        "from": summary["from_utc"],
        "to": summary["to_utc"],
        "driven_m": summary["driven_m"],
        "covered_m": summary["covered_m"],
        "model": ", ".join(
            dict.fromkeys(" ".join(str(m.get(k, "")) for k in ("name", "version")).strip() for m in models)
        ),
        "table": summary["table"]["name"],
        "table_source": summary["table"]["source"],
        "calibrated": bool(cameras) and all(camera["calibrated"] for camera in cameras),
        "network": summary["network"]["file"],
        "network_segments": summary["network"]["segments"],
        "embedded_segments": embedded,
        "nearby_m": NEARBY_M,
        "frames": summary["frames"]["total"],
        "unmatched": sum(summary["frames"]["unmatched"].values()),
        "unusable": sum(summary["frames"]["unusable"].values()),
        "unlocated": sum(summary["defects"]["unlocated"].values()),
    }


def _nearby(road_map: RoadMap) -> gpd.GeoDataFrame:
    """Select the segments near the track, and any with coverage or a defect."""
    segments = road_map.segments
    near = np.zeros(len(segments), bool)
    if len(road_map.track):
        tree = shapely.STRtree(segments.geometry.to_numpy())
        near[np.unique(tree.query(road_map.track.geometry.to_numpy(), "dwithin", NEARBY_M)[1])] = True
    counted = [f"{c.name}_n" for c in CLASSES]
    touched = (segments["covered_m"] > 0) | (segments[counted].sum(axis=1) > 0)
    return segments[near | touched.to_numpy()]


def _lines(layer: gpd.GeoDataFrame) -> list[list[list[float]]]:
    simple = layer.geometry.simplify(SIMPLIFY_M).to_crs("EPSG:4326")
    return [[[round(lat, 6), round(lon, 6)] for lon, lat, *_ in line.coords] for line in simple]


def _rows(layer: gpd.GeoDataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Attributes and the line of each row; missing values become None."""
    records = layer[list(columns)].to_dict("records")
    lines = _lines(layer)
    return [
        {"line": line} | {str(key): _plain(value) for key, value in row.items()}
        for row, line in zip(records, lines, strict=True)
    ]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return None  # pandas.NA


def _segments(layer: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """The segments, with the number of their entry in each theme, and the damage per class."""
    rows = _rows(layer, SEGMENT_COLUMNS)
    entries = np.column_stack([theme.of(layer) for theme in THEMES]).tolist()
    amounts = layer[[f"{c.name}_{part}" for c in CLASSES for part in ("n", c.measure)]].to_dict("records")
    for row, entry, counts in zip(rows, entries, amounts, strict=True):
        row["entries"] = entry
        row["damage"] = {
            c.name: {
                "n": int(counts[f"{c.name}_n"]),
                "amount": float(counts[f"{c.name}_{c.measure}"]),
                "unit": "m" if c.measure == "length_m" else "m²",
            }
            for c in CLASSES
            if counts[f"{c.name}_n"]
        }
    return rows


def _defects(layer: gpd.GeoDataFrame, pictures: Sequence[Path]) -> list[dict[str, Any]]:
    records = layer[list(DEFECT_COLUMNS)].to_dict("records")
    rows = [{str(key): _plain(value) for key, value in record.items()} for record in records]
    surest = sorted(range(len(rows)), key=lambda i: (-rows[i]["probability"], -rows[i]["score"], rows[i]["id"]))
    for rank, i in enumerate(surest):
        path = next((found for folder in pictures if (found := folder / rows[i]["picture"]).is_file()), None)
        if path is None:
            rows[i]["picture"] = None
        elif rank < PICTURES_EMBEDDED:
            rows[i]["picture"] = _embedded(path)
    return rows


def _embedded(path: Path) -> str | None:
    """Make the picture a small data URI; None if it can't be read."""
    small = small_jpeg(path, PICTURE_PX, PICTURE_QUALITY)
    return small and "data:image/jpeg;base64," + base64.b64encode(small[0]).decode()


def _track(layer: gpd.GeoDataFrame) -> list[list[list[float]]]:
    """Draw the drives as lines, broken where frames are far apart."""
    if not len(layer):
        return []
    places = shapely.get_coordinates(layer.geometry.to_numpy())
    degrees = shapely.get_coordinates(layer.geometry.to_crs("EPSG:4326").to_numpy())[:, ::-1].round(6)
    survey = layer["survey_id"].to_numpy()
    breaks = np.flatnonzero((np.hypot(*np.diff(places, axis=0).T) > GAP_M) | (survey[1:] != survey[:-1])) + 1
    return [part.tolist() for part in np.split(degrees, breaks)]
