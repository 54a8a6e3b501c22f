from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from detector.errors import SettingsError
from roads.exports import workbook
from roads.exports.headings import HEADINGS
from roads.exports.lists import write_priorities
from roads.exports.workbook import write_workbook
from roads.mapping import RoadMap


@pytest.fixture(scope="module")
def dutch(road_map: RoadMap, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    path = tmp_path_factory.mktemp("xlsx") / "kaart.xlsx"
    write_workbook(road_map, path, "nl")
    return openpyxl.load_workbook(path)


def rows_of(sheet: openpyxl.worksheet.worksheet.Worksheet) -> list[dict[str, object]]:
    titles, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(titles, row, strict=True)) for row in rows]


def test_the_sheets(dutch: openpyxl.Workbook, road_map: RoadMap, tmp_path: Path) -> None:
    assert dutch.sheetnames == ["Toelichting", "Wegvakken", "Prioriteiten", "Schade", "Opnamen"]
    write_workbook(road_map, tmp_path / "map.xlsx", "en")
    english = openpyxl.load_workbook(tmp_path / "map.xlsx")
    assert english.sheetnames == ["About", "Segments", "Priorities", "Defects", "Surveys"]
    assert rows_of(english["Segments"])[3]["Grade"] == "bad"


def test_the_numbers_are_numbers_and_the_words_dutch(dutch: openpyxl.Workbook, road_map: RoadMap) -> None:
    rows = rows_of(dutch["Wegvakken"])
    assert [row["Gezien (m)"] for row in rows] == road_map.segments["covered_m"].tolist()
    assert [row["Oordeel"] for row in rows] == ["goed", "redelijk", "matig", "slecht", None, None]
    assert [row["Status"] for row in rows][-2:] == ["te weinig gezien", "niet geschouwd"]
    assert rows[4]["Straat"] == "</script><b>Stadsweg"
    assert "Oordeel (Engels)" not in rows[0]
    defects = rows_of(dutch["Schade"])
    assert [row["Toestand"] for row in defects][:4] == ["weer gezien", "nieuw", "gegroeid", "verdwenen"]
    assert defects[9]["Opmerking"] == "niet op het wegennet"


def test_priorities_are_in_order(dutch: openpyxl.Workbook) -> None:
    rows = rows_of(dutch["Prioriteiten"])
    assert [row["Prioriteit"] for row in rows] == [1, 2, 3]
    assert str(rows[0]["Waarom"]).startswith("jaar 1: scheurvorming")


def test_a_planner_finds_the_heading_frozen_filtered_and_grades_coloured(dutch: openpyxl.Workbook) -> None:
    sheet = dutch["Wegvakken"]
    assert sheet.freeze_panes is not None
    assert sheet.auto_filter.ref.endswith(str(sheet.max_row))
    rules = [rule for rules in sheet.conditional_formatting for rule in rules.rules]
    assert {'"slecht"', '"jaar 1"'} <= {formula for rule in rules for formula in rule.formula}
    titles = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, titles.index("Lengte (m)") + 1).number_format == "0.0"


def test_every_shown_column_is_explained(dutch: openpyxl.Workbook) -> None:
    explained = {(row[0], row[1]) for row in dutch["Toelichting"].iter_rows(values_only=True)}
    assert {
        ("Wegvakken", heading.nl)
        for key, heading in HEADINGS["segments"].items()
        if key not in {"grade", "plan", "why"}
    } <= explained
    text = " ".join(str(value) for row in dutch["Toelichting"].iter_rows(values_only=True) for value in row if value)
    assert "Niet geschouwd is niet onbeschadigd" in text
    assert "not CROW-compliant" in text


def test_a_street_called_a_formula_stays_text(road_map: RoadMap, tmp_path: Path) -> None:
    named = replace(road_map, segments=road_map.segments.assign(name=pd.array(["=1+1"] * 6, dtype="string")))
    write_workbook(named, tmp_path / "map.xlsx", "nl")
    sheet = openpyxl.load_workbook(tmp_path / "map.xlsx")["Wegvakken"]
    cell = sheet.cell(2, [c.value for c in sheet[1]].index("Straat") + 1)
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_more_rows_than_a_sheet_takes_go_on_in_the_next(
    road_map: RoadMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "ROWS_PER_SHEET", 4)
    write_workbook(road_map, tmp_path / "map.xlsx", "nl")
    book = openpyxl.load_workbook(tmp_path / "map.xlsx")
    numbers = [row["Nummer"] for name in ("Schade", "Schade 2", "Schade 3") for row in rows_of(book[name])]
    assert numbers == road_map.defects["id"].tolist()


def test_the_list_of_priorities_as_csv_and_xlsx(road_map: RoadMap, tmp_path: Path) -> None:
    write_priorities(road_map, tmp_path / "p.csv", "nl")
    read = pd.read_csv(tmp_path / "p.csv", sep=";", decimal=",", encoding="utf-8-sig")
    assert read["priority"].tolist() == [1, 2, 3]
    write_priorities(road_map, tmp_path / "p.xlsx", "en")
    assert len(rows_of(openpyxl.load_workbook(tmp_path / "p.xlsx")["Priorities"])) == 3
    with pytest.raises(SettingsError, match=r"\.xlsx or \.csv"):
        write_priorities(road_map, tmp_path / "p.doc", "nl")
