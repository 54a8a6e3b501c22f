"""The one list of damage classes. The position in `CLASSES` is the model's class id.

The codes D00..D40 are those of the Road Damage Dataset (Arya et al., RDD2022, arXiv:2209.08538). RDD has no code for
ravelling. The Dutch names and kinds are those a CROW 146 inspector uses (rafeling, scheurvorming, gaten).
"""

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """How the amount of a class of damage is counted."""

    LENGTH = "length_m"
    AREA = "area_m2"


class Kind(StrEnum):
    """The three kinds of damage that planners read."""

    CRACKING = "cracking"
    POTHOLES = "potholes"
    RAVELLING = "ravelling"


@dataclass(frozen=True, slots=True)
class DamageClass:
    """One class of road damage."""

    id: int
    name: str
    rdd_code: str | None
    english: str
    dutch: str
    kind: Kind
    measure: Measure
    colour: str  # CSS hex, readable on light and dark grounds and for the colour-blind (Okabe & Ito 2008)


CLASSES = (
    DamageClass(
        0, "longitudinal_crack", "D00", "Longitudinal crack", "Langsscheur", Kind.CRACKING, Measure.LENGTH, "#56b4e9"
    ),
    DamageClass(
        1, "transverse_crack", "D10", "Transverse crack", "Dwarsscheur", Kind.CRACKING, Measure.LENGTH, "#0072b2"
    ),
    DamageClass(2, "alligator_crack", "D20", "Alligator cracking", "Craquelé", Kind.CRACKING, Measure.AREA, "#cc79a7"),
    DamageClass(3, "pothole", "D40", "Pothole", "Gat", Kind.POTHOLES, Measure.AREA, "#d55e00"),
    DamageClass(4, "ravelling", None, "Ravelling", "Rafeling", Kind.RAVELLING, Measure.AREA, "#e69f00"),
)

NAMES = tuple(c.name for c in CLASSES)
BY_NAME = {c.name: c for c in CLASSES}
