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

from detector.results import SurveyResult
from roads.condition.table import read_table
from roads.mapping import RoadMap, map_survey
from roads.network import Network
from roads.webmap.page import PICTURE_PX, page_data, render_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def html(road_map: RoadMap, result_folder: Path) -> str:
    return render_page(road_map, result_folder / "pictures")


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
    data = json.loads(block)
    assert data["survey"]["name"] == "Proefrit <img src=x onerror=alert(1)>"


def test_only_segments_near_the_track_are_embedded(road_map: RoadMap, result_folder: Path) -> None:
    data = page_data(road_map, result_folder / "pictures")
    assert [s["segment_id"] for s in data["segments"]] == ["w0", "w1", "w2"]
    assert (data["survey"]["embedded_segments"], data["survey"]["network_segments"]) == (3, 4)


def test_pictures_are_embedded_small_and_missing_ones_left_out(road_map: RoadMap, result_folder: Path) -> None:
    pictures = {d["id"]: d["picture"] for d in page_data(road_map, result_folder / "pictures")["defects"]}
    assert pictures[5] is None
    jpeg = base64.b64decode(pictures[1].removeprefix("data:image/jpeg;base64,"))
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert max(picture.shape) == PICTURE_PX


def test_unsurveyed_segments_have_no_score(road_map: RoadMap, result_folder: Path) -> None:
    data = page_data(road_map, result_folder / "pictures")
    unseen = next(s for s in data["segments"] if s["segment_id"] == "w2")
    assert unseen["score"] is None
    assert unseen["grade"] is None
    assert unseen["status"] == "not surveyed"


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


def test_it_opens_from_disk_and_lists_what_it_draws(page: Page, road_map: RoadMap) -> None:
    assert page.locator("h1").inner_text() == "Proefrit <img src=x onerror=alert(1)>"
    assert page.locator("#defects li").count() == 5
    worse = (road_map.segments["grade"].notna() & (road_map.segments["grade"] != "good")).sum()
    assert page.locator("#worst li[data-id]").count() == worse
    assert "3 van de 4 wegvakken" in page.locator("#drawn").inner_text()
    notes = page.locator("#notes").inner_text()
    assert "Niet geschouwd is niet onbeschadigd" in notes
    assert "niet gekalibreerd" in notes
    drawn = page.evaluate(
        "() => { const c = document.querySelector('#map canvas');"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0); }"
    )
    assert drawn


def test_filters_by_kind_and_score(page: Page) -> None:
    page.locator("#kind-cracking").uncheck()
    assert page.locator("#defects li").count() == 3
    assert "3 van 5" in page.locator("#shown").inner_text()
    page.locator("#minimum").fill("0.6")
    assert page.locator("#defects li").evaluate_all("all => all.map(li => li.dataset.id)") == ["2", "4"]
    page.locator("#kind-cracking").check()
    assert page.locator("#defects li").count() == 3


def test_the_language_switches_and_is_kept_in_the_filters(page: Page) -> None:
    assert page.locator("html").get_attribute("lang") == "nl"
    assert "Langsscheur 1" in page.locator("#defects").inner_text()
    page.locator("#kind-potholes").uncheck()
    page.get_by_role("button", name="English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert "Longitudinal crack 1" in page.locator("#defects").inner_text()
    assert "not surveyed" in page.locator("#layers").inner_text()
    assert not page.locator("#kind-potholes").is_checked()
    assert page.locator("#defects li").count() == 3


def test_a_defect_opens_with_its_picture_by_keyboard(page: Page) -> None:
    page.locator("#defects li button").nth(1).focus()
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup .popup")
    assert "Gat 2" in popup.inner_text()
    assert "0,50 ± 0,10 m" in popup.inner_text()
    assert "Dorpsstraat (w0)" in popup.inner_text()
    assert popup.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") == PICTURE_PX


def test_a_segment_opens_with_its_reasons(page: Page) -> None:
    page.locator("#worst li button").first.click()
    text = page.locator(".leaflet-popup .popup").inner_text()
    assert "omvang" in text
    assert "ernst geschat" in text


def test_layers_switch_off_and_on(page: Page) -> None:
    for name in ("coverage", "track", "segments", "defects"):
        box = page.locator(f"#layer-{name}")
        box.set_checked(not box.is_checked())
        box.set_checked(not box.is_checked())
    assert page.locator("#layer-coverage").is_checked() is False


def test_an_empty_survey_has_a_page_too(
    browser: Browser, survey: SurveyResult, network: Network, tmp_path: Path
) -> None:
    nothing = replace(survey, meta={}, coverage=[], defects=[], detections=[])
    road_map = map_survey(nothing, network, read_table())
    (tmp_path / "map.html").write_text(render_page(road_map, tmp_path), encoding="utf-8")
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
