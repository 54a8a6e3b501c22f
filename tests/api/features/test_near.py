"""Tiles that a worker draws of a large network seen from near."""

import gzip
from itertools import product

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from api.context import Context
from api.features import far, near
from api.features.cutting import WHOLE, ZOOMS, Address, cut
from api.store.database import Database
from api.store.schema import NearTile
from api.work.map import redraw
from tests.api.databases import Start
from tests.api.maps import driven_twice, put_driven_map, put_map
from tests.api.routes.test_tiles import address_at, path_of
from tests.roads.conftest import place

LAST = {layer: last for layer, (_, last) in ZOOMS.items()}


@pytest.fixture
def start() -> Start:
    return put_driven_map


@pytest.fixture
def large(context: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A map that counts as large, drawn."""
    monkeypatch.setattr(far, "FEW", 0)
    assert near.draw(context.database) > 0
    return context


def there(database: Database) -> set[tuple[str, int, int, int]]:
    n = NearTile
    with database.read() as session:
        return {(row.layer, row.zoom, row.x, row.y) for row in session.execute(select(n.layer, n.zoom, n.x, n.y))}


def test_all_that_streets_touch_are_there_as_they_would_be_cut(large: Context) -> None:
    found = there(large.database)
    with large.database.read() as session:
        for layer, (first, last) in ZOOMS.items():
            for zoom in range(max(first, WHOLE), last + 1):
                a = address_at(layer, zoom)
                around = product((a.column - 1, a.column, a.column + 1), (a.row - 1, a.row, a.row + 1))
                for column, row in around:
                    address = Address(layer, zoom, column, row)
                    expected = cut(session, address, large.database.is_postgres)
                    if (layer, zoom, column, row) not in found:
                        assert not expected, address
                        continue
                    drawn = near.drawn(session, address)
                    assert drawn is not None
                    assert (gzip.decompress(drawn) if drawn else b"") == expected, address
        assert near.drawn(session, address_at("segments", WHOLE - 1)) is None
        assert near.drawn(session, address_at("segments", LAST["segments"] + 1)) is None


def test_they_are_served(large: Context, client: TestClient) -> None:
    a = address_at("defects", LAST["defects"])
    with large.database.write() as session:
        tile = session.get(NearTile, (a.layer, a.zoom, a.column, a.row))
        assert tile is not None
        tile.content = gzip.compress(b"as drawn")
    assert client.get(path_of(a)).content == b"as drawn"


def test_a_review_discards_what_it_touches_and_a_job_draws_it_anew(large: Context, client: TestClient) -> None:
    with large.database.write() as session:
        session.add(NearTile(layer="defects", zoom=LAST["defects"], x=1, y=1, content=b""))  # far off
    before = there(large.database)
    a = address_at("defects", LAST["defects"], *place(120.0, 0.0))
    shown = client.get(path_of(a)).content
    client.post("/v1/defects/2/reviews", json={"decision": "reject"})
    left = there(large.database)
    assert {key[:2] for key in before - left} == {("segments", 12), ("segments", 13), ("segments", 14), ("defects", 14)}
    assert {key for key in before if key[0] == "coverage"} <= left
    assert ("defects", LAST["defects"], 1, 1) in left
    assert client.get(path_of(a)).content != shown
    assert redraw(large, {}, lambda *_: None)["tiles"] >= len(before - left)
    assert there(large.database) == before


def test_what_is_drawn_while_someone_reviews_has_the_review(
    large: Context, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = address_at("defects", LAST["defects"], *place(120.0, 0.0))
    with large.database.write() as session:
        session.query(NearTile).delete()
    packed, reviewed = near.packed, list[int]()

    def slowly(session, address, postgres):  # type: ignore[no-untyped-def]
        content = packed(session, address, postgres)
        if address == a and not reviewed:
            reviewed.append(client.post("/v1/defects/2/reviews", json={"decision": "reject"}).status_code)
        return content

    monkeypatch.setattr(near, "packed", slowly)
    near.draw(large.database)
    assert reviewed == [200]
    with large.database.read() as session:
        drawn = near.drawn(session, a)
        assert drawn is not None
        assert gzip.decompress(drawn) == cut(session, a, large.database.is_postgres)


def test_another_map_discards_them_all(large: Context) -> None:
    put_map(large, driven_twice(), 2)
    assert there(large.database) == set()


def test_a_small_network_has_none(context: Context) -> None:
    assert near.draw(context.database) == 0
