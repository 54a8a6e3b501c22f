"""Surveys: announce one, see how it goes, start it again, remove it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import and_, or_, select

from api.auth import Admin, Editor, Reader
from api.context import Context, Ctx
from api.errors import refusal, responses
from api.routes.uploads import Receiving
from api.settings import MAX_NUMBER, TEXT
from api.store.schema import Survey
from api.store.states import SurveyState
from api.surveys import announce
from api.surveys.answer import SurveyAnswer, SurveyOptions, answers
from api.surveys.arrive import begin, settle
from api.surveys.remove import remove_survey
from api.uploads.names import PATTERN

router = APIRouter(tags=["Surveys"])
Number = Annotated[str, Path(description="the survey's id", examples=["3f2a9c01d4e5"])]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$"),
]
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-fA-F]{64}$")]
NAMED: dict[str, Any] = {
    "anyOf": [
        {"properties": {"name": {"type": "string"}}, "required": ["name"]},
        {"properties": {"files": {"minItems": 1}}, "required": ["files"]},
    ]
}


class NewFile(BaseModel):
    """A file that is to come."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        max_length=1000,
        description="its name, of a kind that a survey has",
        examples=["drive.mp4"],
        json_schema_extra={"pattern": PATTERN},
    )
    size: int = Field(
        ge=0, le=MAX_NUMBER, description="its length, bytes", examples=[1_073_741_824], json_schema_extra={"minimum": 1}
    )
    sha256: Digest | None = Field(
        default=None, description="its SHA-256 in hex: then what arrives must have it", examples=["0" * 64]
    )

    @property
    def announced(self) -> announce.Announced:
        """As the survey takes it."""
        return announce.Announced(self.name, self.size, self.sha256)


class NewSurvey(BaseModel):
    """A drive whose files are to come. It has a name, or a file to be named after."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=NAMED)

    name: Name | None = Field(
        default=None, description="its name; none: that of its first file", examples=["Noord, mei"]
    )
    options: SurveyOptions = Field(default=SurveyOptions(), description="how to look at the footage")
    files: list[NewFile] = Field(default=[], description="its files")


class SurveyChange(BaseModel):
    """What a crew may change."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = Field(default=None, description="its name", examples=["Noord, mei"])
    options: SurveyOptions | None = Field(default=None, description="how to look at the footage")


class SurveyPage(BaseModel):
    """Some surveys, the newest first."""

    surveys: list[SurveyAnswer]
    next: str | None = Field(
        description="give it as `before` for the older ones; null: there are none", examples=["3f2a9c01d4e5"]
    )


def _one(context: Context, number: str) -> SurveyAnswer:
    with context.database.read() as session:
        survey = session.get(Survey, number)
        if survey is None:
            raise refusal("no_survey", number=number[:60])
        return answers(session, [survey])[0]


@router.post("/surveys", status_code=201, summary="Announce a survey", responses=responses(401, 403, 413, 415, 422))
def create(new: NewSurvey, context: Ctx, person: Editor, response: Response) -> SurveyAnswer:
    """Announce a drive and its files. Send the bytes of each to its `upload` by the tus protocol.

    When all files are here the survey is checked, looked at and put on the map by itself.
    """
    options = new.options.model_dump(exclude_none=True)
    files = [file.announced for file in new.files]
    with context.database.write() as session:
        survey = announce.announce(session, context.settings, person.name, new.name, options, files)
    response.headers["Location"] = f"/v1/surveys/{survey.id}"
    return _one(context, survey.id)


@router.get("/surveys", summary="All surveys", responses=responses(401, 404, 422))
def all_surveys(
    context: Ctx,
    _: Reader,
    state: Annotated[list[SurveyState], Query(description="only those in one of these states")] = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=500, description="how many at once")] = 50,
    before: Annotated[str | None, Query(max_length=60, pattern=TEXT, description="`next` of the page before")] = None,
) -> SurveyPage:
    """List the surveys, the newest first."""
    asked = select(Survey).order_by(Survey.created_s.desc(), Survey.id.desc()).limit(limit + 1)
    if state:
        asked = asked.where(Survey.state.in_(state))
    with context.database.read() as session:
        if before:
            mark = session.get(Survey, before)
            if mark is None:
                raise refusal("no_page", number=before)
            older = and_(Survey.created_s == mark.created_s, Survey.id < mark.id)
            asked = asked.where(or_(Survey.created_s < mark.created_s, older))
        found = list(session.scalars(asked))
        page = found[:limit]
        return SurveyPage(surveys=answers(session, page), next=page[-1].id if len(found) > limit else None)


@router.get("/surveys/{number}", summary="One survey", responses=responses(401, 404))
def one(number: Number, context: Ctx, _: Reader) -> SurveyAnswer:
    """Tell where a survey is, what was found wrong with it, and what came out."""
    return _one(context, number)


@router.patch("/surveys/{number}", summary="Change a survey", responses=responses(401, 403, 404, 409, 422))
def update(number: Number, change: SurveyChange, context: Ctx, _: Editor) -> SurveyAnswer:
    """Change its name at any time, its options before the footage is looked at."""
    with context.database.write() as session:
        survey = announce.survey_of(session, number)
        if change.name:
            survey.name = change.name
        if change.options is not None:
            if survey.state not in (*announce.OPEN, SurveyState.CHECKING):
                raise refusal("options_fixed", state=announce.state_of(survey))
            options = change.options.model_dump(exclude_none=True)
            if options != survey.options:
                announce.forget_result(survey)
            survey.options = options
    return _one(context, number)


@router.post(
    "/surveys/{number}/files",
    status_code=201,
    summary="Announce one more file",
    responses=responses(401, 403, 404, 409, 413, 415, 422),
)
def add_file(number: Number, new: NewFile, context: Ctx, _: Editor) -> SurveyAnswer:
    """Add a track, a camera profile or more footage; the survey is checked again when it is here."""
    with context.database.write() as session:
        survey = announce.survey_of(session, number)
        announce.add_files(session, context.settings, survey, [new.announced])
    return _one(context, number)


@router.delete(
    "/surveys/{number}/files/{file}", summary="Take a file out", responses=responses(401, 403, 404, 409, 423)
)
def remove_file(
    number: Number,
    file: Annotated[str, Path(description="the file's id", examples=["9b1de0c44f5a4e6c8a10d2a3b4c5d6e7"])],
    context: Ctx,
    receiver: Receiving,
    person: Editor,
) -> SurveyAnswer:
    """Remove a file and its bytes; if all others are here, the survey is checked again unless it was cancelled."""
    with context.database.write() as session:
        survey = announce.survey_of(session, number)
        gone = announce.remove_file(session, survey, file)
        doubles = settle(session, survey, person.name)
        if gone.key is None:
            receiver.remove(gone.id)
    for key in [gone.key, *doubles]:
        if key:
            context.blobs.remove(key)
    return _one(context, number)


@router.post("/surveys/{number}/go", summary="Go on all the same", responses=responses(401, 403, 404, 409))
def go(number: Number, context: Ctx, person: Editor) -> SurveyAnswer:
    """Look at the footage although the check warned. What it stopped for has to be put right first."""
    with context.database.write() as session:
        survey = announce.survey_of(session, number)
        if survey.state != SurveyState.ATTENTION:
            raise refusal("not_waiting", state=announce.state_of(survey))
        if any(finding["level"] == "stop" for finding in survey.findings):
            raise refusal("stopped")
        announce.look(session, survey, person.name)
    return _one(context, number)


@router.post("/surveys/{number}/check", summary="Check again", responses=responses(401, 403, 404, 409))
def check(number: Number, context: Ctx, person: Editor) -> SurveyAnswer:
    """Check the files again, after an option was changed."""
    with context.database.write() as session:
        survey = announce.survey_of(session, number)
        if survey.state not in announce.OPEN:
            raise refusal("no_check", state=announce.state_of(survey))
        doubles = begin(session, survey, person.name)
    for double in doubles:
        context.blobs.remove(double)
    return _one(context, number)


@router.post("/surveys/{number}/retry", summary="Try again", responses=responses(401, 403, 404, 409))
def retry(number: Number, context: Ctx, person: Editor) -> SurveyAnswer:
    """Try again what failed or was cancelled."""
    doubles: list[str] = []
    with context.database.write() as session:
        survey = announce.survey_of(session, number)
        if survey.state not in (SurveyState.FAILED, SurveyState.CANCELLED):
            raise refusal("no_retry", state=announce.state_of(survey))
        if survey.result_key:  # it was looked at; only the map failed
            announce.change(survey, SurveyState.MAPPING)
            survey.error = None
            announce.put_on_map(session, person.name)
        else:
            doubles = begin(session, survey, person.name)
    for double in doubles:
        context.blobs.remove(double)
    return _one(context, number)


@router.post("/surveys/{number}/cancel", summary="Stop", responses=responses(401, 403, 404, 409))
def cancel(number: Number, context: Ctx, _: Editor) -> SurveyAnswer:
    """Stop what is being done for a survey. Its files stay, and those on their way still come; `retry` goes on."""
    with context.database.write() as session:
        announce.cancel(session, announce.survey_of(session, number))
    return _one(context, number)


@router.delete("/surveys/{number}", status_code=204, summary="Remove a survey", responses=responses(401, 403, 404, 423))
def remove(request: Request, number: Number, context: Ctx, receiver: Receiving, person: Admin) -> Response:
    """Remove a survey, its footage and its result; a job takes it off the map."""
    remove_survey(context, receiver, number, person.name)
    return Response(status_code=204)
