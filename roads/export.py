"""A road map written for planners: QGIS (GeoPackage), data science (GeoParquet), Excel (CSV) and a browser (map.html).

    out/survey.gpkg                 layers segments, defects, coverage, track, with a default style for QGIS
    out/geoparquet/<layer>.parquet  the same four layers
    out/segments.csv                for a Dutch Excel: UTF-8 with BOM, semicolons, decimal commas
    out/frames.csv                  plain CSV (commas, decimal points), one row per frame used
    out/summary.json
    out/map.html                    one file, opens without a network
    out/pictures/<defect id>.jpg

The GeoParquet layers have a folder of their own, because the survey's own result, which may live in `out` too, holds a
`defects.parquet` and a `track.parquet` of another shape.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from detector.errors import InputError
from roads.mapping import RoadMap
from roads.qgis import add_styles
from roads.webmap.page import render_page

LAYERS = ("segments", "defects", "coverage", "track")


def write_map(road_map: RoadMap, result_folder: Path, out: Path) -> None:
    """Write a road map to the folder `out`; defect pictures come from `result_folder`/pictures.

    Everything is made aside first, so an error leaves `out` as it was. Then each file takes its place by a rename: a
    new `out` appears at once; in one that exists, files of ours are replaced and all others stay. So `out` may be the
    result folder itself. The same map gives the same bytes.

    Raises:
        InputError: `out` can't be written.
    """
    try:
        with _made_aside(out) as folder:
            _write_files(road_map, result_folder / "pictures", folder)
            if result_folder.resolve() != out.resolve():
                _copy_pictures(road_map, result_folder, folder)
    except OSError as error:
        raise InputError(
            out, f"the map can't be written ({error.strerror or error})", "choose another --out"
        ) from error


@contextmanager
def _made_aside(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `out`; move what it holds to `out` when the block ends without an error."""
    if out.exists() and not out.is_dir():
        raise InputError(out, "this is a file, not a folder", "choose another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        folder.chmod(0o755)  # mkdtemp makes it private; a map is to be shared
        yield folder
        if not out.exists():
            folder.rename(out)
            return
        for made in sorted(folder.rglob("*")):
            if made.is_file():
                target = out / made.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                made.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_files(road_map: RoadMap, pictures: Path, folder: Path) -> None:
    layers: dict[str, gpd.GeoDataFrame] = {name: getattr(road_map, name) for name in LAYERS}
    _write_geopackage(layers, folder / "survey.gpkg", road_map.summary["to_utc"] or "1970-01-01T00:00:00.000Z")
    (folder / "geoparquet").mkdir()
    for name, layer in layers.items():
        layer.to_parquet(folder / "geoparquet" / f"{name}.parquet")
    _write_segments_csv(road_map.segments, folder / "segments.csv")
    road_map.frames.to_csv(folder / "frames.csv", index=False, lineterminator="\n")
    summary = json.dumps(road_map.summary, ensure_ascii=False, indent=2, default=str)
    (folder / "summary.json").write_text(summary + "\n", encoding="utf-8")
    (folder / "map.html").write_text(render_page(road_map, pictures), encoding="utf-8")


def _write_geopackage(layers: dict[str, gpd.GeoDataFrame], path: Path, written_utc: str) -> None:
    # GDAL dates each layer; the survey's own date instead of today's keeps the bytes the same.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": written_utc})
    kinds = {"segments": "LineString", "defects": "Point", "coverage": "LineString", "track": "Point"}
    try:
        for name, layer in layers.items():
            pyogrio.write_dataframe(layer, path, layer=name, driver="GPKG", geometry_type=kinds[name])
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    add_styles(path, written_utc)


def _write_segments_csv(segments: gpd.GeoDataFrame, path: Path) -> None:
    """Write a CSV that a Dutch Excel opens with a double click; pandas reads it with `sep=";", decimal=","`."""
    table = pd.DataFrame(segments.drop(columns="geometry"))
    table.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig", lineterminator="\r\n")


def _copy_pictures(road_map: RoadMap, result_folder: Path, folder: Path) -> None:
    (folder / "pictures").mkdir()
    for picture in road_map.defects["picture"]:
        if (result_folder / picture).is_file():
            shutil.copyfile(result_folder / picture, folder / picture)
