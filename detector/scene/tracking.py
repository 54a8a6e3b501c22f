"""Looks at the same damage in successive frames -> one defect.

Frames lie metres apart, so boxes of one damage do not overlap in the picture: looks are associated on the road instead
(Bar-Shalom, Willett & Tian 2011: validation gate, global nearest neighbour). What differs from the textbook:

- The drive is gone through backwards. So each damage is met first where it is near and well placed, and a frame's far
  looks, which a nodding car throws metres off, find everything already known: see `registration`.
- It is gone through twice. After the first time all looks together tell the camera's height, the pitch of every frame
  and the car's course: see `adjustment`.
- Damage stands still, and has ends, some of which lie outside the view.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from detector.scene.camera import Camera
from detector.scene.defects import defect_of
from detector.scene.extent import Extent, apart, shared
from detector.scene.measure import Reach, edge_sigma
from detector.scene.path import Path
from detector.scene.placing import Drive, Motion, Shown
from detector.scene.refinement import refine
from detector.scene.registration import AHEAD, PITCH, Correction, part, solve, vote
from detector.taxonomy import Kind
from detector.types import Defect, Floats, Frame, Look

BEYOND = 1.5  # times the reach: a look is taken to lie within it, but may be farther when the car nods
SUREST = 0.98  # no score says more than this
MOST_DOUBT_M = 0.7  # along the road; neighbouring damage must not be swallowed
BELIEVED = 3.5  # sigmas that a frame may turn out to be off; beyond, its looks were paired wrongly


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """How looks become defects. The defaults suit frames 2 to 5 m apart."""

    reach: Reach = field(default_factory=Reach)
    motion: Motion = field(default_factory=Motion)
    gate_sigma: float = 3.0  # a look farther from every track than this begins a new one
    # And so does one farther than this along or across, however great the doubt.
    gate_m: tuple[float, float] = (4.0, 1.5)
    long_m: float = 2.5  # longer damage is met by its ends, as a detector often shows a part of it only
    inside: float = 0.5  # a look with this part of it inside a track belongs to it
    min_looks: int = 1
    # A defect of one look is dropped where the odds of it, its score against each frame that should have shown it and
    # did not (it was inside the picture and nearer than `sure_m`), are less than `least_odds`.
    recall: float = 0.5  # of a detector in one frame
    least_odds: float = 0.35
    sure_m: float = 12.0  # farther looks are doubtful


@dataclass(slots=True)
class Track:
    """A damage being followed."""

    kind: Kind
    extent: Extent
    looks: list[Look]
    seen: list[Extent]  # where each look puts it
    begun_s: float  # of the frame where it was met; the drive is gone through backwards
    last_s: float  # of the frame where it was met last

    def see(self, look: Look, extent: Extent, frame_s: float) -> None:
        """Add a look."""
        self.looks.append(look)
        self.seen.append(extent)
        self.extent = self.extent.joined(extent)
        self.last_s = frame_s

    def join(self, other: "Track") -> None:
        """Take over another track's looks."""
        self.looks += other.looks
        self.seen += other.seen
        self.extent = self.extent.joined(other.extent)
        self.last_s = min(self.last_s, other.last_s)


def track(
    frames: Sequence[Frame],
    looks_by_frame: Sequence[Sequence[Look]],
    cameras: Sequence[Camera],
    options: TrackOptions | None = None,
    first_id: int = 1,
) -> list[Defect]:
    """Find the defects of one drive, numbered from `first_id` in the order they were driven past.

    `frames` are those of one trajectory in the order of time; `looks_by_frame[i]` and `cameras[i]` belong to
    `frames[i]`. Kinds of damage are followed apart; a crack may change class from look to look and gets the class with
    the greatest sum of scores. Edges of a defect are the means of what the looks say, weighted with 1 / variance (so
    near looks count most); damage longer than the view grows along the road.

    Dropped: defects of fewer than `min_looks` looks, and those seen once with a score too low for the number of frames
    that had them in view at close range.
    """
    if not frames:
        return []
    options = options or TrackOptions()
    drive = Drive(frames, cameras, Path([f.pose for f in frames]), options.reach, options.motion)
    tracks = _follow_all(drive, looks_by_frame, options)
    followed = [(t.extent, t.looks) for t in tracks if len(t.looks) > 1]
    if followed and len(frames) > 2:
        drive = drive.raised(*refine(drive, followed))
        tracks = _follow_all(drive, _scaled(looks_by_frame, drive), options)
    kept = [t for t in _adopt(_merge(tracks, options.inside), options) if _credible(drive, t, options)]
    kept.sort(key=lambda t: t.extent.rectangle)
    position = {f.index: i for i, f in enumerate(frames)}
    return [defect_of(drive, t.extent, t.looks, t.seen, first_id + n, position) for n, t in enumerate(kept)]


def _scaled(looks_by_frame: Sequence[Sequence[Look]], drive: Drive) -> list[list[Look]]:
    """The looks as a camera at another height measures them: all distances grow with it."""
    f = drive.ride.height if drive.ride else 1.0
    return [
        [
            Look(k.frame_index, k.detection, k.near_m * f, k.far_m * f, k.left_m * f, k.right_m * f, k.winding)
            for k in looks
        ]
        for looks in looks_by_frame
    ]


def _follow_all(drive: Drive, looks_by_frame: Sequence[Sequence[Look]], options: TrackOptions) -> list[Track]:
    """Go through the drive from its end to its start."""
    tracks: list[Track] = []
    open_: list[Track] = []
    for i in reversed(range(len(drive.frames))):
        drive.corrections[i] = drive.predict(i)
        beyond = drive.path.s[i] + BEYOND * options.reach.far_m  # nothing is seen again there
        open_ = [t for t in open_ if t.extent.rectangle[0] < beyond]
        if looks_by_frame[i]:
            begun = _follow(drive, i, looks_by_frame[i], open_, options)
            open_ += begun
            tracks += begun
    return tracks


def _follow(drive: Drive, i: int, looks: Sequence[Look], open_: Sequence[Track], options: TrackOptions) -> list[Track]:
    """Give the looks of frame i to the open tracks; return tracks begun with those that are left."""
    s = float(drive.path.s[i])
    shown = drive.shown(i, looks)
    if open_:
        drive.corrections[i] = _register(drive, i, shown, open_, options)
    extents = drive.extents(i, shown)
    begun: list[Track] = []
    taken = _associate(drive, i, open_, shown, extents, options)
    for n in sorted(range(len(looks)), key=lambda n: -looks[n].detection.score):
        kind = shown.kinds[n]
        home = open_[taken[n]] if n in taken else None
        home = home or _holder((t for t in (*open_, *begun) if t.kind is kind), extents[n], options.inside)
        if home:
            home.see(looks[n], extents[n], s)
        else:
            begun.append(Track(kind, extents[n], [looks[n]], [extents[n]], s, s))
    return begun


def _register(drive: Drive, i: int, shown: Shown, open_: Sequence[Track], options: TrackOptions) -> Correction:
    """The correction of frame i by the damage in it that later frames saw."""
    camera, prior = drive.cameras[i], drive.corrections[i]
    h, sharp = camera.height_m, edge_sigma(camera)
    seen, looks_ends = shown.ends()
    known, tracks_ends = drive.ends_known(i, [(t.kind, t.extent) for t in open_])
    if not looks_ends or not tracks_ends:
        return prior
    drive.corrections[i] = voted = vote(seen, known, prior, h, sharp)
    taken = _associate(drive, i, open_, shown, drive.extents(i, shown), options)
    row = {name: n for n, name in enumerate(tracks_ends)}
    pairs = [
        (n, row[taken[look], side])
        for n, (look, side) in enumerate(looks_ends)
        if look in taken and (taken[look], side) in row
    ]
    if not pairs:
        return prior
    ours, theirs = zip(*pairs, strict=True)
    solved = solve(part(seen, ours), part(known, theirs), prior, voted, h, sharp)
    doubt = np.sqrt(prior.covariance.diagonal())
    return solved if (np.abs(solved.mean - prior.mean) < BELIEVED * doubt).all() else prior


def _associate(
    drive: Drive,
    i: int,
    tracks: Sequence[Track],
    shown: Shown,
    extents: Sequence[Extent],
    options: TrackOptions,
) -> dict[int, int]:
    """Return the track of each look that has one, kind by kind: the pairs of the least total distance.

    Staying alone costs as much as the gate.
    """
    gate = options.gate_sigma**2
    sight = Sight.of(drive, i)
    taken = {}
    for kind in set(shown.kinds):
        ours = [n for n, k in enumerate(shown.kinds) if k is kind]
        theirs = [n for n, t in enumerate(tracks) if t.kind is kind]
        cost: Floats = np.array(
            [[min(_distance(sight, tracks[m].extent, extents[n], options), gate) for m in theirs] for n in ours]
        ).reshape(len(ours), len(theirs))
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            if cost[row, column] < gate:
                taken[ours[row]] = theirs[column]
    return taken


class Sight(NamedTuple):
    """From where a frame sees the road, and how surely."""

    at_m: float  # along the path
    height_m: float
    angle_var: float  # of the direction to an edge, square radians
    ahead_var: float  # of the frame's place along the path, m2

    @classmethod
    def of(cls, drive: Drive, i: int) -> "Sight":
        """Of frame i, corrected."""
        camera, variance = drive.cameras[i], drive.corrections[i].covariance.diagonal().tolist()
        angle = variance[PITCH] + edge_sigma(camera) ** 2
        return cls(float(drive.path.s[i]), camera.height_m, angle, variance[AHEAD])


def _distance(sight: Sight, known: Extent, seen: Extent, options: TrackOptions) -> float:
    """Squared distance in sigmas between a track and a look of one frame, plus 1 where they do not overlap at all."""
    s0, s1, t0, t1 = known.rectangle
    a0, a1, b0, b1 = seen.rectangle
    if max(s0 - a1, a0 - s1) > options.gate_m[0] or max(t0 - b1, b0 - t1) > options.gate_m[1]:
        return math.inf
    along = apart(known, seen, 0, options.long_m)
    across = apart(known, seen, 2, options.long_m)
    if abs(along[1] - along[0]) > options.gate_m[0] or abs(across[1] - across[0]) > options.gate_m[1]:
        return math.inf
    here, h = sight.at_m, sight.height_m
    ahead = max(along[0] - here, h)
    angle = math.atan2(h, max(along[0] - here, 0.0)) - math.atan2(h, max(along[1] - here, 0.0))
    near, far, right, left = known.edges
    per_m = h / (h * h + ahead * ahead)
    var_angle = sight.angle_var + (min(near.var, far.var) + sight.ahead_var) * per_m**2
    var_across = min(right.var, left.var) + min(seen.edges[2].var, seen.edges[3].var)
    overlap = max(0.0, min(s1, a1) - max(s0, a0)) / max(min(s1 - s0, a1 - a0), 0.01)
    overlap *= max(0.0, min(t1, b1) - max(t0, b0)) / max(min(t1 - t0, b1 - b0), 0.01)
    return angle**2 / var_angle + (across[1] - across[0]) ** 2 / var_across + 1 - min(overlap, 1)


def _holder(tracks: Iterable[Track], seen: Extent, inside: float) -> Track | None:
    """Return the track that already covers what was seen: a detector may show one damage by several boxes."""

    def covered(track: Track) -> float:
        return shared(track.extent.rectangle, seen.rectangle, min(seen.doubt_m, MOST_DOUBT_M))

    return max((t for t in tracks if covered(t) >= inside), key=covered, default=None)


def _merge(tracks: list[Track], inside: float) -> list[Track]:
    """Join tracks that turned out to cover the same ground, once near looks had made them sure."""
    merged: list[Track] = []
    recent: list[Track] = []
    for new in tracks:  # in the order they began, the last of the drive first
        recent = [t for t in recent if t.last_s < new.begun_s + 100.0]
        same = (t for t in recent if t.kind is new.kind)
        holder = _holder(same, new.extent, inside)
        if holder is None:
            merged.append(new)
            recent.append(new)
            continue
        holder.join(new)
    return merged


def _adopt(tracks: list[Track], options: TrackOptions) -> list[Track]:
    """Give each track that was seen from far only to one that its doubt can't tell it from.

    Two damages that one frame shows side by side stay two.
    """
    far = [t for t in tracks if min(k.near_m for k in t.looks) > options.sure_m]
    near = sorted((t for t in tracks if t not in far), key=lambda t: t.extent.middle[0])
    stations = [t.extent.middle[0] for t in near]
    kept = []
    for orphan in far:
        s = orphan.extent.middle[0]
        around = near[bisect_left(stations, s - options.sure_m) : bisect_right(stations, s + options.sure_m)]
        seen = {k.frame_index for k in orphan.looks}
        home = min(
            (t for t in around if t.kind is orphan.kind and seen.isdisjoint(k.frame_index for k in t.looks)),
            key=lambda t: t.extent.distance(orphan.extent),
            default=None,
        )
        if home is None or home.extent.distance(orphan.extent) > options.gate_sigma**2:
            kept.append(orphan)
        else:
            home.join(orphan)
    return near + kept


def _credible(drive: Drive, followed: Track, options: TrackOptions) -> bool:
    """Whether a track has the looks and the score to be called a defect."""
    if len(followed.looks) < options.min_looks:
        return False
    if len(followed.looks) > 1:
        return True
    look = followed.looks[0]
    s0, s1, t0, t1 = followed.extent.rectangle
    s, t = (s0 + s1) / 2, (t0 + t1) / 2
    first, last = np.searchsorted(drive.path.s, [s - options.sure_m, s])
    should = 0
    for i in range(int(first), int(last)):
        u, v = drive.cameras[i].project(np.array([[s - drive.path.s[i], t]]))[0]
        should += bool(0 <= u < drive.frames[i].width and 0 <= v < drive.frames[i].height)
    missed = max(should - (look.near_m < options.sure_m), 0)
    score = min(look.detection.score, SUREST)
    return score / (1 - score) * (1 - options.recall) ** missed >= options.least_odds
