"""What changed between two days."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.auth import Reader
from api.context import Ctx
from api.errors import responses
from api.features.compared import comparison
from api.features.served import Kept, headers, is_known, served_state, version_of

router = APIRouter(tags=["Segments"])
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"})]


class Summary(BaseModel):
    """How much changed."""

    segments: dict[str, int] = Field(
        description="segments by what became of them", examples=[{"worse": 3, "better": 1, "no clear change": 40}]
    )
    defects: dict[str, int] = Field(
        description="defects by what became of them", examples=[{"new": 12, "grown": 4, "gone": 2, "first seen": 0}]
    )
    comparable_m: float = Field(description="length of the segments graded on both days, m", examples=[15200.5])


class Features(BaseModel):
    """Features (GeoJSON, longitude and latitude)."""

    type: Literal["FeatureCollection"] = Field(examples=["FeatureCollection"])
    features: list[dict[str, Any]] = Field(description="each with `change` among its properties", examples=[[]])


class Comparison(BaseModel):
    """The map on two days, side by side."""

    summary: Summary
    segments: Features = Field(description="that either day had seen, with `..._before` and `..._after`")
    defects: Features = Field(description="of the later day that are new, first seen, grown or gone")


@router.get("/compare", summary="What changed", response_model=Comparison, responses=responses(401, 404, 422))
def compare(
    request: Request,
    context: Ctx,
    kept: Kept,
    _: Reader,
    before: Annotated[Day, Query(description="the earlier day, at its end (UTC)", examples=["2026-04-30"])],
    after: Annotated[Day, Query(description="the later day, at its end (UTC)", examples=["2026-10-31"])],
) -> Response:
    """Compare the map at the ends of two days: which segments got worse or better, which damage is new or gone.

    A change of a score is called clear when it is larger than the doubt of both scores together.
    """
    with context.database.read() as session:
        state = served_state(session)
        version = version_of(state)
        if is_known(request, version):
            return Response(status_code=304, headers=headers(version))
        body = kept.comparisons.made(
            (version, before, after), lambda: comparison(session, context, state, before, after)
        )
    return Response(body, 200, headers(version), "application/json")
