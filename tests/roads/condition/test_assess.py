import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.taxonomy import CLASSES, Kind, Measure
from roads.condition import assess
from roads.condition.score import GRADES_NL, PLANS_NL, Status
from roads.condition.table import PLANS
from tests.roads.condition.made import TABLE, Road, Row, both, defect, defects, one, seen, several, table_of

EMPTY: list[Row] = []


def later(plan: object) -> int:
    return PLANS.index(plan)  # type: ignore[arg-type]


def test_an_undamaged_section_scores_100_but_may_hide_damage() -> None:
    c = one(EMPTY)
    assert (c.status, c.score, c.grade, c.grade_nl, c.plan, c.plan_nl) == (
        *("graded", 100, "good", "goed", "later", "later"),
    )
    assert (c.pci, c.pci_rating, c.score_high, c.pci_high) == (100, "Good", 100, 100)
    assert 75 < c.score_low < 100  # what the detector misses of an ordinary road's damage
    assert 60 < c.pci_low < 100
    assert c.confidence < 1
    assert pd.isna(c.reasons)
    assert pd.isna(c.note)
    assert (c.cracking_extent, c.cracking_percent) == (0, 0)
    assert pd.isna(c.cracking_severity)


def test_golden_score_and_the_reasons_for_it() -> None:
    cracks = [defect(0, 12, 0.2, sigma=0.2, id_=9), defect(1, 0.3, 3.0, sigma=0.2, id_=2)]
    found = [defect(3, 0.6, 0.6, sigma=0.2, id_=4), *cracks]
    c = one(found, covered=80)
    assert (c.score, c.grade, c.grade_nl) == (40, "poor", "matig")
    assert c.reasons == "potholes E2 (0.15 %): -38; defects 4 | cracking M2 (18.8 %): -22; defects 9, 2"
    assert (c.cracking_severity, c.cracking_extent, c.cracking_percent) == ("M", 2, 18.75)
    assert (c.potholes_severity, c.potholes_extent, c.potholes_percent) == ("E", 2, 0.15)
    assert (c.plan, c.plan_nl) == ("year 1", "jaar 1")
    assert c.score_low < 40 < c.score_high
    assert (c.pothole_n, c.pothole_area_m2, c.longitudinal_crack_n, c.longitudinal_crack_length_m) == (1, 0.36, 1, 12)
    assert c.transverse_crack_length_m == 3.0  # a transverse crack's length lies across the road


def test_a_damage_counts_for_its_probability() -> None:
    ten = one([defect(0, 4, 0.1, p=0.6, id_=i) for i in range(10)])
    six = one([defect(0, 4, 0.1, id_=i) for i in range(6)])
    assert (ten.score, ten.cracking_percent) == (six.score, six.cracking_percent)
    assert ten.score_high - ten.score_low >= six.score_high - six.score_low
    assert (ten.longitudinal_crack_n, ten.longitudinal_crack_length_m) == (10, 40)


def test_one_doubtful_look_is_no_pothole_yet() -> None:
    doubtful = defect(3, 0.6, 0.6, p=0.3)
    c = one([doubtful])
    assert (c.score, c.pci, c.plan, c.potholes_percent, c.pothole_n) == (100, 100, "later", 0, 1)
    assert c.score_low < one(EMPTY).score_low
    two = one([doubtful, doubtful])
    assert (two.plan, two.potholes_severity) == ("year 1", "E")


def test_what_is_gone_does_not_count() -> None:
    gone = one([defect(3, 0.6, 0.6) | {"state": "gone"}])
    pd.testing.assert_series_equal(gone, one(EMPTY))


def test_a_reason_names_the_largest_twenty() -> None:
    c = one([defect(0, 1 + i / 100, 0.1, id_=i) for i in range(50)])
    assert c.reasons.startswith("cracking L3 (")
    assert c.reasons.endswith("defects " + ", ".join(str(49 - i) for i in range(20)) + " +30")


def test_not_surveyed_is_not_undamaged() -> None:
    c = one([defect(3, 1, 1)], covered=0, visits=0)
    assert c.status == Status.NOT_SURVEYED
    for column in ("score", "score_low", "grade", "pci", "pci_rating", "plan", "cracking_percent", "potholes_extent"):
        assert pd.isna(c[column]), column
    assert c.confidence == 0
    assert c.note == "not surveyed; 1 defect seen from another segment"
    assert one(EMPTY, covered=0, visits=0).note == "not surveyed"


@pytest.mark.parametrize(
    ("length", "covered", "status"),
    [
        (100, 29, Status.TOO_LITTLE_SEEN),
        (100, 30, Status.GRADED),
        (40, 14, Status.TOO_LITTLE_SEEN),  # 35 %, but only 14 m
        (40, 15, Status.GRADED),
        (8, 8, Status.GRADED),  # shorter than 15 m, seen whole
        (8, 7, Status.TOO_LITTLE_SEEN),
    ],
)
def test_a_section_seen_too_little_gets_no_grade_and_says_so(length: float, covered: float, status: Status) -> None:
    c = one([defect(3, 1, 1)], length, covered)
    assert c.status == status
    for column in ("score", "grade", "pci", "pci_low", "plan", "plan_nl"):
        assert pd.isna(c[column]) == (status is Status.TOO_LITTLE_SEEN), column
    assert pd.isna(c.note) == (status is Status.GRADED)
    assert c.potholes_severity == "E"  # what was seen is shown all the same


def test_the_note_says_how_little_was_seen() -> None:
    assert one(EMPTY, covered=20).note == "seen for 20% (20 m); a grade needs 30% and 15 m"


def test_columns_keep_their_types_without_rows_or_values() -> None:
    none = assess(pd.DataFrame({"length_m": pd.Series([], dtype=float)}), table_of(EMPTY), seen([]), TABLE)
    unseen = assess(pd.DataFrame({"length_m": [100.0]}), table_of(EMPTY), seen([0]), TABLE)
    full = assess(pd.DataFrame({"length_m": [100.0]}), table_of([defect(3, 1, 1)]), seen([100]), TABLE)
    assert len(none) == 0
    assert none.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict() == unseen.dtypes.astype(str).to_dict()


def test_defects_on_no_segment_touch_none() -> None:
    rows = [defect(3, 1, 1, segment=-1), defect(3, 1, 1, segment=1)]
    made = assess(pd.DataFrame({"length_m": [100.0, 100.0]}), table_of(rows), seen([100, 100]), TABLE)
    assert made.score[0] == 100 > made.score[1]
    assert made.pothole_n.tolist() == [0, 1]


def test_damage_seen_in_one_lane_of_two_is_half_as_much_of_the_road() -> None:
    one_lane = one([defect(4, 10, 2)], seen_m=100)
    both = one([defect(4, 10, 2)], seen_m=200, visits=2)
    assert both.ravelling_percent == pytest.approx(one_lane.ravelling_percent / 2, abs=1e-4)


def test_doubt_of_size_is_not_averaged_away() -> None:
    """The scale error of a drive is shared: many small damages are as doubtful as one large one."""
    many = one([defect(4, 1, 3, sigma=0.4, id_=i) for i in range(20)])
    large = one([defect(4, 20, 3, sigma=0.4)])
    assert many.ravelling_percent == large.ravelling_percent
    sure = one([defect(4, 1, 3, id_=i) for i in range(20)])
    assert many.pci_high - many.pci_low > sure.pci_high - sure.pci_low


# --- properties

VALUES = ("score", "score_low", "score_high", "pci", "pci_low", "pci_high")
few = settings(max_examples=30, deadline=None)


def is_no_better(after: pd.Series, before: pd.Series) -> None:
    for column in VALUES:
        assert after[column] <= before[column], column
    assert later(after.plan) <= later(before.plan)


@few
@given(st.lists(defects, max_size=8), defects, st.floats(20, 500), st.floats(0.3, 1))
def test_more_damage_never_looks_better(found: list[Row], more: Row, length: float, share: float) -> None:
    covered = max(share * length, 15.0)
    less, worse = both(Road(found, length, covered), Road([*found, more], length, covered))
    is_no_better(worse, less)


@few
@given(st.lists(defects, min_size=1, max_size=6), st.floats(1, 5), st.floats(20, 500))
def test_grown_or_surer_damage_never_looks_better(found: list[Row], growth: float, length: float) -> None:
    first = found[0]
    grown = first | {
        "length_m": first["length_m"] * growth,
        "width_m": first["width_m"] * growth,
        "area_m2": first["area_m2"] * growth**2,
        "probability": min(first["probability"] * growth, 1.0),
    }
    before, after = both(Road(found, length, length), Road([grown, *found[1:]], length, length))
    is_no_better(after, before)


@few
@given(st.lists(defects, max_size=6), st.floats(50, 500), st.floats(0.31, 1), st.floats(0.31, 1))
def test_more_coverage_is_never_less_sure(found: list[Row], length: float, a: float, b: float) -> None:
    """The same share of damage, found on more of the road."""
    less, more = both(*(Road(found, length, share * length, length) for share in sorted((a, b))))
    assert less.confidence <= more.confidence
    for value in ("score", "pci"):
        assert less[value] == more[value]
        assert less[f"{value}_low"] <= more[f"{value}_low"]
        assert less[f"{value}_high"] >= more[f"{value}_high"]


@few
@given(st.lists(defects, max_size=6), st.integers(1, 20), st.integers(1, 20))
def test_more_visits_are_never_less_sure(found: list[Row], a: int, b: int) -> None:
    less, more = both(Road(found, visits=min(a, b)), Road(found, visits=max(a, b)))
    assert less.confidence <= more.confidence
    assert less.score_low <= more.score_low
    assert less.pci_low <= more.pci_low
    assert (less.score_high, less.pci_high) == (more.score_high, more.pci_high)


@few
@given(st.lists(defects, max_size=8), st.floats(20, 500), st.floats(0.3, 1))
def test_the_interval_holds_the_value(found: list[Row], length: float, share: float) -> None:
    c = one(found, length, max(share * length, 15.0))
    assert 0 <= c.score_low <= c.score <= c.score_high <= 100
    assert 0 <= c.pci_low <= c.pci <= c.pci_high <= 100
    assert 0 <= c.confidence <= 1
    assert GRADES_NL[c.grade] == c.grade_nl
    assert PLANS_NL[c.plan] == c.plan_nl


# --- the same, one section and one defect at a time


def size(d: Row, scale: float) -> float:
    if CLASSES[d["class_id"]].measure is Measure.LENGTH:
        return max(d["length_m"], d["width_m"]) * scale
    return d["area_m2"] * scale**2


def rank_of(d: Row, scale: float) -> int:
    limits = TABLE.severity[CLASSES[d["class_id"]].name]
    return (size(d, scale) >= limits.M) + (size(d, scale) >= limits.E)


def detected(class_id: int, visits: float) -> float:
    miss = 1 - TABLE.detection.recall[CLASSES[class_id].name]
    n = TABLE.detection.pictures * max(visits, 1.0)
    return 1 - miss * (TABLE.detection.shared + (1 - TABLE.detection.shared) * miss ** (n - 1))


def percents(
    found: Sequence[Row], kind: Kind, seen_m: float, coverage: float, visits: float, reading: str
) -> tuple[float, float, float]:
    rule = TABLE.kinds[kind]
    whole = seen_m * (1 if rule.of == "length" else TABLE.lane_width_m)

    def total(least: int, divided: bool) -> float:
        amount = number = 0.0
        for d in found:
            p, sigma = d["probability"], d["size_sigma"]
            scale, weight = {
                "likely": (1.0, p),
                "best": (max(1 - sigma, 0.0), max(2 * p - 1, 0.0)),
                "worst": (1 + sigma, min(2 * p, 1.0)),
            }[reading]
            if CLASSES[d["class_id"]].kind is not kind or rank_of(d, scale) < least:
                continue
            is_crack = CLASSES[d["class_id"]].measure is Measure.LENGTH
            along = size(d, scale) if is_crack else d["length_m"] * scale
            weight /= detected(d["class_id"], visits) if divided else 1.0
            number += weight
            amount += weight * (along if rule.of == "length" else d["area_m2"] * scale**2)
        return min(100 * amount / whole, 100.0) if number >= 0.5 - 1e-9 else 0.0

    shares = []
    for least in range(3):
        share = total(least, divided=False)
        if reading == "best":
            share *= coverage
        if reading == "worst":
            usual = rule.usual[least]
            missed = 1 - min(detected(c.id, visits) for c in CLASSES if c.kind is kind)
            there = max(total(least, divided=True), min(share + missed * usual, 100.0))
            share = coverage * there + (1 - coverage) * max(there, usual)
        shares.append(share)
    return shares[0], shares[1], shares[2]


def slowly(road: Road) -> dict[str, Any]:
    found, seen_m = road.found, road.seen_m or road.covered
    coverage, looks = road.covered / road.length, max(road.visits * road.covered / seen_m, 1.0)
    values: dict[str, Any] = {}
    plan = "later"
    for reading, column in (("likely", "score"), ("worst", "score_low"), ("best", "score_high")):
        points = 0.0
        for kind in Kind:
            rule = TABLE.kinds[kind]
            costs = [0.0]
            for least, share in enumerate(percents(found, kind, seen_m, coverage, looks, reading)):
                extent = sum(share >= start - 1e-9 for start in rule.extent)
                if extent:
                    costs.append(getattr(rule.deduct, "LME"[least])[extent - 1])
                    asked = getattr(rule.plan, "LME"[least])[extent - 1]
                    if reading == "likely" and PLANS.index(asked) < later(plan):
                        plan = asked
            points += max(costs)
        values[column] = max(100 - points, 0.0)
    p = [d["probability"] for d in found]
    silence = np.mean([np.mean([detected(c.id, looks) for c in CLASSES if c.kind is kind]) for kind in Kind])
    confidence = coverage * (silence + sum(max(x, 1 - x) for x in p)) / (1 + len(p))
    grade = next(name for name, start in TABLE.grades if values["score"] >= start)
    return values | {"plan": plan, "confidence": confidence, "grade": grade}


@st.composite
def roads(draw: st.DrawFn) -> Road:
    length, share, lanes = draw(st.floats(20, 300)), draw(st.floats(0.3, 1)), draw(st.floats(1, 2))
    covered = max(share * length, 15.0)
    return Road(draw(st.lists(defects, max_size=4)), length, covered, covered * lanes, draw(st.integers(1, 5)))


@few
@given(st.lists(roads(), min_size=1, max_size=4))
def test_all_at_once_is_the_same_as_one_by_one(those: list[Road]) -> None:
    made = several(those)
    for i, road in enumerate(those):
        for column, value in slowly(road).items():
            if isinstance(value, str):
                assert made[column][i] == value, column
            else:
                rounding = 6e-4 if column == "confidence" else 0.06
                assert math.isclose(made[column][i], value, abs_tol=rounding), column
    pd.testing.assert_frame_equal(several(those[-1:]), made.tail(1).reset_index(drop=True))
