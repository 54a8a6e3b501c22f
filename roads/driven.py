"""The path of a drive over the network: its spans in order, and where on it each frame lies.

*Chainage* is metres along that path from its start; over a gap in the path it goes on by the straight line. It orders
all that a survey saw, also photos without a time, and tells visits apart: the times that the drive came by.
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import shapely

from detector.types import Bools, Floats, Ints
from roads.lines import direction
from roads.matching import Matching
from roads.network import Network

JOIN_M = 2.0  # ends of successive spans this near are one path
CORNER_DEG = 60.0  # the camera doesn't see round a sharper corner
BEARING_M = 8.0  # a span's direction at its end is taken over this length


@dataclass(frozen=True, eq=False)
class Path:
    """Spans of segments (k,) in the order driven. Offsets are along the digitised direction of the segment."""

    segment: Ints
    forward: Bools  # driven in the digitised direction
    low_m: Floats
    high_m: Floats
    begin_m: Floats  # chainage
    end_m: Floats
    visit: Ints  # which time this drive came by on that segment: 0, 1, ...
    runs_on: Bools  # into the next span, without a gap, a turn back or a sharp corner

    def nearest(self, segment: Ints, chainage_m: Floats) -> Ints:
        """Find the span on each of these segments that was driven nearest to a chainage; -1 where there is none."""
        best, least = np.full(len(segment), -1), np.full(len(segment), np.inf)
        if not len(self.segment):
            return best
        order = np.lexsort((self.begin_m, self.segment))
        axis = float(self.end_m[-1]) + 1.0  # lay all segments end to end, each with room for the whole path
        key = self.segment[order] * axis + self.begin_m[order]
        after = np.searchsorted(key, segment * axis + chainage_m, side="right")
        for place in (after - 1, after):
            span = order[np.clip(place, 0, len(order) - 1)]
            away = np.maximum(np.maximum(self.begin_m[span] - chainage_m, chainage_m - self.end_m[span]), 0.0)
            nearer = (self.segment[span] == segment) & (away < least)
            best, least = np.where(nearer, span, best), np.where(nearer, away, least)
        return best


@dataclass(frozen=True, eq=False)
class Driven:
    """A drive on the network: its path, and where the frames (n,) lie on it."""

    path: Path
    span: Ints  # of the path; -1 = unmatched
    offset_m: Floats  # along the digitised direction of the span's segment, nan if unmatched
    chainage_m: Floats  # nan if unmatched
    order: Ints  # the frames in the order driven
    points: Floats  # (frames, 2) places in the network's CRS
    reason: tuple[str, ...]  # why unmatched, '' if matched

    def nearest_chainage(self) -> Floats:
        """Give the chainage of each frame (n,); an unmatched one lies between those before and after it."""
        on = np.flatnonzero(np.isfinite(self.chainage_m[self.order]))
        between = np.zeros(len(self.order))
        if len(on):
            between[self.order] = np.interp(np.arange(len(self.order)), on, self.chainage_m[self.order[on]])
        return between


def follow(network: Network, matching: Matching, time_s: Floats, points: Floats) -> Driven:
    """Lay the frames on the path that the matching found.

    Args:
        network: the roads.
        matching: of the frames.
        time_s: (n,) of the frames; those without a time are taken in the order given.
        points: (n, 2) their places in the network's CRS.
    """
    order = np.argsort(np.where(np.isnan(time_s), np.arange(len(time_s)), time_s), kind="stable")
    spans = matching.spans
    path = _path(
        network,
        np.array([s.segment for s in spans], np.int64),
        np.array([s.forward for s in spans], bool),
        np.array([s.from_m for s in spans], float),
        np.array([s.to_m for s in spans], float),
    )
    span, after = _on_spans(path, matching, order[matching.segment[order] >= 0], points)
    alone = order[(matching.segment[order] >= 0) & (span[order] < 0)]
    if len(alone):  # a drive of a single place has no spans; such a place becomes one without length
        alone = alone[np.argsort(after[alone], kind="stable")]
        into, at = after[alone] + 1, matching.offset_m[alone]
        path = _path(
            network,
            np.insert(path.segment, into, matching.segment[alone]),
            np.insert(path.forward, into, matching.forward[alone]),
            np.insert(path.low_m, into, at),
            np.insert(path.high_m, into, at),
        )
        span = np.where(span >= 0, span + np.searchsorted(into, span, side="right"), -1)
        span[alone] = into + np.arange(len(alone))
    on, k = span >= 0, span[span >= 0]
    inside = np.clip(matching.offset_m[on], path.low_m[k], path.high_m[k])
    chainage = np.full(len(span), np.nan)
    chainage[on] = path.begin_m[k] + np.where(path.forward[k], inside - path.low_m[k], path.high_m[k] - inside)
    return Driven(path, span, np.where(on, matching.offset_m, np.nan), chainage, order, points, matching.reason)


def _path(network: Network, segment: Ints, forward: Bools, low: Floats, high: Floats) -> Path:
    lines = network.segments.geometry.to_numpy()[segment]
    at_low = shapely.get_coordinates(shapely.line_interpolate_point(lines, low))
    at_high = shapely.get_coordinates(shapely.line_interpolate_point(lines, high))
    along = forward[:, None]
    gap = np.hypot(*(np.where(along, at_low, at_high)[1:] - np.where(along, at_high, at_low)[:-1]).T)
    sense = np.where(forward, 1.0, -1.0)[:, None]
    ahead, behind = np.where(forward, BEARING_M, 0.0), np.where(forward, 0.0, BEARING_M)
    arriving = direction(lines, np.where(forward, low, high), behind, ahead) * sense
    leaving = direction(lines, np.where(forward, high, low), ahead, behind) * sense
    turn = np.einsum("ij,ij->i", leaving[:-1], arriving[1:])
    joined = (gap <= JOIN_M) & (turn >= np.cos(np.radians(CORNER_DEG)))
    begin = np.append(0.0, np.cumsum(high[:-1] - low[:-1] + gap))[: len(segment)]
    runs_on = np.append(joined, False)[: len(segment)]
    return Path(
        segment, forward, low, high, begin, begin + high - low, _visits(segment, forward, low, high), runs_on
    )  # fmt: skip


def _visits(segment: Ints, forward: Bools, low: Floats, high: Floats) -> Ints:
    """Count the times that the path came by on each segment. A gap inside a segment doesn't begin a new one."""
    ahead = np.where(forward[1:], low[1:] - high[:-1], low[:-1] - high[1:])
    goes_on = (segment[1:] == segment[:-1]) & (forward[1:] == forward[:-1]) & (ahead >= -JOIN_M)
    order = np.argsort(segment, kind="stable")
    count = np.cumsum(np.append(True, ~goes_on)[order])  # the first span on a segment always begins a visit
    first = np.searchsorted(segment[order], segment[order])
    visit = np.empty(len(segment), np.int64)
    visit[order] = count - count[first]
    return visit


def _on_spans(path: Path, matching: Matching, order: Ints, points: Floats) -> tuple[Ints, Ints]:
    """Find the span of each matched frame, never one before that of an earlier frame: the path is driven once.

    Of the spans on its segment it is the one whose chainage best fits the way driven since the last frame.

    Returns:
        The span of each frame, -1 where there is none, and the last span that a frame before it was on.
    """
    known: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for k, key in enumerate(zip(path.segment.tolist(), path.forward.tolist(), strict=True)):
        known[key].append(k)
    low, high, begin = path.low_m.tolist(), path.high_m.tolist(), path.begin_m.tolist()
    span, after = np.full(len(matching.segment), -1), np.full(len(matching.segment), -1)
    step = np.hypot(*np.diff(points[order], axis=0, prepend=points[order[:1]]).T)
    columns = (order, matching.segment[order], matching.forward[order], matching.offset_m[order], step)
    current, chainage = -1, 0.0
    for i, segment, forward, offset, driven in zip(*(column.tolist() for column in columns), strict=True):
        expected, best, least = chainage + driven, -1, np.inf
        spans = known.get((segment, forward), [])
        for k in spans[bisect_left(spans, current) :]:
            if begin[k] - expected >= least:
                break
            inside = min(max(offset, low[k]), high[k])
            there = begin[k] + (inside - low[k] if forward else high[k] - inside)
            cost = abs(there - expected) + abs(offset - inside)
            if cost < least:
                best, least, chainage = k, cost, there
        span[i], after[i] = best, current
        current = max(best, current)
        if best < 0:
            chainage = expected
    return span, after
