"""Who asks, and what they may do.

People are known by the reverse proxy, which names them in a header (`SCHOUW_USER_HEADER`); machines by a bearer token
(`SCHOUW_TOKENS`). A server with neither is open, and `schouw serve` then listens on this machine only. There a person
may say a name in `X-Schouw-Person`, so that a review says who made it.

Dependencies that wait for nothing are coroutines: FastAPI would send functions to a thread, for each request.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Request

from api.errors import refusal
from api.settings import Role, Settings, digest

RANK: dict[Role, int] = {"reader": 0, "editor": 1, "admin": 2}
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who asks."""

    name: str
    role: Role


async def who(request: Request) -> Person:
    """Tell who asks; a Problem 401 when nobody can tell."""
    settings: Settings = request.app.state.context.settings
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if settings.tokens and scheme.lower() == "bearer" and token:
        given = digest(token.strip())
        for name, kept in settings.tokens.items():
            if hmac.compare_digest(given, kept.sha256):
                return Person(name, kept.role)
        raise refusal("unknown_token", {"WWW-Authenticate": "Bearer"})
    if settings.user_header and (named := request.headers.get(settings.user_header, "").strip()):
        name = _name(named)
        role: Role = "admin" if name in settings.admins else "reader" if name in settings.readers else "editor"
        return Person(name, role)
    if settings.is_open:
        return Person(_name(request.headers.get("x-schouw-person", "")) or "anyone", "admin")
    raise refusal("log_in", {"WWW-Authenticate": "Bearer"})


def _name(given: str) -> str:
    """A person's name from a header; PostgreSQL takes no NUL."""
    return unquote(given).replace("\0", "").strip()[:MAX_NAME]


def may(role: Role) -> Callable[[Person], Awaitable[Person]]:
    """Make a dependency that lets through who has this role or a higher one."""

    async def check(person: Annotated[Person, Depends(who)]) -> Person:
        if RANK[person.role] < RANK[role]:
            raise refusal("may_only_look", name=person.name, role=role)
        return person

    return check


Reader = Annotated[Person, Depends(may("reader"))]
Editor = Annotated[Person, Depends(may("editor"))]
Admin = Annotated[Person, Depends(may("admin"))]
