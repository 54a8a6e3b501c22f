import base64
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from shapely.affinity import translate

from roads.mapping import RoadMap
from roads.webmap.page import PICTURE_PX, page_data, render_page
from tests.roads.exports.maps import make_road_map, write_pictures

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TITLE = "Voorjaar <img src=x onerror=alert(1)>, Najaar <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def road_map() -> RoadMap:
    return make_road_map()


@pytest.fixture(scope="module")
def folder(road_map: RoadMap, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(road_map, folder)
    return folder


@pytest.fixture(scope="module")
def html(road_map: RoadMap, folder: Path) -> str:
    return render_page(road_map, [folder])


def test_the_page_is_one_file_without_outside_references(html: str) -> None:
    for attribute in re.findall(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="([^"]*)"', html):
        assert attribute.startswith("data:"), attribute
    assert "sourceMappingURL" not in html
    assert "default-src 'none'" in html


def test_text_of_the_survey_cannot_become_markup(html: str) -> None:
    assert "<img src=x" not in html
    assert "</script><b>" not in html
    assert html.count("</script>") == 3
    block = html.split('id="data">')[1].split("</script>")[0]
    assert "<" not in block
    assert json.loads(block)["survey"]["name"] == TITLE


def test_only_segments_near_the_track_are_embedded(road_map: RoadMap, folder: Path) -> None:
    moved = road_map.segments.copy()
    moved.loc[5, "geometry"] = translate(moved.geometry[5], 3000, 3000)
    data = page_data(replace(road_map, segments=moved), [folder])
    assert len(data["segments"]) == 5
    assert (data["survey"]["embedded_segments"], data["survey"]["network_segments"]) == (5, 6)


def test_pictures_are_embedded_small_and_missing_ones_left_out(road_map: RoadMap, folder: Path) -> None:
    pictures = {d["id"]: d["picture"] for d in page_data(road_map, [folder])["defects"]}
    assert pictures[10] is None
    jpeg = base64.b64decode(pictures[1].removeprefix("data:image/jpeg;base64,"))
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert max(picture.shape) == PICTURE_PX


def test_unsurveyed_segments_have_no_score(road_map: RoadMap, folder: Path) -> None:
    data = page_data(road_map, [folder])
    unseen = data["segments"][5]
    assert (unseen["score"], unseen["grade"], unseen["pci"], unseen["status"]) == (None, None, None, "not surveyed")
    assert unseen["entries"] == [len(theme["entries"]) - 1 for theme in data["themes"]]


def test_the_track_is_broken_between_surveys(road_map: RoadMap, folder: Path) -> None:
    whole = road_map.track[road_map.track["segment_id"] == road_map.segments["segment_id"][0]]
    assert set(whole["survey_id"]) == {"voorjaar", "najaar"}
    assert len(page_data(replace(road_map, track=whole), [folder])["track"]) == 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed; install the package chromium to run the browser tests")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, html: str, tmp_path: Path) -> Iterator[Page]:
    """The page opened from disk in a Dutch browser without a network; any error or request fails the test."""
    (tmp_path / "map.html").write_text(html, encoding="utf-8")
    context = browser.new_context(offline=True, locale="nl-NL", viewport={"width": 1200, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.on("request", lambda r: requests.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
    page.on("dialog", lambda d: errors.append(f"dialog {d.message}"))
    page.goto((tmp_path / "map.html").as_uri())
    yield page
    context.close()
    assert errors == []
    assert requests == []


def test_it_opens_from_disk_and_lists_what_it_draws(page: Page) -> None:
    assert page.locator("h1").inner_text() == TITLE
    assert page.locator("#when").inner_text() == "14 april 2026 – 6 oktober 2026"
    assert page.locator("#defects li").count() == 9  # not the one that has gone
    assert page.locator("#worst li[data-id]").count() == 3
    assert page.locator("#surveys li").count() == 2
    assert "6 van de 6 wegvakken" in page.locator("#drawn").inner_text()
    notes = page.locator("#notes").inner_text()
    assert "Niet geschouwd is niet onbeschadigd" in notes
    assert "niet gekalibreerd" in notes
    drawn = page.evaluate(
        "() => { const c = document.querySelector('#map canvas');"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0); }"
    )
    assert drawn


def drawing(page: Page) -> str:
    """The map as a picture, for telling two drawings apart."""
    return str(page.evaluate("() => document.querySelector('#map canvas').toDataURL()"))


def test_the_segments_are_coloured_by_what_is_chosen(page: Page) -> None:
    assert page.locator("#theme option").all_inner_texts() == ["Oordeel", "Planklasse", "PCI", "Deel gezien"]
    seen = {drawing(page)}
    for choice, word in (("1", "jaar 1"), ("2", "zeer slecht (PCI 11-25)"), ("3", "50-80 % gezien")):
        page.locator("#theme").select_option(choice)
        assert word in page.locator("#layers").inner_text()
        page.wait_for_timeout(50)
        seen.add(drawing(page))
    assert len(seen) == 4


def test_filters_by_kind_state_and_probability(page: Page) -> None:
    page.locator("#kind-cracking").uncheck()
    assert page.locator("#defects li").evaluate_all("all => all.map(li => li.dataset.id)") == ["2", "6", "10"]
    page.locator("#state-gone").check()
    assert page.locator("#defects li").count() == 4
    page.locator("#state-first-seen").uncheck()
    assert page.locator("#defects li").evaluate_all("all => all.map(li => li.dataset.id)") == ["2", "4"]
    page.locator("#kind-cracking").check()
    page.locator("#minimum").fill("0.95")
    assert "3 van 10" in page.locator("#shown").inner_text()  # two that are sure, and the one that has gone


def test_the_language_switches_and_is_kept_in_the_filters(page: Page) -> None:
    assert page.locator("html").get_attribute("lang") == "nl"
    assert "Langsscheur 1" in page.locator("#defects").inner_text()
    page.locator("#kind-potholes").uncheck()
    page.locator("#theme").select_option("1")
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert "Longitudinal crack 1" in page.locator("#defects").inner_text()
    assert "not surveyed" in page.locator("#layers").inner_text()
    assert page.locator("#theme option:checked").inner_text() == "Plan class"
    assert not page.locator("#kind-potholes").is_checked()
    assert page.locator("#defects li").count() == 7


def test_a_defect_opens_with_its_picture_by_keyboard(page: Page) -> None:
    page.locator("#defects li button").nth(2).focus()
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup .popup")
    for words in (
        "Craquelé 3",
        "gegroeid",
        "99 %",
        "2,80 × 0,70 m (± 21 %)",
        "+62 %",
        "14 april 2026",
        "rechterrijspoor",
    ):
        assert words in popup.inner_text()
    assert "Skûlenboargerwei (600103:0-346)" in popup.inner_text()
    assert popup.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") == PICTURE_PX


def test_a_segment_opens_with_its_reasons(page: Page) -> None:
    page.locator("#worst li button").first.click()
    text = page.locator(".leaflet-popup .popup").inner_text()
    for words in ("ernstig, omvang 3 (41,0 %)", "18 (marge 6 – 27)", "jaar 1: scheurvorming M2", "ernst geschat"):
        assert words in text
    assert "6 oktober 2026" in text


def test_layers_switch_off_and_on(page: Page) -> None:
    for name in ("coverage", "track", "segments", "defects"):
        box = page.locator(f"#layer-{name}")
        box.set_checked(not box.is_checked())
        box.set_checked(not box.is_checked())
    assert page.locator("#layer-coverage").is_checked() is False


def test_an_empty_map_has_a_page_too(browser: Browser, road_map: RoadMap, tmp_path: Path) -> None:
    summary = {**road_map.summary, "from_utc": None, "to_utc": None, "surveys": []}
    bare = RoadMap(
        *(getattr(road_map, n).iloc[:0] for n in ("segments", "defects", "coverage", "track", "frames")), summary
    )
    (tmp_path / "map.html").write_text(render_page(bare, []), encoding="utf-8")
    context = browser.new_context(
        offline=True, locale="en-GB", color_scheme="dark", viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.goto((tmp_path / "map.html").as_uri())
    assert page.locator("#shown").inner_text() == "No damage found."
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert errors == []
    context.close()
