"""A map on disk: made, grown by a drive, opened at an earlier moment, compared."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector.errors import InputError, SettingsError
from detector.results import SurveyResult, write_result
from detector.types import Defect, Fix
from roads.condition.table import read_table
from roads.export import MADE
from roads.folder import INVENTORY, PICTURES, changes_between, check_no_map, create, extend, moment, open_map
from roads.folder import TABLE as TABLE_FILE
from roads.mapping import RoadMap
from roads.network import Network
from tests.roads.drives import map_of

HALF_A_YEAR_S = 182 * 86400.0
TABLE = read_table()
Files = dict[str, bytes]


def later(survey: SurveyResult, seconds: float, defects: list[Defect]) -> SurveyResult:
    """The same drive at another time, with other defects."""
    frames = [replace(f, pose=replace(f.pose, time_s=f.pose.time_s + seconds)) for f in survey.frames]
    return replace(survey, frames=frames, defects=defects)


@pytest.fixture(scope="module")
def spring(survey: SurveyResult, result_folder: Path) -> Path:
    return result_folder


@pytest.fixture(scope="module")
def autumn(survey: SurveyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pothole (2) was repaired; the ravelling (4) has grown."""
    folder = tmp_path_factory.mktemp("autumn") / "result"
    grown = replace(survey.defects[3], length_m=40.0, area_m2=88.0, size_sigma=0.05)
    kept = [d for d in survey.defects if d.id in (1, 3, 5)]
    write_result(later(survey, HALF_A_YEAR_S, [*kept, grown]), {}, folder)
    return folder


@pytest.fixture
def folder(spring: Path, network: Network, tmp_path: Path) -> Path:
    create(tmp_path / "map", [spring], network, TABLE)
    return tmp_path / "map"


def files(folder: Path) -> Files:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def same(a: RoadMap, b: RoadMap) -> bool:
    return a.segments.equals(b.segments) and a.defects.equals(b.defects) and a.summary == b.summary


def test_a_map_is_made_again_from_its_folder(folder: Path, survey: SurveyResult, network: Network) -> None:
    opened = open_map(folder)
    assert same(opened.road_map(), map_of(network, survey))
    names = set(files(folder))
    assert {"map.html", "survey.gpkg", "segments.csv", "condition-table.yaml", "inventory/inventory.json"} <= names
    pictures = {str(p) for p in opened.road_map().defects["picture"]}
    assert len(pictures & names) == 4  # the fifth defect has none


def test_growing_a_map_is_making_it_of_all_drives(
    folder: Path, spring: Path, autumn: Path, network: Network, tmp_path: Path
) -> None:
    grown = extend(open_map(folder), [autumn], TABLE).road_map
    at_once = create(tmp_path / "at-once", [spring, autumn], network, TABLE).road_map
    assert same(grown, at_once)
    assert same(open_map(folder).road_map(), at_once)
    assert len(grown.summary["surveys"]) == 2


def test_the_same_drive_twice_is_one_drive(folder: Path, spring: Path) -> None:
    before = files(folder)
    extend(open_map(folder), [spring], TABLE)
    assert files(folder) == before


def test_a_drive_that_can_not_be_added_leaves_the_map_as_it_was(folder: Path, tmp_path: Path) -> None:
    before = files(folder)
    with pytest.raises(InputError, match="no survey result here"):
        extend(open_map(folder), [tmp_path / "nothing"], TABLE)
    assert files(folder) == before


def test_one_bad_drive_does_not_end_the_batch(folder: Path, autumn: Path, tmp_path: Path) -> None:
    grown = extend(open_map(folder), [tmp_path / "nothing", autumn], TABLE)
    assert len(grown.failed) == 1
    assert "nothing: no survey result here" in grown.failed[0]
    assert len(open_map(folder).inventory.surveys) == 2


def test_nothing_is_written_where_something_else_is_called_inventory(
    spring: Path, network: Network, tmp_path: Path
) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/list.txt").write_text("bridges")
    (tmp_path / "segments.csv").write_text("mine")
    before = files(tmp_path)
    with pytest.raises(InputError, match="holds something other than an inventory"):
        create(tmp_path, [spring], network, TABLE)
    assert files(tmp_path) == before


def test_a_map_is_known_by_the_names_it_writes(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*MADE, INVENTORY, TABLE_FILE, PICTURES}


@pytest.mark.parametrize("name", ["survey.gpkg", "inventory/network.parquet"])
def test_the_networks_own_file_is_not_written_over(name: str, folder: Path, spring: Path, network: Network) -> None:
    before = files(folder)
    with pytest.raises(InputError, match="the map would be written over it"):
        create(folder, [spring], replace(network, path=folder / name), TABLE)
    assert files(folder) == before
    create(folder, [spring], replace(network, path=folder / "roads.gpkg"), TABLE)


def test_two_films_of_one_name_along_one_track_are_both_on_the_map(
    survey: SurveyResult, network: Network, tmp_path: Path
) -> None:
    """Footage is one folder, and one GPS track of the whole day lies beside it."""
    fixes = [Fix(frame.pose.time_s, frame.pose.lon, frame.pose.lat) for frame in survey.frames]
    halves = tmp_path / "north", tmp_path / "south"
    for half, frames in zip(halves, (survey.frames[:50], survey.frames[50:]), strict=True):
        write_result(replace(survey, frames=frames, coverage=[], detections=[], defects=[], fixes=fixes), {}, half)
    grown = create(tmp_path / "map", halves, network, TABLE)
    assert [drive["frames"] for drive in grown.road_map.summary["surveys"]] == [50, 51]
    assert [note.partition(": ")[2] for note in grown.notes] == [
        "a drive of that name and track, at another time, is on the map too; both are kept"
    ]
    again = extend(open_map(tmp_path / "map"), halves, TABLE)
    assert len(again.road_map.summary["surveys"]) == 2
    assert [note.partition(": ")[2] for note in again.notes] == ["was on the map already, and was replaced"] * 2


def test_drives_that_a_new_map_replaces_are_told(folder: Path, spring: Path, autumn: Path, network: Network) -> None:
    assert create(folder, [spring], network, TABLE).notes == []  # the same drive: nothing lost
    assert create(folder, [autumn], network, TABLE).notes == [
        "replaced a map of 1 drive; schouw add puts a drive on it"
    ]


def test_changes_are_not_written_into_a_map(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a map"):
        check_no_map(folder)
    check_no_map(tmp_path / "new")


def test_what_changed_between_two_moments_of_one_map(folder: Path, autumn: Path) -> None:
    extend(open_map(folder), [autumn], TABLE)
    changes = changes_between(moment(f"{folder}@2024-05-31"), moment(str(folder)))
    found = changes.defects.set_index("class")["change"]
    assert found["ravelling"] == "grown"
    assert "longitudinal_crack" not in found  # the same as it was
    segments = changes.segments.set_index("segment_id")
    assert segments.loc["w1", "grown_n"] == 1
    assert segments.loc["w1", "score_after"] < segments.loc["w1", "score_before"]
    assert set(segments.index) == {"w0", "w1"}  # nobody has looked at the others
    assert changes.summary["before_utc"] < changes.summary["after_utc"]


def test_two_maps_compare_as_two_moments_of_one(folder: Path, autumn: Path, network: Network, tmp_path: Path) -> None:
    create(tmp_path / "new", [autumn], network, TABLE)
    apart = changes_between(moment(str(folder)), moment(str(tmp_path / "new")))
    extend(open_map(folder), [autumn], TABLE)
    together = changes_between(moment(f"{folder}@2024-05-31"), moment(str(folder)))
    # The order in which drives are joined moves places and sizes a little.
    assert apart.segments["change"].tolist() == together.segments["change"].tolist()
    np.testing.assert_allclose(apart.segments["score_change"], together.segments["score_change"], atol=3)
    assert apart.summary == together.summary


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{map}@tomorrow", "is no date"),
        ("{map}@2020-01-01", "first survey of this map is later"),
        ("{map}/inventory", "no map here"),
        ("nowhere", "no map here"),
    ],
)
def test_a_moment_that_is_none_is_told(folder: Path, text: str, problem: str) -> None:
    with pytest.raises((InputError, SettingsError), match=problem):
        moment(text.format(map=folder))


def test_the_newer_moment_can_not_come_first(folder: Path) -> None:
    with pytest.raises(SettingsError, match="is not older than"):
        changes_between(moment(str(folder)), moment(str(folder)))


def test_maps_of_other_networks_do_not_compare(folder: Path, spring: Path, network: Network, tmp_path: Path) -> None:
    fewer = replace(network, segments=network.segments.iloc[:3].copy(), built=None)
    create(tmp_path / "fewer", [spring], fewer, TABLE)
    with pytest.raises(InputError, match="its segments are not those of"):
        changes_between(moment(str(folder)), moment(str(tmp_path / "fewer")))


def test_maps_of_lines_drawn_otherwise_do_not_compare(
    folder: Path, autumn: Path, network: Network, tmp_path: Path
) -> None:
    turned = network.segments.copy()
    turned.loc[0, "geometry"] = turned.geometry[0].reverse()
    create(tmp_path / "turned", [autumn], replace(network, segments=turned, built=None), TABLE)
    with pytest.raises(InputError, match="its segments are not those of"):
        changes_between(moment(str(folder)), moment(str(tmp_path / "turned")))


def test_drives_without_a_clock_have_no_order(
    folder: Path, survey: SurveyResult, network: Network, tmp_path: Path
) -> None:
    write_result(later(survey, np.nan, survey.defects), {}, tmp_path / "result")
    create(tmp_path / "timeless", [tmp_path / "result"], network, TABLE)
    with pytest.raises(SettingsError, match="timeless: its drives have no times"):
        changes_between(moment(str(folder)), moment(str(tmp_path / "timeless")))


@pytest.mark.parametrize("part", ["inventory", "inventory/passes.parquet", "inventory/inventory.json"])
def test_a_damaged_map_is_told(folder: Path, part: str) -> None:
    (folder / part).rename(folder / "lost")
    with pytest.raises(InputError, match=r"no map here|missing or damaged|no inventory here"):
        open_map(folder)
