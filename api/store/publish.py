"""Put a new state of the map in the database: all layers in one transaction, so that nobody sees half of it."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import shapely
import yaml
from sqlalchemy import Connection, delete, text
from sqlalchemy.orm import Session

from api.store.bulk import replace_rows
from api.store.database import Database
from api.store.layers import map_state
from api.store.reviews import REJECTED, WORDS, last_reviews, newest_review, verdicts
from api.store.rows import degrees, frame_chunks, layer_chunks, surveys_layer
from api.store.schema import LAYER_TABLES, OBSERVATION_TABLE, PASS_TABLE, MapState, NearTile, Review
from roads.condition.table import Table
from roads.fusion import defects_at
from roads.fusion.timeline import newest_s
from roads.inventory import SIGHTS, Inventory
from roads.layers import defects_layer
from roads.mapping import RoadMap, road_map
from roads.tables import PASSES
from roads.track import utc

log = logging.getLogger("schouw")

Then = Callable[[Session], None]


def publish(
    database: Database,
    inventory: Inventory,
    table: Table,
    *,
    key: str,
    revision: int,
    then: Then | None = None,
) -> RoadMap:
    """Make the map of an inventory, with what people said of its defects, and serve it from now on.

    The map is made before the database is locked; readers see the old map until the new one is there as a whole. Rows
    that are as they were are left alone, so a drive on a few streets writes little. Publishing the same again changes
    nothing, so a job that was cut off may do it again.

    Args:
        database: where.
        inventory: all surveys; one without any gives the empty map of its network.
        table: that grades it.
        key: of the folder in the file storage that holds this inventory: its network is read from there.
        revision: of the inventory: higher than that of the map before it, or the same to publish it again.
        then: what else belongs to the same transaction, such as the state of the survey.

    Returns:
        The map, as it was published.

    Raises:
        ValueError: the database has a newer map.
    """
    while True:
        with database.read() as session:
            seen, reviews = newest_review(session), last_reviews(session)
        made = road_map(inventory, table, verdicts=verdicts(reviews))
        defects = reviewed(made.defects, rejected_layer(inventory, reviews, newest_s(inventory)), reviews)
        with database.write() as session:
            map_state(session, lock=True)
            if newest_review(session) != seen:  # someone reviewed meanwhile
                continue
            _write(session.connection(), inventory, made, defects)
            session.execute(delete(NearTile))
            _note_state(session, inventory, made, table, key, revision)
            if then is not None:
                then(session)
        if not database.is_postgres:
            with database.engine.connect() as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))  # or the log stays as long as the map
        return made


def rejected_layer(inventory: Inventory, reviews: Mapping[int, Review], at_s: float) -> gpd.GeoDataFrame:
    """The defects that people rejected, as of a moment: no part of the map, but there to be looked at again."""
    gone = [number for number, review in reviews.items() if review.decision == "reject"]
    sights = inventory.observations
    some = replace(inventory, observations=sights[sights["defect"].isin(gone)].reset_index(drop=True))
    return defects_layer(inventory, defects_at(some, at_s).assign(state=REJECTED))


def reviewed(defects: gpd.GeoDataFrame, rejected: gpd.GeoDataFrame, reviews: Mapping[int, Review]) -> gpd.GeoDataFrame:
    """Put defects and rejected ones in one layer, each with its review, in the order of their ids."""
    both = pd.concat([defects, rejected]) if len(rejected) else defects
    both = both.sort_values("id", kind="stable", ignore_index=True)
    said = [reviews.get(number) for number in both["id"].tolist()]
    return both.assign(
        review=pd.Series([r and WORDS[r.decision] for r in said], dtype="string"),
        reviewed_by=pd.Series([r and r.person for r in said], dtype="string"),
        reviewed=pd.Series([r and utc(r.at_s, "seconds") for r in said], dtype="string"),
    )


def _write(connection: Connection, inventory: Inventory, made: RoadMap, defects: gpd.GeoDataFrame) -> None:
    network, start = inventory.network, time.monotonic()
    layers = {
        "segments": layer_chunks("segments", made.segments, network),
        "defects": layer_chunks("defects", defects, network, defects["id"].to_numpy()),
        "coverage": layer_chunks("coverage", made.coverage, network),
        "surveys": layer_chunks("surveys", *surveys_layer(inventory, made.track)),
    }
    written = {
        name: replace_rows(connection, LAYER_TABLES[name], chunks, ["feature"]) for name, chunks in layers.items()
    }
    for name, target, frame, columns in (
        ("observations", OBSERVATION_TABLE, inventory.observations, SIGHTS),
        ("passes", PASS_TABLE, inventory.passes, PASSES),
    ):
        written[name] = replace_rows(connection, target, frame_chunks(frame, columns), list(columns))
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA analysis_limit=1000"))
    connection.execute(text("ANALYZE"))  # the planner has to know of the new rows
    said = ", ".join(f"{count} {name}" for name, count in written.items())
    log.info("map written in %.1f s: %s", time.monotonic() - start, said)


def _note_state(session: Session, inventory: Inventory, made: RoadMap, table: Table, key: str, revision: int) -> None:
    state = map_state(session)
    if state is None:
        state = MapState(id=1, changes=0)
        session.add(state)
    elif state.revision > revision:
        raise ValueError(f"the map is at revision {state.revision} already, later than {revision}")
    elif state.revision == revision:
        state.changes += 1  # what was cached of it may have changed
    network = inventory.network
    state.revision, state.inventory_key, state.published_s = revision, key, time.time()
    state.crs = network.crs.to_wkt()
    state.bbox = shapely.total_bounds(degrees(network, network.segments.geometry.to_numpy())).tolist()
    now_s = newest_s(inventory)
    state.summary = made.summary | {"newest_s": None if math.isnan(now_s) else now_s}
    state.table = yaml.safe_dump(table.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
