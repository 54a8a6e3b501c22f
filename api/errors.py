"""Every error as problem+json (RFC 9457): one table from exception to status, one plain sentence in `detail`."""

import logging
import re
import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.sentences import SENTENCES, in_both
from detector.errors import NetworkError, SchouwError

MEDIA_TYPE = "application/problem+json"
KINDS: dict[int, tuple[str, str, str]] = {  # by status: code, and title in Dutch and English
    400: ("bad_request", "Dit verzoek is niet te gebruiken", "The request can't be used"),
    401: ("unknown_person", "Wie bent u?", "Who are you?"),
    403: ("not_allowed", "Dit mag niet", "Not allowed"),
    404: ("not_found", "Niet gevonden", "Not found"),
    405: ("not_possible", "Dat kan hier niet", "Not possible here"),
    406: ("not_offered", "Niet in die vorm", "Not offered in that form"),
    409: ("conflict", "Dat kan nu niet", "Not possible now"),
    410: ("gone", "Niet meer hier", "No longer there"),
    412: (
        "other_protocol",
        "Deze versie van het protocol wordt niet gesproken",
        "The protocol's version is not supported",
    ),
    413: ("too_large", "Te groot", "Too large"),
    415: ("unknown_content", "Onbekend soort inhoud", "Unknown kind of content"),
    416: ("no_such_part", "Zo'n deel heeft het bestand niet", "No such part of the file"),
    422: ("invalid", "Er klopt iets niet in het verzoek", "Something in the request is wrong"),
    423: ("busy", "Bezig met een ander verzoek", "Busy with another request"),
    429: ("too_many", "Te veel verzoeken", "Too many requests"),
    460: ("damaged", "De bytes kwamen beschadigd aan", "The bytes arrived damaged"),
    500: ("mistake", "De server maakte een fout", "The server made a mistake"),
    503: ("not_ready", "Nog niet klaar", "Not ready"),
    507: ("disk_full", "De schijf van de server is vol", "The server's disk is full"),
}
WANTED = re.compile(r"(?:^|,)\s*(nl|en)(?:-[\w-]*)?\s*(?:;\s*q=([01](?:\.\d*)?)\s*)?(?=,|$)", re.IGNORECASE)
log = logging.getLogger("schouw")


class Problem(HTTPException):
    """A mistake to tell the caller: what, where, what to do."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.code, self.dutch = "", ""  # none of its own: that of its status; only in English


def refusal(code: str, headers: Mapping[str, str] | None = None, **values: object) -> Problem:
    """Make a problem from SENTENCES."""
    status, dutch, english = SENTENCES[code]
    dutch, english = in_both(dutch, english, **values)
    told = Problem(status, english, headers)
    told.code, told.dutch = code, dutch
    return told


class ProblemBody(BaseModel):
    """An error, as RFC 9457 writes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", description="URI of the kind of problem", examples=["about:blank"])
    code: str = Field(description="the problem's name, the same in every language", examples=["no_segment"])
    title: str = Field(description="the kind of problem", examples=["Not found"])
    status: int = Field(description="HTTP status", examples=[404])
    detail: str = Field(
        description="what is wrong, where, and what to do; in Dutch where Accept-Language prefers it and people can "
        "meet the problem in the web app",
        examples=["no segment '12'; see /v1/segments"],
    )


def problem(told: Problem, accept_language: str, **more: Any) -> JSONResponse:
    """Write a problem as an answer, in the language that the caller prefers where it is said in that."""
    status = told.status_code
    code, *titles = KINDS.get(status, KINDS[400 if status < 500 else 500])
    dutch = prefers_dutch(accept_language)
    body = {
        "type": "about:blank",
        "code": told.code or code,
        "title": titles[0 if dutch else 1],
        "status": status,
        "detail": (told.dutch if dutch else "") or told.detail,
    }
    return JSONResponse(body | more, status, {"Vary": "Accept-Language", **(told.headers or {})}, MEDIA_TYPE)


def prefers_dutch(accept_language: str) -> bool:
    """Whether a request asks for Dutch sooner than for English (RFC 9110, 12.5.4)."""
    wanted = [(float(weight or 1), language.lower()) for language, weight in WANTED.findall(accept_language)]
    weight, language = max(wanted, key=lambda one: one[0], default=(0.0, "en"))
    return weight > 0 and language == "nl"


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe errors in the OpenAPI document, for a route's `responses`."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
    return {status: {"description": KINDS[status][2], "content": {MEDIA_TYPE: schema}} for status in statuses}


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


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return problem(error, _accepted(request))


async def _schouw(request: Request, error: Exception) -> JSONResponse:
    return problem(Problem(409 if isinstance(error, NetworkError) else 422, str(error)), _accepted(request))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    wrong = [{"where": ".".join(str(part) for part in e["loc"]), "what": str(e["msg"])} for e in error.errors()]
    where = ", ".join(w["where"] for w in wrong[:3])
    what = "; ".join(f"{w['where']}: {w['what']}" for w in wrong[:3])
    return problem(refusal("invalid", where=where, what=what), _accepted(request), errors=wrong)


async def _http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses."""
    assert isinstance(error, HTTPException)
    code = {404: "no_address", 405: "no_method"}.get(error.status_code)
    told = refusal(code, error.headers) if code else Problem(error.status_code, error.detail, error.headers)
    return problem(told, _accepted(request))


async def _mistake(request: Request, error: Exception) -> JSONResponse:
    number = uuid.uuid4().hex[:8]
    log.error("mistake %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return problem(refusal("mistake", number=number), _accepted(request))
