"""`schouw serve` as a user starts it, a rendered drive, and a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, expect, sync_playwright

from api.app import WEB
from tests.api.serving import Process, process
from tests.web.crew import Crew
from training.synthesis.survey import render_survey

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# The map is drawn with WebGL; without a graphics card the processor does it.
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
ARGUMENTS += ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 30_000

Lang: TypeAlias = Literal["nl", "en"]
Open: TypeAlias = Callable[..., Page]


@pytest.fixture(scope="session")
def built() -> Path:
    """The web app, built."""
    if not (WEB / "index.html").is_file():
        pytest.skip("the web app is not built; run `make web` to run the tests of it")
    return WEB


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short rendered drive of which the shipped model finds the damage."""
    folder = tmp_path_factory.mktemp("rendered") / "drive"
    return render_survey(folder, seconds=4.0, width=640, height=368, fps=6.0)


@pytest.fixture(scope="session")
def server(built: Path, drive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A server with the drive's road network and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOUW_BASEMAP", "")  # no network
        for name in [name for name in os.environ if name.startswith("SCHOUW_") and name.endswith("_URL")]:
            patch.delenv(name)
        home = tmp_path_factory.mktemp("server") / "home"
        with process(home, "--roads", drive / "network.gpkg") as served:
            yield served


@pytest.fixture(scope="session")
def crew(server: Process) -> Iterator[Crew]:
    """Asks the server itself what a page should show."""
    with httpx.Client(base_url=server.url, timeout=60) as http:
        yield Crew(http)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed; install the package chromium to run the browser tests")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, server: Process) -> Iterator[Open]:
    """Opens a place of the app in a browser of its own; whatever goes wrong on the page fails the test."""
    errors: list[str] = []
    contexts = []

    def opened(place: str, lang: Lang = "nl", *, phone: bool = False, dark: bool = False) -> Page:
        context = browser.new_context(
            locale={"nl": "nl-NL", "en": "en-GB"}[lang],
            color_scheme="dark" if dark else "light",
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 800},
            has_touch=phone,
            is_mobile=phone,
            accept_downloads=True,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        # Chromium's own picker can't be driven; then the app asks by an <input>, as in other browsers.
        context.add_init_script("window.showOpenFilePicker = undefined")
        page = context.new_page()
        page.on("console", lambda m: errors.append(m.text) if _is_wrong(m) else None)
        page.on("pageerror", lambda e: errors.append(str(e)))
        page.on("dialog", _leave)
        page.goto(f"{server.url}/#/{place}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def _is_wrong(message: ConsoleMessage) -> bool:
    """An upload that is given up is locked until the server has noticed (423): that it is tried again is no fault."""
    return message.type in {"error", "warning"} and "423" not in message.text


def _leave(dialog: Dialog) -> None:
    """Leave a page that warns because it is sending."""
    assert dialog.type == "beforeunload", dialog.message
    dialog.accept()
