"""The database: SQLite with nothing to install, or PostgreSQL with PostGIS.

Every piece of work opens its own short session: `read()` sees one state of the database, `write()` is one transaction
that is there as a whole or not at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from detector.errors import SettingsError

BUSY_S = 30.0  # how long a writer waits for another on SQLite
ONE_STATE = {"sqlite": "BEGIN", "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"}


@dataclass(frozen=True, slots=True)
class Database:
    """A pool of connections."""

    engine: Engine

    @property
    def is_postgres(self) -> bool:
        """Whether this is PostgreSQL; SQLite otherwise."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            session.execute(text(ONE_STATE[self.engine.dialect.name]))
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session that is committed at the end, or rolled back by an error.

        SQLite takes its one write lock at the beginning, so that no two writers start from the same state.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            if not self.is_postgres:
                session.execute(text("BEGIN IMMEDIATE"))
            yield session

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open a database, and bring it to the newest schema.

    Raises:
        SettingsError: it can't be reached, is of no supported kind, or was made by a newer Schouw.
    """
    from api.store.migrate import upgrade

    try:
        engine = create_engine(url, **_options(url))
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError(f"SCHOUW_DATABASE_URL is no database address ({error})") from error
    if engine.dialect.name not in ("sqlite", "postgresql"):
        raise SettingsError(f"SCHOUW_DATABASE_URL: {engine.dialect.name} is not supported; use sqlite or postgresql")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    try:
        upgrade(engine)
    except OperationalError as error:
        raise SettingsError(
            f"the database can't be opened: {str(error.orig).strip()}; see SCHOUW_DATABASE_URL"
        ) from error
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_S}}
    return {"pool_size": 20, "max_overflow": 20, "pool_pre_ping": True}


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-65536",
        "mmap_size=2147418112",  # of a large map a tile reads thousands of pages; 2 GB is the most that SQLite takes
    ):
        connection.execute(f"PRAGMA {pragma}")
