import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.context import Context, open_context
from api.settings import read_settings
from api.store.database import open_database
from tests.api.databases import ENGINES, drop_template, fresh_postgres


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the newest schema, to copy."""
    path = tmp_path_factory.mktemp("database") / "schouw.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def _template() -> Iterator[None]:
    yield
    drop_template()


@pytest.fixture(params=ENGINES)
def context(request: pytest.FixtureRequest, tmp_path: Path, empty_sqlite: Path, _template: None) -> Iterator[Context]:
    """A server's parts, on SQLite and on PostgreSQL."""
    with ExitStack() as stack:
        home, url = tmp_path / "server", None
        home.mkdir()
        if request.param == "postgres":
            url = stack.enter_context(fresh_postgres())
        else:
            shutil.copy(empty_sqlite, home / "schouw.db")
        opened = open_context(read_settings(home=home, database_url=url))
        stack.callback(opened.close)
        yield opened


@pytest.fixture
def client(context: Context) -> Iterator[TestClient]:
    with TestClient(create_app(context)) as client:
        yield client
