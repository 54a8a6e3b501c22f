"""The check: what is wrong with a drive's files is told before anyone waits for it, in both languages."""

import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from api.context import Context
from api.settings import Limits
from api.store.schema import MapState
from api.work.check import check
from api.work.findings import SENTENCES
from tests.api.work.conftest import Arrived

START = datetime(2024, 5, 14, 9, 30, tzinfo=UTC)


@pytest.fixture
def find(context: Context, arrived: Arrived) -> Any:
    def run(*files: Any, limits: Limits | None = None, **more: Any) -> list[dict[str, Any]]:
        settings = context.settings.model_copy(update={"limits": limits or context.settings.limits})
        survey = {"survey": arrived(*files, **more)}
        result = check(replace(context, settings=settings), survey, lambda *_: None)
        for one in result["findings"]:
            assert one["text_nl"] != one["text_en"]
            assert not re.search(r"[{}]|/scratch/", one["text_nl"] + one["text_en"])
        return [one for one in result["findings"] if one["code"] != "no_network"]

    return run


def codes(findings: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["code"], one["level"]) for one in findings]


def film(path: Path, seconds: float, brightness: int, start: datetime | None = START, fps: int = 4) -> Path:
    """A video of noise: bright enough or dark, with or without the time of its beginning."""
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        if start:
            container.metadata["creation_time"] = start.isoformat().replace("+00:00", "Z")
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.time_base = Fraction(1, fps)
        for _ in range(round(seconds * fps)):
            noise = rng.normal(brightness, brightness / 3, (192, 320, 1)).clip(0, 255).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.repeat(noise, 3, axis=2), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def gpx(path: Path, seconds: int, start: datetime = START, lat: float = 52.22, speed_mps: float = 10.0) -> Path:
    points = "".join(
        f'<trkpt lat="{lat}" lon="{6.89 + s * speed_mps / 68_300:.7f}">'
        f"<time>{datetime.fromtimestamp(start.timestamp() + s, UTC).isoformat().replace('+00:00', 'Z')}</time></trkpt>"
        for s in range(seconds + 1)
    )
    path.write_text(f'<gpx version="1.1" creator="test"><trk><trkseg>{points}</trkseg></trk></gpx>')
    return path


def test_a_good_drive(find: Any, sample: Path) -> None:
    assert find(sample / "drive.mp4", sample / "drive.gpx", sample / "camera.yaml") == []


def test_a_server_without_a_network_says_so(context: Context, arrived: Arrived, sample: Path) -> None:
    survey = arrived(sample / "drive.mp4", sample / "drive.gpx")
    (found,) = check(context, {"survey": survey}, lambda *_: None)["findings"]
    assert (found["code"], found["level"]) == ("no_network", "info")


def test_no_footage(find: Any, sample: Path) -> None:
    assert codes(find(sample / "drive.gpx")) == [("no_footage", "stop")]


def test_no_gps(find: Any, sample: Path) -> None:
    (found,) = find(("Rit ümlaut.mp4", sample / "drive.mp4"))
    assert (found["code"], found["level"], found["file"]) == ("no_gps", "stop", "Rit ümlaut.mp4")
    assert "GPX" in found["text_nl"]


def test_what_is_no_video(find: Any, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "drive.mp4").write_text("no video")
    assert codes(find(tmp_path / "drive.mp4", sample / "drive.gpx")) == [("unreadable", "stop")]


def test_one_bad_video_of_two_is_a_warning(find: Any, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video")
    found = find(sample / "drive.mp4", tmp_path / "bad.mp4", sample / "drive.gpx")
    assert codes(found) == [("unreadable", "warn")]
    assert found[0]["file"] == "bad.mp4"


def test_a_track_that_cannot_be_read(find: Any, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "drive.gpx").write_text("<gpx></gpx>")
    found = find(sample / "drive.mp4", tmp_path / "drive.gpx")
    assert codes(found) == [("bad_track", "stop")]


def test_a_camera_profile_that_cannot_be_read(find: Any, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "camera.yaml").write_text("height_m: high")
    found = find(sample / "drive.mp4", sample / "drive.gpx", tmp_path / "camera.yaml")
    assert codes(found) == [("bad_camera", "stop")]


def test_a_clock_that_is_off_by_hours(find: Any, tmp_path: Path) -> None:
    video = film(tmp_path / "drive.mp4", 10, 110)
    track = gpx(tmp_path / "drive.gpx", 12, datetime.fromtimestamp(START.timestamp() - 7200, UTC))
    (found,) = find(video, track)
    assert (found["code"], found["level"]) == ("clock", "stop")
    assert "2 uur" in found["text_nl"]
    assert "-7200 s" in found["text_en"]
    assert find(video, track, options={"offset_s": -7200.0}) == []


def test_a_track_that_ends_too_early(find: Any, tmp_path: Path) -> None:
    video, track = film(tmp_path / "drive.mp4", 30, 110), gpx(tmp_path / "drive.gpx", 15)
    (found,) = find(video, track)
    assert (found["code"], found["level"]) == ("track_short", "stop")
    assert re.search(r"\b5\d %", found["text_nl"])
    assert find(video, track, options={"partial": True}) == []


def test_a_drive_in_the_dark(find: Any, tmp_path: Path) -> None:
    found = find(film(tmp_path / "drive.mp4", 10, 8), gpx(tmp_path / "drive.gpx", 12))
    assert codes(found) == [("too_dark", "warn")]
    assert "100 %" in found[0]["text_nl"]


def test_a_video_that_does_not_tell_when_it_began(find: Any, tmp_path: Path) -> None:
    found = find(film(tmp_path / "drive.mp4", 10, 110, start=None), gpx(tmp_path / "drive.gpx", 12))
    assert codes(found) == [("assumed_start", "info")]


def test_a_drive_that_goes_nowhere(find: Any, tmp_path: Path) -> None:
    found = find(film(tmp_path / "drive.mp4", 10, 110), gpx(tmp_path / "drive.gpx", 12, speed_mps=0.5))
    assert ("too_short", "warn") in codes(found)


def test_a_drive_in_the_future(find: Any, tmp_path: Path) -> None:
    later = datetime(2035, 5, 14, tzinfo=UTC)
    found = find(film(tmp_path / "drive.mp4", 10, 110, later), gpx(tmp_path / "drive.gpx", 12, later))
    assert codes(found) == [("future", "warn")]
    assert "2035-05-14" in found[0]["text_nl"]


@pytest.mark.parametrize(("lat", "code"), [(52.22, None), (40.0, "outside")])
def test_a_drive_outside_the_network(find: Any, context: Context, tmp_path: Path, lat: float, code: str | None) -> None:
    with context.database.write() as session:
        state = MapState(id=1, revision=1, changes=0, inventory_key="inventories/1", published_s=0.0, crs="", table="")
        state.bbox, state.summary = [6.88, 52.2, 6.92, 52.24], {}
        session.add(state)
    found = find(film(tmp_path / "drive.mp4", 10, 110), gpx(tmp_path / "drive.gpx", 12, lat=lat))
    assert codes(found) == ([(code, "stop")] if code else [])


def test_pieces_of_a_track_are_joined(find: Any, tmp_path: Path) -> None:
    half = datetime.fromtimestamp(START.timestamp() + 8, UTC)
    first, second = gpx(tmp_path / "a.gpx", 7), gpx(tmp_path / "b.gpx", 8, half)
    assert ("track_short", "stop") not in codes(find(film(tmp_path / "drive.mp4", 15, 110), first, second))
    assert ("track_short", "stop") in codes(find(film(tmp_path / "drive.mp4", 15, 110), first))


def test_limits(find: Any, tmp_path: Path) -> None:
    limits = Limits(footage_s=5, picture_px=1000)
    found = find(film(tmp_path / "drive.mp4", 10, 110), gpx(tmp_path / "drive.gpx", 12), limits=limits)
    assert codes(found) == [("too_long", "stop"), ("too_large", "stop")]
    assert "footage_s" in found[0]["text_en"]
    assert "picture_px" in found[1]["text_en"]


def test_photos_in_a_zip(find: Any, shared: Path, tmp_path: Path) -> None:
    zipped = tmp_path / "foto's.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for photo in sorted((shared / "survey" / "photos").glob("*.jpg")):
            archive.write(photo, f"DCIM/{photo.name}")
    assert "stop" not in [level for _, level in codes(find(zipped))]


def test_a_zip_that_is_none(find: Any, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 broken")
    assert codes(find(tmp_path / "a.zip")) == [("bad_zip", "stop")]


@pytest.mark.parametrize("packed_by", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_zip(find: Any, tmp_path: Path, packed_by: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", packed_by) as archive:
        archive.writestr("a.jpg", np.random.default_rng(1).integers(0, 40, 20_000, np.uint8).tobytes())
    damaged = bytearray((tmp_path / "a.zip").read_bytes())
    damaged[45:200] = b"\xff" * 155
    (tmp_path / "a.zip").write_bytes(damaged)
    assert codes(find(tmp_path / "a.zip")) == [("bad_zip", "stop")]


def test_a_zip_that_would_fill_the_disk(find: Any, tmp_path: Path) -> None:
    limits = Limits(zip_bytes=1000, zip_files=3)
    bomb = tmp_path / "a.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", b"\0" * 100_000)
    found = find(bomb, limits=limits)
    assert codes(found) == [("bad_zip", "stop")]
    assert "zip_bytes" in found[0]["text_nl"]
    many = tmp_path / "b.zip"
    with zipfile.ZipFile(many, "w") as archive:
        for n in range(4):
            archive.writestr(f"{n}.jpg", b"x")
    assert "zip_files" in find(many, limits=limits)[0]["text_nl"]


def test_a_zip_leads_nowhere_else(find: Any, tmp_path: Path) -> None:
    sly = tmp_path / "a.zip"
    with zipfile.ZipFile(sly, "w") as archive:
        archive.writestr("../../../../evil.jpg", b"x")
        archive.writestr("/etc/evil.jpg", b"x")
        archive.writestr("..\\evil.jpg", b"x")
    assert {code for code, _ in codes(find(sly))} == {"no_gps"}
    assert not list(tmp_path.rglob("evil.jpg"))


def test_every_sentence_can_be_written() -> None:
    for code, (level, dutch, english) in SENTENCES.items():
        assert level in ("stop", "warn", "info"), code
        assert set(re.findall(r"\{(\w+)", dutch)) == set(re.findall(r"\{(\w+)", english)), code
