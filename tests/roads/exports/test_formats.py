import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest

from detector.errors import InputError, SettingsError
from roads.exports import formats
from roads.exports.formats import FORMATS, LAYERS, write_formats
from roads.exports.legend import THEMES
from roads.mapping import RoadMap


@pytest.fixture(scope="module")
def out(road_map: RoadMap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("formats") / "out"
    written = write_formats(road_map, folder, FORMATS, "nl")
    assert sorted(written) == sorted(path for path in folder.rglob("*") if path.is_file())
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_map_gives_the_same_bytes(road_map: RoadMap, out: Path, tmp_path: Path) -> None:
    write_formats(road_map, tmp_path, FORMATS, "nl")
    assert digests(tmp_path) == digests(out)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ["survey.gpkg", "geoparquet/{}.parquet", "geojson/{}.geojson", "flatgeobuf/{}.fgb"])
def test_every_format_gives_back_every_row_and_column(out: Path, road_map: RoadMap, layer: str, name: str) -> None:
    path, original = out / name.format(layer), getattr(road_map, layer)
    if path.suffix == ".parquet":
        read = gpd.read_parquet(path)
    else:
        read = gpd.read_file(path, **({"layer": layer} if path.suffix == ".gpkg" else {}))
    assert sorted(read.columns) == sorted(original.columns)
    assert len(read) == len(original)
    key = next(c for c in ("id", "frame", "segment_id") if c in original)
    order = [key, "from_m", "utc"] if layer == "coverage" else [key]  # FlatGeobuf sorts rows by place
    read, wanted = (table.sort_values(order).reset_index(drop=True) for table in (read, original))
    moved = read.geometry.to_crs(wanted.crs).distance(wanted.geometry)
    assert moved.max() < 0.02
    for column in wanted.columns.drop("geometry"):
        assert read[column].isna().tolist() == wanted[column].isna().tolist(), column
        found, expected = read[column].dropna().tolist(), wanted[column].dropna().tolist()
        if column in {"utc", "last_surveyed", "first_seen", "last_seen"}:  # GDAL guesses at times in GeoJSON
            found, expected = ([str(pd.Timestamp(v)) for v in values] for values in (found, expected))
        assert [str(v) for v in found] == [str(v) for v in expected] or found == pytest.approx(expected), column


def test_geojson_is_of_rfc_7946(out: Path) -> None:
    content = json.loads((out / "geojson" / "defects.geojson").read_text(encoding="utf-8"))
    assert content["type"] == "FeatureCollection"
    assert "crs" not in content
    for feature in content["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        assert (3 < lon < 8, 50 < lat < 54) == (True, True)
        assert len(str(lon).split(".")[1]) <= 7


def test_tiles_hold_the_layers_with_their_columns(out: Path, road_map: RoadMap) -> None:
    from pmtiles.reader import MmapSource, Reader, all_tiles

    path = out / "map.pmtiles"
    for layer, key in (("segments", "segment_id"), ("defects", "id"), ("coverage", "segment_id")):
        read, original = pyogrio.read_dataframe(path, layer=layer), getattr(road_map, layer)
        assert set(original.columns) <= set(read.columns)
        assert {*read[key]} == {*original[key]}
    with path.open("rb") as file:
        source = MmapSource(file)
        assert {z for (z, _, _), _ in all_tiles(source)} == set(range(8, 15))
        described = {layer["id"]: layer for layer in Reader(source).metadata()["vector_layers"]}
    zooms = {name: (layer["minzoom"], layer["maxzoom"]) for name, layer in described.items()}
    assert zooms == {"segments": (8, 14), "coverage": (12, 14), "defects": (12, 14)}
    assert described["segments"]["fields"]["why_nl"] == "String"


def test_the_tiles_of_a_province_show_the_segments_by_what_they_are_coloured(out: Path, road_map: RoadMap) -> None:
    read = pyogrio.read_dataframe(out / "map.pmtiles", layer="segments", dataset_options={"ZOOM_LEVEL": "8"})
    assert {*read["segment_id"]} == {*road_map.segments["segment_id"]}
    assert {*read["grade"].dropna()} == {"good", "fair", "poor", "bad"}


def test_a_dutch_excel_opens_the_csv(out: Path, road_map: RoadMap) -> None:
    assert (out / "segments.csv").read_bytes().startswith(b"\xef\xbb\xbfsegment_id;parent_id;")
    read = pd.read_csv(out / "defects.csv", sep=";", decimal=",", encoding="utf-8-sig")
    assert read["area_m2"].tolist() == road_map.defects["area_m2"].tolist()


def test_a_geopackage_has_a_style_for_each_theme_and_one_default_for_each_layer(out: Path) -> None:
    with closing(sqlite3.connect(out / "survey.gpkg")) as database:
        rows = database.execute("SELECT f_table_name, styleName, useAsDefault, styleQML FROM layer_styles").fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    wanted = [(t.layer, t.nl) for t in THEMES if t.layer in LAYERS]
    assert [(layer, name) for layer, name, _, _ in rows] == wanted
    assert {layer: name for layer, name, default, _ in rows if default} == {
        **{"segments": "Oordeel", "defects": "Soort", "coverage": "Wat is gezien"},
    }
    grade = ElementTree.fromstring(rows[0][3])
    assert [rule.get("filter") for rule in grade.iter("rule")][-2:] == ["\"grade\" = 'bad'", "ELSE"]
    assert {a.get("field"): a.get("name") for a in grade.iter("alias")}["length_m"] == "Lengte (m)"


def test_what_has_gone_is_in_the_style_but_not_shown(out: Path) -> None:
    style = ElementTree.parse(out / "flatgeobuf" / "defects.qml")
    rules = list(style.iter("rule"))
    assert [rule.get("label") for rule in rules if rule.get("checkstate") == "0"] == ["verdwenen"]
    assert all("\"state\" <> 'gone'" in str(rule.get("filter")) for rule in rules[:-1])


def test_styles_name_only_columns_that_are_there(road_map: RoadMap) -> None:
    for theme in THEMES:
        layer = getattr(road_map, theme.layer, None)
        assert layer is None or theme.column in layer


def test_an_unknown_format_names_those_there_are(road_map: RoadMap, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"dwg: no such format; choose from gpkg, .*pmtiles"):
        write_formats(road_map, tmp_path, ["csv", "dwg"], "nl")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(road_map: RoadMap, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="can't be written"):
        write_formats(road_map, tmp_path / "file", ["csv"], "nl")


@pytest.mark.parametrize("name", FORMATS)
def test_a_map_on_which_nothing_was_found(road_map: RoadMap, tmp_path: Path, name: str) -> None:
    bare = replace(road_map, defects=road_map.defects.iloc[:0], coverage=road_map.coverage.iloc[:0])
    written = write_formats(bare, tmp_path, [name], "en")
    assert all(path.stat().st_size for path in written)


def test_a_failure_leaves_the_older_file(road_map: RoadMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write_formats(road_map, tmp_path, ["gpkg"], "nl")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(formats, "add_styles", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_formats(road_map, tmp_path, ["gpkg"], "nl")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["survey.gpkg"]
