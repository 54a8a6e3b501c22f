"""The attributes of the layers that are served: name, type, unit, meaning and an example of each.

One list for the database's columns, what may be filtered on, the OpenAPI document and the tiles' metadata. The layers
themselves are made in `roads.layers`; a test holds the two together.
"""

from dataclasses import dataclass
from typing import Any, Literal

from detector.taxonomy import CLASSES

Type = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a layer. `unit` is empty for what has none; shares are 0..1."""

    name: str
    type: Type
    text: str
    example: Any
    unit: str = ""
    index: bool = False  # often filtered on
    tile: bool = False  # in the vector tiles too


KINDS = ("cracking", "potholes", "ravelling")
SURVEY = Field("survey_id", "string", "the survey; the same drive has the same id", "54518d4e23e3", index=True)
SEGMENT = Field(
    "segment_id", "string", "the segment, as the network names it (NWB: wvk_id)", "900000002", index=True, tile=True
)


def _kind(kind: str) -> tuple[Field, ...]:
    return (
        Field(f"{kind}_severity", "string", f"severity of {kind}: L, M or E; missing: none found", "M", tile=True),
        Field(f"{kind}_extent", "integer", f"extent of {kind}: 0 (none) to 3", 1, tile=True),
        Field(f"{kind}_percent", "number", f"share of the road seen that has {kind}", 8.4081, "%"),
    )


def _class(name: str, measure: str) -> tuple[Field, ...]:
    unit = "m²" if measure == "area_m2" else "m"
    return (
        Field(f"{name}_n", "integer", f"number of defects of the class {name}", 2),
        Field(f"{name}_{measure}", "number", f"their size together ({name})", 1.35, unit),
    )


SEGMENTS: tuple[Field, ...] = (
    SEGMENT,
    Field("parent_id", "string", "the road that the segment is a section of", "900000002"),
    Field("from_m", "number", "where on that road it begins", 0.0, "m"),
    Field("to_m", "number", "where on that road it ends", 65.0, "m"),
    Field("name", "string", "street", "Voorbeeldstraat", index=True, tile=True),
    Field("length_m", "number", "length", 65.0, "m"),
    Field("covered_m", "number", "length that was seen well enough", 53.6, "m"),
    Field("coverage", "number", "share that was seen well enough", 0.8241, tile=True),
    Field("seen_m", "number", "length seen, both directions added up", 53.6, "m"),
    Field("visits", "integer", "how often it was seen", 1),
    Field("last_surveyed", "string", "date it was last seen (ISO 8601)", "2026-05-14", index=True, tile=True),
    Field("status", "string", "graded, too little seen, or not surveyed", "graded", index=True, tile=True),
    Field("score", "number", "condition, 100 is best", 52.0, index=True, tile=True),
    Field("score_low", "number", "lower end of the score's interval", 5.0),
    Field("score_high", "number", "upper end of the score's interval", 90.0),
    Field("grade", "string", "condition in a word", "poor", index=True, tile=True),
    Field("grade_nl", "string", "condition in a Dutch word", "matig", tile=True),
    Field("confidence", "number", "how sure: the share seen times how sure what was found is, 0 to 1", 0.71, tile=True),
    *(field for kind in KINDS for field in _kind(kind)),
    Field("pci", "number", "pavement condition index after ASTM D6433, 0 to 100", 53.2),
    Field("pci_low", "number", "lower end of the index's interval", 21.1),
    Field("pci_high", "number", "upper end of the index's interval", 99.5),
    Field("pci_rating", "string", "that index in a word", "Poor"),
    Field("plan", "string", "when to repair", "year 1", index=True, tile=True),
    Field("plan_nl", "string", "when to repair, in Dutch", "jaar 1", tile=True),
    Field(
        "reasons", "string", "what the score was lost on, and to which defects", "cracking M1 (8.41 %): -10; defects 3"
    ),
    Field("note", "string", "why there is no grade", "seen for 12 % (8 m); a grade needs 50 % and 10 m"),
    *(field for c in CLASSES for field in _class(c.name, c.measure)),
    Field("table", "string", "the condition table that graded it", "schouw-2"),
    Field("priority", "integer", "rank in what to repair first; 1 is first", 3, index=True, tile=True),
    Field("job", "integer", "segments with the same number make one job", 3),
    Field("job_m", "number", "length of that job", 65.0, "m"),
    Field("why", "string", "why it has this rank", "year 1: potholes E2; 48 of 100 points off; 65 m"),
    Field("why_nl", "string", "the same in Dutch", "jaar 1: gaten E2; 48 van 100 punten kwijt; 65 m"),
)

DEFECTS: tuple[Field, ...] = (
    Field("id", "integer", "the defect; a number is never used again", 17, index=True, tile=True),
    Field("class", "string", "class of damage", "pothole", index=True, tile=True),
    Field("kind", "string", "kind after CROW 146: cracking, potholes, ravelling", "potholes", index=True, tile=True),
    Field("name_nl", "string", "class in Dutch", "Gat"),
    Field("name_en", "string", "class in English", "Pothole"),
    SEGMENT,
    Field("offset_m", "number", "along the segment as digitised", 19.13, "m"),
    Field("side", "string", "left or right of the segment's line as digitised", "right"),
    Field("lane_position", "string", "where across the lane", "left wheel path"),
    Field("from_line_m", "number", "distance from the segment's line; left is positive", -0.61, "m"),
    Field("length_m", "number", "along the road", 1.082, "m"),
    Field("width_m", "number", "across the road", 1.08, "m"),
    Field("area_m2", "number", "area", 0.9175, "m²", tile=True),
    Field("size_sigma", "number", "1 sigma of length and width, as a share of them", 0.063),
    Field("place_sigma_m", "number", "1 sigma of the place, along each axis", 1.5, "m"),
    Field("score", "number", "the model's score of its best look, 0 to 1", 0.5448),
    Field("probability", "number", "that it is on the road, 0 to 1", 0.545, index=True, tile=True),
    Field(
        "state",
        "string",
        "first seen, new, seen again, grown, not seen again, or gone",
        "first seen",
        index=True,
        tile=True,
    ),
    Field("growth", "number", "change of size from first to last sight, as a share", 0.2),
    Field("sights", "integer", "visits that saw it", 1),
    Field("looks", "integer", "pictures that saw it", 3),
    Field("missed", "integer", "visits since, that saw the road there and not the defect", 0),
    Field("first_seen", "string", "date (ISO 8601)", "2026-05-14", index=True),
    Field("last_seen", "string", "date (ISO 8601)", "2026-05-14", index=True, tile=True),
    Field("picture", "string", "its best picture, below /v1/", "pictures/54518d4e23e3/1.jpg"),
    SURVEY,
    Field("source", "string", "the file of its best look", "drive.mp4"),
    Field("media_time_s", "number", "where in that file", 0.303, "s"),
    Field("utc", "string", "when (ISO 8601, UTC)", "2026-05-14T09:30:00.303Z"),
    Field("lon", "number", "longitude (WGS84)", 6.890245, "°"),
    Field("lat", "number", "latitude (WGS84)", 52.2200834, "°"),
    Field("reason", "string", "why it is on no segment", "not on the network"),
    Field(
        "review",
        "string",
        "accepted, rejected or relabelled by a person; missing: nobody looked",
        "accepted",
        index=True,
        tile=True,
    ),
    Field("reviewed_by", "string", "who reviewed it last", "J. de Vries"),
    Field("reviewed", "string", "when (ISO 8601, UTC)", "2026-06-02T08:15:00Z"),
)

COVERAGE: tuple[Field, ...] = (
    SEGMENT,
    Field("name", "string", "street", "Voorbeeldstraat"),
    Field("direction", "string", "driven forward or backward along the segment as digitised", "forward"),
    Field("from_m", "number", "begin, along the segment as digitised", 11.44, "m"),
    Field("to_m", "number", "end, along the segment as digitised", 65.0, "m"),
    Field("usable", "boolean", "whether the road was seen well enough", True, index=True, tile=True),
    Field("reason", "string", "why not", "too dark", tile=True),
    SURVEY,
    Field("visit", "integer", "which time this survey drove the segment: 0, 1, ...", 0),
    Field("utc", "string", "when (ISO 8601, UTC)", "2026-05-14T09:30:00Z", index=True),
)

SURVEYS: tuple[Field, ...] = (
    SURVEY,
    Field("name", "string", "name", "Noord, mei"),
    Field("from_utc", "string", "first picture (ISO 8601, UTC)", "2026-05-14T09:30:00.000Z", index=True),
    Field("to_utc", "string", "last picture (ISO 8601, UTC)", "2026-05-14T09:30:16.000Z"),
    Field("driven_m", "number", "length driven", 182.6, "m"),
    Field("frames", "integer", "pictures looked at", 61),
    Field("unusable", "integer", "of which the road couldn't be seen well enough", 0),
    Field("unmatched", "integer", "of which lie on no segment", 0),
    Field("defects", "integer", "damage this survey saw", 22),
)

LAYERS: dict[str, tuple[Field, ...]] = {
    "segments": SEGMENTS,
    "defects": DEFECTS,
    "coverage": COVERAGE,
    "surveys": SURVEYS,
}
IDS = {"segments": "segment_id", "defects": "id", "coverage": "row", "surveys": "survey_id"}  # of a feature
