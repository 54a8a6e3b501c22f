"""Damage as association sees it: observations of the drive being added, and the defects known before it.

A defect's reference place is the mean of its sights, held within `anchor_m` of the first of them. So however many
drives are added it can't creep along the road from one damage to the next.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from detector.taxonomy import CLASSES, Kind, Measure
from detector.types import Floats, Ints
from roads.fusion.options import FusionOptions

KINDS = tuple(Kind)
KIND_OF = np.array([KINDS.index(c.kind) for c in CLASSES])  # class id -> position in KINDS
BY_LENGTH = np.array([c.measure is Measure.LENGTH for c in CLASSES])
LEAST_M = 0.05  # no place in a picture is surer


@dataclass(frozen=True, slots=True)
class Marks:
    """Damage on the road, n rows, in metres."""

    xy: Floats  # (n, 2) middle
    along: Floats  # (n, 2) unit vector in the driving direction
    size: Floats  # (n, 2) along and across
    own: Floats  # (n, 2) 1 sigma along and across that neighbours don't share
    shared: Floats  # (n,) 1 sigma along each axis that neighbours share
    class_id: Ints  # (n,)
    amount: Floats  # (n,) log of the amount
    amount_sigma: Floats  # (n,)

    def __len__(self) -> int:
        return len(self.xy)

    def take(self, rows: Ints) -> "Marks":
        """Return these rows."""
        return Marks(*(getattr(self, name)[rows] for name in self.__slots__))


def amounts(class_id: Ints, length_m: Floats, width_m: Floats, area_m2: Floats) -> Floats:
    """How much damage it is: a crack's longest side in metres, any other's area in m2. At least a square centimetre."""
    return np.maximum(np.where(BY_LENGTH[class_id], np.maximum(length_m, width_m), area_m2), 1e-4)


def amount_sigmas(class_id: Ints, size_sigma: Floats, box: float) -> Floats:
    """1 sigma of the log amount. Both sides of an area err together with the camera, but each with its own box."""
    by_length = BY_LENGTH[class_id]
    return np.hypot(size_sigma * np.where(by_length, 1.0, 2.0), box * np.where(by_length, 1.0, np.sqrt(2)))


def marks_of(observations: pd.DataFrame, options: FusionOptions) -> Marks:
    """Make a mark of each observation (SIGHTS), at its place less the drive's shift."""
    at = {name: observations[name].to_numpy() for name in observations.columns}
    xy = np.column_stack([at["x_m"] - at["shift_x_m"], at["y_m"] - at["shift_y_m"]])
    heading = np.radians(at["heading_deg"])
    sigma = at["sigma_m"]
    own = np.maximum(np.minimum(np.array(options.own_m), sigma[:, None]), LEAST_M)
    shared = np.sqrt(np.maximum(sigma**2 - (own**2).mean(axis=1), 0.0))
    sizes = at["length_m"], at["width_m"]
    return Marks(
        xy,
        np.column_stack([np.sin(heading), np.cos(heading)]),
        np.column_stack(sizes),
        own,
        shared,
        at["class_id"],
        np.log(amounts(at["class_id"], *sizes, at["area_m2"])),
        amount_sigmas(at["class_id"], at["size_sigma"], options.size_change),
    )


def references(observations: pd.DataFrame, options: FusionOptions) -> tuple[Ints, Marks]:
    """Fuse observations (SIGHTS, each with its defect) to one mark per defect; the ids are sorted.

    Parts of long damage count with the square of their length. The first sight is that of the lowest survey number,
    visit and number: it doesn't change when drives are added.
    """
    order = observations[["number", "visit", "survey", "defect"]].to_numpy().T
    observations = observations.iloc[np.lexsort(order)]
    ids, first, group = np.unique(observations["defect"].to_numpy(), return_index=True, return_inverse=True)
    marks = marks_of(observations, options)
    n = len(ids)

    def total(values: Floats) -> Floats:
        return np.bincount(group, values, n).astype(float)

    length = np.maximum(marks.size.max(axis=1), options.long_m)
    weight = length**2
    sums = total(weight)
    mean = np.column_stack([total(weight * column) / sums for column in marks.xy.T])
    moved = mean - marks.xy[first]
    far = np.hypot(*moved.T)
    moved *= np.minimum(1.0, options.anchor_m / np.maximum(far, 1e-9))[:, None]
    votes = np.zeros((n, len(CLASSES)))
    np.add.at(votes, (group, marks.class_id), observations["score"].to_numpy() + 1e-9)
    class_id = votes.argmax(axis=1)
    same = (marks.class_id == class_id[group]).astype(float)  # an area and a length don't compare
    return ids, Marks(
        marks.xy[first] + moved,
        marks.along[first],
        np.column_stack([total(weight * column) / sums for column in marks.size.T]),
        marks.own[first] / np.sqrt(np.minimum(total(weight) / np.maximum.reduceat(weight, first), 25.0))[:, None],
        marks.shared[first],
        class_id,
        total(same * marks.amount) / np.maximum(total(same), 1),
        np.sqrt(total(same * marks.amount_sigma**2) / np.maximum(total(same), 1)),
    )
