"""The databases that tests run on: SQLite, and the PostgreSQL server that SCHOUW_TEST_POSTGRES names.

A server's home (its database and files) is made once for each engine and each way to begin, and copied for every test.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from api.context import Context, open_context
from api.settings import read_settings

SERVER = os.environ.get("SCHOUW_TEST_POSTGRES", "")
ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

Start = Callable[[Context], None]


class Homes:
    """Homes to copy, below a folder. `close` removes their databases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, Start | None], tuple[Path, str | None]] = {}
        self._databases = ExitStack()

    @contextmanager
    def copied(self, engine: str, start: Start | None, home: Path) -> Iterator[Context]:
        """Yield the parts of a server of its own in the folder `home`, begun by `start`."""
        if (engine, start) not in self._made:
            self._made[engine, start] = self._make(engine, start)
        template, database = self._made[engine, start]
        shutil.copytree(template, home)
        with ExitStack() as stack:
            url = stack.enter_context(fresh_postgres(database)) if database else None
            opened = open_context(read_settings(home=home, database_url=url))
            stack.callback(opened.close)
            yield opened

    def _make(self, engine: str, start: Start | None) -> tuple[Path, str | None]:
        home = self._folder / f"{engine}-{start.__name__ if start else 'empty'}"
        url: str | None = None
        if engine == "postgres":
            empty = None if start is None else self._empty_postgres()
            url = self._databases.enter_context(fresh_postgres(empty))
        opened = open_context(read_settings(home=home, database_url=url))
        if start is not None:
            start(opened)
        opened.close()
        return home, make_url(url).database if url else None

    def _empty_postgres(self) -> str | None:
        """PostGIS takes seconds to make, so databases that begin with something are copies too."""
        if ("postgres", None) not in self._made:
            self._made["postgres", None] = self._make("postgres", None)
        return self._made["postgres", None][1]

    def close(self) -> None:
        """Remove the databases that the others were copies of."""
        self._databases.close()


@contextmanager
def fresh_postgres(template: str | None = None) -> Iterator[str]:
    """Yield the address of a database of its own, empty or a copy of another; it is dropped afterwards."""
    if not SERVER:
        pytest.skip("no PostgreSQL; SCHOUW_TEST_POSTGRES names a server, see .ci/run")
    name = f"schouw_test_{uuid.uuid4().hex[:12]}"
    _administer(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    try:
        yield _address(name)
    finally:
        _administer(f"DROP DATABASE {name} WITH (FORCE)")


def _address(name: str) -> str:
    address = make_url(SERVER).set(drivername="postgresql+psycopg", database=name)
    return address.render_as_string(hide_password=False)


def _administer(statement: str) -> None:
    engine = create_engine(_address("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
