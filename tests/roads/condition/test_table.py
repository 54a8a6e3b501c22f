from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import SettingsError
from roads.condition.table import DEFAULT, FOLDER, read_table, shipped_tables, write_table

TABLE = read_table()
SHIPPED = FOLDER / f"{DEFAULT}.yaml"


def test_the_shipped_table_says_whose_it_is() -> None:
    assert TABLE.title == DEFAULT
    assert "not CROW-compliant" in TABLE.source
    assert "card.yaml" in TABLE.detection.source
    assert shipped_tables() == (DEFAULT,)


def test_the_users_own_copy_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "enschede.yaml"
    path.write_text(SHIPPED.read_text())
    assert read_table(path) == TABLE


def test_a_written_table_reads_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "map" / "table.yaml"
    write_table(TABLE, path)
    assert read_table(path) == TABLE
    again = path.read_bytes()
    write_table(TABLE, path)
    assert path.read_bytes() == again


def edited(change: str, value: object) -> dict[str, Any]:
    """The shipped table with one dotted key set; None removes it."""
    table: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())
    *parents, last = change.split(".")
    place = table
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return table


@pytest.mark.parametrize(
    ("change", "value", "says"),
    [
        ("lane_width", 3.0, "lane_width: unknown key"),
        ("lane_width_m", None, "lane_width_m: this key is missing"),
        ("minimum.cover", 1, "minimum.cover: unknown key"),
        ("kinds.potholes.deduct.L", [1, 2], "kinds.potholes.deduct.L"),
        ("kinds.potholes.deduct.L", [30, 20, 10], "kinds.potholes.deduct: the points must not fall"),
        ("kinds.potholes.deduct.E", [1, 2, 3], "kinds.potholes.deduct: the points must not fall"),
        ("kinds.cracking.extent", [5, 5, 10], "kinds.cracking: the extents must rise"),
        ("kinds.cracking.usual", [1, 2, 3], "kinds.cracking: usual must not rise"),
        ("kinds.cracking.plan.M", ["later", "soon", "year 1"], "kinds.cracking.plan.M.1"),
        ("kinds.cracking.plan.M", ["year 1", "later", "later"], "kinds.cracking.plan: the plan must not be later"),
        ("kinds.cracking.plan.E", ["later", "later", "later"], "kinds.cracking.plan: the plan must not be later"),
        ("kinds.rutting", {}, "kinds.rutting"),
        ("kinds.ravelling", None, "kinds.ravelling is missing"),
        ("severity.pothole", None, "severity.pothole is missing"),
        ("severity.potholes", {"M": 1, "E": 2}, "severity.potholes is not a damage class"),
        ("severity.pothole", {"M": 2, "E": 1}, "severity.pothole: E must be larger"),
        ("detection.recall.pothole", 0, "detection.recall.pothole"),
        ("detection.recall.pothole", None, "detection.recall.pothole is missing"),
        ("detection.shared", 1.1, "detection.shared"),
        (
            "pci.rutting",
            {"severity": {s: ["L"] * 3 for s in "LME"}, "usual": [0, 0, 0]},
            "pci.rutting is not a distress",
        ),
        ("pci.potholes", None, "pci.potholes is missing"),
        ("pci.potholes.severity.M", ["H", "M", "M"], "pci.potholes.severity: the severity must not fall"),
        ("pci.potholes.severity.L", ["H", "H", "H"], "pci.potholes.severity: the severity must not fall"),
        ("pci.potholes.severity.E", ["M", "E", "H"], "pci.potholes.severity.E.1"),
        ("grades.good", 10, "grades: the grades must fall"),
        ("lane_width_m", float("nan"), "lane_width_m"),
    ],
)
def test_a_typo_in_a_table_names_the_key(tmp_path: Path, change: str, value: object, says: str) -> None:
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump(edited(change, value)))
    with pytest.raises(SettingsError) as error:
        read_table(path)
    assert str(path) in str(error.value)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["crow-146", "pci-d6433", "schouw-1"])
def test_no_such_table_lists_the_shipped_ones(name: str) -> None:
    with pytest.raises(SettingsError, match=DEFAULT):
        read_table(name)


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("t") / "t.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(SettingsError):
        read_table(path)
