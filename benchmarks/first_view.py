"""The first view of the map in a Chromium that has seen nothing of the server before."""

import shutil
import time

from playwright.sync_api import Page, sync_playwright

# The map is drawn with WebGL; without a graphics card the processor does it, as Chromium itself chooses to.
ARGUMENTS = ["--no-sandbox", "--enable-unsafe-swiftshader"]
ARGUMENTS += ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"]

START_S = 2.0  # until the browser's own processes have started


def first_views(url: str, times: int = 5) -> list[float]:
    """How long the map of a server takes, s: from the address until everything in view is drawn.

    Each time in a browser of its own, which has started when the clock does.

    Raises:
        SystemExit: there is no Chromium.
    """
    if (chromium := shutil.which("chromium")) is None:
        raise SystemExit("there is no Chromium here; install the package chromium")
    taken = []
    with sync_playwright() as playwright:
        for _ in range(times):
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            time.sleep(START_S)
            taken.append(_viewed(page, f"{url}/#/kaart"))
            browser.close()
    return taken


def _viewed(page: Page, address: str) -> float:
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(".map-canvas canvas").wait_for(state="attached", timeout=60_000)
    page.locator(".map-starting").wait_for(state="detached", timeout=60_000)  # it goes when the map is idle
    return time.perf_counter() - begin
