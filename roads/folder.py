"""A map on disk: one folder that planners open, and from which everything in it can be made again.

inventory/            the drives and the defects that they share (roads.inventory)
condition-table.yaml  the table that grades it: edit it and add a drive, or pass another with --table
pictures/<survey id>/<number>.jpg
survey.gpkg, map.html, segments.csv, ...   (roads.export)
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from detector.errors import InputError, SchouwError, SettingsError
from detector.results import picture_path, read_result
from roads.changes import Changes, compare
from roads.condition.table import Table, read_table, write_table
from roads.export import made_aside, write_map
from roads.fusion import add
from roads.inventory import Inventory, empty_inventory, read_inventory, write_inventory
from roads.layers import picture
from roads.mapping import RoadMap, road_map
from roads.network import Network
from roads.placing import Placed, place_survey
from roads.tables import OBSERVATIONS, PASSES, conform

INVENTORY = "inventory"
TABLE = "condition-table.yaml"


@dataclass(frozen=True)
class Moment:
    """The state of a map at one moment, or with all it knows."""

    folder: Path
    inventory: Inventory
    table: Table
    at_s: float | None = None  # POSIX seconds; None: all surveys

    def road_map(self) -> RoadMap:
        """The map of that moment."""
        return road_map(self.inventory, self.table, self.at_s)

    @property
    def until_s(self) -> float:
        """The moment itself, or that of the newest survey."""
        return float(self.inventory.surveys["to_s"].max()) if self.at_s is None else self.at_s


@dataclass(frozen=True)
class Grown:
    """A map after surveys were added. `failed` holds one sentence for each that could not be used."""

    road_map: RoadMap
    failed: list[str]


def open_map(folder: Path) -> Moment:
    """Open a map folder.

    Raises:
        InputError: it is none, or its parts are damaged.
    """
    if not (folder / INVENTORY).is_dir():
        raise InputError(folder, f"no map here: it has no folder {INVENTORY}", "name a folder that schouw map made")
    return Moment(folder, read_inventory(folder / INVENTORY), read_table(folder / TABLE))


def moment(text: str) -> Moment:
    """Read `folder` or `folder@YYYY-MM-DD`: the state at the end of that day (UTC)."""
    if "@" not in text or Path(text).exists():
        return open_map(Path(text))
    folder, _, day = text.rpartition("@")
    try:
        end = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError as error:
        raise SettingsError(f"{text}: '{day}' is no date; write for example {folder}@2026-04-30") from error
    opened = open_map(Path(folder))
    first = opened.inventory.surveys["from_s"].min()
    if not first < end.timestamp():
        raise SettingsError(f"{text}: the first survey of this map is later than that day; give a later one")
    return Moment(opened.folder, opened.inventory, opened.table, end.timestamp())


def create(out: Path, results: Sequence[Path], network: Network, table: Table) -> Grown:
    """Make a map of surveys (result folders) in the folder `out`; other files there stay.

    A survey that can't be used is told and left out.

    Raises:
        InputError: no result can be read (the first one's error), or `out` can't be written.
        NetworkError: no survey overlaps with the network.
    """
    return _grow(out, empty_inventory(network), results, table)


def extend(opened: Moment, results: Sequence[Path], table: Table) -> Grown:
    """Add surveys to a map. One that is already in it is replaced. Raises what `create` raises."""
    return _grow(opened.folder, opened.inventory, results, table)


def changes_between(before: Moment, after: Moment) -> Changes:
    """What changed from one moment to another, of one map or of two on the same network.

    Raises:
        InputError: the maps are of different networks.
    """
    ids = [m.inventory.network.segments["segment_id"] for m in (before, after)]
    if not ids[0].equals(ids[1]):
        raise InputError(
            after.folder, f"its segments are not those of {before.folder}", "make both maps with the same --roads"
        )
    if before.until_s >= after.until_s:
        raise SettingsError(f"{before.folder} is not older than {after.folder}; name the older moment first")
    both = after.inventory
    known = set(both.surveys["survey_id"])
    for drive in _drives(before.inventory):
        if drive.survey["survey_id"] not in known:
            both = add(both, drive)
    return compare(road_map(both, after.table, before.until_s), road_map(both, after.table, after.at_s))


def _grow(out: Path, inventory: Inventory, results: Sequence[Path], table: Table) -> Grown:
    pictures: dict[str, Path] = {}
    problems: list[SchouwError] = []
    for folder in results:
        try:
            result = read_result(folder)
            placed = place_survey(result, inventory.network)
        except SchouwError as problem:
            problems.append(problem)
            continue
        inventory = add(inventory, placed)
        pictures |= {
            picture(placed.survey["survey_id"], defect.id): picture_path(folder, defect.id) for defect in result.defects
        }
    if len(problems) == len(results):
        raise problems[0]
    made = road_map(inventory, table)
    with made_aside(out) as folder:
        for name, source in pictures.items():
            if source.is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / name)
        write_table(table, folder / TABLE)
        write_map(made, [folder, out], folder)
    write_inventory(inventory, out / INVENTORY)
    return Grown(made, [str(problem) for problem in problems])


def _drives(inventory: Inventory) -> Iterator[Placed]:
    """The drives that an inventory is made of."""
    for survey, row in enumerate(inventory.surveys.to_dict("records")):
        sights, passes, track = (
            t[t["survey"] == survey] for t in (inventory.observations, inventory.passes, inventory.track)
        )
        yield Placed(
            row,
            conform(sights.assign(survey=-1, defect=-1), OBSERVATIONS),
            conform(passes.assign(survey=-1), PASSES),
            track.drop(columns="survey").reset_index(drop=True),
        )
