"""NMEA 0183 logs, also those with wrong checksums, other lines in between, or a prefix before each sentence."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pynmeagps import NMEAReader

from detector.types import Fix

SENTENCE = re.compile(rb"\$[A-Z]{2}(?:RMC|GGA|ZDA),[ -~]*")
KNOT_MPS = 1852 / 3600
NO_FIX_QUALITY = {0, 7, 8}  # none, entered by hand, simulated
NO_FIX_MODE = {"N", "M", "S"}


@dataclass(slots=True)
class _Epoch:
    """The sentences about one moment."""

    clock: time
    day: date | None = None
    rmc: Any = None
    gga: Any = None


def read_nmea(lines: Iterable[bytes], dropped: Counter[str]) -> Iterator[Fix]:
    """Yield the fixes of a log; RMC tells date, speed and course, GGA quality and HDOP, ZDA the date.

    A log whose dates are missing on some sentences is carried over midnight.
    """
    epochs = list(_epochs(lines, dropped))
    _date(epochs)
    for epoch in epochs:
        rmc, gga = epoch.rmc, epoch.gga
        void = rmc is not None and (rmc.status != "A" or getattr(rmc, "posMode", "") in NO_FIX_MODE)
        void |= gga is not None and gga.quality in NO_FIX_QUALITY
        place = next((s for s in (rmc, gga) if s is not None and _is_number(s.lat) and _is_number(s.lon)), None)
        if void or place is None:
            dropped["no GPS fix"] += 1
        elif epoch.day is None:
            dropped["no date"] += 1
        else:
            yield Fix(
                time_s=datetime.combine(epoch.day, epoch.clock, UTC).timestamp(),
                lon=place.lon,
                lat=place.lat,
                hdop=gga.HDOP if gga is not None and _is_number(gga.HDOP) else None,
                speed_mps=rmc.spd * KNOT_MPS if rmc is not None and _is_number(rmc.spd) else None,
                heading_deg=rmc.cog % 360.0 if rmc is not None and _is_number(rmc.cog) else None,
            )


def _epochs(lines: Iterable[bytes], dropped: Counter[str]) -> Iterator[_Epoch]:
    epoch: _Epoch | None = None
    for line in lines:
        if (match := SENTENCE.search(line)) is None:
            continue
        try:
            sentence = NMEAReader.parse(match.group() + b"\r\n", validate=0)
            kind = sentence.msgID
            clock = sentence.time
        except Exception:  # pynmeagps raises whatever a damaged sentence leads it to
            dropped["unreadable"] += 1
            continue
        if not isinstance(clock, time):
            dropped["no GPS fix"] += kind != "ZDA"
            continue
        if epoch is None or epoch.clock != clock:
            if epoch is not None and (epoch.rmc or epoch.gga):
                yield epoch
            epoch = _Epoch(clock)
        if kind == "RMC":
            epoch.rmc = sentence
            epoch.day = sentence.date if isinstance(sentence.date, date) else epoch.day
        elif kind == "GGA":
            epoch.gga = sentence
        elif all(_is_number(v) for v in (sentence.year, sentence.month, sentence.day)):
            try:
                epoch.day = date(sentence.year, sentence.month, sentence.day)
            except ValueError:  # receivers without a fix write 00,00,0000
                dropped["unreadable"] += 1
    if epoch is not None and (epoch.rmc or epoch.gga):
        yield epoch


def _date(epochs: list[_Epoch]) -> None:
    """Give undated epochs the date of the dated one before them (or after), one day on at each midnight."""
    for rows, day_step in ((epochs, 1), (epochs[::-1], -1)):
        known: _Epoch | None = None
        for epoch in rows:
            if epoch.day is None and known is not None and known.day is not None:
                # Half a day back is midnight passed; less is a log slightly out of order.
                passed = day_step * (_seconds(known.clock) - _seconds(epoch.clock)) > 43200
                epoch.day = known.day + timedelta(days=day_step * passed)
            known = epoch if epoch.day is not None else known


def _seconds(clock: time) -> int:
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
