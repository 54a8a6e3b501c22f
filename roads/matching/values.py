"""What map matching takes and gives."""

from dataclasses import dataclass

from detector.types import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """The weights of the model. Lengths in metres; costs are metres of detour that are thought as unlikely."""

    radius_m: float = 40.0  # no road within this distance: off the network ...
    radius_sigmas: float = 3.5  # ... or within this many sigmas of the pose, where that is more
    sigma_m: float = 6.0  # of the map and of the car's place across the road, added to the pose's own
    spacing_m: float = 12.0  # fixes closer together than this are matched by interpolation ...
    spacing_sigmas: float = 6.0  # ... or than this many sigmas, where that is more
    detour_m: float = 8.0  # beta: the difference of route and straight line that is e times less likely
    detour_share: float = 0.05  # beta grows with the step: curves between two fixes ...
    detour_sigmas: float = 0.5  # ... and with the noise of the poses, above a good receiver's 5 m
    heading_weight: float = 3.0  # log-likelihood lost at a right angle to the road, at speed
    heading_speed_mps: float = 2.0  # slower, the heading says nothing
    uturn_m: float = 100.0  # cost of turning back
    dead_end_m: float = 15.0  # cost of turning back where nothing else is possible
    wrong_way: float = 2.0  # extra cost per metre against a one-way street; a number, for the data are often wrong
    search_share: float = 1.5  # longest route looked at: this times the straight step ...
    search_m: float = 200.0  # ... and this more
    gap_m: float = 2000.0  # a longer step is a new drive
    break_nats: float = 100.0  # log-likelihood lost where the path breaks off and goes on elsewhere
    correlation_m: float = 50.0  # over this distance a receiver's error stays the same, so fixes closer say less each
    states: int = 10  # most candidates kept for one fix


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one segment driven in one go. Offsets along the digitised direction, from_m < to_m."""

    segment: int  # row of the network's segments
    from_m: float
    to_m: float
    forward: bool  # driven in the digitised direction


@dataclass(frozen=True, eq=False)
class Matching:
    """A drive on the network. The arrays are aligned with the poses given."""

    segment: Ints  # row of the network's segments, -1 = unmatched
    offset_m: Floats  # along the digitised direction, nan if unmatched
    distance_m: Floats  # pose to segment, nan if unmatched
    forward: Bools  # driven in the digitised direction
    confidence: Floats  # posterior probability of the segment, 0 if unmatched
    reason: tuple[str, ...]  # why unmatched, '' if matched
    spans: tuple[Span, ...]  # the path driven, in order
