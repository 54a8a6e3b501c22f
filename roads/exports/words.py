"""What the columns' coded values and the fixed sentences are in Dutch and English."""

import pandas as pd

from roads.exports.headings import KINDS_EN, KINDS_NL, Language
from roads.exports.legend import STATE

# column -> value -> Dutch. In English the value itself is the word.
DUTCH: dict[str, dict[str, str]] = {
    "status": {"graded": "beoordeeld", "too little seen": "te weinig gezien", "not surveyed": "niet geschouwd"},
    "side": {"left": "links", "right": "rechts"},
    "direction": {"forward": "heen", "backward": "terug"},
    "kind": {str(kind): name.lower() for kind, name in KINDS_NL.items()},
    "state": {str(entry.value): entry.nl for entry in STATE.entries},
    "reason": {
        "too dark": "te donker",
        "blurred": "bewogen of onscherp",
        "over-exposed": "overbelicht",
        "glare": "tegenlicht",
        "hidden by a vehicle": "voertuig ervoor",
        "no road in view": "geen weg in beeld",
        "not usable": "niet bruikbaar",
        "no coverage was measured": "dekking niet gemeten",
        "not on the network": "niet op het wegennet",
        "on no road of the path driven": "op geen gereden weg",
    },
    "lane_position": {
        "other lane": "andere rijstrook",
        "edge": "rand",
        "right wheel path": "rechterrijspoor",
        "between the wheel paths": "tussen de rijsporen",
        "left wheel path": "linkerrijspoor",
        "centre": "midden van de weg",
    },
    "change": {
        "worse": "slechter",
        "better": "beter",
        "no clear change": "geen duidelijke verandering",
        "not comparable": "niet te vergelijken",
        "new": "nieuw",
        "first seen": "eerst gezien",
        "grown": "gegroeid",
        "gone": "verdwenen",
    },
}
SEVERITY = {
    "nl": {"L": "licht", "M": "matig", "E": "ernstig"},
    "en": {"L": "light", "M": "moderate", "E": "severe"},
}
NOTES: dict[Language, tuple[str, ...]] = {
    "nl": (
        "Niet geschouwd is niet onbeschadigd: een wegvak dat niet of te weinig is gezien heeft geen oordeel.",
        "De ernst is met een camera geschat naar grootte: diepte en scheurwijdte zijn niet gemeten.",
        "Elk getal heeft een marge, door wat niet is gezien, door de maatfout en door de kans dat schade is gemist.",
        "Eén schade telt één keer, hoe vaak zij ook is gezien. Wat is verdwenen telt niet mee.",
    ),
    "en": (
        "Not surveyed is not undamaged: a segment that was not seen, or hardly, has no grade.",
        "Severity from a camera is an estimate by size: depth and crack width are not measured.",
        "Every number has an interval, for what was not seen, the size error and the chance of missed damage.",
        "One damage counts once, however often it was seen. What has gone does not count.",
    ),
}


def word(column: str, value: str, lang: Language) -> str:
    """A coded value in words. One that isn't coded, such as a name, stays as it is."""
    return DUTCH.get(column, {}).get(value, value) if lang == "nl" else value


def worded(column: str, values: pd.Series, lang: Language) -> pd.Series:
    """A column's coded values in words."""
    return values.replace(DUTCH[column]) if lang == "nl" and column in DUTCH else values


def damage(row: "pd.Series[object]", lang: Language) -> list[str]:
    """What damage a segment has, per kind: 'Cracking: moderate, extent 2 (14 %)'."""
    found = []
    for kind, name in (KINDS_NL if lang == "nl" else KINDS_EN).items():
        severity, extent, percent = (row[f"{kind}_{part}"] for part in ("severity", "extent", "percent"))
        if pd.isna(severity):
            continue
        extent_word = "omvang" if lang == "nl" else "extent"
        found.append(f"{name}: {SEVERITY[lang][str(severity)]}, {extent_word} {extent} ({number(percent, 1, lang)} %)")
    return found


def number(value: float, decimals: int, lang: Language) -> str:
    """A number as the language writes it: 1.234,5 or 1,234.5."""
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "nl" else text


_MONTHS: dict[Language, tuple[str, ...]] = {
    "nl": (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


def day(iso: str | None, lang: Language) -> str:
    """The date of an ISO 8601 text in words; a dash for none."""
    if not iso or pd.isna(iso):
        return "–"
    year, month, date = iso[:10].split("-")
    return f"{int(date)} {_MONTHS[lang][int(month) - 1]} {year}"
