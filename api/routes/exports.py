"""Downloads."""

import re
import secrets
import time
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from api.auth import Reader
from api.context import Ctx
from api.errors import Problem, refusal, responses
from api.jobs import queue
from api.jobs.answer import JobAnswer, utc
from api.jobs.answer import answer as job_answer
from api.store.layers import map_state
from api.store.schema import Export, Job
from api.store.states import JobState

router = APIRouter(tags=["Downloads"])
Format = Literal["gpkg", "geoparquet", "csv", "xlsx", "geojson", "fgb", "pmtiles", "pdf"]
Number = Annotated[str, Path(description="the download's id", examples=["9b1de0c44f5a"])]
USABLE = (JobState.QUEUED, JobState.RUNNING, JobState.DONE)
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class NewExport(BaseModel):
    """What to make."""

    model_config = ConfigDict(extra="forbid")

    format: Format = Field(description="kind of file; several files come in a .zip", examples=["gpkg"])
    lang: Literal["nl", "en"] = Field(default="nl", description="language of headings and texts", examples=["nl"])


class ExportAnswer(BaseModel):
    """A download, and how far it is."""

    id: str = Field(description="its id", examples=["9b1de0c44f5a"])
    format: Format = Field(description="kind of file", examples=["gpkg"])
    lang: Literal["nl", "en"] = Field(description="language", examples=["nl"])
    state: JobState = Field(description="where it is", examples=["done"])
    job: JobAnswer = Field(description="the work that makes it")
    url: str | None = Field(description="the file, once it is made", examples=["/v1/exports/9b1de0c44f5a/file"])
    name: str | None = Field(description="the file's name", examples=["schouw-7.3.gpkg"])
    bytes: int | None = Field(description="its length", examples=[1_048_576])
    created_utc: str = Field(description="when it was asked for (ISO 8601, UTC)", examples=["2026-05-14T09:30:00Z"])
    version: str = Field(description="state of the map: revision.changes", examples=["7.3"])


class Exports(BaseModel):
    """Downloads, the newest first."""

    exports: list[ExportAnswer]


@router.post(
    "/exports",
    status_code=202,
    summary="Make a download",
    responses={200: {"model": ExportAnswer, "description": "it is there already"}, **responses(401, 409, 422)},
)
def create(new: NewExport, context: Ctx, person: Reader, response: Response) -> ExportAnswer:
    """Have the newest map written in a format, with the reviews. The same download is made once."""
    with context.database.write() as session:
        queue.one_at_a_time(session)
        state = map_state(session)
        if state is None:
            raise refusal("no_network")
        there = session.execute(
            select(Export, Job)
            .join(Job, Job.id == Export.job)
            .where(Export.format == new.format, Export.lang == new.lang, Job.state.in_(USABLE))
            .where(Export.revision == state.revision, Export.changes == state.changes)
        ).first()
        if there is not None:
            response.status_code = 200
            return _answer(there[0], there[1])
        number = secrets.token_hex(6)
        job = queue.enqueue(session, "export", {"export": number}, person=person.name)
        made = Export(
            id=number,
            format=new.format,
            lang=new.lang,
            revision=state.revision,
            changes=state.changes,
            job=job,
            person=person.name,
            created_s=time.time(),
        )
        session.add(made)
        session.flush()
        response.headers["Location"] = f"/v1/exports/{number}"
        return _answer(made, session.get_one(Job, job))


@router.get("/exports", summary="All downloads", responses=responses(401))
def all_exports(context: Ctx, _: Reader) -> Exports:
    """List the downloads, the newest first."""
    asked = select(Export, Job).join(Job, Job.id == Export.job).order_by(Export.created_s.desc()).limit(200)
    with context.database.read() as session:
        return Exports(exports=[_answer(made, job) for made, job in session.execute(asked)])


@router.get("/exports/{number}", summary="One download", responses=responses(401, 404))
def one(number: Number, context: Ctx, _: Reader) -> ExportAnswer:
    """Tell how far a download is."""
    with context.database.read() as session:
        made = _found(session, number)
        return _answer(made, session.get_one(Job, made.job))


@router.get(
    "/exports/{number}/file",
    summary="The file",
    response_class=StreamingResponse,
    responses={
        200: {"description": "the file", "content": {"application/octet-stream": {}}},
        206: {"description": "a part of it", "content": {"application/octet-stream": {}}},
        **responses(401, 404, 409, 416),
    },
)
def file(
    number: Number,
    context: Ctx,
    _: Reader,
    asked: Annotated[str | None, Header(alias="Range", description="one part of it", examples=["bytes=0-1023"])] = None,
) -> Response:
    """Download the file, or with Range a part of it: a download that broke off goes on."""
    from api.work.export import KINDS

    with context.database.read() as session:
        made = _found(session, number)
    if made.key is None or made.bytes is None or made.name is None:
        raise refusal("download_not_made")
    if not context.blobs.exists(made.key):
        raise refusal("download_gone")
    start, stop = _part(asked, made.bytes)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name)}",
        "Content-Length": str(stop - start),
        "ETag": f'"{made.id}"',
    }
    if asked and (start, stop) != (0, made.bytes):
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{made.bytes}"
    return StreamingResponse(
        context.blobs.stream(made.key, start, stop),
        status_code=206 if "Content-Range" in headers else 200,
        headers=headers,
        media_type=KINDS[made.format].media_type,
    )


def _part(asked: str | None, size: int) -> tuple[int, int]:
    """The bytes that a Range asks for; all of them where it is none that is understood (RFC 9110, 14.2)."""
    match = ONE_RANGE.fullmatch(asked.strip()) if asked else None
    if match is None or not (match[1] or match[2]):
        return 0, size
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start, stop = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
    if start >= stop:
        raise Problem(416, f"the file has {size} bytes", {"Content-Range": f"bytes */{size}"})
    return start, stop


def _found(session: Session, number: str) -> Export:
    made = session.get(Export, number)
    if made is None:
        raise refusal("no_download", number=number[:60])
    return made


def _answer(made: Export, job: Job) -> ExportAnswer:
    return ExportAnswer(
        id=made.id,
        format=made.format,  # type: ignore[arg-type]
        lang=made.lang,  # type: ignore[arg-type]
        state=JobState(job.state),
        job=job_answer(job),
        url=f"/v1/exports/{made.id}/file" if made.key else None,
        name=made.name,
        bytes=made.bytes,
        created_utc=utc(made.created_s) or "",
        version=f"{made.revision}.{made.changes}",
    )
