import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

from roads.changes import Changes, compare
from roads.exports.headings import HEADINGS
from roads.exports.lists import write_changes
from roads.mapping import RoadMap


@pytest.fixture(scope="module")
def changes(road_map: RoadMap) -> Changes:
    """From a spring in which the damage first seen in autumn wasn't known and the third street was better."""
    known = road_map.defects[road_map.defects["first_seen"] < "2026-06"]
    before = replace(
        road_map,
        segments=road_map.segments.assign(score=road_map.segments["score"] + [0, 0, 40, 0, 0, 0]),
        defects=known.assign(state="first seen", probability=0.9),
        summary={**road_map.summary, "to_utc": "2026-04-14T09:40:00.000Z"},
    )
    return compare(before, road_map)


def test_every_column_of_the_changes_has_a_heading(changes: Changes) -> None:
    assert set(changes.segments.columns) - {"geometry"} == set(HEADINGS["changed_segments"])
    assert set(changes.defects.columns) - {"geometry"} == set(HEADINGS["changed_defects"])


def test_the_changes_are_written_for_qgis_and_excel(changes: Changes, tmp_path: Path) -> None:
    write_changes(changes, tmp_path / "out", "nl")
    segments = gpd.read_file(tmp_path / "out" / "changes.gpkg", layer="changed_segments")
    assert segments["change"].tolist() == changes.segments["change"].tolist()
    assert "worse" in segments["change"].tolist()
    with closing(sqlite3.connect(tmp_path / "out" / "changes.gpkg")) as database:
        styled = database.execute("SELECT f_table_name FROM layer_styles WHERE useAsDefault").fetchall()
    assert styled == [("changed_segments",), ("changed_defects",)]
    book = openpyxl.load_workbook(tmp_path / "out" / "changes.xlsx")
    assert book.sheetnames == ["Toelichting", "Verschil wegvakken", "Verschil schade"]
    titles, *rows = book["Verschil schade"].iter_rows(values_only=True)
    assert {row[titles.index("Verandering")] for row in rows} >= {"nieuw", "verdwenen"}
    assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8")) == changes.summary


def test_the_same_changes_give_the_same_bytes(changes: Changes, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_changes(changes, tmp_path / name, "en")
    for name in ("changes.gpkg", "changes.xlsx", "summary.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
