"""Vector tiles of a map in one PMTiles file, for a web map without a server.

GDAL cuts each layer into tiles. A Mapbox vector tile is a protobuf message whose layers are a repeated field, so the
tiles of several layers put one after the other are one tile with all of them.
"""

import gzip
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from detector.files import atomic_path
from roads.mapping import RoadMap

# What is cut, and for which zooms. Below zoom 12 a tile shows a town or a province: the segments with what they are
# coloured by. Zoom 14 is exact to 0.4 m in the Netherlands; web maps enlarge it for those above.
SLIM = ("segment_id", "name", "coverage", "status", "score", "grade", "pci", "pci_rating", "plan", "priority")
CUTS: tuple[tuple[str, tuple[str, ...] | None, int, int], ...] = (
    ("segments", SLIM, 8, 11),
    *((name, None, 12, 14) for name in ("segments", "coverage", "defects")),
)
# GDAL's own limits would drop features of full tiles without a word.
LIMITS = {"MAX_SIZE": "50000000", "MAX_FEATURES": "10000000"}

Address = tuple[int, int, int]  # zoom, column, row from the north


def write_tiles(road_map: RoadMap, path: Path) -> None:
    """Write the segments (zoom 8 to 14), coverage and defects (from zoom 12) as PMTiles.

    All columns are there from zoom 12, those of `SLIM` below. The same map gives the same bytes.
    """
    from pmtiles.tile import Compression, TileType, zxy_to_tileid
    from pmtiles.writer import Writer

    tiles: dict[Address, bytes] = {}
    described: dict[str, dict[str, Any]] = {}
    for name, columns, first, last in CUTS:
        layer = getattr(road_map, name)
        if len(layer):
            with _cut(layer[[*columns, "geometry"]] if columns else layer, name, first, last) as cut:
                described[name] = {**_vector_layer(cut), "minzoom": described.get(name, {}).get("minzoom", first)}
                for address, tile in _tiles(cut):
                    tiles[address] = tiles.get(address, b"") + tile
    west, south, east, north = road_map.segments.to_crs("EPSG:4326").total_bounds
    bounds = {
        **{"min_lon_e7": int(west * 1e7), "min_lat_e7": int(south * 1e7)},
        **{"max_lon_e7": int(east * 1e7), "max_lat_e7": int(north * 1e7)},
        **{"center_zoom": 12, "center_lon_e7": int((west + east) * 5e6), "center_lat_e7": int((south + north) * 5e6)},
    }
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        writer = Writer(file)
        for tile_id, address in sorted((zxy_to_tileid(*address), address) for address in tiles):
            writer.write_tile(tile_id, gzip.compress(tiles[address], 6, mtime=0))
        writer.finalize(
            {"tile_type": TileType.MVT, "tile_compression": Compression.GZIP, **bounds},
            {"name": path.stem, "type": "overlay", "format": "pbf", "vector_layers": [*described.values()]},
        )


@contextmanager
def _cut(layer: gpd.GeoDataFrame, name: str, first: int, last: int) -> Iterator[sqlite3.Connection]:
    """Let GDAL cut a layer into an MBTiles file for these zooms; yield it open, and delete it."""
    options = {**LIMITS, "NAME": name, "MINZOOM": str(first), "MAXZOOM": str(last)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.mbtiles"
        pyogrio.write_dataframe(layer.to_crs("EPSG:3857"), path, layer=name, driver="MBTiles", dataset_options=options)
        with closing(sqlite3.connect(path)) as database:
            yield database


def _tiles(database: sqlite3.Connection) -> Iterator[tuple[Address, bytes]]:
    """Read the tiles, unpacked. MBTiles counts rows from the south."""
    for zoom, column, row, data in database.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles"):
        yield (zoom, column, (1 << zoom) - 1 - row), gzip.decompress(data)


def _vector_layer(database: sqlite3.Connection) -> dict[str, Any]:
    """What the tiles' layer is called and which columns it has (TileJSON)."""
    (text,) = database.execute("SELECT value FROM metadata WHERE name = 'json'").fetchone()
    layer: dict[str, Any] = json.loads(text)["vector_layers"][0]
    return layer
