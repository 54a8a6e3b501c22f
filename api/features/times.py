"""Moments in columns of ISO 8601 text: they compare as text once they are written the same way."""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_

from api.errors import Problem
from api.store.fields import Field
from api.store.schema import LAYER_TABLES

# What `datetime` asks of each layer: when it begins and ends.
MOMENTS = {
    "segments": ("last_surveyed", "last_surveyed"),
    "defects": ("last_seen", "last_seen"),
    "coverage": ("utc", "utc"),
    "surveys": ("from_utc", "to_utc"),
}
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
HOW = "a date (2026-05-14) or a moment (2026-05-14T09:30:00Z)"


def is_moment(field: Field) -> bool:
    """Whether a field holds dates or moments."""
    return field.type == "string" and DATE.match(str(field.example)) is not None


def is_date(field: Field) -> bool:
    """Whether a field holds dates."""
    return field.type == "string" and DATE.fullmatch(str(field.example)) is not None


def moment(text: str, end: bool = False) -> datetime | None:
    """Read a date or a moment; None when it is neither. A date is the first moment of that day, or its end."""
    try:
        if DATE.fullmatch(text):
            day = datetime.fromisoformat(text).replace(tzinfo=UTC)
            return day + timedelta(days=1, milliseconds=-1) if end else day
        if INSTANT.fullmatch(text):
            read = datetime.fromisoformat(text.replace("Z", "+00:00"))
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return None


def written(when: datetime, field: Field) -> str:
    """Write a moment as a field's texts are written: as a date, or in whole seconds or milliseconds."""
    if is_date(field):
        return f"{when.year:04}-{when.month:02}-{when.day:02}"
    return when.isoformat(timespec="milliseconds" if "." in str(field.example) else "seconds").replace("+00:00", "Z")


def during(layer: str, fields: dict[str, Field], text: str) -> ColumnElement[bool]:
    """Say that features are of a moment, or of an interval (from/to, each of which may be `..` or empty).

    Raises:
        Problem: 400, it is neither.
    """
    parts = text.split("/")
    if len(parts) > 2 or (len(parts) == 1 and parts[0] in ("", "..")):
        raise Problem(400, f"datetime: '{text[:80]}' is not {HOW}, or two of these with / between")
    first, last = _bound(parts[0], False), _bound(parts[-1], True)
    if first and last and first > last:
        raise Problem(400, f"datetime: '{text[:80]}' ends before it begins")
    columns, (begin, end) = LAYER_TABLES[layer].c, MOMENTS[layer]
    conditions: list[ColumnElement[bool]] = [columns[begin].is_not(None)]
    if first:
        conditions.append(columns[end] >= written(first, fields[end]))
    if last:
        conditions.append(columns[begin] <= written(last, fields[begin]))
    return and_(*conditions)


def _bound(text: str, end: bool) -> datetime | None:
    if text in ("", ".."):
        return None
    if (when := moment(text, end)) is None:
        raise Problem(400, f"datetime: '{text[:80]}' is not {HOW}")
    return when
