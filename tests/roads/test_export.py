import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from detector.errors import InputError
from roads import export
from roads.export import LAYERS, made_aside, write_map
from roads.mapping import RoadMap
from tests.roads.exports.maps import make_road_map, write_pictures


@pytest.fixture(scope="module")
def road_map() -> RoadMap:
    return make_road_map()


@pytest.fixture(scope="module")
def pictures(road_map: RoadMap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(road_map, folder)
    return folder


@pytest.fixture(scope="module")
def out(road_map: RoadMap, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("map") / "out"
    with made_aside(folder) as made:
        write_map(road_map, [pictures], made)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_everything_promised_is_there(out: Path) -> None:
    assert sorted(p.name for p in out.iterdir()) == [
        *("frames.csv", "geoparquet", "map.html", "segments.csv", "summary.json", "survey.gpkg"),
    ]


@pytest.mark.parametrize("layer", LAYERS)
def test_geopackage_and_geoparquet_hold_the_same(out: Path, road_map: RoadMap, layer: str) -> None:
    original: gpd.GeoDataFrame = getattr(road_map, layer)
    for read in (
        gpd.read_file(out / "survey.gpkg", layer=layer),
        gpd.read_parquet(out / "geoparquet" / f"{layer}.parquet"),
    ):
        assert read.crs.to_epsg() == 28992
        assert list(read.columns) == list(original.columns)
        assert read.geometry.geom_equals_exact(original.geometry, 1e-6).all()
        for column in original.columns.drop("geometry"):
            assert read[column].isna().tolist() == original[column].isna().tolist(), column
            assert read[column].dropna().tolist() == original[column].dropna().tolist(), column


def test_layers_have_their_geometry_type(out: Path) -> None:
    assert {tuple(row) for row in pyogrio.list_layers(out / "survey.gpkg") if row[1]} == {
        ("segments", "LineString"),
        ("defects", "Point"),
        ("coverage", "LineString"),
        ("track", "Point"),
    }


def test_segments_csv_opens_in_a_dutch_excel(out: Path, road_map: RoadMap) -> None:
    assert (out / "segments.csv").read_bytes().startswith(b"\xef\xbb\xbfsegment_id;parent_id;from_m;")
    table = pd.read_csv(out / "segments.csv", sep=";", decimal=",", encoding="utf-8-sig", dtype={"segment_id": str})
    assert table["covered_m"].tolist() == road_map.segments["covered_m"].tolist()
    assert table["name"].tolist()[1] == "'t Hof"


def test_frames_csv_has_a_row_per_frame(out: Path, road_map: RoadMap) -> None:
    with (out / "frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["time_s"]) for row in rows] == road_map.frames["time_s"].tolist()


def test_summary_is_the_maps_own(out: Path, road_map: RoadMap) -> None:
    assert json.loads((out / "summary.json").read_text(encoding="utf-8")) == road_map.summary


def test_the_same_map_gives_the_same_bytes(out: Path, pictures: Path, tmp_path: Path) -> None:
    write_map(make_road_map(), [pictures], tmp_path / "again")
    assert digests(tmp_path / "again") == digests(out)


def test_pictures_come_from_the_first_folder_that_has_them(
    out: Path, road_map: RoadMap, pictures: Path, tmp_path: Path
) -> None:
    write_map(road_map, [tmp_path / "none", pictures], tmp_path / "map")
    assert digests(tmp_path / "map") == digests(out)


def test_into_a_folder_that_holds_other_files(road_map: RoadMap, pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "map"
    (folder / "geoparquet").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / "survey.gpkg").write_text("old")
    for _ in range(2):
        with made_aside(folder) as made:
            write_map(road_map, [folder, pictures], made)
    assert (folder / "notes.txt").read_text() == "mine"
    assert len(gpd.read_file(folder / "survey.gpkg", layer="segments")) == 6
    assert [p.name for p in tmp_path.iterdir()] == ["map"]  # nothing left behind


def test_a_failure_leaves_the_older_map_untouched(
    road_map: RoadMap, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made_aside(tmp_path / "map") as made:
        write_map(road_map, [pictures], made)
    before = digests(tmp_path / "map")

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "render_page", full)
    with pytest.raises(InputError, match="No space left on device"), made_aside(tmp_path / "map") as made:
        write_map(road_map, [pictures], made)
    assert digests(tmp_path / "map") == before
    assert [p.name for p in tmp_path.iterdir()] == ["map"]


def test_a_file_in_the_way_is_a_clear_error(road_map: RoadMap, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "map").write_text("mine")
    with pytest.raises(InputError, match="a file, not a folder"), made_aside(tmp_path / "map") as made:
        write_map(road_map, [pictures], made)
    assert (tmp_path / "map").read_text() == "mine"


def test_a_map_without_defects_writes_empty_layers(road_map: RoadMap, pictures: Path, tmp_path: Path) -> None:
    write_map(replace(road_map, defects=road_map.defects.iloc[:0]), [pictures], tmp_path / "map")
    assert len(gpd.read_file(tmp_path / "map" / "survey.gpkg", layer="defects")) == 0
    assert "segment_id" in gpd.read_parquet(tmp_path / "map" / "geoparquet" / "defects.parquet").columns
