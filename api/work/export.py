"""A download: the newest map, as people reviewed it, in a format that others open."""

import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.context import Context
from api.jobs.handler import Report
from api.store.layers import map_state
from api.store.reviews import last_reviews, verdicts
from api.store.schema import Export
from api.work.footage import scratch_folder
from api.work.map import newest
from detector.errors import SchouwError
from roads.exports.formats import write_formats
from roads.exports.headings import Language
from roads.exports.report import write_report
from roads.inventory import Inventory
from roads.mapping import RoadMap, road_map


@dataclass(frozen=True, slots=True)
class Kind:
    """One format of a download."""

    suffix: str
    media_type: str


ZIP = Kind("zip", "application/zip")
KINDS: dict[str, Kind] = {
    "gpkg": Kind("gpkg", "application/geopackage+sqlite3"),
    "geoparquet": ZIP,
    "csv": ZIP,
    "xlsx": Kind("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "geojson": ZIP,
    "fgb": ZIP,
    "pmtiles": Kind("pmtiles", "application/vnd.pmtiles"),
    "pdf": Kind("pdf", "application/pdf"),
}


def export(context: Context, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Write a download into the file storage. See `api.jobs.handler.Handler`."""
    number = payload["export"]
    with context.database.read() as session:
        asked, state, reviews = session.get(Export, number), map_state(session), last_reviews(session)
    if asked is None or state is None:
        raise SchouwError("this download is no longer asked for")
    report("making the map", 0, None)
    with newest(context) as now, scratch_folder(context, "export-") as scratch:
        made = road_map(now.inventory, now.table, verdicts=verdicts(reviews))
        report("writing", 0, None)
        file = _written(context, made, now.inventory, asked, scratch)
        version = f"{now.revision}.{state.changes}"
        kind = KINDS[asked.format]
        packed = f"-{asked.format}" if kind is ZIP else ""
        name = f"schouw-{version}{packed}.{kind.suffix}"
        size, key = file.stat().st_size, f"exports/{number}/{name}"
        context.blobs.put(key, file)
    return {"key": key, "name": name, "bytes": size, "revision": now.revision, "changes": state.changes}


def _written(context: Context, made: RoadMap, inventory: Inventory, asked: Export, scratch: Path) -> Path:
    lang: Language = "nl" if asked.lang == "nl" else "en"
    out = scratch / "out"
    out.mkdir()
    if asked.format == "pdf":
        with ExitStack() as stack:
            (scratch / "pictures").mkdir()
            for survey in inventory.surveys["survey_id"]:
                if context.blobs.exists(f"pictures/{survey}"):
                    pictures = stack.enter_context(context.blobs.fetched(f"pictures/{survey}"))
                    (scratch / "pictures" / survey).symlink_to(pictures)
            write_report(made, scratch, out / "report.pdf", lang, title=context.settings.title)
        return out / "report.pdf"
    written = write_formats(made, out, [asked.format], lang)
    if KINDS[asked.format] is not ZIP:
        return written[0]
    packed = scratch / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in written:
            archive.write(path, path.relative_to(out))
    return packed
