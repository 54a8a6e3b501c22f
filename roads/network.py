"""A road network from any file of lines (NWB, NDW, OpenStreetMap, the municipality's own) or of BGT carriageways.

Nothing is dropped silently: what was left out or repaired stands in `Network.notes`. A network that was read once comes
from the cache the next time (`roads.network_cache`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.errors import NetworkError
from detector.footage.trajectory import metric_crs
from roads import network_cache
from roads.centreline import centre_lines
from roads.presets import POLYGONS, TEXTS, Preset, mapped, read_column_map
from roads.sections import continues, cut_sections
from roads.topology import Topology, build_topology
from roads.vectorfile import read_rows

WGS84 = pyproj.CRS.from_epsg(4326)
SHORTEST_M = 0.01


@dataclass(frozen=True, eq=False)
class Network:
    """The roads of one file, in metres.

    `segments` has one row per road segment, index 0..n-1: segment_id (str, unique), name (str, may be empty), oneway
    (int8: 0 both, 1 the digitised direction only, -1 against it only), length_m, parent_id, from_m, to_m (the road that
    it is a section of, and its chainage on it; a segment that was not cut is its own parent), surface, road_class,
    manager (str, as the file says, or empty), width_m (nan where unknown), geometry (LineString in `crs`).
    """

    path: Path
    segments: gpd.GeoDataFrame
    crs: pyproj.CRS  # EPSG:28992 in the Netherlands, else the local UTM zone
    preset: str  # nwb, ndw, osm, bgt, generic, or columns for the user's own column map
    notes: tuple[str, ...]
    built: Topology | None = None

    @cached_property
    def topology(self) -> Topology:
        """How the segments connect; built when first asked for, if it did not come with the network."""
        return self.built or _topology(self.segments, self.preset)

    @cached_property
    def _from_degrees(self) -> pyproj.Transformer:
        return _transformer(WGS84, self.crs)

    @cached_property
    def _to_degrees(self) -> pyproj.Transformer:
        return _transformer(self.crs, WGS84)

    def to_degrees(self, xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, 2) metres in the network's CRS -> WGS84 longitudes and latitudes."""
        lon, lat = self._to_degrees.transform(*xy.T)
        return lon, lat

    def to_metres(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """WGS84 degrees -> (n, 2) metres in the network's CRS."""
        return np.column_stack(self._from_degrees.transform(lon, lat)).astype(np.float64)


@lru_cache(maxsize=16)
def _transformer(source: pyproj.CRS, target: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)  # 30 ms


def read_network(
    path: Path,
    layer: str | None = None,
    columns: Mapping[str, object] | str | Path | None = None,
    section_m: float | None = None,
) -> Network:
    """Read the roads of a vector file (anything GDAL opens, or GeoParquet) and bring them to metres.

    Without `layer`, the layer with lines whose columns are known best is taken. `columns` says which column holds what
    in a file of the user's own (`presets.ColumnMap`), as a mapping or a YAML file. `section_m` cuts the segments into
    sections of about that length. Raises `NetworkError` when the file is missing or unreadable, or has no roads,
    several layers that may be them or no coordinate reference system, and `SettingsError` for an impossible column map
    or section.
    """
    path = Path(path)
    column_map = read_column_map(columns) if columns is not None else None
    key = network_cache.key(path, layer, column_map.model_dump_json() if column_map else None, section_m)
    if key and (cached := network_cache.load(key)):
        return Network(path, cached.segments, cached.segments.crs, cached.preset, cached.notes, cached.topology)
    table, preset = read_rows(path, layer, mapped(column_map) if column_map else None)
    notes: list[str] = []
    segments = _segments(path, table, preset, notes)
    if section_m is not None:
        segments = cut_sections(segments, section_m)
        segments["segment_id"] = _unique(segments["segment_id"], notes)
    topology = _topology(segments, preset.name)
    _note_islands(topology, notes)
    if key:
        network_cache.store(key, network_cache.Cached(segments, topology, preset.name, tuple(notes)))
    return Network(path, segments, segments.crs, preset.name, tuple(notes), topology)


def _topology(segments: gpd.GeoDataFrame, preset: str) -> Topology:
    return build_topology(
        segments.geometry.to_numpy(),
        segments["oneway"].to_numpy(),
        shared_vertices=preset == "osm",
        continues=continues(segments),
    )


def _segments(path: Path, table: gpd.GeoDataFrame, preset: Preset, notes: list[str]) -> gpd.GeoDataFrame:
    """The table of `Network.segments`, uncut."""
    if preset.keep is not None:
        drivable = preset.keep(table)
        _note(notes, int((~drivable).sum()), preset.left_out)
        table = table[drivable]
    table = _clean_rows(table, preset.kinds, notes)
    if table.empty:
        raise NetworkError(path, "holds no road that a car can drive", "; ".join(notes))
    table = _in_metres(table, notes)
    attributes = {name: read(table) for name, read in preset.attributes.items()}
    ids = _unique(attributes.get("segment_id", pd.Series("", index=table.index)), notes)
    row, lines, width_m = _lines(table.geometry.to_numpy(), notes)
    if len(row) == 0:
        raise NetworkError(path, "holds no road with a length and a valid place", "; ".join(notes))
    given = pd.DataFrame({name: values.to_numpy() for name, values in attributes.items()}).iloc[row]
    oneway = pd.to_numeric(given.get("oneway", pd.Series(0, index=given.index)))
    _note(notes, int(oneway.isna().sum()), "segments with an unknown driving direction taken as two-way")
    length = shapely.length(lines)
    segment_id = _unique(pd.Series(ids[row]), [])  # the lines of one area get #2, #3, ...
    return gpd.GeoDataFrame(
        {
            "segment_id": segment_id,
            "name": _text(given, "name"),
            "oneway": oneway.fillna(0).to_numpy(np.int8),
            "length_m": length,
            "parent_id": segment_id,
            "from_m": 0.0,
            "to_m": length,
            **{name: _text(given, name) for name in TEXTS if name not in ("segment_id", "name")},
            "width_m": given["width_m"].to_numpy(float) if "width_m" in given else width_m,
        },
        geometry=lines,
        crs=table.crs,
    )


def _text(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    values = table[name] if name in table else pd.Series("", index=table.index)
    texts: NDArray[np.object_] = values.to_numpy(dtype=object)
    return texts


def _clean_rows(table: gpd.GeoDataFrame, kinds: tuple[str, ...], notes: list[str]) -> gpd.GeoDataFrame:
    """Only rows of these kinds, and only single ones: the parts of a multi-part line become rows of their own."""
    geometry = table.geometry.to_numpy()
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    _note(notes, int(empty.sum()), "rows without geometry left out")
    other = ~empty & ~table.geom_type.isin(kinds).to_numpy()
    _note(notes, int(other.sum()), f"rows that are not {'areas' if kinds == POLYGONS else 'lines'} left out")
    table = table[~empty & ~other]
    geometry = table.geometry.to_numpy().copy()
    many = np.flatnonzero(table.geom_type == "MultiLineString")
    geometry[many] = shapely.line_merge(geometry[many])
    single = shapely.get_num_geometries(geometry) == 1
    _note(notes, int((~single).sum()), "multi-part rows split into their parts")
    parts, row = shapely.get_parts(geometry, return_index=True)
    return gpd.GeoDataFrame(table.drop(columns="geometry").iloc[row], geometry=parts, crs=table.crs)


def _in_metres(table: gpd.GeoDataFrame, notes: list[str]) -> gpd.GeoDataFrame:
    """The rows in the metric CRS of their region; without those whose place is impossible."""
    bounds = table.bounds.to_numpy()
    placed = np.isfinite(bounds).all(axis=1) & _whole(table)
    if not table.crs.is_geographic:
        # Rows in degrees between rows in metres. A road in the first metres around the origin of a CRS is none.
        placed &= ~((np.abs(bounds[:, [0, 2]]) <= 180).all(axis=1) & (np.abs(bounds[:, [1, 3]]) <= 90).all(axis=1))
    west, south = bounds[placed, :2].min(axis=0, initial=np.inf)
    east, north = bounds[placed, 2:].max(axis=0, initial=-np.inf)
    if placed.any():
        to_wgs84 = pyproj.Transformer.from_crs(table.crs, WGS84, always_xy=True)
        west, south, east, north = to_wgs84.transform_bounds(west, south, east, north)
        table = table.to_crs(metric_crs((west + east) / 2, (south + north) / 2))
        placed &= np.isfinite(table.bounds.to_numpy()).all(axis=1) & _whole(table)
    _note(notes, int((~placed).sum()), "lines outside the coordinate reference system left out")
    return table[placed]


def _whole(table: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Whether every vertex is a place; bounds pass over one that is not a number."""
    whole: NDArray[np.bool_] = np.isfinite(shapely.length(table.geometry.to_numpy()))
    return whole


def _lines(geometry: NDArray[np.object_], notes: list[str]) -> tuple[NDArray[np.int64], NDArray[np.object_], object]:
    """The row and the line of every segment, and its width (m; nan unless the row is an area)."""
    area = np.flatnonzero(shapely.get_dimensions(geometry) == 2)
    line = np.flatnonzero(shapely.get_dimensions(geometry) == 1)
    zero = shapely.length(geometry[line]) < SHORTEST_M
    _note(notes, int(zero.sum()), "lines without length left out")
    line = line[~zero]
    if len(area) == 0:
        return line, geometry[line], np.full(len(line), np.nan)
    found = centre_lines(geometry[area])
    _note(notes, len(area) - len(np.unique(found.area)), "areas too round or too small for a centre line left out")
    row = np.concatenate([line, area[found.area]])
    order = np.argsort(row, kind="stable")
    width = np.concatenate([np.full(len(line), np.nan), found.width_m])
    return row[order], np.concatenate([geometry[line], found.line])[order], width[order]


def _note(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{count} {what}")


def _note_islands(topology: Topology, notes: list[str]) -> None:
    """Say so when not every road can be reached from every other, one-way streets left aside."""
    edges = len(topology.edge_length_m)
    arc = np.repeat(np.arange(2 * edges), np.diff(topology.follow_start))
    graph = coo_array((np.ones(len(arc), bool), (arc // 2, topology.follow // 2)), shape=(edges, edges))
    count, island = connected_components(graph, directed=False)
    if count > 1:
        length = np.bincount(island, weights=topology.edge_length_m)
        share = 100 * length.max() / length.sum()
        notes.append(f"{count} parts that no road joins; the largest has {share:.1f} % of the length")


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
