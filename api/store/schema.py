"""The database's tables.

Two parts. What people and machines did (surveys, files, jobs, reviews, exports) is kept here and nowhere else. The map
(the layers, and observations and passes, from which one segment's history follows) is a copy of the newest inventory
in the file storage, replaced as a whole in one transaction (`api.store.publish`) and changed by reviews in between.

Times are POSIX seconds, UTC. Geometry is WKB in EPSG:4326; a PostGIS database has a `geom` beside it, SQLite an R*Tree.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from api.store.fields import LAYERS, Field
from roads.inventory import SIGHTS
from roads.tables import PASSES, Columns

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of the tables of what was done."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON, str: Text, int: BigInteger}  # noqa: RUF012


class Survey(Base):
    """One drive, as its crew announced it. `state` is one of `api.store.states`."""

    __tablename__ = "surveys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(String(20), index=True)
    person: Mapped[str]  # who announced it
    created_s: Mapped[float] = mapped_column(index=True)
    changed_s: Mapped[float]
    options: Mapped[dict[str, Any]]  # how to look: see api.routes.surveys
    findings: Mapped[list[Any]]  # of the check: [{code, level, file, text_nl, text_en}]
    error: Mapped[str | None]  # why it failed, in plain words
    content: Mapped[str | None] = mapped_column(String(64), unique=True)  # hash of its files' hashes
    duplicate_of: Mapped[str | None] = mapped_column(String(32))
    summary: Mapped[dict[str, Any] | None]  # what came out: frames, driven_m, defects, redrive, quality, notes
    survey_id: Mapped[str | None] = mapped_column(String(32), index=True)  # its id on the map
    result_key: Mapped[str | None]  # where its result folder lies in the storage
    on_map: Mapped[int | None]  # revision of the map that first held it
    ended_s: Mapped[float | None]


class File(Base):
    """One file of a survey: announced, received byte by byte, kept, removed."""

    __tablename__ = "files"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    survey: Mapped[str] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]  # as the crew named it
    size: Mapped[int]
    received: Mapped[int]  # bytes that are safely stored
    state: Mapped[str] = mapped_column(String(20), index=True)  # announced, receiving, complete, removed
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    key: Mapped[str | None]  # where it lies in the storage once complete
    created_s: Mapped[float]
    expires_s: Mapped[float | None] = mapped_column(index=True)  # of an unfinished upload
    extra: Mapped[dict[str, Any]]  # tus metadata, partial uploads


class Job(Base):
    """One piece of work. `state` is one of `api.store.states`."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20), index=True)
    lane: Mapped[str | None] = mapped_column(String(40))  # jobs of one lane run one at a time
    key: Mapped[str | None] = mapped_column(String(100))  # at most one waiting job has it
    survey: Mapped[str | None] = mapped_column(String(32), index=True)
    person: Mapped[str]
    attempt: Mapped[int]
    attempts: Mapped[int]  # most that are made
    created_s: Mapped[float]
    due_s: Mapped[float]  # not before
    started_s: Mapped[float | None]
    ended_s: Mapped[float | None]
    changed: Mapped[int] = mapped_column(index=True)  # grows with every change of any job
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_s: Mapped[float | None]  # the worker is thought dead after this
    stop: Mapped[bool]  # someone asked to cancel it
    stage: Mapped[str | None]
    stage_s: Mapped[float | None]  # when that began, for what is left of it
    done: Mapped[int | None]
    total: Mapped[int | None]
    error: Mapped[str | None]  # in plain words
    trace: Mapped[str | None]  # for the administrator
    result: Mapped[dict[str, Any] | None]


Index(
    "uq_jobs_waiting_key",
    Job.key,
    unique=True,
    sqlite_where=Job.state == "queued",
    postgresql_where=Job.state == "queued",
)


class Review(Base):
    """What a person said of a defect. Every one is kept; the last one counts."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    defect: Mapped[int] = mapped_column(index=True)
    decision: Mapped[str] = mapped_column(String(10))  # accept, reject, relabel, undo
    class_name: Mapped[str | None] = mapped_column(String(40))  # of a relabel
    note: Mapped[str | None]
    person: Mapped[str]
    at_s: Mapped[float]
    snapshot: Mapped[dict[str, Any]]  # the defect's attributes as the person saw them


class Export(Base):
    """A download that was made, for one state of the map."""

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    format: Mapped[str] = mapped_column(String(20))
    lang: Mapped[str] = mapped_column(String(2))
    revision: Mapped[int]
    changes: Mapped[int]
    job: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    person: Mapped[str]
    created_s: Mapped[float]
    name: Mapped[str | None]  # of the file
    key: Mapped[str | None]  # where it lies in the storage
    bytes: Mapped[int | None]


class MapState(Base):
    """The one row that says which map is served."""

    __tablename__ = "map_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)  # 1
    revision: Mapped[int]  # of the inventory
    changes: Mapped[int]  # by reviews since the database was made; with `revision`, what tiles are cached by
    inventory_key: Mapped[str]  # folder in the storage
    published_s: Mapped[float]
    crs: Mapped[str]  # of the network: WKT
    bbox: Mapped[list[Any]]  # of the network: west, south, east, north, in degrees
    summary: Mapped[dict[str, Any]]  # RoadMap.summary
    table: Mapped[str]  # the condition table, YAML


class FarTile(Base):
    """A tile of the segments seen from afar, where it takes seconds to cut (`api.features.far`)."""

    __tablename__ = "map_far_tiles"

    zoom: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    x: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    y: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[str] = mapped_column(String(40))  # of the map that it shows
    content: Mapped[bytes]  # gzip


class NearTile(Base):
    """A tile seen from near, drawn beforehand; always of the map that is served (`api.features.near`)."""

    __tablename__ = "map_near_tiles"

    layer: Mapped[str] = mapped_column(String(20), primary_key=True)
    zoom: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    x: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    y: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes]  # gzip; empty where the layer has nothing


TYPES: dict[str, Any] = {"string": Text, "integer": BigInteger, "number": Double, "boolean": Boolean}
FRAME_TYPES: dict[str, Any] = {"int64": BigInteger, "float64": Double, "bool": Boolean, "string": Text}


def _layer(name: str, fields: tuple[Field, ...]) -> Table:
    """A layer's table: its attributes, its geometry, and its feature written out (GeoJSON, lon/lat)."""
    return Table(
        f"map_{name}",
        Base.metadata,
        Column("row", Integer, primary_key=True, autoincrement=False),  # segments: the network's row; defects: the id
        *(Column(field.name, TYPES[field.type], index=field.index) for field in fields),
        Column("geometry", LargeBinary, nullable=False),
        Column("feature", Text, nullable=False),
    )


def _frame(name: str, columns: Columns) -> Table:
    """A table of the inventory, row by row, found by segment and by defect."""
    return Table(
        f"map_{name}",
        Base.metadata,
        Column("row", Integer, primary_key=True, autoincrement=False),
        *(Column(column, FRAME_TYPES[kind], index=column in ("segment", "defect")) for column, kind in columns.items()),
    )


LAYER_TABLES: dict[str, Table] = {name: _layer(name, fields) for name, fields in LAYERS.items()}
OBSERVATION_TABLE = _frame("observations", SIGHTS)
PASS_TABLE = _frame("passes", PASSES)
