"""How much of the road is damaged, how badly, and how much more or less it may be.

Everything is a share of the road in percent, per section, group of damage (a kind, or a distress type of the PCI) and
severity, *that bad or worse*: only so can a damage that grows from light to moderate never take weight out of the
lighter row and make the road look better. There are three readings of the same damage:

- likely: what was seen, as it was measured. A damage counts for the probability p that it is there, so ten that are
  60 % sure count as six, and one that a later drive did not find again fades out.
- best: sizes 1 sigma smaller, a damage counts for 2p - 1 (nothing below even odds), and the road that was not seen
  has none.
- worst: sizes 1 sigma larger, a damage counts for 2p (in full from even odds on), the found damage is only the share
  that the detector finds, and the road that was not seen is like the seen road at its worst, or like an ordinary road
  where that is worse.

The doubt of the sizes and of the probabilities is shared by all damage of a section: most of it is one camera's height
and tilt and one detector's habits, so it isn't averaged away. Missed damage is taken to be as severe as the found. In
each reading damage of which less than half a one is to be expected counts for nothing: one look that is 30 % sure is no
pothole yet, two such are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from detector.taxonomy import CLASSES, Kind, Measure
from detector.types import Floats, Ints
from roads.condition.curves import curves
from roads.condition.table import SEVERITIES, Table

Of = Literal["length", "area", "count"]

ALONG_LONGEST = np.array([c.measure is Measure.LENGTH for c in CLASSES])
HALF = 0.5  # expected number of damages from which they count
POTHOLE_M2 = 0.5  # a larger hole counts as its area in holes of this size (D6433, "Potholes", how to measure)


class Readings(NamedTuple):
    """Percent of the road at best, likely and at worst: arrays (sections, groups, severities), that bad or worse."""

    best: Floats
    likely: Floats
    worst: Floats


@dataclass(frozen=True)
class Group:
    """Damage that is counted together."""

    classes: tuple[int, ...]
    of: Of
    per: Literal["length", "area"]  # of the road, that it is a share of
    usual: tuple[float, float, float]  # percent of an ordinary road


@dataclass(frozen=True)
class Road:
    """What was seen of each section: arrays (sections,)."""

    seen_m: Floats  # both directions added
    coverage: Floats  # share of the length, 0..1
    looks: Floats  # visits that saw the same lane, >= 1 where anything was seen
    lane_width_m: float

    def percent(self, amounts: Floats, groups: Sequence[Group]) -> Floats:
        """Amounts (sections, groups, severities) as percent of the seen road; 0 where none was seen."""
        width = np.array([self.lane_width_m if group.per == "area" else 1.0 for group in groups])
        whole = self.seen_m[:, None] * width
        factor = np.divide(100.0, whole, out=np.zeros_like(whole), where=whole > 0)
        # Rounded, so that the order in which amounts were added up decides nothing.
        percent: Floats = amounts * factor[:, :, None]
        return percent.clip(max=100.0).round(9)


def amount(defects: pd.DataFrame, scale: Floats | float = 1.0) -> Floats:
    """How much damage each is: a crack's longest side in metres, any other's area in m2; sides times `scale`.

    `defects` has the columns class_id, length_m, width_m and area_m2 of DEFECTS (or OBSERVATIONS).
    """
    crack = ALONG_LONGEST[defects["class_id"].to_numpy()]
    longest = np.maximum(defects["length_m"].to_numpy(), defects["width_m"].to_numpy())
    size: Floats = np.where(crack, longest * scale, defects["area_m2"].to_numpy() * scale**2)
    return size


def severity(defects: pd.DataFrame, table: Table, scale: Floats | float = 1.0) -> Ints:
    """0, 1 or 2 for light, moderate or severe by size: a camera sees neither depth nor crack width."""
    limits = np.array([[table.severity[c.name].M, table.severity[c.name].E] for c in CLASSES])
    rank: Ints = (amount(defects, scale)[:, None] >= limits[defects["class_id"].to_numpy()]).sum(axis=1)
    return rank


def quantity(defects: pd.DataFrame, of: Of, scale: Floats | float = 1.0) -> Floats:
    """What each damage adds to its group: metres along the road (a crack: its longest side), square metres, or one."""
    area: Floats = defects["area_m2"].to_numpy() * scale**2
    if of == "area":
        return area
    if of == "count":
        return (area / POTHOLE_M2).clip(min=1.0)
    crack = ALONG_LONGEST[defects["class_id"].to_numpy()]
    along = defects["length_m"].to_numpy()
    length: Floats = np.where(crack, np.maximum(along, defects["width_m"].to_numpy()), along) * scale
    return length


def found(table: Table, visits: Floats) -> Floats:
    """The share of the damages that so many visits find, per class: an array (sections, classes)."""
    miss = 1.0 - np.array([table.detection.recall[c.name] for c in CLASSES])
    pictures = table.detection.pictures * np.maximum(visits, 1.0)[:, None]
    shared = table.detection.shared
    share: Floats = 1.0 - miss * (shared + (1 - shared) * miss ** (pictures - 1))
    return share


def kinds(table: Table) -> tuple[Group, ...]:
    """The groups of the score: one per kind, in the order of `Kind`."""
    return tuple(
        Group(
            tuple(c.id for c in CLASSES if c.kind is kind),
            table.kinds[kind].of,
            table.kinds[kind].of,
            table.kinds[kind].usual,
        )
        for kind in Kind
    )


def distresses(table: Table) -> tuple[Group, ...]:
    """The groups of the PCI: one per distress type, in the order of the curves. All are a share of the area."""
    return tuple(Group(d.classes, d.of, "area", table.pci[name].usual) for name, d in curves().types.items())


def readings(defects: pd.DataFrame, road: Road, groups: Sequence[Group], table: Table) -> Readings:
    """Add up the damage of each section, group and severity.

    Args:
        defects: DEFECTS columns; every row on a section (`segment` >= 0).
        road: what was seen of the sections.
        groups: how to count; every class is in one of them.
        table: severities by size and what the detector finds.
    """
    p = defects["probability"].to_numpy()
    sigma = defects["size_sigma"].to_numpy()
    share = found(table, road.looks)
    found_share = share[defects["segment"].to_numpy(), defects["class_id"].to_numpy()]
    likely = _add_up(defects, road, groups, table, np.ones(len(p)), p)
    small = _add_up(defects, road, groups, table, np.maximum(1 - sigma, 0.0), np.maximum(2 * p - 1, 0.0))
    large = _add_up(defects, road, groups, table, 1 + sigma, np.minimum(2 * p, 1.0))
    all_there = _add_up(defects, road, groups, table, 1 + sigma, np.minimum(2 * p, 1.0) / found_share)
    usual = np.array([group.usual for group in groups])[None]
    least = np.stack([share[:, group.classes].min(axis=1) for group in groups], axis=1)[:, :, None]
    seen_worst = np.maximum(all_there, np.minimum(large + (1 - least) * usual, 100.0))
    covered = road.coverage[:, None, None]
    worst = covered * seen_worst + (1 - covered) * np.maximum(seen_worst, usual)
    return Readings(covered * small, likely, np.maximum(worst, likely))


def _add_up(
    defects: pd.DataFrame, road: Road, groups: Sequence[Group], table: Table, scale: Floats, weight: Floats
) -> Floats:
    """Sum the weighted quantities as percent: (sections, groups, severities), that bad or worse."""
    class_id, section = defects["class_id"].to_numpy(), defects["segment"].to_numpy()
    group_of = np.zeros(len(CLASSES), np.int64)
    amounts = np.zeros(len(defects))
    for g, group in enumerate(groups):
        group_of[list(group.classes)] = g
    for of in {group.of for group in groups}:
        rows = np.isin(group_of[class_id], [g for g, group in enumerate(groups) if group.of == of])
        amounts = np.where(rows, quantity(defects, of, scale) * weight, amounts)
    shape = (len(road.seen_m), len(groups), len(SEVERITIES))
    cell = (section * shape[1] + group_of[class_id]) * shape[2] + severity(defects, table, scale)
    amount_there, number = (
        np.bincount(cell, values, math.prod(shape)).reshape(shape)[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
        for values in (amounts, weight)
    )
    return road.percent(np.where(number.round(9) >= HALF, amount_there, 0.0), groups)
