"""GPS that a camera wrote into its video: GoPro (GPMF), CAMM and BlackVue, read by mapillary_tools."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from math import atan2, degrees, hypot
from pathlib import Path
from statistics import median
from typing import Any

from mapillary_tools import blackvue_parser
from mapillary_tools.camm import camm_parser
from mapillary_tools.gpmf import gpmf_parser

from detector.types import Fix

MAX_DOP = 10.0
ACCURACY_PER_HDOP_M = 3.0
GPS_EPOCH_S = datetime(1980, 1, 6, tzinfo=UTC).timestamp() - 18  # 18 leap seconds since 2017


@dataclass(frozen=True, slots=True)
class EmbeddedTrack:
    """Fixes from inside a video. Without `media_start_s` and with `relative`, their times are media times."""

    format: str
    fixes: list[Fix]
    media_start_s: float | None  # POSIX UTC of media time 0, by the receiver's clock
    relative: bool


def read_embedded(path: Path, dropped: Counter[str]) -> EmbeddedTrack | None:
    """Read the GPS data inside a video; None where there is none that can be read."""
    for extract, read in (
        (gpmf_parser.extract_gopro_info, _gopro),
        (camm_parser.extract_camm_info, _camm),
        (blackvue_parser.extract_blackvue_info, _blackvue),
    ):
        try:
            with path.open("rb") as file:
                info = extract(file)
        except Exception:  # the parsers raise whatever a foreign or damaged file leads them to
            continue
        if info is not None:
            return read(info, dropped)
    return None


def _gopro(info: Any, dropped: Counter[str]) -> EmbeddedTrack:
    points = []
    for point in info.gps or []:
        # A receiver without a fix still writes places, hundreds of kilometres off; only these two fields tell.
        if point.fix is not None and point.fix.value < 2:
            dropped["no GPS fix"] += 1
        elif point.precision is not None and point.precision > 100 * MAX_DOP:
            dropped["poor precision"] += 1
        else:
            points.append(point)
    # All points of one GPS5 payload carry the time of its first.
    firsts = {p.epoch_time: p.time for p in reversed(points) if p.epoch_time is not None}
    start = median(epoch - time for epoch, time in firsts.items()) if firsts else None
    fixes = [
        Fix(
            time_s=(start or 0.0) + p.time,
            lon=p.lon,
            lat=p.lat,
            hdop=None if p.precision is None else p.precision / 100,
            speed_mps=p.ground_speed,
        )
        for p in points
    ]
    return EmbeddedTrack("GoPro GPMF", fixes, start, start is None)


def _camm(info: Any, dropped: Counter[str]) -> EmbeddedTrack:
    points = [p for p in info.gps or [] if getattr(p, "gps_fix_type", 3) >= 2]
    dropped["no GPS fix"] += len(info.gps or []) - len(points)
    if not points:
        fixes = [Fix(p.time, p.lon, p.lat) for p in info.mini_gps or []]
        return EmbeddedTrack("CAMM", fixes, None, True)
    clocks = [t - p.time for p in points if (t := p.get_gps_epoch_time()) is not None and hasattr(p, "gps_fix_type")]
    start = GPS_EPOCH_S + median(clocks) if clocks else None
    return EmbeddedTrack("CAMM", [_camm_fix(p, start or 0.0) for p in points], start, start is None)


def _camm_fix(point: Any, start_s: float) -> Fix:
    east, north = getattr(point, "velocity_east", None), getattr(point, "velocity_north", None)
    accuracy = getattr(point, "horizontal_accuracy", None)
    return Fix(
        time_s=start_s + point.time,
        lon=point.lon,
        lat=point.lat,
        hdop=accuracy / ACCURACY_PER_HDOP_M if accuracy else None,
        speed_mps=None if east is None or north is None else hypot(east, north),
        heading_deg=None if east is None or north is None else degrees(atan2(east, north)) % 360.0,
    )


def _blackvue(info: Any, dropped: Counter[str]) -> EmbeddedTrack:
    timed = [p for p in info.gps or [] if p.epoch_time is not None]
    dropped["no time"] += len(info.gps or []) - len(timed)
    # Their relative times count from the first fix, not from the first frame: no media time.
    fixes = [Fix(p.epoch_time, p.lon, p.lat, speed_mps=p.ground_speed, heading_deg=p.angle) for p in timed]
    return EmbeddedTrack("BlackVue", fixes, None, False)
