from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import SettingsError
from detector.taxonomy import CLASSES, Kind
from detector.types import Defect
from roads.condition.score import GRADES_NL, Status, score, severity
from roads.condition.table import FOLDER, Table, read_table

TABLE = read_table()


def defect(class_id: int, length: float, width: float, score: float = 0.8, sigma: float = 0.2, id_: int = 1) -> Defect:
    return Defect(id_, class_id, 5.66, 51.97, 2.0, 90.0, 0.0, length, width, length * width, sigma, score, 0, ())


defects = st.builds(
    defect,
    st.integers(0, len(CLASSES) - 1),
    st.floats(0.05, 40),
    st.floats(0.05, 4),
    st.floats(0, 1),
    st.floats(0, 1.5),
    st.integers(1, 10**6),
)


def test_an_undamaged_segment_scores_100_and_is_not_fully_trusted() -> None:
    condition = score([], 100, 100, 100, TABLE)
    assert (condition.score, condition.grade, condition.grade_nl) == (100, "good", "goed")
    assert condition.confidence == TABLE.trust_in_silence
    assert (condition.low, condition.high, condition.reasons) == (100, 100, ())


def test_golden_score_and_the_reasons_for_it() -> None:
    found = [defect(3, 0.6, 0.6, id_=4), defect(0, 12, 0.2, id_=9), defect(1, 0.3, 3.0, id_=2)]
    condition = score(found, 100, 80, 80, TABLE)
    assert condition.score == 40
    assert condition.grade == "poor"
    assert [str(r) for r in condition.reasons] == [
        "potholes E2 (0.15 %): -38; defects 4",
        "cracking M2 (18.8 %): -22; defects 9, 2",
    ]
    assert condition.extents[Kind.CRACKING] == pytest.approx(100 * 15 / 80)
    assert condition.low is not None
    assert condition.high is not None
    assert condition.low < 40 < condition.high


def test_not_surveyed_is_not_undamaged() -> None:
    condition = score([defect(3, 1, 1)], 100, 0, 0, TABLE)
    assert condition.status is Status.NOT_SURVEYED
    assert condition.score is None
    assert condition.grade is None
    assert condition.confidence == 0
    assert "not surveyed" in condition.note


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
def test_a_segment_seen_too_little_gets_no_grade_and_says_so(length: float, covered: float, status: Status) -> None:
    condition = score([], length, covered, covered, TABLE)
    assert condition.status is status
    assert (condition.grade is None) == (status is Status.TOO_LITTLE_SEEN)
    assert bool(condition.note) == (condition.grade is None)


def test_severity_goes_by_size() -> None:
    assert [severity(defect(3, side, side), TABLE) for side in (0.1, 0.3, 0.6)] == ["L", "M", "E"]
    assert severity(defect(1, 0.2, 2.6), TABLE) == "M"  # a transverse crack's length lies across the road


def test_twice_driven_and_twice_found_is_not_twice_as_bad() -> None:
    once = score([defect(4, 10, 2, id_=1)], 100, 100, 100, TABLE)
    twice = score([defect(4, 10, 2, id_=1), defect(4, 10, 2, id_=2)], 100, 100, 200, TABLE)
    assert once.score == twice.score


@given(st.lists(defects, max_size=8), defects, st.floats(20, 500), st.floats(0.3, 1))
def test_score_never_rises_with_more_damage(found: list[Defect], more: Defect, length: float, share: float) -> None:
    covered = max(share * length, 15.0)
    less = score(found, length, covered, covered, TABLE)
    worse = score([*found, more], length, covered, covered, TABLE)
    assert less.score is not None
    assert worse.score is not None
    assert worse.score <= less.score


@given(st.lists(defects, min_size=1, max_size=6), st.floats(1, 5), st.floats(20, 500))
def test_score_never_rises_when_damage_grows(found: list[Defect], growth: float, length: float) -> None:
    first = found[0]
    grown = defect(first.class_id, first.length_m * growth, first.width_m * growth, first.score, first.size_sigma)
    before = score(found, length, length, length, TABLE)
    after = score([grown, *found[1:]], length, length, length, TABLE)
    assert before.score is not None
    assert after.score is not None
    assert after.score <= before.score


@given(st.lists(defects, max_size=6), st.floats(1, 500), st.floats(0, 1), st.floats(0, 1))
def test_confidence_never_falls_with_more_coverage(found: list[Defect], length: float, a: float, b: float) -> None:
    less, more = sorted((a * length, b * length))
    assert (
        score(found, length, less, less, TABLE).confidence <= score(found, length, more, more, TABLE).confidence + 1e-12
    )


@given(st.lists(defects, max_size=8), st.floats(20, 500), st.floats(0.3, 1))
def test_the_score_lies_within_its_interval(found: list[Defect], length: float, share: float) -> None:
    c = score(found, length, max(share * length, 15.0), max(share * length, 15.0), TABLE)
    assert c.score is not None
    assert c.low is not None
    assert c.high is not None
    assert 0 <= c.low <= c.score <= c.high <= 100
    assert c.grade in GRADES_NL
    assert c.score == max(100 - sum(r.points for r in c.reasons), 0)


def content() -> dict[str, object]:
    return dict(yaml.safe_load((FOLDER / "schouw-1.yaml").read_text()))


def test_the_users_own_copy_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "enschede.yaml"
    path.write_text((FOLDER / "schouw-1.yaml").read_text())
    assert read_table(path) == TABLE
    assert TABLE.title == "schouw-1"
    assert "not CROW-compliant" in TABLE.source


def edited(change: str, value: object) -> dict[str, object]:
    """The shipped table with one dotted key set; None removes it."""
    table = content()
    *parents, last = change.split(".")
    place: dict[str, object] = table
    for parent in parents:
        place = place[parent]  # type: ignore[assignment]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return table


@pytest.mark.parametrize(
    ("change", "value", "says"),
    [
        ("lane_width", 3.0, "lane_width: unknown key"),
        ("lane_width_m", None, "lane_width_m: this key is missing"),
        ("minimum.cover", 1, "minimum.cover: unknown key"),
        ("kinds.potholes.deduct.L", [1, 2], "kinds.potholes.deduct.L"),
        ("kinds.potholes.deduct.L", [30, 20, 10], "kinds.potholes.deduct: the points must not fall"),
        ("kinds.cracking.extent", [5, 5, 10], "kinds.cracking: the extents must rise"),
        ("kinds.rutting", {}, "kinds.rutting"),
        ("kinds.ravelling", None, "kinds.ravelling is missing"),
        ("severity.pothole", None, "severity.pothole is missing"),
        ("severity.potholes", {"M": 1, "E": 2}, "severity.potholes is not a damage class"),
        ("severity.pothole", {"M": 2, "E": 1}, "severity.pothole: E must be larger"),
        ("grades.good", 10, "grades: the grades must fall"),
        ("trust_in_silence", float("nan"), "trust_in_silence"),
    ],
)
def test_a_typo_in_a_table_names_the_key(tmp_path: Path, change: str, value: object, says: str) -> None:
    path = tmp_path / "table.yaml"
    path.write_text(yaml.safe_dump(edited(change, value)))
    with pytest.raises(SettingsError) as error:
        read_table(path)
    assert str(path) in str(error.value)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_no_such_table_lists_the_shipped_ones() -> None:
    with pytest.raises(SettingsError, match="schouw-1"):
        read_table("crow-146")


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("t") / "t.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(SettingsError):
        read_table(path)


def test_every_class_and_kind_is_in_every_shipped_table() -> None:
    for path in FOLDER.glob("*.yaml"):
        assert isinstance(read_table(path.stem), Table)
