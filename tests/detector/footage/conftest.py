from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

TICKS = 1000


def render(level: int, width: int = 96, height: int = 64) -> np.ndarray:
    """A grey picture whose level tells which frame it is, with a red top left quarter."""
    image = np.full((height, width, 3), level, np.uint8)
    image[: height // 2, : width // 2] = (250, 0, 0)
    return image


@pytest.fixture
def make_video(tmp_path: Path) -> Callable[..., Path]:
    """Write an H.264 video with frames at the given media times; frame i is grey level 40 + i."""

    def make(
        times: Sequence[float],
        name: str = "drive.mp4",
        created: str | None = "2025-04-16T09:30:00Z",
        rotation: int = 0,
        gop: int = 10,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            if created:
                container.metadata["creation_time"] = created
            stream = container.add_stream("libx264", rate=25, options={"bf": "2", "g": str(gop), "crf": "12"})
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS)
            if rotation:
                stream.set_display_rotation(rotation)
            for i, time in enumerate(times):
                frame = av.VideoFrame.from_ndarray(render(40 + i % 200), format="rgb24")
                frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


def exif_jpeg(path: Path, gps: dict[int, object], taken: dict[int, str] | None = None, orientation: int = 1) -> Path:
    """A small JPEG with an EXIF block of GPS tags and, in the Exif IFD, text tags."""
    from PIL import Image

    image = Image.fromarray(render(90))
    exif = image.getexif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update(gps)
    exif.get_ifd(0x8769).update(taken or {})
    image.save(path, exif=exif)
    return path


@pytest.fixture
def make_photo(tmp_path: Path) -> Callable[..., Path]:
    """Write a JPEG with a place (degrees) and, where given, a GPS time of day, date and more."""
    folder = tmp_path / "photos"
    folder.mkdir()

    def dms(degrees: float) -> tuple[float, float, float]:
        minutes = abs(degrees) * 60
        return (minutes // 60, minutes % 60 // 1, minutes * 60 % 60)

    def make(
        name: str,
        lon: float | None = None,
        lat: float | None = None,
        clock: tuple[float, float, float] | None = None,
        taken: dict[int, str] | None = None,
        orientation: int = 1,
        heading: float | None = None,
    ) -> Path:
        gps: dict[int, object] = {}
        if lon is not None and lat is not None:
            gps |= {1: "N" if lat >= 0 else "S", 2: dms(lat), 3: "E" if lon >= 0 else "W", 4: dms(lon), 11: 1.2}
        if clock is not None:
            gps |= {7: clock, 29: "2025:04:16"}
        if heading is not None:
            gps |= {16: "T", 17: heading}
        return exif_jpeg(folder / name, gps, taken, orientation)

    return make
