"""Video files: what they are, when their frames are, and the pixels of just the frames that are wanted."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from detector.errors import FootageError
from detector.types import Floats, Image

SAME_FRAME_S = 0.004  # two times closer than this are one frame; at 120 frames/s neighbours are 0.008 s apart
REORDER_S = 0.5  # a keyframe's decoding time may lie this much before the frames shown around it
SEEK_GAIN_S = 1.0  # of video left undecoded, before a seek pays for the frames lost in the decoder's threads
CLOCK_SET_AFTER = datetime(2000, 1, 1, tzinfo=UTC)  # cameras without a clock write 1904 or 1970


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video file is. `width` and `height` are those of the upright picture, in pixels."""

    path: Path
    width: int
    height: int
    duration_s: float
    start_s: float | None  # POSIX UTC of media time 0; None where the file doesn't tell


def probe(path: Path) -> VideoInfo:
    """Describe a video; its first frame is decoded to be sure that there is one.

    Raises FootageError for a file that is missing, empty, cut off, no video, or without a decodable frame.
    """
    with _opened(path) as (container, stream):
        first = next(_decoded(container, stream, []), None)
        if first is None:
            raise FootageError(path, "none of its frames can be decoded", "copy the file again from the camera's card")
        image = _upright(first)
        duration = container.duration / av.time_base if container.duration else 0.0
        return VideoInfo(path, image.shape[1], image.shape[0], duration, _creation_time(container, stream))


def frame_times(path: Path) -> Floats:
    """Presentation times (n,) of all frames in s, rising: the media times as stored, by reading packets only.

    Raises FootageError as `probe` does, and where the file holds no frames.
    """
    with _opened(path) as (container, stream):
        shown = (p for p in _packets(container, stream) if p.size and not p.is_discard)
        times = [time for p in shown if (time := _time(p)) is not None]
    if not times:
        raise FootageError(path, "the video holds no frames", "copy the file again from the camera's card")
    return np.unique(times)


def read_frames(
    path: Path, times_s: Sequence[float] | Floats, faults: list[str] | None = None
) -> Iterator[tuple[float, Image]]:
    """Yield (media time, upright RGB picture) for the frames at `times_s`, which rise and come from `frame_times`.

    Decoding runs in display order on all cores. Only the asked frames become pictures; unasked frames that no other
    needs are not decoded, and a long unasked stretch is jumped over from keyframe to keyframe. Memory holds a few
    frames, whatever the length. A damaged packet, or an asked frame that can't be decoded, costs itself only and adds
    a line to `faults`.

    Raises FootageError where the file can't be opened or yields none of the asked frames.
    """
    asked = [float(t) for t in times_s]
    notes: list[str] = [] if faults is None else faults
    given = 0
    with _opened(path) as (container, stream):
        keyframes = [float(e.timestamp * stream.time_base) for e in stream.index_entries if e.is_keyframe]
        at = 0
        jumped = -np.inf  # the keyframe of the last seek; each is sought once, or a demuxer that lands early loops
        while at < len(asked):
            for frame in _decoded(container, stream, notes, asked):
                time = _time(frame)
                if time is None:
                    continue
                while at < len(asked) and asked[at] < time - SAME_FRAME_S:
                    notes.append(f"{path}: the frame at {asked[at]:.3f} s can't be decoded")
                    at += 1
                if at < len(asked) and asked[at] <= time + SAME_FRAME_S:
                    yield time, _upright(frame)
                    given += 1
                    at += 1
                if at == len(asked):
                    break
                if (keyframe := _worthwhile(keyframes, max(time, jumped), asked[at])) is not None:
                    jumped = keyframe
                    container.seek(int((asked[at] - REORDER_S) / stream.time_base), stream=stream, backward=True)
                    break
            else:
                notes.extend(f"{path}: the frame at {t:.3f} s can't be decoded" for t in asked[at:])
                break
    if asked and not given:
        raise FootageError(path, "none of its frames can be decoded", "copy the file again from the camera's card")


def _worthwhile(keyframes: list[float], now: float, wanted: float) -> float | None:
    """The keyframe that a seek for `wanted` reaches, when it lies well after `now`; else None."""
    # The index has decoding times, demuxers seek by presentation time: twice the margin is sure to land there.
    row = bisect_right(keyframes, wanted - 2 * REORDER_S) - 1
    return keyframes[row] if row >= 0 and keyframes[row] > now + SEEK_GAIN_S else None


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, Any]]:
    if not path.is_file():
        raise FootageError(path, "there is no such file", "check the path")
    if path.stat().st_size == 0:
        raise FootageError(path, "the file is empty (0 bytes)", "copy it again from the camera's card")
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise FootageError(path, *_diagnosis(path)) from error
    with container:
        if container.format.name == "image2" or container.format.name.endswith("_pipe"):
            raise FootageError(path, "it is a single picture", "give the folder that the photos are in")
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams or streams[0].codec_context is None:
            raise FootageError(path, "it holds no video that can be read", "give a dashcam video or a photo folder")
        stream = streams[0]
        stream.thread_type = "AUTO"
        yield container, stream


def _diagnosis(path: Path) -> tuple[str, str]:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        return f"it can't be read ({error.strerror})", "check its rights, or copy it again from the camera's card"
    if head[4:8] in (b"ftyp", b"mdat", b"free", b"wide", b"skip"):
        return (
            "the recording was cut off before its index was written (no 'moov')",
            "copy it again from the card, or repair it with a tool such as untrunc",
        )
    return "it is not a video", "give a video file that a player can open"


def _packets(container: InputContainer, stream: Any) -> Iterator[Any]:
    """All packets of the stream; a cut-off end ends them."""
    while True:
        try:
            yield from container.demux(stream)
        except av.FFmpegError:
            return
        except IndexError:
            continue  # PyAV stumbles over the first packet of a stream that appears midway, as in Novatek's .TS
        return


def _decoded(
    container: InputContainer, stream: Any, faults: list[str], asked: Sequence[float] | None = None
) -> Iterator[Any]:
    """All decodable frames from here on, in display order; given `asked`, without those nothing depends on."""
    codec = stream.codec_context
    for packet in _packets(container, stream):
        if asked is not None and packet.pts is not None:
            codec.skip_frame = "DEFAULT" if _among(asked, float(packet.pts * packet.time_base)) else "NONREF"
        try:
            yield from packet.decode()
        except av.FFmpegError as error:
            time = _time(packet)
            where = "its end" if time is None else f"{time:.3f} s"
            faults.append(f"{container.name}: damaged video at {where} skipped ({error.strerror})")


def _among(times: Sequence[float], time: float) -> bool:
    row = bisect_right(times, time - SAME_FRAME_S)
    return row < len(times) and times[row] <= time + SAME_FRAME_S


def _time(timed: Any) -> float | None:
    """Media time of a packet or frame in s; old containers such as AVI store the decoding time only."""
    stamp = timed.pts if timed.pts is not None else timed.dts
    return None if stamp is None else float(stamp * timed.time_base)


def _upright(frame: Any) -> Image:
    turned: Image = np.rot90(frame.to_ndarray(format="rgb24"), k=round(frame.rotation / 90) % 4)
    return np.ascontiguousarray(turned)


def _creation_time(container: InputContainer, stream: Any) -> float | None:
    for metadata in (container.metadata, stream.metadata):
        try:
            time = datetime.fromisoformat(metadata["creation_time"])
        except (KeyError, ValueError):
            continue
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        if time > CLOCK_SET_AFTER:
            return time.timestamp()
    return None
