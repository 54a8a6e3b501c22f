from functools import reduce

import pytest

from detector.scene.extent import Edge, Extent, settled


def look(near: float, far: float, var: float = 0.01) -> Extent:
    return Extent((Edge(near, var, False), Edge(far, var, False), Edge(-0.5, 0.01, False), Edge(0.5, 0.01, False)))


def whole(looks: list[Extent]) -> Extent:
    return reduce(Extent.joined, looks)


def test_a_long_damage_keeps_what_its_parts_span() -> None:
    looks = [look(0.0, 1.0), look(4.0, 5.0), look(8.0, 9.0)]
    assert settled(whole(looks), looks)[:2] == pytest.approx((0.0, 9.0), abs=0.3)


def test_a_pothole_is_never_shown_in_parts() -> None:
    looks = [look(0.0, 0.6, var=0.04), look(7.0, 7.8)]
    low, high, *_ = settled(whole(looks), looks, is_long=False)
    assert (low, high) == pytest.approx((7.0, 7.8))  # where the surest look saw it


@pytest.mark.parametrize("is_long", [True, False])
def test_looks_that_agree_give_their_mean_size(is_long: bool) -> None:
    looks = [look(2.0, 3.0), look(2.1, 3.1), look(1.9, 2.9)]
    low, high, *_ = settled(whole(looks), looks, is_long)
    assert high - low == pytest.approx(1.0)
    assert (low + high) / 2 == pytest.approx(2.5, abs=0.06)
