"""Sections, defects and coverage made up for the tests of the condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from detector.taxonomy import CLASSES
from roads.condition import assess
from roads.condition.table import read_table
from roads.coverage import Seen
from roads.fusion.history import State
from roads.tables import DEFECTS, conform, empty, typed

TABLE = read_table()
BLANK = {"int64": 0, "float64": 0.0, "bool": True, "string": ""}
Row = dict[str, Any]


def defect(
    class_id: int, length: float, width: float, p: float = 1.0, sigma: float = 0.0, id_: int = 1, segment: int = 0
) -> dict[str, Any]:
    """One row of DEFECTS."""
    return {
        **{column: BLANK[kind] for column, kind in DEFECTS.items()},
        **{"id": id_, "class_id": class_id, "segment": segment, "length_m": length, "width_m": width},
        **{"area_m2": length * width, "size_sigma": sigma, "probability": p, "state": str(State.SEEN_AGAIN)},
    }


def table_of(rows: Sequence[Row]) -> pd.DataFrame:
    return conform(typed(rows, DEFECTS), DEFECTS) if rows else empty(DEFECTS)


def seen(covered: Sequence[float], seen_m: Sequence[float] | None = None, visits: Sequence[int] | None = None) -> Seen:
    covered_m = np.array(covered, float)
    times = (covered_m > 0).astype(np.int64) if visits is None else np.array(visits, np.int64)
    lanes_m = covered_m if seen_m is None else np.array(seen_m, float)
    return Seen(covered_m, lanes_m, times, np.full(len(covered_m), 1.7e9))


@dataclass(frozen=True)
class Road:
    """One section, what lies on it and what was seen of it."""

    found: Sequence[Row] = ()
    length: float = 100
    covered: float = 100
    seen_m: float | None = None
    visits: int = 1


def several(roads: Sequence[Road]) -> pd.DataFrame:
    """Assess them together."""
    rows = [row | {"segment": i} for i, road in enumerate(roads) for row in road.found]
    lanes = [road.covered if road.seen_m is None else road.seen_m for road in roads]
    looked = seen([road.covered for road in roads], lanes, [road.visits for road in roads])
    return assess(pd.DataFrame({"length_m": [road.length for road in roads]}), table_of(rows), looked, TABLE)


def one(found: Sequence[Row], length: float = 100, covered: float = 100, **seen_as: Any) -> pd.Series:
    return several([Road(found, length, covered, **seen_as)]).iloc[0]


def both(first: Road, second: Road) -> tuple[pd.Series, pd.Series]:
    made = several([first, second])
    return made.iloc[0], made.iloc[1]


defects = st.builds(
    defect,
    st.integers(0, len(CLASSES) - 1),
    st.floats(0.05, 40),
    st.floats(0.05, 4),
    st.floats(0, 1),
    st.floats(0, 1.5),
    st.integers(1, 10**6),
)
