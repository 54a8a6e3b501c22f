"""Rows out of a vector file: the layer with roads, the columns that mean something, and the CRS it says.

Everything that GDAL opens (GeoPackage, shapefile, GML, GeoJSON, FlatGeobuf, .osm.pbf), also in a zip, and GeoParquet.
"""

import json
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import shapely

from detector.errors import NetworkError
from roads.presets import POLYGONS, PRESETS, Preset

PARQUET = {".parquet", ".geoparquet"}
NO_ROADS = ("holds no lines", "give the file with the roads' centre lines, or BGT wegdeel")
INSIDE_ZIP = {".shp", ".gml", ".gpkg", ".geojson", ".json", ".fgb"}


@dataclass(frozen=True)
class Layer:
    """One layer of a file: its columns as the file spells them, and the kind of network it is (None: unknown)."""

    name: str
    kind: str  # geometry type as GDAL says it
    columns: tuple[str, ...]
    rows: int
    preset: Preset | None


def read_rows(path: Path, layer: str | None, mapped: Preset | None) -> tuple[gpd.GeoDataFrame, Preset]:
    """Read the rows of a road network and say which preset describes them.

    Column names come in lower case, geometry in two dimensions in `geometry`, curves as lines. Without `layer`, the
    layer with lines whose columns are known best is taken. `mapped` is the preset of the user's own column map. Raises
    `NetworkError` when the file is missing, unreadable, has no roads or several layers that may be them, lacks a mapped
    column, or says no CRS.
    """
    if not path.exists():
        raise NetworkError(path, "there is no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's own, such as a date that pandas can't hold
            table, preset = _read(path, layer, mapped)
    except NetworkError:
        raise
    except Exception as error:
        # GDAL, Arrow and shapely each have their own errors for a broken file.
        raise NetworkError(path, f"can't be read as a map ({(str(error).splitlines() or [''])[0]})") from error
    if not table.geom_type.isin(preset.kinds).any():
        raise NetworkError(path, *NO_ROADS)
    check_crs(path, table, "the roads")
    return table, preset


def _read(path: Path, layer: str | None, mapped: Preset | None) -> tuple[gpd.GeoDataFrame, Preset]:
    parquet = path.suffix.lower() in PARQUET
    source = _source(path)
    chosen = _parquet_layer(path) if parquet else _choose(path, _layers(source), layer, mapped)
    preset = mapped or chosen.preset or PRESETS[-1]
    spelling: dict[str, str] = {}
    for column in chosen.columns:
        spelling.setdefault(column.lower(), column)
    for (column,) in mapped.needs if mapped else ():
        if column.lower() not in spelling:
            raise NetworkError(path, f"has no column {column}", "it has " + ", ".join(chosen.columns))
    columns = [spelling[name] for name in sorted(preset.reads & set(spelling))]
    if parquet:
        table = gpd.read_parquet(path, columns=[*columns, chosen.name])
    else:
        # Else GDAL keeps every river and fence of an OpenStreetMap extract in memory.
        where = "highway IS NOT NULL" if path.suffix.lower() in {".pbf", ".osm"} else None
        table = pyogrio.read_dataframe(source, layer=chosen.name, columns=columns, force_2d=True, where=where)
    attributes = pd.DataFrame({column.lower(): table[column] for column in columns}, index=table.index)
    return gpd.GeoDataFrame(attributes, geometry=shapely.force_2d(table.geometry.to_numpy()), crs=table.crs), preset


def _source(path: Path) -> str:
    """GDAL's name for the file, such that it writes nothing beside it (GML's .gfs, gzip's .properties)."""
    # In a CityGML file, which BGT is, GDAL takes coordinates that don't say otherwise for three-dimensional.
    pyogrio.set_gdal_config_options({"CPL_VSIL_GZIP_WRITE_PROPERTIES": "NO", "GML_SRS_DIMENSION_IF_MISSING": "2"})
    suffix, full = path.suffix.lower(), str(path.absolute())
    if suffix == ".zip" and not path.name.lower().endswith(".gpkg.zip"):
        return f"/vsizip/{full}/{_member(path)}"
    return {".gz": "/vsigzip/", ".gml": "/vsisubfile/0,"}.get(suffix, "") + full


def _member(path: Path) -> str:
    """The one map in a zip, or the one whose name says roads."""
    with zipfile.ZipFile(path) as archive:
        maps = [name for name in archive.namelist() if Path(name).suffix.lower() in INSIDE_ZIP]
    named = [name for name in maps if "wegdeel" in name.lower() or "wegvak" in name.lower()]
    for found in (maps, [name for name in named if "ondersteunend" not in name.lower()]):
        if len(found) == 1:
            return found[0]
    if not maps:
        raise NetworkError(path, "holds no map that can be read from a zip", "unpack it")
    raise NetworkError(path, "holds several maps", "unpack it and give one of " + ", ".join(maps))


def _layers(source: str) -> list[Layer]:
    found = []
    for name, kind in pyogrio.list_layers(source):
        if kind is None:
            continue  # a table without places
        info = pyogrio.read_info(source, layer=name)
        columns = tuple(str(column) for column in info["fields"])
        found.append(Layer(str(name), str(kind), columns, int(info["features"]), _preset(columns)))
    return found


def _parquet_layer(path: Path) -> Layer:
    """A GeoParquet file as a layer with the name of its geometry column."""
    schema = pq.read_schema(path)
    geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    if not geo:
        raise NetworkError(path, "is a table without places", "give GeoParquet")
    name = str(geo["primary_column"])
    columns = tuple(column for column in schema.names if column not in geo["columns"])
    return Layer(name, "Geometry", columns, 0, _preset(columns))


def _preset(columns: Sequence[str]) -> Preset | None:
    lower = {column.lower() for column in columns}
    return next((preset for preset in PRESETS if preset.needs and preset.fits(lower)), None)


def _choose(path: Path, layers: list[Layer], name: str | None, mapped: Preset | None) -> Layer:
    """The layer of that name, else one with the mapped columns or of a known kind, with most rows, lines before areas.

    Of several layers of lines that nothing tells apart, none is guessed: they may be sewers.
    """
    if name is not None:
        for layer in layers:
            if layer.name == name:
                return layer
        raise NetworkError(path, f"has no layer {name}", "it has " + ", ".join(layer.name for layer in layers))
    usable = [layer for layer in layers if _may_hold_roads(layer, mapped)]
    if not usable:
        raise NetworkError(path, *NO_ROADS)

    wanted = {column.lower() for (column,) in mapped.needs} if mapped else set()

    def rank(layer: Layer) -> tuple[bool, bool, bool]:
        return (
            wanted <= {column.lower() for column in layer.columns},
            layer.preset is not None,
            "Polygon" not in layer.kind,
        )

    best = max(usable, key=lambda layer: (*rank(layer), layer.rows))
    alike = [layer.name for layer in usable if layer.rows and rank(layer) == rank(best)]
    if best.preset is None and len(alike) > 1:
        raise NetworkError(
            path, "holds several layers that may be the roads", "name one with --layer: " + ", ".join(alike)
        )
    return best


def _may_hold_roads(layer: Layer, mapped: Preset | None) -> bool:
    # A mixed layer says 'Unknown' or 'Geometry'; its rows decide later.
    if "LineString" in layer.kind or layer.kind in ("MultiCurve", "CompoundCurve", "Curve", "Unknown", "Geometry"):
        return True
    preset = mapped or layer.preset
    return preset is not None and POLYGONS[0] in preset.kinds and "Point" not in layer.kind


def check_crs(path: Path, table: gpd.GeoDataFrame, what: str) -> None:
    """Refuse coordinates without a CRS, or that the CRS can't hold (metres in a file that says degrees).

    Raises:
        NetworkError: such coordinates; `what` says of which things, in the plural.
    """
    bounds = np.abs(table.bounds.to_numpy()).reshape(-1, 2)
    x, y = bounds[np.isfinite(bounds).all(axis=1)].max(axis=0, initial=0.0)
    degrees = bool(x <= 360 and y <= 90)
    likely = "EPSG:4326" if degrees else "EPSG:28992"
    remedy = f"set it, for instance with: ogr2ogr -a_srs {likely} {what.split()[-1]}.gpkg {path.name}"
    if table.crs is None:
        several = ", or several" if ".gml" in path.name.lower() else ""
        raise NetworkError(path, f"{what} have no coordinate reference system{several}", remedy)
    if table.crs.is_geographic != degrees:
        says, are = ("degrees", "no degrees") if table.crs.is_geographic else ("metres", "degrees")
        raise NetworkError(path, f"says {table.crs.name}, in {says}, but its coordinates are {are}", remedy)
