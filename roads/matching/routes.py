"""How far it is to drive from each state of one fix to each state of the next.

The fixes are taken in windows. Around each window lies a corridor that holds every route within the search limit; one
bounded Dijkstra search (SciPy) runs there from each arc that is a state. The vertices searched are the starts of arcs,
not junctions, so that turning back has a cost of its own. What each search found stays with its window, to look up
the routes of the steps in the end taken.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from detector.types import Floats, Ints
from roads.matching.candidates import Candidates
from roads.matching.values import MatchOptions
from roads.topology import Topology

WINDOW = 24


@dataclass(frozen=True, eq=False)
class Corridor:
    """The part of the graph around a few fixes, with a vertex for the start of each arc."""

    arcs: Ints  # of each vertex, ascending
    origin: Ints  # the moves from vertex to vertex: over the whole of an arc to the start of the next
    target: Ints
    move_m: Floats
    turn_m: Floats  # the part of a move's cost that is the turn at its end

    def vertices(self, arc: Ints) -> Ints:
        """The vertices of arcs that are in the corridor."""
        return np.searchsorted(self.arcs, arc)

    def search(self, sources: Ints, limit: float) -> tuple[Floats, NDArray[np.int32]]:
        """Costs from the ends of the source arcs to the starts of all arcs, and each one's predecessor there.

        A source is a vertex of its own (number `len(arcs) + i`): it begins at the end of its arc, not at the start.
        """
        n, m = len(self.arcs), len(sources)
        first = np.searchsorted(self.origin, sources)
        count = np.searchsorted(self.origin, sources, side="right") - first
        begin = np.concatenate([[0], np.cumsum(count)])
        leaving = np.arange(begin[-1]) + np.repeat(first - begin[:-1], count)
        # SciPy takes an explicit zero for an edge, but only as long as nothing prunes it; a micrometre is safe.
        weight = np.concatenate([self.move_m, self.turn_m[leaving]]) + 1e-6
        indptr = np.concatenate([np.searchsorted(self.origin, np.arange(n + 1)), len(self.origin) + begin[1:]])
        graph = csr_array((weight, np.concatenate([self.target, self.target[leaving]]), indptr), shape=(n + m, n + m))
        costs, before = dijkstra(graph, indices=np.arange(n, n + m), limit=limit, return_predecessors=True)
        return costs[:, :n], before


@dataclass(frozen=True, eq=False)
class Window:
    """What was found around a few successive fixes."""

    corridor: Corridor
    sources: Ints  # vertices, ascending
    before: NDArray[np.int32]  # (sources, vertices + sources) predecessors


class RouteSearch:
    """Costs in metres between arcs of one network, under one set of options."""

    def __init__(self, topology: Topology, options: MatchOptions, radius_m: float) -> None:
        self.topology = topology
        self.radius_m = radius_m  # of the search for states
        self.options = options
        against = np.column_stack([topology.edge_oneway == -1, topology.edge_oneway == 1]).ravel()
        self.length_m = np.repeat(topology.edge_length_m, 2)
        self.rate = np.where(against, 1.0 + options.wrong_way, 1.0)  # cost per metre of each arc
        self.turn_back_m = np.where(topology.arc_dead_end, options.dead_end_m, options.uturn_m)
        self._windows: list[Window] = []

    def limits(self, straight: Floats) -> Floats:
        """The dearest route looked for, for steps of these lengths; 0 where a step is too long to be one."""
        limit = self.options.search_share * straight + self.options.search_m
        return np.where(straight > self.options.gap_m, 0.0, limit)

    def costs(self, points: Floats, states: Candidates) -> Floats:
        """The costs (n - 1, k, k) of the steps t -> t + 1, inf where no route is within the limit."""
        straight = np.hypot(*np.diff(points, axis=0).T)
        limit = self.limits(straight)
        n, k = states.arc.shape
        cost = np.empty((n - 1, k, k))
        self._windows = []
        for start in range(0, n - 1, WINDOW):
            here = slice(start, min(start + WINDOW, n - 1) + 1)
            steps = slice(here.start, here.stop - 1)
            corridor = self._corridor(points[here], straight[steps], limit[steps])
            cost[steps] = self._state_costs(
                corridor, states.arc[here], states.offset_m[here], float(limit[steps].max())
            )
        cost[cost > limit[:, None, None]] = np.inf
        return cost

    def _state_costs(self, corridor: Corridor, arc: Ints, offset: Floats, limit: float) -> Floats:
        known = arc >= 0
        vertex = corridor.vertices(np.where(known, arc, corridor.arcs[0]))
        sources, row = np.unique(vertex[:-1], return_inverse=True)
        table, before = corridor.search(sources, limit)
        self._windows.append(Window(corridor, sources, before))
        row = row.reshape(vertex[:-1].shape)
        rate = self.rate[arc]
        driven, remaining = offset * rate, (self.length_m[arc] - offset) * rate
        cost = remaining[:-1, :, None] + table[row[:, :, None], vertex[1:, None, :]] + driven[1:, None, :]
        # On the same arc straight on; a little backwards is noise, and counts as negative progress. But an arc may be
        # a loop, driven once more.
        onward = driven[1:, None, :] - driven[:-1, :, None]
        same = (arc[:-1, :, None] == arc[1:, None, :]) & (-onward <= cost)
        cost = np.where(same, onward, cost)
        # Turning back between two junctions.
        turned = (arc[:-1, :, None] ^ 1) == arc[1:, None, :]
        back = np.abs(remaining[:-1, :, None] - driven[1:, None, :]) + self.options.uturn_m
        cost = np.where(turned, np.minimum(cost, back), cost)
        cost[~(known[:-1, :, None] & known[1:, None, :])] = np.inf
        return cost

    def path(self, step: int, arc_from: int, arc_to: int) -> list[int]:
        """The cheapest chain of arcs from one arc to another, both included, in a step of the last `costs`."""
        window = self._windows[step // WINDOW]
        arcs = window.corridor.arcs
        vertex = int(np.searchsorted(arcs, arc_to))
        before = window.before[np.searchsorted(window.sources, np.searchsorted(arcs, arc_from))]
        chain = [arc_to]
        while (vertex := int(before[vertex])) < len(arcs):
            chain.append(int(arcs[vertex]))
        return [arc_from, *reversed(chain)]

    def _corridor(self, points: Floats, straight: Floats, limit: Floats) -> Corridor:
        """The arcs that a route within the limits can touch: it stays in an ellipse around each step."""
        reach = np.maximum(np.sqrt(np.maximum(limit**2 - straight**2, 0.0)) / 2, self.radius_m)[:, None] + 1.0
        low, high = np.minimum(points[:-1], points[1:]) - reach, np.maximum(points[:-1], points[1:]) + reach
        # Bounding boxes hold a little more than the ellipses, and are much faster to ask for.
        _, pieces = self.topology.tree.query(shapely.box(*low.T, *high.T))
        edge = np.unique(self.topology.piece_edge[pieces])
        arcs = np.column_stack([2 * edge, 2 * edge + 1]).ravel()
        first = self.topology.follow_start[arcs]
        count = self.topology.follow_start[arcs + 1] - first
        begin = np.concatenate([[0], np.cumsum(count)])
        origin = np.repeat(np.arange(len(arcs)), count)
        follower = self.topology.follow[np.arange(begin[-1]) + np.repeat(first - begin[:-1], count)]
        target = np.searchsorted(arcs, follower)
        inside = arcs[np.minimum(target, len(arcs) - 1)] == follower
        origin, target, follower = origin[inside], target[inside], follower[inside]
        turn = np.where(follower == (arcs[origin] ^ 1), self.turn_back_m[arcs[origin]], 0.0)
        return Corridor(arcs, origin, target, self.length_m[arcs[origin]] * self.rate[arcs[origin]] + turn, turn)
