"""One segment with its history, searching for one, and which to repair first."""

from typing import Annotated, Any

import orjson
import shapely
from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from api.auth import Reader
from api.context import Ctx
from api.errors import refusal, responses
from api.features.answers import STRETCH, FoundSegments, History, Priorities, SegmentAnswer, review_answer
from api.features.history import moments
from api.features.segment import condition_table, read_part
from api.features.served import Kept, headers, is_known, served_state, version_of
from api.settings import TEXT
from api.store.layers import properties_of
from api.store.reviews import last_reviews, verdicts
from api.store.schema import LAYER_TABLES, Review
from roads.condition.table import Plan

router = APIRouter(tags=["Segments"])
SegmentId = Annotated[str, Path(max_length=200, description="the segment's id", examples=["900000002"])]
JSON = "application/json"


@router.get("/segments", summary="Find segments", response_model=FoundSegments, responses=responses(401))
def search(
    request: Request,
    context: Ctx,
    _: Reader,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            pattern=TEXT,
            description="a street or an id, or a part of it",
            examples=["Voorb"],
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=1000, description="how many, at most", examples=[20])] = 20,
) -> Response:
    """Find segments by street or by id: what begins with the text first, then what holds it."""
    c = LAYER_TABLES["segments"].c
    text = q.strip().lower()
    names = (func.lower(c.name), func.lower(c.segment_id))
    begins = or_(*(name.startswith(text, autoescape=True) for name in names))
    holds = or_(*(name.contains(text, autoescape=True) for name in names))
    asked = (
        select(c.segment_id, c.name, c.grade, c.geometry)
        .where(holds)
        .order_by(case((begins, 0), else_=1), c.name, c.row)
        .limit(limit)
    )
    with context.database.read() as session:
        version = version_of(served_state(session))
        if is_known(request, version):
            return Response(status_code=304, headers=headers(version))
        found = [
            {"segment_id": row.segment_id, "name": row.name, "grade": row.grade, **_place(row.geometry)}
            for row in session.execute(asked)
        ]
    return Response(orjson.dumps({"segments": found}), 200, headers(version), JSON)


@router.get("/priorities", summary="What to repair first", response_model=Priorities, responses=responses(401))
def priorities(
    request: Request,
    context: Ctx,
    _: Reader,
    limit: Annotated[int, Query(ge=1, le=1000, description="how many, at most", examples=[50])] = 50,
    plan: Annotated[Plan | None, Query(description="only those with this plan", examples=["year 1"])] = None,
) -> Response:
    """List segments by their rank, each with why it has it and where it is."""
    c = LAYER_TABLES["segments"].c
    asked = select(c.feature, c.geometry).where(c.priority.is_not(None)).order_by(c.priority).limit(limit)
    if plan is not None:
        asked = asked.where(c.plan == plan)
    with context.database.read() as session:
        version = version_of(served_state(session))
        if is_known(request, version):
            return Response(status_code=304, headers=headers(version))
        found = [properties_of(row.feature) | _place(row.geometry) for row in session.execute(asked)]
    return Response(orjson.dumps({"segments": found}), 200, headers(version), JSON)


@router.get(
    "/segments/{segment_id:path}/history",
    summary="How a segment's condition went",
    response_model=History,
    responses=responses(401, 404),
)
def history(segment_id: SegmentId, request: Request, context: Ctx, kept: Kept, _: Reader) -> Response:
    """Tell a segment's condition after each day that a survey passed it, as it would have been graded then.

    Each moment knows only what was seen until then; the reviews and the table are those of today.
    """
    with context.database.read() as session:
        state = served_state(session)
        version = version_of(state)
        if is_known(request, version):
            return Response(status_code=304, headers=headers(version))
        row = _segment(session, segment_id)[0]
        part = read_part(session, state, kept.network.of(context, state), row)
        reviews = last_reviews(session, part.inventory.observations["defect"].unique().tolist())
        ids = dict(session.execute(select(LAYER_TABLES["surveys"].c.row, LAYER_TABLES["surveys"].c.survey_id)).all())
    most = context.settings.limits.history_days
    body = {"moments": moments(part, condition_table(state), verdicts(reviews), ids, most)}
    return Response(orjson.dumps(body), 200, headers(version), JSON)


@router.get(
    "/segments/{segment_id:path}", summary="One segment", response_model=SegmentAnswer, responses=responses(401, 404)
)
def segment(segment_id: SegmentId, request: Request, context: Ctx, _: Reader) -> Response:
    """Tell of a segment: its condition and why, its damage, what was seen of it, and what people said."""
    with context.database.read() as session:
        version = version_of(served_state(session))
        if is_known(request, version):
            return Response(status_code=304, headers=headers(version))
        feature = _segment(session, segment_id)[1]
        defects, coverage = LAYER_TABLES["defects"].c, LAYER_TABLES["coverage"].c
        damage = session.execute(
            select(defects.feature).where(defects.segment_id == segment_id).order_by(defects.offset_m, defects.row)
        ).scalars()
        stretches = session.execute(
            select(*(coverage[name] for name in STRETCH))
            .where(coverage.segment_id == segment_id)
            .order_by(coverage.utc.desc(), coverage.row)
        )
        said = session.scalars(
            select(Review)
            .where(Review.defect.in_(select(defects.id).where(defects.segment_id == segment_id)))
            .order_by(Review.id.desc())
        )
        whole = orjson.loads(feature)
        body = {
            "properties": whole["properties"],
            "geometry": whole["geometry"],
            "defects": [properties_of(one) for one in damage],
            "coverage": [dict(zip(STRETCH, row, strict=True)) for row in stretches],
            "reviews": [review_answer(one).model_dump(by_alias=True) for one in said],
        }
    return Response(orjson.dumps(body), 200, headers(version), JSON)


def _segment(session: Session, segment_id: str) -> tuple[int, str]:
    """A segment's row and feature; a Problem 404 where there is none."""
    c = LAYER_TABLES["segments"].c
    found = session.execute(select(c.row, c.feature).where(c.segment_id == segment_id)).first()
    if found is None:
        raise refusal("no_segment", number=segment_id[:60])
    return found.row, found.feature


def _place(wkb: bytes) -> dict[str, Any]:
    """Where a line is: its middle and its box."""
    line = shapely.from_wkb(wkb)
    middle = shapely.line_interpolate_point(line, 0.5, normalized=True)
    return {"lon": round(middle.x, 7), "lat": round(middle.y, 7), "bbox": list(line.bounds)}
