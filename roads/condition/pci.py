"""The pavement condition index of ASTM D6433: deduct values of the distresses seen, corrected for their number.

Two things differ from the standard, both so that more damage never gives a better index, which the standard does not
promise:

- A distress type deducts once, for the heaviest of its severities, each read for all damage that bad or worse. The
  standard adds up the deducts of the severities; for those that can't be told apart, as from a camera, it rates the
  whole at the worst one. Where each type has one severity that is the same; on made-up mixtures of up to three ours was
  1.5 points higher on average, and at most 6.5 higher on 95 % of the sections.
- Where the highest deduct limits how many others count, it is also read as if it were lower: a road doesn't get better
  because its worst damage got worse.
"""

import numpy as np
from numpy.typing import NDArray

from detector.types import Floats
from roads.condition.curves import SEVERITIES as STANDARD
from roads.condition.curves import curves
from roads.condition.damage import Readings
from roads.condition.table import SEVERITIES, Table

FOOT_M = 0.3048
PER_FT2 = {"area": 1.0, "length": FOOT_M, "count": FOOT_M**2}  # m2, m or a number per m2 -> ft2, ft or a number per ft2
SMALL = 2.0  # a deduct value that doesn't count for q
RATINGS = (  # the lowest PCI of each, in whole points
    (86, "Good"),
    (71, "Satisfactory"),
    (56, "Fair"),
    (41, "Poor"),
    (26, "Very Poor"),
    (11, "Serious"),
    (0, "Failed"),
)


def indices(densities: Readings, table: Table) -> tuple[Floats, Floats, Floats]:
    """The PCI likely, at worst and at best, each (sections,).

    `densities`: m2, m or number per m2 in percent, (sections, distress types in the order of the curves, our
    severities), that bad or worse.
    """
    best, likely, worst = (index(deducts(density, table, column)) for column, density in enumerate(densities))
    return likely, np.minimum(worst, likely), np.maximum(best, likely)


def deducts(density: Floats, table: Table, column: int) -> Floats:
    """The deduct value of each distress type, (sections, types).

    `column`: 0, 1 or 2, how severe our L, M and E are taken to be: at best, likely, at worst.
    """
    values = np.zeros(density.shape[:2])
    for t, (name, curve) in enumerate(curves().types.items()):
        rule = table.pci[name].severity
        taken_for = [STANDARD.index(getattr(rule, ours)[column]) for ours in SEVERITIES]
        for ours, standard in enumerate(taken_for):
            values[:, t] = np.maximum(values[:, t], curve.deduct(density[:, t, ours] * PER_FT2[curve.of], standard))
    return values


def index(values: Floats) -> Floats:
    """The PCI, 0..100, of deduct values (sections, distresses)."""
    types = values.shape[1]
    free = max(100.0 - (types - 1) * 98 / 9, 0.0)  # up to this highest deduct all are allowed to count
    worst = _highest_corrected(np.minimum(values, free), min(types, 10.0))
    limited = np.flatnonzero(values.max(axis=1) > free)  # above it the limit is read in steps of about a point
    for highest in np.linspace(free, 100.0, 34) if len(limited) else ():
        lowered = _highest_corrected(np.minimum(values[limited], highest), allowed(highest))
        worst[limited] = np.maximum(worst[limited], lowered)
    return 100.0 - worst


def allowed(highest: float) -> float:
    """How many deducts count, with a fraction, by the highest: m = 1 + 9/98 (100 - HDV), at most 10."""
    return min(1 + 9 / 98 * (100 - highest), 10.0)


def ratings(pci: Floats) -> NDArray[np.object_]:
    """The standard's rating of each PCI, rounded to whole points."""
    starts = np.array([start for start, _ in RATINGS])
    names = np.array([name for _, name in RATINGS], dtype=object)
    named: NDArray[np.object_] = names[np.argmax(np.floor(pci + 0.5)[:, None] >= starts, axis=1)]
    return named


def _highest_corrected(values: Floats, number: float) -> Floats:
    """The highest corrected deduct value when the largest `number` of the values count.

    The standard lowers the smallest value above 2 to 2, over and over, and reads the total each time; q is the number
    still above 2. A q above that number gives a lower reading of the same total, so none has to be left out.
    """
    falling = -np.sort(-values, axis=1)
    falling = falling * np.clip(number - np.arange(values.shape[1]), 0.0, 1.0)
    whole = np.cumsum(falling, axis=1)
    lowered = np.cumsum(np.minimum(falling, SMALL)[:, ::-1], axis=1)[:, ::-1]
    rest = np.concatenate([lowered[:, 1:], np.zeros((len(values), 1))], axis=1)
    readings = [curves().corrected(whole[:, q - 1] + rest[:, q - 1], q) for q in range(1, values.shape[1] + 1)]
    highest: Floats = np.max(readings, axis=0)
    return highest
