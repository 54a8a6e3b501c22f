"""A road map -> one self-contained `map.html`: data, pictures, style and Leaflet in a single file, no basemap.

It opens from disk without a network. Text from the survey reaches the page as JSON and is shown as text, never as
markup; a content security policy allows no script but the page's own two.
"""

import base64
import hashlib
import json
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import geopandas as gpd
import numpy as np
import shapely
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from detector.taxonomy import CLASSES
from roads.condition.score import GRADES_NL
from roads.mapping import RoadMap
from roads.qgis import GRADE_COLOURS

NEARBY_M = 500.0  # only segments this near to the track are embedded
SIMPLIFY_M = 0.3  # a line may move this much
PICTURE_PX = 360  # longest side of an embedded picture
PICTURE_QUALITY = 72
PICTURES_EMBEDDED = 400  # the surest ones; the page looks for the others in pictures/ beside it
GAP_M = 150.0  # a longer step between frames is not drawn as track


def render_page(road_map: RoadMap, pictures: Path) -> str:
    """Render the page. `pictures` holds <defect id>.jpg; a picture that is missing is left out."""
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


def page_data(road_map: RoadMap, pictures: Path) -> dict[str, Any]:
    """Collect what the page shows, ready for JSON. Places are [latitude, longitude] as Leaflet wants them."""
    nearby = _nearby(road_map)
    return {
        "survey": _survey(road_map, len(nearby)),
        "classes": [
            {"name": c.name, "kind": str(c.kind), "nl": c.dutch, "en": c.english, "colour": c.colour} for c in CLASSES
        ],
        "grades": [
            {"name": name, "nl": dutch, "en": name, "colour": GRADE_COLOURS[name]} for name, dutch in GRADES_NL.items()
        ],
        "segments": _segments(nearby),
        "coverage": _rows(road_map.coverage, ["segment_id", "direction", "from_m", "to_m", "usable", "reason"]),
        "defects": _defects(road_map.defects, pictures),
        "track": _track(road_map.track),
    }


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that can stand inside a <script> element: nothing in it can close the element or open a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _survey(road_map: RoadMap, embedded: int) -> dict[str, Any]:
    summary = road_map.summary
    meta = summary["survey"]
    model = meta.get("model")
    files = [Path(item["file"]).name for item in meta.get("inputs", []) if item["status"] == "done"]
    cameras = meta.get("cameras", [])
    return {
        "name": ", ".join(files[:3]) + (f" + {len(files) - 3}" if len(files) > 3 else "") or "Schouw",
        "from": summary["from_utc"],
        "to": summary["to_utc"],
        "driven_m": summary["driven_m"],
        "covered_m": summary["covered_m"],
        "model": " ".join(str(model.get(key, "")) for key in ("name", "version")).strip() if model else "",
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


def _rows(layer: gpd.GeoDataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """Attributes and the line of each row; missing values become None."""
    records = layer[columns].to_dict("records")
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
    columns = ["segment_id", "name", "length_m", "covered_m", "coverage", "status", "score", "score_low", "score_high"]
    rows = _rows(layer, [*columns, "grade", "confidence", "reasons"])
    amounts = layer[[f"{c.name}_{part}" for c in CLASSES for part in ("n", c.measure)]].to_dict("records")
    for row, counts in zip(rows, amounts, strict=True):
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


def _defects(layer: gpd.GeoDataFrame, pictures: Path) -> list[dict[str, Any]]:
    columns = ["id", "class", "segment_id", "offset_m", "side", "length_m", "width_m", "area_m2", "size_sigma"]
    columns += ["place_sigma_m", "score", "looks", "lat", "lon", "picture", "source", "media_time_s", "utc", "reason"]
    rows = [{k: _plain(v) for k, v in row.items()} for row in layer[columns].to_dict("records")]
    surest = sorted(range(len(rows)), key=lambda i: (-rows[i]["score"], rows[i]["id"]))
    for rank, i in enumerate(surest):
        path = pictures / Path(rows[i]["picture"]).name
        if not path.is_file():
            rows[i]["picture"] = None
        elif rank < PICTURES_EMBEDDED:
            rows[i]["picture"] = _embedded(path)
    return [{str(k): v for k, v in row.items()} for row in rows]


def _embedded(path: Path) -> str | None:
    """Make the picture a small data URI; None if it can't be read."""
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if picture is None:
        return None
    scale = min(PICTURE_PX / max(picture.shape[:2]), 1.0)
    size = (max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, PICTURE_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()


def _track(layer: gpd.GeoDataFrame) -> list[list[list[float]]]:
    """Draw the drive as lines, broken where frames are far apart."""
    if not len(layer):
        return []
    places = shapely.get_coordinates(layer.geometry.to_numpy())
    degrees = shapely.get_coordinates(layer.geometry.to_crs("EPSG:4326").to_numpy())[:, ::-1].round(6)
    breaks = np.flatnonzero(np.hypot(*np.diff(places, axis=0).T) > GAP_M) + 1
    return [part.tolist() for part in np.split(degrees, breaks)]
