"""What a check can find, in Dutch and English: what is wrong, where, and what to do."""

from typing import Any, Literal, TypeAlias

from api.sentences import in_both

Level: TypeAlias = Literal["stop", "warn", "info"]
Finding: TypeAlias = dict[str, Any]  # as api.surveys.answer.Finding

SENTENCES: dict[str, tuple[Level, str, str]] = {
    "no_footage": (
        "stop",
        "Er zijn geen video's en geen foto's bij. Voeg de opname toe.",
        "There are no videos and no photos. Add the footage.",
    ),
    "unreadable": (
        "stop",
        "‘{file}’ is niet te lezen als video of foto's. Kopieer het opnieuw van de kaart van de camera. ({why})",
        "‘{file}’ can't be read as a video or as photos. Copy it again from the camera's card. ({why})",
    ),
    "bad_zip": (
        "stop",
        "‘{file}’ is niet uit te pakken. Pak het opnieuw in, zonder wachtwoord. ({why})",
        "‘{file}’ can't be unpacked. Pack it again, without a password. ({why})",
    ),
    "bad_track": (
        "stop",
        "Het spoor ‘{file}’ is niet te gebruiken. Voeg een ander GPX- of NMEA-bestand toe. ({why})",
        "The track ‘{file}’ can't be used. Add another GPX or NMEA file. ({why})",
    ),
    "bad_camera": (
        "stop",
        "Het cameraprofiel ‘{file}’ is niet te gebruiken. ({why})",
        "The camera profile ‘{file}’ can't be used. ({why})",
    ),
    "no_gps": (
        "stop",
        "In ‘{file}’ zit geen bruikbare plaats. Voeg het GPX- of NMEA-spoor van deze rit toe. ({why})",
        "‘{file}’ holds no place that can be used. Add the GPX or NMEA track of this drive. ({why})",
    ),
    "clock": (
        "stop",
        "De klok van ‘{file}’ en die van het spoor lopen {by} uiteen, of het spoor is van een andere rit. "
        "Stel het klokverschil in op {offset_s:.0f} s, of voeg het goede spoor toe.",
        "The clocks of ‘{file}’ and of the track are {by} apart, or the track is of another drive. "
        "Set the clock offset to {offset_s:.0f} s, or add the right track.",
    ),
    "track_short": (
        "stop",
        "Het spoor dekt maar {percent:.0f} % van ‘{file}’. Voeg het hele spoor toe, of kies alleen het deel met spoor.",
        "The track covers {percent:.0f} % of ‘{file}’. Add the whole track, or choose only the part that it covers.",
    ),
    "future": (
        "warn",
        "Volgens ‘{file}’ is er op {day} gereden, en dat is nog niet geweest: de klok staat verkeerd.",
        "‘{file}’ says it was driven on {day}, which is still to come: the clock is set wrong.",
    ),
    "too_long": (
        "stop",
        "‘{file}’ duurt {hours:.1f} uur; ten hoogste {most:.1f} uur (footage_s) kan. Knip de opname in stukken.",
        "‘{file}’ lasts {hours:.1f} h; at most {most:.1f} h (footage_s) is possible. Cut it into pieces.",
    ),
    "too_large": (
        "stop",
        "De beelden van ‘{file}’ hebben {pixels} pixels; ten hoogste {most} (picture_px) kan.",
        "The pictures of ‘{file}’ have {pixels} pixels; at most {most} (picture_px) are possible.",
    ),
    "too_short": (
        "warn",
        "Er is maar {metres:.0f} m gereden in ‘{file}’. Is dit de goede opname?",
        "Only {metres:.0f} m are driven in ‘{file}’. Is this the right footage?",
    ),
    "outside": (
        "stop",
        "‘{file}’ is opgenomen bij {lat:.4f} NB {lon:.4f} OL, buiten het gebied van het wegennet op deze server.",
        "‘{file}’ was filmed at {lat:.4f} N {lon:.4f} E, outside the area of this server's road network.",
    ),
    "partly_outside": (
        "warn",
        "{percent:.0f} % van ‘{file}’ ligt buiten het gebied van het wegennet en komt niet op de kaart.",
        "{percent:.0f} % of ‘{file}’ lies outside the area of the road network and won't be on the map.",
    ),
    "too dark": (
        "warn",
        "{percent:.0f} % van de beelden van ‘{file}’ is te donker. Rijd overdag, met schone lens en voorruit.",
        "{percent:.0f} % of the pictures of ‘{file}’ are too dark. Drive by day, with a clean lens and windscreen.",
    ),
    "over-exposed": (
        "warn",
        "{percent:.0f} % van de beelden van ‘{file}’ is overbelicht. Richt de camera meer op de weg.",
        "{percent:.0f} % of the pictures of ‘{file}’ are over-exposed. Point the camera more at the road.",
    ),
    "glare": (
        "warn",
        "{percent:.0f} % van de beelden van ‘{file}’ heeft tegenlicht. Rijd met de zon in de rug.",
        "{percent:.0f} % of the pictures of ‘{file}’ have glare. Drive with the sun behind you.",
    ),
    "blurred": (
        "warn",
        "{percent:.0f} % van de beelden van ‘{file}’ is onscherp. Maak lens en voorruit schoon en zet de camera vast.",
        "{percent:.0f} % of the pictures of ‘{file}’ are blurred. Clean lens and windscreen, and fix the camera.",
    ),
    "no road in view": (
        "warn",
        "Op {percent:.0f} % van de beelden van ‘{file}’ is geen weg te zien. Richt de camera vooruit.",
        "{percent:.0f} % of the pictures of ‘{file}’ show no road. Point the camera ahead.",
    ),
    "assumed_start": (
        "info",
        "‘{file}’ zegt niet wanneer de opname begon: aangenomen is dat video en spoor tegelijk beginnen.",
        "‘{file}’ doesn't tell when it began: video and track are taken to begin together.",
    ),
    "photos_without_place": (
        "info",
        "{count} foto's hebben geen bruikbare plaats en blijven buiten beschouwing.",
        "{count} photos have no place that can be used and are left out.",
    ),
    "no_network": (
        "info",
        "Deze server heeft nog geen wegennet: de rit komt op de kaart zodra dat er is.",
        "This server has no road network yet: the drive is put on the map as soon as there is one.",
    ),
}


def finding(code: str, file: str | None = None, **values: object) -> Finding:
    """Make a finding. `by` and `day` may be pairs of Dutch and English."""
    level, dutch, english = SENTENCES[code]
    text_nl, text_en = in_both(dutch, english, file=file, **values)
    return {
        "code": code.replace(" ", "_").replace("-", "_"),
        "level": level,
        "file": file,
        "text_nl": text_nl,
        "text_en": text_en,
    }
