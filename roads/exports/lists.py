"""What planners pass on: the list of what to repair first, and what changed between two moments."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from detector.errors import SettingsError
from detector.files import atomic_path
from roads.exports.formats import write_csv, write_geopackage
from roads.exports.headings import HEADINGS, Language
from roads.exports.workbook import write_changes_workbook, write_priorities_workbook
from roads.mapping import RoadMap

if TYPE_CHECKING:
    from roads.changes import Changes


def write_priorities(road_map: RoadMap, path: Path, lang: Language) -> None:
    """Write what to repair first as .xlsx (headings in `lang`) or .csv (column names, for a Dutch Excel).

    Raises:
        SettingsError: the file is to be neither.
    """
    if path.suffix.lower() == ".xlsx":
        write_priorities_workbook(road_map, path, lang)
    elif path.suffix.lower() == ".csv":
        segments = road_map.segments
        ranked = segments[segments["priority"].notna()].sort_values("priority", kind="stable")
        write_csv(ranked[[*HEADINGS["priorities"], "geometry"]], path)
    else:
        raise SettingsError(f"{path}: priorities are written as .xlsx or .csv; choose one of these")


def write_changes(changes: "Changes", folder: Path, lang: Language) -> None:
    """Write what changed to a folder: changes.gpkg (for QGIS), changes.xlsx and summary.json."""
    layers = {"changed_segments": changes.segments, "changed_defects": changes.defects}
    write_geopackage(layers, folder / "changes.gpkg", changes.summary["after_utc"], lang)
    write_changes_workbook(changes, folder / "changes.xlsx", lang)
    with atomic_path(folder / "summary.json") as temporary:
        temporary.write_text(json.dumps(changes.summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
