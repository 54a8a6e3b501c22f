"""A survey moved from where the receiver said to where the road and the lane are.

A consumer receiver is off by metres, and its error wanders slowly. Once the drive is matched, the lane driven in tells
the error across the road at every frame; where the road turns, the next direction tells the rest. So the error is
followed as a slowly wandering 2-D offset (a Gauss-Markov process, as is usual for GPS; e.g. Parkinson & Spilker, Global
Positioning System, 1996) by a Kalman filter and a Rauch-Tung-Striebel smoother, and taken off poses and defects.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pyproj
import shapely

from detector.results import SurveyResult
from detector.types import Floats
from roads.matching import Matching
from roads.network import Network
from roads.topology import Bools

TANGENT_M = 1.0  # the road's direction is taken over this much before and after a place


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """What is known of lanes and receivers."""

    lane_m: float = 1.75  # from the axis of a two-way road to the middle of the lane driven in
    drives_on_right: bool = True
    lane_sigma_m: float = 1.2  # of the car in its lane and of the axis on the map
    error_lasts_s: float = 60.0  # how slowly the receiver's error wanders
    least_confidence: float = 0.5  # of the match; a doubtful one teaches nothing


def in_lane(
    result: SurveyResult, network: Network, matching: Matching, options: LaneOptions | None = None
) -> SurveyResult:
    """Return the survey with the receiver's error, as far as the roads tell it, taken off its poses and defects.

    `matching` holds one match per frame. Frames without a sure match move with their neighbours, or stay. The sigmas of
    poses and defects become those that remain.
    """
    frames = result.frames
    if not frames:
        return result
    options = options or LaneOptions()
    places = network.to_metres(
        np.array([frame.pose.lon for frame in frames]), np.array([frame.pose.lat for frame in frames])
    )
    known = (matching.segment >= 0) & (matching.confidence >= options.least_confidence)
    across, off = _off_lane(network, matching, places, known, options)
    time_s = np.array([frame.pose.time_s for frame in frames])
    stated_m = math.sqrt(float(np.mean([frame.pose.sigma_m**2 for frame in frames])))
    error, sigma = receiver_error(time_s, across, off, known, stated_m, options)
    to_wgs84 = pyproj.Transformer.from_crs(network.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_wgs84.transform(*(places - error).T)
    moved = [
        replace(f, pose=replace(f.pose, lon=float(x), lat=float(y), sigma_m=min(f.pose.sigma_m, float(s))))
        for f, x, y, s in zip(frames, lon, lat, sigma, strict=True)
    ]
    at = {frame.index: i for i, frame in enumerate(frames)}
    seen_by = [at[defect.looks[defect.best_look].frame_index] for defect in result.defects]
    places = network.to_metres(np.array([d.lon for d in result.defects]), np.array([d.lat for d in result.defects]))
    lon, lat = to_wgs84.transform(*(places - error[seen_by]).T)
    defects = []
    for defect, i, x, y in zip(result.defects, seen_by, lon, lat, strict=True):
        on_ground = max(defect.sigma_m**2 - frames[i].pose.sigma_m ** 2, 0.0)  # what measuring in the picture added
        rest = math.sqrt(on_ground + moved[i].pose.sigma_m ** 2)
        defects.append(replace(defect, lon=float(x), lat=float(y), sigma_m=min(defect.sigma_m, rest)))
    return replace(result, frames=moved, defects=defects)


def _off_lane(
    network: Network, matching: Matching, places: Floats, known: Bools, options: LaneOptions
) -> tuple[Floats, Floats]:
    """Give each frame the unit vector to the left of its driving direction (n, 2), and its metres left of the lane."""
    across, off = np.zeros_like(places), np.zeros(len(places))
    rows = matching.segment[known]
    lines = network.segments.geometry.to_numpy()[rows]
    offsets, lengths = matching.offset_m[known], shapely.length(lines)
    start = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(offsets - TANGENT_M, 0)))
    end = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.minimum(offsets + TANGENT_M, lengths)))
    axis = shapely.get_coordinates(shapely.line_interpolate_point(lines, offsets))
    along = (end - start) * np.where(matching.forward[known], 1.0, -1.0)[:, None]
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    across[known] = np.column_stack([-along[:, 1], along[:, 0]])
    two_way = network.segments["oneway"].to_numpy()[rows] == 0
    lane = np.where(two_way, options.lane_m, 0.0) * (-1.0 if options.drives_on_right else 1.0)
    off[known] = np.einsum("ij,ij->i", places[known] - axis, across[known]) - lane
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
    n, variance = len(time_s), stated_m**2
    # Correlation of each frame's error with that of the frame before.
    keep = np.exp(-np.abs(np.diff(time_s, prepend=time_s[0])) / options.error_lasts_s)
    keep[0] = 0.0
    keep[np.isnan(keep)] = 0.0  # photos without a time
    predicted, predicted_cov = np.zeros((n, 2)), np.zeros((n, 2, 2))
    error, cov = np.zeros((n, 2)), np.zeros((n, 2, 2))
    for i in range(n):
        before = (error[i - 1], cov[i - 1]) if i else (np.zeros(2), np.zeros((2, 2)))
        predicted[i] = keep[i] * before[0]
        predicted_cov[i] = keep[i] ** 2 * before[1] + (1 - keep[i] ** 2) * variance * np.eye(2)
        error[i], cov[i] = predicted[i], predicted_cov[i]
        if known[i]:
            gain = cov[i] @ across[i] / (across[i] @ cov[i] @ across[i] + options.lane_sigma_m**2)
            error[i] += gain * (off[i] - across[i] @ error[i])
            cov[i] -= np.outer(gain, across[i] @ cov[i])
    for i in range(n - 2, -1, -1):
        back = keep[i + 1] * cov[i] @ np.linalg.inv(predicted_cov[i + 1])
        error[i] += back @ (error[i + 1] - predicted[i + 1])
        cov[i] += back @ (cov[i + 1] - predicted_cov[i + 1]) @ back.T
    return error, np.sqrt(np.trace(cov, axis1=1, axis2=2) / 2)
