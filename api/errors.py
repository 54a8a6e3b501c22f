"""Every error as problem+json (RFC 9457): one table from exception to status, one plain sentence in `detail`."""

import logging
import uuid
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from detector.errors import NetworkError, SchouwError

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request can't be used",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    406: "Not offered in that form",
    409: "Not possible now",
    410: "No longer there",
    412: "The protocol's version is not supported",
    413: "Too large",
    415: "Unknown kind of content",
    422: "Something in the request is wrong",
    416: "No such part of the file",
    423: "Busy with another request",
    429: "Too many requests",
    460: "The bytes arrived damaged",
    500: "The server made a mistake",
    503: "Not ready",
    507: "The server's disk is full",
}
log = logging.getLogger("schouw")


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """A mistake to tell the caller: what, where, what to do."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        self.status, self.detail, self.headers, self.more = status, detail, headers, more
        super().__init__(detail)


class ProblemBody(BaseModel):
    """An error, as RFC 9457 writes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", description="URI of the kind of problem", examples=["about:blank"])
    title: str = Field(description="the kind of problem", examples=["Not found"])
    status: int = Field(description="HTTP status", examples=[404])
    detail: str = Field(
        description="what is wrong, where, and what to do", examples=["no segment '12'; see /v1/segments"]
    )


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """Write a problem as an answer."""
    title = TITLES.get(status, "The request can't be used" if status < 500 else "The server made a mistake")
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe errors in the OpenAPI document, for a route's `responses`."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
    return {status: {"description": TITLES[status], "content": {MEDIA_TYPE: schema}} for status in statuses}


def install(app: FastAPI) -> None:
    """Turn the exceptions of all routes into problems, and say so in the OpenAPI document."""
    _describe(app)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(SchouwError, _schouw)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _mistake)


def _describe(app: FastAPI) -> None:
    """Let the document say that what doesn't fit it is answered by a problem too, and not as FastAPI would."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["ProblemBody"] = ProblemBody.model_json_schema()
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for operation in (operation for path in document["paths"].values() for operation in path.values()):
                if "422" in operation["responses"]:
                    operation["responses"]["422"] = responses(422)[422]
                if "requestBody" in operation:  # that can't be read
                    operation["responses"]["400"] = responses(400)[400]
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return problem(error.status, error.detail, error.headers, **error.more)


async def _schouw(_: Request, error: Exception) -> JSONResponse:
    return problem(409 if isinstance(error, NetworkError) else 422, str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = [{"where": ".".join(str(part) for part in e["loc"]), "what": str(e["msg"])} for e in error.errors()]
    detail = "; ".join(f"{w['where']}: {w['what']}" for w in wrong[:3])
    return problem(422, detail, errors=wrong)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    said = error.detail if error.detail and error.status_code not in (404, 405) else None
    plain = {
        404: "there is nothing at this address; see /docs",
        405: "this address doesn't take that method; see /docs",
    }
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, said or plain.get(error.status_code, "see /docs"), headers)


async def _mistake(request: Request, error: Exception) -> JSONResponse:
    number = uuid.uuid4().hex[:8]
    log.error("mistake %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return problem(500, f"something went wrong here, not with you; tell the administrator number {number}")
