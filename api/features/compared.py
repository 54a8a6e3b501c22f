"""What changed on the map between two days, made once for each pair and kept for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import orjson
from sqlalchemy.orm import Session

from api.context import Context
from api.errors import refusal
from api.features.segment import condition_table
from api.store.reviews import last_reviews, verdicts
from api.store.rows import degrees, plain, written
from api.store.schema import MapState
from roads.changes import Changes, compare
from roads.inventory import Inventory, read_inventory
from roads.mapping import road_map

KEPT = 8

Key = tuple[str, str, str]  # version of the map, before, after


class Comparisons:
    """The comparisons asked for last. One at a time is made: each needs the whole inventory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def made(self, key: Key, make: Callable[[], bytes]) -> bytes:
        """Find a comparison or make it."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def end_of(day: str) -> float:
    """The end of a day (YYYY-MM-DD, UTC), POSIX seconds.

    Raises:
        Problem: 422, there is no such day.
    """
    try:
        return (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError) as error:
        raise refusal("no_date", day=day) from error


def comparison(session: Session, context: Context, state: MapState, before: str, after: str) -> bytes:
    """Compare the map at the ends of two days, as JSON.

    Raises:
        Problem: 422, nobody had driven yet on the earlier day, or it isn't the earlier one.
    """
    before_s, after_s = end_of(before), end_of(after)
    if before_s >= after_s:
        raise refusal("not_earlier", before=before, after=after)
    with context.blobs.fetched(state.inventory_key) as folder:
        inventory = read_inventory(folder)
    driven_s = inventory.surveys["from_s"].dropna()
    if driven_s.empty:
        raise refusal("never_driven")
    if not (driven_s < before_s).any():
        raise refusal("not_driven_yet", before=before, first=_day(driven_s.min()))
    table, said = condition_table(state), verdicts(last_reviews(session))
    changes = compare(road_map(inventory, table, before_s, said), road_map(inventory, table, after_s, said))
    return _json(changes, inventory)


def _day(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).date().isoformat()


def _json(changes: Changes, inventory: Inventory) -> bytes:
    summary = {name: changes.summary[name] for name in ("segments", "defects", "comparable_m")}
    return b"".join(
        [
            b'{"summary":' + orjson.dumps(summary),
            b',"segments":' + _collection(changes.segments, "segment_id", inventory),
            b',"defects":' + _collection(changes.defects, "id", inventory) + b"}",
        ]
    )


def _collection(layer: gpd.GeoDataFrame, identity: str, inventory: Inventory) -> bytes:
    names = [name for name in layer.columns if name != "geometry"]
    values = list(zip(*(plain(layer[name]) for name in names), strict=True))
    places = degrees(inventory.network, layer.geometry.to_numpy())
    features = written(names, values, plain(layer[identity]), places)
    return b'{"type":"FeatureCollection","features":[' + ",".join(features).encode() + b"]}"
