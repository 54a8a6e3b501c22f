"""The databases that tests run on: SQLite, and the PostgreSQL server that SCHOUW_TEST_POSTGRES names."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from sqlalchemy import create_engine, make_url, text

from api.store.database import open_database

SERVER = os.environ.get("SCHOUW_TEST_POSTGRES", "")
ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@contextmanager
def fresh_postgres(migrated: bool = True) -> Iterator[str]:
    """Yield the address of a database of its own, empty or with the newest schema; it is dropped afterwards."""
    if not SERVER:
        pytest.skip("no PostgreSQL; SCHOUW_TEST_POSTGRES names a server, see .ci/run")
    name = f"schouw_test_{uuid.uuid4().hex[:12]}"
    _administer(f"CREATE DATABASE {name}" + (f" TEMPLATE {_template()}" if migrated else ""))
    try:
        yield _address(name)
    finally:
        _administer(f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _template() -> str:
    """A database with the newest schema, to copy: PostGIS takes seconds to make."""
    name = f"schouw_test_template_{os.getpid()}"
    _administer(f"DROP DATABASE IF EXISTS {name}")
    _administer(f"CREATE DATABASE {name}")
    open_database(_address(name)).close()
    return name


def drop_template() -> None:
    """Remove the database that the others are copies of."""
    if _template.cache_info().currsize:
        _administer(f"DROP DATABASE {_template()} WITH (FORCE)")


def _address(name: str) -> str:
    address = make_url(SERVER).set(drivername="postgresql+psycopg", database=name)
    return address.render_as_string(hide_password=False)


def _administer(statement: str) -> None:
    engine = create_engine(_address("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
