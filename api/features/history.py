"""How one segment's condition went: what was known of it after each day that a survey passed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from api.features.segment import Part
from roads.condition.table import Table
from roads.fusion.history import State
from roads.layers import date
from roads.track import utc
from roads.verdicts import Verdict


def moments(
    part: Part, table: Table, verdicts: Mapping[int, Verdict], survey_ids: Mapping[int, str], most: int
) -> list[dict[str, Any]]:
    """Grade a segment at the end of each day that it was passed (seen or not), oldest first.

    Args:
        part: what is known of the segment.
        table: that grades it.
        verdicts: what people said of its defects.
        survey_ids: the surveys' ids, by number.
        most: days; of more the newest ones.
    """
    inventory = part.inventory
    passes = inventory.passes[inventory.passes["segment"] == part.row]
    days: dict[str, tuple[float, set[int]]] = {}
    for survey, time_s in zip(passes["survey"].tolist(), passes["time_s"].tolist(), strict=True):
        if (day := date(time_s)) is not None:
            last, surveys = days.get(day, (time_s, set()))
            days[day] = (max(last, time_s), surveys | {survey})
    told = []
    for day in sorted(days)[-most:]:
        time_s, surveys = days[day]
        # The last picture of that day that showed the segment may have shown its damage a little later.
        seen = inventory.observations["time_s"].to_numpy()
        seen = seen[(seen >= time_s) & np.array([date(t) == day for t in seen.tolist()], bool)]
        at_s = float(max(time_s, seen.max(initial=time_s)))
        segment, found = part.judged(table, verdicts, at_s)
        row = {name: _plain(segment[name].iloc[0]) for name in COLUMNS}
        here = (found["segment"] == part.row) & (found["state"] != State.GONE)
        told.append(
            {
                "at_utc": utc(at_s, "seconds"),
                "survey_ids": sorted(survey_ids[number] for number in surveys if number in survey_ids),
                **row,
                "defects_n": int(here.sum()),
            }
        )
    return told


COLUMNS = ("score", "score_low", "score_high", "grade", "status", "coverage", "pci")


def _plain(value: Any) -> Any:
    """A value as JSON has it; None for a missing one."""
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
