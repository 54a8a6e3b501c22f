"""The map's parts as the API tells them, described by the one list of attributes in `api.store.fields`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from api.store.fields import COVERAGE, DEFECTS, SEGMENTS
from api.store.fields import Field as Attribute
from api.store.schema import Review
from roads.track import utc

Decision = Literal["accept", "reject", "relabel", "undo"]
KINDS: dict[str, Any] = {"string": str, "integer": int, "number": float, "boolean": bool}
# What is never missing; everything else may be null.
ALWAYS = {
    *("segment_id", "length_m", "covered_m", "coverage", "visits", "status", "confidence", "table", "id", "class"),
    *("kind", "name_nl", "name_en", "width_m", "area_m2", "size_sigma", "place_sigma_m", "probability", "state"),
    *("sights", "looks", "missed", "survey_id", "lon", "lat", "from_m", "to_m", "usable", "direction"),
}


def _model(name: str, text: str, attributes: tuple[Attribute, ...], *also_missing: str, **more: Any) -> type[BaseModel]:
    """Make a model of attributes; `also_missing` may be null here."""
    described: dict[str, Any] = dict(more)
    for attribute in attributes:
        kind = KINDS[attribute.type]
        if attribute.name not in ALWAYS or attribute.name in also_missing:
            kind |= None
        unit = f", {attribute.unit}" if attribute.unit else ""
        described[attribute.name] = (kind, Field(description=attribute.text + unit, examples=[attribute.example]))
    return create_model(name, __doc__=text, **described)


SegmentProperties = _model("SegmentProperties", "A road segment and its condition.", SEGMENTS)
DefectProperties = _model("DefectProperties", "Damage to the road, counted once.", DEFECTS, "segment_id")
_STRETCH = ("from_m", "to_m", "usable", "reason", "direction", "survey_id", "utc")
CoverageStretch = _model(
    "CoverageStretch",
    "A stretch of a segment that a drive saw, or passed unseen.",
    tuple(field for field in COVERAGE if field.name in _STRETCH),
)
STRETCH = tuple(CoverageStretch.model_fields)
_PLACE = {
    "lon": (float, Field(description="longitude of its middle (WGS84), °", examples=[6.8902])),
    "lat": (float, Field(description="latitude of its middle (WGS84), °", examples=[52.2201])),
    "bbox": (
        tuple[float, float, float, float],
        Field(description="west, south, east, north (WGS84), °", examples=[[6.8898, 52.2199, 6.8907, 52.2203]]),
    ),
}
Priority = _model("Priority", "A segment that has to be repaired, and where it is.", SEGMENTS, **_PLACE)


class Found(BaseModel):
    """A segment that a search found."""

    segment_id: str = Field(description="the segment, as the network names it", examples=["900000002"])
    name: str | None = Field(description="street", examples=["Voorbeeldstraat"])
    lon: float = Field(description="longitude of its middle (WGS84), °", examples=[6.8902])
    lat: float = Field(description="latitude of its middle (WGS84), °", examples=[52.2201])
    bbox: tuple[float, float, float, float] = Field(
        description="west, south, east, north (WGS84), °", examples=[[6.8898, 52.2199, 6.8907, 52.2203]]
    )
    grade: str | None = Field(description="condition in a word", examples=["poor"])


class FoundSegments(BaseModel):
    """What a search found, the best first."""

    segments: list[Found]


class Priorities(BaseModel):
    """What to repair first, in that order."""

    segments: list[Priority]  # type: ignore[valid-type]


class LineString(BaseModel):
    """A line (GeoJSON)."""

    type: Literal["LineString"] = Field(examples=["LineString"])
    coordinates: list[tuple[float, float]] = Field(
        description="longitude, latitude (WGS84), °", examples=[[[6.8898, 52.2199], [6.8907, 52.2203]]]
    )


class ReviewAnswer(BaseModel):
    """What a person said of a defect."""

    model_config = ConfigDict(populate_by_name=True)

    id: int = Field(description="number; later ones are higher", examples=[5])
    defect: int = Field(description="the defect", examples=[17])
    decision: Decision = Field(
        description="accept: it is there; reject: it is no damage; relabel: it is of another class; undo: as if nobody "
        "had looked",
        examples=["accept"],
    )
    class_name: str | None = Field(alias="class", description="of a relabel: the class that it is", examples=[None])
    note: str | None = Field(description="in the person's own words", examples=["a manhole cover"])
    person: str = Field(description="who", examples=["J. de Vries"])
    at_utc: str = Field(description="when (ISO 8601, UTC)", examples=["2026-06-02T08:15:00Z"])


class KeptReview(ReviewAnswer):
    """A review with the defect as the person saw it."""

    snapshot: dict[str, Any] = Field(
        description="the defect's attributes then (see DefectProperties)", examples=[{"id": 17, "class": "pothole"}]
    )


class Reviews(BaseModel):
    """Reviews, the oldest first."""

    reviews: list[KeptReview]
    next: int | None = Field(description="`since` of what comes after these; null: that was all", examples=[None])


class Queue(BaseModel):
    """Defects that nobody has reviewed."""

    defects: list[DefectProperties] = Field(description="those most worth a look first")  # type: ignore[valid-type]
    left: int = Field(description="how many there are", examples=[31])


class Reviewed(BaseModel):
    """A review, and what it changed on the map."""

    review: ReviewAnswer
    defect: DefectProperties  # type: ignore[valid-type]
    segment: SegmentProperties | None  # type: ignore[valid-type]
    version: str = Field(description="of the map since, `revision.changes`", examples=["12.4"])


class SegmentAnswer(BaseModel):
    """A segment with all that is known of it now."""

    properties: SegmentProperties  # type: ignore[valid-type]
    geometry: LineString
    defects: list[DefectProperties] = Field(description="along the segment")  # type: ignore[valid-type]
    coverage: list[CoverageStretch] = Field(description="visit by visit")  # type: ignore[valid-type]
    reviews: list[ReviewAnswer] = Field(description="of its defects, the newest first")


class Moment(BaseModel):
    """A segment's condition, as it was known when a survey had passed."""

    at_utc: str = Field(description="when (ISO 8601, UTC)", examples=["2026-05-14T09:30:16Z"])
    survey_ids: list[str] = Field(description="the surveys of that day", examples=[["54518d4e23e3"]])
    score: float | None = Field(description="condition, 100 is best; null: too little seen", examples=[52.0])
    score_low: float | None = Field(description="lower end of the score's interval", examples=[5.0])
    score_high: float | None = Field(description="upper end of the score's interval", examples=[90.0])
    grade: str | None = Field(description="condition in a word", examples=["poor"])
    status: str = Field(description="graded, too little seen, or not surveyed", examples=["graded"])
    coverage: float = Field(description="share that was seen well enough until then, 0 to 1", examples=[0.8241])
    defects_n: int = Field(description="defects on it that were not gone", examples=[4])
    pci: float | None = Field(description="pavement condition index after ASTM D6433, 0 to 100", examples=[53.2])


class History(BaseModel):
    """How a segment's condition went, the oldest moment first."""

    moments: list[Moment]


class Sight(BaseModel):
    """One time that a survey saw a defect."""

    survey_id: str = Field(description="the survey", examples=["54518d4e23e3"])
    utc: str | None = Field(description="when (ISO 8601, UTC)", examples=["2026-05-14T09:30:00.303Z"])
    score: float = Field(description="the model's score of its best look, 0 to 1", examples=[0.5448])
    picture: str | None = Field(description="below /v1/", examples=["pictures/54518d4e23e3/1.jpg"])


class DefectAnswer(BaseModel):
    """A defect with every sight and review of it."""

    properties: DefectProperties  # type: ignore[valid-type]
    sights: list[Sight] = Field(description="the oldest first")
    reviews: list[ReviewAnswer] = Field(description="the newest first")


def review_answer(review: Review) -> ReviewAnswer:
    """Tell of a review."""
    return ReviewAnswer(**_told(review))


def kept_review(review: Review) -> KeptReview:
    """Tell of a review with what the person saw."""
    return KeptReview(**_told(review), snapshot=review.snapshot)


def _told(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "defect": review.defect,
        "decision": review.decision,
        "class": review.class_name,
        "note": review.note,
        "person": review.person,
        "at_utc": utc(review.at_s, "seconds"),
    }
