"""What every source of fixes needs: is a place possible, and are the fixes in order."""

import math
from collections import Counter
from collections.abc import Iterable

from detector.types import Fix

NULL_ISLAND_DEG = 1e-3  # a receiver without a fix writes 0/0, some with a last digit of noise


def unlikely_place(lon: float, lat: float) -> str | None:
    """Why a place in degrees can't be one, or None."""
    if not (math.isfinite(lon) and math.isfinite(lat)) or abs(lon) > 180 or abs(lat) > 90:
        return "its position lies outside the globe"
    if abs(lon) < NULL_ISLAND_DEG and abs(lat) < NULL_ISLAND_DEG:
        return "its position is 0/0 (null island): the receiver had no fix"
    return None


def tidy(fixes: Iterable[Fix], dropped: Counter[str]) -> tuple[Fix, ...]:
    """The possible fixes in strict order of time; what was left out is counted in `dropped`."""
    kept: dict[float, Fix] = {}
    for fix in fixes:
        if (problem := unlikely_place(fix.lon, fix.lat)) is not None:
            dropped["at 0/0" if "0/0" in problem else "outside the globe"] += 1
        elif fix.time_s in kept:
            dropped["same time as another"] += 1
        else:
            kept[fix.time_s] = fix
    return tuple(kept[time] for time in sorted(kept))
