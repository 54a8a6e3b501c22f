from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.context import Context, open_context
from api.settings import read_settings


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    opened = open_context(read_settings(home=tmp_path / "server"))
    yield opened
    opened.close()


@pytest.fixture
def client(context: Context) -> Iterator[TestClient]:
    with TestClient(create_app(context)) as client:
        yield client
