"""Stretches of a drive to be driven again: those that no frame shows well enough, and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from detector.types import Coverage, Frame

LEAST_M = 5.0  # shorter holes are not worth a second drive
NOT_LOOKED_AT = "no frame was taken"


@dataclass(frozen=True, slots=True)
class BadStretch:
    """Metres along the drive (`Pose.distance_m`) whose road is not known."""

    from_m: float
    to_m: float
    reason: str  # that of most of the frames which should have shown it


def bad_stretches(frames: Sequence[Frame], coverage: Sequence[Coverage], least_m: float = LEAST_M) -> list[BadStretch]:
    """Return the holes of at least `least_m` in what the usable frames of one drive show, in order.

    `coverage[i]` belongs to `frames[i]`, in the order of time. The drive is asked for from the first metre that any of
    its frames, usable or not, looks at, to the last.
    """
    seen = [
        (f.pose.distance_m + c.near_m, f.pose.distance_m + c.far_m, c) for f, c in zip(frames, coverage, strict=True)
    ]
    if not seen:
        return []
    start, end = min(a for a, _, _ in seen), max(b for _, b, _ in seen)
    holes: list[tuple[float, float]] = []
    reached = start
    for a, b, _ in sorted((a, b, 0) for a, b, c in seen if c.usable):
        if a > reached:
            holes.append((reached, a))
        reached = max(reached, b)
    if end > reached:
        holes.append((reached, end))
    stretches = []
    for a, b in holes:
        reasons = Counter(c.reason for x, y, c in seen if x < b and y > a and not c.usable)
        if b - a >= least_m:
            reason = max(reasons, key=lambda r: (reasons[r], r)) if reasons else NOT_LOOKED_AT
            stretches.append(BadStretch(a, b, reason))
    return stretches
