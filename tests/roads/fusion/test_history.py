"""A defect's state says what the newest survey that covered it says; its probability what all of them do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roads.fusion import State, add, defects_at
from roads.inventory import empty_inventory
from roads.placing import Placed
from tests.roads.fusion.making import DAY_S, LONGITUDINAL, POTHOLE, RAVELLING, START_S, drive, network, sight

NETWORK = network()


def history(*made: Placed, at_s: float | None = None) -> pd.DataFrame:
    inventory = empty_inventory(NETWORK)
    for placed in made:
        inventory = add(inventory, placed)
    return defects_at(inventory, at_s)


def only(*made: Placed) -> pd.Series:
    defects = history(*made)
    assert len(defects) == 1
    return defects.iloc[0]


def empty_drive(name: str, day: float, **how: object) -> Placed:
    return drive(name, [], day, **how)  # type: ignore[arg-type]


def test_first_seen_where_nobody_looked_before() -> None:
    found = only(empty_drive("a", 0, unusable=[0]), drive("b", [sight(50)], day=30))
    assert (found["state"], found["sights"], found["missed"]) == (State.FIRST_SEEN, 1, 0)
    assert found["probability"] == pytest.approx(0.7, abs=0.001)
    assert np.isnan(found["growth"])


def test_new_where_an_earlier_survey_saw_a_sound_road() -> None:
    assert only(empty_drive("a", 0), drive("b", [sight(50)], day=30))["state"] == State.NEW


def test_seen_again_is_surer() -> None:
    found = only(drive("a", [sight(50)]), drive("b", [sight(50.2)], day=30))
    assert (found["state"], found["sights"], found["looks"]) == (State.SEEN_AGAIN, 2, 4)
    assert found["probability"] > 0.85


def test_repaired_damage_goes() -> None:
    inventory = empty_inventory(NETWORK)
    for k in range(3):
        inventory = add(inventory, drive(f"seen {k}", [sight(50)], day=30 * k))
    states = []
    for k in range(5):
        inventory = add(inventory, empty_drive(f"missed {k}", 90 + 30 * k))
        found = defects_at(inventory).iloc[0]
        assert found["missed"] == k + 1
        states.append(found["state"])
    assert states[0] == State.NOT_SEEN_AGAIN
    assert states[-1] == State.GONE
    assert states == sorted(states, key=lambda s: s == State.GONE)  # once gone, always gone


def test_a_pass_that_did_not_see_the_place_says_nothing() -> None:
    seen = drive("a", [sight(50)])
    blind = only(seen, *(empty_drive(f"blind {k}", 30 + k, unusable=[0]) for k in range(5)))
    assert (blind["state"], blind["missed"]) == (State.FIRST_SEEN, 0)
    assert blind["last_covered_s"] == blind["last_seen_s"] == pytest.approx(START_S + 5)


def test_damage_that_comes_back_is_there_again() -> None:
    gone = [drive("a", [sight(50)]), *(empty_drive(f"missed {k}", 30 + k) for k in range(6))]
    assert only(*gone)["state"] == State.GONE
    back = only(*gone, drive("z", [sight(50)], day=90))
    assert back["state"] == State.SEEN_AGAIN
    assert back["probability"] == pytest.approx(0.7, abs=0.001)


def test_a_pass_the_other_way_says_less() -> None:
    seen = [drive(f"seen {k}", [sight(50)], day=k) for k in range(2)]
    same = only(*seen, empty_drive("missed", 30))
    other = only(*seen, empty_drive("missed", 30, forward=False))
    assert other["missed"] == same["missed"] == 1
    assert other["probability"] > same["probability"]


def test_an_unseen_pothole_fades_faster_than_a_crack() -> None:
    def left(class_id: int) -> float:
        inventory = add(empty_inventory(NETWORK), drive("a", [sight(50, class_id=class_id)]))
        return float(defects_at(inventory, START_S + 3 * 365 * DAY_S).iloc[0]["probability"])

    assert left(POTHOLE) < 0.3 < 0.55 < left(LONGITUDINAL) < 0.7


def test_grown_is_more_than_the_doubt_of_size() -> None:
    def after(times: float) -> pd.Series:
        sizes = {"length_m": 6.0 * times, "width_m": 0.3}
        made = [drive("a", [sight(50, class_id=LONGITUDINAL, length_m=6.0, width_m=0.3)])]
        return only(*made, drive("b", [sight(50, class_id=LONGITUDINAL, **sizes)], day=400))

    grown, same = after(2.0), after(1.2)
    assert (grown["state"], same["state"]) == (State.GROWN, State.SEEN_AGAIN)
    assert grown["growth"] == pytest.approx(1.0)
    assert grown["growth"] > 2 * grown["growth_sigma"]
    assert same["growth"] == pytest.approx(0.2)
    assert grown["length_m"] == pytest.approx(12.0)  # of its last state
    assert same["length_m"] == pytest.approx(6.6)  # both agree


def test_parts_of_one_visit_are_its_size_together() -> None:
    whole = drive("a", [sight(60, class_id=RAVELLING, length_m=30.0, width_m=2.0)])
    parts = [sight(x, class_id=RAVELLING, length_m=10.0, width_m=2.0) for x in (50, 60, 70)]
    found = only(whole, drive("b", parts, day=30))
    assert found["length_m"] == pytest.approx(30.0)
    assert found["area_m2"] == pytest.approx(60.0)
    assert found["growth"] == pytest.approx(0.0, abs=1e-6)
    assert (found["sights"], found["looks"]) == (2, 8)


def test_class_is_that_of_the_summed_scores() -> None:
    made = [
        drive(f"{k}", [sight(50, class_id=c, score=s)], day=k)
        for k, (c, s) in enumerate(((0, 0.8), (2, 0.5), (2, 0.5)))
    ]
    found = only(*made)
    assert found["class_id"] == 2
    assert found["score"] == pytest.approx(0.8)
    assert (found["survey"], found["number"]) == (0, 1)


def test_a_sight_just_over_the_end_of_a_section_is_no_miss() -> None:
    """Receivers are off by metres: of three sights one is laid on the next section."""
    made = [drive(f"{k}", [sight(x)], day=k) for k, x in enumerate([99.0, 100.4, 98.6])]
    found = only(*made)
    assert (found["segment"], found["sights"], found["missed"]) == (0, 3, 0)
    assert found["state"] == State.SEEN_AGAIN
    assert found["probability"] > 0.95


def test_surveys_are_taken_in_the_order_of_time_not_of_adding() -> None:
    late, early = drive("late", [sight(50)], day=60), drive("early", [sight(50)], day=0)
    missed = empty_drive("between", 30)
    assert only(late, missed, early)["state"] == State.SEEN_AGAIN
    assert only(early, late, missed)["missed"] == 0


def test_a_moment_before_everything_knows_nothing() -> None:
    assert history(drive("a", [sight(50)]), at_s=START_S - 1).empty


@settings(max_examples=6, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=6), st.floats(0.1, 0.9))
def test_a_sight_raises_and_a_miss_lowers_the_probability(looks: list[bool], score: float) -> None:
    inventory = add(empty_inventory(NETWORK), drive("first", [sight(50, score=score)]))
    before = defects_at(inventory)["probability"].item()
    for k, seen in enumerate(looks):
        inventory = add(inventory, drive(f"{k}", [sight(50, score=score)] if seen else [], day=1 + k))
        now = defects_at(inventory)["probability"].item()
        assert now > before if seen else now < before
        before = now
