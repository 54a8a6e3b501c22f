from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from roads.condition.curves import PATH, SEVERITIES, curves
from roads.condition.damage import Readings
from roads.condition.pci import FOOT_M, allowed, index, indices, ratings
from roads.condition.table import read_table

CURVES = curves()
FIGURES: dict[str, Any] = yaml.safe_load(PATH.read_text())
TYPES = list(CURVES.types)
D6433 = [25.1, 23.4, 17.9, 11.2, 7.9, 7.5, 6.9, 5.3]  # the deducts of the standard's worked example


@pytest.mark.parametrize(
    ("name", "severity", "density", "deduct"),
    [(name, *check) for name, entry in FIGURES["types"].items() for check in entry["checks"]],
)
def test_the_curves_are_near_what_others_read(name: str, severity: str, density: float, deduct: float) -> None:
    value = CURVES.types[name].deduct(np.array([density]), SEVERITIES.index(severity))[0]  # type: ignore[arg-type]
    assert value == pytest.approx(deduct, abs=FIGURES["types"][name]["within"])


@pytest.mark.parametrize(("total", "q", "corrected"), FIGURES["corrected"]["checks"])
def test_the_corrections_are_near_what_others_read(total: float, q: int, corrected: float) -> None:
    value = CURVES.corrected(np.array([total]), q)[0]
    assert value == pytest.approx(corrected, abs=FIGURES["corrected"]["within"])


@pytest.mark.parametrize("name", TYPES)
def test_deducts_never_fall_with_density_or_severity(name: str) -> None:
    density = np.concatenate([[0.0], np.geomspace(1e-4, 100, 500)])
    values = np.array([CURVES.types[name].deduct(density, s) for s in range(3)])
    assert (np.diff(values, axis=1) >= 0).all()
    assert (np.diff(values, axis=0) >= 0).all()
    assert values[:, 0].max() == 0
    assert values.max() <= 100


def test_a_larger_q_never_corrects_to_more() -> None:
    total = np.linspace(0, 250, 501)
    values = np.array([CURVES.corrected(total, q) for q in range(1, 11)])
    assert (np.diff(values, axis=0) <= 1e-9).all()
    assert (np.diff(values, axis=1) >= 0).all()
    assert (values <= total).all()


def test_the_worked_example_of_the_standard() -> None:
    assert allowed(25.1) == pytest.approx(7.88, abs=0.005)
    pci = index(np.array([D6433]))
    assert pci[0] == pytest.approx(49, abs=1)
    assert ratings(np.array([49.0]))[0] == "Poor"


def test_one_deduct_counts_in_full_and_small_ones_add_up() -> None:
    assert index(np.array([[30.0, 0, 0, 0], [1.5, 1.5, 1.0, 0], [0, 0, 0, 0], [100, 100, 100, 100]])).tolist() == [
        pytest.approx(70),
        pytest.approx(96),
        100,
        0,
    ]


def standard(deducts: list[float]) -> float:
    """The PCI as D6433 9.5 words it, step by step."""
    falling = sorted(deducts, reverse=True)
    m = min(1 + 9 / 98 * (100 - falling[0]), 10)
    kept = falling[: int(m)]
    if len(falling) > len(kept):
        kept.append(falling[len(kept)] * (m - int(m)))
    highest = 0.0
    while True:
        q = sum(value > 2 for value in kept)
        if q <= 1:
            return 100 - min(max(highest, sum(kept)), 100)
        highest = max(highest, CURVES.corrected(np.array([sum(kept)]), q)[0])
        kept[q - 1] = 2.0


@given(st.lists(st.floats(0, 100), min_size=4, max_size=4))
def test_the_index_is_the_standards_or_a_little_lower(deducts: list[float]) -> None:
    pci = index(np.array([deducts]))[0]
    if max(deducts) <= 100 - 3 * 98 / 9:  # all four count
        assert pci == pytest.approx(standard(deducts), abs=1e-9)
    else:
        # The highest deduct is read at the next of 34 steps.
        assert pci <= standard(deducts) + 2.5


@given(st.lists(st.floats(0, 100), min_size=4, max_size=4), st.lists(st.floats(0, 100), min_size=4, max_size=4))
def test_the_index_never_rises_with_a_deduct(a: list[float], b: list[float]) -> None:
    less, more = np.minimum(a, b), np.maximum(a, b)
    assert index(more[None])[0] <= index(less[None])[0] + 1e-9


def test_the_standards_own_index_can_rise_when_damage_grows() -> None:
    """Which is why ours reads the limit on the number of deducts another way."""
    assert standard([89.2, 20, 20, 20]) > standard([88.0, 20, 20, 20])
    assert index(np.array([[89.2, 20, 20, 20]]))[0] <= index(np.array([[88.0, 20, 20, 20]]))[0]


def test_densities_are_taken_from_metres_to_the_feet_of_the_figures() -> None:
    # The worked example's pothole: one in 2500 square feet, a density of 0.04 %.
    area_m2 = 2500 * FOOT_M**2
    table = read_table()
    density = np.zeros((1, len(TYPES), 3))
    density[0, TYPES.index("potholes"), 0] = 100 / area_m2
    likely, low, high = indices(Readings(density, density, density), table)
    assert likely[0] == pytest.approx(100 - 11.2, abs=0.5)
    # Light at best and likely, moderate at worst: over 50 mm deep.
    assert high[0] == likely[0]
    assert low[0] == pytest.approx(100 - 18.9, abs=0.5)
    # 143 feet of moderate cracks in 2500 square feet, 5.72 %.
    density = np.zeros((1, len(TYPES), 3))
    density[0, TYPES.index("longitudinal_transverse_cracking"), :2] = 100 * 143 * FOOT_M / area_m2
    likely, _, _ = indices(Readings(density, density, density), table)
    expected = CURVES.types["longitudinal_transverse_cracking"].deduct(np.array([5.72]), 1)[0]
    assert likely[0] == pytest.approx(100 - expected)


def test_ratings_follow_whole_points() -> None:
    assert ratings(np.array([100, 85.5, 85.4, 70.4, 55.5, 40.4, 25.4, 10.5, 10.4, 0])).tolist() == [
        *["Good", "Good", "Satisfactory", "Fair", "Fair", "Very Poor", "Serious", "Serious", "Failed", "Failed"]
    ]
