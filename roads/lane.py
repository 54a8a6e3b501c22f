"""A survey moved from where the receiver said to where the road and the lane are.

A consumer receiver is off by metres, and its error wanders slowly. Once the drive is matched, the lane driven in tells
the error across the road at every frame; where the road turns, the next direction tells the rest. So the error is
followed as a slowly wandering 2-D offset (a Gauss-Markov process, as is usual for GPS; e.g. Parkinson & Spilker, Global
Positioning System, 1996) by a Kalman filter and a Rauch-Tung-Striebel smoother, and taken off poses and defects.
"""

import math
from dataclasses import dataclass

import numpy as np
import shapely

from detector.types import Bools, Floats
from roads.lines import direction
from roads.matching import Matching
from roads.network import Network


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """What is known of lanes and receivers."""

    lane_m: float = 1.75  # from the axis of a two-way road to the middle of the lane driven in
    drives_on_right: bool = True
    lane_sigma_m: float = 1.2  # of the car in its lane and of the axis on the map
    error_lasts_s: float = 60.0  # how slowly the receiver's error wanders
    least_confidence: float = 0.5  # of the match; a doubtful one teaches nothing


def drive_error(
    network: Network,
    matching: Matching,
    points: Floats,
    time_s: Floats,
    sigma_m: Floats,
    options: LaneOptions | None = None,
) -> tuple[Floats, Floats]:
    """Tell the receiver's error at each frame of a drive, as far as the roads tell it.

    Args:
        network: the roads.
        matching: one match per frame. Frames without a sure match move with their neighbours, or stay.
        points: (n, 2) places by the receiver, in the network's CRS.
        time_s: (n,) seconds, nan where unknown.
        sigma_m: (n,) 1 sigma of the places along each axis, as the trajectory states it.
        options: what is known of lanes and receivers.

    Returns:
        The error (n, 2) in metres, to take off the places, and the 1 sigma (n,) that remains, along each axis.
    """
    options = options or LaneOptions()
    stated = sigma_m[np.isfinite(sigma_m)]
    if not len(stated):
        return np.zeros_like(points), sigma_m
    known = (matching.segment >= 0) & (matching.confidence >= options.least_confidence)
    across, off = _off_lane(network, matching, points, known, options)
    error, remaining = receiver_error(time_s, across, off, known, math.sqrt(float(np.mean(stated**2))), options)
    return error, np.fmin(sigma_m, remaining)


def remaining_sigma(sigma_m: Floats, before_m: Floats, after_m: Floats) -> Floats:
    """Give the 1 sigma of defects' places once that of their frame went from `before_m` to `after_m`, all (n,)."""
    on_ground = np.maximum(sigma_m**2 - before_m**2, 0.0)  # what measuring in the picture added
    return np.fmin(sigma_m, np.sqrt(on_ground + after_m**2))


def _off_lane(
    network: Network, matching: Matching, points: Floats, known: Bools, options: LaneOptions
) -> tuple[Floats, Floats]:
    """Give each frame the unit vector to the left of its driving direction (n, 2), and its metres left of the lane."""
    across, off = np.zeros_like(points), np.zeros(len(points))
    rows = matching.segment[known]
    lines, offset = network.segments.geometry.to_numpy()[rows], matching.offset_m[known]
    axis = shapely.get_coordinates(shapely.line_interpolate_point(lines, offset))
    along = direction(lines, offset) * np.where(matching.forward[known], 1.0, -1.0)[:, None]
    across[known] = np.column_stack([-along[:, 1], along[:, 0]])
    two_way = network.segments["oneway"].to_numpy()[rows] == 0
    lane = np.where(two_way, options.lane_m, 0.0) * (-1.0 if options.drives_on_right else 1.0)
    off[known] = np.einsum("ij,ij->i", points[known] - axis, across[known]) - lane
    return across, off


def receiver_error(
    time_s: Floats, across: Floats, off: Floats, known: Bools, stated_m: float, options: LaneOptions
) -> tuple[Floats, Floats]:
    """Follow the receiver's error over the frames.

    Args:
        time_s: (n,) seconds.
        across: (n, 2) unit vectors to the left of the driving direction.
        off: (n,) metres that the receiver's place lies off the lane, along `across`.
        known: (n,) whether `across` and `off` mean something.
        stated_m: 1 sigma of the error along each axis, before any road is known.
        options: what is known of lanes and receivers.

    Returns:
        The error (n, 2) in metres and its remaining 1 sigma (n,), along each axis.
    """
    if not len(time_s) or stated_m <= 0.0:
        return np.zeros_like(across), np.zeros(len(time_s))
    # Correlation of each frame's error with that of the frame before; none for photos without a time.
    keep = np.nan_to_num(np.exp(-np.abs(np.diff(time_s, prepend=np.nan)) / options.error_lasts_s))
    filtered, predicted = _filter(keep, across, off, known, stated_m**2, options.lane_sigma_m**2)
    return _smooth(keep, filtered, predicted)


# An error and its covariance: x, y, xx, xy, yy. The filter runs over frames one by one, in plain numbers: for matrices
# this small that is eight times as fast as arrays.
State = tuple[float, float, float, float, float]


def _filter(
    keep: Floats, across: Floats, off: Floats, known: Bools, variance: float, noise: float
) -> tuple[list[State], list[State]]:
    """Kalman: the error at each frame, knowing the frames up to it, and knowing those before it."""
    filtered: list[State] = []
    predicted: list[State] = []
    x = y = xx = xy = yy = 0.0
    for k, (u, v), z, sure in zip(keep.tolist(), across.tolist(), off.tolist(), known.tolist(), strict=True):
        kept = k * k
        fresh = (1.0 - kept) * variance
        x, y, xx, xy, yy = k * x, k * y, kept * xx + fresh, kept * xy, kept * yy + fresh
        predicted.append((x, y, xx, xy, yy))
        if sure:
            gx, gy = xx * u + xy * v, xy * u + yy * v
            total = u * gx + v * gy + noise
            miss = (z - u * x - v * y) / total
            x, y = x + gx * miss, y + gy * miss
            xx, xy, yy = xx - gx * gx / total, xy - gx * gy / total, yy - gy * gy / total
        filtered.append((x, y, xx, xy, yy))
    return filtered, predicted


def _smooth(keep: Floats, filtered: list[State], predicted: list[State]) -> tuple[Floats, Floats]:
    """Rauch-Tung-Striebel: the error at each frame, knowing all frames, and its 1 sigma along each axis."""
    x, y, xx, xy, yy = filtered[-1]
    smoothed = [(x, y, xx + yy)]
    rows = zip(keep[:0:-1].tolist(), filtered[-2::-1], predicted[:0:-1], strict=True)
    for k, (fx, fy, fxx, fxy, fyy), (px, py, pxx, pxy, pyy) in rows:
        scale = k / (pxx * pyy - pxy * pxy)
        # The gain: k times the filtered covariance times the inverse of the predicted one.
        a, b = scale * (fxx * pyy - fxy * pxy), scale * (fxy * pxx - fxx * pxy)
        c, d = scale * (fxy * pyy - fyy * pxy), scale * (fyy * pxx - fxy * pxy)
        dx, dy, dxx, dxy, dyy = x - px, y - py, xx - pxx, xy - pxy, yy - pyy
        x, y = fx + a * dx + b * dy, fy + c * dx + d * dy
        xx = fxx + a * a * dxx + 2.0 * a * b * dxy + b * b * dyy
        xy = fxy + a * c * dxx + (a * d + b * c) * dxy + b * d * dyy
        yy = fyy + c * c * dxx + 2.0 * c * d * dxy + d * d * dyy
        smoothed.append((x, y, xx + yy))
    table = np.array(smoothed[::-1])
    return table[:, :2], np.sqrt(np.maximum(table[:, 2], 0.0) / 2.0)
