"""Bring a database to the newest schema.

A new step: `alembic.command.revision(config(connection), "what it does", autogenerate=True)` on a database of the
schema before, then read what it wrote.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from detector.errors import SettingsError

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x5C41  # our number among PostgreSQL's advisory locks


def upgrade(engine: Engine) -> None:
    """Take the steps that a database has not had. Of several processes one does it, the others wait.

    Raises:
        SettingsError: the database was made by a newer Schouw, or can't hold a map.
    """
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        else:
            connection.execute(text("BEGIN IMMEDIATE"))
        steps = config(connection)
        script = ScriptDirectory.from_config(steps)
        present = MigrationContext.configure(connection).get_current_revision()
        if present == script.get_current_head():
            return
        if present is not None and present not in {step.revision for step in script.walk_revisions()}:
            raise SettingsError(
                f"the database has schema {present}, of a newer Schouw than this one; use that one, or another database"
            )
        if engine.dialect.name == "postgresql":
            _need_postgis(connection)
        command.upgrade(steps, "head")


def config(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is in a transaction."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Whether Alembic compares this: not what belongs to PostGIS, and not the spatial indexes."""
    spatial = name is not None and (name == "geom" or name.endswith("_geom") or "_box" in name)
    return not spatial and not (kind == "table" and name == "spatial_ref_sys")


def _need_postgis(connection: Connection) -> None:
    """Make PostGIS available in this database."""
    there = connection.execute(text("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")).scalar_one()
    offered = connection.execute(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'"))
    if not there and not offered.scalar_one():
        raise SettingsError("SCHOUW_DATABASE_URL: that server has no PostGIS; install it there")
    if not there:
        connection.execute(text("CREATE EXTENSION postgis"))
