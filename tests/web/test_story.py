"""From the drive to the planner's file: the way that every byte goes, in the order that people go it."""

from pathlib import Path

import pyogrio
from playwright.sync_api import Page, expect

from tests.api.serving import until
from tests.web.conftest import Open
from tests.web.crew import LOOKED_AT_S, Crew, pick

NAME = "Hengelosestraat, ochtend"


def test_a_crew_uploads_and_a_planner_finds_judges_and_downloads(
    open_page: Open, drive: Path, crew: Crew, tmp_path: Path
) -> None:
    crew.remove_all()
    page = open_page("insturen")
    _upload(page, drive)
    _follow(page, crew)
    defect = _find(page, crew)
    _judge(page, crew, defect)
    file = _download(page, tmp_path)

    layers = {name for name, _ in pyogrio.list_layers(file)}
    assert {"segments", "defects", "coverage"} <= layers
    defects = pyogrio.read_dataframe(file, layer="defects")
    assert len(defects) == crew.survey(NAME)["summary"]["defects"] - 1
    assert defect not in set(defects["id"])  # what a person says is not there is no part of the planner's file


def _upload(page: Page, drive: Path) -> None:
    pick(page, drive / "drive.mp4", drive / "drive.gpx", drive / "camera.yaml")
    card = page.locator(".upload-drive")
    expect(card).to_have_count(1)
    expect(card.locator(".upload-file-name")).to_have_text(["drive.mp4", "drive.gpx", "camera.yaml"])
    page.get_by_label("Naam van de opname").fill(NAME)
    page.get_by_role("button", name="Verstuur 1 opname").click()
    expect(page.get_by_text("Alles is bij de server.")).to_be_visible()
    expect(card).to_have_count(0)
    page.get_by_role("link", name="Naar de opname").click()


def _follow(page: Page, crew: Crew) -> None:
    """The page follows the survey by itself, until it is on the map; the check finds that it is a short drive."""
    expect(page.get_by_role("heading", name=NAME, level=1)).to_be_visible()
    expect(page.get_by_text("Is dit de goede opname?")).to_be_visible(timeout=LOOKED_AT_S * 1000)
    page.get_by_role("button", name="Toch doorgaan").click()
    expect(page.get_by_text("Het wegdek wordt bekeken.")).to_be_visible(timeout=LOOKED_AT_S * 1000)
    expect(page.get_by_text("Staat op de kaart.", exact=True)).to_be_visible(timeout=LOOKED_AT_S * 1000)
    found = crew.survey(NAME)["summary"]["defects"]
    assert found > 0
    expect(page.locator(".survey-figures div", has_text="Schades").locator("dd")).to_have_text(str(found))


def _find(page: Page, crew: Crew) -> int:
    """Look at a defect on the map, and click on it where it is drawn."""
    queue = crew.get("reviews/queue", limit=1)["defects"]
    lon, lat, number = queue[0]["lon"], queue[0]["lat"], queue[0]["id"]
    page.get_by_role("link", name="Op de kaart bekijken").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kaart van de wegen")
    page.evaluate(f"location.hash = '#/kaart?at=20.00_{lat:.5f}_{lon:.5f}'")
    canvas = page.locator("canvas.maplibregl-canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None
    shown = "new URLSearchParams(location.hash.split('?')[1]).get('defect')"

    def opened() -> bool:
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        return page.evaluate(shown) is not None

    until("the defect is drawn and can be clicked on", opened)
    assert int(page.evaluate(shown)) == number
    return int(number)


def _judge(page: Page, crew: Crew, defect: int) -> None:
    page.get_by_role("button", name="Klopt niet").click()
    expect(page.get_by_role("button", name="Ongedaan maken")).to_be_visible()
    reviews = crew.get(f"defects/{defect}")["reviews"]
    assert [review["decision"] for review in reviews] == ["reject"]
    assert crew.get(f"defects/{defect}")["properties"]["state"] == "rejected"


def _download(page: Page, folder: Path) -> Path:
    page.get_by_role("link", name="Downloads").click()
    page.get_by_role("button", name="GeoPackage maken").click()
    link = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="GeoPackage", exact=True))
    with page.expect_download(timeout=LOOKED_AT_S * 1000) as coming:
        link.get_by_role("link").click(timeout=LOOKED_AT_S * 1000)
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    assert file.suffix == ".gpkg"
    return file
