"""Matching as a service: a track and places of damage onto the road segments of the map, without a survey."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from api.context import Context
from api.store.schema import MapState
from detector.types import Floats, Ints, Pose
from roads.driven import follow
from roads.inventory import read_inventory_network
from roads.locate import OFF_ROAD_M, locate, signed_left
from roads.matching import Matching, MatchOptions
from roads.network import Network

FAR = f"farther than {OFF_ROAD_M:g} m from any road"
NOWHERE = "its place lies outside the network's coordinate reference system"


class ServedNetwork:
    """The map's network, kept in memory. It is read once: a server's network stays the same."""

    def __init__(self) -> None:
        self._network: Network | None = None
        self._of: str | None = None
        self._lock = threading.Lock()

    def of(self, context: Context, state: MapState) -> Network:
        """Give the network of the map; the first time it is read from the file storage."""
        of = f"{state.crs} {state.bbox} {state.summary['network']}"
        with self._lock:
            if self._network is None or self._of != of:
                with context.blobs.fetched(state.inventory_key) as folder:
                    self._network, self._of = read_inventory_network(folder), of
            return self._network


@dataclass(frozen=True)
class Spots:
    """Where places (n,) lie on the network."""

    segment: Ints  # row of the network's segments, -1 = on none
    offset_m: Floats  # along the segment as digitised; nan on none
    from_line_m: Floats  # left of the segment's line is positive; nan on none
    confidence: Floats  # that it is this segment, 0..1
    reason: NDArray[np.object_]  # why on none, '' otherwise


def locate_by_drive(network: Network, poses: Sequence[Pose], matching: Matching, places: Floats) -> Spots:
    """Put places on the segments of the drive that saw them.

    Args:
        network: the roads.
        poses: the drive.
        matching: of the poses.
        places: (n, 3) longitude, latitude, and the time it was seen (POSIX seconds; nan: from the nearest pose).
    """
    table = np.array([(p.time_s, p.lon, p.lat) for p in poses], float).reshape(len(poses), 3)
    points = network.to_metres(table[:, 1], table[:, 2])
    xy = network.to_metres(places[:, 0], places[:, 1])
    driven = follow(network, matching, table[:, 0], points)
    pose = _seen_from(table[:, 0], points, places[:, 2], xy)
    found = locate(network, driven, xy, pose)
    on = found.segment >= 0
    confidence = np.where(on, matching.confidence[pose], 0.0)
    return Spots(found.segment, found.offset_m, found.from_line_m, confidence, found.reason)


def locate_nearest(network: Network, places: Floats) -> Spots:
    """Put places (n, 2+; longitude, latitude) on the nearest segment.

    The confidence is what a Gaussian error of the line's own doubt leaves to the nearest of all segments around.
    """
    xy = network.to_metres(places[:, 0], places[:, 1])
    n = len(xy)
    segment, offset, from_line = np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan)
    confidence, reason = np.zeros(n), np.full(n, FAR, object)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    reason[~np.isfinite(xy).all(axis=1)] = NOWHERE
    points = shapely.points(xy[known])
    topology, lines = network.topology, network.segments.geometry.to_numpy()
    place, piece = topology.tree.query(points, predicate="dwithin", distance=OFF_ROAD_M)
    # The pieces of one segment are one road.
    place, near = np.unique(np.stack([place, topology.piece_segment[piece]]), axis=1)
    distance = shapely.distance(lines[near], points[place])
    order = np.lexsort((distance, place))
    first = order[np.flatnonzero(np.diff(place[order], prepend=-1))]
    weight = np.exp(-0.5 * (distance / MatchOptions().sigma_m) ** 2)
    total = np.bincount(place, weight, len(known))
    row, mine = known[place[first]], lines[near[first]]
    segment[row], reason[row] = near[first], ""
    offset[row] = shapely.line_locate_point(mine, points[place[first]])
    from_line[row] = signed_left(mine, offset[row], xy[row]) * distance[first]
    share = np.divide(weight[first], total[place[first]], out=np.zeros(len(first)), where=total[place[first]] > 0)
    confidence[row] = share
    return Spots(segment, offset, from_line, confidence, reason)


def _seen_from(time_s: Floats, points: Floats, seen_s: Floats, xy: Floats) -> Ints:
    """Say from which pose each place was seen: by time where both are known, else the nearest one."""
    pose = np.zeros(len(xy), np.int64)
    timed, placed = np.flatnonzero(np.isfinite(time_s)), np.flatnonzero(np.isfinite(points).all(axis=1))
    by_time = np.isfinite(seen_s) & (len(timed) > 0)
    if by_time.any():
        order = timed[np.argsort(time_s[timed], kind="stable")]
        after = np.clip(np.searchsorted(time_s[order], seen_s[by_time]), 1, max(len(order) - 1, 1))
        after = np.minimum(after, len(order) - 1)
        before = np.maximum(after - 1, 0)
        earlier = np.abs(time_s[order[before]] - seen_s[by_time]) <= np.abs(time_s[order[after]] - seen_s[by_time])
        pose[by_time] = np.where(earlier, order[before], order[after])
    rest = np.flatnonzero(~by_time & np.isfinite(xy).all(axis=1))
    if len(rest) and len(placed):
        pose[rest] = placed[shapely.STRtree(shapely.points(points[placed])).nearest(shapely.points(xy[rest]))]
    return pose
