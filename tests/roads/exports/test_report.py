import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pypdfium2
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError, SettingsError
from roads.exports.drawing import round_length
from roads.exports.report import read_areas, write_report
from roads.mapping import RoadMap
from tests.roads.exports.maps import ORIGIN


def areas() -> gpd.GeoDataFrame:
    x, y = ORIGIN
    boxes = [shapely.box(x - 50, y + 15, x + 600, y + 300), shapely.box(x + 5000, y, x + 6000, y + 500)]
    return gpd.GeoDataFrame({"wijknaam": ["Noord & <b>Oost", "Leeg"]}, geometry=boxes, crs=28992)


def with_lost_corner(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    corners = shapely.get_coordinates(areas.geometry[1])
    corners[1] = np.nan
    return areas.set_geometry([areas.geometry[0], shapely.polygons(corners)], crs=areas.crs)


def pages(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


@pytest.fixture(scope="module")
def report(road_map: RoadMap, map_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "rapport.pdf"
    write_report(road_map, map_folder, path, "nl")
    return path


def test_it_says_what_matters(report: Path) -> None:
    text = " ".join(pages(report))
    assert "Toestand van de wegen Geschouwd 14 april 2026 – 6 oktober 2026" in text
    assert "Van de 2,1 km weg is 1,1 km gezien (54 %)" in text
    assert "Antonín Dvořákplein" in text
    assert "Craquelé" in text
    assert "Skûlenboargerwei" in text
    assert "22 (marge 8–41)" in text
    assert "De ernst is met een camera geschat" in text
    assert "conditietabel schouw-2" in text
    assert "kans 93 %" in text
    assert "te donker" in text


def test_the_damage_on_the_title_page_leaves_out_what_has_gone(report: Path) -> None:
    assert "Bekende schades op de weg: 8. Sinds de vorige opname: 1 nieuw, 1 gegroeid, 1 verdwenen" in pages(report)[0]


def test_the_letters_are_embedded_and_the_pictures_small(report: Path) -> None:
    raw = report.read_bytes()
    assert raw.count(b"/FontFile2") == 2
    assert len(raw) < 400_000


def test_the_same_map_gives_the_same_bytes(report: Path, road_map: RoadMap, map_folder: Path, tmp_path: Path) -> None:
    write_report(road_map, map_folder, tmp_path / "again.pdf", "nl")
    digest, again = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (report, tmp_path / "again.pdf"))
    assert digest == again


def test_a_chapter_for_each_area_and_a_row_for_the_rest(road_map: RoadMap, map_folder: Path, tmp_path: Path) -> None:
    areas().to_file(tmp_path / "wijken.gpkg", driver="GPKG")
    write_report(road_map, map_folder, tmp_path / "r.pdf", "en", read_areas(tmp_path / "wijken.gpkg"), "Roads & ways")
    text = pages(tmp_path / "r.pdf")
    assert "Roads & ways" in text[0]
    assert "Noord & <b>Oost 1.0" in text[0]
    assert "outside the areas 1.1" in text[0]
    assert any("Leeg No road of the network lies in this area." in page for page in text)
    assert any("Noord & <b>Oost" in page and "Of 1.0 km of road" in page for page in text[1:])


def test_areas_of_elsewhere_are_no_report(road_map: RoadMap, map_folder: Path, tmp_path: Path) -> None:
    elsewhere = areas().rename(columns={"wijknaam": "name"}).translate(50_000)
    named = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=elsewhere, crs=28992)
    with pytest.raises(SettingsError, match="no road of this map lies in any of them"):
        write_report(road_map, map_folder, tmp_path / "r.pdf", "nl", named)
    assert not (tmp_path / "r.pdf").exists()


def test_names_longer_than_a_page_are_cut(road_map: RoadMap, map_folder: Path, tmp_path: Path) -> None:
    long = "Zeer lange naam " * 400
    named = areas().rename(columns={"wijknaam": "name"}).assign(name=[long, "Leeg"])
    segments = road_map.segments.assign(name=pd.array([long] * len(road_map.segments), dtype="string"))
    write_report(replace(road_map, segments=segments), map_folder, tmp_path / "r.pdf", "nl", named)
    text = pages(tmp_path / "r.pdf")
    assert "…" in text[0]
    assert len(text) < 30


def test_pictures_that_are_missing_or_broken_are_left_out(road_map: RoadMap, map_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(map_folder / "pictures", tmp_path / "pictures")
    for i, path in enumerate(sorted((tmp_path / "pictures").rglob("*.jpg"))):
        path.write_bytes(b"" if i % 2 else b"no picture")
    write_report(road_map, tmp_path, tmp_path / "r.pdf", "nl")
    assert "Van deze schades is geen foto bewaard." in " ".join(pages(tmp_path / "r.pdf"))


def test_a_map_of_roads_that_nobody_drove(road_map: RoadMap, tmp_path: Path) -> None:
    unseen = road_map.segments.iloc[[5]].reset_index(drop=True)
    summary = {**road_map.summary, "from_utc": None, "to_utc": None, "surveys": []}
    bare = replace(
        road_map,
        segments=unseen,
        defects=road_map.defects.iloc[:0],
        coverage=road_map.coverage.iloc[:0],
        summary=summary,
    )
    write_report(bare, tmp_path, tmp_path / "r.pdf", "en")
    text = " ".join(pages(tmp_path / "r.pdf"))
    assert "No segment needs repair, as far as was seen." in text
    assert "0.6 km was not" in text


def test_a_long_name_and_many_priorities_still_fit(road_map: RoadMap, map_folder: Path, tmp_path: Path) -> None:
    segments = gpd.GeoDataFrame(pd.concat([road_map.segments.iloc[[3]]] * 90, ignore_index=True), crs=28992)
    segments["priority"] = pd.array(range(1, 91), dtype="Int64")
    segments["segment_id"] = pd.array([f"600103:{i}" for i in range(90)], dtype="string")
    segments["name"] = pd.array(["Burgemeester van den Meerendonkstraat " * 4] * 90, dtype="string")
    defects = road_map.defects.assign(segment_id=pd.array(["600103:0"] * 10, dtype="string"))
    write_report(replace(road_map, segments=segments, defects=defects), map_folder, tmp_path / "r.pdf", "nl", top=3)
    assert "Nog 50 wegvakken hebben een prioriteit" in " ".join(pages(tmp_path / "r.pdf"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda a: a.rename(columns={"wijknaam": "code"}), "have no name"),
        (lambda a: a.set_geometry(a.geometry.centroid), "other than polygons"),
        (lambda a: a.set_crs(None, allow_override=True), "no coordinate system"),
        (lambda a: a.iloc[:0], "no areas"),
        (lambda a: a.set_crs(4326, allow_override=True), "says WGS 84, in degrees, but its coordinates are no degrees"),
        (lambda a: with_lost_corner(a), "area 'Leeg' has a corner that is no place"),
    ],
)
def test_areas_that_cannot_be_used_are_clear_errors(change: object, problem: str, tmp_path: Path) -> None:
    change(areas()).to_file(tmp_path / "a.gpkg", driver="GPKG")  # type: ignore[operator]
    with pytest.raises(InputError, match=problem):
        read_areas(tmp_path / "a.gpkg")


def test_a_file_that_is_no_areas_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").write_text("nothing")
    with pytest.raises(InputError, match="can't be read as areas"):
        read_areas(tmp_path / "a.gpkg")


@given(st.floats(1e-3, 1e6))
def test_the_scale_bar_is_round_and_as_long_as_can_be(longest: float) -> None:
    found = round_length(longest)
    assert found <= longest * (1 + 1e-9) < found * 2.5 * (1 + 1e-6)
    assert f"{found:e}"[0] in "125"
