"""What maps tell apart, with words and colours: the one list for QGIS, the map page, the workbook and the report."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.taxonomy import CLASSES
from roads.condition.pci import RATINGS
from roads.condition.score import GRADES_NL
from roads.condition.table import PLANS
from roads.exports.headings import Language
from roads.fusion.history import State

GREY = "#8a8f98"
SLATE = "#66789a"
SEEN = "#4c78a8"
UNSEEN = "#7b3294"
# What is drawn in each layer, as OGR calls it.
GEOMETRY = {
    **{"segments": "LineString", "defects": "Point", "coverage": "LineString", "track": "Point"},
    **{"changed_segments": "LineString", "changed_defects": "Point"},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One class of a map: rows whose column is `value`, or a number from `low` up to the next entry above."""

    nl: str
    en: str
    colour: str  # CSS hex
    value: str | bool | None = None
    low: float | None = None
    width: float = 1.0  # of a line, relative: worse is wider too, for those who can't tell the colours apart
    shown: bool = True  # at first

    def title(self, lang: Language) -> str:
        """The entry's name."""
        return self.nl if lang == "nl" else self.en


@dataclass(frozen=True, slots=True)
class Theme:
    """One way to colour a layer. Rows that are in none of its entries are `rest`, where the theme has one."""

    name: str
    layer: str
    column: str
    nl: str
    en: str
    entries: tuple[Entry, ...]
    rest: Entry | None = None
    unless: tuple[str, str] | None = None  # rows with this value in this column are of the rest

    def title(self, lang: Language) -> str:
        """The theme's name."""
        return self.nl if lang == "nl" else self.en

    def of(self, layer: pd.DataFrame) -> NDArray[np.int64]:
        """The entry of each row, by number; `len(entries)` for the rest."""
        values = layer[self.column]
        missing = values.isna().to_numpy()
        numbers = np.full(len(values), len(self.entries), np.int64)
        for i in reversed(range(len(self.entries))):
            entry = self.entries[i]
            inside = values == entry.value if entry.low is None else values >= entry.low
            numbers[~missing & inside.fillna(value=False).to_numpy(bool)] = i
        if self.unless:
            column, value = self.unless
            numbers[(layer[column] == value).fillna(value=False).to_numpy(bool)] = len(self.entries)
        return numbers

    def entry(self, number: int) -> Entry:
        """The entry of that number."""
        if number < len(self.entries):
            return self.entries[number]
        if self.rest is None:
            raise IndexError(number)
        return self.rest


_WORSE = ("#1b9e6b", "#d9b310", "#e2711d", "#b3123f")
GRADE_COLOURS = dict(zip(GRADES_NL, _WORSE, strict=True))
_NO_GRADE = Entry("geen oordeel", "no grade", GREY, width=0.5)

GRADE = Theme(
    *("grade", "segments", "grade", "Oordeel", "Grade"),
    tuple(Entry(nl, en, GRADE_COLOURS[en], en, width=1 + 0.25 * i) for i, (en, nl) in enumerate(GRADES_NL.items())),
    _NO_GRADE,
)
PLAN = Theme(
    *("plan", "segments", "plan", "Planklasse", "Plan class"),
    tuple(
        Entry(nl, plan, colour, plan, width=1.75 - 0.25 * i)
        for i, (plan, nl, colour) in enumerate(
            zip(PLANS, ("jaar 1", "1-2 jaar", "3-5 jaar", "later"), reversed(_WORSE), strict=True)
        )
    ),
    _NO_GRADE,
)
_PCI = (
    ("goed", "#006837"),
    ("voldoende", "#58a85c"),
    ("redelijk", "#d9b310"),
    ("matig", "#e8923a"),
    ("slecht", "#e2571d"),
    ("zeer slecht", "#b3123f"),
    ("bezweken", "#5e0a22"),
)
PCI = Theme(
    *("pci", "segments", "pci_rating", "PCI", "PCI"),
    tuple(
        Entry(f"{nl} (PCI {low}-{high})", f"{en.lower()} (PCI {low}-{high})", colour, en, width=1 + 0.13 * i)
        for i, ((nl, colour), (low, en), high) in enumerate(
            zip(_PCI, RATINGS, (100, *(low - 1 for low, _ in RATINGS)), strict=False)
        )
    ),
    _NO_GRADE,
)
SHARE = Theme(
    *("coverage", "segments", "coverage", "Deel gezien", "Share seen"),
    (
        Entry("80-100 % gezien", "80-100 % seen", "#2b5d8c", low=0.8),
        Entry("50-80 % gezien", "50-80 % seen", "#4f8fc4", low=0.5),
        Entry("minder dan 50 % gezien", "less than 50 % seen", "#b07cc6", low=1e-9),
    ),
    Entry("niet geschouwd", "not surveyed", GREY, width=0.5),
)
CLASS = Theme(
    *("class", "defects", "class", "Soort", "Class"),
    tuple(Entry(c.dutch, c.english, c.colour, c.name) for c in CLASSES),
    Entry("verdwenen", "gone", "#bfc4cc", shown=False),
    ("state", str(State.GONE)),
)
STATE = Theme(
    *("state", "defects", "state", "Toestand", "State"),
    (
        Entry("nieuw", "new", "#d62728", str(State.NEW)),
        Entry("gegroeid", "grown", "#f08a24", str(State.GROWN)),
        Entry("eerst gezien", "first seen", "#4c78a8", str(State.FIRST_SEEN)),
        Entry("weer gezien", "seen again", "#6b7280", str(State.SEEN_AGAIN)),
        Entry("niet weer gezien", "not seen again", "#b07cc6", str(State.NOT_SEEN_AGAIN)),
        Entry("verdwenen", "gone", "#bfc4cc", str(State.GONE), shown=False),
    ),
)
USABLE = Theme(
    *("usable", "coverage", "usable", "Wat is gezien", "What was seen"),
    (
        Entry("gezien", "seen", SEEN, value=True),
        Entry("gereden, niet bruikbaar", "driven, not usable", UNSEEN, value=False),
    ),
)
_CHANGES = (
    Entry("slechter", "worse", _WORSE[3], "worse", width=1.75),
    Entry("beter", "better", _WORSE[0], "better", width=1.5),
    Entry("geen duidelijke verandering", "no clear change", SLATE, "no clear change"),
)
CHANGED_SEGMENT = Theme(
    *("change", "changed_segments", "change", "Verandering", "Change"),
    _CHANGES,
    Entry("niet te vergelijken", "not comparable", GREY, width=0.5),
)
CHANGED_DEFECT = Theme(
    *("change", "changed_defects", "change", "Verandering", "Change"),
    (
        *(entry for entry in STATE.entries if entry.value in {State.NEW, State.GROWN, State.FIRST_SEEN}),
        Entry("verdwenen", "gone", "#1b9e6b", str(State.GONE)),
    ),
)
THEMES = (
    GRADE,
    PLAN,
    PCI,
    SHARE,
    CLASS,
    STATE,
    USABLE,
    CHANGED_SEGMENT,
    CHANGED_DEFECT,
)  # the first of a layer is its default
