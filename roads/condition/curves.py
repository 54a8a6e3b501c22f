"""The figures of ASTM D6433 as numbers (`tables/pci-d6433.yaml`, with their source), and how they are read."""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from detector.taxonomy import BY_NAME
from detector.types import Floats

Standard = Literal["L", "M", "H"]
SEVERITIES: tuple[Standard, ...] = ("L", "M", "H")
PATH = Path(__file__).parent / "tables" / "pci-d6433.yaml"


@dataclass(frozen=True)
class Distress:
    """A type of distress: how it is counted and what it deducts."""

    of: Literal["length", "area", "count"]
    classes: tuple[int, ...]  # ids in `detector.taxonomy`
    density: Floats  # in % of ft2, ft or number per ft2, rising
    deducts: Floats  # (severities L, M and H, densities)

    def deduct(self, density: Floats, severity: int) -> Floats:
        """Read the deduct value, 0..100, of a density in % of ft2, ft or number per ft2.

        Straight over log10 of the density; below the figure's left edge straight to 0.
        """
        first, values = self.density[0], self.deducts[severity]
        over_log = np.interp(np.log10(np.maximum(density, first)), np.log10(self.density), values)
        below = values[0] * np.minimum(density / first, 1.0)
        value: Floats = np.minimum(np.where(density < first, below, over_log), 100.0)
        return value


@dataclass(frozen=True)
class Curves:
    """All curves of the PCI of asphalt roads."""

    source: str
    types: dict[str, Distress]
    total: Floats
    by_q: Floats  # (q = 2, 3, ..., totals)

    @cached_property
    def most(self) -> int:
        """The largest q that has a curve of its own; more deducts use that one."""
        return len(self.by_q) + 1

    def corrected(self, total: Floats, q: int) -> Floats:
        """Read the corrected deduct value, 0..100, of a total deduct value for q deducts above 2."""
        if q <= 1:
            return total.clip(max=100.0)
        values = self.by_q[min(q, self.most) - 2]
        slope = (values[1] - values[0]) / (self.total[1] - self.total[0])
        start = self.total[0] - values[0] / slope  # where the curve, run on to the left, meets 0
        read: Floats = np.interp(total, [start, *self.total], [0.0, *values])
        return read.clip(max=100.0)


@cache
def curves() -> Curves:
    """Read the shipped curves, once."""
    content: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    types = {
        name: Distress(
            entry["of"],
            tuple(BY_NAME[c].id for c in entry["classes"]),
            np.array(entry["density"], float),
            np.array([entry["deduct"][severity] for severity in SEVERITIES], float),
        )
        for name, entry in content["types"].items()
    }
    corrected = content["corrected"]
    return Curves(content["source"], types, np.array(corrected["total"], float), np.array(corrected["by_q"], float))
