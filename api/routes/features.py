"""OGC API Features: Core, reference systems, and filtering with CQL2."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import select

from api.auth import Reader
from api.context import Context, Ctx
from api.errors import Problem, responses
from api.features import describe
from api.features.crs import Crs
from api.features.geometry import allow_relations
from api.features.pages import collection, moved, read_page
from api.features.query import ROW, attribute, no_parameters, read_crs, read_query
from api.features.served import Kept, Served, is_known, version_of
from api.settings import Limits
from api.store.fields import IDS, LAYERS, Field
from api.store.layers import count_features, feature_of, map_state
from api.store.schema import LAYER_TABLES
from detector import __version__

router = APIRouter(tags=["OGC API Features"])
MOST = Limits().page  # what the OpenAPI document says; a server may be set otherwise
Feature = Annotated[str, Path(description="the feature's id", examples=["900000002"])]


def base_of(request: Request, context: Context) -> str:
    """Give the address of the server, as callers see it, without a slash at its end."""
    return (context.settings.public_url or str(request.base_url)).rstrip("/")


def _said(text: str, kind: str = describe.JSON, *problems: int) -> dict[int | str, dict[str, Any]]:
    content = {kind: {"schema": {"type": "object"}}}
    described: dict[int | str, dict[str, Any]] = {200: {"description": text, "content": content}}
    if 304 in problems:
        described[304] = {"description": "what the caller has is still so"}
    return described | responses(400, 401, *(problem for problem in problems if problem != 304))


def _answer(body: Any, kind: str = describe.JSON) -> Response:
    return Response(orjson.dumps(body), media_type=kind)


@router.get("", include_in_schema=False)  # as GDAL asks for it
@router.get("/", summary="The service", response_class=Response, responses=_said("links"))
def landing(request: Request, context: Ctx, _: Reader) -> Response:
    """Link to the layers, to what of the standards is here, and to the documentation.

    This is the address for QGIS (Add WFS / OGC API - Features Layer) and GDAL (`OAPIF:https://.../ogc`).
    """
    no_parameters(request.query_params.multi_items())
    return _answer(describe.landing(base_of(request, context), context.settings.title))


@router.get("/api", summary="Its addresses", response_class=Response, responses=_said("OpenAPI", describe.OPENAPI_30))
def api(request: Request, context: Ctx, _: Reader) -> Response:
    """Describe the addresses below /ogc as OpenAPI 3.0, for programs that read no newer one."""
    no_parameters(request.query_params.multi_items())
    title, most = context.settings.title, context.settings.limits.page
    return _answer(describe.api_document(base_of(request, context), title, __version__, most), describe.OPENAPI_30)


@router.get("/conformance", summary="What is here", response_class=Response, responses=_said("conformance classes"))
def conformance(request: Request, _: Reader) -> Response:
    """Name the parts of the standards that are implemented."""
    no_parameters(request.query_params.multi_items())
    return _answer(describe.conformance())


@router.get("/collections", summary="The layers", response_class=Response, responses=_said("the layers"))
def collections(request: Request, context: Ctx, _: Reader) -> Response:
    """Describe all layers: segments, defects, coverage and surveys."""
    no_parameters(request.query_params.multi_items())
    with context.database.read() as session:
        state = map_state(session)
    return _answer(describe.collections(base_of(request, context), state))


def _items(layer: str, request: Request, context: Context, kept: Served) -> Response:
    """Answer with a page of features."""
    given = request.query_params.multi_items()
    query = read_query(layer, given, context.settings.limits.page, context.database.is_postgres)
    with context.database.read() as session:
        version = version_of(map_state(session))
        if is_known(request, version):
            return Response(status_code=304, headers=_headers(version, query.crs))
        page = read_page(session, layer, query)
        matched: int | None = None
        if query.after is None and page.last is None:
            matched = len(page.features)
        elif query.is_whole:
            matched = kept.counts.of(session, layer, version)
        elif query.limit == 1:  # asked to know how many there are, as the web app's legend does
            allow_relations(session)
            matched = count_features(session, layer, query.where)
    address = f"{base_of(request, context)}/ogc/collections/{layer}"
    asked = f"?{urlencode(given)}" if given else ""
    links = [
        describe.link(f"{address}/items{asked}", "self", describe.GEOJSON),
        describe.link(address, "collection"),
    ]
    if page.last is not None:
        further = [(name, value) for name, value in given if name != ROW] + [(ROW, str(page.last))]
        links.append(describe.link(f"{address}/items?{urlencode(further)}", "next", describe.GEOJSON))
    return Response(collection(page, links, matched), 200, _headers(version, query.crs), describe.GEOJSON)


def _item(layer: str, feature_id: str, request: Request, context: Context) -> Response:
    """Answer with one feature."""
    crs = read_crs(request.query_params.multi_items())
    identity = _identity(layer, feature_id)
    with context.database.read() as session:
        version = version_of(map_state(session))
        if is_known(request, version):
            return Response(status_code=304, headers=_headers(version, crs))
        feature = feature_of(session, layer, identity)
        if feature is None:
            raise _missing(layer, feature_id)
        if not crs.is_plain:
            columns = LAYER_TABLES[layer].c
            geometry = session.execute(select(columns.geometry).where(columns[IDS[layer]] == identity)).scalar_one()
            (feature,) = moved([feature], [geometry], crs)
    address = f"{base_of(request, context)}/ogc/collections/{layer}"
    links = [
        describe.link(f"{address}/items/{quote(feature_id, safe='')}", "self", describe.GEOJSON),
        describe.link(address, "collection"),
    ]
    body = feature[:-1].encode() + b',"links":' + orjson.dumps(links) + b"}"
    return Response(body, 200, _headers(version, crs), describe.GEOJSON)


def _identity(layer: str, text: str) -> str | int:
    """Read the id of a feature: text, or a number where the layer counts."""
    field = next((field for field in LAYERS[layer] if field.name == IDS[layer]), ROW_NUMBER)
    try:
        if "\0" in text:
            raise _missing(layer, text)
        return attribute(field, text)  # type: ignore[return-value]
    except Problem as error:
        raise _missing(layer, text) from error


def _missing(layer: str, text: str) -> Problem:
    return Problem(404, f"{layer} has no feature '{text[:60]}'")


def _headers(version: str, crs: Crs) -> dict[str, str]:
    return {"ETag": f'"{version}"', "Cache-Control": "no-cache", "Content-Crs": f"<{crs.uri}>"}


def _install(layer: str) -> None:
    """Add the addresses of a layer; each has its own, so that its attributes stand in the documentation."""
    title, text, _ = describe.TEXTS[layer]
    here = f"/collections/{layer}"

    def collection_of(request: Request, context: Ctx, _: Reader) -> Response:
        no_parameters(request.query_params.multi_items())
        with context.database.read() as session:
            state = map_state(session)
        return _answer(describe.collection(base_of(request, context), layer, state))

    def queryables(request: Request, context: Ctx, _: Reader) -> Response:
        no_parameters(request.query_params.multi_items())
        return _answer(describe.queryables(base_of(request, context), layer), describe.SCHEMA)

    def items(request: Request, context: Ctx, kept: Kept, _: Reader) -> Response:
        return _items(layer, request, context, kept)

    def item(request: Request, context: Ctx, feature_id: Feature, _: Reader) -> Response:
        return _item(layer, feature_id, request, context)

    for path, route, summary, description, answers, parameters in (
        (here, collection_of, title, f"{text}: extent, reference systems and links.", _said("the layer"), []),
        (
            f"{here}/queryables",
            queryables,
            f"{title}: what may be filtered on",
            "Each attribute with its type, unit and an example, as JSON Schema.",
            _said("JSON Schema", describe.SCHEMA),
            [],
        ),
        (
            f"{here}/items",
            items,
            f"{title}: features",
            f"{text}. Page by page: follow the link `next`. Any attribute can be asked for by its value.",
            _said("a page of features", describe.GEOJSON, 304),
            describe.parameters(layer, MOST),
        ),
        (
            f"{here}/items/{{feature_id:path}}",
            item,
            f"{title}: one feature",
            f"{text}: one of them, by its id (`{IDS[layer]}`).",
            _said("a feature", describe.GEOJSON, 304, 404),
            [describe.CRS_PARAMETER],
        ),
    ):
        router.add_api_route(
            path,
            route,
            summary=summary,
            description=description,
            response_class=Response,
            responses=answers,
            openapi_extra={"parameters": parameters},
            operation_id=f"{layer}_{route.__name__}",
        )


ROW_NUMBER = Field("row", "integer", "number of the feature", 1)
for _layer in LAYERS:
    _install(_layer)
