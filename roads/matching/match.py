"""Map matching after Newson & Krumm, "Hidden Markov map matching through noise and sparseness" (ACM GIS 2009).

White noise is smoothed away, and the fixes are thinned to anchors some metres apart. The hidden state of an anchor is
the road and direction driven; the emission is Gaussian in the distance to the road with a term for the heading, the
transition exponential in the difference between the route and the straight line. A step for which the map has no
likely route breaks the path at a price: without that, one wrong turn onto a carriageway without exits would be kept
to its end. The poses between the anchors are placed along the path found.
"""

from collections.abc import Sequence

import numpy as np
import shapely

from detector.types import Bools, Floats, Ints, Pose
from roads.matching.candidates import Candidates, find_candidates, radius
from roads.matching.path import place, spans_of, trace
from roads.matching.routes import RouteSearch
from roads.matching.smoothing import GOOD_RECEIVER_M, smooth
from roads.matching.values import Matching, MatchOptions, Span
from roads.matching.viterbi import decode, posterior
from roads.network import Network
from roads.topology import Topology

DEFAULT_OPTIONS = MatchOptions()
WORST_RECEIVER_M = 40.0  # noisier poses are taken as this noisy: they say nothing about the road anyway
OFF_NETWORK_ANCHORS = 3  # fewer anchors far from any road are outliers, and the path runs on past them


def match(network: Network, poses: Sequence[Pose], options: MatchOptions = DEFAULT_OPTIONS) -> Matching:
    """Match a drive to the network. The result is aligned with the poses, whatever their order in time.

    Every pose has a segment or a reason why it has none.
    """
    table = np.array([(p.time_s, p.lon, p.lat, p.heading_deg, p.speed_mps, p.sigma_m) for p in poses], float)
    table = table.reshape(len(poses), 6)
    table[:, 5] = np.clip(np.nan_to_num(table[:, 5]), 0.0, WORST_RECEIVER_M)
    table[:, 0] = _times(table[:, 0])
    matching = _unmatched(len(poses), "the position is not a number")
    points = np.full((len(poses), 2), np.nan)
    numbers = np.isfinite(table[:, :3]).all(axis=1)
    points[numbers] = network.to_metres(table[numbers, 1], table[numbers, 2])
    order = np.argsort(table[:, 0], kind="stable")
    order = order[np.isfinite(points).all(axis=1)[order]]
    spans: list[Span] = []
    for rows in _drives(points[order], options.gap_m):
        here = order[rows]
        spans += _match_drive(network.topology, points[here], table[here], options, matching, here)
    reason = np.array(matching.reason, dtype=object)
    reach = radius(table[:, 5], options)
    left = order[matching.segment[order] < 0]
    near = _near_road(network.topology, points[left], reach[left])
    reason[left] = [f"farther than {r:.0f} m from any road" for r in reach[left]]
    reason[left[near]] = "on no road of the path driven"
    reason[matching.segment >= 0] = ""
    return Matching(
        matching.segment, matching.offset_m, matching.distance_m, matching.forward, matching.confidence,
        tuple(reason.tolist()), tuple(spans),
    )  # fmt: skip


def _times(time_s: Floats) -> Floats:
    """A pose without a time, such as a photo, keeps its place in the order given."""
    timed, order = np.isfinite(time_s), np.arange(len(time_s), dtype=float)
    return np.where(timed, time_s, np.interp(order, order[timed], time_s[timed])) if timed.any() else order


def _unmatched(n: int, reason: str) -> Matching:
    nothing = np.full(n, np.nan)
    return Matching(
        np.full(n, -1), nothing, nothing.copy(), np.zeros(n, bool), np.zeros(n), (reason,) * n, ()
    )  # fmt: skip


def _drives(points: Floats, gap_m: float) -> list[Ints]:
    """The rows of each stretch without a jump."""
    if len(points) == 0:
        return []
    jumps = np.flatnonzero(np.hypot(*np.diff(points, axis=0).T) > gap_m) + 1
    return np.split(np.arange(len(points)), jumps)


def _match_drive(
    topology: Topology, points: Floats, table: Floats, options: MatchOptions, matching: Matching, rows: Ints
) -> list[Span]:
    """Match one stretch without jumps, write its poses into `matching` at `rows`, and return the path."""
    reach = radius(table[:, 5], options)
    points, table = _smoothed(points, table)
    noise = table[:, 5]
    anchors = thin(points, max(options.spacing_m, options.spacing_sigmas * float(np.median(noise))))
    sigma = _sigma(points[anchors], noise[anchors], options)
    states = find_candidates(
        topology, points[anchors], table[anchors, 3], table[anchors, 4], radius(noise[anchors], options), sigma, options
    )
    found = np.flatnonzero(states.arc[:, 0] >= 0)
    if len(found) == 0:
        return []
    anchors, states = anchors[found], states.some(found)
    search = RouteSearch(topology, options, float(reach.max()))
    cost = search.costs(points[anchors], states)
    hop = np.hypot(*np.diff(points[anchors], axis=0).T)
    transition = -np.abs(cost - hop[:, None, None]) / _beta(hop, noise[anchors], options)[:, None, None]
    transition[(np.diff(found) > OFF_NETWORK_ANCHORS) | (hop > options.gap_m)] = -np.inf
    joined = np.maximum(transition, -options.break_nats)
    state = decode(states.log_likelihood, joined)
    step = np.arange(len(anchors))
    taken = step[:-1], state[:-1], state[1:]
    new = np.append(True, transition[taken] < -options.break_nats)
    arc, offset = states.arc[step, state], states.offset_m[step, state]
    sure = _certainty(topology, states, state, posterior(states.log_likelihood, joined))
    spans: list[Span] = []
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(anchors))
    # A pose between two chains goes to the nearer end, counted in poses.
    middle = (anchors[starts[1:]] + anchors[ends[:-1] - 1] + 1) // 2
    for a, b, pose_from, pose_to in zip(starts, ends, [0, *middle], [*middle, len(points)], strict=True):
        path = trace(search, int(a), arc[a:b], offset[a:b], cost[taken][a : b - 1])
        spans += spans_of(topology, path)
        poses = np.arange(pose_from, pose_to)
        driven = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points[poses], axis=0).T))])
        anchored = driven[anchors[a:b] - pose_from]
        chainage = np.interp(driven, anchored, path.anchor_m)
        right = np.clip(np.searchsorted(anchors[a:b], poses), 0, b - a - 1)
        left = np.clip(np.searchsorted(anchors[a:b], poses, side="right") - 1, 0, b - a - 1)
        # A drive round a corner is shorter than the road, by no more than between these two anchors.
        apart = path.anchor_m[right] - path.anchor_m[left] - (anchored[right] - anchored[left])
        slack = np.minimum(np.abs(apart), options.spacing_m)
        segment, offset_m, distance, forward = place(topology, path, chainage, slack, points[poses])
        near = distance <= reach[poses]
        at = rows[poses[near]]
        matching.segment[at], matching.offset_m[at] = segment[near], offset_m[near]
        matching.distance_m[at], matching.forward[at] = distance[near], forward[near]
        matching.confidence[at] = np.minimum(sure[a:b][left], sure[a:b][right])[near]
    return spans


def _smoothed(points: Floats, table: Floats) -> tuple[Floats, Floats]:
    """Points and table without white noise; where it was taken off, the smoothed drive tells heading and speed."""
    points, velocity, sigma = smooth(table[:, 0], points, table[:, 5])
    table = np.column_stack([table[:, :5], sigma])
    known = np.isfinite(velocity[:, 0])
    table[known, 3] = np.degrees(np.arctan2(*velocity[known].T))
    table[known, 4] = np.hypot(*velocity[known].T)
    return points, table


def _sigma(points: Floats, noise_m: Floats, options: MatchOptions) -> Floats:
    """Of the distance from each anchor to its road: white noise counts in full, what wanders once in a while."""
    step = np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T)
    step = np.maximum(step, np.append(step[1:], step[-1]))
    wander = np.minimum(noise_m, GOOD_RECEIVER_M) ** 2 + options.sigma_m**2
    white = np.maximum(noise_m**2 - GOOD_RECEIVER_M**2, 0.0)
    repeats = np.maximum(options.correlation_m / np.maximum(step, options.spacing_m), 1.0)
    sigma: Floats = np.sqrt(white + wander * repeats)
    return sigma


def thin(points: Floats, spacing_m: float) -> Ints:
    """Rows at least `spacing_m` after the last one kept; the first and the last row always."""
    kept = [0]
    x0, y0 = points[0]
    enough = spacing_m**2
    for i, (x, y) in enumerate(points.tolist()):
        if (x - x0) ** 2 + (y - y0) ** 2 >= enough:
            kept.append(i)
            x0, y0 = x, y
    if kept[-1] != len(points) - 1:
        kept.append(len(points) - 1)
    return np.array(kept)


def _beta(hop_m: Floats, noise_m: Floats, options: MatchOptions) -> Floats:
    """The scale of the difference between route and straight line, for each step from anchor to anchor."""
    excess = np.maximum((noise_m[1:] + noise_m[:-1]) / 2 - GOOD_RECEIVER_M, 0.0)
    return options.detour_m + options.detour_share * hop_m + options.detour_sigmas * excess


def _certainty(topology: Topology, states: Candidates, state: Ints, probability: Floats) -> Floats:
    """The posterior of the segment that each chosen state lies on: all its states together."""
    segment = np.where(states.piece >= 0, topology.piece_segment[states.piece], -1)
    chosen = segment[np.arange(len(state)), state]
    sure: Floats = np.clip(np.where(segment == chosen[:, None], probability, 0.0).sum(axis=1), 0.0, 1.0)
    return sure


def _near_road(topology: Topology, points: Floats, reach_m: Floats) -> Bools:
    near = np.zeros(len(points), bool)
    near[topology.tree.query(shapely.points(points), predicate="dwithin", distance=reach_m)[0]] = True
    return near
