"""Which metres of which segment the camera has seen, in which direction and visit, and why not.

Each frame shows the road from `near_m` to `far_m` ahead of the camera. That view is laid along the path driven: over a
segment's end only where the path goes on, and not round a sharp corner, where the camera still looks straight ahead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from detector.types import Coverage, Floats, Frame, Ints
from roads.driven import Driven
from roads.intervals import Intervals, difference, union
from roads.network import Network
from roads.tables import PASSES, conform, empty

UNUSABLE = "not usable"  # a picture without a better reason
UNKNOWN = "no coverage was measured"


@dataclass(frozen=True, eq=False)
class Seen:
    """What all surveys together have seen of each segment of a network: arrays (segments,)."""

    covered_m: Floats  # seen at least once, in whichever direction
    seen_m: Floats  # seen at least once in a direction, both directions added
    visits: Ints  # times that a survey came by and saw something of it
    last_s: Floats  # when it was last seen, POSIX seconds UTC; nan = never, or when is not known


def passes(network: Network, driven: Driven, frames: Sequence[Frame], coverage: Sequence[Coverage]) -> pd.DataFrame:
    """Lay every frame's view on the segments driven. Unmatched frames and those without a view show none.

    Args:
        network: the roads.
        driven: where the frames lie on it.
        frames: of the survey.
        coverage: what they show.

    Returns:
        PASSES, with survey -1. Per segment, visit and direction first what was seen, then of the rest what was passed
        unseen, by reason. `time_s` is that of the first frame that shows something of the stretch.
    """
    views = {view.frame_index: view for view in coverage}
    seen_by = [
        (i, views[frame.index]) for i, frame in enumerate(frames) if frame.index in views and driven.span[i] >= 0
    ]
    if not seen_by:
        return empty(PASSES)
    usual = _usual_view(frames, coverage)
    rows = np.array([i for i, _ in seen_by])
    shown = np.array([(v.near_m, v.far_m) if v.far_m > v.near_m >= 0 else usual for _, v in seen_by])
    reason = np.array(["" if v.usable else v.reason or UNUSABLE for _, v in seen_by], object)
    time_s = np.array([frames[i].pose.time_s for i, _ in seen_by])
    view, span, start, end = _lay(network, driven, rows, shown[:, 0], shown[:, 1])
    path = driven.path
    key = np.column_stack([path.segment, path.visit, path.forward])
    groups, group = np.unique(key, axis=0, return_inverse=True)
    found = Intervals(group.ravel()[span], start, end)
    reason, time_s = reason[view], time_s[view]
    parts, taken = [], Intervals(np.empty(0, np.int64), np.empty(0), np.empty(0))
    for why in np.unique(reason).tolist():  # '' sorts first: what was seen
        part, time = _stretches(found[reason == why], time_s[reason == why], taken)
        taken, _ = union(_both(taken, part))
        columns = {"from_m": part.start, "to_m": part.end, "usable": not why, "reason": why, "time_s": time}
        names = zip(("segment", "visit", "forward"), groups[part.group].T, strict=True)
        parts.append(pd.DataFrame({"survey": -1, **dict(names), **columns}))
    table = pd.concat(parts, ignore_index=True)
    order = ["segment", "visit", "forward", "usable", "reason", "from_m"]
    return conform(table.sort_values(order, ascending=[True, True, True, False, True, True]), PASSES)


def seen_of(passes: pd.DataFrame, network: Network) -> Seen:
    """Add up PASSES of any number of surveys to what was seen of each segment."""
    lengths = network.segments["length_m"].to_numpy(float)
    usable = passes[passes["usable"].to_numpy(bool)]
    segment, start, end = (usable[name].to_numpy() for name in ("segment", "from_m", "to_m"))
    n = len(lengths)
    covered = union(Intervals(segment, start, end))[0].total(n)
    per_direction = union(Intervals(2 * segment + usable["forward"].to_numpy(bool), start, end))[0].total(2 * n)
    visits = usable[["segment", "survey", "visit"]].drop_duplicates()["segment"].to_numpy()
    last = np.full(n, np.nan)
    np.fmax.at(last, segment, usable["time_s"].to_numpy())
    return Seen(
        np.minimum(covered, lengths),
        np.minimum(per_direction.reshape(n, 2), lengths[:, None]).sum(axis=1),
        np.bincount(visits, minlength=n),
        last,
    )


def _usual_view(frames: Sequence[Frame], coverage: Sequence[Coverage]) -> tuple[float, float]:
    """Return the median view of usable frames; for a survey with none, from the camera to the next frame."""
    views = [(c.near_m, c.far_m) for c in coverage if c.usable]
    if views:
        near, far = np.median(np.array(views), axis=0)
        return float(near), float(far)
    steps = np.diff([f.pose.distance_m for f in frames])
    steps = steps[steps > 0]
    return 0.0, float(np.median(steps)) if steps.size else 0.0


def _lay(network: Network, driven: Driven, rows: Ints, near: Floats, far: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    """Lay the metres `near` to `far` ahead of each of these frames along the path.

    Returns:
        Per stretch the view it is of, the span whose visit it belongs to, and its ends along the digitised direction.
    """
    path, lengths = driven.path, network.segments["length_m"].to_numpy(float)
    view, span, offset = np.arange(len(rows)), driven.span[rows], driven.offset_m[rows]
    found: list[tuple[Ints, Ints, Floats, Floats]] = []
    while len(view):
        forward, length, runs_on = path.forward[span], lengths[path.segment[span]], path.runs_on[span]
        # Where the path ends or turns off, the camera still sees the rest of this segment.
        low, high = np.where(runs_on, path.low_m[span], 0.0), np.where(runs_on, path.high_m[span], length)
        room = np.maximum(np.where(forward, high - offset, offset - low), 0.0)
        to = np.minimum(far, room)
        start = np.maximum(np.where(forward, offset + near, offset - to), 0.0)
        end = np.minimum(np.where(forward, offset + to, offset - near), length)
        some = (to > near) & (end > start)
        found.append((view[some], span[some], start[some], end[some]))
        on = runs_on & (far > room)
        view, span = view[on], span[on] + 1
        near, far = np.maximum(near - room, 0.0)[on], (far - room)[on]
        offset = np.where(path.forward[span], path.low_m[span], path.high_m[span])
    views, spans, starts, ends = zip(*found, strict=True)
    return np.concatenate(views), np.concatenate(spans), np.concatenate(starts), np.concatenate(ends)


def _stretches(found: Intervals, time_s: Floats, taken: Intervals) -> tuple[Intervals, Floats]:
    """Unite stretches, leave out what is taken, and give the rest the first time it was shown."""
    whole, member = union(found)
    first = np.full(len(whole), np.nan)
    np.fmin.at(first, member, time_s)
    rest, source = difference(whole, taken)
    return rest, first[source]


def _both(a: Intervals, b: Intervals) -> Intervals:
    return Intervals(
        np.concatenate([a.group, b.group]), np.concatenate([a.start, b.start]), np.concatenate([a.end, b.end])
    )
