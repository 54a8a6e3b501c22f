"""What fusion takes for known, in one place, with the reason of each figure. All are ours; none is a standard's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from detector.taxonomy import Kind


@dataclass(frozen=True, slots=True)
class FusionOptions:
    """When two observations are the same damage."""

    # 1 sigma in metres, along and across the road, of the part of a place's error that neighbours don't share: what
    # measuring in the picture adds. The rest of `sigma_m` is the receiver's, the same for all that lies close together.
    own_m: tuple[float, float] = (0.8, 0.4)
    error_lasts_s: float = 60.0  # how slowly the receiver's error wanders, as in roads.lane
    step_s: float = 2.0  # it is followed in steps of this much driving
    register: bool = True  # off: every drive is taken at its own word, to measure what registration brings
    reach_m: float = 20.0  # two places farther apart are never the same damage, whatever the receiver's doubt
    anchor_m: float = 2.5  # the reference place may not move farther from the first sight: about 3 sigma along
    detection: float = 0.6  # probability that a damage on the road is found in a pass
    new_per_m2: float = 0.003  # new and false observations per square metre of road: about one per 100 m of lane
    # Doubt of an edge, as a part of the damage's size: detectors often show a part of it.
    edge: float = 0.2
    same_class: float = 0.8  # that damage of one kind keeps its class from pass to pass; the rest goes to the others
    size_spread: float = 1.0  # 1 sigma of log size among all damage: what telling two apart by size has to beat
    size_change: float = 0.2  # 1 sigma of log size from one drive to the next besides `size_sigma`: growth, poor boxes
    long_m: float = 2.5  # longer damage may be seen in parts; a part that lies inside it ...
    inside: float = 0.7  # ... by this share, belongs to it


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """When a defect is still there, and when it has grown."""

    # Probability that a pass over damage of this kind finds it: pass-level recall, low because a survey's detector is
    # set to raise few false alarms; ravelling is the hardest to see. A defect's own record soon outweighs it.
    detection: Mapping[Kind, float] = field(
        default_factory=lambda: {Kind.CRACKING: 0.6, Kind.POTHOLES: 0.65, Kind.RAVELLING: 0.5}
    )
    score_weight: float = 0.4  # a defect of score 1 is found this much more often than one of score 0.5
    detection_range: tuple[float, float] = (0.2, 0.95)
    record: float = 4.0  # passes of its own record that weigh as much as the figures above
    other_way: float = 0.5  # factor on detection in a direction from which it was never seen: farther, behind traffic
    # Repairs per year. Potholes are mended for safety, mostly within a year or two; other damage waits for a programme.
    repairs: Mapping[Kind, float] = field(
        default_factory=lambda: {Kind.CRACKING: 0.05, Kind.POTHOLES: 0.5, Kind.RAVELLING: 0.05}
    )
    most_sure: float = 0.95  # no single sight says more
    gone: float = 0.2  # less probable than this, after passes that missed it, is called gone
    margin_sigma: float = 1.0  # a pass counts where it saw the place with this much doubt on either side
    grown_sigma: float = 2.0
    box: float = 0.1  # 1 sigma of a box's side as a part of it, besides `size_sigma`
    camera: float = 0.05  # part of `size_sigma` that many drives don't average away: the same camera comes back
