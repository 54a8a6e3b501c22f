"""Which frames of a drive are looked at to calibrate its camera: pairs a metre or so apart, all along the drive."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.footage.sampling import FramePlan, read
from detector.footage.trajectory import Trajectory
from detector.footage.video import frame_times, read_frames
from detector.types import Floats, Image

PAIRS = 40
STEP_M = 1.3  # aimed at: the road's texture is recognised over it, and it moves by enough pixels
WIDEST_M = 6.0  # apart, frames share too little of the near road
NARROWEST_M = 0.4


@dataclass(frozen=True, slots=True)
class FramePair:
    """Two pictures of one drive, the second taken `step_m` further on by the track."""

    first_s: float  # on the clock of the footage
    second_s: float
    step_m: float
    first: Image
    second: Image


def video_pairs(path: Path, trajectory: Trajectory, start_s: float, count: int = PAIRS) -> list[FramePair]:
    """Read pairs of frames spread over the part of a video that the trajectory covers.

    `start_s` is the trajectory's time at media time 0. Where the vehicle stands there are none.

    Raises FootageError as `read_frames` does.
    """
    media = frame_times(path)
    media = media[(media + start_s >= trajectory.start_s) & (media + start_s <= trajectory.end_s)]
    if len(media) < 2:
        return []
    driven = trajectory.distances(media + start_s)
    first, second = choose(driven, count)
    rows = np.unique(np.concatenate([first, second]))
    wanted = media[rows]
    pictures: dict[int, Image] = {}
    for time, image in read_frames(path, wanted):
        pictures[int(rows[np.abs(wanted - time).argmin()])] = image
    return [
        FramePair(float(media[a]), float(media[b]), float(driven[b] - driven[a]), pictures[a], pictures[b])
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
        if a in pictures and b in pictures
    ]


def plan_pairs(plan: FramePlan, count: int = PAIRS) -> list[FramePair]:
    """Read pairs of successive pictures of a plan, for photos: those that lie near enough together."""
    driven = np.array([shot.pose.distance_m for shot in plan.shots])
    first, second = choose(driven, count)
    rows = np.unique(np.concatenate([first, second])).tolist()
    pictures = {}
    for row in rows:
        single = FramePlan(plan.path, plan.is_video, (plan.shots[row],))
        pictures[row] = next(read(single))[1]
    times = [shot.media_time_s for shot in plan.shots]
    return [
        FramePair(times[a], times[b], float(driven[b] - driven[a]), pictures[a], pictures[b])
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]


def choose(driven: Sequence[float] | Floats, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the first and second frames of at most `count` pairs, by the metres driven (n,) at each frame."""
    driven = np.asarray(driven, dtype=float)
    first = np.arange(len(driven))
    second = np.searchsorted(driven, driven + 0.9 * STEP_M)
    fits = second < len(driven)
    first, second = first[fits], second[fits]
    apart = driven[second] - driven[first]
    good = np.flatnonzero((apart <= WIDEST_M) & (apart >= NARROWEST_M))
    if not len(good):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    # Evenly over the road driven, not over time: waiting at a light shows nothing new.
    at = np.linspace(driven[first[good[0]]], driven[first[good[-1]]], count)
    near = np.unique(good[np.searchsorted(driven[first[good]], at).clip(0, len(good) - 1)])
    return first[near], second[near]
