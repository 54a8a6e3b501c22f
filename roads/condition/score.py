"""The share of the road that is damaged -> points off the score, each explained by the damage that made it.

The manner is that of Dutch visual inspection (severity L/M/E, extent 1/2/3, points per pair); the numbers are the
table's and are named with every result.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.taxonomy import CLASSES, Kind
from detector.types import Floats, Ints
from roads.condition.damage import Road, quantity, severity
from roads.condition.table import PLANS, SEVERITIES, Table

GRADES_NL = {"good": "goed", "fair": "redelijk", "poor": "matig", "bad": "slecht"}
PLANS_NL = {"year 1": "jaar 1", "1-2 years": "1-2 jaar", "3-5 years": "3-5 jaar", "later": "later"}
NAMED = 20  # defects that a reason names; of more it gives the number

KINDS = tuple(Kind)
KIND_OF = np.array([KINDS.index(c.kind) for c in CLASSES])


class Status(StrEnum):
    """Whether a section has a grade, and if not, why."""

    GRADED = "graded"
    TOO_LITTLE_SEEN = "too little seen"
    NOT_SURVEYED = "not surveyed"


@dataclass(frozen=True)
class Judged:
    """What the damage of each section costs: arrays (sections, kinds) in the order of `Kind`."""

    rank: Ints  # the severity, 0..2, whose row of the table takes most points
    extent: Ints  # of damage that bad or worse, 0 (too little to count)..3
    percent: Floats  # of that damage; of all damage of the kind where the extent is 0
    points: Floats

    @property
    def score(self) -> Floats:
        """What is left of 100 points, (sections,)."""
        left: Floats = 100.0 - self.points.sum(axis=1)
        return left.clip(min=0.0)


def judge(percent: Floats, table: Table) -> Judged:
    """Find the heaviest of L, M and E for each kind; of equally heavy ones the most severe.

    `percent`: (sections, kinds, severities), that bad or worse. More damage never costs fewer points.
    """
    extent = extents(percent, table)
    price = np.array([[(0.0, *getattr(table.kinds[kind].deduct, s)) for s in SEVERITIES] for kind in KINDS])
    points = price[np.arange(len(KINDS))[:, None], np.arange(len(SEVERITIES)), extent]
    last = len(SEVERITIES) - 1
    counting = np.where(extent > 0, points, -1.0)
    rank = np.where(extent.any(axis=2), last - np.argmax(counting[:, :, ::-1], axis=2), 0)
    return Judged(rank, _pick(extent, rank), _pick(percent, rank), _pick(points, rank))


def extents(percent: Floats, table: Table) -> Ints:
    """Grade the extent, 0 (less than counts) to 3, of each kind and severity: the shape of `percent`."""
    start = np.array([table.kinds[kind].extent for kind in KINDS])
    extent: Ints = (percent[..., None] >= start[:, None, :]).sum(axis=-1)
    return extent


def plans(percent: Floats, table: Table) -> Ints:
    """The place in PLANS of the earliest repair that any kind and severity asks for, (sections,)."""
    later = len(PLANS) - 1
    rule = np.array(
        [[(later, *map(PLANS.index, getattr(table.kinds[kind].plan, s))) for s in SEVERITIES] for kind in KINDS]
    )
    extent = extents(percent, table)
    soonest: Ints = rule[np.arange(len(KINDS))[:, None], np.arange(len(SEVERITIES)), extent].min(axis=(1, 2))
    return soonest


def grades(score: Floats, table: Table) -> NDArray[np.object_]:
    """Name the grade of each score."""
    names = np.array([name for name, _ in table.grades], dtype=object)
    starts = np.array([start for _, start in table.grades])
    named: NDArray[np.object_] = names[np.argmax(score[:, None] >= starts, axis=1)]
    return named


def reasons(defects: pd.DataFrame, judged: Judged, road: Road, table: Table) -> NDArray[np.object_]:
    """Say per section what took points off, heaviest first: kind, severity and extent, percent, points and defects.

    For example "potholes E2 (0.15 %): -38; defects 4 | cracking M2 (18.8 %): -22; defects 9, 2". The defects are
    those of that severity or worse, the largest first. None where nothing did.
    """
    section, kind = np.nonzero(judged.extent)
    ids = _named(defects, judged, table)
    texts = [
        f"{KINDS[k]} {SEVERITIES[judged.rank[s, k]]}{judged.extent[s, k]} ({judged.percent[s, k]:.3g} %): "
        f"-{judged.points[s, k]:g}; defects {ids[s * len(KINDS) + k]}"
        for s, k in zip(section.tolist(), kind.tolist(), strict=True)
    ]
    said: NDArray[np.object_] = np.full(len(road.seen_m), None, object)
    name = np.array([str(KINDS[k]) for k in kind], dtype=str)
    for i in np.lexsort((name, -judged.points[section, kind], section)).tolist():
        s = section[i]
        said[s] = texts[i] if said[s] is None else f"{said[s]} | {texts[i]}"
    return said


def _named(defects: pd.DataFrame, judged: Judged, table: Table) -> dict[int, str]:
    """The ids behind each section and kind that costs points, by section * kinds + kind."""
    section = defects["segment"].to_numpy()
    kind = KIND_OF[defects["class_id"].to_numpy()]
    counts = (judged.extent[section, kind] > 0) & (severity(defects, table) >= judged.rank[section, kind])
    counts &= defects["probability"].to_numpy() > 0
    defects = defects[counts]
    cell = section[counts] * len(KINDS) + kind[counts]
    share = np.zeros(len(defects))
    for k, name in enumerate(KINDS):
        rows = kind[counts] == k
        share[rows] = quantity(defects[rows], table.kinds[name].of) * defects["probability"].to_numpy()[rows]
    number = defects["id"].to_numpy()
    order = np.lexsort((number, -share, cell))
    names = number[order].astype(str).tolist()
    cells, starts = np.unique(cell[order], return_index=True)
    bounds = [*starts.tolist(), len(names)]
    said = {}
    for key, (a, b) in zip(cells.tolist(), pairwise(bounds), strict=True):
        more = f" +{b - a - NAMED}" if b - a > NAMED else ""
        said[key] = ", ".join(names[a : min(b, a + NAMED)]) + more
    return said


def _pick(values: NDArray[Any], rank: Ints) -> NDArray[Any]:
    return np.take_along_axis(values, rank[:, :, None], axis=2)[:, :, 0]
