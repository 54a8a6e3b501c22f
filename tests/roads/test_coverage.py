"""What the camera saw of each segment: laid along the path, per visit, and added up over surveys."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.results import SurveyResult
from detector.types import Coverage, Frame
from roads.coverage import passes, seen_of
from roads.driven import Driven, follow
from roads.matching import match
from roads.network import Network
from roads.tables import PASSES, empty, typed
from tests.roads.drives import drive_along, network_from


def drive(network: Network, frames: list[Frame]) -> Driven:
    points = network.to_metres(np.array([f.pose.lon for f in frames]), np.array([f.pose.lat for f in frames]))
    matching = match(network, [f.pose for f in frames])
    return follow(network, matching, np.array([f.pose.time_s for f in frames]), points)


def passes_of(network: Network, frames: list[Frame], views: list[Coverage]) -> pd.DataFrame:
    return passes(network, drive(network, frames), frames, views)


def rounded(table: pd.DataFrame, segment: int) -> list[tuple[int, bool, int, int, str]]:
    part = table[table["segment"] == segment]
    rows = part[["visit", "forward", "from_m", "to_m", "reason"]].itertuples(index=False)
    return [(visit, forward, round(a), round(b), reason) for visit, forward, a, b, reason in rows]


@pytest.fixture(scope="module")
def driven(network: Network, survey: SurveyResult) -> Driven:
    return drive(network, survey.frames)


@pytest.fixture(scope="module")
def seen(network: Network, survey: SurveyResult, driven: Driven) -> pd.DataFrame:
    return passes(network, driven, survey.frames, survey.coverage)


def test_it_is_the_union_of_the_views_along_the_path(seen: pd.DataFrame) -> None:
    # The dark frames look at 64..99 m; their neighbours see up to 69 and from 94 m.
    assert rounded(seen, 0) == [(0, True, 4, 69, ""), (0, True, 94, 200, ""), (0, True, 69, 94, "too dark")]
    assert seen["usable"].tolist() == (seen["reason"] == "").tolist()


def test_it_runs_on_over_a_segments_end_and_against_digitising(seen: pd.DataFrame) -> None:
    assert rounded(seen, 1) == [(0, False, 88, 200, "")]  # x = 200..312 of a line that starts at x = 400


def test_it_does_not_turn_into_a_side_street(seen: pd.DataFrame) -> None:
    assert rounded(seen, 2) == []


def test_each_stretch_has_the_time_it_was_first_shown(seen: pd.DataFrame, survey: SurveyResult) -> None:
    start = survey.frames[0].pose.time_s
    # At 10 m/s: frame 0; frame 30, the first after the dark ones; frame 20, the first dark one; frame 63, the first to
    # look over the end of the segment.
    assert (seen["time_s"] - start).round(1).tolist() == [0.0, 9.0, 6.0, 18.9]


def test_the_type_of_every_column(seen: pd.DataFrame) -> None:
    assert dict(seen.dtypes.astype(str)) == dict(PASSES)
    assert (seen["survey"] == -1).all()


def test_a_road_driven_both_ways_is_two_visits_and_counts_each_metre_once(
    survey: SurveyResult, network: Network
) -> None:
    there = survey.frames[5:60]
    back = [
        replace(
            f,
            index=200 + i,
            pose=replace(f.pose, time_s=f.pose.time_s + 2 * (59 - f.index) * 0.3 + 5, heading_deg=270.0),
        )
        for i, f in enumerate(reversed(there))
    ]
    frames: list[Frame] = [*there, *back]
    table = passes_of(network, frames, [Coverage(f.index, 4.0, 12.0, True, "") for f in frames])
    assert {(v, f) for v, f, *_ in rounded(table, 0)} == {(0, True), (1, False)}
    total = seen_of(table, network)
    # Where exactly the car turned is the matcher's to say, to within its spacing of fixes.
    assert total.covered_m[0] == pytest.approx(189 - 3, abs=12)
    assert total.seen_m[0] == pytest.approx(170 + 170, abs=12)
    assert total.visits.tolist() == [2, 0, 0, 0]


def test_the_road_beyond_a_turn_is_still_in_view() -> None:
    network = network_from([[(0, 0), (200, 0)]])
    poses = drive_along([(0, 0), (100, 0), (0, 0)])
    frames = [Frame(i, "a.mp4", p.time_s, p, 640, 360) for i, p in enumerate(poses)]
    table = passes_of(network, frames, [Coverage(f.index, 4.0, 24.0, True, "") for f in frames])
    ends = table.groupby("forward")["to_m"].max().to_dict()
    assert 105 < ends[True] <= 124  # by the last frame that the matcher puts before the turn
    assert ends[False] == pytest.approx(96, abs=8)


def test_frames_without_a_view_or_a_segment_show_nothing(network: Network, survey: SurveyResult) -> None:
    assert passes_of(network, survey.frames, []).empty
    assert dict(passes_of(network, [], []).dtypes.astype(str)) == dict(PASSES)
    far = [replace(f, pose=replace(f.pose, lat=f.pose.lat - 0.01)) for f in survey.frames]
    assert passes_of(network, far, survey.coverage).empty


def test_blind_frames_pass_the_usual_view_for_their_reasons(network: Network, survey: SurveyResult) -> None:
    blind = [Coverage(f.index, 0.0, 0.0, False, "lens covered" if f.index % 2 else "") for f in survey.frames]
    table = passes_of(network, survey.frames, blind)
    assert set(table["reason"]) == {"lens covered", "not usable"}
    assert not table["usable"].any()
    assert (table["to_m"] - table["from_m"]).sum() == pytest.approx(303, abs=4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["", "glare", "dark"]), min_size=2, max_size=101), st.floats(0, 6), st.floats(6.5, 30))
def test_stretches_are_disjoint_and_within_their_segment(
    network: Network, survey: SurveyResult, driven: Driven, reasons: list[str], near: float, far: float
) -> None:
    views = [Coverage(i, near, far, not why, why) for i, why in enumerate(reasons)]
    table = passes(network, driven, survey.frames, views)
    lengths = network.segments["length_m"].to_numpy()
    assert (table["from_m"] >= 0).all()
    assert (table["from_m"] < table["to_m"]).all()
    assert (table["to_m"] <= lengths[table["segment"]]).all()
    for _, group in table.groupby(["segment", "visit", "forward"]):
        part = group.sort_values("from_m")
        assert (part["from_m"].to_numpy()[1:] >= part["to_m"].to_numpy()[:-1] - 1e-6).all()
    usable = passes(network, driven, survey.frames, [replace(v, usable=True, reason="") for v in views])
    metres = (table["to_m"] - table["from_m"]).sum()
    assert metres == pytest.approx((usable["to_m"] - usable["from_m"]).sum(), abs=1)  # nothing passed is lost


LADDER = network_from([[(0.0, 10.0 * i), (100.0, 10.0 * i)] for i in range(3)])
rows = st.lists(
    st.tuples(
        *(st.integers(0, 2), st.integers(0, 1), st.integers(0, 2), st.booleans(), st.booleans()),
        *(st.integers(0, 90), st.integers(1, 30), st.one_of(st.none(), st.integers(0, 9))),
    ),
    max_size=25,
)


@given(rows)
def test_adding_up_agrees_with_counting_metres(
    found: list[tuple[int, int, int, bool, bool, int, int, int | None]],
) -> None:
    columns = ("segment", "survey", "visit", "forward", "usable", "from_m", "to_m", "time_s", "reason")
    table = typed(
        [
            dict(zip(columns, (s, d, v, f, u, a, min(a + n, 100), np.nan if t is None else t, ""), strict=True))
            for s, d, v, f, u, a, n, t in found
        ],
        PASSES,
    )
    total = seen_of(table, LADDER)
    for segment in range(3):
        part = [row for row in found if row[0] == segment and row[4]]
        metres = {(f, m) for _, _, _, f, _, a, n, _ in part for m in range(a, min(a + n, 100))}
        assert total.covered_m[segment] == pytest.approx(len({m for _, m in metres}))
        assert total.seen_m[segment] == pytest.approx(len(metres))
        assert total.visits[segment] == len({(d, v) for _, d, v, *_ in part})
        times = [t for *_, t in part if t is not None]
        assert total.last_s[segment] == max(times) if times else np.isnan(total.last_s[segment])


def test_nothing_seen(network: Network) -> None:
    total = seen_of(empty(PASSES), network)
    assert (total.covered_m == 0).all()
    assert (total.visits == 0).all()
    assert np.isnan(total.last_s).all()
