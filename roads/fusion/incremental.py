"""Adding a drive to an inventory. Only damage near the drive is looked at, whatever the size of the rest."""

from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from detector.errors import NetworkError
from detector.types import Floats, Ints
from roads.fusion.associate import assign, associate
from roads.fusion.marks import KIND_OF, marks_of, references
from roads.fusion.options import FusionOptions
from roads.inventory import SIGHTS, Inventory
from roads.tables import OBSERVATIONS, PASSES, SURVEYS, conform, typed

if TYPE_CHECKING:
    from roads.placing import Placed

SPEED_MPS = 10.0  # assumed between observations without a time
SAME_M = 1.0  # a survey detected again shows its own damage within this much of where it did


def add(inventory: Inventory, placed: "Placed", options: FusionOptions | None = None) -> Inventory:
    """Add a drive: each of its observations becomes a sight of a known defect, or of a new one.

    Visit by visit: the drive's error is estimated against the damage known so far, then the observations are assigned
    one to one. A survey whose `survey_id` is there already is replaced and keeps its number; defects that only it had
    seen keep their ids where it shows them again, and vanish where it doesn't. No other defect changes its id, and none
    is lost. Adding the same survey twice is adding it once.

    Raises:
        NetworkError: the drive was placed on another network.
    """
    options = options or FusionOptions()
    _check(inventory, placed)
    same = np.flatnonzero(inventory.surveys["survey_id"] == placed.survey["survey_id"])
    survey = int(same[0]) if len(same) else len(inventory.surveys)
    known, passes, track = (
        t[t["survey"] != survey] for t in (inventory.observations, inventory.passes, inventory.track)
    )
    old = inventory.observations[inventory.observations["survey"] == survey]
    new = conform(placed.observations, OBSERVATIONS).assign(survey=survey, defect=-1, shift_x_m=0.0, shift_y_m=0.0)
    new = _fused(_near(known, new, options), new, inventory.next_id, options)
    alone = old[~old["defect"].isin(known["defect"])]
    new, next_id = _named(new, alone, inventory.next_id)
    driven = conform(placed.passes, PASSES).assign(survey=survey)
    return Inventory(
        inventory.network,
        _with_survey(inventory.surveys, placed, survey),
        _joined(known, conform(new, SIGHTS)),
        _joined(passes, driven),
        _with_track(track, placed.track, survey),
        next_id,
    )


def identified(inventory: Inventory, placed: "Placed") -> "Placed":
    """Give a drive the id that it has in this inventory: its own, with a number where that is a drive at another time.

    Films named the same along one track have one `survey_id`. They are the same drive, found again, where their times
    overlap or are unknown; else the later one added gets the id with -2, -3, ...
    """
    own = placed.survey["survey_id"].partition("-")[0]
    known = inventory.surveys[inventory.surveys["survey_id"].str.split("-").str[0] == own]
    both_s = np.minimum(known["to_s"], placed.survey["to_s"]) - np.maximum(known["from_s"], placed.survey["from_s"])
    both_s = both_s.fillna(0.0)
    if (both_s >= 0).any():
        name = known["survey_id"][both_s.idxmax()]
    else:
        taken = set(known["survey_id"])
        name = next(name for name in chain([own], (f"{own}-{n}" for n in count(2))) if name not in taken)
    return replace(placed, survey={**placed.survey, "survey_id": name})


def _check(inventory: Inventory, placed: "Placed") -> None:
    rows = max((int(t["segment"].max()) for t in (placed.observations, placed.passes) if len(t)), default=-1)
    if rows >= len(inventory.network.segments) or placed.track.crs != inventory.network.crs:
        raise NetworkError(
            inventory.network.path,
            f"is not the network that survey {placed.survey['name']!r} was placed on",
            "place the survey on the inventory's network",
        )


def _near(known: pd.DataFrame, new: pd.DataFrame, options: FusionOptions) -> pd.DataFrame:
    """All sights of the defects that have one within reach of the new observations, by square cells."""
    if known.empty or new.empty:
        return known.iloc[:0]
    longest = max(known["length_m"].max(), new["length_m"].max())
    cell_m = 2 * options.reach_m + float(longest)  # a sight lies its shift off its reference
    # Cells are numbered so that the eight around one differ by -1, 0, 1 and by a row.
    low = np.floor(new[["x_m", "y_m"]].to_numpy().min(axis=0) / cell_m) - 2
    high = np.floor(new[["x_m", "y_m"]].to_numpy().max(axis=0) / cell_m) + 2
    across = int(high[1] - low[1]) + 1

    def cells(table: pd.DataFrame) -> tuple[Ints, Floats]:
        x, y = (np.floor(table[name].to_numpy() / cell_m) - low[k] for k, name in enumerate(("x_m", "y_m")))
        within = (x >= 0) & (y >= 0) & (x <= high[0] - low[0]) & (y < across)
        return np.where(within, x * across + y, -1).astype(np.int64), within

    around = np.array([dx * across + dy for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
    wanted = np.unique(np.unique(cells(new)[0])[:, None] + around)
    cell, within = cells(known)
    rows = np.flatnonzero(within)
    touched = np.unique(known["defect"].to_numpy()[rows[np.isin(cell[rows], wanted)]])
    return known[np.isin(known["defect"].to_numpy(), touched)]


def _fused(near: pd.DataFrame, new: pd.DataFrame, next_id: int, options: FusionOptions) -> pd.DataFrame:
    """The new observations with their defects and shifts; new defects are numbered from `next_id`."""
    new = new.reset_index(drop=True)
    time_s = _times(new)
    visits = new["visit"].to_numpy()
    for visit in np.unique(visits):
        rows = np.flatnonzero(visits == visit)
        mine = new.iloc[rows]
        ids, known = references(pd.concat([near, new[new["defect"] >= 0]]), options)
        found = associate(marks_of(mine, options), known, time_s[rows], options)
        defect = np.append(ids, -1)[found.known]
        fresh = np.flatnonzero(defect < 0)
        defect[fresh] = next_id + np.arange(len(fresh))
        next_id += len(fresh)
        new.loc[rows, "defect"] = defect
        new.loc[rows, ["shift_x_m", "shift_y_m"]] = found.shift
    return new


def _times(new: pd.DataFrame) -> Floats:
    """When each was seen, for the drift of the receiver's error; without a clock, by the way between them."""
    time_s: Floats = new["time_s"].to_numpy(float)
    if np.isfinite(time_s).all():
        return time_s
    order = np.lexsort((new["number"].to_numpy(), new["visit"].to_numpy()))
    xy = new[["x_m", "y_m"]].to_numpy()[order]
    way = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
    by_way = np.empty(len(new))
    by_way[order] = way / SPEED_MPS
    return by_way


def _named(new: pd.DataFrame, alone: pd.DataFrame, next_id: int) -> tuple[pd.DataFrame, int]:
    """Give new defects the ids of those that this survey alone had seen, where they are the same; number the rest.

    It is the same drive, so its damage lies where it lay.
    """
    fresh = new[new["defect"] >= next_id].drop_duplicates("defect")
    alone = alone.drop_duplicates("defect")
    a, b = (shapely.points(t[["x_m", "y_m"]].to_numpy()) for t in (fresh, alone))
    i, j = shapely.STRtree(b).query(a, "dwithin", SAME_M)
    kinds = (KIND_OF[t["class_id"].to_numpy()] for t in (fresh, alone))
    kind_a, kind_b = kinds
    same = kind_a[i] == kind_b[j]
    i, j = i[same], j[same]
    numbers = np.abs(fresh["number"].to_numpy()[i] - alone["number"].to_numpy()[j])  # settles a tie of places
    likelihood = np.exp(1.0 + SAME_M - shapely.distance(a[i], b[j]) - 1e-3 * numbers / (1.0 + numbers))
    heir = assign(i, j, likelihood, len(fresh), len(alone))
    ids = np.where(heir >= 0, np.append(alone["defect"].to_numpy(), -1)[heir], -1)
    unnamed = ids < 0
    ids[unnamed] = next_id + np.arange(int(unnamed.sum()))
    names = dict(zip(fresh["defect"], ids, strict=True))
    named = new["defect"].map(names).fillna(new["defect"]).astype(np.int64)
    return new.assign(defect=named), next_id + int(unnamed.sum())


def _with_survey(surveys: pd.DataFrame, placed: "Placed", survey: int) -> pd.DataFrame:
    row = typed([placed.survey], SURVEYS)
    parts = [part for part in (surveys.iloc[:survey], row, surveys.iloc[survey + 1 :]) if len(part)]
    return pd.concat(parts, ignore_index=True)


def _joined(tables: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """By survey, so that a survey added again comes to lie where it lay."""
    survey = int(new["survey"].iloc[0]) if len(new) else 0
    at = int(np.searchsorted(tables["survey"].to_numpy(), survey))
    parts = [part for part in (tables.iloc[:at], new, tables.iloc[at:]) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else tables.reset_index(drop=True)


def _with_track(track: gpd.GeoDataFrame, new: gpd.GeoDataFrame, survey: int) -> gpd.GeoDataFrame:
    new = new.assign(survey=np.full(len(new), survey, np.int64))
    if track.empty or new.empty:
        return (new if track.empty else track).reset_index(drop=True)
    return _joined(track, new)
