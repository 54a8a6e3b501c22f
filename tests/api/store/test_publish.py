"""The map in the database: as the inventory has it, whole, and only written where it differs."""

import logging
import threading
from typing import Any

import pytest
import shapely
from sqlalchemy import event, select

from api.context import Context
from api.store.fields import LAYERS
from api.store.layers import count_features, map_state
from api.store.publish import publish
from api.store.rows import plain
from api.store.schema import LAYER_TABLES, OBSERVATION_TABLE, PASS_TABLE
from roads.condition.table import read_table
from roads.inventory import SIGHTS
from roads.mapping import road_map
from roads.tables import PASSES
from tests.api.maps import drive, driven_twice, put_driven_map, put_empty_map, put_map, streets
from tests.roads.drives import inventory_of


def rows(context: Context, layer: str) -> list[Any]:
    table = LAYER_TABLES[layer]
    with context.database.read() as session:
        return session.execute(select(table).order_by(table.c.row)).all()


def test_every_layer_is_as_the_map_has_it(context: Context) -> None:
    put_driven_map(context)
    made = road_map(driven_twice(), read_table())
    for name, layer in (("segments", made.segments), ("defects", made.defects), ("coverage", made.coverage)):
        found = rows(context, name)
        assert len(found) == len(layer)
        for field in LAYERS[name]:
            if field.name in layer:
                assert [getattr(row, field.name) for row in found] == plain(layer[field.name]), field.name
        east, north = driven_twice().network.to_degrees(shapely.get_coordinates(layer.geometry.to_numpy()))
        places = shapely.get_coordinates(shapely.from_wkb([row.geometry for row in found]))
        assert places[:, 0] == pytest.approx(east, abs=1e-7)
        assert places[:, 1] == pytest.approx(north, abs=1e-7)


def test_the_inventory_comes_back_from_its_tables(context: Context) -> None:
    put_driven_map(context)
    inventory = driven_twice()
    for table, frame, columns in (
        (OBSERVATION_TABLE, inventory.observations, SIGHTS),
        (PASS_TABLE, inventory.passes, PASSES),
    ):
        with context.database.read() as session:
            found = session.execute(select(*(table.c[name] for name in columns)).order_by(table.c.row)).all()
        mine = [tuple(None if v != v else v for v in row) for row in frame[list(columns)].itertuples(index=False)]
        assert [tuple(row) for row in found] == mine


def test_publishing_again_writes_nothing_and_makes_a_new_version(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    put_driven_map(context)
    before = {layer: rows(context, layer) for layer in LAYERS}
    with caplog.at_level(logging.INFO, "schouw"):
        put_driven_map(context)
    assert "0 segments, 0 defects, 0 coverage, 0 surveys, 0 observations, 0 passes" in caplog.text
    assert {layer: rows(context, layer) for layer in LAYERS} == before
    with context.database.read() as session:
        state = map_state(session)
    assert state is not None
    assert (state.revision, state.changes) == (1, 1)


def test_a_map_replaces_another_whole(context: Context) -> None:
    put_driven_map(context)
    put_map(context, inventory_of(streets(), drive("spring.mp4", 0)), 2)
    put_map(context, driven_twice(), 3)
    again = {layer: rows(context, layer) for layer in LAYERS}
    put_empty_map_at(context, 4)
    assert rows(context, "defects") == rows(context, "coverage") == rows(context, "surveys") == []
    assert len(rows(context, "segments")) == 4
    put_map(context, driven_twice(), 5)
    assert {layer: rows(context, layer) for layer in LAYERS} == again


def put_empty_map_at(context: Context, revision: int) -> None:
    put_map(context, inventory_of(streets()), revision)


def test_an_older_map_never_replaces_a_newer_one(context: Context) -> None:
    put_map(context, driven_twice(), 3)
    before = rows(context, "defects")
    with pytest.raises(ValueError, match="revision 3 already"):
        put_map(context, inventory_of(streets()), 2)
    assert rows(context, "defects") == before


def test_a_failure_leaves_the_map_as_it_was(context: Context) -> None:
    put_empty_map(context)

    def fail(_: object) -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        publish(context.database, driven_twice(), read_table(), key="inventories/2", revision=2, then=fail)
    assert rows(context, "defects") == []
    with context.database.read() as session:
        state = map_state(session)
    assert state is not None
    assert state.revision == 1


def test_readers_see_one_map_while_another_is_written(context: Context) -> None:
    put_empty_map(context)
    seen: list[int] = []

    def look(_: object) -> None:
        def count() -> None:
            with context.database.read() as session:
                seen.append(count_features(session, "defects"))

        reader = threading.Thread(target=count)
        reader.start()
        reader.join()

    publish(context.database, driven_twice(), read_table(), key="inventories/2", revision=2, then=look)
    look(None)
    assert seen == [0, 5]


def test_a_reader_keeps_the_state_it_began_with(context: Context) -> None:
    put_empty_map(context)
    with context.database.read() as session:
        assert count_features(session, "defects") == 0
        put_map(context, driven_twice(), 2)
        assert count_features(session, "defects") == 0


def test_the_spatial_index_follows(context: Context) -> None:
    from api.store.spatial import in_box

    put_driven_map(context)
    put_map(context, inventory_of(streets(), drive("spring.mp4", 0)), 2)
    postgres = context.database.is_postgres
    with context.database.read() as session:
        for layer in LAYERS:
            everywhere = count_features(session, layer, in_box(layer, (5.0, 51.0, 6.0, 52.5), postgres))
            assert everywhere == count_features(session, layer)
            assert count_features(session, layer, in_box(layer, (0.0, 0.0, 1.0, 1.0), postgres)) == 0


def test_statements_hold_no_values(context: Context) -> None:
    """What people write, such as a street's name, reaches the database beside the statement, never in it."""
    said: list[str] = []
    event.listen(context.database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    put_driven_map(context)
    assert said
    assert not any("Dorpsstraat" in statement or "</script>" in statement for statement in said)
