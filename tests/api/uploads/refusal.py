"""Whatever a client sends is read, or refused with the right status: nothing else may come of it."""

from collections.abc import Callable
from typing import TypeVar

from api.errors import Problem

T = TypeVar("T")


def read_or_refused(read: Callable[[], T], *statuses: int) -> T | None:
    try:
        return read()
    except Problem as problem:
        if problem.status_code not in statuses:
            raise
        return None
