from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString
from shapely.ops import substring

from detector.errors import SettingsError
from roads.network import read_network
from roads.sections import continues, cut_sections, section_bounds, substrings
from roads.topology import Topology, build_topology


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHOUW_CACHE", "")


def segments_of(lines: list[LineString], oneway: list[int] | None = None) -> gpd.GeoDataFrame:
    ids = [f"w{i}" for i in range(len(lines))]
    length = shapely.length(np.array(lines, dtype=object))
    table = {"segment_id": ids, "name": "", "oneway": np.array(oneway or [0] * len(lines), np.int8), "length_m": length}
    return gpd.GeoDataFrame(table | {"parent_id": ids, "from_m": 0.0, "to_m": length}, geometry=lines, crs=28992)


@pytest.mark.parametrize(
    ("length", "bounds"),
    [
        (250.0, [0, 100, 200, 250]),
        (230.0, [0, 100, 230]),  # the last 30 m join the section before
        (300.0, [0, 100, 200, 300]),
        (120.0, [0, 120]),
        (40.0, [0, 40]),
        (134.0, [0, 100, 134]),
    ],
)
def test_sections_end_at_whole_hectometres(length: float, bounds: list[float]) -> None:
    row, from_m, to_m = section_bounds(np.array([length]), 100.0)
    assert row.tolist() == [0] * (len(bounds) - 1)
    assert (from_m.tolist(), to_m.tolist()) == (bounds[:-1], bounds[1:])


def test_a_section_is_called_after_its_chainage(tmp_path: Path) -> None:
    path = tmp_path / "roads.gpkg"
    line = LineString([(155_000, 463_000), (155_150, 463_000), (155_150, 463_100.4)])
    table = gpd.GeoDataFrame({"wvk_id": [7, 8], "rijrichtng": ["T", "B"], "stt_naam": ["A", "B"]}, crs=28992,
        geometry=[line, LineString([(155_000, 463_000), (155_000, 463_080)])])  # fmt: skip
    table.to_file(path)
    segments = read_network(path, section_m=100).segments
    assert segments["segment_id"].tolist() == ["7:0-100", "7:100-200", "7:200-250", "8"]
    assert segments["parent_id"].tolist() == ["7", "7", "7", "8"]
    assert segments["oneway"].tolist() == [-1, -1, -1, 0]
    assert segments["name"].tolist() == ["A", "A", "A", "B"]
    np.testing.assert_allclose(segments["from_m"], [0, 100, 200, 0])
    np.testing.assert_allclose(segments["to_m"], [100, 200, 250.4, 80])
    np.testing.assert_allclose(shapely.length(segments.geometry.to_numpy()), segments["length_m"])
    assert continues(segments).tolist() == [True, True, False, False]
    assert read_network(path, section_m=12.5).segments["segment_id"][1] == "7:12.5-25.0"
    with pytest.raises(SettingsError, match=r"a section of 0\.5 m is too short"):
        read_network(path, section_m=0.5)
    with pytest.raises(SettingsError, match="nan"):
        read_network(path, section_m=float("nan"))


corner = st.tuples(st.integers(0, 60), st.integers(0, 60))
path_of = st.lists(corner, min_size=2, max_size=7).map(
    lambda xy: [here for here, before in zip(xy, [None, *xy], strict=False) if here != before]
)
line_of = path_of.filter(lambda xy: len(xy) > 1).map(lambda xy: LineString(np.array(xy) * 9.0))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(line_of, st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6))
def test_substrings_are_shapelys(cuts: list[tuple[LineString, float, float]]) -> None:
    lines = np.array([line for line, _, _ in cuts], dtype=object)
    bounds = np.sort([[a, b] for _, a, b in cuts], axis=1) * shapely.length(lines)[:, None]
    found = substrings(lines, np.arange(len(lines)), bounds[:, 0], bounds[:, 1])
    for part, line, (a, b) in zip(found, lines, bounds, strict=True):
        assert part.length == pytest.approx(b - a, abs=1e-5)
        if b - a > 1e-3:
            assert part.hausdorff_distance(substring(line, a, b)) < 1e-5


@settings(max_examples=80, deadline=None)
@given(st.lists(line_of, min_size=1, max_size=8), st.floats(5, 400))
def test_sections_conserve_length_and_order(lines: list[LineString], section_m: float) -> None:
    segments = segments_of(lines)
    cut = cut_sections(segments, section_m)
    assert cut["segment_id"].is_unique
    assert cut["parent_id"].drop_duplicates().tolist() == segments["segment_id"].tolist()
    for (_, parent), (_, sections) in zip(segments.iterrows(), cut.groupby("parent_id", sort=False), strict=True):
        assert sections["length_m"].sum() == pytest.approx(parent["length_m"])
        assert sections["from_m"].tolist() == [0.0, *sections["to_m"].tolist()[:-1]]
        assert sections["length_m"].between(section_m / 3 - 1e-6, section_m * 4 / 3 + 1e-6).all() or len(sections) == 1
        # Laid end to end, they are the parent.
        xy = shapely.get_coordinates(sections.geometry.to_numpy())
        assert LineString(xy).hausdorff_distance(parent.geometry) < 1e-6
        assert LineString(xy).length == pytest.approx(parent["length_m"])


def shape(topology: Topology) -> pd.DataFrame:
    """What a graph is, whatever the order and direction of its edges."""
    arcs = np.diff(topology.follow_start).reshape(-1, 2)
    ways = np.where(topology.edge_oneway == 0, 0, 1)
    rows = np.column_stack([topology.edge_length_m.round(4), arcs.min(axis=1), arcs.max(axis=1), ways])
    return pd.DataFrame(rows).sort_values([0, 1, 2, 3], ignore_index=True)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(line_of.filter(lambda line: line.is_simple), min_size=1, max_size=8),
    st.lists(st.sampled_from([-1, 0, 1]), min_size=8, max_size=8),
    st.floats(20, 200),
    st.booleans(),
)
def test_cut_roads_connect_as_before(
    lines: list[LineString], oneway: list[int], section_m: float, shared_vertices: bool
) -> None:
    # Where roads lie on each other, which places are the same is anyone's guess.
    assume(shapely.union_all(lines).length == pytest.approx(sum(line.length for line in lines)))
    segments = segments_of(lines, oneway[: len(lines)])
    cut = cut_sections(segments, section_m)
    whole, parts = (
        build_topology(table.geometry.to_numpy(), table["oneway"].to_numpy(), shared_vertices, continues(table))
        for table in (segments, cut)
    )
    pd.testing.assert_frame_equal(shape(whole), shape(parts), atol=1e-3)
