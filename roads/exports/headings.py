"""What every column of a road map is called, in which unit and what it means, in English and Dutch.

The one list: the workbook, the report, the map page and the files' documentation take their words from here.
"""

from dataclasses import dataclass
from typing import Literal

from detector.taxonomy import CLASSES, Kind, Measure

Language = Literal["nl", "en"]


@dataclass(frozen=True, slots=True)
class Heading:
    """One column: a short heading, the unit ('' for none), decimals of a number (None: text) and what it says."""

    en: str
    nl: str
    note_en: str
    note_nl: str
    unit: str = ""
    decimals: int | None = None

    def title(self, lang: Language) -> str:
        """The heading with its unit, as a table shows it."""
        name = self.nl if lang == "nl" else self.en
        return f"{name} ({self.unit})" if self.unit else name

    def note(self, lang: Language) -> str:
        """One line on what the column says."""
        return self.note_nl if lang == "nl" else self.note_en


KINDS_NL = {Kind.CRACKING: "Scheurvorming", Kind.POTHOLES: "Gaten", Kind.RAVELLING: "Rafeling"}
KINDS_EN = {Kind.CRACKING: "Cracking", Kind.POTHOLES: "Potholes", Kind.RAVELLING: "Ravelling"}

_SEGMENT_ID = Heading("Segment", "Wegvak", "Id of the segment", "Kenmerk van het wegvak")
_NAME = Heading("Street", "Straat", "Name in the road network", "Naam in het wegennet")
_FROM = Heading("From", "Van", "Start, along the segment as drawn", "Begin, langs het wegvak als getekend", "m", 1)
_TO = Heading("To", "Tot", "End, along the segment as drawn", "Eind, langs het wegvak als getekend", "m", 1)
_DIRECTION = Heading(
    "Direction",
    "Richting",
    "Driven with (forward) or against (backward) the direction in which the segment is drawn",
    "Gereden met (forward) of tegen (backward) de richting waarin het wegvak is getekend",
)
_SURVEY = Heading("Survey", "Opname", "Id of the drive", "Kenmerk van de rit")
_UTC = Heading("Time (UTC)", "Tijd (UTC)", "When the picture was taken", "Wanneer het beeld is gemaakt")
_SOURCE = Heading("File", "Bestand", "Video or photo file", "Video- of fotobestand")
_OFFSET = Heading("Offset", "Afstand", "From the segment's start, along it", "Vanaf het begin van het wegvak", "m", 1)
_LON = Heading("Longitude", "Lengtegraad", "WGS84", "WGS84", "°", 6)
_LAT = Heading("Latitude", "Breedtegraad", "WGS84", "WGS84", "°", 6)


def _of_kind(kind: Kind) -> dict[str, Heading]:
    en, nl = KINDS_EN[kind], KINDS_NL[kind]
    return {
        f"{kind}_severity": Heading(
            f"{en}: severity",
            f"{nl}: ernst",
            "L light, M moderate, E severe; estimated from its size, without depth or crack width",
            "L licht, M matig, E ernstig; geschat naar grootte, zonder diepte of scheurwijdte",
        ),
        f"{kind}_extent": Heading(
            f"{en}: extent",
            f"{nl}: omvang",
            "1 to 3: the share of the seen road, in the classes of the condition table",
            "1 tot 3: het aandeel van de geziene weg, in de klassen van de conditietabel",
            decimals=0,
        ),
        f"{kind}_percent": Heading(
            f"{en}: share", f"{nl}: aandeel", "Of the seen road", "Van de geziene weg", "%", decimals=2
        ),
    }


def _of_classes() -> dict[str, Heading]:
    found = {}
    for c in CLASSES:
        unit, what_en, what_nl = (
            ("m", "Length", "Lengte") if c.measure is Measure.LENGTH else ("m²", "Area", "Oppervlak")
        )
        found[f"{c.name}_n"] = Heading(
            f"{c.english}: count", f"{c.dutch}: aantal", "Defects on the segment", "Schades op het wegvak", decimals=0
        )
        found[f"{c.name}_{c.measure}"] = Heading(
            f"{c.english}: {what_en.lower()}",
            f"{c.dutch}: {what_nl.lower()}",
            f"{what_en} of all of them together",
            f"{what_nl} van alle samen",
            unit,
            1,
        )
    return found


SEGMENTS: dict[str, Heading] = {
    "segment_id": _SEGMENT_ID,
    "parent_id": Heading(
        "Parent segment",
        "Bronwegvak",
        "Id in the source; the same as the segment's where it was not cut into sections",
        "Kenmerk in de bron; gelijk aan dat van het wegvak waar dat niet in secties is verdeeld",
    ),
    "from_m": Heading("From", "Van", "Start along the parent segment", "Begin langs het bronwegvak", "m", 1),
    "to_m": Heading("To", "Tot", "End along the parent segment", "Eind langs het bronwegvak", "m", 1),
    "name": _NAME,
    "length_m": Heading("Length", "Lengte", "Of the segment", "Van het wegvak", "m", 1),
    "covered_m": Heading(
        "Seen", "Gezien", "Metres seen at least once", "Meters die minstens één keer zijn gezien", "m", 1
    ),
    "coverage": Heading(
        "Share seen", "Deel gezien", "Of its length, 0 to 1", "Van de lengte, 0 tot 1", "0–1", decimals=2
    ),
    "seen_m": Heading(
        "Seen, both directions",
        "Gezien, beide richtingen",
        "Metres seen per direction, added up",
        "Meters gezien per rijrichting, opgeteld",
        "m",
        1,
    ),
    "visits": Heading("Visits", "Keer gereden", "Times that it was driven", "Hoe vaak het is gereden", decimals=0),
    "last_surveyed": Heading(
        "Last surveyed", "Laatst geschouwd", "Date; empty if never", "Datum; leeg als dat nooit gebeurde"
    ),
    "status": Heading(
        "Status",
        "Status",
        "graded, too little seen, or not surveyed; not surveyed is not undamaged",
        "graded (beoordeeld), too little seen (te weinig gezien) of not surveyed (niet geschouwd); "
        "niet geschouwd is niet onbeschadigd",
    ),
    "score": Heading(
        "Score", "Score", "100 no damage found, 0 worst", "100 geen schade gevonden, 0 slechtst", decimals=0
    ),
    "score_low": Heading("Score, low", "Score, laag", "Low end of the interval", "Ondergrens van de marge", decimals=0),
    "score_high": Heading(
        "Score, high", "Score, hoog", "High end of the interval", "Bovengrens van de marge", decimals=0
    ),
    "grade": Heading("Grade", "Oordeel (Engels)", "good, fair, poor or bad", "good, fair, poor of bad"),
    "grade_nl": Heading(
        "Grade (Dutch)", "Oordeel", "goed, redelijk, matig or slecht", "goed, redelijk, matig of slecht"
    ),
    "confidence": Heading(
        "Confidence",
        "Vertrouwen",
        "0 to 1, from coverage and detection",
        "0 tot 1, uit dekking en detectie",
        "0–1",
        2,
    ),
    **{name: heading for kind in Kind for name, heading in _of_kind(kind).items()},
    "pci": Heading(
        "PCI",
        "PCI",
        "Pavement Condition Index after the method of ASTM D6433, 0 to 100, estimated from pictures",
        "Pavement Condition Index naar de methode van ASTM D6433, 0 tot 100, geschat uit beelden",
        decimals=0,
    ),
    "pci_low": Heading("PCI, low", "PCI, laag", "Low end of the interval", "Ondergrens van de marge", decimals=0),
    "pci_high": Heading("PCI, high", "PCI, hoog", "High end of the interval", "Bovengrens van de marge", decimals=0),
    "pci_rating": Heading("PCI class", "PCI-klasse", "Rating of ASTM D6433", "Klasse van ASTM D6433 (Engels)"),
    "plan": Heading(
        "Plan class",
        "Planklasse (Engels)",
        "When to repair, by the condition table",
        "Wanneer te herstellen, volgens de conditietabel",
    ),
    "plan_nl": Heading(
        "Plan class (Dutch)",
        "Planklasse",
        "When to repair, by the condition table",
        "Wanneer te herstellen, volgens de conditietabel",
    ),
    "reasons": Heading(
        "Made by", "Oorzaak", "The damage that made the grade, by number", "De schades die het oordeel bepalen"
    ),
    "note": Heading("Note", "Opmerking", "Why there is no grade", "Waarom er geen oordeel is"),
    **_of_classes(),
    "priority": Heading(
        "Priority", "Prioriteit", "1 is first; empty for no repair", "1 is eerst; leeg is geen herstel", decimals=0
    ),
    "job": Heading(
        "Job",
        "Werk",
        "Adjoining segments with the same plan class have the same number",
        "Aansluitende wegvakken met dezelfde planklasse hebben hetzelfde nummer",
        decimals=0,
    ),
    "job_m": Heading("Job: length", "Werk: lengte", "Of all its segments", "Van alle wegvakken ervan", "m", 0),
    "why": Heading("Why", "Waarom (Engels)", "Why it has this priority", "Waarom het deze prioriteit heeft"),
    "why_nl": Heading("Why (Dutch)", "Waarom", "Why it has this priority", "Waarom het deze prioriteit heeft"),
    "table": Heading("Table", "Tabel", "Condition table and version", "Conditietabel en versie"),
}

DEFECTS: dict[str, Heading] = {
    "id": Heading("Number", "Nummer", "Stays the same over surveys", "Blijft gelijk over opnamen", decimals=0),
    "class": Heading("Class", "Soort (code)", "Damage class", "Schadesoort"),
    "kind": Heading("Kind", "Groep", "cracking, potholes or ravelling", "scheurvorming, gaten of rafeling (Engels)"),
    "name_nl": Heading("Name (Dutch)", "Soort", "Damage class in Dutch", "Schadesoort"),
    "name_en": Heading("Name", "Soort (Engels)", "Damage class", "Schadesoort in het Engels"),
    "segment_id": _SEGMENT_ID,
    "offset_m": _OFFSET,
    "side": Heading("Side", "Kant", "Of the segment as drawn", "Van het wegvak zoals getekend"),
    "lane_position": Heading(
        "Place in the lane",
        "Plaats in de rijstrook",
        "Wheel path, middle or edge, seen in the driving direction",
        "Rijspoor, midden of rand, gezien in de rijrichting (Engels)",
    ),
    "from_line_m": Heading(
        "From the line", "Uit de as", "Left of the segment's line is positive", "Links van de lijn is positief", "m", 1
    ),
    "length_m": Heading("Length", "Lengte", "Along the road", "In de lengte van de weg", "m", 2),
    "width_m": Heading("Width", "Breedte", "Across the road", "Dwars op de weg", "m", 2),
    "area_m2": Heading("Area", "Oppervlak", "On the road", "Op de weg", "m²", 2),
    "size_sigma": Heading(
        "Size, 1 sigma",
        "Maat, 1 sigma",
        "Doubt of length and width, as a fraction",
        "Onzekerheid van lengte en breedte, als fractie",
        decimals=2,
    ),
    "place_sigma_m": Heading("Place, 1 sigma", "Plaats, 1 sigma", "Doubt of the place", "Onzekerheid", "m", 1),
    "score": Heading(
        "Detection score", "Detectiescore", "Of the best picture, 0 to 1", "Van het beste beeld, 0 tot 1", "0–1", 2
    ),
    "probability": Heading(
        "Probability",
        "Kans",
        "That it is on the road now, 0 to 1: from every time it was seen or missed",
        "Dat het nu op de weg zit, 0 tot 1: uit elke keer dat het wel of niet is gezien",
        "0–1",
        2,
    ),
    "state": Heading(
        "State", "Toestand", "What became of it since it was first seen", "Wat ervan werd sinds het eerst is gezien"
    ),
    "growth": Heading(
        "Growth",
        "Groei",
        "Change of size from first to last sight, as a fraction",
        "Verandering van grootte sinds het eerst is gezien, als fractie",
        decimals=2,
    ),
    "sights": Heading("Visits that saw it", "Keer gezien", "Counted", "Aantal ritten", decimals=0),
    "looks": Heading("Pictures", "Beelden", "That show it", "Waar het op staat", decimals=0),
    "missed": Heading(
        "Visits that missed it",
        "Keer niet gezien",
        "Since it was last seen, though the road there was",
        "Sinds het laatst is gezien, terwijl de weg daar wel is gezien",
        decimals=0,
    ),
    "first_seen": Heading("First seen", "Eerst gezien", "Date", "Datum"),
    "last_seen": Heading("Last seen", "Laatst gezien", "Date", "Datum"),
    "picture": Heading("Picture", "Foto", "File in the map's folder", "Bestand in de map van de kaart"),
    "survey_id": _SURVEY,
    "source": _SOURCE,
    "media_time_s": Heading("Moment", "Moment", "In the file", "In het bestand", "s", 1),
    "utc": _UTC,
    "lon": _LON,
    "lat": _LAT,
    "reason": Heading("Note", "Opmerking", "Why it is on no segment", "Waarom het op geen wegvak ligt"),
}

COVERAGE: dict[str, Heading] = {
    "segment_id": _SEGMENT_ID,
    "name": _NAME,
    "direction": _DIRECTION,
    "from_m": _FROM,
    "to_m": _TO,
    "usable": Heading("Seen", "Gezien", "Whether the road was seen", "Of de weg is gezien"),
    "reason": Heading("Why not", "Waarom niet", "Why it was not seen", "Waarom niet gezien"),
    "survey_id": _SURVEY,
    "visit": Heading(
        "Visit", "Passage", "0 the first time in this survey", "0 is de eerste keer in deze opname", "", 0
    ),
    "utc": _UTC,
}

TRACK: dict[str, Heading] = {
    "survey_id": _SURVEY,
    "frame": Heading("Frame", "Beeld", "Number in the survey", "Nummer in de opname", decimals=0),
    "time_s": Heading("Moment", "Moment", "In the file", "In het bestand", "s", 1),
    "lon": _LON,
    "lat": _LAT,
    "heading_deg": Heading("Heading", "Koers", "Clockwise from north", "Met de klok mee vanaf noord", "°", 0),
    "speed_mps": Heading("Speed", "Snelheid", "Of the vehicle", "Van het voertuig", "m/s", 1),
    "segment_id": _SEGMENT_ID,
    "offset_m": _OFFSET,
    "distance_m": Heading("Distance", "Afstand tot de as", "From the segment's line", "Tot de lijn", "m", 1),
    "direction": _DIRECTION,
    "confidence": Heading("Confidence", "Vertrouwen", "In the segment, 0 to 1", "In het wegvak, 0 tot 1", "0–1", 2),
    "source": _SOURCE,
    "utc": _UTC,
    "unmatched": Heading("Not placed", "Niet geplaatst", "Why on no segment", "Waarom op geen wegvak"),
    "unusable": Heading("Not usable", "Onbruikbaar", "Why nothing was seen", "Waarom er niets is gezien"),
}

# What `roads.changes.compare` adds to the columns of segments and defects.
_BEFORE_AFTER = ("coverage", "last_surveyed", "score", "grade", "grade_nl", "pci", "plan", "plan_nl")


def _before_and_after(name: str) -> dict[str, Heading]:
    h = SEGMENTS[name]
    return {
        f"{name}_{key}": Heading(f"{h.en}, {en}", f"{h.nl}, {nl}", h.note_en, h.note_nl, h.unit, h.decimals)
        for key, en, nl in (("before", "before", "eerst"), ("after", "after", "nu"))
    }


def _counted(en: str, nl: str) -> Heading:
    return Heading(en, nl, "Defects on the segment", "Schades op het wegvak", decimals=0)


_CHANGE = Heading("Change", "Verandering", "What became of it", "Wat ervan is geworden")
CHANGED_SEGMENTS: dict[str, Heading] = {
    **{name: SEGMENTS[name] for name in ("segment_id", "parent_id", "from_m", "to_m", "name", "length_m")},
    **{name: heading for column in _BEFORE_AFTER for name, heading in _before_and_after(column).items()},
    "score_change": Heading("Score, change", "Score, verschil", "After less before", "Nu min eerst", decimals=0),
    "score_change_sigma": Heading(
        "Change, 1 sigma", "Verschil, 1 sigma", "Doubt of the change", "Onzekerheid van het verschil", decimals=0
    ),
    "change": _CHANGE,
    "new_n": _counted("New damage", "Nieuwe schades"),
    "grown_n": _counted("Grown damage", "Gegroeide schades"),
    "gone_n": _counted("Gone damage", "Verdwenen schades"),
}
CHANGED_DEFECTS: dict[str, Heading] = {**DEFECTS, "change": _CHANGE}

# The list of what to repair first: these columns of the segments that have a priority.
PRIORITIES: dict[str, Heading] = {
    name: SEGMENTS[name]
    for name in (
        *("priority", "segment_id", "name", "from_m", "to_m", "length_m", "grade", "grade_nl", "score", "score_low"),
        *("score_high", "pci", "plan", "plan_nl", "why", "why_nl", "job", "job_m", "coverage", "last_surveyed"),
    )
}

HEADINGS: dict[str, dict[str, Heading]] = {
    "segments": SEGMENTS,
    "defects": DEFECTS,
    "coverage": COVERAGE,
    "track": TRACK,
    "priorities": PRIORITIES,
    "changed_segments": CHANGED_SEGMENTS,
    "changed_defects": CHANGED_DEFECTS,
}


def spoken(columns: list[str], lang: Language) -> list[str]:
    """These columns without those that only say the same in the other language."""
    other = {
        "nl": ("grade", "plan", "why", "name_en", "class", "kind"),
        "en": ("grade_nl", "plan_nl", "why_nl", "name_nl", "class"),
    }[lang]
    suffixed = {f"{name}_{when}" for name in other for when in ("before", "after")}
    return [column for column in columns if column not in {*other, *suffixed}]
