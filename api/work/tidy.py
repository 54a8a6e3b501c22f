"""Cleaning up: uploads that were given up, footage past its time, and what no longer serves anyone."""

import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from api.context import Context
from api.jobs import queue
from api.jobs.handler import Report
from api.store.layers import map_state
from api.store.schema import LAYER_TABLES, Export, File, Job, Survey
from api.store.states import ENDED as JOB_ENDED
from api.store.states import JobState, SurveyState
from api.surveys.announce import change, survey_of
from api.work.footage import SCRATCH

DAY_S = 86400.0
FOLDERS = ("footage", "results", "pictures")  # of the storage, with what is a survey's
KEEP_INVENTORIES = 10  # the newest ones, to go back to by hand
KEEP_EXPORTS_DAYS = 7.0
KEEP_JOBS_DAYS = 90.0
ENDED = (SurveyState.DONE, SurveyState.FAILED, SurveyState.CANCELLED)


def tidy(context: Context, _: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Remove what is past its time; each step may be cut off and done again. See `api.jobs.handler.Handler`."""
    steps = {
        "uploads": _uploads,
        "footage": _footage,
        "orphans": _orphans,
        "exports": _exports,
        "inventories": _inventories,
        "jobs": _jobs,
        "scratch": _scratch,
    }
    removed = {}
    for done, (name, step) in enumerate(steps.items()):
        report("cleaning up", done, len(steps))
        removed[name] = step(context)
    return removed


def _uploads(context: Context) -> int:
    """Uploads that rested too long; their survey is cancelled. The server removes the bytes: they are on its disk."""
    with context.database.read() as session:
        rested = session.execute(
            select(File.id, File.survey).where(
                File.state.in_(("announced", "receiving")), File.expires_s < time.time(), File.received < File.size
            )
        ).all()
    for number, of in rested:
        with context.database.write() as session:
            survey, file = survey_of(session, of), session.get(File, number)
            if file is None or file.expires_s is None or file.expires_s > time.time():
                continue  # it goes on
            session.delete(file)
            if survey.state == SurveyState.UPLOADING:
                change(survey, SurveyState.CANCELLED)
                survey.error = "its upload was not finished in time"
    return len(rested)


def _footage(context: Context) -> int:
    """Footage of surveys that ended, or asked for a decision, `keep_footage_days` ago.

    What shows people and number plates is kept for no longer.
    """
    before = time.time() - context.settings.keep_footage_days * DAY_S
    ended = and_(Survey.state.in_(ENDED), Survey.ended_s < before)
    undecided = and_(Survey.state == SurveyState.ATTENTION, Survey.changed_s < before)
    old = select(Survey.id).where(or_(ended, undecided))
    with context.database.read() as session:
        numbers = session.scalars(
            select(File.survey).where(File.survey.in_(old), File.state == "complete").distinct()
        ).all()
    for number in numbers:
        with context.database.write() as session:
            survey = survey_of(session, number)
            if survey.state == SurveyState.ATTENTION:
                change(survey, SurveyState.CANCELLED)
                survey.error = "nobody decided in time, and its footage was removed"
            for file in session.scalars(select(File).where(File.survey == number, File.state == "complete")):
                file.state = "removed"
        context.blobs.remove(f"footage/{number}")
    return len(numbers)


def _orphans(context: Context) -> int:
    """Footage, results and pictures that nothing points to any more: of removals and uploads that were cut off.

    What points to them is written before they are, so no job loses what it made. Each is looked at again under the
    lock that all changes of surveys take, and removed under it: nothing of the same name can come meanwhile.
    """
    there = {_whole(key) for folder in FOLDERS for key in context.blobs.list(folder)}  # before the database is asked
    with context.database.read() as session:
        left = _unwanted(session, there)
    for key in left:
        with context.database.write() as session:
            queue.one_at_a_time(session)
            if _unwanted(session, {key}):
                context.blobs.remove(key)
    context.blobs.sweep(time.time() - DAY_S)
    return len(left)


def _whole(key: str) -> str:
    """What is removed at once: a file of footage, or a folder with all results or pictures of a survey."""
    return key if key.startswith("footage/") else "/".join(key.split("/")[:2])


def _unwanted(session: Session, keys: set[str]) -> set[str]:
    """Those keys in FOLDERS that no survey, no file and not the map points to, or will."""
    files = session.execute(select(File.survey, File.extra).where(File.state != "removed"))
    surveys = session.execute(select(Survey.id, Survey.survey_id)).all()
    on_map = session.scalars(select(LAYER_TABLES["surveys"].c.survey_id))
    wanted = {
        *(f"footage/{survey}/{extra['stored']}" for survey, extra in files),
        *(f"results/{number}" for number, _ in surveys),
        *(f"pictures/{survey_id}" for survey_id in [*on_map, *(given for _, given in surveys)]),
    }
    if map_state(session) is None:  # of a map that is taken over the pictures come first
        wanted |= {key for key in keys if key.startswith("pictures/")}
    return keys - wanted


def _exports(context: Context) -> int:
    """Downloads of maps that are no longer served, a week after they were made."""
    before = time.time() - KEEP_EXPORTS_DAYS * DAY_S
    with context.database.read() as session:
        state = map_state(session)
        old = session.scalars(select(Export).where(Export.created_s < before)).all()
    gone = [one for one in old if state is None or (one.revision, one.changes) != (state.revision, state.changes)]
    for one in gone:
        context.blobs.remove(f"exports/{one.id}")
        with context.database.write() as session:
            if kept := session.get(Export, one.id):
                session.delete(kept)
    return len(gone)


def _inventories(context: Context) -> int:
    """All but the newest inventories."""
    with context.database.read() as session:
        state = map_state(session)
    if state is None:
        return 0
    there = {key.split("/")[1] for key in context.blobs.list("inventories")}
    old = [name for name in there if name.isdigit() and int(name) <= state.revision - KEEP_INVENTORIES]
    for name in old:
        context.blobs.remove(f"inventories/{name}")
    return len(old)


def _jobs(context: Context) -> int:
    """Jobs that ended long ago and that no download points to."""
    before = time.time() - KEEP_JOBS_DAYS * DAY_S
    with context.database.write() as session:
        used = select(Export.job)
        old = session.scalars(
            select(Job).where(Job.state.in_(JOB_ENDED), Job.ended_s < before, Job.id.not_in(used))
        ).all()
        for job in old:
            session.delete(job)
    return len(old)


def _scratch(context: Context) -> int:
    """Folders that a killed worker left behind: a day old, and older than any job that runs, which may take longer."""
    with context.database.read() as session:
        running = session.scalar(select(func.min(Job.started_s)).where(Job.state == JobState.RUNNING))
    scratch: Path = context.settings.home / SCRATCH
    before = min(time.time() - DAY_S, running or math.inf)
    old = [path for path in scratch.glob("*") if path.stat().st_mtime < before]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return len(old)
