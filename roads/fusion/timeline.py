"""What was known at a moment: observations and passes up to it, in the order of their surveys."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from detector.taxonomy import CLASSES
from detector.types import Floats, Ints
from roads.fusion.groups import Groups, grouped
from roads.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Timeline:
    """n defects, by id, and all that was seen of them and of the road."""

    seen: pd.DataFrame  # observations by defect, then survey (its `rank`: from the oldest), visit and time
    defects: Groups  # of the rows of `seen`
    surveys: Groups  # the same rows by defect and survey
    visits: Groups  # the same rows by defect, survey and visit
    passes: pd.DataFrame  # the usable ones, by segment; `rank` of the survey
    class_id: Ints  # (n,) by summed scores
    now_s: float  # nan: no time is known at all

    def of_defect(self, finer: Groups) -> Groups:
        """The defects' groups of the groups `surveys` or `visits`, instead of the rows."""
        return grouped(self.defects.of[finer.first])


def timeline(inventory: Inventory, at_s: float | None) -> Timeline:
    """Take what was known at `at_s` (POSIX seconds; None: all).

    Rows without a time count as their survey's end; those of surveys without one as always known.
    """
    rank = _ranks(inventory.surveys)
    ends = inventory.surveys["to_s"].to_numpy(float)
    seen = _until(inventory.observations.drop(columns="source"), rank, ends, at_s)
    keys = [seen[name].to_numpy() for name in ("number", "time_s", "visit", "rank", "defect")]
    seen = seen.iloc[np.lexsort(keys)].reset_index(drop=True)
    passes = _until(inventory.passes[inventory.passes["usable"]].drop(columns="reason"), rank, ends, at_s)
    passes = passes.sort_values(["segment", "rank", "visit", "from_m"], kind="stable", ignore_index=True)
    defect, survey, visit = (seen[name].to_numpy() for name in ("defect", "rank", "visit"))
    defects = grouped(defect)
    now_s = _newest(seen, passes) if at_s is None else at_s
    return Timeline(
        seen,
        defects,
        grouped(defect, survey),
        grouped(defect, survey, visit),
        passes,
        _classes(seen, defects),
        now_s,
    )


def newest_s(inventory: Inventory) -> float:
    """The moment that the newest state of an inventory is of; nan where no time is known at all."""
    ends = inventory.surveys["to_s"].to_numpy(float)
    usable = inventory.passes[inventory.passes["usable"]]
    return _newest(*(_timed(table, ends) for table in (inventory.observations, usable)))


def _ranks(surveys: pd.DataFrame) -> Ints:
    """Each survey's place in the order of time; those without a time come first, as they were added."""
    start = surveys["from_s"].to_numpy(float)
    order = np.lexsort((np.arange(len(start)), np.where(np.isnan(start), -math.inf, start)))
    rank = np.empty(len(start), np.int64)
    rank[order] = np.arange(len(start))
    return rank


def _until(table: pd.DataFrame, rank: Ints, ends: Floats, at_s: float | None) -> pd.DataFrame:
    table = _timed(table, ends).assign(rank=rank[table["survey"].to_numpy()])
    return table if at_s is None else table[~(table["time_s"] > at_s)]


def _timed(table: pd.DataFrame, ends: Floats) -> pd.DataFrame:
    """Rows without a time get that of their survey's end."""
    time_s = table["time_s"].to_numpy(float)
    return table.assign(time_s=np.where(np.isnan(time_s), ends[table["survey"].to_numpy()], time_s))


def _newest(*tables: pd.DataFrame) -> float:
    times = np.concatenate([table["time_s"].to_numpy() for table in tables])
    times = times[~np.isnan(times)]
    return float(times.max()) if len(times) else math.nan


def _classes(seen: pd.DataFrame, defects: Groups) -> Ints:
    votes = np.bincount(
        defects.of * len(CLASSES) + seen["class_id"].to_numpy(), seen["score"].to_numpy(), len(defects) * len(CLASSES)
    )
    chosen: Ints = votes.reshape(-1, len(CLASSES)).argmax(axis=1)
    return chosen
