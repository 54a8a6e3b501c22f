"""A review, and what follows from it on the map: the defect and its segment, at once and in one transaction."""

import time
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.features.near import discard
from api.features.segment import Part, condition_table, read_part
from api.store.bulk import put_rows
from api.store.publish import rejected_layer, reviewed
from api.store.reviews import last_reviews, verdicts
from api.store.rows import layer_chunks
from api.store.schema import LAYER_TABLES, MapState, Review
from roads.layers import defects_layer
from roads.network import Network

RANKED = ("priority", "job", "job_m")  # as the last whole map said: they compare segments with each other


def decide(
    session: Session,
    state: MapState,
    network: Network,
    defect: Mapping[str, Any],
    decision: str,
    class_name: str | None,
    note: str | None,
    person: str,
) -> Review:
    """Keep a review and bring the map up to date with it.

    The segment is graded again; its rank among all segments stays until the next survey is put on the map.

    Args:
        session: that writes, and holds the map's state.
        state: of the map; its `changes` grow.
        network: of the map.
        defect: the attributes of the defect now.
        decision: accept, reject, relabel or undo.
        class_name: of a relabel.
        note: in the person's own words.
        person: who.
    """
    review = Review(
        defect=defect["id"],
        decision=decision,
        class_name=class_name,
        note=note,
        person=person,
        at_s=time.time(),
        snapshot=dict(defect),
    )
    session.add(review)
    session.flush()
    state.changes += 1
    _bring_up_to_date(session, state, network, defect)
    return review


def _bring_up_to_date(session: Session, state: MapState, network: Network, defect: Mapping[str, Any]) -> None:
    number, c = defect["id"], LAYER_TABLES["segments"].c
    row = session.scalar(select(c.row).where(c.segment_id == defect["segment_id"]))
    part = read_part(session, state, network, row or 0, number)
    reviews = last_reviews(session, part.inventory.observations["defect"].unique().tolist())
    segment, found = part.judged(condition_table(state), verdicts(reviews))
    layers = {"defects": (_defect(part, found, reviews, number), number)}
    if row is not None:
        layers["segments"] = (_ranked(session, segment, row), row)
    for name, (layer, at) in layers.items():
        for chunk in layer_chunks(name, layer, network, np.array([at])):
            put_rows(session.connection(), LAYER_TABLES[name], chunk)
            discard(session, name, np.array([box[1:5] for box in chunk.boxes])[:, [0, 2, 1, 3]])


def _defect(part: Part, found: pd.DataFrame, reviews: Mapping[int, Review], number: int) -> gpd.GeoDataFrame:
    """The one row of a defect, rejected or not."""
    alone = defects_layer(part.inventory, found[found["id"] == number].reset_index(drop=True))
    own = {number: reviews[number]} if number in reviews else {}
    return reviewed(alone, rejected_layer(part.inventory, own, part.newest_s), own)


def _ranked(session: Session, segment: gpd.GeoDataFrame, row: int) -> gpd.GeoDataFrame:
    """A segment with the rank that it had; with none where nothing is left to repair."""
    c = LAYER_TABLES["segments"].c
    rank = session.execute(select(*(c[name] for name in RANKED)).where(c.row == row)).one()
    left = segment["why"].notna()
    kept = {name: pd.Series([value], dtype=segment[name].dtype) for name, value in zip(RANKED, rank, strict=True)}
    return segment.assign(**{name: value.where(left) for name, value in kept.items()})
