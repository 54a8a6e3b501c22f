"""Vector tiles as GDAL reads them."""

import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.features.mvt import LINE, POINT, Cells, encode

EXTENT = 4096
SIDE_M = 20037508.342789244 * 2
cell = st.integers(-64, EXTENT + 63)
vertex = st.tuples(cell, cell)
wholes = st.integers(-(2**31), 2**31 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def decoded(tile: bytes) -> gpd.GeoDataFrame:
    """What GDAL reads from a tile of zoom 0, its geometry in cells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tile.mvt"
        path.write_bytes(tile)
        layer = pyogrio.read_dataframe(path, layer="layer", X=0, Y=0, Z=0, CLIP="NO")

    def grid(xy: Any) -> Any:
        east, north = xy.T
        return np.column_stack([east / SIDE_M + 0.5, 0.5 - north / SIDE_M]) * EXTENT

    layer.geometry = shapely.transform(layer.geometry.to_numpy(), grid)
    return layer


def lines(parts: list[list[tuple[int, int]]]) -> Cells:
    xy = np.array([v for part in parts for v in part], np.int64).reshape(-1, 2)
    return Cells(xy, np.array([len(part) for part in parts], np.int64), np.arange(len(parts)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            vertex, st.none() | texts, st.none() | st.integers(-(2**31), 2**31 - 1), st.booleans(), st.floats(-1e9, 1e9)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_points_and_their_attributes_come_back(rows: list[tuple[Any, ...]]) -> None:
    places, text, whole, truth, number = zip(*rows, strict=True)
    columns = {
        "text": ("string", text),
        "whole": ("integer", whole),
        "truth": ("boolean", truth),
        "number": ("number", number),
    }
    found = decoded(encode("layer", EXTENT, columns, POINT, lines([[p] for p in places]), merge=False))
    assert len(found) == len(rows)
    assert np.abs(shapely.get_coordinates(found.geometry) - np.array(places)).max() < 1e-6
    for name, (_, values) in columns.items():
        read = found[name].tolist() if name in found else [None] * len(rows)
        for mine, theirs in zip(values, read, strict=True):
            assert (mine is None and (theirs is None or theirs != theirs)) or mine == theirs


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(vertex, min_size=2, max_size=9), min_size=1, max_size=9))
def test_lines_come_back(parts: list[list[tuple[int, int]]]) -> None:
    numbers = list(range(len(parts)))
    tile = encode("layer", EXTENT, {"n": ("integer", numbers)}, LINE, lines(parts), merge=False)
    found = decoded(tile)
    assert found["n"].tolist() == numbers
    for line, part in zip(found.geometry, parts, strict=True):
        assert np.abs(shapely.get_coordinates(line) - np.array(part)).max() < 1e-6


def test_lines_that_look_the_same_become_one_feature() -> None:
    parts = [[(0, 0), (9, 9)], [(5, 5), (6, 5)], [(20, 20), (21, 22), (30, 30)], [(0, 0), (9, 9)]]
    columns = {"grade": ("string", ["poor", "good", "poor", "poor"])}
    found = decoded(encode("layer", EXTENT, columns, LINE, lines(parts), merge=True)).set_index("grade")
    assert len(found) == 2
    poor = [shapely.get_coordinates(line).round().astype(int).tolist() for line in found.geometry["poor"].geoms]
    assert sorted(poor) == [[[0, 0], [9, 9]], [[20, 20], [21, 22], [30, 30]]]


def test_a_tile_of_nothing_is_empty() -> None:
    assert encode("layer", EXTENT, {"n": ("integer", [1])}, LINE, lines([]), merge=False) == b""
