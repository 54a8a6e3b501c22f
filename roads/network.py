"""A road network from any file of lines: NWB, NDW, OpenStreetMap, or the municipality's own.

Which columns mean what is decided by their names (`Preset`), whatever their case. Nothing is dropped silently: what was
left out or repaired stands in `Network.notes`.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray

from detector.errors import NetworkError
from detector.footage.trajectory import metric_crs
from roads.topology import Topology, build_topology

WGS84 = pyproj.CRS.from_epsg(4326)

# Where a survey car may drive. https://wiki.openstreetmap.org/wiki/Key:highway
DRIVABLE = frozenset(
    [f"{road}{link}" for road in ("motorway", "trunk", "primary", "secondary", "tertiary") for link in ("", "_link")]
    + ["unclassified", "residential", "living_street", "service", "road", "busway", "track"]
)
OSM_COLUMNS = ["osm_id", "osm_type", "id", "name", "highway", "oneway", "junction", "area", "other_tags"]


@dataclass(frozen=True, eq=False)
class Network:
    """The roads of one file, in metres.

    `segments` has one row per road segment, index 0..n-1: segment_id (str, unique), name (str, may be empty), oneway
    (int8: 0 both, 1 the digitised direction only, -1 against it only), length_m, geometry (LineString in `crs`).
    """

    path: Path
    segments: gpd.GeoDataFrame
    crs: pyproj.CRS  # EPSG:28992 in the Netherlands, else the local UTM zone
    preset: str  # nwb, ndw, osm or generic
    notes: tuple[str, ...]

    @cached_property
    def topology(self) -> Topology:
        """How the segments connect, built when first asked for."""
        return build_topology(
            self.segments.geometry.to_numpy(), self.segments["oneway"].to_numpy(), shared_vertices=self.preset == "osm"
        )

    def to_metres(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """WGS84 degrees -> (n, 2) metres in the network's CRS."""
        transform = pyproj.Transformer.from_crs(WGS84, self.crs, always_xy=True)
        return np.column_stack(transform.transform(lon, lat)).astype(np.float64)


@dataclass(frozen=True)
class Preset:
    """How one kind of network names things. The functions take the table with lower-case column names."""

    name: str
    needs: frozenset[str]
    segment_id: Callable[[pd.DataFrame], pd.Series]
    road_name: Callable[[pd.DataFrame], pd.Series]
    oneway: Callable[[pd.DataFrame], pd.Series]
    keep: Callable[[pd.DataFrame], pd.Series] | None = None
    left_out: str = ""


def read_network(path: Path, layer: str | None = None) -> Network:
    """Read the roads of a vector file (anything GDAL opens, or GeoParquet) and bring them to metres.

    Without `layer`, the layer with lines whose columns are known best is taken. Raises `NetworkError` when the file is
    missing or unreadable, or has no lines or no coordinate reference system.
    """
    path = Path(path)
    if not path.exists():
        raise NetworkError(path, "there is no such file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL's own, such as a date that pandas can't hold
        table = _read_table(path, layer)
    if table.crs is None:
        likely = "EPSG:4326" if np.nanmax(np.abs(table.total_bounds)) <= 180 else "EPSG:28992"
        raise NetworkError(
            path,
            "the roads have no coordinate reference system",
            f"set it, for instance with: ogr2ogr -a_srs {likely} roads.gpkg {path.name}",
        )
    notes: list[str] = []
    lower = _lower_case(table)
    preset = next(p for p in PRESETS if p.needs <= set(lower.columns))
    if preset.keep is not None:
        drivable = preset.keep(lower)
        _note(notes, int((~drivable).sum()), preset.left_out)
        lower = lower[drivable]
    lower = _clean_lines(lower, notes)
    if lower.empty:
        raise NetworkError(path, "holds no road that a car can drive", "; ".join(notes))
    west, south, east, north = lower.to_crs(WGS84).total_bounds
    crs = metric_crs((west + east) / 2, (south + north) / 2)
    lower = _clean_lengths(lower.to_crs(crs), notes)
    if lower.empty:
        raise NetworkError(path, "holds no road with a length and a valid place", "; ".join(notes))
    segments = gpd.GeoDataFrame(
        {
            "segment_id": _unique(_text(preset.segment_id(lower)), notes),
            "name": _text(preset.road_name(lower)).to_numpy(),
            "oneway": preset.oneway(lower).to_numpy(np.int8),
            "length_m": lower.length.to_numpy(),
        },
        geometry=lower.geometry.to_numpy(),
        crs=crs,
    )
    return Network(path, segments, crs, preset.name, tuple(notes))


def _read_table(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    """The rows of the layer with roads, with the CRS they are in (None if the file doesn't say)."""
    try:
        if path.suffix.lower() in {".parquet", ".geoparquet"}:
            table = gpd.read_parquet(path)
        else:
            source = _source(path)
            layers = [(name, kind) for name, kind in pyogrio.list_layers(source) if kind is not None]
            names = [name for name, _ in layers]
            if layer is not None and layer not in names:
                raise NetworkError(path, f"has no layer {layer}", "it has " + ", ".join(names))
            # A mixed layer says 'Unknown' or 'Geometry'; its rows decide later.
            lines = [
                n for n, kind in layers if "LineString" in kind or "Curve" in kind or kind in ("Unknown", "Geometry")
            ]
            lines = [layer] if layer is not None else lines
            if not lines:
                raise NetworkError(path, "holds no lines", "give the file with the roads' centre lines")
            table = _read_layer(source, max(lines, key=lambda name: _known_columns(source, name)))
    except NetworkError:
        raise
    except Exception as error:
        # GDAL, Arrow and shapely each have their own errors for a broken file.
        raise NetworkError(path, f"can't be read as a map ({str(error).splitlines()[0]})") from error
    if not isinstance(table, gpd.GeoDataFrame) or not _is_line(table.geometry).any():
        raise NetworkError(path, "holds no lines", "give the file with the roads' centre lines")
    return table


def _source(path: Path) -> str:
    """GDAL's name for the file, such that it writes nothing beside it (GML's .gfs, gzip's .properties)."""
    pyogrio.set_gdal_config_options({"CPL_VSIL_GZIP_WRITE_PROPERTIES": "NO"})
    prefixes = {".gz": "/vsigzip/", ".gml": "/vsisubfile/0,"}
    return prefixes.get(path.suffix.lower(), "") + str(path.absolute())


def _read_layer(source: str, layer: str) -> gpd.GeoDataFrame:
    info = pyogrio.read_info(source, layer=layer)
    fields = {str(f).lower(): str(f) for f in info["fields"]}
    columns = None
    if "highway" in fields:
        columns = [fields[c] for c in OSM_COLUMNS if c in fields]
    return pyogrio.read_dataframe(source, layer=layer, columns=columns, force_2d=True)


def _known_columns(source: str, layer: str) -> tuple[bool, int]:
    """How well a layer's columns are known, then how many rows it has."""
    info = pyogrio.read_info(source, layer=layer)
    fields = {str(f).lower() for f in info["fields"]}
    return any(p.needs and p.needs <= fields for p in PRESETS), int(info["features"])


def _is_line(geometry: gpd.GeoSeries) -> pd.Series:
    return geometry.geom_type.isin(["LineString", "MultiLineString"])


def _lower_case(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Column names in lower case, the geometry in a column of that name."""
    attributes = pd.DataFrame(table.drop(columns=table.geometry.name))
    attributes.columns = attributes.columns.astype(str).str.lower()
    attributes = attributes.loc[:, ~attributes.columns.duplicated()].drop(columns="geometry", errors="ignore")
    return gpd.GeoDataFrame(attributes, geometry=table.geometry.to_numpy(), crs=table.crs)


def _clean_lines(table: gpd.GeoDataFrame, notes: list[str]) -> gpd.GeoDataFrame:
    """Only single lines: the parts of a multi-part line become rows of their own."""
    empty = table.geometry.isna() | table.geometry.is_empty
    _note(notes, int(empty.sum()), "rows without geometry left out")
    table = table[~empty]
    line = _is_line(table.geometry)
    _note(notes, int((~line).sum()), "rows that are not lines left out")
    table = table[line]
    merged = np.where(
        table.geom_type == "MultiLineString", shapely.line_merge(table.geometry.to_numpy()), table.geometry.to_numpy()
    )
    table = table.set_geometry(gpd.GeoSeries(merged, index=table.index, crs=table.crs))
    _note(notes, int((table.geom_type == "MultiLineString").sum()), "multi-part lines split into their parts")
    return table.explode(ignore_index=True)


def _clean_lengths(table: gpd.GeoDataFrame, notes: list[str]) -> gpd.GeoDataFrame:
    """Only lines with a finite place and a length."""
    finite = np.isfinite(table.geometry.bounds.to_numpy()).all(axis=1)
    _note(notes, int((~finite).sum()), "lines outside the coordinate reference system left out")
    table = table[finite]
    zero = table.length < 0.01
    _note(notes, int(zero.sum()), "lines without length left out")
    return table[~zero].reset_index(drop=True)


def _note(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{count} {what}")


def _text(values: pd.Series) -> pd.Series:
    """As text; missing is empty, and whole numbers have no '.0' (GDAL reads a column with gaps as float)."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("string").fillna("").str.strip().astype(object)


def _unique(ids: pd.Series, notes: list[str]) -> NDArray[np.object_]:
    """Give the second and later rows of one id a suffix: 'a', 'a#2', 'a#3'; a row without id gets its number."""
    ids = ids.reset_index(drop=True)
    missing = ids == ""
    _note(notes, int(missing.sum()), "segments without id numbered")
    ids = ids.where(~missing, "row " + (ids.index + 1).astype(str))
    again = ids.duplicated()
    _note(notes, int(again.sum()), "duplicate ids made unique with #2, #3, ...")
    while again.any():
        # A made-up id may itself exist already, so look again.
        nth = ids.groupby(ids).cumcount() + 1
        ids = ids.where(~again, ids + "#" + nth.astype(str))
        again = ids.duplicated()
    unique: NDArray[np.object_] = ids.to_numpy(dtype=object)
    return unique


def _column(table: pd.DataFrame, *names: str) -> pd.Series:
    """The first of these columns that the table has, else empty texts."""
    found = next((name for name in names if name in table.columns), None)
    return table[found] if found else pd.Series("", index=table.index, dtype=object)


def _tag(table: pd.DataFrame, key: str) -> pd.Series:
    """An OSM tag: a column of its own, or inside GDAL's `other_tags` ('"key"=>"value",...')."""
    own = _text(_column(table, key))
    if "other_tags" not in table.columns:
        return own
    other = _text(table["other_tags"]).str.extract(rf'"{key}"=>"([^"]*)"', expand=False).fillna("")
    return own.where(own != "", other)


def _nwb_oneway(table: pd.DataFrame) -> pd.Series:
    """NWB `rijrichtng`: H (heen) is the digitised direction, T (terug) against it, B or empty both."""
    return _text(table["rijrichtng"]).str.upper().map({"H": 1, "T": -1}).fillna(0)


def _ndw_id(table: pd.DataFrame) -> pd.Series:
    return _text(table["fromnodeid"]) + "-" + _text(table["tonodeid"])


def _ndw_oneway(table: pd.DataFrame) -> pd.Series:
    """A direction without speed may not be driven."""
    along = pd.to_numeric(table["speedinkilometersperhour"], errors="coerce").fillna(0) > 0
    against = pd.to_numeric(table["reversespeedinkilometersperhour"], errors="coerce").fillna(0) > 0
    return along.astype(int) - against.astype(int)


def _osm_oneway(table: pd.DataFrame) -> pd.Series:
    """https://wiki.openstreetmap.org/wiki/Key:oneway, with the one-way streets it implies."""
    said = _tag(table, "oneway").str.lower()
    implied = _tag(table, "junction").isin(["roundabout", "circular"]) | _tag(table, "highway").isin(
        ["motorway", "motorway_link"]
    )
    known = said.map({"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0})
    return known.fillna(implied.astype(int))


def _osm_drivable(table: pd.DataFrame) -> pd.Series:
    return _tag(table, "highway").isin(DRIVABLE) & (_tag(table, "area") != "yes")


PRESETS = (
    Preset(
        "nwb",
        frozenset({"wvk_id", "rijrichtng"}),
        lambda table: table["wvk_id"],
        lambda table: _column(table, "stt_naam"),
        _nwb_oneway,
    ),
    Preset(
        "ndw",
        frozenset({"fromnodeid", "tonodeid", "speedinkilometersperhour", "reversespeedinkilometersperhour"}),
        _ndw_id,
        lambda table: _column(table, "roadname", "name"),
        _ndw_oneway,
    ),
    Preset(
        "osm",
        frozenset({"highway"}),
        lambda table: _column(table, "osm_id", "id"),
        lambda table: _tag(table, "name"),
        _osm_oneway,
        _osm_drivable,
        "ways that no car drives left out",
    ),
    Preset(
        "generic",
        frozenset(),
        lambda table: _column(
            table, "segment_id", "wvk_id", "id", "ident", "identificatie", "lokaalid", "objectid", "fid"
        ),
        lambda table: _column(table, "name", "naam", "straatnaam", "stt_naam", "strnaamnl", "street"),
        lambda table: pd.Series(0, index=table.index),
    ),
)
