"""Which sections to repair first, and why, in words that a planner can check.

The order is: the earliest plan year; then most points off the score; then potholes, the more severe the sooner, because
they are a danger; then the surer one; then the longer one; then the order of the network. Sections that lie one after
another on the same road and have the same plan year make one job, as works are tendered per street.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.taxonomy import Kind
from roads.condition.score import PLANS_NL
from roads.condition.table import PLANS, SEVERITIES

KINDS_NL = {Kind.CRACKING: "scheurvorming", Kind.POTHOLES: "gaten", Kind.RAVELLING: "rafeling"}
UNSURE = 0.4  # a section less sure than this is looked at before anything is ordered
MET_M = 0.5  # sections whose ends lie this near along a road follow on each other


def prioritise(segments: pd.DataFrame) -> pd.DataFrame:
    """Rank the sections that have damage and a plan year.

    Args:
        segments: the columns parent_id, from_m, to_m, length_m, coverage and those of `roads.condition.assess`.

    Returns:
        One row per section, in the same order and with a RangeIndex: `priority` (1 is first), `job` (sections with the
        same number are one job; 1 holds the first section), `job_m` (its length), `why` (English) and `why_nl`. All
        are missing where there is no plan year or no damage that counts.
    """
    rows = np.flatnonzero((segments["plan"].notna() & segments["reasons"].notna()).to_numpy())
    ranked = segments.iloc[rows].reset_index(drop=True)
    order = _order(ranked)
    priority = np.empty(len(ranked), np.int64)
    priority[order] = np.arange(1, len(ranked) + 1)
    job = _jobs(ranked, priority)
    job_m = np.bincount(job, ranked["length_m"].to_numpy(float), len(ranked) + 1).astype(float)[job]
    sections = np.bincount(job)[job]
    found = pd.DataFrame(
        {
            "priority": pd.Series(priority, dtype="Int64"),
            "job": pd.Series(job, dtype="Int64"),
            "job_m": job_m.round(1),
            "why": pd.Series(_why(ranked, sections, job_m, dutch=False), dtype="string"),
            "why_nl": pd.Series(_why(ranked, sections, job_m, dutch=True), dtype="string"),
        }
    )
    return found.set_index(rows).reindex(range(len(segments)))


def _order(ranked: pd.DataFrame) -> NDArray[np.intp]:
    pothole = ranked[f"{Kind.POTHOLES}_severity"].map({name: i + 1 for i, name in enumerate(SEVERITIES)}).fillna(0)
    return np.lexsort(
        (
            -ranked["length_m"].to_numpy(float),
            -ranked["confidence"].to_numpy(float),
            -pothole.to_numpy(float),
            ranked["score"].to_numpy(float),
            _plan_rank(ranked),
        )
    )


def _jobs(ranked: pd.DataFrame, priority: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the jobs by the best priority in each."""
    if ranked.empty:
        return np.zeros(0, np.int64)
    parent = pd.factorize(ranked["parent_id"])[0]
    plan = _plan_rank(ranked)
    from_m, to_m = ranked["from_m"].to_numpy(float), ranked["to_m"].to_numpy(float)
    along = np.lexsort((from_m, parent))
    before, after = along[:-1], along[1:]
    follows = (parent[before] == parent[after]) & (plan[before] == plan[after])
    follows &= np.abs(from_m[after] - to_m[before]) <= MET_M
    run = np.empty(len(ranked), np.int64)
    run[along] = np.concatenate([[0], np.cumsum(~follows)])
    first = np.full(run.max() + 1, len(ranked) + 1)
    np.minimum.at(first, run, priority)
    return (np.argsort(np.argsort(first)) + 1)[run]


def _plan_rank(ranked: pd.DataFrame) -> NDArray[np.int64]:
    ranks: NDArray[np.int64] = ranked["plan"].map({plan: i for i, plan in enumerate(PLANS)}).to_numpy(np.int64)
    return ranks


def _why(ranked: pd.DataFrame, sections: NDArray[np.int64], job_m: NDArray[np.float64], *, dutch: bool) -> list[str]:
    damage = _damage(ranked, dutch)
    columns: list[Any] = [ranked[name] for name in ("plan", "score", "length_m", "confidence", "coverage")]
    texts = []
    for plan, score, length, confidence, coverage, found, n, whole in zip(
        *columns, damage, sections.tolist(), job_m.tolist(), strict=True
    ):
        off = 100 - score
        if dutch:
            parts = [f"{PLANS_NL[plan]}: {found}", f"{off:.0f} van 100 punten kwijt", f"{length:.0f} m"]
            if n > 1:
                parts[-1] += f", één werk van {n} vakken en {whole:.0f} m"
            if confidence < UNSURE:
                parts.append(f"eerst gaan kijken: {coverage:.0%} gezien, {confidence:.0%} zeker")
        else:
            parts = [f"{plan}: {found}", f"{off:.0f} of 100 points off", f"{length:.0f} m"]
            if n > 1:
                parts[-1] += f", one job of {n} sections and {whole:.0f} m"
            if confidence < UNSURE:
                parts.append(f"look first: {coverage:.0%} seen, {confidence:.0%} sure")
        texts.append("; ".join(parts))
    return texts


def _damage(ranked: pd.DataFrame, dutch: bool) -> list[str]:
    """The kinds of damage that count, potholes first: "potholes E2, cracking M2"."""
    said = [""] * len(ranked)
    for kind in (Kind.POTHOLES, Kind.CRACKING, Kind.RAVELLING):
        name = KINDS_NL[kind] if dutch else str(kind)
        found = ranked[f"{kind}_severity"].notna().to_numpy()
        severity, extent = ranked[f"{kind}_severity"].tolist(), ranked[f"{kind}_extent"].tolist()
        for i in np.flatnonzero(found).tolist():
            said[i] += f"{', ' if said[i] else ''}{name} {severity[i]}{extent[i]}"
    return said
