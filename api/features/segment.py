"""One segment's own small inventory, taken from the database: from it follow its condition now, and its history.

The same functions that make the whole map are asked, so they say the same of the segment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import yaml
from sqlalchemy import Table as SqlTable
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.store.schema import LAYER_TABLES, OBSERVATION_TABLE, PASS_TABLE, MapState
from detector.types import Ints
from roads.condition import assess
from roads.condition.table import Table
from roads.coverage import seen_of
from roads.fusion import defects_at
from roads.inventory import SIGHTS, Inventory
from roads.layers import segments_layer
from roads.mapping import driven_by
from roads.network import Network
from roads.priorities import prioritise
from roads.tables import PASSES, SURVEYS, Columns, typed
from roads.verdicts import Verdict, accepted

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """What is known of one segment and of the defects that are, or were seen, on it."""

    inventory: Inventory  # of the segments that their sights lie on
    row: int  # of the segment in it
    newest_s: float  # the moment that the map is of

    def judged(
        self, table: Table, verdicts: Mapping[int, Verdict], at_s: float | None = None
    ) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        """The segment's row of the segments layer, and its defects (DEFECTS), at a moment or now."""
        at_s = self.newest_s if at_s is None else at_s
        found = accepted(defects_at(self.inventory, at_s), verdicts)
        seen = seen_of(driven_by(self.inventory, at_s).passes, self.inventory.network)
        layer = segments_layer(
            self.inventory.network, seen, assess(self.inventory.network.segments, found, seen, table), table
        )
        alone = layer.iloc[[self.row]].reset_index(drop=True)
        return alone.join(prioritise(alone)), found


def read_part(session: Session, state: MapState, network: Network, row: int, defect: int | None = None) -> Part:
    """Read a segment's part of the map.

    Args:
        session: that sees the map.
        state: of the map.
        network: of the map.
        row: of the segment in the network.
        defect: one more, that is on no segment.
    """
    c = OBSERVATION_TABLE.c
    segment_id = network.segments["segment_id"].iloc[row]
    here = select(LAYER_TABLES["defects"].c.id).where(LAYER_TABLES["defects"].c.segment_id == segment_id)
    passed = select(c.defect).where(c.segment == row)
    of_these = or_(c.defect.in_(here), c.defect.in_(passed), c.defect == defect)
    sights = _frame(session, OBSERVATION_TABLE, SIGHTS, of_these)
    rows = np.unique(np.append(sights["segment"].to_numpy()[sights["segment"].to_numpy() >= 0], row))
    passes = _frame(session, PASS_TABLE, PASSES, PASS_TABLE.c.segment.in_(rows.tolist()))
    part = Network(
        network.path, network.segments.iloc[rows].reset_index(drop=True), network.crs, network.preset, network.notes
    )
    inventory = Inventory(
        part,
        _surveys(session, _most(sights["survey"], passes["survey"])),
        sights.assign(segment=_renumbered(sights["segment"].to_numpy(), rows)),
        passes.assign(segment=_renumbered(passes["segment"].to_numpy(), rows)),
        gpd.GeoDataFrame({"survey": []}, geometry=[], crs=network.crs),
        0,
    )
    return Part(inventory, int(np.searchsorted(rows, row)), float(state.summary["newest_s"] or np.nan))


def condition_table(state: MapState) -> Table:
    """The table that grades the map."""
    return _table(state.table)


@lru_cache(maxsize=4)
def _table(text: str) -> Table:
    return Table.model_validate(yaml.safe_load(text))


def _frame(session: Session, table: SqlTable, columns: Columns, where: Any) -> pd.DataFrame:
    found = session.execute(select(*(table.c[name] for name in columns)).where(where).order_by(table.c.row))
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    return typed(rows, columns)


def _renumbered(segment: Ints, rows: Ints) -> Ints:
    return np.where(segment >= 0, np.searchsorted(rows, segment), -1)


def _most(*numbers: pd.Series) -> int:
    """How many surveys there are at least, of which these are some; either may be empty."""
    known = np.concatenate([number.to_numpy() for number in numbers])
    return int(known.max()) + 1 if len(known) else 0


def _surveys(session: Session, most: int) -> pd.DataFrame:
    """The surveys by number; those that gave no picture are no layer's, and have no time."""
    c = LAYER_TABLES["surveys"].c
    known = {row.row: row for row in session.execute(select(c.row, c.survey_id, c.name, c.from_utc, c.to_utc))}
    rows = [
        {
            "survey_id": known[number].survey_id if number in known else "",
            "name": known[number].name if number in known else "",
            "from_s": _seconds(known[number].from_utc if number in known else None),
            "to_s": _seconds(known[number].to_utc if number in known else None),
            "driven_m": 0.0,
            "frames": 0,
            "card": "{}",
        }
        for number in range(max([most, *(n + 1 for n in known)]))
    ]
    return typed(rows, SURVEYS)


def _seconds(utc: str | None) -> float:
    return np.nan if utc is None else datetime.fromisoformat(utc).timestamp()
