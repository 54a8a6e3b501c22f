import csv
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from detector.errors import InputError
from detector.results import SurveyResult, read_result, write_result
from roads import export
from roads.condition.table import read_table
from roads.export import LAYERS, write_map
from roads.mapping import RoadMap, map_survey
from roads.network import Network


@pytest.fixture(scope="module")
def out(road_map: RoadMap, result_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("map") / "out"
    write_map(road_map, result_folder, folder)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_everything_promised_is_there(out: Path) -> None:
    assert sorted(p.name for p in out.iterdir()) == [
        *("frames.csv", "geoparquet", "map.html", "pictures", "segments.csv", "summary.json", "survey.gpkg"),
    ]
    assert sorted(p.name for p in (out / "pictures").iterdir()) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]


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


def test_qgis_finds_a_default_style_for_its_layers(out: Path) -> None:
    with closing(sqlite3.connect(out / "survey.gpkg")) as database:
        styles = database.execute(
            "SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault AND f_geometry_column = 'geom'"
        ).fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert [name for name, _ in styles] == ["segments", "defects", "coverage"]
    qml = ElementTree.fromstring(styles[0][1])
    values = [c.get("value") for c in qml.iter("category")]
    assert values == ["good", "fair", "poor", "bad", ""]


def test_segments_csv_opens_in_a_dutch_excel(out: Path, road_map: RoadMap) -> None:
    raw = (out / "segments.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfsegment_id;name;length_m;")
    table = pd.read_csv(out / "segments.csv", sep=";", decimal=",", encoding="utf-8-sig", dtype={"segment_id": str})
    assert table["covered_m"].tolist() == road_map.segments["covered_m"].tolist()
    assert table["name"].tolist()[1] == "'t Hof"
    assert b",0;" in raw


def test_frames_csv_has_the_agreed_columns_and_a_row_per_frame(out: Path, survey: SurveyResult) -> None:
    with (out / "frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = "time_s,lon,lat,heading_deg,speed_mps,segment_id,offset_m,confidence"
    assert ",".join(rows[0]).startswith(first + ",source,utc")
    assert len(rows) == len(survey.frames)
    assert [float(r["time_s"]) for r in rows] == pytest.approx([f.media_time_s for f in survey.frames], abs=1e-3)
    assert (rows[10]["segment_id"], float(rows[10]["offset_m"])) == ("w0", pytest.approx(30, abs=0.5))
    assert float(rows[10]["lon"]) == pytest.approx(survey.frames[10].pose.lon, abs=1e-6)


def test_summary_names_the_table_and_counts(out: Path) -> None:
    summary = json.loads((out / "summary.json").read_text())
    assert summary["table"]["name"] == "schouw-1"
    assert "not CROW-compliant" in summary["table"]["source"]
    assert summary["defects"]["total"] == 5
    assert summary["segments"]["not surveyed"] == 2


def test_the_same_map_gives_the_same_bytes(
    out: Path, survey: SurveyResult, network: Network, result_folder: Path, tmp_path: Path
) -> None:
    write_map(map_survey(survey, network, read_table()), result_folder, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(out)


def test_into_the_result_folder_itself(
    road_map: RoadMap, survey: SurveyResult, result_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "both"
    write_result(survey, {}, folder)
    (folder / "pictures" / "1.jpg").write_bytes((result_folder / "pictures" / "1.jpg").read_bytes())
    before = digests(folder)
    write_map(road_map, folder, folder)
    write_map(road_map, folder, folder)
    after = digests(folder)
    assert {name: after[name] for name in before} == before
    assert read_result(folder) == survey
    assert {"survey.gpkg", "geoparquet/defects.parquet", "map.html"} <= set(after)
    assert [p.name for p in tmp_path.iterdir()] == ["both"]  # nothing left behind


def test_a_failure_leaves_the_older_map_untouched(
    road_map: RoadMap, result_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_map(road_map, result_folder, tmp_path / "map")
    before = digests(tmp_path / "map")

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "render_page", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_map(road_map, result_folder, tmp_path / "map")
    assert digests(tmp_path / "map") == before
    assert [p.name for p in tmp_path.iterdir()] == ["map"]


def test_a_file_in_the_way_is_a_clear_error(road_map: RoadMap, result_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "map").write_text("mine")
    with pytest.raises(InputError, match="a file, not a folder"):
        write_map(road_map, result_folder, tmp_path / "map")
    assert (tmp_path / "map").read_text() == "mine"


def test_a_survey_without_defects_writes_empty_layers(
    survey: SurveyResult, network: Network, result_folder: Path, tmp_path: Path
) -> None:
    nothing = SurveyResult(survey.meta, survey.frames, survey.coverage, [], [], [])
    write_map(map_survey(nothing, network, read_table()), result_folder, tmp_path / "map")
    assert len(gpd.read_file(tmp_path / "map" / "survey.gpkg", layer="defects")) == 0
    assert "segment_id" in gpd.read_parquet(tmp_path / "map" / "geoparquet" / "defects.parquet").columns
