"""A road map written for planners: QGIS (GeoPackage), data science (GeoParquet), Excel (CSV) and a browser (map.html).

    out/survey.gpkg                 layers segments, defects, coverage, track, with styles for QGIS
    out/geoparquet/<layer>.parquet  the same four layers
    out/segments.csv                for a Dutch Excel: UTF-8 with BOM, semicolons, decimal commas
    out/frames.csv                  plain CSV (commas, decimal points), one row per frame used
    out/summary.json
    out/map.html                    one file, opens without a network

The defects' pictures are the caller's: a map's folder holds them as pictures/<survey id>/<number>.jpg. More formats are
in `roads.exports`.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from detector.errors import InputError
from roads.exports.formats import LAYERS, layers_of, write_csv, write_geopackage, write_geoparquet
from roads.mapping import RoadMap
from roads.webmap.page import render_page

__all__ = ["LAYERS", "MADE", "made_aside", "write_map"]

# What `write_map` writes in a folder, by name.
MADE = frozenset({"survey.gpkg", "geoparquet", "segments.csv", "frames.csv", "summary.json", "map.html"})


def write_map(road_map: RoadMap, pictures: Sequence[Path], folder: Path) -> None:
    """Write a road map to the folder `folder`, which may exist. The same map gives the same bytes.

    `pictures` are the folders in which a defect's `picture` (a relative path) is looked for, the first that has it.
    Wrap it in `made_aside` to leave an older map as it was when something fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    layers = layers_of(road_map)
    write_geopackage(layers, folder / "survey.gpkg", road_map.summary["to_utc"])
    write_geoparquet(layers, folder / "geoparquet")
    write_csv(road_map.segments, folder / "segments.csv")
    road_map.frames.to_csv(folder / "frames.csv", index=False, lineterminator="\n")
    summary = json.dumps(road_map.summary, ensure_ascii=False, indent=2, default=str)
    (folder / "summary.json").write_text(summary + "\n", encoding="utf-8")
    (folder / "map.html").write_text(render_page(road_map, pictures), encoding="utf-8")


@contextmanager
def made_aside(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `out`; move what it holds to `out` when the block ends without an error.

    So an error leaves `out` as it was. A new `out` appears at once; in one that exists, files of the same name are
    replaced, each by a rename, and all others stay.

    Raises:
        InputError: `out` can't be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(out, "this is a file, not a folder", "choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            folder.chmod(0o755)  # mkdtemp makes it private; a map is to be shared
            yield folder
            _move(folder, out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise InputError(
            out, f"the map can't be written ({error.strerror or error})", "choose another --out"
        ) from error


def _move(folder: Path, out: Path) -> None:
    if not out.exists():
        folder.rename(out)
        return
    for made in sorted(folder.rglob("*")):
        if made.is_file():
            target = out / made.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            made.replace(target)
