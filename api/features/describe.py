"""What the service says of itself: landing page, conformance, collections, queryables and its parameters."""

from typing import Any

from api.features.cql import GEOMETRY, LANGUAGES
from api.features.crs import CRS84, SYSTEMS
from api.features.query import DEFAULT_LIMIT, ROW
from api.features.times import MOMENTS, is_date, is_moment
from api.store.fields import LAYERS, Field
from api.store.schema import MapState

GEOJSON, JSON, SCHEMA = "application/geo+json", "application/json", "application/schema+json"
OPENAPI_30, OPENAPI_31 = (f"application/vnd.oai.openapi+json;version={version}" for version in ("3.0", "3.1"))
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
FEATURES, CQL2 = "http://www.opengis.net/spec/ogcapi-features", "http://www.opengis.net/spec/cql2/1.0/conf"
CONFORMANCE = (
    *(f"{FEATURES}-1/1.0/conf/{part}" for part in ("core", "geojson", "oas30")),
    f"{FEATURES}-2/1.0/conf/crs",
    *(
        f"{FEATURES}-3/1.0/conf/{part}"
        for part in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{CQL2}/{part}"
        for part in (
            *("cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison"),
            *("basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions", "property-property"),
        )
    ),
)
TEXTS = {
    "segments": ("Road segments", "Condition of every road segment, surveyed or not", "linestring"),
    "defects": ("Defects", "Damage to the road, each counted once however many drives saw it", "point"),
    "coverage": ("Coverage", "Stretches that each drive saw, or passed unseen, with the reason", "linestring"),
    "surveys": ("Surveys", "The drives, each with where it went", "any"),
}

Json = dict[str, Any]


def link(href: str, rel: str, kind: str = JSON, title: str | None = None) -> Json:
    """Make a link (RFC 8288)."""
    return {"href": href, "rel": rel, "type": kind} | ({"title": title} if title else {})


def landing(base: str, title: str) -> Json:
    """Describe the service; `base` is the address of the server, without a slash at its end."""
    ogc = f"{base}/ogc"
    return {
        "title": title,
        "description": "Road condition from dashcam footage, per road segment",
        "links": [
            link(f"{ogc}/", "self", title="this document"),
            link(f"{ogc}/api", "service-desc", OPENAPI_30, "these addresses, as OpenAPI 3.0"),
            link(f"{base}/openapi.json", "service-desc", OPENAPI_31, "the whole server, as OpenAPI 3.1"),
            link(f"{base}/docs", "service-doc", "text/html", "the same, to read"),
            link(f"{ogc}/conformance", "conformance", title="what of the standards is here"),
            link(f"{ogc}/collections", "data", title="the layers"),
            link(f"{base}/", "alternate", "text/html", "the map"),
        ],
    }


def conformance() -> Json:
    """Name the parts of the standards that are implemented."""
    return {"conformsTo": list(CONFORMANCE)}


def collections(base: str, state: MapState | None) -> Json:
    """Describe all layers."""
    ogc = f"{base}/ogc"
    return {
        "links": [link(f"{ogc}/collections", "self"), link(f"{ogc}/", "root")],
        "crs": list(SYSTEMS),
        "collections": [collection(base, layer, state) for layer in LAYERS],
    }


def collection(base: str, layer: str, state: MapState | None) -> Json:
    """Describe one layer."""
    title, text, _ = TEXTS[layer]
    here = f"{base}/ogc/collections/{layer}"
    described: Json = {
        "id": layer,
        "title": title,
        "description": text,
        "itemType": "feature",
        "crs": list(SYSTEMS),
        "storageCrs": CRS84.uri,
        "links": [
            link(here, "self"),
            link(f"{here}/items", "items", GEOJSON, title),
            link(f"{here}/queryables", QUERYABLES, SCHEMA, "what may be filtered on"),
        ],
    }
    if state is not None:
        interval = [state.summary.get("from_utc"), state.summary.get("to_utc")]
        spatial = {"bbox": [list(state.bbox)], "crs": CRS84.uri}
        described["extent"] = {"spatial": spatial, "temporal": {"interval": [interval]}}
    return described


def queryables(base: str, layer: str) -> Json:
    """Describe what a layer may be filtered on, as JSON Schema."""
    kind = TEXTS[layer][2]
    place = {"title": "geometry", "x-ogc-role": "primary-geometry", "format": f"geometry-{kind}"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}/ogc/collections/{layer}/queryables",
        "type": "object",
        "title": TEXTS[layer][0],
        "properties": {GEOMETRY: place} | {field.name: _queryable(field) for field in LAYERS[layer]},
        "additionalProperties": False,
    }


def _queryable(field: Field) -> Json:
    described: Json = {"title": field.name, "description": field.text, "type": field.type, "examples": [field.example]}
    if field.unit:
        described["x-ogc-unit"] = field.unit
    if is_moment(field):
        described["format"] = "date" if is_date(field) else "date-time"
    return described


def parameters(layer: str, most: int) -> list[Json]:
    """Describe the parameters of a layer's items, for OpenAPI 3.0 and 3.1 alike."""
    begin, end = MOMENTS[layer]
    of = begin if begin == end else f"{begin} to {end}"
    uri = {"type": "string", "format": "uri", "enum": list(SYSTEMS), "default": CRS84.uri}
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    listed = {"style": "form", "explode": False}
    return [
        _parameter(
            "limit",
            {"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT},
            f"how many features, at most; never more than {most} come in one answer",
            100,
        ),
        _parameter(
            "bbox",
            numbers,
            "only features in this box: west,south,east,north in degrees, or in the units and order of bbox-crs",
            [6.88, 52.21, 6.9, 52.23],
        )
        | listed,
        _parameter("bbox-crs", uri, "reference system of bbox", CRS84.uri),
        _parameter("crs", uri, "reference system of the answer's coordinates, in the order of its axes", CRS84.uri),
        _parameter(
            "datetime",
            {"type": "string"},
            f"only features of this moment, day or interval (from/to, .. for open), by {of}",
            "2026-05-01/..",
        ),
        _parameter(
            "filter", {"type": "string", "maxLength": 4000}, "CQL2 filter", f"{LAYERS[layer][0].name} IS NOT NULL"
        ),
        _parameter(
            "filter-lang",
            {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]},
            "language of filter; cql-text is what GDAL calls CQL2 text",
            LANGUAGES[0],
        ),
        _parameter("filter-crs", uri, "reference system of the coordinates in filter", CRS84.uri),
        _parameter(
            ROW,
            {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
            "features after this row: as the link `next` of a page has it",
            1000,
        ),
        *(_attribute(field) for field in LAYERS[layer]),
    ]


def _attribute(field: Field) -> Json:
    unit = f" ({field.unit})" if field.unit else ""
    bounds: Json = {"minimum": -(10**18), "maximum": 10**18} if field.type == "integer" else {}
    return _parameter(
        field.name, {"type": field.type, **bounds}, f"only features with this: {field.text}{unit}", field.example
    )


def _parameter(name: str, schema: Json, text: str, example: Any) -> Json:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema, "example": example}


CRS_PARAMETER = next(p for p in parameters("segments", 0) if p["name"] == "crs")


def api_document(base: str, title: str, version: str, most: int) -> Json:
    """Describe the service's addresses as OpenAPI 3.0, which the standard and GDAL ask for."""
    answers = {"200": {"description": "as the standard says"}, "default": {"description": "a problem (RFC 9457)"}}

    def get(summary: str, given: list[Json] | None = None, kind: str = JSON) -> Json:
        content = {"200": {"description": summary, "content": {kind: {"schema": {"type": "object"}}}}}
        operation: Json = {"summary": summary, "responses": answers | content}
        return {"get": operation | ({"parameters": given} if given else {})}

    paths = {
        "/": get("The service"),
        "/conformance": get("What of the standards is here"),
        "/collections": get("The layers"),
    }
    item = {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": "the feature's id",
    }
    for layer, (name, text, _) in TEXTS.items():
        here = f"/collections/{layer}"
        paths[here] = get(f"{name}: {text}")
        paths[f"{here}/queryables"] = get(f"{name}: what may be filtered on", kind=SCHEMA)
        paths[f"{here}/items"] = get(f"{name}: features", parameters(layer, most), GEOJSON)
        paths[f"{here}/items/{{id}}"] = get(f"{name}: one feature", [item, CRS_PARAMETER], GEOJSON)
    return {
        "openapi": "3.0.3",
        "info": {"title": f"{title}: OGC API Features", "version": version},
        "servers": [{"url": f"{base}/ogc"}],
        "paths": paths,
    }
