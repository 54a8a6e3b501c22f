from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.errors import FootageError
from detector.footage.video import frame_times, probe, read_frames

MakeVideo = Callable[..., Path]
UNEVEN = np.cumsum([6.0, *np.tile([0.04, 0.1, 0.3, 0.033, 0.2], 24)])  # from 6 s on, 121 frames, 16 s


def level(image: np.ndarray) -> int:
    """Which frame of the made video this is."""
    return round(float(image[40:, 56:].mean())) - 40


def test_times_are_the_stored_media_times(make_video: MakeVideo) -> None:
    path = make_video(UNEVEN)
    assert frame_times(path) == pytest.approx(UNEVEN, abs=1e-3)
    info = probe(path)
    assert (info.width, info.height, info.start_s) == (96, 64, 1744795800.0)


@pytest.mark.parametrize("created", [None, "1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_clock_that_was_never_set_is_no_clock(make_video: MakeVideo, created: str | None) -> None:
    assert probe(make_video([0, 0.1, 0.2], created=created)).start_s is None


def test_colours_are_rgb(make_video: MakeVideo) -> None:
    (_, image), *_ = read_frames(path := make_video([0, 0.1, 0.2]), frame_times(path))
    assert image.dtype == np.uint8
    assert image.shape == (64, 96, 3)
    assert image[10, 10, 0] > 200 > 60 > image[10, 10, 2]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.sets(st.integers(0, 120), min_size=1), gop=st.sampled_from([10, 250]))
def test_just_the_asked_frames_come_in_order(make_video: MakeVideo, rows: set[int], gop: int) -> None:
    path = make_video(UNEVEN, gop=gop)
    times = frame_times(path)[sorted(rows)]
    faults: list[str] = []
    got = list(read_frames(path, times, faults))
    assert [time for time, _ in got] == pytest.approx(times)
    assert [level(image) for _, image in got] == pytest.approx(sorted(rows), abs=1.01)
    assert not faults


@pytest.mark.parametrize(("rotation", "corner"), [(90, (-10, 10)), (180, (-10, -10)), (-90, (10, -10))])
def test_a_turned_video_is_made_upright(make_video: MakeVideo, rotation: int, corner: tuple[int, int]) -> None:
    path = make_video([0, 0.1, 0.2], rotation=rotation)
    (_, image), *_ = read_frames(path, frame_times(path))
    info = probe(path)
    assert (info.height, info.width) == image.shape[:2] == ((64, 96) if rotation == 180 else (96, 64))
    assert image[corner][0] > 200 > 60 > image[corner][2]  # where the red corner went, turning counterclockwise


def test_damage_in_the_middle_costs_only_itself(make_video: MakeVideo) -> None:
    path = make_video(UNEVEN)
    times = frame_times(path)
    with av.open(str(path)) as container:
        packet = [p for p in container.demux(video=0) if p.size][60]
        start, size = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    data[start : start + size] = bytes(size)
    path.write_bytes(data)
    faults: list[str] = []
    got = list(read_frames(path, times, faults))
    assert 110 <= len(got) < 121 + 1
    assert faults
    assert all(str(path) in fault for fault in faults)


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda _: b"", "0 bytes"),
        (cut, "cut off"),
        (lambda _: b"just some words\n" * 40, "not a video"),
    ],
)
def test_unusable_files_say_so(make_video: MakeVideo, content: Callable[[bytes], bytes], says: str) -> None:
    path = make_video(UNEVEN)
    path.write_bytes(content(path.read_bytes()))
    for use in (probe, frame_times, lambda p: list(read_frames(p, [6.0]))):
        with pytest.raises(FootageError, match=says) as error:
            use(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


def test_no_file_no_video_stream_no_decodable_frame(make_video: MakeVideo, tmp_path: Path) -> None:
    with pytest.raises(FootageError, match="no such file"):
        probe(tmp_path / "none.mp4")
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux([*stream.encode(frame), *stream.encode()])
    with pytest.raises(FootageError, match="no video"):
        probe(sound)
    path = make_video(UNEVEN)
    data = path.read_bytes()
    body = data.index(b"mdat") + 4
    index = data.index(b"moov") - 4
    path.write_bytes(data[:body] + bytes(index - body) + data[index:])
    with pytest.raises(FootageError, match="none of its frames"):
        probe(path)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path = tmp_path / "locked.mp4"
    path.write_text("no video")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FootageError, match="can't be read \\(Permission denied\\)"):
        probe(path)


def test_the_real_drive(shared: Path) -> None:
    path = shared / "survey" / "drive.mp4"
    times = frame_times(path)
    assert len(times) == 228
    assert times[0] == 6.0
    faults: list[str] = []
    got = list(read_frames(path, times[::20], faults))
    assert len(got) == 12
    assert not faults


def test_a_transport_stream_with_a_late_stream(shared: Path) -> None:
    path = shared / "geo" / "telemetry" / "dashcam" / "novatek-ts__real-anonymized.TS"
    times = frame_times(path)
    assert len(times) == 300
    assert len(list(read_frames(path, times[::100]))) == 3
