"""A road map in the formats that others ask for: one writer per format, one name each.

    gpkg        survey.gpkg                all layers in one file, with styles for QGIS
    geoparquet  geoparquet/<layer>.parquet
    geojson     geojson/<layer>.geojson    RFC 7946: WGS84, 7 decimals
    fgb         flatgeobuf/<layer>.fgb     with a spatial index
    csv         segments.csv, defects.csv  for a Dutch Excel: UTF-8 with BOM, semicolons, decimal commas
    xlsx        map.xlsx                   a workbook with headings in Dutch or English
    pmtiles     map.pmtiles                vector tiles for a web map

Formats that hold no style get a QGIS style (QML) beside each layer. The same map gives the same bytes.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from detector.errors import InputError, SettingsError
from detector.files import atomic_path
from roads.exports.headings import Language
from roads.exports.legend import GEOMETRY
from roads.exports.tiles import write_tiles
from roads.exports.workbook import write_workbook
from roads.mapping import RoadMap
from roads.qgis import add_styles, default_theme, qml

LAYERS = ("segments", "defects", "coverage", "track")
UNDATED = "1970-01-01T00:00:00.000Z"


def write_formats(road_map: RoadMap, out: Path, formats: Iterable[str], lang: Language) -> list[Path]:
    """Write a map to the folder `out` in these formats (names of `FORMATS`); give the files that were written.

    Each file takes its place by a rename when it is whole.

    Raises:
        SettingsError: an unknown format; it names those there are.
        InputError: `out` can't be written.
    """
    wanted = list(dict.fromkeys(formats))
    if unknown := [name for name in wanted if name not in FORMATS]:
        raise SettingsError(f"{unknown[0]}: no such format; choose from {', '.join(FORMATS)}")
    try:
        return [path for name in wanted for path in FORMATS[name](road_map, out, lang)]
    except OSError as error:
        raise InputError(out, f"can't be written ({error.strerror or error})", "choose another --out") from error


def layers_of(road_map: RoadMap) -> dict[str, gpd.GeoDataFrame]:
    """The layers of a map by name."""
    return {name: getattr(road_map, name) for name in LAYERS}


def write_geopackage(
    layers: dict[str, gpd.GeoDataFrame], path: Path, written_utc: str | None, lang: Language = "nl"
) -> None:
    """Write layers and their styles to one GeoPackage, dated `written_utc` (ISO 8601, Z)."""
    # GDAL dates each layer; the survey's own date instead of today's keeps the bytes the same.
    date = written_utc or UNDATED
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": date})
    try:
        with atomic_path(path) as temporary:
            for name, layer in layers.items():
                pyogrio.write_dataframe(layer, temporary, layer=name, driver="GPKG", geometry_type=GEOMETRY[name])
            add_styles(temporary, date, lang)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_csv(layer: gpd.GeoDataFrame, path: Path) -> None:
    """Write a CSV that a Dutch Excel opens with a double click; pandas reads it with `sep=";", decimal=","`."""
    table = pd.DataFrame(layer.drop(columns="geometry"))
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, sep=";", decimal=",", encoding="utf-8-sig", lineterminator="\r\n")


def write_geoparquet(layers: dict[str, gpd.GeoDataFrame], folder: Path) -> list[Path]:
    """Write each layer to a GeoParquet file in `folder`."""
    written = []
    for name, layer in layers.items():
        written.append(folder / f"{name}.parquet")
        with atomic_path(written[-1]) as temporary:
            layer.to_parquet(temporary)
    return written


def _geopackage(road_map: RoadMap, out: Path, lang: Language) -> list[Path]:
    path = out / "survey.gpkg"
    write_geopackage(layers_of(road_map), path, road_map.summary["to_utc"], lang)
    return [path]


def _geoparquet(road_map: RoadMap, out: Path, lang: Language) -> list[Path]:
    folder = out / "geoparquet"
    return write_geoparquet(layers_of(road_map), folder) + _styles(folder, lang)


def _geojson(road_map: RoadMap, out: Path, lang: Language) -> list[Path]:
    folder = out / "geojson"
    written = []
    for name, layer in layers_of(road_map).items():
        written.append(folder / f"{name}.geojson")
        with atomic_path(written[-1]) as temporary:
            _dump(layer, temporary, "GeoJSON", name, RFC7946="YES", COORDINATE_PRECISION="7")
    return written + _styles(folder, lang)


def _flatgeobuf(road_map: RoadMap, out: Path, lang: Language) -> list[Path]:
    folder = out / "flatgeobuf"
    written = []
    for name, layer in layers_of(road_map).items():
        written.append(folder / f"{name}.fgb")
        with atomic_path(written[-1]) as temporary:
            _dump(layer, temporary, "FlatGeobuf", name)
    return written + _styles(folder, lang)


def _dump(layer: gpd.GeoDataFrame, path: Path, driver: str, name: str, **options: str) -> None:
    pyogrio.write_dataframe(layer, path, layer=name, driver=driver, geometry_type=GEOMETRY[name], **options)


def _styles(folder: Path, lang: Language) -> list[Path]:
    """Write the QGIS style of each layer that has one: <layer>.qml, which QGIS finds by its name."""
    written = []
    for name in LAYERS:
        if theme := default_theme(name):
            written.append(folder / f"{name}.qml")
            with atomic_path(written[-1]) as temporary:
                temporary.write_text(qml(theme, lang), encoding="utf-8")
    return written


def _csv(road_map: RoadMap, out: Path, lang: Language) -> list[Path]:
    written = [out / "segments.csv", out / "defects.csv"]
    for path in written:
        write_csv(getattr(road_map, path.stem), path)
    return written


def _xlsx(road_map: RoadMap, out: Path, lang: Language) -> list[Path]:
    write_workbook(road_map, out / "map.xlsx", lang)
    return [out / "map.xlsx"]


def _pmtiles(road_map: RoadMap, out: Path, lang: Language) -> list[Path]:
    write_tiles(road_map, out / "map.pmtiles")
    return [out / "map.pmtiles"]


FORMATS: dict[str, Callable[[RoadMap, Path, Language], list[Path]]] = {
    "gpkg": _geopackage,
    "geoparquet": _geoparquet,
    "geojson": _geojson,
    "fgb": _flatgeobuf,
    "csv": _csv,
    "xlsx": _xlsx,
    "pmtiles": _pmtiles,
}
