from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from roads.condition.table import PLANS
from roads.priorities import prioritise

KINDS = ("cracking", "potholes", "ravelling")


def section(
    plan: str | None, score: float = 60, parent: str = "a", from_m: float = 0, length: float = 100, **columns: Any
) -> dict[str, Any]:
    """A section with moderate cracking, unless `columns` say otherwise."""
    return {
        **{"parent_id": parent, "from_m": from_m, "to_m": from_m + length, "length_m": length, "coverage": 1.0},
        **{"score": score, "confidence": 0.8, "plan": plan, "reasons": "cracking M2 (12 %): -22; defects 1"},
        **{f"{kind}_severity": None for kind in KINDS},
        **{f"{kind}_extent": 0 for kind in KINDS},
        **{"cracking_severity": "M", "cracking_extent": 2, **columns},
    }


def ranked(*sections: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(sections, columns=list(section(None)))
    for name in ("plan", "reasons", "parent_id", *(f"{kind}_severity" for kind in KINDS)):
        frame[name] = frame[name].astype("string")
    for kind in KINDS:
        frame[f"{kind}_extent"] = frame[f"{kind}_extent"].astype("Int64")
    return prioritise(frame)


def order(*sections: dict[str, Any]) -> list[int]:
    """The sections in the order of their priority."""
    apart = [s | {"parent_id": str(i)} for i, s in enumerate(sections)]
    return [int(i) for i in ranked(*apart)["priority"].dropna().sort_values().index]


def test_the_year_comes_first_then_the_points() -> None:
    assert order(section("later", 10), section("year 1", 70), section("1-2 years", 20), section("year 1", 30)) == [
        *(3, 1, 2, 0),
    ]


def test_of_equal_points_potholes_then_sureness_then_length_come_first() -> None:
    light = {"potholes_severity": "L", "potholes_extent": 1}
    severe = {"potholes_severity": "E", "potholes_extent": 1}
    sections = [section("year 1"), section("year 1", **light), section("year 1", **severe)]
    assert order(*sections) == [2, 1, 0]
    assert order(section("year 1", confidence=0.5), section("year 1", confidence=0.9)) == [1, 0]
    assert order(section("year 1"), section("year 1", length=200), section("year 1")) == [1, 0, 2]


def test_only_sections_with_a_plan_and_damage_are_ranked() -> None:
    made = ranked(section(None), section("later", 100, reasons=None), section("later", 90))
    assert made["priority"].isna().tolist() == [True, True, False]
    assert made[["job", "job_m", "why", "why_nl"]].isna().all(axis=1).tolist() == [True, True, False]


def test_nothing_to_repair_keeps_the_columns_and_their_types() -> None:
    some, none = ranked(section("later")), ranked(section(None))
    assert none.dtypes.astype(str).to_dict() == some.dtypes.astype(str).to_dict()
    assert len(none) == 1
    assert len(ranked()) == 0


def test_sections_that_follow_on_each_other_are_one_job() -> None:
    made = ranked(
        section("year 1", 50, from_m=100),
        section("year 1", 20, from_m=0),
        section("1-2 years", 10, from_m=200),  # another year
        section("year 1", 40, from_m=300),  # not next to the first two
        section("year 1", 30, parent="b", from_m=200),  # another road
    )
    assert made["priority"].tolist() == [4, 1, 5, 3, 2]
    assert made["job"].tolist() == [1, 1, 4, 3, 2]
    assert made["job_m"].tolist() == [200, 200, 100, 100, 100]
    assert "one job of 2 sections and 200 m" in made["why"][0]
    assert "één werk van 2 vakken en 200 m" in made["why_nl"][0]
    assert "job" not in made["why"][2]


def test_the_reason_reads_like_a_sentence_and_says_when_to_look_first() -> None:
    made = ranked(
        section("year 1", 40, potholes_severity="E", potholes_extent=2, coverage=0.45, confidence=0.31, length=120)
    )
    assert made["why"][0] == (
        "year 1: potholes E2, cracking M2; 60 of 100 points off; 120 m; look first: 45% seen, 31% sure"
    )
    assert made["why_nl"][0] == (
        "jaar 1: gaten E2, scheurvorming M2; 60 van 100 punten kwijt; 120 m; eerst gaan kijken: 45% gezien, 31% zeker"
    )


sections = st.builds(
    section,
    st.sampled_from([*PLANS, None]),
    st.integers(0, 100).map(float),
    st.sampled_from("abc"),
    st.integers(0, 5).map(lambda i: i * 100.0),
    potholes_severity=st.sampled_from(["L", "M", "E", None]),
    confidence=st.sampled_from([0.2, 0.8]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(sections, max_size=12))
def test_ranks_are_a_count_and_jobs_hold_one_year_of_one_road(those: list[dict[str, Any]]) -> None:
    made = ranked(*those)
    with_plan = [s for s in those if s["plan"]]
    assert sorted(made["priority"].dropna()) == list(range(1, len(with_plan) + 1))
    assert sorted(set(made["job"].dropna())) == list(range(1, made["job"].nunique() + 1))
    assert ranked(*those).equals(made)
    plans = [PLANS.index(those[i]["plan"]) for i in made["priority"].dropna().sort_values().index]
    assert plans == sorted(plans)
    for _, job in made.dropna(subset="job").groupby("job"):
        rows = [those[i] for i in job.index]
        assert len({(row["plan"], row["parent_id"]) for row in rows}) == 1
        assert job["job_m"].iloc[0] == sum(row["length_m"] for row in rows)
