"""Defects and coverage -> the condition of every section: grade, PCI and plan year, each with its doubt and reasons."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.taxonomy import CLASSES
from detector.types import Floats
from roads.condition import pci
from roads.condition.damage import Road, amount, distresses, found, kinds, readings
from roads.condition.score import (
    GRADES_NL,
    KINDS,
    PLANS_NL,
    Judged,
    Status,
    grades,
    judge,
    plans,
    reasons,
)
from roads.condition.table import PLANS, SEVERITIES, Table
from roads.coverage import Seen
from roads.fusion.history import State

READ = ["id", "class_id", "segment", "length_m", "width_m", "area_m2", "size_sigma", "probability"]  # of DEFECTS


def assess(segments: pd.DataFrame, defects: pd.DataFrame, seen: Seen, table: Table) -> pd.DataFrame:
    """Assess every section.

    More damage never gives a higher score or PCI, nor a later plan; more coverage never gives less confidence, nor, for
    the same share of damage, a wider interval. How damage is counted, and where the intervals come from, is told in
    `roads.condition.damage`; what it costs in `score` and `pci`.

    Args:
        segments: with `length_m`; the row number is what `segment` of the defects refers to.
        defects: the columns of DEFECTS. Those that are gone or on no segment are left out.
        seen: what was seen of each segment.
        table: thresholds, points and plan years.

    Returns:
        One row per segment, in the same order and with a RangeIndex. Intervals hold the value; every doubt is taken at
        one sigma, or at its usual worst, in the same direction at once, so they are wide on purpose. Missing where too
        little was seen: score, grade, PCI and plan; where nothing was: severity, extent and percent too. `confidence`
        (0..1) is the share seen times how sure what was found, and silence, are. `{class}_n` and
        `{class}_{length_m|area_m2}` add up what was found, in full.
    """
    length = segments["length_m"].to_numpy(float)
    covered = np.minimum(seen.covered_m, length)
    defects = defects.loc[(defects["segment"] >= 0) & (defects["state"] != State.GONE), READ]
    road = _road(length, covered, seen, table)
    status = _status(length, covered, road.coverage, table)
    graded, surveyed = status == Status.GRADED, status != Status.NOT_SURVEYED

    damage = readings(defects, road, kinds(table), table)
    judged = judge(damage.likely, table)
    score = judged.score
    values = {
        "score": score,
        "score_low": np.minimum(judge(damage.worst, table).score, score),
        "score_high": np.maximum(judge(damage.best, table).score, score),
    }
    density = readings(defects, road, distresses(table), table)
    indices = dict(zip(("pci", "pci_low", "pci_high"), pci.indices(density, table), strict=True))
    grade = grades(score, table)
    plan = np.array(PLANS, dtype=object)[plans(damage.likely, table)]
    columns: dict[str, Any] = {
        "status": _text(status),
        **{name: _number(value, graded, 1) for name, value in values.items()},
        "grade": _text(grade, graded),
        "grade_nl": _text(_translate(grade, GRADES_NL), graded),
        "confidence": _confidence(defects, road, table).round(3),
        **_kinds(judged, surveyed),
        **{name: _number(value, graded, 1) for name, value in indices.items()},
        "pci_rating": _text(pci.ratings(indices["pci"]), graded),
        "plan": _text(plan, graded),
        "plan_nl": _text(_translate(plan, PLANS_NL), graded),
        "reasons": _text(reasons(defects, judged, road, table), surveyed),
        "note": _text(_notes(status, covered, road, defects, table)),
        **_amounts(defects, len(length)),
    }
    return pd.DataFrame(columns)


def _road(length: Floats, covered: Floats, seen: Seen, table: Table) -> Road:
    seen_m = np.where(covered > 0, np.maximum(seen.seen_m, covered), 0.0)
    coverage = np.divide(covered, length, out=np.zeros(len(length)), where=length > 0)
    # Visits in both directions look at different lanes.
    same_lane = np.divide(covered, seen_m, out=np.ones(len(length)), where=seen_m > 0)
    return Road(seen_m, coverage, np.maximum(seen.visits * same_lane, 1.0), table.lane_width_m)


def _status(length: Floats, covered: Floats, coverage: Floats, table: Table) -> NDArray[np.object_]:
    # A short section can't be seen for more than its length.
    least = np.minimum(table.minimum.covered_m, 0.999 * length)
    too_little = (coverage < table.minimum.coverage - 1e-9) | (covered < least)
    status = np.where(too_little, str(Status.TOO_LITTLE_SEEN), str(Status.GRADED)).astype(object)
    status[covered <= 0] = str(Status.NOT_SURVEYED)
    return status


def _confidence(defects: pd.DataFrame, road: Road, table: Table) -> Floats:
    """The share seen, times how sure each defect is there or not, with the silence of the rest as one more witness.

    Silence is as sure as the detector would have found damage of a kind, averaged over the kinds.
    """
    section = defects["segment"].to_numpy()
    p = defects["probability"].to_numpy()
    n = len(road.coverage)
    sure = np.bincount(section, np.maximum(p, 1 - p), n)
    share = found(table, road.looks)
    silence = np.mean([share[:, group.classes].mean(axis=1) for group in kinds(table)], axis=0)
    confidence: Floats = road.coverage * (silence + sure) / (1 + np.bincount(section, minlength=n))
    return confidence


def _kinds(judged: Judged, surveyed: NDArray[np.bool_]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    names = np.array(SEVERITIES, dtype=object)
    for k, kind in enumerate(KINDS):
        extent = judged.extent[:, k]
        columns[f"{kind}_severity"] = _text(names[judged.rank[:, k]], surveyed & (extent > 0))
        columns[f"{kind}_extent"] = pd.Series(extent, dtype="Int64").where(surveyed)
        columns[f"{kind}_percent"] = _number(judged.percent[:, k], surveyed, 4)
    return columns


def _notes(
    status: NDArray[np.object_], covered: Floats, road: Road, defects: pd.DataFrame, table: Table
) -> NDArray[np.object_]:
    """Why there is no grade; None where there is one."""
    notes: NDArray[np.object_] = np.full(len(status), None, object)
    notes[status == Status.NOT_SURVEYED] = "not surveyed"
    number = np.bincount(defects["segment"].to_numpy(), minlength=len(status))
    for row in np.flatnonzero((status == Status.NOT_SURVEYED) & (number > 0)).tolist():
        notes[row] = (
            f"not surveyed; {number[row]} {'defects' if number[row] > 1 else 'defect'} seen from another segment"
        )
    for row in np.flatnonzero(status == Status.TOO_LITTLE_SEEN).tolist():
        notes[row] = (
            f"seen for {road.coverage[row]:.0%} ({covered[row]:.0f} m); a grade needs {table.minimum.coverage:.0%} "
            f"and {table.minimum.covered_m:g} m"
        )
    return notes


def _amounts(defects: pd.DataFrame, n: int) -> dict[str, Any]:
    """Per class the count, and the length (m) or area (m2) as the taxonomy measures it."""
    size, section, class_id = amount(defects), defects["segment"].to_numpy(), defects["class_id"].to_numpy()
    columns: dict[str, Any] = {}
    for c in CLASSES:
        rows = class_id == c.id
        columns[f"{c.name}_n"] = np.bincount(section[rows], minlength=n)
        columns[f"{c.name}_{c.measure}"] = np.bincount(section[rows], size[rows], n).astype(float).round(2)
    return columns


def _text(values: NDArray[np.object_], where: NDArray[np.bool_] | None = None) -> pd.Series:
    """As text, missing where `where` is false: a column without a single value keeps its type in every file format."""
    shown = values if where is None else [value if there else None for value, there in zip(values, where, strict=True)]
    return pd.Series(shown, dtype="string")


def _number(values: Floats, where: NDArray[np.bool_], decimals: int) -> Floats:
    return np.where(where, values.round(decimals), np.nan)


def _translate(values: NDArray[np.object_], names: dict[str, str]) -> NDArray[np.object_]:
    return np.array([names[value] for value in values], dtype=object)
