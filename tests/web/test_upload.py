"""The upload page: what is shown before sending, what goes on after a reload, what is wrong."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Request, expect

from tests.api.serving import Process, until
from tests.web.conftest import Open
from tests.web.crew import Crew, pick, slowly

SLOW = 400_000  # bytes a second
LARGE = 3_000_000  # bytes: seconds at that speed


@pytest.fixture
def large(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file that takes a while. Its content is no video: how it arrives is what counts."""
    file = tmp_path / f"{request.node.name[:40]}.mp4"
    file.write_bytes(np.random.default_rng(len(request.node.name)).bytes(LARGE))
    return file


def picture(name: str, size: int = 100) -> dict[str, object]:
    return {"name": name, "mimeType": "", "buffer": name.encode() * size}


def send(page: Page) -> None:
    page.get_by_role("button", name="Verstuur").click()


def test_what_will_be_one_survey_is_shown_and_can_be_changed(open_page: Open) -> None:
    page = open_page("insturen")
    names = ["GX010231.MP4", "GX020231.MP4", "20261124_140500_NF.mp4", "20261124_140500_NR.mp4", "rit.gpx"]
    pick(page, *map(picture, names), picture("notitie.docx"), picture("leeg.mp4", 0))
    cards = page.locator(".upload-drive")
    expect(cards).to_have_count(3)
    first = cards.filter(has_text="GX010231.MP4")
    expect(first.locator(".upload-file-name")).to_have_text(names[:2])
    expect(cards.filter(has_text="_NR.mp4").get_by_role("checkbox")).not_to_be_checked()
    expect(page.get_by_text("notitie.docx: geen video, foto of spoor")).to_be_visible()
    expect(page.get_by_text("leeg.mp4: leeg bestand")).to_be_visible()
    expect(page.get_by_role("button", name="Verstuur 2 opnames")).to_be_enabled()

    first.get_by_role("button", name="Elke video apart").click()
    expect(page.get_by_role("button", name="Verstuur 3 opnames")).to_be_visible()
    cards.filter(has_text="GX020231.MP4").get_by_role("button", name="Samenvoegen").click()
    expect(first.locator(".upload-file-name")).to_have_text(names[:2])
    page.get_by_label("rit.gpx hoort bij").select_option("GX010231")
    expect(first.locator(".upload-file-name")).to_have_text([*names[:2], "rit.gpx"])
    first.get_by_role("button", name="GX020231.MP4 weglaten").click()
    expect(first.locator(".upload-file-name")).to_have_text([names[0], "rit.gpx"])


def test_files_can_be_dropped_anywhere_on_the_page(open_page: Open) -> None:
    page = open_page("insturen")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    made = page.evaluate_handle(
        "() => { const drop = new DataTransfer(); drop.items.add(new File(['x'], 'gesleept.mp4')); return drop; }"
    )
    page.dispatch_event("h1", "dragover", {"dataTransfer": made})
    expect(page.get_by_text("Laat los om toe te voegen")).to_be_visible()
    page.dispatch_event("h1", "drop", {"dataTransfer": made})
    expect(page.locator(".upload-file-name")).to_have_text(["gesleept.mp4"])
    expect(page.get_by_text("Laat los om toe te voegen")).to_have_count(0)


def test_an_upload_goes_on_after_a_reload_from_where_it_was(
    open_page: Open, large: Path, crew: Crew, server: Process
) -> None:
    page = open_page("insturen")
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.type))
    slowly(page, SLOW)
    pick(page, large)
    send(page)
    progress = page.get_by_role("progressbar", name=f"Voortgang van opname {large.stem}")
    until("a part was sent", lambda: float(progress.get_attribute("value") or 0) > LARGE / 5)
    page.reload()
    assert asked == ["beforeunload"]
    slowly(page, 0)
    expect(page.get_by_text("Deze opname is nog niet helemaal verstuurd.")).to_be_visible()
    until("the server keeps what came", lambda: crew.received(large.stem) > 0)
    before = crew.received(large.stem)
    assert before < LARGE

    offsets: list[int] = []
    page.on("request", lambda request: offsets.extend(_offset(request)))
    pick(page, large)
    expect(page.get_by_text("Alles is bij de server.")).to_be_visible()
    assert offsets[0] >= before
    survey = crew.survey(large.stem)
    assert len([one for one in crew.surveys() if one["name"] == large.stem]) == 1
    until("it has its hash", lambda: crew.survey(large.stem)["files"][0]["sha256"] is not None)
    assert crew.survey(large.stem)["files"][0]["sha256"] == hashlib.sha256(large.read_bytes()).hexdigest()
    assert (server.home / "files" / "footage" / survey["id"]).is_dir()


def _offset(request: Request) -> list[int]:
    return [int(request.headers["upload-offset"])] if request.method == "PATCH" else []


def test_another_file_of_the_same_name_does_not_go_on(open_page: Open, large: Path, crew: Crew) -> None:
    page = open_page("insturen")
    slowly(page, SLOW)
    pick(page, large)
    send(page)
    until("a part was sent", lambda: page.locator(".upload-sending progress").first.get_attribute("value") != "0")
    page.reload()
    expect(page.get_by_text("Deze opname is nog niet helemaal verstuurd.")).to_be_visible()
    until("the server keeps what came", lambda: crew.received(large.stem) > 0)
    large.write_bytes(bytes(LARGE))
    pick(page, large)
    expect(page.get_by_text("is veranderd sinds het begin van het versturen")).to_be_visible()
    assert crew.survey(large.stem)["state"] == "uploading"


def test_sending_pauses_goes_on_and_can_be_given_up(open_page: Open, large: Path, crew: Crew) -> None:
    page = open_page("insturen")
    slowly(page, SLOW)
    pick(page, large)
    send(page)
    page.get_by_role("button", name=f"Pauze: {large.stem}").click()
    expect(page.get_by_text("gepauzeerd")).to_be_visible()
    page.get_by_role("button", name=f"Verder met {large.stem}").click()
    expect(page.get_by_text("wordt verstuurd ·")).to_be_visible()
    page.get_by_role("button", name=f"Stoppen met {large.stem}").click()
    page.get_by_role("button", name="Stoppen en weggooien").click()
    expect(page.locator(".upload-sending")).to_have_count(0)
    until("the server has forgotten it", lambda: all(one["name"] != large.stem for one in crew.surveys()))


def test_sending_goes_on_while_another_page_is_read(open_page: Open, large: Path) -> None:
    page = open_page("insturen")
    slowly(page, SLOW)
    pick(page, large)
    send(page)
    expect(page.locator(".upload-sending")).to_be_visible()
    menu = page.get_by_role("navigation", name="Hoofdmenu")
    menu.get_by_role("link", name="Opnames").click()
    expect(menu.get_by_role("link", name="Insturen")).to_contain_text("%")
    slowly(page, 0)
    menu.get_by_role("link", name="Insturen").click()
    expect(page.get_by_text("Alles is bij de server.")).to_be_visible()


def test_what_the_check_finds_is_told_at_once_and_a_track_puts_it_right(
    open_page: Open, drive: Path, crew: Crew, tmp_path: Path
) -> None:
    video = tmp_path / "Zonder gps.mp4"
    video.write_bytes((drive / "drive.mp4").read_bytes())
    page = open_page("insturen")
    pick(page, video)
    expect(page.get_by_text("Geen apart spoor")).to_be_visible()
    send(page)
    found = page.get_by_text("Voeg het GPX- of NMEA-spoor van deze rit toe.")
    expect(found).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Naar de opname").click()
    expect(found).to_be_visible()
    expect(page.get_by_role("button", name="Toch doorgaan")).to_have_count(0)
    page.locator("input[name=more]").set_input_files(drive / "drive.gpx")
    expect(page.get_by_role("rowheader", name="drive.gpx")).to_be_visible()
    expect(page.get_by_text("Is dit de goede opname?")).to_be_visible(timeout=60_000)
    expect(found).to_have_count(0)
    page.get_by_role("button", name="Stoppen").click()
    page.get_by_role("dialog").get_by_role("button", name="Stoppen").click()
    expect(page.get_by_text("Deze opname is gestopt.")).to_be_visible()
    assert crew.survey("Zonder gps")["state"] == "cancelled"


def test_photos_go_as_a_zip_that_the_server_can_open(open_page: Open, crew: Crew, server: Process) -> None:
    page = open_page("insturen")
    pick(page, picture("p1.jpg"), picture("p2.jpg"))
    page.get_by_label("Naam van de opname").fill("Foto's")
    send(page)
    expect(page.get_by_text("Alles is bij de server.")).to_be_visible()
    [file] = (server.home / "files" / "footage" / crew.survey("Foto's")["id"]).iterdir()
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        assert {name: packed.read(name) for name in packed.namelist()} == {
            name: name.encode() * 100 for name in ("p1.jpg", "p2.jpg")
        }


def test_the_same_files_again_are_no_second_survey(open_page: Open, large: Path, crew: Crew) -> None:
    for name in ("Eerste keer", "Tweede keer"):
        page = open_page("insturen")
        pick(page, large)
        page.get_by_label("Naam van de opname").fill(name)
        send(page)
        expect(page.get_by_text("Alles is bij de server.")).to_be_visible()
    page.get_by_role("link", name="Naar de opname").click()
    page.get_by_role("link", name="Naar de eerdere opname").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Eerste keer")
    assert crew.survey("Tweede keer")["duplicate_of"] == crew.survey("Eerste keer")["id"]
