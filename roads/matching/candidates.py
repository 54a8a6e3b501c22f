"""Where on the network each fix may be: the states of the hidden Markov model.

A state is an arc (a road edge and a direction of driving) and an offset along it. Its log-likelihood is Gaussian in the
distance to the road and falls with the angle between the heading and the road.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.types import Bools, Floats, Ints
from roads.matching.values import MatchOptions
from roads.topology import Topology


@dataclass(frozen=True, eq=False)
class Candidates:
    """States of n fixes, padded to the same number k each. Shapes (n, k)."""

    arc: Ints  # -1 where padded
    offset_m: Floats  # along the arc
    piece: Ints
    distance_m: Floats
    log_likelihood: Floats  # -inf where padded

    def some(self, rows: Ints | Bools) -> "Candidates":
        """Those of some fixes."""
        return Candidates(
            self.arc[rows], self.offset_m[rows], self.piece[rows], self.distance_m[rows], self.log_likelihood[rows]
        )


def radius(noise_m: Floats, options: MatchOptions) -> Floats:
    """How far from a pose its road may be."""
    reach: Floats = np.maximum(options.radius_m, options.radius_sigmas * noise_m)
    return reach


# A state this much (in log-likelihood) below the best of its fix can't win it back.
HOPELESS = 25.0


def find_candidates(
    topology: Topology,
    points: Floats,
    heading_deg: Floats,
    speed_mps: Floats,
    reach_m: Floats,
    sigma_m: Floats,
    options: MatchOptions,
) -> Candidates:
    """States within `reach_m` of each point; `sigma_m` is that of the distance. A fix with none is a row of padding."""
    geometry = shapely.points(points)
    fix, piece = topology.tree.query(geometry, predicate="dwithin", distance=reach_m)
    line = topology.piece_geometry[piece]
    along = shapely.line_locate_point(line, geometry[fix])
    distance = shapely.distance(line, geometry[fix])
    offset = topology.on_edge(piece, topology.piece_from_m[piece] + along)
    kept = _nearest_places(topology, fix, piece, offset, distance)
    fix, piece, offset, distance = fix[kept], piece[kept], offset[kept], distance[kept]
    bearing = _bearing(line[kept], along[kept])

    # Each place twice: driven along the edge and against it.
    edge = topology.piece_edge[piece]
    arc = np.concatenate([2 * edge, 2 * edge + 1])
    offset = np.concatenate([offset, topology.edge_length_m[edge] - offset])
    turned = np.where(topology.piece_along[piece], 0.0, 180.0)
    bearing = np.concatenate([bearing + turned, bearing + turned + 180.0])
    fix, piece, distance = np.tile(fix, 2), np.tile(piece, 2), np.tile(distance, 2)
    moving = np.where(speed_mps >= options.heading_speed_mps, options.heading_weight, 0.0)[fix]
    moving = np.where(np.isfinite(heading_deg[fix]), moving, 0.0)
    angle = np.radians(np.nan_to_num(heading_deg[fix]) - bearing)
    likelihood = -0.5 * (distance / sigma_m[fix]) ** 2 - moving * (1.0 - np.cos(angle))
    return _padded(len(points), fix, arc, offset, piece, distance, likelihood, options.states)


def _bearing(line: NDArray[np.object_], along: Floats) -> Floats:
    """Direction of the lines at these offsets, degrees clockwise from the y axis."""
    length = shapely.length(line)
    reach = np.minimum(2.0, length / 2)
    middle = np.clip(along, reach, length - reach)
    before = shapely.get_coordinates(shapely.line_interpolate_point(line, middle - reach))
    after = shapely.get_coordinates(shapely.line_interpolate_point(line, middle + reach))
    ahead = after - before
    bearing: Floats = np.degrees(np.arctan2(ahead[:, 0], ahead[:, 1]))
    return bearing


def _nearest_places(topology: Topology, fix: Ints, piece: Ints, offset: Floats, distance: Floats) -> Ints:
    """Drop places at a joint of two pieces of one edge where the road comes nearer on the other side of the joint."""
    order = np.lexsort((piece, fix))
    fix, piece, offset, distance = fix[order], piece[order], offset[order], distance[order]
    edge = topology.piece_edge[piece]
    joined = (np.diff(fix) == 0) & (np.diff(piece) == 1) & (np.diff(edge) == 0)
    joint = topology.piece_start_m[piece[1:]]
    drop = np.zeros(len(fix), bool)
    drop[:-1] |= joined & (offset[:-1] > joint - 0.01) & (distance[:-1] >= distance[1:])
    drop[1:] |= joined & (offset[1:] < joint + 0.01) & (distance[1:] > distance[:-1])
    return order[~drop]


def _padded(
    n: int, fix: Ints, arc: Ints, offset: Floats, piece: Ints, distance: Floats, likelihood: Floats, most: int
) -> Candidates:
    """Sort the states of each fix by likelihood, drop the hopeless, and lay them in rows of equal length."""
    order = np.lexsort((-likelihood, fix))
    fix, arc, offset, piece = fix[order], arc[order], offset[order], piece[order]
    distance, likelihood = distance[order], likelihood[order]
    first = np.searchsorted(fix, np.arange(n + 1))
    rank = np.arange(len(fix)) - first[fix]
    hopeful = (rank < most) & (likelihood >= likelihood[first[fix]] - HOPELESS)
    width = int(rank[hopeful].max(initial=0)) + 1
    at = (fix[hopeful], rank[hopeful])
    result = Candidates(
        np.full((n, width), -1), np.zeros((n, width)), np.full((n, width), -1), np.full((n, width), np.inf),
        np.full((n, width), -np.inf),
    )  # fmt: skip
    result.arc[at], result.offset_m[at], result.piece[at] = arc[hopeful], offset[hopeful], piece[hopeful]
    result.distance_m[at], result.log_likelihood[at] = distance[hopeful], likelihood[hopeful]
    return result
