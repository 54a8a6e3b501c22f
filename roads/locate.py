"""A defect -> the segment it lies on, how far along it, and on which side.

The camera looks ahead and aside, so a defect seen from one segment may lie on the next one or in a side street. Only
segments driven near its frame, and those that join them, can hold it: a road on another level never does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.types import Defect, Floats, Pose
from roads.matching import Matching
from roads.network import Network
from roads.topology import Topology

REACH_M = 60.0  # driven before and after the frame: what its picture may show
HALF_ROAD_M = 4.0  # this near the axis of a driven segment, the surface is that segment's, also in a junction
OFF_ROAD_M = 25.0  # no road is this wide


@dataclass(frozen=True, slots=True)
class Place:
    """Where a defect lies on the network. Offsets in metres along the digitised direction of the segment."""

    segment: int  # row of the network's segments, -1 = on none
    offset_m: float  # nan if on none
    side: Literal["left", "right", ""]  # of the digitised direction
    distance_m: float  # from the axis; left of the digitised direction is positive, nan if on none
    reason: str  # why on none, '' otherwise


def locate(network: Network, matching: Matching, poses: Sequence[Pose], defects: Sequence[Defect]) -> list[Place]:
    """Place each defect. `poses` are those that were matched; the frame index of a look is a position among them.

    Each defect gets a segment or a reason why it has none.
    """
    if not defects:
        return []
    driven = np.array([pose.distance_m for pose in poses])
    around: dict[int, tuple[set[int], set[int]]] = {}
    pairs: list[tuple[int, int, bool]] = []  # defect, segment, driven
    reasons = ["" for _ in defects]
    for i, defect in enumerate(defects):
        frame = defect.looks[defect.best_look].frame_index
        if frame not in around:
            near = matching.segment[np.abs(driven - driven[frame]) <= REACH_M]
            on = set(near[near >= 0].tolist())
            around[frame] = on, _joining(network.topology, on) - on
        on, beside = around[frame]
        if not on:
            reasons[i] = f"its frame is on no segment: {matching.reason[frame]}"
        pairs += [(i, segment, True) for segment in on] + [(i, segment, False) for segment in beside]
    nearest = _nearest(network, defects, pairs)
    return [
        nearest.get(i, Place(-1, np.nan, "", np.nan, reason or f"farther than {OFF_ROAD_M:g} m from the roads driven"))
        for i, reason in enumerate(reasons)
    ]


def _joining(topology: Topology, segments: set[int]) -> set[int]:
    """The segments that join these."""
    pieces = np.flatnonzero(np.isin(topology.piece_segment, list(segments)))
    return {int(topology.piece_segment[other]) for piece in pieces.tolist() for other in topology.beside(piece)}


def _nearest(network: Network, defects: Sequence[Defect], pairs: list[tuple[int, int, bool]]) -> dict[int, Place]:
    """The best of the candidate segments of each defect, where one is near enough."""
    if not pairs:
        return {}
    defect, segment, driven = (np.array(column) for column in zip(*pairs, strict=True))
    xy = network.to_metres(np.array([d.lon for d in defects]), np.array([d.lat for d in defects]))
    points = shapely.points(xy)[defect]
    lines = network.segments.geometry.to_numpy()[segment]
    distance = shapely.distance(lines, points)
    own_surface = driven & (distance <= HALF_ROAD_M)
    order = np.lexsort((distance, ~own_surface, defect))
    order = order[distance[order] <= OFF_ROAD_M]
    _, first = np.unique(defect[order], return_index=True)
    best = order[first]
    offset = shapely.line_locate_point(lines[best], points[best])
    left = _signed_left(lines[best], offset, xy[defect[best]]) * distance[best]
    return {
        int(i): Place(int(row), float(at), "left" if aside >= 0 else "right", float(aside), "")
        for i, row, at, aside in zip(defect[best], segment[best], offset, left, strict=True)
    }


def _signed_left(lines: NDArray[np.object_], offset: Floats, xy: Floats) -> Floats:
    """+1 where the point lies left of the line's direction at the offset, -1 where right."""
    length = shapely.length(lines)
    reach = np.minimum(1.0, length / 2)
    middle = np.clip(offset, reach, length - reach)
    before = shapely.get_coordinates(shapely.line_interpolate_point(lines, middle - reach))
    after = shapely.get_coordinates(shapely.line_interpolate_point(lines, middle + reach))
    ahead, aside = after - before, xy - before
    return np.where(ahead[:, 0] * aside[:, 1] - ahead[:, 1] * aside[:, 0] >= 0, 1.0, -1.0)
