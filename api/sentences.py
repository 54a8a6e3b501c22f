"""What the server refuses people, in Dutch and English: what is wrong, where, and what to do.

What only programs can meet (a filter, a header of tus) is said in English where it is found.
"""

SENTENCES: dict[str, tuple[int, str, str]] = {
    "log_in": (
        401,
        "meld u aan, of stuur een sleutel mee: Authorization: Bearer ...",
        "log in, or send a token: Authorization: Bearer ...",
    ),
    "unknown_token": (
        401,
        "deze sleutel is hier niet bekend; vraag de beheerder er een",
        "this token is not known here; ask the administrator for one",
    ),
    "may_only_look": (
        403,
        "{name} mag alleen kijken; hiervoor is de rol ‘{role}’ nodig",
        "{name} may only look; this needs the role '{role}'",
    ),
    "no_address": (404, "op dit adres is niets; zie /docs", "there is nothing at this address; see /docs"),
    "no_method": (
        405,
        "dit adres kent die methode niet; zie /docs",
        "this address doesn't take that method; see /docs",
    ),
    "no_survey": (404, "er is geen opname ‘{number}’", "there is no survey '{number}'"),
    "no_page": (
        404,
        "before: er is geen opname ‘{number}’; begin zonder before opnieuw",
        "before: there is no survey '{number}'; begin again without it",
    ),
    "no_file": (404, "opname ‘{survey}’ heeft geen bestand ‘{number}’", "the survey '{survey}' has no file '{number}'"),
    "no_upload": (404, "er is geen upload ‘{number}’", "there is no upload '{number}'"),
    "no_defect": (404, "er is geen schade {number}", "there is no defect {number}"),
    "no_segment": (
        404,
        "er is geen wegvak ‘{number}’; zoek op straat of nummer",
        "there is no segment '{number}'; search with /v1/segments?q=",
    ),
    "no_download": (404, "er is geen download ‘{number}’", "there is no download '{number}'"),
    "download_gone": (
        404,
        "deze download wordt niet meer bewaard; maak hem opnieuw",
        "this download is no longer kept; make it again",
    ),
    "download_not_made": (
        409,
        "deze download is nog niet gemaakt; vraag hem later opnieuw",
        "this download is not made yet; ask again later",
    ),
    "no_network": (
        409,
        "er is nog geen kaart: deze server heeft nog geen wegennet",
        "there is no map yet: this server was given no road network",
    ),
    "options_fixed": (
        409,
        "de instellingen van deze opname kunnen niet meer worden gewijzigd (stand: {state})",
        "this survey is {state}: its options can't be changed any more",
    ),
    "not_waiting": (
        409,
        "deze opname wacht niet op een beslissing (stand: {state})",
        "this survey is {state}: it doesn't wait for a decision",
    ),
    "stopped": (
        409,
        "zo is de opname niet te gebruiken; verhelp wat de controle vond en controleer opnieuw",
        "it can't be used as it is; put right what the check found, then check again",
    ),
    "no_check": (
        409,
        "deze opname kan nu niet worden gecontroleerd (stand: {state})",
        "this survey is {state}: it can't be checked now",
    ),
    "no_retry": (
        409,
        "er is niets om opnieuw te proberen (stand van de opname: {state})",
        "this survey is {state}: there is nothing to try again",
    ),
    "newer_job": (
        409,
        "taak {job} is niet de laatste van haar opname; probeer de opname zelf opnieuw",
        "job {job} is not the newest of its survey; try the survey itself again",
    ),
    "no_cancel": (
        409,
        "deze opname is klaar; er is niets om te stoppen",
        "this survey is done; there is nothing to cancel",
    ),
    "closed": (
        409,
        "de bestanden van deze opname kunnen nu niet worden gewijzigd (stand: {state}); stop haar eerst, of stuur de "
        "bestanden als een eigen opname in",
        "this survey is {state}; cancel it first, or upload the files as a survey of their own",
    ),
    "footage_removed": (
        409,
        "de bestanden van deze opname zijn verwijderd; stuur ze opnieuw in als nieuwe opname",
        "the footage of this survey was removed; upload it again as a new survey",
    ),
    "files_missing": (
        409,
        "nog niet alle bestanden van deze opname zijn binnen",
        "not all of its files are here yet",
    ),
    "too_many_files": (
        413,
        "een opname heeft ten hoogste {most} bestanden (survey_files); stuur foto's in een .zip",
        "a survey has at most {most} files (survey_files); send photos in a .zip",
    ),
    "file_too_large": (
        413,
        "‘{file}’ is groter dan {most} bytes (upload_bytes)",
        "'{file}' is larger than {most} bytes (upload_bytes)",
    ),
    "body_too_large": (
        413,
        "dit verzoek is groter dan {most} bytes (body_bytes)",
        "this request is larger than {most} bytes (body_bytes)",
    ),
    "bad_kind": (
        415,
        "‘{file}’ is van een soort die niet bij een opname hoort; stuur video's (zoals .mp4, .mov), foto's (.jpg, of "
        "een .zip ervan), sporen (.gpx, .nmea) en cameraprofielen (.yaml)",
        "'{file}' is of no kind that a survey has; send videos (such as .mp4, .mov), photos (.jpg, or a .zip of them), "
        "tracks (.gpx, .nmea) and camera profiles (.yaml)",
    ),
    "no_name": (422, "een opname heeft een naam of een bestand nodig", "a survey needs a name or a file"),
    "no_file_name": (
        422,
        "een bestand heeft een naam nodig, zoals rit.mp4",
        "a file needs a name, such as drive.mp4",
    ),
    "empty_file": (
        422,
        "‘{file}’ is leeg (0 bytes); kopieer het opnieuw van de kaart van de camera",
        "'{file}' is empty (0 bytes); copy it again from the camera's card",
    ),
    "invalid": (422, "in het verzoek klopt iets niet: {where}", "{what}"),
    "upload_complete": (409, "dit bestand is al helemaal binnen", "this upload is complete"),
    "upload_expired": (
        410,
        "het insturen lag te lang stil en is verwijderd; stuur het bestand opnieuw",
        "this upload rested too long and was removed; send the file again",
    ),
    "upload_given_up": (410, "het insturen van dit bestand is gestopt", "this upload was given up"),
    "too_many_bytes": (
        413,
        "er komen meer bytes dan de {left} die nog ontbreken; is het bestand intussen veranderd?",
        "only {left} bytes are still to come; was the file changed meanwhile?",
    ),
    "other_offset": (
        409,
        "er zijn {length} bytes binnen, niet {offset}: ga van daar verder",
        "{length} bytes are here, not {offset}: go on from there",
    ),
    "bytes_lost": (
        409,
        "er zijn 0 bytes binnen: de server is de rest kwijtgeraakt; begin opnieuw",
        "0 bytes are here: the server lost the others; begin anew",
    ),
    "sending": (
        423,
        "dit bestand wordt al verstuurd, misschien in een ander venster; wacht tot dat klaar is",
        "another request is sending this file now; wait until it ends",
    ),
    "damaged": (
        460,
        "de bytes kwamen anders aan dan ze verstuurd zijn; stuur ze opnieuw",
        "the bytes arrived otherwise than they were sent; send them again",
    ),
    "other_content": (
        460,
        "‘{file}’ kwam met een andere SHA-256 aan dan was opgegeven; stuur het opnieuw",
        "'{file}' arrived with another SHA-256 than announced; send it again",
    ),
    "disk_full": (
        507,
        "de schijf van de server is vol; wat al binnen is blijft bewaard: ga verder als er weer ruimte is",
        "the server's disk is full; what came before is kept: go on when there is room",
    ),
    "no_map": (
        404,
        "er is nog geen kaart: de beheerder start de server met --roads en een wegennet",
        "there is no map yet: the administrator starts the server with --roads and a network",
    ),
    "no_date": (
        422,
        "‘{day}’ is geen datum; schrijf bijvoorbeeld 2026-04-30",
        "'{day}' is no date; write for example 2026-04-30",
    ),
    "not_earlier": (
        422,
        "before ({before}) moet een eerdere dag zijn dan after ({after})",
        "before ({before}) has to be an earlier day than after ({after})",
    ),
    "not_driven_yet": (
        422,
        "op {before} had nog niemand gereden; de eerste opname was op {first}",
        "nobody had driven yet on {before}; the first survey was on {first}",
    ),
    "never_driven": (
        422,
        "op deze kaart heeft nog niemand gereden; er is niets te vergelijken",
        "nobody has driven on this map yet; there is nothing to compare",
    ),
    "mistake": (
        500,
        "er ging hier iets mis, niet bij u; geef de beheerder nummer {number} door",
        "something went wrong here, not with you; tell the administrator number {number}",
    ),
}


def in_both(dutch: str, english: str, **values: object) -> tuple[str, str]:
    """Fill in a sentence, in Dutch and in English. A value may be a pair of them too."""
    both = [{name: value[n] if isinstance(value, tuple) else value for name, value in values.items()} for n in (0, 1)]
    return dutch.format(**both[0]), english.format(**both[1])
