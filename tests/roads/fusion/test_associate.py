"""The one-to-one assignment is the best there is, and long damage takes its parts."""

from itertools import product

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from roads.fusion import add
from roads.fusion.associate import assign
from roads.inventory import empty_inventory
from tests.roads.fusion.making import (
    ALLIGATOR,
    LONGITUDINAL,
    POTHOLE,
    RAVELLING,
    drive,
    network,
    sight,
)


def defects_of(*drives: object) -> list[list[int]]:
    """The defect of each observation, drive by drive."""
    inventory = empty_inventory(network())
    for placed in drives:
        inventory = add(inventory, placed)
    observations: pd.DataFrame = inventory.observations
    return [part["defect"].tolist() for _, part in observations.groupby("survey")]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.01, 100)),
        max_size=10,
        unique_by=lambda pair: pair[:2],
    )
)
def test_no_assignment_is_better(pairs: list[tuple[int, int, float]]) -> None:
    i, j, ratio = (np.array(c) for c in zip(*pairs, strict=True)) if pairs else (np.zeros(0, int),) * 2 + (np.zeros(0),)
    taken = assign(i, j, ratio, 4, 4)
    gain = {(a, b): np.log(r) for a, b, r in pairs}
    used = [b for b in taken.tolist() if b >= 0]
    assert len(used) == len(set(used))
    assert all((a, b) in gain for a, b in enumerate(taken.tolist()) if b >= 0)
    total = sum(gain[a, b] for a, b in enumerate(taken.tolist()) if b >= 0)
    best = max(
        sum(gain[a, b] for a, b in enumerate(choice) if b >= 0)
        for choice in product(range(-1, 4), repeat=4)
        if all(b < 0 or (a, b) in gain for a, b in enumerate(choice))
        and len({b for b in choice if b >= 0}) == sum(b >= 0 for b in choice)
    )
    assert np.isclose(total, best, atol=1e-9)


def test_both_directions_show_the_same_damage() -> None:
    first, second = defects_of(
        drive("a", [sight(50), sight(250)]), drive("b", [sight(250.3), sight(50.2)], forward=False)
    )
    assert second == first[::-1]


def test_kinds_are_kept_apart_and_a_crack_may_change_class() -> None:
    first, second = defects_of(
        drive("a", [sight(50, class_id=LONGITUDINAL, length_m=2.0)]),
        drive("b", [sight(50, class_id=ALLIGATOR, length_m=2.0), sight(50, class_id=POTHOLE)]),
    )
    assert second[0] == first[0]
    assert second[1] != first[0]


def test_part_of_a_long_damage_is_that_damage() -> None:
    first, second = defects_of(
        drive("a", [sight(60, class_id=RAVELLING, length_m=40.0, width_m=2.0)]),
        drive("b", [sight(x, class_id=RAVELLING, length_m=10.0, width_m=2.0) for x in (47, 60, 73)]),
    )
    assert second == first * 3


def test_long_cracks_end_to_end_stay_two() -> None:
    both = [sight(x, class_id=LONGITUDINAL, length_m=19.0, width_m=0.3) for x in (20, 40)]
    first, second = defects_of(drive("a", both), drive("b", both[::-1]))
    assert len(set(first)) == 2
    assert second == first[::-1]


def test_damage_seen_in_one_visit_is_never_one() -> None:
    (found,) = defects_of(drive("a", [sight(50), sight(50.3)]))
    assert len(set(found)) == 2


def test_a_second_visit_of_a_drive_shows_what_the_first_did() -> None:
    (found,) = defects_of(drive("a", [sight(50), sight(50.2, visit=1), sight(52.2, visit=1)]))
    assert found[0] == found[1] != found[2]
