"""The drive's own error is found where enough damage tells it, and not made up where none does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fusion import Drives, pair_counts, simulate, world
from roads.fusion import FusionOptions, add
from roads.inventory import empty_inventory
from tests.roads.fusion.making import drive, network, sight

SPOTS = [20.0, 22.1, 26.0, 33.0, 41.5, 43.6, 57.0, 71.0, 80.0, 82.2, 86.5, 95.0]


@settings(max_examples=10, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_constant_offset_is_found(dx: float, dy: float) -> None:
    inventory = add(empty_inventory(network()), drive("a", [sight(x) for x in SPOTS]))
    inventory = add(inventory, drive("b", [sight(x + dx, -1.75 + dy, sigma_m=2.0) for x in SPOTS], day=9))
    second = inventory.observations[inventory.observations["survey"] == 1]
    assert second["defect"].tolist() == inventory.observations["defect"].tolist()[: len(SPOTS)]
    assert np.hypot(second["shift_x_m"] - dx, second["shift_y_m"] - dy).max() < 0.6


def test_without_known_damage_nothing_is_shifted() -> None:
    inventory = add(empty_inventory(network()), drive("a", [sight(x) for x in SPOTS]))
    inventory = add(inventory, drive("b", [sight(x + 700) for x in SPOTS], day=9))
    assert (inventory.observations[["shift_x_m", "shift_y_m"]] == 0).all(axis=None)


def test_places_stay_what_the_drive_said() -> None:
    placed = drive("b", [sight(x + 2) for x in SPOTS], day=9)
    inventory = add(add(empty_inventory(network()), drive("a", [sight(x) for x in SPOTS])), placed)
    second = inventory.observations[inventory.observations["survey"] == 1]
    assert second["x_m"].tolist() == placed.observations["x_m"].tolist()


@pytest.mark.parametrize(("bias_m", "at_least", "gain"), [(1.5, 0.82, 0.05), (3.0, 0.76, 0.08)])
def test_drives_with_a_wandering_error_are_fused(bias_m: float, at_least: float, gain: float) -> None:
    """Pairwise F1 of identity over simulated drives; the benchmark prints the whole table."""
    f1 = []
    for register in (True, False):
        same = fused = both = 0
        for seed in (1,):
            rng = np.random.default_rng(seed)
            road = world(rng, 4000.0)
            options = FusionOptions(register=register)
            inventory, truth, _ = simulate(road, rng, 8, Drives(bias_m=bias_m), options)
            a, b, c = pair_counts(truth, inventory.observations["defect"].to_numpy())
            same, fused, both = same + a, fused + b, both + c
        f1.append(2 * both / (same + fused))
    assert f1[0] > at_least
    assert f1[0] > f1[1] + gain
