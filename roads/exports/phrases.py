"""The sentences of the report, in Dutch and English."""

from roads.exports.headings import Language

_PHRASES: dict[str, tuple[str, str]] = {  # key -> Dutch, English
    "title": ("Toestand van de wegen", "Condition of the roads"),
    "surveyed": ("Geschouwd {from_} – {to}", "Surveyed {from_} – {to}"),
    "surveyed_once": ("Geschouwd {to}", "Surveyed {to}"),
    "unknown_date": ("Datum van de opname onbekend", "Date of the survey unknown"),
    "footer": (
        "Schouw · conditietabel {table} · wegennet {network}",
        "Schouw · condition table {table} · road network {network}",
    ),
    "lead": (
        "Van de {length} km weg is {seen} km gezien ({share} %) en {unseen} km niet. De wegvakken met een "
        "oordeel zijn samen "
        "{graded} km lang, waarvan {bad} km slecht of matig. Bekende schades op de weg: {defects}{news}.",
        "Of {length} km of road, {seen} km was seen ({share} %) and {unseen} km was not. The segments with a grade are "
        "{graded} km long together, of which {bad} km bad or poor. Known defects on the road: {defects}{news}.",
    ),
    "news": (
        ". Sinds de vorige opname: {new} nieuw, {grown} gegroeid, {gone} verdwenen",
        ". Since the survey before: {new} new, {grown} grown, {gone} gone",
    ),
    "f_seen": ("km gezien", "km seen"),
    "f_unseen": ("km niet gezien", "km not seen"),
    "f_bad": ("km slecht of matig", "km bad or poor"),
    "f_urgent": ("km herstel in jaar 1", "km repair in year 1"),
    "f_defects": ("schades op de weg", "defects on the road"),
    "grades": ("Oordeel, naar lengte van de wegvakken", "Grade, by length of the segments"),
    "plans": ("Wanneer te herstellen, naar lengte van de wegvakken", "When to repair, by length of the segments"),
    "too_little": ("te weinig gezien", "too little seen"),
    "unsurveyed": ("niet geschouwd", "not surveyed"),
    "damage": ("Schade naar soort en toestand", "Damage by kind and state"),
    "class": ("Soort", "Kind"),
    "total": ("op de weg", "on the road"),
    "amount": ("omvang", "amount"),
    "overview": ("Overzichtskaart", "Overview map"),
    "overview_note": (
        "Gestreept grijs heeft geen oordeel: niet of te weinig gezien, en dus niet onbeschadigd. "
        "De nummers zijn de prioriteiten.",
        "Dashed grey has no grade: not seen, or hardly, which is not undamaged. The numbers are the priorities.",
    ),
    "priorities": ("Wat eerst", "What first"),
    "no_priorities": (
        "Geen wegvak heeft herstel nodig, voor zover gezien.",
        "No segment needs repair, as far as was seen.",
    ),
    "more": (
        "Nog {n} wegvakken hebben een prioriteit; ze staan in het werkblad Prioriteiten.",
        "{n} more segments have a priority; they are in the worksheet Priorities.",
    ),
    "street": ("Straat", "Street"),
    "grade": ("Oordeel", "Grade"),
    "plan": ("Plan", "Plan"),
    "because": ("Waarom", "Why"),
    "length": ("Lengte", "Length"),
    "nameless": ("naamloos", "no name"),
    "score": ("Score", "Score"),
    "interval": ("{value} (marge {low}–{high})", "{value} (interval {low}–{high})"),
    "share_seen": ("Gezien", "Seen"),
    "last": ("Laatst geschouwd", "Last surveyed"),
    "segment": ("Wegvak", "Segment"),
    "known": ("Schade", "Damage"),
    "defects_n": ("{n} schades", "{n} defects"),
    "defect_1": ("1 schade", "1 defect"),
    "new_n": ("{n} nieuw", "{n} new"),
    "grown_n": ("{n} gegroeid", "{n} grown"),
    "per_section": ("De eerste {n} wegvakken", "The first {n} segments"),
    "per_section_1": ("Het eerste wegvak", "The first segment"),
    "no_picture": ("Van deze schades is geen foto bewaard.", "No picture of these defects was kept."),
    "size": ("{length} × {width} m (± {sigma} %)", "{length} × {width} m (± {sigma} %)"),
    "sure": ("kans {p} % · gezien {day}", "probability {p} % · seen {day}"),
    "coverage": ("Wat is gezien, en wat niet", "What was seen, and what not"),
    "coverage_note": (
        "Niet geschouwd is niet onbeschadigd. Paars is gereden terwijl het beeld er niet bruikbaar was.",
        "Not surveyed is not undamaged. Purple was driven while the picture was not usable.",
    ),
    "reason": ("Waarom niet gezien", "Why not seen"),
    "metres": ("meter gereden", "metres driven"),
    "all_seen": ("Alle gereden meters zijn gezien.", "All metres driven were seen."),
    "never": ("Nooit gereden: {km} km.", "Never driven: {km} km."),
    "changes": ("Veranderd sinds de vorige opname", "Changed since the survey before"),
    "changes_note": (
        "Nieuw is alleen wat ontbrak toen de weg daar eerder is gezien. Waar dat niet zo was heet het eerst gezien. "
        "Verdwenen is wat niet is teruggezien en waarschijnlijk is hersteld.",
        "New is only what was missing when the road there was seen before. Where it was not, it is called first seen. "
        "Gone is what was not found again and was probably repaired.",
    ),
    "no_changes": ("Er is nog maar één opname.", "There is only one survey so far."),
    "nothing_changed": ("Geen schade is nieuw, gegroeid of verdwenen.", "No damage is new, grown or gone."),
    "more_changes": (
        "Nog {n} schades zijn veranderd; ze staan in het werkblad Schade.",
        "{n} more defects changed; they are in the worksheet Defects.",
    ),
    "state": ("Toestand", "State"),
    "number": ("Nr.", "No."),
    "from_to": ("Eerst – laatst gezien", "First – last seen"),
    "growth": ("Groei", "Growth"),
    "dimensions": ("Maat (m)", "Size (m)"),
    "areas": ("Gebieden", "Areas"),
    "area": ("Gebied", "Area"),
    "outside": ("buiten de gebieden", "outside the areas"),
    "defects": ("Schades", "Defects"),
    "poor_km": ("Slecht of matig (km)", "Bad or poor (km)"),
    "length_km": ("Weg (km)", "Road (km)"),
    "seen_km": ("Gezien (km)", "Seen (km)"),
    "empty_area": ("In dit gebied ligt geen weg van het wegennet.", "No road of the network lies in this area."),
    "method": ("Werkwijze en grenzen", "Method and limits"),
    "method_how": (
        "Beelden van een rijdende auto zijn doorzocht op schade. Elke schade is op de weg gemeten en op een "
        "wegvak van het "
        "wegennet gelegd; wat in meer beelden of ritten is gezien telt één keer. Per wegvak bepalen ernst en omvang "
        "van de schade het oordeel en de planklasse, volgens conditietabel {table}: {source}",
        "Pictures from a driving car were searched for damage. Each damage was measured on the road and laid on "
        "a segment "
        "of the road network; what was seen in several pictures or drives counts once. Severity and extent of "
        "the damage "
        "give each segment its grade and plan class, by condition table {table}: {source}",
    ),
    "method_pci": (
        "De PCI volgt de methode van ASTM D6433 (dichtheid, aftrek, gecorrigeerde aftrek) met schade die uit "
        "beelden is "
        "geschat. Zij vervangt geen inspectie volgens die norm of volgens CROW-publicatie 146.",
        "The PCI follows the method of ASTM D6433 (density, deduct value, corrected deduct value) with damage "
        "estimated "
        "from pictures. It does not replace an inspection by that standard or by CROW publication 146.",
    ),
    "surveys": ("Opnamen", "Surveys"),
    "survey": ("Opname", "Survey"),
    "date": ("Datum", "Date"),
    "driven": ("Gereden (km)", "Driven (km)"),
    "frames": ("Beelden", "Frames"),
    "model": ("Model", "Model"),
    "uncalibrated": (
        "De camera van minstens één opname is niet gekalibreerd: maten en plaatsen zijn daar grover dan de marge.",
        "The camera of at least one survey was not calibrated: its sizes and places are rougher than the margin given.",
    ),
    "unlocated": (
        "Schades die op geen enkel wegvak liggen, en dus nergens meetellen: {n}.",
        "Defects that lie on no segment, and so count nowhere: {n}.",
    ),
    "off": (
        "Beelden die niet op het wegennet liggen: {n} van {of}.",
        "Frames that are not on the network: {n} of {of}.",
    ),
}  # fmt: skip


def phrase(key: str, lang: Language, **values: object) -> str:
    """A sentence of the report, filled in."""
    return _PHRASES[key][0 if lang == "nl" else 1].format(**values)
