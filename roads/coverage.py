"""Which metres of which segment the camera has seen, in which direction, and why not.

Each frame shows the road from `near_m` to `far_m` ahead of the camera. That view is laid along the path driven: over a
segment's end only where the path goes on, and not round a sharp corner, where the camera still looks straight ahead.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.types import Coverage, Frame
from roads.matching import Matching, Span
from roads.network import Network

JOIN_M = 2.0  # ends of successive spans this near are one path
CORNER_DEG = 60.0  # the camera doesn't see round a sharper corner
UNUSABLE = "not usable"  # a picture without a better reason
BEARING_M = 8.0  # a span's direction at its end is taken over this length

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a segment in one driving direction: seen, or passed without being seen for a reason."""

    segment: int  # row in the network
    forward: bool  # driven in the digitised direction
    from_m: float  # along the digitised direction, from_m < to_m
    to_m: float
    reason: str  # empty: seen


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a survey has seen of a network."""

    stretches: tuple[Stretch, ...]  # disjoint per segment and direction, in that order
    covered_m: dict[int, float]  # per segment: metres seen at least once, in whichever direction
    seen_m: dict[int, float]  # per segment: metres seen in every pass and direction together


def surveyed(network: Network, matching: Matching, frames: Sequence[Frame], coverage: Sequence[Coverage]) -> Surveyed:
    """Lay every frame's view on the segments driven. `matching` is aligned with `frames`; unmatched ones show none."""
    path = _Path(network, matching.spans)
    by_frame = {c.frame_index: c for c in coverage}
    usual = _usual_view(frames, coverage)
    passes: dict[tuple[int, int], list[Interval]] = defaultdict(list)  # (segment, visit)
    seen: dict[tuple[int, bool], list[Interval]] = defaultdict(list)
    unseen: dict[tuple[int, bool], list[tuple[str, Interval]]] = defaultdict(list)
    cursor = 0
    # The spans are in the order of driving; the frames of several files may not be.
    for i in sorted(range(len(frames)), key=lambda i: frames[i].pose.time_s):
        frame, segment = frames[i], int(matching.segment[i])
        view = by_frame.get(frame.index)
        if segment < 0 or view is None:
            continue
        offset, forward = float(matching.offset_m[i]), bool(matching.forward[i])
        visit = path.visit(segment, forward, offset, cursor)
        cursor = max(visit, cursor)
        near, far = (view.near_m, view.far_m) if view.far_m > view.near_m >= 0 else usual
        for row, ahead, at, interval in path.view(segment, forward, offset, visit, near, far):
            if view.usable:
                passes[row, at].append(interval)
                seen[row, ahead].append(interval)
            else:
                unseen[row, ahead].append((view.reason or UNUSABLE, interval))
    return _total(passes, seen, unseen)


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Merge overlapping and touching intervals, sorted."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1] + 1e-6:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def difference(intervals: Iterable[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """Return what is left of `intervals` outside `taken` (a union). Slivers under a centimetre are dropped."""
    left = []
    for start, end in union(intervals):
        for a, b in taken:
            if b <= start or a >= end:
                continue
            left.append((start, a))
            start = b
        left.append((start, end))
    return [(a, b) for a, b in left if b - a > 0.01]


def _usual_view(frames: Sequence[Frame], coverage: Sequence[Coverage]) -> Interval:
    """Return the median view of usable frames; for a survey with none, from the camera to the next frame."""
    views = [(c.near_m, c.far_m) for c in coverage if c.usable]
    if views:
        near, far = np.median(np.array(views), axis=0)
        return float(near), float(far)
    steps = np.diff([f.pose.distance_m for f in frames])
    steps = steps[steps > 0]
    return 0.0, float(np.median(steps)) if steps.size else 0.0


def _total(
    passes: dict[tuple[int, int], list[Interval]],
    seen: dict[tuple[int, bool], list[Interval]],
    unseen: dict[tuple[int, bool], list[tuple[str, Interval]]],
) -> Surveyed:
    stretches = []
    both: dict[int, list[Interval]] = defaultdict(list)
    for segment, forward in sorted({*seen, *unseen}):
        taken = union(seen.get((segment, forward), []))
        both[segment] += taken
        stretches += [Stretch(segment, forward, a, b, "") for a, b in taken]
        reasons: dict[str, list[Interval]] = defaultdict(list)
        for reason, interval in unseen.get((segment, forward), []):
            reasons[reason].append(interval)
        for reason, intervals in sorted(reasons.items()):
            rest = difference(intervals, taken)
            stretches += [Stretch(segment, forward, a, b, reason) for a, b in rest]
            taken = union([*taken, *rest])
    seen_m: dict[int, float] = defaultdict(float)
    for (segment, _), intervals in sorted(passes.items()):
        seen_m[segment] += _length(union(intervals))
    covered_m = {segment: _length(union(intervals)) for segment, intervals in both.items() if intervals}
    return Surveyed(tuple(stretches), covered_m, dict(seen_m))


def _length(intervals: Iterable[Interval]) -> float:
    return sum(b - a for a, b in intervals)


class _Path:
    """The spans driven, in order, and which of them run on into the next."""

    def __init__(self, network: Network, spans: Sequence[Span]) -> None:
        self.spans = spans
        self.lengths = network.segments["length_m"].to_numpy(float)
        self.low = [min(s.from_m, s.to_m) for s in spans]
        self.high = [max(s.from_m, s.to_m) for s in spans]
        self.goes_on = self._goes_on(network)
        self.visits: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for k, span in enumerate(spans):
            self.visits[span.segment, span.forward].append(k)

    def visit(self, segment: int, forward: bool, offset: float, cursor: int) -> int:
        """Find the first span from `cursor` on that holds this place; -1 where the matching has none."""
        known = self.visits.get((segment, forward), [])
        for k in known[bisect_left(known, cursor) :]:
            if self.low[k] - JOIN_M <= offset <= self.high[k] + JOIN_M:
                return k
        return -1

    def view(
        self, segment: int, forward: bool, offset: float, visit: int, near: float, far: float
    ) -> Iterator[tuple[int, bool, int, Interval]]:
        """Yield the metres `near` to `far` ahead of a place, as (segment, forward, visit, interval) along the path."""
        while True:
            goes_on = visit >= 0 and bool(self.goes_on[visit])
            length = float(self.lengths[segment])
            # Where the path ends or turns off, the camera still sees the rest of this segment.
            low, high = (self.low[visit], self.high[visit]) if goes_on else (0.0, length)
            room = max(high - offset if forward else offset - low, 0.0)
            a, b = near, min(far, room)
            if b > a:
                start, end = (offset + a, offset + b) if forward else (offset - b, offset - a)
                yield segment, forward, visit, (max(start, 0.0), min(end, length))
            if not goes_on or far <= room:
                return
            near, far, visit = max(near - room, 0.0), far - room, visit + 1
            segment, forward = self.spans[visit].segment, self.spans[visit].forward
            offset = self.low[visit] if forward else self.high[visit]

    def _goes_on(self, network: Network) -> NDArray[np.bool_]:
        """Whether span k runs on into span k + 1, without a gap, a turn back or a sharp corner."""
        joined = np.zeros(len(self.spans), bool)
        if len(self.spans) < 2:
            return joined
        rows = np.array([s.segment for s in self.spans])
        forward = np.array([s.forward for s in self.spans])
        low, high = np.array(self.low), np.array(self.high)
        first, last = np.where(forward, low, high), np.where(forward, high, low)
        lines = network.segments.geometry.to_numpy()[rows]
        reach = np.minimum(BEARING_M, self.lengths[rows]) * np.where(forward, 1.0, -1.0)
        start, end = (shapely.get_coordinates(shapely.line_interpolate_point(lines, at)) for at in (first, last))
        # Negative distances would count from the line's end.
        after = shapely.line_interpolate_point(lines, np.clip(first + reach, 0, self.lengths[rows]))
        before = shapely.line_interpolate_point(lines, np.clip(last - reach, 0, self.lengths[rows]))
        leaving = end - shapely.get_coordinates(before)
        arriving = shapely.get_coordinates(after) - start
        gap = np.hypot(*(start[1:] - end[:-1]).T)
        dot = np.sum(leaving[:-1] * arriving[1:], axis=1)
        size = np.hypot(*leaving[:-1].T) * np.hypot(*arriving[1:].T)
        joined[:-1] = (gap <= JOIN_M) & (dot >= np.cos(np.radians(CORNER_DEG)) * size)
        return joined
