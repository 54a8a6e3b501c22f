import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.errors import FootageError
from detector.footage.photos import read_photo_folder

MakePhoto = Callable[..., Path]
TAKEN, SUBSECOND, ZONE = 0x9003, 0x9291, 0x9011


def posix(*clock: int) -> float:
    return datetime(2025, 4, 16, *clock, tzinfo=UTC).timestamp()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lon=st.floats(-179.9, 179.9), lat=st.floats(0.01, 89.9), heading=st.floats(0, 359.9))
def test_place_and_heading(make_photo: MakePhoto, lon: float, lat: float, heading: float) -> None:
    path = make_photo("a.jpg", lon, -lat, heading=heading)
    (photo,) = read_photo_folder(path.parent).photos
    assert photo.lon == pytest.approx(lon, abs=1e-6)
    assert photo.lat == pytest.approx(-lat, abs=1e-6)
    assert photo.heading_deg == pytest.approx(heading, abs=0.01)
    assert photo.hdop == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("clock", "taken", "time"),
    [
        (None, {}, None),
        ((9, 31, 2.5), {}, posix(9, 31, 2) + 0.5),
        ((9, 31, 2), {TAKEN: "2025:04:16 11:31:02", SUBSECOND: "25", ZONE: "+02:00"}, posix(9, 31, 2) + 0.25),
        ((9, 31, 2), {TAKEN: "2025:04:16 11:31:07", SUBSECOND: "25", ZONE: "+02:00"}, posix(9, 31, 2)),
        (None, {TAKEN: "2025:04:16 11:31:02", SUBSECOND: "5", ZONE: "+02:00"}, posix(9, 31, 2) + 0.5),
        (None, {TAKEN: "2025:04:16 11:31:02"}, posix(11, 31, 2)),
        (None, {TAKEN: "0000:00:00 00:00:00"}, None),
    ],
)
def test_time(make_photo: MakePhoto, clock: tuple | None, taken: dict[int, str], time: float | None) -> None:
    path = make_photo("a.jpg", 6.9, 52.2, clock, taken)
    assert read_photo_folder(path.parent).photos[0].time_s == pytest.approx(time, abs=1e-6)


def test_one_bad_photo_never_ends_the_folder(make_photo: MakePhoto) -> None:
    folder = make_photo("good.jpg", 6.9, 52.2).parent
    make_photo("nowhere.jpg")
    make_photo("null.jpg", 0.0, 0.0)
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("no picture either, and not meant as one")
    data = (folder / "good.jpg").read_bytes()
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(data)
    (folder / "cut.jpg").write_bytes(data[:60])
    found = read_photo_folder(folder)
    assert [p.path.name for p in found.photos] == ["good.jpg"]
    assert {p.name for p in found.unusable} == {
        "nowhere.jpg",
        "null.jpg",
        "empty.jpg",
        "text.jpg",
        "cut.jpg",
        os.fsdecode(b"caf\xe9.jpg"),
    }
    assert "0/0" in found.unusable[folder / "null.jpg"]
    assert found.unusable[folder / "empty.jpg"] == "the file is empty"


def test_unusable_folders_say_so(make_photo: MakePhoto, tmp_path: Path) -> None:
    with pytest.raises(FootageError, match="no such folder"):
        read_photo_folder(tmp_path / "none")
    with pytest.raises(FootageError, match="holds no photos"):
        read_photo_folder(tmp_path / "photos")
    folder = make_photo("nowhere.jpg").parent
    with pytest.raises(FootageError, match="none of the 1 photos has a usable place"):
        read_photo_folder(folder)


def test_real_photos(shared: Path) -> None:
    survey = read_photo_folder(shared / "survey" / "photos")
    assert len(survey.photos) == 37
    assert not survey.unusable
    first = next(p for p in survey.photos if p.path.name == "frame_00590.jpg")
    assert first.time_s == posix(9, 31, 2) + 0.5
    lund = read_photo_folder(shared / "geo" / "telemetry" / "exif")
    assert [p.time_s for p in lund.photos] == [None] * 6
    assert lund.photos[0].lat == pytest.approx(55.698167, abs=1e-5)
