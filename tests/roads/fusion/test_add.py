"""Adding drives loses nothing, changes nothing that it doesn't concern, and never chains."""

from collections.abc import Sequence
from dataclasses import replace

import geopandas.testing
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import NetworkError
from roads.fusion import FusionOptions, add, defects_at, identified, without
from roads.inventory import Inventory, empty_inventory
from roads.placing import Placed
from tests.roads.fusion.making import DAY_S, ORIGIN, START_S, drive, network, sight

NETWORK = network()
PLACES = st.tuples(
    st.floats(0, 999), st.sampled_from([-1.75, 1.75, 40.0]), st.integers(0, 4), st.sampled_from([0.5, 2.0, 15.0])
)
SURVEYS = st.lists(st.tuples(st.sampled_from("abcd"), st.lists(PLACES, max_size=8), st.booleans()), max_size=5)


def drives(surveys: Sequence[tuple[str, list[tuple[float, float, int, float]], bool]]) -> list[Placed]:
    made = []
    for day, (name, places, forward) in enumerate(surveys):
        sights = [sight(x, y, c, length_m=size, visit=n % 2) for n, (x, y, c, size) in enumerate(places)]
        made.append(drive(name, sights, 30.0 * day, forward))
    return made


def added(made: Sequence[Placed]) -> Inventory:
    inventory = empty_inventory(NETWORK)
    for placed in made:
        inventory = add(inventory, placed)
    return inventory


def assert_same(a: Inventory, b: Inventory) -> None:
    for name in ("surveys", "observations", "passes"):
        pd.testing.assert_frame_equal(getattr(a, name), getattr(b, name))
    geopandas.testing.assert_geodataframe_equal(a.track, b.track)
    assert a.next_id == b.next_id


@settings(max_examples=20, deadline=None)
@given(SURVEYS)
def test_nothing_is_lost(surveys: list) -> None:
    made = drives(surveys)
    inventory = added(made)
    last = {placed.survey["survey_id"]: placed for placed in made}
    assert sorted(inventory.surveys["survey_id"]) == sorted(last)
    for survey, name in enumerate(inventory.surveys["survey_id"]):
        for table, given_ in (
            (inventory.observations, last[name].observations),
            (inventory.passes, last[name].passes),
        ):
            kept = table[table["survey"] == survey].reset_index(drop=True)[list(given_.columns)]
            new = [c for c in ("survey", "defect") if c in given_.columns]
            pd.testing.assert_frame_equal(kept.drop(columns=new), given_.drop(columns=new))
    defects = defects_at(inventory)
    assert sorted(defects["id"]) == sorted(inventory.observations["defect"].unique())
    assert (inventory.observations["defect"] < inventory.next_id).all()
    assert (inventory.observations["defect"] >= 1).all()
    assert defects["looks"].sum() == inventory.observations["looks"].sum()
    assert defects["probability"].between(0, 1).all()
    assert ((defects["reason"] != "") == (defects["segment"] < 0)).all()


@settings(max_examples=8, deadline=None)
@given(SURVEYS.filter(bool))
def test_the_same_survey_twice_is_once(surveys: list) -> None:
    made = drives(surveys)
    inventory = added(made)
    assert_same(add(inventory, made[-1]), inventory)


@settings(max_examples=8, deadline=None)
@given(SURVEYS.filter(bool))
def test_a_drive_changes_no_other_sight(surveys: list) -> None:
    *before, last = drives(surveys)
    inventory = added(before)
    after = add(inventory, last)
    mine = np.flatnonzero(after.surveys["survey_id"] == last.survey["survey_id"])[0]
    pd.testing.assert_frame_equal(
        after.observations[after.observations["survey"] != mine].reset_index(drop=True),
        inventory.observations[inventory.observations["survey"] != mine].reset_index(drop=True),
    )


@settings(max_examples=8, deadline=None)
@given(SURVEYS.filter(lambda surveys: len({name for name, _, _ in surveys}) == len(surveys)))
def test_an_earlier_moment_is_what_the_inventory_said_then(surveys: list) -> None:
    inventory = empty_inventory(NETWORK)
    said = []
    for placed in drives(surveys):
        inventory = add(inventory, placed)
        said.append((float(placed.survey["to_s"]), defects_at(inventory, float(placed.survey["to_s"]))))
    for at_s, then in said:
        pd.testing.assert_frame_equal(defects_at(inventory, at_s), then)


def test_a_detected_again_survey_keeps_what_it_shows_again() -> None:
    first = drive("a", [sight(50), sight(150), sight(250)])
    inventory = added([first, drive("b", [sight(50), sight(350)], day=9)])
    again = add(inventory, drive("a", [sight(250.2), sight(50.1), sight(450)]))
    of_a = again.observations[again.observations["survey"] == 0]
    assert of_a["defect"].tolist() == [3, 1, 5]
    assert sorted(defects_at(again)["id"]) == [1, 3, 4, 5]  # 2 was seen by no other, and is no more
    assert len(again.surveys) == 2


def test_a_row_of_potholes_does_not_chain() -> None:
    """Twenty potholes 2 m apart, fifty drives that each find 60 % of them and are off by metres."""
    rng = np.random.default_rng(7)
    spots = 100 + 2.0 * np.arange(20)
    inventory = empty_inventory(NETWORK)
    for k in range(50):
        error = rng.normal(0, 1.0, 2)
        sights = [
            sight(x + error[0] + rng.normal(0, 0.3), -1.75 + error[1] + rng.normal(0, 0.2), sigma_m=1.4)
            for x in spots[rng.random(20) < 0.6]
        ]
        inventory = add(inventory, drive(f"drive {k}", sights, day=k))
    seen = inventory.observations
    at = seen["x_m"] - seen["shift_x_m"]
    per_defect = at.groupby(seen["defect"])
    assert (per_defect.max() - per_defect.min()).max() < 4 * FusionOptions().anchor_m
    often = defects_at(inventory).query("sights >= 10")
    assert 15 <= len(often) <= 25
    assert (per_defect.std()[often["id"]] < 1.5).all()


def test_a_creeping_pothole_is_left_behind() -> None:
    """Each drive shows it 0.7 m farther on: were the reference to follow, one defect would reach 21 m."""
    inventory = empty_inventory(NETWORK)
    for k in range(30):
        inventory = add(inventory, drive(f"drive {k}", [sight(100 + 0.7 * k, sigma_m=0.9)], day=k))
    at = inventory.observations["x_m"].groupby(inventory.observations["defect"])
    assert (at.max() - at.min()).max() < 10
    assert at.ngroups >= 3


def test_damage_off_the_network_is_fused_by_its_place() -> None:
    defects = defects_at(added([drive("a", [sight(300, 60.0)]), drive("b", [sight(300.4, 60.2)], day=9)]))
    assert len(defects) == 1
    row = defects.iloc[0]
    assert (row["segment"], row["state"], row["sights"], row["missed"]) == (-1, "seen again", 2, 0)
    assert row["reason"] == "farther than 25 m from the roads driven"
    assert np.isnan(row["offset_m"])


def test_damage_without_a_time_is_fused_too() -> None:
    made = [drive(name, [sight(50), sight(60), sight(300)], timed=False) for name in "ab"]
    defects = defects_at(added(made))
    assert defects["state"].tolist() == ["seen again"] * 3
    assert defects["last_seen_s"].isna().all()
    assert defects["probability"].between(0.8, 1).all()


def test_a_drive_on_another_network_is_refused() -> None:
    placed = drive("a", [sight(1500)], sections=20)
    with pytest.raises(NetworkError, match="not the network that survey 'a' was placed on"):
        add(empty_inventory(NETWORK), placed)


def test_places_are_means_that_only_several_surveys_make_surer() -> None:
    one = drive("a", [sight(50, sigma_m=2.0), sight(50.5, sigma_m=2.0, visit=1)])
    alone = defects_at(added([one])).iloc[0]
    assert alone["x_m"] - ORIGIN[0] == pytest.approx(50.25)
    assert alone["sigma_m"] == pytest.approx(2.0)
    both = defects_at(added([one, drive("b", [sight(50.75, sigma_m=2.0)], day=9)])).iloc[0]
    assert both["x_m"] - ORIGIN[0] == pytest.approx(50.5)
    assert both["sigma_m"] == pytest.approx(2.0 / np.sqrt(2))
    assert both["offset_m"] == pytest.approx(50.5)
    assert both["from_line_m"] == pytest.approx(-1.75)
    assert both["last_seen_s"] == pytest.approx(START_S + 9 * DAY_S + 5.075)


def named(inventory: Inventory, placed: Placed) -> str:
    return str(identified(inventory, placed).survey["survey_id"])


def test_two_drives_of_one_name_and_track_are_told_apart_by_their_times() -> None:
    morning, noon, evening = (drive("a", [sight(50.0)], day) for day in (0.0, 0.2, 0.4))
    inventory = empty_inventory(NETWORK)
    for placed, name in ((morning, "a"), (noon, "a-2"), (evening, "a-3")):
        assert named(inventory, placed) == name
        inventory = add(inventory, identified(inventory, placed))
    assert [named(inventory, placed) for placed in (morning, noon, evening)] == ["a", "a-2", "a-3"]
    # One that was taken off leaves its id to the next, and nobody else's changes.
    inventory = without(inventory, "a")
    assert [named(inventory, placed) for placed in (noon, evening, morning)] == ["a-2", "a-3", "a"]


def test_a_drive_found_again_with_another_clock_is_the_one_it_overlaps_most() -> None:
    first, second = drive("a", [sight(50.0)], 0.0), drive("a", [sight(50.0)], 0.0)
    until_s = first.survey["to_s"]
    second = replace(second, survey={**second.survey, "from_s": until_s + 1.0, "to_s": until_s + 100.0})
    inventory = add(empty_inventory(NETWORK), first)
    inventory = add(inventory, identified(inventory, second))
    shifted = replace(second, survey={**second.survey, "from_s": until_s - 2.0, "to_s": until_s + 97.0})
    assert named(inventory, shifted) == "a-2"


def test_without_a_clock_the_same_id_is_the_same_drive() -> None:
    inventory = add(empty_inventory(NETWORK), drive("a", [sight(50.0)]))
    assert named(inventory, drive("a", [sight(50.0)], timed=False)) == "a"
