"""What a planner does on the map and the review page, and what the server says of it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.serving import until
from tests.web.conftest import Open
from tests.web.crew import Crew


@pytest.fixture
def worst(crew: Crew, drive: Path) -> dict[str, Any]:
    """What to repair first, as the server ranks it."""
    crew.done(drive)
    return crew.get("priorities", limit=1)["segments"][0]  # type: ignore[no-any-return]


def chosen(page: Page, part: str) -> str | None:
    """A part of the page's address."""
    return page.evaluate("part => new URLSearchParams(location.hash.split('?')[1]).get(part)", part)  # type: ignore[no-any-return]


def test_a_segment_is_found_by_its_number_without_a_mouse(open_page: Open, worst: dict[str, Any]) -> None:
    page = open_page("kaart")
    search = page.get_by_role("combobox", name="Zoek een straat of wegvak")
    search.fill(worst["segment_id"])
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    panel = page.locator(".map-detail")
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    assert chosen(page, "segment") == worst["segment_id"]
    expect(panel.locator(".map-grade")).to_contain_text(worst["grade_nl"])
    expect(panel.get_by_role("heading", name="Waarom dit oordeel")).to_be_visible()
    expect(panel.get_by_text(worst["why_nl"])).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(search).to_be_focused()


def test_a_filter_counts_and_stays_in_the_address(open_page: Open, worst: dict[str, Any], crew: Crew) -> None:
    counts = crew.get("about")["map"]["counts"]["segments"]
    page = open_page("kaart?panel=filters")
    panel = page.locator(".map-panel")
    expect(panel.get_by_role("status")).to_have_text(f"Alle {sum(counts.values())} wegvakken")
    panel.get_by_label("niet geschouwd").check()
    shown = f"{counts['not surveyed']} van {sum(counts.values())} wegvakken"
    expect(panel.get_by_role("status")).to_have_text(shown)
    assert chosen(page, "grade") == "not surveyed"
    page.reload()
    expect(panel.get_by_label("niet geschouwd")).to_be_checked()
    expect(panel.get_by_role("status")).to_have_text(shown)
    panel.get_by_role("button", name="Alles tonen").click()
    expect(panel.get_by_label("niet geschouwd")).not_to_be_checked()
    assert chosen(page, "grade") is None


def test_what_comes_first_leads_to_its_defects_and_back(open_page: Open, worst: dict[str, Any], crew: Crew) -> None:
    page = open_page("kaart?panel=priorities", "en")
    first = page.get_by_role("list", name="What first").get_by_role("link").first
    expect(first).to_contain_text(worst["why"])
    first.click()
    panel = page.locator(".map-detail")
    panel.locator(".map-cards a").first.click()
    until("a defect is chosen", lambda: chosen(page, "defect") is not None)
    number = chosen(page, "defect")
    there = crew.get(f"defects/{number}")["properties"]
    expect(panel.get_by_role("heading", level=2)).to_have_text(there["name_en"])
    assert there["segment_id"] == worst["segment_id"]
    picture = panel.locator(".map-picture img").first
    expect(picture).to_be_visible()
    until("its picture is there", lambda: picture.evaluate("img => img.naturalWidth > 0"))
    panel.get_by_role("button", name="To the segment").click()
    expect(panel.get_by_role("heading", name="Why this grade")).to_be_visible()
    page.go_back()
    expect(panel.get_by_role("heading", level=2)).to_have_text(there["name_en"])


def test_the_list_has_the_segments_that_the_map_shows(open_page: Open, worst: dict[str, Any]) -> None:
    page = open_page("kaart?panel=view")
    rows = page.get_by_role("list", name="Wegvakken in beeld").get_by_role("link")
    expect(rows.first).to_contain_text(worst["grade_nl"])  # the worst first
    rows.first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".map-detail .map-grade")).to_contain_text(worst["grade_nl"])


def test_each_mode_says_that_not_surveyed_is_not_undamaged(open_page: Open, worst: dict[str, Any]) -> None:
    page = open_page("kaart")
    legend = page.locator(".map-legend")
    for mode in ("Dekking", "Planjaar", "Zekerheid", "Toestand"):
        legend.get_by_role("radio", name=mode).check()
        expect(legend.get_by_role("radio", name=mode)).to_be_checked()
        expect(legend.get_by_text("niet geschouwd", exact=True)).to_be_visible()
        expect(legend.get_by_text("Niet geschouwd is niet onbeschadigd.")).to_be_visible()


def test_one_key_judges_and_one_takes_it_back(open_page: Open, worst: dict[str, Any], crew: Crew) -> None:
    queue = crew.get("reviews/queue", limit=1)
    number, left = queue["defects"][0]["id"], queue["left"]
    before = len(crew.get(f"defects/{number}")["reviews"])
    page = open_page("beoordelen")
    page.get_by_label("Uw naam").fill("Anna de Wegbeheerder")
    page.get_by_role("heading", level=1).click()  # keys are letters while a name is typed
    expect(page.get_by_text(f"Schade {number} ·")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text(f"1 beoordeeld, nog {left - 1}")).to_be_visible()

    def decisions() -> list[tuple[str, str]]:
        reviews = sorted(crew.get(f"defects/{number}")["reviews"], key=lambda review: review["id"])
        return [(review["decision"], review["person"]) for review in reviews[before:]]

    until("the decision is kept", lambda: decisions() == [("accept", "Anna de Wegbeheerder")])
    assert crew.get("reviews/queue", limit=1)["left"] == left - 1
    page.keyboard.press("u")
    expect(page.get_by_text(f"0 beoordeeld, nog {left}")).to_be_visible()
    until("it is taken back", lambda: [decision for decision, _ in decisions()] == ["accept", "undo"])
    assert crew.get("reviews/queue", limit=1)["left"] == left
    page.get_by_label("Sneltoetsen gebruiken").uncheck()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("r")
    expect(page.get_by_text(f"0 beoordeeld, nog {left}")).to_be_visible()
    assert len(decisions()) == 2
