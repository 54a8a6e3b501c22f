from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.context import Context
from tests.api.databases import ENGINES, Homes, Start


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homes]:
    homes = Homes(tmp_path_factory.mktemp("homes"))
    yield homes
    homes.close()


@pytest.fixture
def start() -> Start | None:
    """What a server's database and files begin with; a module of tests may have its own, such as `put_driven_map`."""
    return None


@pytest.fixture(params=ENGINES)
def context(request: pytest.FixtureRequest, tmp_path: Path, start: Start | None, _homes: Homes) -> Iterator[Context]:
    """A server's parts, on SQLite and on PostgreSQL."""
    with _homes.copied(request.param, start, tmp_path / "server") as opened:
        yield opened


@pytest.fixture
def client(context: Context) -> Iterator[TestClient]:
    with TestClient(create_app(context)) as client:
        yield client
