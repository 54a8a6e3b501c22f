"""What people say of damage goes before what the surveys say."""

from detector.results import SurveyResult
from roads.condition.table import read_table
from roads.mapping import road_map
from roads.network import Network
from roads.tables import TRACK
from roads.verdicts import Verdict
from tests.roads.drives import inventory_of


def test_rejected_damage_is_off_the_map_and_costs_nothing(network: Network, survey: SurveyResult) -> None:
    inventory = inventory_of(network, survey)
    before = road_map(inventory, read_table())
    after = road_map(inventory, read_table(), verdicts={2: Verdict(there=False)})
    assert set(before.defects["id"]) - set(after.defects["id"]) == {2}
    assert after.segments["pothole_n"].sum() == 0
    assert after.segments["score"].iloc[0] > before.segments["score"].iloc[0]


def test_accepted_damage_is_certain_and_a_relabel_changes_what_it_is(network: Network, survey: SurveyResult) -> None:
    inventory = inventory_of(network, survey)
    defects = road_map(inventory, read_table(), verdicts={3: Verdict(True), 2: Verdict(True, 4)}).defects
    assert defects.set_index("id")["probability"].loc[[2, 3]].tolist() == [1.0, 1.0]
    assert defects.set_index("id")["class"].loc[2] == "ravelling"


def test_a_verdict_on_a_defect_that_is_no_more_changes_nothing(network: Network, survey: SurveyResult) -> None:
    inventory = inventory_of(network, survey)
    same = road_map(inventory, read_table(), verdicts={999: Verdict(False)})
    assert same.defects.equals(road_map(inventory, read_table()).defects)


def test_the_track_of_a_drive_has_the_columns_of_an_empty_inventory(network: Network, survey: SurveyResult) -> None:
    track = inventory_of(network, survey).track.drop(columns=["survey", "geometry"])
    assert {name: str(kind) for name, kind in track.dtypes.items()} == TRACK


def test_the_map_that_nobody_has_driven(network: Network) -> None:
    empty = road_map(inventory_of(network), read_table())
    assert set(empty.segments["status"]) == {"not surveyed"}
    assert empty.summary["from_utc"] is None
