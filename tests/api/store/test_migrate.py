"""The schema, made step by step, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text

from api.store.database import open_database
from api.store.fields import LAYERS
from api.store.migrate import config
from detector.errors import SettingsError
from tests.api.databases import ENGINES, fresh_postgres


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
    else:
        with fresh_postgres() as url:
            yield url


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_the_steps_make_the_schema_that_the_code_has(empty: str) -> None:
    database = open_database(empty)
    with database.engine.connect() as connection:
        command.check(config(connection))  # raises with what differs
    database.close()


def test_opening_again_changes_nothing(empty: str) -> None:
    database = open_database(empty)
    with database.write() as session:
        session.execute(text("INSERT INTO map_surveys (row, geometry, feature) VALUES (1, :wkb, '')"), {"wkb": POINT})
    database.close()
    database = open_database(empty)
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM map_surveys")).scalar_one() == 1
    database.close()


def test_a_database_of_a_newer_schouw_is_refused(empty: str) -> None:
    database = open_database(empty)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(SettingsError, match="schema 9999, of a newer Schouw"):
        open_database(empty)


def test_several_processes_may_open_a_new_database_at_once(empty: str) -> None:
    opening = [sys.executable, "-c", f"from api.store.database import open_database as o; o({empty!r}).close()"]
    several = [subprocess.Popen(opening, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [process.communicate()[1].decode() for process in several]
    assert [process.returncode for process in several] == [0, 0, 0], ended
    engine = create_engine(empty)
    assert {f"map_{layer}" for layer in LAYERS} < set(inspect(engine).get_table_names())
    engine.dispose()


def test_a_step_that_fails_leaves_nothing_behind(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.store import spatial

    def fail(_: object) -> None:
        raise RuntimeError("no disk")

    monkeypatch.setattr(spatial, "create", fail)
    with pytest.raises(RuntimeError, match="no disk"):
        open_database(empty)
    engine = create_engine(empty)
    assert not inspect(engine).has_table("map_segments")
    engine.dispose()


POINT = bytes.fromhex("0101000000000000000000F03F000000000000F03F")
