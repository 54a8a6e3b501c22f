"""Tiles that a worker draws of a large network seen from afar."""

import gzip

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.context import Context
from api.features import far
from api.features.cutting import WHOLE, Address, cut
from api.store.schema import FarTile, Job
from tests.api.databases import Start
from tests.api.maps import put_driven_map
from tests.api.routes.test_tiles import address_at, path_of


@pytest.fixture
def start() -> Start:
    return put_driven_map


@pytest.fixture
def large(context: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A map that counts as large, drawn."""
    monkeypatch.setattr(far, "FEW", 0)
    assert far.draw(context.database) >= WHOLE
    return context


def test_they_are_as_they_would_be_cut_and_there_are_no_others(large: Context) -> None:
    with large.database.read() as session:
        for zoom in range(WHOLE):
            a = address_at("segments", zoom)
            around = [(a.column + dx, a.row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
            for column, row in {(x % (1 << zoom), y % (1 << zoom)) for x, y in around}:
                address = Address("segments", zoom, column, row)
                found = far.drawn(session, address)
                assert found is not None
                expected = cut(session, address, large.database.is_postgres)
                assert (gzip.decompress(found[1]) if found[1] else b"") == expected, address
        assert far.drawn(session, address_at("segments", WHOLE)) is None


def test_after_a_review_the_old_one_is_served_as_such_and_a_job_draws_it_anew(
    large: Context, client: TestClient
) -> None:
    path = path_of(address_at("segments", 9))
    before = client.get(path + "?v=1.0")
    assert "immutable" in before.headers["cache-control"]
    for decision in ("reject", "undo", "reject"):
        client.post("/v1/defects/2/reviews", json={"decision": decision})
    stale = client.get(path + "?v=1.3")
    assert (stale.headers["etag"], stale.headers["cache-control"]) == ('"1.0"', "no-cache")
    assert stale.content == before.content
    with large.database.read() as session:
        assert session.scalars(select(Job.kind)).all() == ["draw"]
    far.draw(large.database)
    after = client.get(path + "?v=1.3")
    assert after.headers["etag"] == '"1.3"'
    assert after.content != before.content


def test_a_small_network_needs_none_and_asks_for_none(context: Context, client: TestClient) -> None:
    assert far.draw(context.database) == 0
    client.post("/v1/defects/2/reviews", json={"decision": "reject"})
    with context.database.read() as session:
        assert session.scalars(select(FarTile.zoom)).all() == session.scalars(select(Job.id)).all() == []
    assert client.get(path_of(address_at("segments", 9))).headers["etag"] == '"1.1"'
