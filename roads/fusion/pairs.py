"""Which observations may be which defects, and how likely each pair is.

The likelihood ratio of a pair is that of track-oriented association (Bar-Shalom, Willett & Tian, Tracking and Data
Fusion, 2011, ch. 6-7): detection probability times the density of the observation where the defect says it should lie,
over the density of new and false observations. Damage that is long may be seen in part, so along the road it is the
length by which the shorter sticks out of the longer that counts, not the distance of the middles.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from detector.types import Floats, Ints
from roads.fusion.marks import KIND_OF, Marks
from roads.fusion.options import FusionOptions

BY_KIND = np.bincount(KIND_OF)  # how many classes a kind has
ROOT_2PI = np.sqrt(2 * np.pi)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs, sorted by observation: rows into the two tables of marks, and what compares them (p rows)."""

    seen: Ints  # row of the observation
    known: Ints  # row of the reference
    apart: Floats  # (p, 2) observation less reference, in the network's axes
    along: Floats  # (p, 2) unit vector of the reference
    slack: Floats  # (p,) metres along that a difference in length explains
    sigma: Floats  # (p, 2) along and across, without the error that neighbours share
    likeness: Floats  # (p,) likelihood ratio of class and size

    def __len__(self) -> int:
        return len(self.seen)


def candidates(seen: Marks, known: Marks, options: FusionOptions) -> Pairs:
    """Find the pairs of one kind whose extents lie within what both places' doubt allows, and within `reach_m`."""
    doubt = np.hypot(np.hypot(*seen.own.T), seen.shared) + (known.shared.max() if len(known) else 0.0)
    tree = shapely.STRtree(_extents(known))
    i, j = tree.query(_extents(seen), "dwithin", np.minimum(4.0 * doubt, options.reach_m))
    same = KIND_OF[seen.class_id[i]] == KIND_OF[known.class_id[j]]
    i, j = i[same], j[same]
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    along = known.along[j]
    turned = np.abs(np.einsum("ij,ij->i", seen.along[i], along))  # cosine between the two headings
    a, b = _turned(seen.size[i], turned), known.size[j]
    own = np.sqrt(_turned(seen.own[i] ** 2, turned**2))
    is_long = np.maximum(a[:, 0], b[:, 0]) > options.long_m
    edge = options.edge * np.column_stack([np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 1], b[:, 1])])
    return Pairs(
        i,
        j,
        seen.xy[i] - known.xy[j],
        along,
        np.where(is_long, np.abs(a[:, 0] - b[:, 0]) / 2, 0.0),
        np.sqrt(own**2 + known.own[j] ** 2 + edge**2),
        _likeness(seen.take(i), known.take(j), options),
    )


def densities(pairs: Pairs, shifts: Floats, cell_m: float) -> Floats:
    """Density per square metre of each observation, were its reference the same damage and the drive off by a shift.

    Args:
        pairs: p candidate pairs.
        shifts: (m, 2) metres, each standing for the square cell around it.
        cell_m: the cell's side.

    Returns:
        (p, m).
    """
    x, y = pairs.along.T
    left = np.column_stack([-y, x])
    sigma = np.sqrt(pairs.sigma**2 + cell_m**2 / 12)[:, :, None]
    s = np.einsum("ij,ij->i", pairs.apart, pairs.along)[:, None] - pairs.along @ shifts.T
    t = np.einsum("ij,ij->i", pairs.apart, left)[:, None] - left @ shifts.T
    slack = pairs.slack[:, None]
    out = np.maximum(np.abs(s) - slack, 0.0)
    scale = (ROOT_2PI * sigma[:, 0] + 2 * slack) * ROOT_2PI * sigma[:, 1]
    density: Floats = np.exp(-0.5 * ((out / sigma[:, 0]) ** 2 + (t / sigma[:, 1]) ** 2)) / scale
    return density


def _extents(marks: Marks) -> np.ndarray:
    """The marks as lines along the road."""
    half = marks.along * marks.size[:, :1] / 2
    lines: np.ndarray = shapely.linestrings(np.stack([marks.xy - half, marks.xy + half], axis=1))
    return lines


def _turned(values: Floats, cosine: Floats) -> Floats:
    """(p, 2) along and across one heading, as seen along another."""
    sine = np.sqrt(np.maximum(1 - cosine**2, 0.0))
    along, across = values.T
    return np.column_stack([cosine * along + sine * across, sine * along + cosine * across])


def _likeness(a: Marks, b: Marks, options: FusionOptions) -> Floats:
    """Weak evidence: class within the kind, and size. Sizes of two classes aren't compared."""
    classes = BY_KIND[KIND_OF[a.class_id]]
    same = a.class_id == b.class_id
    others = (1 - options.same_class) / np.maximum(classes - 1, 1)
    by_class = np.where(classes > 1, np.where(same, options.same_class, others) * classes, 1.0)
    sigma = np.hypot(a.amount_sigma, b.amount_sigma)
    spread = np.hypot(sigma, np.sqrt(2) * options.size_spread)
    z = a.amount - b.amount
    by_size = spread / sigma * np.exp(-0.5 * z**2 * (1 / sigma**2 - 1 / spread**2))
    ratio: Floats = by_class * np.where(same, np.clip(by_size, 0.2, 5.0), 1.0)
    return ratio
