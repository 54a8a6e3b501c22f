"""What people say of defects."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ColumnElement, and_, case, select
from sqlalchemy.orm import Session

from api.auth import Editor, Reader
from api.context import Ctx
from api.errors import Problem, refusal, responses
from api.features.answers import (
    Decision,
    DefectAnswer,
    Queue,
    Reviewed,
    Reviews,
    Sight,
    kept_review,
    review_answer,
)
from api.features.far import ask_to_draw
from api.features.reviewing import decide
from api.features.served import Kept, headers, is_known, served_state, version_of
from api.settings import MAX_NUMBER, TEXT
from api.store.layers import count_features, feature_of, map_state, properties_of
from api.store.schema import LAYER_TABLES, OBSERVATION_TABLE, Review
from detector.taxonomy import NAMES, Kind
from roads.layers import picture
from roads.track import utc

router = APIRouter(tags=["Defects and reviews"])
DefectId = Annotated[int, Path(ge=0, le=MAX_NUMBER, description="the defect's id", examples=[17])]

CLASSED: dict[str, Any] = {  # a relabel, and nothing else, has a class
    "if": {"properties": {"decision": {"const": "relabel"}}, "required": ["decision"]},
    "then": {"properties": {"class": {"type": "string"}}, "required": ["class"]},
    "else": {"properties": {"class": {"type": "null"}}},
}


class NewReview(BaseModel):
    """What a person says of a defect."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=CLASSED)

    decision: Decision = Field(
        description="accept: it is there; reject: it is no damage; relabel: it is of another class; undo: as if nobody "
        "had looked",
        examples=["relabel"],
    )
    class_name: Literal[NAMES] | None = Field(  # type: ignore[valid-type]
        None, alias="class", description="of a relabel: the class that it is", examples=["pothole"]
    )
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=TEXT)] | None = Field(
        None, description="in the person's own words", examples=["a manhole cover"]
    )


@router.get("/defects/{defect_id}", summary="One defect", response_model=DefectAnswer, responses=responses(401, 404))
def defect(defect_id: DefectId, request: Request, context: Ctx, _: Reader) -> Response:
    """Tell of a defect: what is known of it now, every time it was seen, and what people said of it."""
    with context.database.read() as session:
        version = version_of(served_state(session))
        if is_known(request, version):
            return Response(status_code=304, headers=headers(version))
        properties = _defect(session, defect_id)
        c = OBSERVATION_TABLE.c
        surveys = LAYER_TABLES["surveys"].c
        seen = session.execute(
            select(surveys.survey_id, c.time_s, c.score, c.number)
            .join_from(OBSERVATION_TABLE, LAYER_TABLES["surveys"], surveys.row == c.survey)
            .where(c.defect == defect_id)
            .order_by(c.time_s, c.row)
        ).all()
        reviews = session.scalars(select(Review).where(Review.defect == defect_id).order_by(Review.id.desc())).all()
    sights = [
        Sight(
            survey_id=row.survey_id,
            utc=None if row.time_s is None else utc(row.time_s),
            score=round(row.score, 4),
            picture=picture(row.survey_id, row.number),
        )
        for row in seen
    ]
    body = {
        "properties": properties,
        "sights": [sight.model_dump() for sight in sights],
        "reviews": [review_answer(review).model_dump(by_alias=True) for review in reviews],
    }
    return Response(orjson.dumps(body), 200, headers(version), "application/json")


@router.post("/defects/{defect_id}/reviews", summary="Review a defect", responses=responses(401, 403, 404))
def review(defect_id: DefectId, given: NewReview, context: Ctx, kept: Kept, person: Editor) -> Reviewed:
    """Say what a defect is. The map follows at once; every review is kept, the last one counts."""
    if (given.decision == "relabel") != (given.class_name is not None):
        raise Problem(422, f"class: a relabel has one of {', '.join(NAMES)}, and nothing else has a class")
    with context.database.read() as session:
        network = kept.network.of(context, served_state(session))
    with context.database.write() as session:
        state = map_state(session, lock=True)
        assert state is not None
        made = decide(
            session, state, network, _defect(session, defect_id),
            given.decision, given.class_name, given.note, person.name,
        )  # fmt: skip
        ask_to_draw(session, person.name)
        properties = _defect(session, defect_id)
        segment_id = properties["segment_id"]
        on = feature_of(session, "segments", segment_id) if segment_id is not None else None
        return Reviewed(
            review=review_answer(made),
            defect=properties,
            segment=properties_of(on) if on else None,
            version=version_of(state),
        )


@router.get("/reviews", summary="All reviews", responses=responses(401))
def reviews(
    context: Ctx,
    _: Reader,
    since: Annotated[int, Query(ge=0, le=MAX_NUMBER, description="only those with a higher number", examples=[0])] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="how many, at most", examples=[1000])] = 1000,
) -> Reviews:
    """List every review that was made, each with the defect as the person saw it."""
    asked = select(Review).where(Review.id > since).order_by(Review.id).limit(limit + 1)
    with context.database.read() as session:
        found = session.scalars(asked).all()
    shown = [kept_review(one) for one in found[:limit]]
    return Reviews(reviews=shown, next=shown[-1].id if len(found) > limit else None)


@router.get("/reviews/queue", summary="What to review", response_model=Queue, responses=responses(401))
def queue(
    context: Ctx,
    _: Reader,
    limit: Annotated[int, Query(ge=1, le=500, description="how many, at most", examples=[50])] = 50,
    kind: Annotated[Kind | None, Query(description="only damage of this kind", examples=["potholes"])] = None,
    survey: Annotated[
        str | None,
        Query(max_length=60, pattern=TEXT, description="only what this survey shows best", examples=["54518d4e23e3"]),
    ] = None,
) -> Response:
    """List defects that nobody has reviewed, those first of which a look tells most: doubtful, large, potholes."""
    c = LAYER_TABLES["defects"].c
    conditions: list[ColumnElement[bool]] = [c.review.is_(None), c.state != "gone"]
    if kind is not None:
        conditions.append(c.kind == str(kind))
    if survey is not None:
        conditions.append(c.survey_id == survey)
    wanted = and_(*conditions)
    # An area counts for more the larger it is, but the hundredth square metre for less than the first.
    size = (c.area_m2 + 0.5) / (c.area_m2 + 2.0)
    worth = c.probability * (1.0 - c.probability) * size * case((c.kind == str(Kind.POTHOLES), 2.0), else_=1.0)
    with context.database.read() as session:
        found = session.execute(select(c.feature).where(wanted).order_by(worth.desc(), c.row).limit(limit)).scalars()
        body: dict[str, Any] = {"defects": [properties_of(feature) for feature in found]}
        body["left"] = count_features(session, "defects", wanted)
    return Response(orjson.dumps(body), media_type="application/json")


def _defect(session: Session, number: int) -> dict[str, Any]:
    """A defect's attributes; a Problem 404 where there is none."""
    feature = feature_of(session, "defects", number)
    if feature is None:
        raise refusal("no_defect", number=number)
    return properties_of(feature)
