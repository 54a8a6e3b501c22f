"""For everyone: without a mouse, with a screen reader, on a phone, in both languages, light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import Lang, Open
from tests.web.crew import LOOKED_AT_S, Crew

AXE = Path(__file__).parents[2] / "api" / "web" / "node_modules" / "axe-core" / "axe.min.js"
PLACES = ("kaart", "opnames", "opnames/{survey}", "insturen", "beoordelen", "downloads", "uitleg")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHECK = """rules => axe.run(document, {runOnly: rules}).then(found => found.violations.map(
    v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 150) + ' ' + n.failureSummary).join(' | ')))"""
TARGET_PX = 44


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    return page.evaluate(CHECK, RULES)  # type: ignore[no-any-return]


def settled(page: Page) -> None:
    """The page is there, with what it asked from the server."""
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.locator(".state.loading")).to_have_count(0)


@pytest.fixture
def places(crew: Crew, drive: Path) -> list[str]:
    """Every page, with something on it."""
    survey = crew.done(drive)["id"]
    return [place.format(survey=survey) for place in PLACES]


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_every_page_is_accessible_and_fits(open_page: Open, places: list[str], lang: Lang, phone: bool) -> None:
    page = open_page("kaart", lang, phone=phone, dark=phone)
    for place in places:
        page.evaluate("place => { location.hash = '#/' + place; }", place)
        settled(page)
        assert (place, violations(page)) == (place, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (place, wide) == (place, 0)
    assert page.locator("html").get_attribute("lang") == lang


def test_what_opens_is_accessible_too(open_page: Open, crew: Crew, drive: Path) -> None:
    survey = crew.done(drive)
    page = open_page(f"opnames/{survey['id']}", dark=True)
    for name in ("Naam wijzigen", "Verwijderen"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert (name, violations(page)) == (name, [])
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name=name)).to_be_focused()
    page.get_by_role("button", name="Instellingen").click()
    assert violations(page) == []


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus, as someone without a mouse does."""
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab doesn't come to {wanted}")


def test_a_survey_is_uploaded_and_followed_with_the_keyboard_alone(open_page: Open, drive: Path, crew: Crew) -> None:
    page = open_page("insturen")
    page.on("filechooser", lambda _: None)  # has the browser hand over choosers from now on, not while a key is pressed
    page.locator("main h1").wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Naar de inhoud")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Kies bestanden"))
    with page.expect_file_chooser() as coming:
        page.keyboard.press("Enter")
    coming.value.set_files([drive / "drive.mp4", drive / "drive.gpx"])
    page.locator(".upload-drive").wait_for()
    tab_to(page, page.get_by_label("Naam van de opname"))
    page.keyboard.press("Control+A")
    page.keyboard.type("Met toetsen")
    tab_to(page, page.get_by_role("button", name="Verstuur"))
    page.keyboard.press("Enter")
    followed = page.get_by_role("link", name="Naar de opname")
    followed.wait_for()
    tab_to(page, followed)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Met toetsen")
    expect(page.get_by_text("Kijk hieronder wat er is")).to_be_visible(timeout=LOOKED_AT_S * 1000)
    stop = page.get_by_role("button", name="Stoppen")
    tab_to(page, stop)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("dialog").get_by_role("button", name="Stoppen"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Deze opname is gestopt.")).to_be_visible()
    assert crew.survey("Met toetsen")["state"] == "cancelled"


def test_a_phone_sends_with_one_thumb(open_page: Open, drive: Path) -> None:
    """What is pressed to send is large, and in the lower half of the screen."""
    page = open_page("insturen", phone=True)
    choose = page.get_by_role("button", name="Kies bestanden")
    expect(choose).to_be_visible()
    page.locator("input[name=files]").set_input_files([drive / "drive.mp4", drive / "drive.gpx"])
    button = page.get_by_role("button", name="Verstuur")
    expect(button).to_be_in_viewport()
    for each, least in ((choose, 200), (button, 200)):
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= TARGET_PX
        assert box["width"] >= least
    box = button.bounding_box()
    assert box is not None
    assert box["y"] > 844 / 2


def test_language_and_appearance_are_kept(open_page: Open) -> None:
    page = open_page("insturen")
    page.get_by_role("button", name="Instellingen").click()
    page.get_by_label("Taal").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Upload surveys")
    page.get_by_label("Appearance").select_option("dark")
    page.get_by_label("Your name").fill("Anna")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Upload surveys")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    expect(page.get_by_role("button", name="Settings")).to_contain_text("Anna")


def test_a_page_that_is_not_there_says_so(open_page: Open) -> None:
    page = open_page("nergens")
    expect(page.get_by_role("heading", name="Deze pagina bestaat niet")).to_be_visible()
    page.get_by_role("link", name="Naar de kaart").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kaart van de wegen")
