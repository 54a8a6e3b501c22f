"""Looks at the same damage in successive frames -> one defect.

Frames lie metres apart, so boxes of one damage do not overlap in the picture: looks are associated on the road instead
(Bar-Shalom, Willett & Tian 2011: validation gate, global nearest neighbour). What differs from the textbook: damage
stands still, doubt along the road is a doubt of the camera's pitch (so it is judged as an angle, where it is the same
for near and far), and damage has ends, some of which lie outside the view.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from detector.scene.camera import Camera
from detector.scene.extent import Edge, Extent, Rectangle, apart, shared
from detector.scene.measure import (
    Reach,
    area_m2,
    edge_sigma,
    ground_sigma,
    pitch_sigma,
    size_sigma,
)
from detector.scene.path import Path
from detector.taxonomy import CLASSES, Kind
from detector.types import Defect, Floats, Frame, Look


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """How looks become defects. The defaults suit frames 2 to 5 m apart."""

    reach: Reach = field(default_factory=Reach)
    gate_sigma: float = 3.0  # a look farther from every track than this begins a new one
    gate_m: tuple[float, float] = (
        4.0,
        1.5,
    )  # and so does one farther than this along or across, however great the doubt
    long_m: float = 2.5  # longer damage is met by its ends, as a detector often shows a part of it only
    drift: float = 0.02  # of the pose from frame to frame, 1 sigma in metres for each metre driven
    heading_sigma_deg: float = 0.5  # of the pose
    inside: float = 0.5  # a look with this part of it inside a track belongs to it
    min_looks: int = 1
    lone_score: float = 0.35  # a defect of one look below this score is dropped ...
    lone_frames: int = 3  # ... where at least so many frames should have shown it ...
    sure_m: float = 12.0  # ... because it was inside the picture and nearer than this; farther looks are doubtful


@dataclass(slots=True)
class Track:
    """A damage being followed."""

    kind: Kind
    extent: Extent
    looks: list[Look]
    begun_s: float  # of the frame that saw it first
    seen_s: float  # of the frame that saw it last

    def see(self, look: Look, extent: Extent, frame_s: float) -> None:
        """Add a look."""
        self.looks.append(look)
        self.extent = self.extent.joined(extent)
        self.seen_s = frame_s

    def join(self, other: "Track") -> None:
        """Take over another track's looks."""
        self.looks = sorted(self.looks + other.looks, key=lambda k: k.frame_index)
        self.extent = self.extent.joined(other.extent)
        self.seen_s = max(self.seen_s, other.seen_s)


@dataclass(slots=True)
class _Drive:
    """What every step needs to know of the drive."""

    frames: Sequence[Frame]
    cameras: Sequence[Camera]
    path: Path
    options: TrackOptions
    tracks: list[Track] = field(default_factory=list)
    open: list[Track] = field(default_factory=list)


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

    Dropped: defects of fewer than `min_looks` looks, and those seen once, with a score below `lone_score`, although
    `lone_frames` frames had them in view at close range.
    """
    if not frames:
        return []
    drive = _Drive(frames, cameras, Path([f.pose for f in frames]), options or TrackOptions())
    for i, looks in enumerate(looks_by_frame):
        _follow(drive, i, looks)
    merged = _adopt(_merge(drive.tracks, drive.options.inside), drive.options)
    kept = [t for t in merged if _credible(drive, t)]
    kept.sort(key=lambda t: t.extent.rectangle)
    position = {f.index: i for i, f in enumerate(frames)}
    return [_defect(drive, t, first_id + n, position) for n, t in enumerate(kept)]


def _follow(drive: _Drive, i: int, looks: Sequence[Look]) -> None:
    """Give the looks of frame i to the tracks, and begin tracks with those that are left."""
    s = float(drive.path.s[i])
    # Behind the car nothing is seen again; a later pass over the same road is another drive's evidence.
    drive.open = [t for t in drive.open if t.extent.rectangle[1] > s - drive.options.gate_m[0]]
    if not looks:
        return
    extents = _extents(drive, i, looks)
    for kind in Kind:
        mine = [n for n, look in enumerate(looks) if _kind(look) is kind]
        mine.sort(key=lambda n: -looks[n].detection.score)
        open_ = [t for t in drive.open if t.kind is kind]
        pairs = _associate(drive, i, open_, [extents[n] for n in mine])
        for row, column in pairs:
            open_[row].see(looks[mine[column]], extents[mine[column]], s)
        taken = {column for _, column in pairs}
        for n in (n for column, n in enumerate(mine) if column not in taken):
            holder = _holder(open_, extents[n].rectangle, drive.options.inside)
            if holder:
                holder.see(looks[n], extents[n], s)
                continue
            begun = Track(kind, extents[n], [looks[n]], s, s)
            open_.append(begun)
            drive.open.append(begun)
            drive.tracks.append(begun)


def _extents(drive: _Drive, i: int, looks: Sequence[Look]) -> list[Extent]:
    """Put the looks of frame i in road coordinates."""
    camera = drive.cameras[i]
    middles = np.array([(m, (k.left_m + k.right_m) / 2) for k in looks for m in (k.near_m, k.far_m)])
    ends = drive.path.road(i, middles, drive.options.reach.far_m).reshape(-1, 2, 2)
    extents = []
    for look, ((s0, t0), (s1, t1)) in zip(looks, ends.tolist(), strict=True):
        cut = _cuts(drive, i, look)
        middle = (look.near_m + look.far_m) / 2
        # In a bend the rectangle, straight ahead of the car, also holds the road's own turn from its near to far end.
        turn = math.hypot(math.radians(drive.options.heading_sigma_deg) * middle, t1 - t0)
        t, half = (t0 + t1) / 2, (look.left_m - look.right_m) / 2
        near = Edge(s0, ground_sigma(look.near_m, 0.0, camera)[0] ** 2, cut[0])
        far = Edge(s1, ground_sigma(look.far_m, 0.0, camera)[0] ** 2, cut[1])
        right = Edge(t - half, ground_sigma(middle, look.right_m, camera)[1] ** 2 + turn**2, cut[2])
        left = Edge(t + half, ground_sigma(middle, look.left_m, camera)[1] ** 2 + turn**2, cut[3])
        extents.append(Extent((near, far, right, left)))
    return extents


def _associate(drive: _Drive, i: int, tracks: list[Track], extents: list[Extent]) -> list[tuple[int, int]]:
    """Pairs (track, look) of the least total distance; staying alone costs as much as the gate."""
    if not tracks or not extents:
        return []
    gate = drive.options.gate_sigma**2
    cost: Floats = np.array([[min(_distance(drive, i, t, e), gate) for e in extents] for t in tracks])
    rows, columns = linear_sum_assignment(cost)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if cost[r, c] < gate]


def _distance(drive: _Drive, i: int, followed: Track, seen: Extent) -> float:
    """Squared distance in sigmas between a track and a look of frame i, plus 1 where they do not overlap at all."""
    options, camera, here = drive.options, drive.cameras[i], float(drive.path.s[i])
    s0, s1, t0, t1 = followed.extent.rectangle
    a0, a1, b0, b1 = seen.rectangle
    along = apart(followed.extent, seen, 0, options.long_m)
    across = apart(followed.extent, seen, 2, options.long_m)
    if abs(along[1] - along[0]) > options.gate_m[0] or abs(across[1] - across[0]) > options.gate_m[1]:
        return math.inf
    drift = options.drift * (here - followed.seen_s)
    h = camera.height_m
    ahead = max(along[0] - here, h)
    angles = [math.atan2(h, max(s - here, 0.0)) for s in along]
    known = math.hypot(math.sqrt(min(followed.extent.edges[0].var, followed.extent.edges[1].var)), drift)
    sigma_angle = math.hypot(pitch_sigma(camera), edge_sigma(camera), known * h / (h * h + ahead * ahead))
    var_across = min(e.var for e in followed.extent.edges[2:]) + min(e.var for e in seen.edges[2:]) + drift**2
    overlap = max(0.0, min(s1, a1) - max(s0, a0)) / max(min(s1 - s0, a1 - a0), 0.01)
    overlap *= max(0.0, min(t1, b1) - max(t0, b0)) / max(min(t1 - t0, b1 - b0), 0.01)
    return (
        ((angles[0] - angles[1]) / sigma_angle) ** 2 + (across[1] - across[0]) ** 2 / var_across + 1 - min(overlap, 1)
    )


def _holder(tracks: Iterable[Track], rectangle: Rectangle, inside: float) -> Track | None:
    """Return the track that already covers a rectangle: a detector may show one damage by several boxes."""
    return max(
        (t for t in tracks if shared(t.extent.rectangle, rectangle) >= inside),
        key=lambda t: shared(t.extent.rectangle, rectangle),
        default=None,
    )


def _merge(tracks: list[Track], inside: float) -> list[Track]:
    """Join tracks that turned out to cover the same ground, once near looks had made them sure."""
    merged: list[Track] = []
    recent: list[Track] = []
    for new in tracks:  # in the order they began
        recent = [t for t in recent if t.seen_s > new.begun_s - 100.0]
        same = (t for t in recent if t.kind is new.kind)
        holder = _holder(same, new.extent.rectangle, inside)
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


def _credible(drive: _Drive, followed: Track) -> bool:
    """Whether a track has the looks and the score to be called a defect."""
    options = drive.options
    if len(followed.looks) < options.min_looks:
        return False
    if len(followed.looks) > 1 or followed.looks[0].detection.score >= options.lone_score:
        return True
    s0, s1, t0, t1 = followed.extent.rectangle
    s, t = (s0 + s1) / 2, (t0 + t1) / 2
    first, last = np.searchsorted(drive.path.s, [s - options.sure_m, s])
    should = 0
    for i in range(int(first), int(last)):
        u, v = drive.cameras[i].project(np.array([[s - drive.path.s[i], t]]))[0]
        should += bool(0 <= u < drive.frames[i].width and 0 <= v < drive.frames[i].height)
    return should < options.lone_frames


def _defect(drive: _Drive, followed: Track, id_: int, position: dict[int, int]) -> Defect:
    looks = followed.looks
    votes: Counter[int] = Counter()
    for look in looks:
        votes[look.detection.class_id] += look.detection.score  # type: ignore[assignment]
    class_id = max(votes, key=lambda c: (votes[c], -c))
    best = max(range(len(looks)), key=lambda n: (looks[n].detection.score, -looks[n].far_m))
    nearest = min(looks, key=lambda k: (any(_cuts(drive, position[k.frame_index], k)), k.near_m + k.far_m))
    frame, camera = drive.frames[position[nearest.frame_index]], drive.cameras[position[nearest.frame_index]]
    s0, s1, t0, t1 = followed.extent.rectangle
    lon, lat = drive.path.place((s0 + s1) / 2, (t0 + t1) / 2)
    # An error of pitch is the same in all looks, so the mean of many is no surer than the surest of them.
    along, across = ground_sigma((nearest.near_m + nearest.far_m) / 2, (t0 + t1) / 2, camera)
    return Defect(
        id=id_,
        class_id=class_id,
        lon=lon,
        lat=lat,
        sigma_m=math.sqrt(frame.pose.sigma_m**2 + (along**2 + across**2) / 2),  # per axis, as the pose's
        heading_deg=frame.pose.heading_deg,
        left_m=(t0 + t1) / 2,
        length_m=s1 - s0,
        width_m=t1 - t0,
        area_m2=area_m2(class_id, s1 - s0, t1 - t0),
        size_sigma=size_sigma(class_id, nearest, camera),
        score=looks[best].detection.score,
        best_look=best,
        looks=tuple(looks),
    )


def _cuts(drive: _Drive, i: int, look: Look) -> tuple[bool, bool, bool, bool]:
    """Which of a look's edges (near, far, right, left) the view cuts off."""
    frame, reach = drive.frames[i], drive.options.reach
    margin = 0.005 * frame.width
    x0, _, x1, y1 = look.detection.box
    near = y1 >= frame.height - margin or look.near_m <= reach.near_m
    return near, look.far_m >= reach.far_m - 1e-6, x1 >= frame.width - margin, x0 <= margin


def _kind(look: Look) -> Kind:
    return CLASSES[look.detection.class_id].kind
