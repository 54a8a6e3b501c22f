"""The server itself: the map's summary, its legend, and whether all is well."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.auth import Reader
from api.context import Ctx
from api.errors import Problem, responses
from api.features.served import version_of
from api.settings import Limits, Role
from api.store.layers import map_state
from api.store.schema import MapState
from detector import __version__
from detector.taxonomy import CLASSES
from roads.condition.score import GRADES_NL
from roads.exports.legend import GRADE_COLOURS
from roads.track import utc

router = APIRouter(tags=["The server"])
COUNTED = ("segments", "grades", "plans", "defects", "driven_m", "covered_m", "unseen_m")  # of RoadMap.summary


class Health(BaseModel):
    """Whether the server works."""

    status: Literal["ok"] = Field(examples=["ok"])


class Who(BaseModel):
    """Who asks."""

    name: str = Field(description="as the proxy, the token or the person says", examples=["J. de Vries"])
    role: Role = Field(description="reader: look; editor: upload and review; admin: remove too", examples=["editor"])


class Basemap(BaseModel):
    """What lies under the map."""

    url: str = Field(
        description="raster tiles, with {z}/{x}/{y}; empty: none", examples=["https://tiles/{z}/{x}/{y}.png"]
    )
    credit: str = Field(description="whose it is", examples=["Kaartgegevens © Kadaster"])


class MapInfo(BaseModel):
    """The map that is served."""

    revision: int = Field(description="grows with every survey that is put on the map", examples=[12])
    changes: int = Field(description="grows with every review", examples=[4])
    version: str = Field(description="`revision.changes`: what tiles are cached by", examples=["12.4"])
    published_utc: str = Field(description="when it was made (ISO 8601, UTC)", examples=["2026-05-14T12:00:00Z"])
    network: str = Field(description="name of the road network", examples=["wegvakken.gpkg"])
    bbox: tuple[float, float, float, float] = Field(
        description="of the network: west, south, east, north (WGS84), °", examples=[[6.75, 52.15, 7.06, 52.32]]
    )
    surveys: int = Field(description="how many are on it", examples=[9])
    from_utc: str | None = Field(description="its first picture (ISO 8601, UTC)", examples=["2026-03-01T08:00:00.000Z"])
    to_utc: str | None = Field(description="its last picture (ISO 8601, UTC)", examples=["2026-05-14T09:45:00.000Z"])
    counts: dict[str, Any] = Field(
        description="segments by status, grade and plan, defects by class and state, metres driven, covered and unseen",
        examples=[{"segments": {"graded": 812}, "driven_m": 182000.0}],
    )


class DamageClassInfo(BaseModel):
    """A class of damage."""

    name: str = Field(description="its name in every answer", examples=["pothole"])
    kind: str = Field(description="kind after CROW 146", examples=["potholes"])
    rdd: str | None = Field(description="code of the Road Damage Dataset", examples=["D40"])
    name_nl: str = Field(description="in Dutch", examples=["Gat"])
    name_en: str = Field(description="in English", examples=["Pothole"])
    colour: str = Field(description="CSS hex", examples=["#d55e00"])


class Grade(BaseModel):
    """A word for a segment's condition."""

    name: str = Field(description="its name in every answer", examples=["poor"])
    name_nl: str = Field(description="in Dutch", examples=["matig"])
    name_en: str = Field(description="in English", examples=["poor"])
    colour: str = Field(description="CSS hex", examples=["#e2711d"])


class About(BaseModel):
    """The server, its map, and its legend."""

    title: str = Field(description="name of the server", examples=["Schouw Enschede"])
    version: str = Field(description="of Schouw", examples=["0.6.0"])
    person: Who
    open: bool = Field(description="whether anyone who reaches the server may do everything", examples=[False])
    map: MapInfo | None = Field(description="null: no network was given yet")
    basemap: Basemap
    classes: list[DamageClassInfo] = Field(description="all classes of damage")
    grades: list[Grade] = Field(description="the best first")
    limits: Limits = Field(description="what may be asked at once")


@router.get("/about", summary="The server and its map", responses=responses(401))
def about(context: Ctx, person: Reader) -> About:
    """Tell what this server is, which map it serves, and what the words and colours on it are."""
    settings = context.settings
    with context.database.read() as session:
        state = map_state(session)
    return About(
        title=settings.title,
        version=__version__,
        person=Who(name=person.name, role=person.role),
        open=settings.is_open,
        map=_map(state) if state else None,
        basemap=Basemap(url=settings.basemap, credit=settings.basemap_credit),
        classes=[
            DamageClassInfo(
                name=c.name, kind=str(c.kind), rdd=c.rdd_code, name_nl=c.dutch, name_en=c.english, colour=c.colour
            )
            for c in CLASSES
        ],
        grades=[
            Grade(name=name, name_nl=dutch, name_en=name, colour=GRADE_COLOURS[name])
            for name, dutch in GRADES_NL.items()
        ],
        limits=settings.limits,
    )


@router.get("/health", summary="Whether the server works", responses=responses(503))
def health(context: Ctx) -> Health:
    """Answer when the database can be read; for a watchdog, so nobody has to log in."""
    try:
        with context.database.read() as session:
            session.execute(text("SELECT count(*) FROM map_state"))
    except SQLAlchemyError as error:
        raise Problem(503, "the database can't be read; the server's log tells why") from error
    return Health(status="ok")


def _map(state: MapState) -> MapInfo:
    summary = state.summary
    west, south, east, north = state.bbox
    return MapInfo(
        revision=state.revision,
        changes=state.changes,
        version=version_of(state),
        published_utc=utc(state.published_s, "seconds") or "",
        network=summary["network"]["file"],
        bbox=(west, south, east, north),
        surveys=len(summary["surveys"]),
        from_utc=summary["from_utc"],
        to_utc=summary["to_utc"],
        counts={name: summary[name] for name in COUNTED},
    )
