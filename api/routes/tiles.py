"""Vector tiles."""

import gzip
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.auth import Reader
from api.context import Context, Ctx
from api.errors import Problem, responses
from api.features import far, near
from api.features.cutting import DEEPEST, ZOOMS, Address
from api.features.served import Kept, Served, headers, is_known, served_state, version_of
from api.routes.features import base_of
from api.store.fields import LAYERS

router = APIRouter(tags=["Vector tiles"])
MVT = "application/vnd.mapbox-vector-tile"
Layer = Literal["segments", "defects", "coverage"]
LayerName = Annotated[Layer, Path(description="the layer", examples=["segments"])]
TILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "a vector tile", "content": {MVT: {"schema": {"type": "string", "format": "binary"}}}},
    204: {"description": "there is nothing in this tile"},
    304: {"description": "what the caller has is still so"},
}


class VectorLayer(BaseModel):
    """What a layer of the tiles has."""

    id: str = Field(description="its name in the tiles", examples=["segments"])
    fields: dict[str, str] = Field(
        description="attributes: what they mean, and the unit", examples=[{"grade": "condition in a word"}]
    )
    minzoom: int = Field(description="first zoom with tiles", examples=[0])
    maxzoom: int = Field(description="last zoom with tiles; maps enlarge these", examples=[14])


class TileJson(BaseModel):
    """Where the tiles of a layer are (TileJSON 3.0)."""

    tilejson: Literal["3.0.0"] = Field(examples=["3.0.0"])
    tiles: list[str] = Field(examples=[["https://schouw.example/v1/tiles/segments/{z}/{x}/{y}.mvt?v=12.4"]])
    vector_layers: list[VectorLayer]
    name: str = Field(description="the layer", examples=["segments"])
    version: str = Field(description="of the map, as a version of three numbers", examples=["12.4.0"])
    minzoom: int = Field(description="first zoom with tiles", examples=[0])
    maxzoom: int = Field(description="last zoom with tiles; maps enlarge these", examples=[14])
    bounds: tuple[float, float, float, float] = Field(
        description="west, south, east, north (WGS84), °", examples=[[6.75, 52.15, 7.06, 52.32]]
    )


@router.get("/tiles/{layer}.json", summary="A layer's tiles", responses=responses(401, 404))
def tilejson(layer: LayerName, request: Request, context: Ctx, _: Reader) -> TileJson:
    """Tell where the tiles of a layer are, for QGIS (Vector Tiles) and web maps."""
    with context.database.read() as session:
        state = served_state(session)
    first, last = ZOOMS[layer]
    west, south, east, north = state.bbox
    fields = {
        field.name: field.text + (f", {field.unit}" if field.unit else "") for field in LAYERS[layer] if field.tile
    }
    address = f"{base_of(request, context)}/v1/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt?v={version_of(state)}"
    return TileJson(
        tilejson="3.0.0",
        tiles=[address],
        vector_layers=[VectorLayer(id=layer, fields=fields, minzoom=first, maxzoom=last)],
        name=layer,
        version=f"{version_of(state)}.0",
        minzoom=first,
        maxzoom=last,
        bounds=(west, south, east, north),
    )


@router.get(
    "/tiles/{layer}/{z}/{x}/{y}.mvt",
    summary="A vector tile",
    response_class=Response,
    responses=TILE | responses(401, 404),
)
async def tile(
    layer: LayerName,
    z: Annotated[int, Path(ge=0, le=DEEPEST, description="zoom", examples=[14])],
    x: Annotated[int, Path(ge=0, lt=1 << DEEPEST, description="column, from the west", examples=[8506])],
    y: Annotated[int, Path(ge=0, lt=1 << DEEPEST, description="row, from the north", examples=[5391])],
    request: Request,
    context: Ctx,
    kept: Kept,
    _: Reader,
    v: Annotated[
        str | None, Query(max_length=40, description="version of the map; then it may be kept", examples=["12.4"])
    ] = None,
) -> Response:
    """Cut a tile of a layer (Mapbox Vector Tile 2.1, in the web's Mercator grid).

    Below zoom 12, segments that look the same are one feature, without their ids and names; of a large network these
    tiles follow a review after a minute or two, and name the version that they show.
    """
    address = Address(layer, z, x, y)
    if max(x, y) >= 1 << z:
        raise Problem(404, f"zoom {z} has columns and rows 0 to {(1 << z) - 1}")
    if v is None or (found := kept.tiles.get((v, layer, z, x, y))) is None:
        version, found = await run_in_threadpool(_made, context, kept, address)
    else:
        version = v
    sent = headers(version) | {"Vary": "Accept-Encoding"}
    if v == version:
        sent["Cache-Control"] = "private, max-age=31536000, immutable"
    if is_known(request, version):
        return Response(status_code=304, headers=sent)
    if not found:
        return Response(status_code=204, headers=sent)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found, 200, sent | {"Content-Encoding": "gzip"}, MVT)
    return Response(gzip.decompress(found), 200, sent, MVT)


def _made(context: Context, kept: Served, address: Address) -> tuple[str, bytes]:
    """The tile of the map that is served now, packed, and that map's version."""
    with context.database.read() as session:
        version = version_of(served_state(session))
        if (tile := far.drawn(session, address)) is not None:
            return tile

        def make() -> bytes:
            if address.zoom < ZOOMS[address.layer][0]:
                return b""
            if (tile := near.drawn(session, address)) is not None:
                return tile
            return near.packed(session, address, context.database.is_postgres)

        key = (version, address.layer, address.zoom, address.column, address.row)
        return version, kept.tiles.made(key, make)
