"""Resumable uploads after the tus 1.0 protocol."""

import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from api.auth import Editor, Person
from api.context import Context, Ctx
from api.errors import refusal, responses
from api.settings import MAX_NUMBER
from api.store.schema import File
from api.surveys.announce import HOUR_S, Announced, add_files, announce, files_of, survey_of
from api.surveys.answer import UPLOADS
from api.surveys.arrive import Arrivals, settle
from api.uploads import tus
from api.uploads.receive import Receiver, check_offset

router = APIRouter(tags=["Uploads"])
Number = Annotated[str, Path(description="the file's id", examples=["9b1de0c44f5a4e6c8a10d2a3b4c5d6e7"])]
# The protocol has its own statuses for headers that are missing or wrong, so they are read here and not by FastAPI, and
# described by DOCUMENTED.
Version = Annotated[str | None, Header(alias="Tus-Resumable", include_in_schema=False)]
Word = Annotated[str | None, Header(include_in_schema=False)]
BASE64 = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)"
PAIR = rf"[!-+\--~]+ {BASE64}"
DOCUMENTED: dict[str, tuple[dict[str, Any], str, Any]] = {
    "Tus-Resumable": ({"type": "string", "enum": [tus.VERSION]}, "version of the protocol", tus.VERSION),
    "Upload-Length": (
        {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
        "length of the file, bytes",
        1_048_576,
    ),
    "Upload-Metadata": (
        {"type": "string", "maxLength": tus.MAX_METADATA, "pattern": f"^({PAIR},)*filename {BASE64}(,{PAIR})*$"},
        "pairs of a key and a base64 value: filename, and if known survey (its id; none: a new survey of this file) "
        "and sha256 (in hex)",
        "filename ZHJpdmUubXA0",
    ),
    "Upload-Offset": (
        {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER},
        "where these bytes begin; what HEAD tells",
        0,
    ),
    "Upload-Checksum": (
        {"type": "string", "pattern": f"^({'|'.join(tus.ALGORITHMS)}) {BASE64}$"},
        "what the bytes of this request hash to: an algorithm and a digest in base64",
        "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    ),
}


def _headers(*names: str, optional: str = "") -> dict[str, Any]:
    """Describe headers in the OpenAPI document, for a route's `openapi_extra`."""
    described = []
    for name in names:
        schema, text, example = DOCUMENTED[name]
        about = {"required": name != optional, "description": text, "schema": schema, "example": example}
        described.append({"name": name, "in": "header", **about})
    return {"parameters": described}


def _receiver(request: Request) -> Receiver:
    receiver: Receiver = request.app.state.receiver
    return receiver


Receiving = Annotated[Receiver, Depends(_receiver)]


@router.options("/uploads", summary="What of tus is spoken", status_code=204)
def options(context: Ctx) -> Response:
    """Tell the version, the extensions and the largest file."""
    return Response(
        status_code=204,
        headers={
            **tus.HEADERS,
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
            "Tus-Max-Size": str(context.settings.limits.upload_bytes),
        },
    )


@router.post(
    "/uploads",
    summary="Announce a file",
    status_code=201,
    response_class=Response,
    responses=responses(400, 401, 403, 404, 409, 412, 413, 415, 422, 507),
    openapi_extra=_headers("Tus-Resumable", "Upload-Length", "Upload-Metadata"),
)
async def create(
    request: Request,
    context: Ctx,
    receiver: Receiving,
    person: Editor,
    version: Version = None,
    upload_length: Word = None,
    upload_metadata: Word = None,
    upload_checksum: Word = None,
) -> Response:
    """Begin an upload (tus creation, and creation-with-upload). The answer's Location is where the bytes go."""
    tus.check_version(version)
    size = tus.read_number("Upload-Length", upload_length)
    metadata, checksum = tus.read_metadata(upload_metadata), tus.read_checksum(upload_checksum)
    with_bytes = int(request.headers.get("content-length") or "0") > 0 or "transfer-encoding" in request.headers
    if with_bytes:
        tus.check_content(request.headers.get("content-type"))
    number = await run_in_threadpool(_announce, context, receiver, person, size, metadata)
    headers = {"Location": f"{UPLOADS}/{number}"}
    if not with_bytes:
        return Response(status_code=201, headers={**headers, **await run_in_threadpool(_progress, context, number)})
    answer = await _receive(request, context, receiver, person, number, 0, checksum)
    answer.status_code = 201
    answer.headers.update(headers)
    return answer


@router.head(
    "/uploads/{number}",
    summary="How far is it",
    response_class=Response,
    responses=responses(401, 403, 404, 410, 412),
    openapi_extra=_headers("Tus-Resumable"),
)
async def head(number: Number, context: Ctx, receiver: Receiving, _: Editor, version: Version = None) -> Response:
    """Tell how many bytes are safely here: go on from there."""
    tus.check_version(version)
    await receiver.quieten(number)
    headers = await run_in_threadpool(_progress, context, number)
    return Response(status_code=200, headers={**headers, "Cache-Control": "no-store"})


@router.patch(
    "/uploads/{number}",
    summary="Send bytes",
    status_code=204,
    response_class=Response,
    responses=responses(400, 401, 403, 404, 409, 410, 412, 413, 415, 423, 460, 507),
    openapi_extra={
        "requestBody": {"content": {tus.CONTENT: {"schema": {"type": "string", "format": "binary"}}}, "required": True}
    }
    | _headers("Tus-Resumable", "Upload-Offset", "Upload-Checksum", optional="Upload-Checksum"),
)
async def patch(
    request: Request,
    number: Number,
    context: Ctx,
    receiver: Receiving,
    person: Editor,
    version: Version = None,
    upload_offset: Word = None,
    upload_checksum: Word = None,
) -> Response:
    """Send bytes from an offset on, all that are left or a part. Breaking off is no harm: ask HEAD and go on.

    With `Upload-Checksum` (sha1, sha256 or md5) the bytes are kept only if they arrived whole.
    """
    tus.check_version(version)
    tus.check_content(request.headers.get("content-type"))
    offset, checksum = tus.read_number("Upload-Offset", upload_offset), tus.read_checksum(upload_checksum)
    return await _receive(request, context, receiver, person, number, offset, checksum)


@router.delete(
    "/uploads/{number}",
    summary="Give it up",
    status_code=204,
    response_class=Response,
    responses=responses(401, 403, 404, 409, 410, 412, 423),
    openapi_extra=_headers("Tus-Resumable"),
)
def delete(number: Number, context: Ctx, receiver: Receiving, person: Editor, version: Version = None) -> Response:
    """End an unfinished upload; what came of it is removed (tus termination)."""
    tus.check_version(version)
    doubles: list[str] = []
    with context.database.write() as session:
        file = session.get(File, number)
        if file is None:
            raise refusal("no_upload", tus.HEADERS, number=number[:60])
        if file.state in ("complete", "removed"):
            raise refusal("upload_complete", tus.HEADERS)
        receiver.remove(number)
        survey = survey_of(session, file.survey)
        session.delete(file)
        session.flush()
        if files_of(session, survey.id):
            doubles = settle(session, survey, person.name)
        else:
            session.delete(survey)
    for double in doubles:
        context.blobs.remove(double)
    return Response(status_code=204, headers=tus.HEADERS)


def _announce(context: Context, receiver: Receiver, person: Person, size: int, metadata: dict[str, str]) -> str:
    """Add the file to its survey, or make one; give its id."""
    name = metadata.get("filename") or metadata.get("name") or ""
    file = Announced(name, size, tus.read_digest(metadata.get("sha256")))
    with context.database.write() as session:
        if asked := metadata.get("survey"):
            survey = survey_of(session, asked)
            number = add_files(session, context.settings, survey, [file])[0].id
        else:
            survey = announce(session, context.settings, person.name, None, {}, [file])
            number = files_of(session, survey.id)[0].id
    return number


async def _receive(
    request: Request,
    context: Context,
    receiver: Receiver,
    person: Person,
    number: str,
    offset: int,
    checksum: tus.Checksum | None,
) -> Response:
    file = await run_in_threadpool(_unfinished, context, number)
    check_offset(file.received, offset)
    left = file.size - offset
    if int(request.headers.get("content-length") or "0") > left:
        raise refusal("too_many_bytes", tus.HEADERS, left=left)
    expires_s = time.time() + context.settings.upload_hours * HOUR_S

    def safe(length: int) -> None:
        with context.database.write() as session:
            kept = session.get(File, number)
            if kept is None:
                raise refusal("upload_given_up", tus.HEADERS)
            kept.received, kept.state, kept.expires_s = length, "receiving", expires_s

    blocks: AsyncIterator[bytes] = request.stream()
    received = partial(_received, context, number)
    length = await receiver.receive(number, offset, received, left, blocks, checksum, safe)
    if length == file.size:
        await run_in_threadpool(Arrivals(context, receiver).finish, number, person.name)
    return Response(status_code=204, headers=tus.progress_headers(length, None if length == file.size else expires_s))


def _unfinished(context: Context, number: str) -> File:
    """The file of an upload that may go on. Raises Problem 404, 409 or 410."""
    with context.database.read() as session:
        file = session.get(File, number)
    if file is None:
        raise refusal("no_upload", tus.HEADERS, number=number[:60])
    if file.state == "removed" or (file.expires_s is not None and file.expires_s < time.time()):
        raise refusal("upload_expired", tus.HEADERS)
    if file.state == "complete":
        raise refusal("upload_complete", tus.HEADERS)
    return file


def _received(context: Context, number: str) -> int:
    return _unfinished(context, number).received


def _progress(context: Context, number: str) -> dict[str, str]:
    with context.database.read() as session:
        file = session.get(File, number)
    if file is None:
        raise refusal("no_upload", tus.HEADERS, number=number[:60])
    if file.expires_s is not None and file.expires_s < time.time():
        raise refusal("upload_expired", tus.HEADERS)
    metadata = {"filename": file.name, "survey": file.survey}
    return {
        **tus.progress_headers(file.received, file.expires_s),
        "Upload-Length": str(file.size),
        "Upload-Metadata": tus.write_metadata(metadata),
    }
