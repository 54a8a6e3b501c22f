"""Pictures of defects: the part of the carriageway that shows them, and nothing else of the footage."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.auth import Reader
from api.context import Ctx
from api.errors import Problem, responses
from api.settings import MAX_NUMBER
from roads.layers import picture as key_of

router = APIRouter(tags=["Defects and reviews"])
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "it", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get(
    "/pictures/{survey_id}/{number}.jpg",
    summary="Picture of a defect",
    response_class=Response,
    responses=SHOWN | responses(401, 404),
)
def picture(
    survey_id: Annotated[
        str, Path(pattern="^[A-Za-z0-9_-]{1,60}$", description="the survey that took it", examples=["54518d4e23e3"])
    ],
    number: Annotated[int, Path(ge=0, le=MAX_NUMBER, description="its number in that survey", examples=[1])],
    context: Ctx,
    _: Reader,
) -> Response:
    """Show a defect. What a picture shows never changes, so it may be kept."""
    try:
        content = context.blobs.read(key_of(survey_id, number))
    except FileNotFoundError as error:
        raise Problem(404, f"survey {survey_id} has no picture {number}") from error
    kept = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(content, 200, kept, "image/jpeg")
