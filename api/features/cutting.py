"""Cutting a layer into vector tiles of the web's Mercator grid."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from api.features.mvt import LINE, POINT, Cells, encode
from api.store.fields import LAYERS, Field, Type
from api.store.spatial import shown_in
from detector.types import Floats, Ints
from roads.sections import Lines

ZOOMS = {"segments": (0, 14), "coverage": (13, 14), "defects": (14, 14)}  # from, and to: maps enlarge it beyond
DEEPEST = 22
BUFFER = 1 / 64  # of a tile: what is drawn on its edge goes on over it
WHOLE = 12  # from this zoom on segments are drawn one by one
# Below it, segments that look the same become one feature, without these; and shares are rounded.
LEFT_OUT = ("segment_id", "name", "score", "priority")
SHARES = ("coverage", "confidence")
TENTH = 10
WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])  # little-endian, as shapely writes it


@dataclass(frozen=True, slots=True)
class Address:
    """A tile of the grid: rows count from the north."""

    layer: str
    zoom: int
    column: int
    row: int

    @property
    def extent(self) -> int:
        """Cells along a side: at 52° north 0.2 m each at zoom 14 (maps enlarge it), and 12 m at zoom 10."""
        near = 8192 if self.zoom >= ZOOMS[self.layer][1] else 4096
        return near if self.zoom >= WHOLE else 2048 if self.zoom >= 10 else 1024

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, with a rim."""
        side = 1 << self.zoom
        x = (np.array([self.column - BUFFER, self.column + 1 + BUFFER])) / side
        y = (np.array([self.row + 1 + BUFFER, self.row - BUFFER])) / side
        west, east = (x * 360.0 - 180.0).tolist()
        south, north = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y)))).tolist()
        return west, south, east, north

    def grid(self, degrees: Floats) -> Floats:
        """Longitudes and latitudes (n, 2) as cells of the tile, fractions included."""
        side = (1 << self.zoom) * self.extent
        x = (degrees[:, 0] + 180.0) / 360.0 * side - self.column * self.extent
        y = (0.5 - np.arcsinh(np.tan(np.radians(degrees[:, 1]))) / (2 * np.pi)) * side - self.row * self.extent
        return np.column_stack([x, y])


def touched(zoom: int, boxes: Floats) -> tuple[list[list[int]], list[list[int]]]:
    """Which tiles show a place, on their rim or within.

    Args:
        zoom: of the tiles.
        boxes: (n, 4) west, south, east, north, in degrees.

    Returns:
        (n, 2) column and row of the first tile, and (n, 2) of the last one, to the south-east.
    """
    whole = Address("segments", zoom, 0, 0)
    first = np.floor(whole.grid(boxes[:, [0, 3]]) / whole.extent - BUFFER).astype(int)
    last = np.floor(whole.grid(boxes[:, [2, 1]]) / whole.extent + BUFFER).astype(int)
    return np.maximum(first, 0).tolist(), np.minimum(last, (1 << zoom) - 1).tolist()


@dataclass(frozen=True, slots=True)
class Far:
    """Segments as they are drawn from afar: only what they look like tells them apart."""

    lines: Lines  # (n,) in degrees
    look: Ints  # (n,) which look each has
    columns: Mapping[str, tuple[Type, Sequence[Any]]]  # of the looks

    @classmethod
    def of(cls, wkb: Sequence[bytes], values: Sequence[Sequence[Any]]) -> "Far":
        """Make it of what `shown_in` finds, of which there is some."""
        fields = dict(zip(_fields("segments"), zip(*values, strict=True), strict=True))
        known = {f: _coarse(f, v) for f, v in fields.items() if f.name not in LEFT_OUT}
        looks: dict[tuple[Any, ...], int] = {}
        look = [looks.setdefault(row, len(looks)) for row in zip(*known.values(), strict=True)]
        columns = {f.name: (f.type, v) for f, v in zip(known, zip(*looks, strict=True), strict=True)}
        return cls(shapely.from_wkb(wkb), np.array(look), columns)

    def tile(self, address: Address, some: Ints | None = None) -> bytes:
        """Draw them (or some of them) on a tile."""
        lines, look = (self.lines, self.look) if some is None else (self.lines[some], self.look[some])
        cells = _lines(address, lines)
        cells = Cells(cells.xy, cells.count, look[cells.feature])
        return encode(address.layer, address.extent, self.columns, LINE, cells, merge=True)


def cut(session: Session, address: Address, postgres: bool) -> bytes:
    """Cut a tile; empty when it has no features."""
    geometry, values = shown_in(session, address.layer, address.bounds, postgres)
    if not geometry:
        return b""
    if address.layer == "segments" and address.zoom < WHOLE:
        return Far.of(geometry, values).tile(address)
    fields = _fields(address.layer)
    columns = {f.name: (f.type, v) for f, v in zip(fields, zip(*values, strict=True), strict=True)}
    kind = POINT if address.layer == "defects" else LINE
    cells = _points(address, geometry) if kind == POINT else _lines(address, shapely.from_wkb(geometry))
    return encode(address.layer, address.extent, columns, kind, cells, merge=False)


def pack(content: bytes) -> bytes:
    """Compress a tile as it is kept and sent (gzip, the same bytes each time); an empty one stays empty."""
    return gzip.compress(content, 5, mtime=0) if content else b""


def _fields(layer: str) -> list[Field]:
    return [field for field in LAYERS[layer] if field.tile]


def _coarse(field: Field, values: Sequence[Any]) -> Sequence[Any]:
    """Shares in tenths, rounded down; but what is more than nothing stays so."""
    if field.name not in SHARES:
        return values
    share = np.array(values, float)
    rounded = np.where((share > 0) & (share < 1 / TENTH), 0.05, np.floor(share * TENTH + 1e-9) / TENTH)
    return [None if value is None else tenth for value, tenth in zip(values, rounded.tolist(), strict=True)]


def _points(address: Address, wkb: Sequence[bytes]) -> Cells:
    xy = address.grid(np.frombuffer(b"".join(wkb), WKB_POINT)["xy"])
    rim = address.extent * BUFFER
    inside = np.flatnonzero(((xy >= -rim) & (xy < address.extent + rim)).all(axis=1))
    cells = np.floor(xy[inside]).astype(np.int64)
    return Cells(cells, np.ones(len(inside), np.int64), inside)


def _lines(address: Address, lines: Lines) -> Cells:
    rim = address.extent * BUFFER
    on_grid = shapely.transform(lines, address.grid)
    clipped = shapely.clip_by_rect(on_grid, -rim, -rim, address.extent + rim, address.extent + rim)
    parts, feature = shapely.get_parts(shapely.simplify(clipped, 0.5), return_index=True)
    drawn = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    parts, feature = parts[drawn & ~shapely.is_empty(parts)], feature[drawn & ~shapely.is_empty(parts)]
    xy, part = shapely.get_coordinates(parts, return_index=True)
    cells = np.round(xy).astype(np.int64)
    # A line within one cell would vanish: it is drawn to the next one.
    last = np.flatnonzero(np.diff(part, append=-1))
    first = np.concatenate([[0], last[:-1] + 1]) if len(last) else last
    if len(first):
        tiny = np.maximum.reduceat(np.abs(cells - cells[first][part]).max(axis=1), first) == 0
        cells[last[tiny]] += (1, 0)
    moved = np.ones(len(cells), bool)
    moved[1:] = (np.diff(part) != 0) | (np.diff(cells, axis=0) != 0).any(axis=1)
    cells, part = cells[moved], part[moved]
    return Cells(cells, np.bincount(part, minlength=len(parts)), feature.astype(np.int64))
