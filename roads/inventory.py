"""What several surveys found on one road network, and where it is kept between them.

inventory.json        format, version, CRS, the next defect's id, the network's name, and how many rows each table has
network.parquet       the network's segments: GeoParquet
surveys.parquet       one row per survey; its place in the table is its number
observations.parquet  every damage that every survey found, with the defect that it is a sight of
passes.parquet        what each survey saw of each segment, or passed unseen
track.parquet         where each survey drove: GeoParquet

Defects are not stored: they follow from observations and passes, for any moment (`roads.fusion.defects_at`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyproj

from detector.cards import FolderKind
from detector.errors import InputError
from detector.files import atomic_folder
from roads.network import Network
from roads.tables import OBSERVATIONS, PASSES, SURVEYS, TRACK, Columns, conform, empty

AGAIN = "make it again from the surveys' results"
KIND = FolderKind(
    card="inventory.json",
    format="schouw inventory",
    version=1,
    name="an inventory",
    briefly="an inventory",
    where="name the folder of a map that schouw made",
    again=AGAIN,
    other_version=f"use the schouw that wrote it, or {AGAIN}",
)

# Observations as an inventory keeps them: x_m and y_m stay what the drive said, and beside them stands by how much the
# drive is thought to be off there, against the drives before it.
SIGHTS: Columns = {**OBSERVATIONS, "shift_x_m": "float64", "shift_y_m": "float64"}


@dataclass(frozen=True)
class Inventory:
    """All surveys on one network. Tables are never changed in place: `roads.fusion.add` returns a new inventory."""

    network: Network
    surveys: pd.DataFrame  # SURVEYS; the row's number is the survey's
    observations: pd.DataFrame  # SIGHTS, by survey
    passes: pd.DataFrame  # PASSES, by survey
    track: gpd.GeoDataFrame  # points in the network's CRS, with the number of their `survey`
    next_id: int  # of the next new defect; ids are never used again


def empty_inventory(network: Network) -> Inventory:
    """Return the inventory of a network that nobody has driven."""
    track = gpd.GeoDataFrame(empty({"survey": "int64", **TRACK}), geometry=[], crs=network.crs)
    return Inventory(network, empty(SURVEYS), empty(SIGHTS), empty(PASSES), track, 1)


def write_inventory(inventory: Inventory, folder: Path) -> None:
    """Write an inventory, whole or not at all. An older inventory of that name is replaced.

    Raises:
        InputError: `folder` holds something that is not an inventory, which writing would remove.
    """
    KIND.check_replaceable(folder)
    network, tables = inventory.network, _tables(inventory)
    card = {
        "crs": network.crs.to_wkt(),
        "next_id": inventory.next_id,
        "network": {"file": network.path.name, "preset": network.preset, "notes": list(network.notes)},
        "rows": {name: len(table) for name, table in tables.items()},
    }
    with atomic_folder(folder.resolve()) as new:
        KIND.write_card(new, card)
        for name, table in tables.items():
            table.to_parquet(new / f"{name}.parquet", index=False, compression="zstd")


def read_inventory(folder: Path) -> Inventory:
    """Read what `write_inventory` wrote; equal to it, but for the network's path, of which only the name is kept.

    Raises:
        InputError: `folder` is no inventory, one of another version, or one with missing or damaged files.
    """
    card = KIND.read_card(folder)
    network = _read_network(folder, card)
    try:
        rows, next_id = card["rows"], int(card["next_id"])
    except (KeyError, TypeError, ValueError) as error:
        raise _incomplete(folder) from error
    track = _read_places(folder / "track.parquet", network.crs)
    parts = {
        "network": network.segments,
        "surveys": _read_table(folder / "surveys.parquet", SURVEYS),
        "observations": _read_table(folder / "observations.parquet", SIGHTS),
        "passes": _read_table(folder / "passes.parquet", PASSES),
        "track": track,
    }
    for part, table in parts.items():
        if len(table) != rows.get(part):
            raise InputError(
                folder / f"{part}.parquet", f"has {len(table)} rows; {KIND.card} says {rows.get(part)}", AGAIN
            )
    return Inventory(network, parts["surveys"], parts["observations"], parts["passes"], track, next_id)


def read_inventory_network(folder: Path) -> Network:
    """Read only the network of an inventory. Raises what `read_inventory` raises."""
    return _read_network(folder, KIND.read_card(folder))


def _read_network(folder: Path, card: dict[str, Any]) -> Network:
    try:
        crs, about = pyproj.CRS.from_wkt(card["crs"]), card["network"]
        name, preset, notes = Path(about["file"]), str(about["preset"]), tuple(about["notes"])
    except (KeyError, TypeError, ValueError, pyproj.exceptions.CRSError) as error:
        raise _incomplete(folder) from error
    return Network(name, _read_places(folder / "network.parquet", crs), crs, preset, notes)


def _incomplete(folder: Path) -> InputError:
    return InputError(folder / KIND.card, "damaged: it lacks something an inventory says of itself", AGAIN)


def _tables(inventory: Inventory) -> dict[str, pd.DataFrame]:
    return {
        "network": inventory.network.segments,
        "surveys": inventory.surveys,
        "observations": inventory.observations,
        "passes": inventory.passes,
        "track": inventory.track,
    }


def _read_table(path: Path, columns: Columns) -> pd.DataFrame:
    try:
        return conform(pd.read_parquet(path), columns)
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise InputError(path, "this part of the inventory is missing or damaged", AGAIN) from error


def _read_places(path: Path, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    try:
        places = gpd.read_parquet(path)
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise InputError(path, "this part of the inventory is missing or damaged", AGAIN) from error
    if places.crs != crs:
        raise InputError(path, f"is in another coordinate reference system than {KIND.card} says", AGAIN)
    return places
