"""A map on disk: one folder that planners open, and from which everything in it can be made again.

inventory/            the drives and the defects that they share (roads.inventory)
condition-table.yaml  the table that grades it: edit it and add a drive, or pass another with --table
pictures/<survey id>/<number>.jpg
survey.gpkg, map.html, segments.csv, ...   (roads.export)
"""

import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import shapely

from detector.errors import InputError, SchouwError, SettingsError
from detector.results import picture_path, read_result
from roads.changes import Changes, compare
from roads.condition.table import Table, read_table, write_table
from roads.export import MADE, made_aside, write_map
from roads.fusion import add, identified
from roads.inventory import KIND, Inventory, empty_inventory, read_inventory, write_inventory
from roads.layers import picture
from roads.mapping import RoadMap, road_map
from roads.network import Network
from roads.placing import Placed, place_survey
from roads.tables import OBSERVATIONS, PASSES, conform

INVENTORY = "inventory"
TABLE = "condition-table.yaml"
PICTURES = "pictures"
SAME_M = 0.01


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
    """A map after surveys were added.

    `failed` holds one sentence for each that could not be used, `notes` one for what was there before and was replaced.
    """

    road_map: RoadMap
    failed: list[str]
    notes: list[str]


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

    A survey that can't be used is told and left out. An older map there is replaced; drives that are lost with it are
    told.

    Raises:
        InputError: no result can be read (the first one's error), or `out` can't be written, or holds something of
            another kind that would be overwritten, such as the network's own file.
        NetworkError: no survey overlaps with the network.
    """
    check_writable(out, network.path)
    older = _drive_ids(out)
    grown = _grow(out, empty_inventory(network), results, table)
    if older <= _drive_ids(out):
        return grown
    drives = f"{len(older)} drive{'s' if len(older) > 1 else ''}"
    return replace(grown, notes=[f"replaced a map of {drives}; schouw add puts a drive on it", *grown.notes])


def extend(opened: Moment, results: Sequence[Path], table: Table) -> Grown:
    """Add surveys to a map. One that is already in it is replaced. Raises what `create` raises."""
    return _grow(opened.folder, opened.inventory, results, table)


def changes_between(before: Moment, after: Moment) -> Changes:
    """What changed from one moment to another, of one map or of two on the same network.

    Raises:
        InputError: the maps are of different networks.
        SettingsError: `before` is not the older one, or one has no time.
    """
    if not _same_roads(before.inventory.network, after.inventory.network):
        raise InputError(
            after.folder, f"its segments are not those of {before.folder}", "make both maps with the same --roads"
        )
    for given in (before, after):
        if math.isnan(given.until_s):
            raise SettingsError(f"{given.folder}: its drives have no times, so nothing says what came before what")
    if before.until_s >= after.until_s:
        raise SettingsError(f"{before.folder} is not older than {after.folder}; name the older moment first")
    both = after.inventory
    for drive in _drives(before.inventory):
        drive = identified(both, drive)
        if drive.survey["survey_id"] not in set(both.surveys["survey_id"]):
            both = add(both, drive)
    return compare(road_map(both, after.table, before.until_s), road_map(both, after.table, after.at_s))


def _same_roads(a: Network, b: Network) -> bool:
    """Whether two networks have the same segments: ids, and lines as they were drawn, to within `SAME_M`."""
    roads, others = a.segments, b.segments
    return bool(
        a.crs == b.crs
        and roads["segment_id"].equals(others["segment_id"])
        and shapely.equals_exact(roads.geometry.to_numpy(), others.geometry.to_numpy(), SAME_M).all()
    )


def check_no_map(out: Path) -> None:
    """Raise InputError where `out` is a map, of which files that only tell what changed would replace a part."""
    if (out / INVENTORY).exists():
        raise InputError(out, "this is a map, whose own summary.json would be replaced", "choose another --out")


def check_writable(out: Path, roads: Path) -> None:
    """Raise InputError where a map in `out` would replace something of another kind, such as the network's own file."""
    KIND.check_replaceable(out / INVENTORY)
    made = {out.resolve() / name for name in (*MADE, INVENTORY, TABLE, PICTURES)}
    if made & {roads.resolve(), *roads.resolve().parents}:
        raise InputError(roads, f"the map would be written over it, in {out}", "choose another --out")


def _drive_ids(folder: Path) -> set[str]:
    """The drives of the map in a folder; none where there is no map, or one that can't be read any more."""
    try:
        return set(read_inventory(folder / INVENTORY).surveys["survey_id"])
    except InputError:
        return set()


def _grow(out: Path, inventory: Inventory, results: Sequence[Path], table: Table) -> Grown:
    pictures: dict[str, Path] = {}
    problems: list[SchouwError] = []
    notes: list[str] = []
    for folder in results:
        try:
            result = read_result(folder)
            placed = place_survey(result, inventory.network)
        except SchouwError as problem:
            problems.append(problem)
            continue
        own, placed = placed, identified(inventory, placed)
        notes += _told(inventory, own, placed)
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
    return Grown(made, [str(problem) for problem in problems], notes)


def _told(inventory: Inventory, own: Placed, placed: Placed) -> list[str]:
    """Say of a drive (`own`) that comes on a map as `placed` whether it, or its like, was there already."""
    name, number = placed.survey["name"], placed.survey["survey_id"]
    if number in set(inventory.surveys["survey_id"]):
        return [f"{name}: was on the map already, and was replaced"]
    if number != own.survey["survey_id"]:
        return [f"{name}: a drive of that name and track, at another time, is on the map too; both are kept"]
    return []


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
