"""What is known of each damage at a moment: where and how large it is, whether it is still there, and its history."""

from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from roads.fusion.options import HistoryOptions
from roads.fusion.place import places
from roads.fusion.presence import Presence, presence
from roads.fusion.size import Sizes, sizes
from roads.fusion.timeline import Timeline, timeline
from roads.inventory import Inventory
from roads.tables import DEFECTS, conform, empty


class State(StrEnum):
    """What the newest survey that covered a defect's place says of it. Every defect has exactly one.

    How old that is, `last_covered_s` tells.
    """

    FIRST_SEEN = "first seen"  # seen, and never covered before: nobody knows since when it is there
    NEW = "new"  # seen for the first time, though an earlier survey had covered its place
    SEEN_AGAIN = "seen again"  # seen, as it was before
    GROWN = "grown"  # seen, and larger than before by more than the doubt of its size
    NOT_SEEN_AGAIN = "not seen again"  # missed, but likely still there
    GONE = "gone"  # missed, and by now improbable: repaired, or never there


def defects_at(inventory: Inventory, at_s: float | None = None, options: HistoryOptions | None = None) -> pd.DataFrame:
    """Give each defect that was known at a moment (POSIX seconds; None: the newest of the inventory) its state then.

    Returns:
        DEFECTS, by id. Later observations and passes have no part in it; those without a time count as their survey's
        end, and those of surveys without one as always known.
    """
    options = options or HistoryOptions()
    line = timeline(inventory, at_s)
    if not len(line.defects):
        return empty(DEFECTS)
    segments = inventory.network.segments
    place, size = places(line, segments), sizes(line, options)
    there = presence(line, place, segments["length_m"].to_numpy(float), options)
    at, defects = {name: line.seen[name].to_numpy() for name in line.seen.columns}, line.defects
    best = defects.best(at["score"])
    columns = {
        "id": at["defect"][defects.first],
        "class_id": line.class_id,
        "segment": place.segment,
        "forward": at["forward"][place.witness],
        "x_m": place.xy[:, 0],
        "y_m": place.xy[:, 1],
        "sigma_m": place.sigma_m,
        "offset_m": place.offset_m,
        "from_line_m": place.from_line_m,
        "left_m": at["left_m"][place.witness],
        "length_m": size.length_m,
        "width_m": size.width_m,
        "area_m2": size.area_m2,
        "size_sigma": size.sigma,
        "score": at["score"][best],
        "probability": there.probability,
        "state": _states(line, size, there, options),
        "growth": size.growth,
        "growth_sigma": size.growth_sigma,
        "sights": np.bincount(line.of_defect(line.visits).of),
        "looks": defects.total(at["looks"]).astype(np.int64),
        "missed": there.missed,
        "first_seen_s": at["time_s"][defects.first],
        "last_seen_s": defects.most(at["time_s"]),
        "last_covered_s": there.last_covered_s,
        "survey": at["survey"][best],
        "number": at["number"][best],
        "reason": np.where(place.segment >= 0, "", at["reason"][defects.last]),
    }
    return conform(pd.DataFrame(columns), DEFECTS)


def _states(line: Timeline, size: Sizes, there: Presence, options: HistoryOptions) -> NDArray[np.object_]:
    rank = line.seen["rank"].to_numpy()
    first, last = rank[line.defects.first], rank[line.defects.last]
    once = first == last
    missed = there.newest_rank > last
    grown = (size.growth > 0) & (size.growth > options.grown_sigma * size.growth_sigma)
    return np.select(
        [missed & (there.probability < options.gone), missed, grown, ~once, there.covered_before],
        [str(s) for s in (State.GONE, State.NOT_SEEN_AGAIN, State.GROWN, State.SEEN_AGAIN, State.NEW)],
        str(State.FIRST_SEEN),
    ).astype(object)
