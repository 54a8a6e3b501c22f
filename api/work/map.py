"""The map: surveys that were looked at are put on it, a removed one is taken off. Each time it is a revision higher."""

import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.context import Context
from api.features import far, near
from api.jobs.handler import Report
from api.store.layers import map_state
from api.store.publish import publish
from api.store.schema import Survey
from api.store.states import SurveyState
from api.surveys.announce import change
from api.surveys.announce import put_on_map as ask_for_map
from api.work.footage import scratch_folder
from detector.errors import SchouwError, SettingsError
from detector.results import picture_path, read_result
from roads.condition.table import Table
from roads.folder import INVENTORY, open_map
from roads.fusion import add, without
from roads.inventory import Inventory, empty_inventory, read_inventory, write_inventory
from roads.network import Network
from roads.placing import place_survey

log = logging.getLogger("schouw")


@dataclass(frozen=True, slots=True)
class Newest:
    """The inventory that is served, and the table that grades it."""

    inventory: Inventory
    table: Table
    revision: int


@contextmanager
def newest(context: Context) -> Iterator[Newest]:
    """Yield the inventory that is served.

    Raises:
        SchouwError: no network was given yet, or the inventory is damaged.
    """
    with context.database.read() as session:
        state = map_state(session)
    if state is None:
        raise SchouwError("this server has no road network yet; start it with: schouw serve --roads NETWORK")
    with context.blobs.fetched(state.inventory_key) as folder:
        table = Table.model_validate(yaml.safe_load(state.table))
        yield Newest(read_inventory(folder), table, state.revision)


def put_on_map(context: Context, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Put all surveys on the map that wait for it, or take one off. See `api.jobs.handler.Handler`."""
    with newest(context) as now, scratch_folder(context, "map-") as scratch:
        if "remove" in payload:
            return _take_off(context, now, scratch, payload["remove"], report)
        with context.database.read() as session:
            waiting = list(
                session.scalars(
                    select(Survey).where(Survey.state == SurveyState.MAPPING).order_by(Survey.created_s, Survey.id)
                )
            )
        inventory, mapped, failed = now.inventory, {}, {}
        for done, survey in enumerate(waiting):
            report("fusing", done, len(waiting))
            try:
                inventory, mapped[survey.id] = _added(context, inventory, survey, scratch)
            except (SchouwError, FileNotFoundError) as problem:
                failed[survey.id] = str(problem)
        report("publishing", 0, None)
        revision = now.revision + 1 if mapped else now.revision

        def then(session: Session) -> None:
            _tell(session, mapped, failed, revision)

        if mapped:
            _publish(context, inventory, now.table, revision, scratch, then)
        else:
            with context.database.write() as session:
                then(session)
    return {"revision": revision, "mapped": mapped, "failed": failed}


def redraw(context: Context, _: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Draw tiles of a large map again, after reviews. See `api.jobs.handler.Handler`."""
    report("drawing", 0, None)
    return {"tiles": _draw(context)}


def found(context: Context, network: Network, table: Table) -> bool:
    """Make the empty map of a network if there is none yet; tell whether it was made.

    Raises:
        SettingsError: the server has a map of another network.
    """
    with context.database.read() as session:
        state = map_state(session)
    if state is not None:
        with newest(context) as now:
            _check_same(now.inventory.network, network)
        return False
    with scratch_folder(context, "map-") as scratch:
        _publish(context, empty_inventory(network), table, 1, scratch, _ask)
    return True


def take_over(context: Context, folder: Path) -> bool:
    """Serve a map folder that `schouw map` made, if there is no map yet; tell whether it was taken over.

    Raises:
        InputError: it is no map.
        SettingsError: the server has a map of another network.
    """
    opened = open_map(folder)
    with context.database.read() as session:
        state = map_state(session)
    if state is not None:
        with newest(context) as now:
            _check_same(now.inventory.network, opened.inventory.network)
        return False
    with scratch_folder(context, "map-") as scratch:
        for survey in opened.inventory.surveys["survey_id"]:
            source = folder / "pictures" / survey
            if source.is_dir():
                context.blobs.put(f"pictures/{survey}", Path(shutil.copytree(source, scratch / survey)))
        _publish(context, opened.inventory, opened.table, 1, scratch, _ask)
    return True


def _added(context: Context, inventory: Inventory, survey: Survey, scratch: Path) -> tuple[Inventory, str]:
    """Add one survey, and put its pictures in the storage; give its id on the map too."""
    with context.blobs.fetched(survey.result_key or "") as folder:
        result = read_result(folder)
        placed = place_survey(result, inventory.network)
        number = str(placed.survey["survey_id"])
        grown = add(inventory, placed)
        pictures = scratch / number
        shutil.rmtree(pictures, ignore_errors=True)
        pictures.mkdir()
        for defect in result.defects:
            if (source := picture_path(folder, defect.id)).is_file():
                shutil.copyfile(source, pictures / source.name)
    context.blobs.put(f"pictures/{number}", pictures)
    return grown, number


def _take_off(context: Context, now: Newest, scratch: Path, number: str, report: Report) -> dict[str, Any]:
    """Take a survey off the map, then its pictures; a kill between the two may have left only these."""
    revision = now.revision
    if number in set(now.inventory.surveys["survey_id"]):
        revision += 1
        report("publishing", 0, None)
        _publish(context, without(now.inventory, number), now.table, revision, scratch, lambda _: None)
    context.blobs.remove(f"pictures/{number}")
    return {"revision": revision}


def _publish(context: Context, inventory: Inventory, table: Table, revision: int, scratch: Path, then: Any) -> None:
    folder, key = scratch / INVENTORY, f"inventories/{revision}"
    write_inventory(inventory, folder)
    context.blobs.put(key, folder)
    publish(context.database, inventory, table, key=key, revision=revision, then=then)
    _draw(context)
    log.info("map: revision %d with %d surveys", revision, len(inventory.surveys))


def _draw(context: Context) -> int:
    return far.draw(context.database) + near.draw(context.database)


def _tell(session: Session, mapped: Mapping[str, str], failed: Mapping[str, str], revision: int) -> None:
    """Bring the surveys into their last state, in the transaction in which the map is published."""
    for survey in session.scalars(select(Survey).where(Survey.id.in_([*mapped, *failed]))):
        if survey.id in mapped:
            survey.survey_id, survey.on_map = mapped[survey.id], survey.on_map or revision
        if survey.state != SurveyState.MAPPING:
            continue  # cancelled meanwhile; it is on the map all the same, until it is removed
        change(survey, SurveyState.FAILED if survey.id in failed else SurveyState.DONE)
        survey.error = failed.get(survey.id)


def _ask(session: Session) -> None:
    """Drives that came before there was a network are put on its map."""
    if session.scalar(select(Survey.id).where(Survey.state == SurveyState.MAPPING).limit(1)):
        ask_for_map(session, "schouw")


def _check_same(here: Network, given: Network) -> None:
    if here.segments["segment_id"].tolist() != given.segments["segment_id"].tolist():
        raise SettingsError(
            f"{given.path}: this server has the map of another network ({here.path.name}); start a server with "
            "another --home for it"
        )
