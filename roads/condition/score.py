"""One segment's defects and coverage -> its score, grade and doubt, each explained by the damage that made it.

The manner is that of Dutch visual inspection (severity L/M/E, extent 1/2/3, points per pair); the numbers are the
table's and are named with every result. Severity from a camera is an estimate: it goes by size alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detector.taxonomy import CLASSES, Kind, Measure
from detector.types import Defect
from roads.condition.table import SEVERITIES, KindRule, Severity, Table

GRADES_NL = {"good": "goed", "fair": "redelijk", "poor": "matig", "bad": "slecht"}


class Status(StrEnum):
    """Whether a segment has a grade, and if not, why."""

    GRADED = "graded"
    TOO_LITTLE_SEEN = "too little seen"
    NOT_SURVEYED = "not surveyed"


@dataclass(frozen=True, slots=True)
class Reason:
    """What one kind of damage took off the score, and the defects that made it so."""

    kind: Kind
    severity: Severity
    extent: int  # 1..3
    percent: float  # of the seen road, damage of this severity or worse
    points: float
    defects: tuple[int, ...]  # ids

    def __str__(self) -> str:
        ids = ", ".join(map(str, self.defects))
        return f"{self.kind} {self.severity}{self.extent} ({self.percent:.3g} %): -{self.points:g}; defects {ids}"


@dataclass(frozen=True, slots=True)
class Condition:
    """A segment's condition. Score, grade and interval are None where too little was seen to say."""

    status: Status
    score: float | None  # 0 (bad) .. 100 (no damage found)
    low: float | None  # of the score: sizes 1 sigma larger, and whatever wasn't seen as bad as can be
    high: float | None  # of the score: sizes 1 sigma smaller, and whatever wasn't seen without damage
    grade: str | None  # good, fair, poor, bad
    confidence: float  # 0..1, from coverage and the detection scores
    extents: dict[Kind, float]  # percent of the seen road per kind, any severity
    reasons: tuple[Reason, ...]  # heaviest first
    note: str  # why there is no grade; empty when there is one

    @property
    def grade_nl(self) -> str | None:
        """The grade in Dutch."""
        return GRADES_NL[self.grade] if self.grade else None


def amount(defect: Defect, scale: float = 1.0) -> float:
    """How much damage it is: a crack's longest side in metres, any other's area in m2; sides times `scale`."""
    if CLASSES[defect.class_id].measure is Measure.LENGTH:
        return max(defect.length_m, defect.width_m) * scale
    return defect.area_m2 * scale**2


def severity(defect: Defect, table: Table, scale: float = 1.0) -> Severity:
    """Light, moderate or severe by size: an estimate from a camera, which sees neither depth nor crack width."""
    limits = table.severity[CLASSES[defect.class_id].name]
    size = amount(defect, scale)
    if size >= limits.E:
        return "E"
    return "M" if size >= limits.M else "L"


def score(defects: Sequence[Defect], length_m: float, covered_m: float, seen_m: float, table: Table) -> Condition:
    """Score one segment.

    Args:
        defects: the defects on this segment.
        length_m: the segment's length.
        covered_m: metres of it that were seen at all, 0..length_m.
        seen_m: metres seen in all passes and both directions together, >= covered_m. Damage is a share of this, so a
            road driven twice, on which each damage is found twice, is not twice as bad.
        table: thresholds and points.

    More damage never gives a higher score; more coverage never gives less confidence.
    """
    coverage = min(covered_m / length_m, 1.0) if length_m > 0 else 0.0
    confidence = coverage * _trust(defects, table)
    if covered_m <= 0:
        note = "not surveyed" + (f"; {len(defects)} defects seen from another segment" if defects else "")
        return Condition(Status.NOT_SURVEYED, None, None, None, None, 0.0, {}, (), note)
    reasons = _reasons(defects, seen_m, table, [1.0] * len(defects))
    extents = {kind: percent for kind in Kind if (percent := _percent(defects, kind, seen_m, table)) > 0}
    # A short segment can't be seen for more than its length.
    if coverage < table.minimum.coverage - 1e-9 or covered_m < min(table.minimum.covered_m, 0.999 * length_m):
        note = (
            f"seen for {coverage:.0%} ({covered_m:.0f} m); a grade needs {table.minimum.coverage:.0%} "
            f"and {table.minimum.covered_m:g} m"
        )
        return Condition(Status.TOO_LITTLE_SEEN, None, None, None, None, confidence, extents, reasons, note)
    value = _remaining(reasons)
    worse = _remaining(_reasons(defects, seen_m, table, [1 + d.size_sigma for d in defects]))
    better = _remaining(_reasons(defects, seen_m, table, [max(1 - d.size_sigma, 0.0) for d in defects]))
    low, high = worse * coverage, better * coverage + 100 * (1 - coverage)
    grade = next(name for name, start in table.grades if value >= start)
    return Condition(Status.GRADED, value, min(low, value), max(high, value), grade, confidence, extents, reasons, "")


def _trust(defects: Sequence[Defect], table: Table) -> float:
    """Mean detection score, with the undamaged rest as one more piece of evidence."""
    return (table.trust_in_silence + sum(d.score for d in defects)) / (1 + len(defects))


def _remaining(reasons: Iterable[Reason]) -> float:
    return max(100.0 - sum(r.points for r in reasons), 0.0)


def _share(defect: Defect, rule: KindRule, seen_m: float, table: Table, scale: float = 1.0) -> float:
    """Percent of the seen road that one defect takes."""
    if rule.of == "area":
        return 100 * defect.area_m2 * scale**2 / (seen_m * table.lane_width_m)
    is_crack = CLASSES[defect.class_id].measure is Measure.LENGTH
    along = max(defect.length_m, defect.width_m) if is_crack else defect.length_m
    return 100 * along * scale / seen_m


def _percent(defects: Sequence[Defect], kind: Kind, seen_m: float, table: Table) -> float:
    rule = table.kinds[kind]
    return min(sum(_share(d, rule, seen_m, table) for d in defects if CLASSES[d.class_id].kind is kind), 100.0)


def _reasons(defects: Sequence[Defect], seen_m: float, table: Table, scales: Sequence[float]) -> tuple[Reason, ...]:
    """Find the heaviest deduction of each kind.

    Each severity is judged on all damage that bad *or worse*: only so can a damage that grows from light to moderate
    never take weight out of the lighter row and raise the score.
    """
    found = []
    for kind, rule in table.kinds.items():
        rows = [
            (d.id, severity(d, table, scale), _share(d, rule, seen_m, table, scale))
            for d, scale in zip(defects, scales, strict=True)
            if CLASSES[d.class_id].kind is kind
        ]
        candidates = []
        for rank, name in enumerate(SEVERITIES):
            those = [row for row in rows if SEVERITIES.index(row[1]) >= rank]
            percent = min(sum(share for _, _, share in those), 100.0)
            if extent := rule.extent_of(percent):
                points = rule.deduct.points(name, extent)
                ids = tuple(id_ for id_, _, _ in sorted(those, key=lambda row: (-row[2], row[0])))
                candidates.append(Reason(kind, name, extent, percent, points, ids))
        if candidates:
            found.append(max(candidates, key=lambda r: r.points))
    return tuple(sorted(found, key=lambda r: (-r.points, r.kind)))
