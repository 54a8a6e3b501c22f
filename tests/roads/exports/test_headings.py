from typing import get_args

import pytest

from detector.scene.coverage import Unusable
from detector.taxonomy import Kind
from roads.condition.score import GRADES_NL, PLANS_NL, Status
from roads.exports.headings import HEADINGS, Heading, Language, spoken
from roads.exports.legend import GRADE, PLAN, STATE, THEMES
from roads.exports.words import DUTCH, damage, day, number, word
from roads.fusion.history import State
from roads.mapping import RoadMap


@pytest.mark.parametrize("layer", ["segments", "defects", "coverage", "track"])
def test_every_column_of_a_layer_has_a_heading_and_no_heading_lacks_a_column(road_map: RoadMap, layer: str) -> None:
    assert set(getattr(road_map, layer).columns) - {"geometry"} == set(HEADINGS[layer])


@pytest.mark.parametrize("layer", HEADINGS)
@pytest.mark.parametrize("lang", ["nl", "en"])
def test_headings_of_a_layer_are_told_apart_and_explained(layer: str, lang: Language) -> None:
    shown = [HEADINGS[layer][column] for column in spoken([*HEADINGS[layer]], lang)]
    titles = [heading.title(lang) for heading in shown]
    assert len(set(titles)) == len(titles)
    assert all(titles)
    assert all(heading.note(lang) for heading in shown)


def test_a_language_leaves_out_what_only_repeats_it_in_the_other() -> None:
    columns = ["grade", "grade_nl", "plan", "plan_nl", "why", "why_nl", "score"]
    assert spoken(columns, "nl") == ["grade_nl", "plan_nl", "why_nl", "score"]
    assert spoken(columns, "en") == ["grade", "plan", "why", "score"]


def test_a_unit_stands_behind_the_heading() -> None:
    assert Heading("Area", "Oppervlak", "On the road", "Op de weg", "m²", 2).title("nl") == "Oppervlak (m²)"


def test_every_reason_why_a_frame_is_not_usable_has_a_dutch_word() -> None:
    assert set(get_args(Unusable)) <= set(DUTCH["reason"])


def test_the_legend_has_every_grade_plan_and_state_and_says_it_as_the_tables_do() -> None:
    assert {e.value: e.nl for e in GRADE.entries} == GRADES_NL
    assert {e.value: e.nl for e in PLAN.entries} == PLANS_NL
    assert {e.value for e in STATE.entries} == {str(state) for state in State}
    assert [e.value for e in STATE.entries if not e.shown] == ["gone"]
    assert set(DUTCH["status"]) == {str(status) for status in Status}
    assert set(DUTCH["state"]) == {str(state) for state in State}


def test_every_row_is_in_one_entry_of_its_theme(road_map: RoadMap) -> None:
    for theme in THEMES:
        layer = getattr(road_map, theme.layer, None)
        if layer is not None:
            entries = [theme.entry(int(i)) for i in theme.of(layer)]
            assert len(entries) == len(layer)
    named = [GRADE.entry(int(i)).en for i in GRADE.of(road_map.segments)]
    assert named == ["good", "fair", "poor", "bad", "no grade", "no grade"]


def test_the_share_seen_is_classed_from_its_lower_bound(road_map: RoadMap) -> None:
    share = next(theme for theme in THEMES if theme.name == "coverage")
    layer = road_map.segments.iloc[[0] * 5].assign(coverage=[1.0, 0.8, 0.79, 0.001, 0.0])
    assert share.of(layer).tolist() == [0, 0, 1, 2, 3]


def test_gone_damage_is_of_no_class(road_map: RoadMap) -> None:
    of_class = next(theme for theme in THEMES if theme.name == "class")
    gone = (road_map.defects["state"] == "gone").to_numpy()
    assert gone.any()
    assert ((of_class.of(road_map.defects) == len(of_class.entries)) == gone).all()


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    assert number(1234.56, 1, "nl") == "1.234,6"
    assert number(1234.56, 1, "en") == "1,234.6"
    assert day("2026-10-06T09:00:00Z", "nl") == "6 oktober 2026"
    assert day("2026-03-01", "en") == "1 March 2026"
    assert day(None, "nl") == "–"


def test_damage_in_words(road_map: RoadMap) -> None:
    row = road_map.segments.iloc[3]
    assert damage(row, "nl") == ["Scheurvorming: ernstig, omvang 3 (41,0 %)", "Gaten: ernstig, omvang 2 (0,4 %)"]
    assert damage(row, "en")[1] == "Potholes: severe, extent 2 (0.4 %)"
    assert damage(road_map.segments.iloc[5], "en") == []
    assert word("kind", str(Kind.POTHOLES), "nl") == "gaten"
    assert word("name", "'t Hof", "nl") == "'t Hof"
