"""The application: all routes, errors as problem+json, and the web app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.responses import RedirectResponse

from api import errors
from api.context import Context
from api.guard import Guard
from api.jobs.events import Feed
from api.routes import (
    about,
    compare,
    exports,
    features,
    jobs,
    match,
    pictures,
    reviews,
    segments,
    surveys,
    tiles,
    uploads,
)
from api.site import NOT_BUILT, Site
from api.uploads.receive import Receiver
from detector import __version__

WEB = Path(__file__).parent / "web" / "dist"
ROUTES: tuple[tuple[str, APIRouter], ...] = (
    ("/v1", about.router),
    ("/v1", surveys.router),
    ("/v1", uploads.router),
    ("/v1", jobs.router),
    ("/v1", match.router),
    ("/v1", segments.router),
    ("/v1", compare.router),
    ("/v1", reviews.router),
    ("/v1", exports.router),
    ("/v1", pictures.router),
    ("/v1", tiles.router),
    ("/ogc", features.router),
)


def create_app(context: Context) -> FastAPI:
    """Make the application of a server whose parts are open; it closes them when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.feed.close()
        context.close()

    app = FastAPI(
        title="Schouw",
        version=__version__,
        summary="Road condition from dashcam footage, per road segment",
        description="Uploads of footage, damage and condition per road segment, OGC API Features, vector tiles.",
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own page loads its scripts from elsewhere; the web app has one of ours
        redoc_url=None,
    )
    app.state.context = context
    app.state.receiver = Receiver(context.settings.home / "uploads")
    app.state.feed = Feed(context.database)
    app.add_middleware(Guard, body_bytes=context.settings.limits.body_bytes)
    errors.install(app)
    for prefix, router in ROUTES:
        app.include_router(router, prefix=prefix)
    if WEB.is_dir():
        app.add_api_route("/docs", _docs, include_in_schema=False)
        app.mount("/", Site(WEB, context.settings.basemap), name="web")
    else:
        app.add_api_route("/", _not_built, include_in_schema=False)
    return app


def _docs() -> RedirectResponse:
    return RedirectResponse("docs.html")  # relative: a proxy may give the server a folder


def _not_built() -> None:
    raise errors.Problem(404, NOT_BUILT)
