from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.footage.nmea import read_nmea
from detector.types import Fix


def degrees_minutes(value: float, width: int) -> str:
    whole, rest = divmod(round(abs(value) * 600000), 600000)
    return f"{whole:0{width}d}{rest / 10000:07.4f}"


def clock(time: datetime) -> str:
    return f"{time:%H%M%S}.{time.microsecond // 1000:03d}"


def place(lon: float, lat: float) -> str:
    north, east = "N" if lat >= 0 else "S", "E" if lon >= 0 else "W"
    return f"{degrees_minutes(lat, 2)},{north},{degrees_minutes(lon, 3)},{east}"


def rmc(time: datetime, lon: float, lat: float, status: str = "A") -> bytes:
    """A sentence with a wrong checksum, as some loggers write."""
    return f"$GPRMC,{clock(time)},{status},{place(lon, lat)},19.44,90.0,{time:%d%m%y},,,A*00\r\n".encode()


def gga(time: datetime, lon: float, lat: float, quality: int = 1) -> bytes:
    return f"$GPGGA,{clock(time)},{place(lon, lat)},{quality},08,1.3,10.0,M,40.0,M,,*00\r\n".encode()


NOON = datetime(2025, 4, 16, 12, 0, 0, tzinfo=UTC)


def fixes(*lines: bytes) -> tuple[list[Fix], Counter[str]]:
    dropped: Counter[str] = Counter()
    return list(read_nmea(lines, dropped)), dropped


@given(
    lon=st.floats(-179.99, 179.99),
    lat=st.floats(-89.99, 89.99),
    time=st.datetimes(datetime(2005, 1, 1), datetime(2060, 1, 1)),
)
def test_what_is_written_is_read(lon: float, lat: float, time: datetime) -> None:
    time = time.replace(tzinfo=UTC, microsecond=time.microsecond // 1000 * 1000)
    (fix,), dropped = fixes(rmc(time, lon, lat), gga(time, lon, lat))
    assert fix.time_s == pytest.approx(time.timestamp(), abs=1e-6)
    assert fix.lon == pytest.approx(lon, abs=2e-6)
    assert fix.lat == pytest.approx(lat, abs=2e-6)
    assert (fix.hdop, fix.heading_deg) == (1.3, 90.0)
    assert fix.speed_mps == pytest.approx(10.0, abs=0.01)
    assert not +dropped


@given(st.lists(st.binary(max_size=90) | st.text(max_size=60).map(lambda t: b"$GPRMC," + t.encode()), max_size=30))
def test_rubbish_never_ends_the_reading(lines: list[bytes]) -> None:
    found, _ = fixes(rmc(NOON, 6.9, 52.2), *lines)
    assert found[0].time_s == NOON.timestamp()


def test_void_and_simulated_fixes_are_dropped() -> None:
    times = [NOON + timedelta(seconds=s) for s in range(4)]
    found, dropped = fixes(
        rmc(times[0], 6.9, 52.2, status="V"),
        rmc(times[1], 6.9, 52.2),
        gga(times[1], 6.9, 52.2, quality=0),
        gga(times[2], 6.9, 52.2, quality=8),
        gga(times[3], 6.9, 52.2, quality=4),
    )
    assert [f.time_s for f in found] == [times[3].timestamp()]
    assert dropped == {"no GPS fix": 3}


def test_dates_roll_over_midnight() -> None:
    start = datetime(2025, 4, 16, 23, 59, 58, tzinfo=UTC)
    times = [start + timedelta(seconds=s) for s in range(5)]
    found, dropped = fixes(rmc(times[0], 6.9, 52.2), *(gga(t, 6.9, 52.2) for t in times[1:]))
    assert [f.time_s for f in found] == [t.timestamp() for t in times]
    found, _ = fixes(*(gga(t, 6.9, 52.2) for t in times[:4]), rmc(times[4], 6.9, 52.2))
    assert [f.time_s for f in found] == [t.timestamp() for t in times]
    assert not dropped


def test_zda_gives_the_date() -> None:
    found, _ = fixes(b"$GPZDA,120000.000,16,04,2025,00,00*50\r\n", gga(NOON, 6.9, 52.2))
    assert [f.time_s for f in found] == [NOON.timestamp()]


def test_an_impossible_date_costs_only_its_sentence() -> None:
    found, dropped = fixes(b"$GPZDA,120000.000,00,00,0000,00,00*00\r\n", rmc(NOON, 6.9, 52.2))
    assert [f.time_s for f in found] == [NOON.timestamp()]
    assert dropped == {"unreadable": 1}


def test_a_prefix_before_the_sentence() -> None:
    found, _ = fixes(b"[1784358211371]" + rmc(NOON, 6.9, 52.2))
    assert len(found) == 1
