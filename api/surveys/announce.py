"""Surveys and their files before the bytes come, and what a crew may still change afterwards."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.errors import refusal
from api.jobs import queue
from api.settings import Settings
from api.store.schema import File, Job, Survey
from api.store.states import ENDED, SurveyState
from api.surveys.answer import IN_WORDS
from api.uploads.names import check_name, stored_name

OPEN = (SurveyState.UPLOADING, SurveyState.ATTENTION, SurveyState.FAILED, SurveyState.CANCELLED)
NOT_BEGUN = (SurveyState.CHECKING, SurveyState.WAITING)  # a file may still come or go; then it is checked again
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that is to come."""

    name: str
    size: int
    sha256: str | None = None


def announce(
    session: Session, settings: Settings, person: str, name: str | None, options: dict[str, Any], files: list[Announced]
) -> Survey:
    """Add a survey and the files that are to come. Raises Problem 413, 415 or 422 for a file that can't be one."""
    now = time.time()
    survey = Survey(
        id=secrets.token_hex(6),
        name=(name or "").strip() or (check_name(files[0].name) if files else ""),
        state=SurveyState.UPLOADING,
        person=person,
        created_s=now,
        changed_s=now,
        options=options,
        findings=[],
    )
    if not survey.name:
        raise refusal("no_name")
    session.add(survey)
    session.flush()
    add_files(session, settings, survey, files)
    return survey


def add_files(session: Session, settings: Settings, survey: Survey, files: Sequence[Announced]) -> list[File]:
    """Announce more files of a survey that isn't looked at yet; it waits for them.

    Raises:
        Problem: 409 it is being looked at or done; 413, 415, 422 for a file that can't be one.
    """
    _open(session, survey)
    there = files_of(session, survey.id)
    if any(file.state == "removed" for file in there):
        raise refusal("footage_removed")
    if len(there) + len(files) > settings.limits.survey_files:
        raise refusal("too_many_files", most=settings.limits.survey_files)
    taken = {file.extra["stored"] for file in there}
    added = []
    for number, file in enumerate(files):
        name = check_name(file.name)
        if file.size < 1:
            raise refusal("empty_file", file=name)
        if file.size > settings.limits.upload_bytes:
            raise refusal("file_too_large", file=name, most=settings.limits.upload_bytes)
        stored = stored_name(name, taken)
        taken.add(stored)
        added.append(
            File(
                id=secrets.token_hex(16),
                survey=survey.id,
                name=name,
                size=file.size,
                received=0,
                state="announced",
                created_s=time.time() + number * 1e-6,  # so that they keep their order
                expires_s=time.time() + settings.upload_hours * HOUR_S,
                extra={"stored": stored, **({"sha256": file.sha256.lower()} if file.sha256 else {})},
            )
        )
    session.add_all(added)
    change(survey, SurveyState.UPLOADING)
    survey.content, survey.error, survey.findings = None, None, []
    forget_result(survey)
    session.flush()
    return added


def remove_file(session: Session, survey: Survey, number: str) -> File:
    """Take a file out of a survey that isn't looked at yet. The caller removes its bytes, and then calls `settle`.

    Raises:
        Problem: 404 there is no such file; 409 the survey is being looked at or done.
    """
    file = session.scalar(select(File).where(File.id == number, File.survey == survey.id))
    if file is None:
        raise refusal("no_file", survey=survey.id, number=number[:60])
    _open(session, survey)
    session.delete(file)
    session.flush()
    survey.content = None
    forget_result(survey)
    return file


def forget_result(survey: Survey) -> None:
    """Let the road be looked at again: the result is of other files or options. It may be on the map already."""
    survey.result_key = survey.summary = None


def survey_of(session: Session, number: str) -> Survey:
    """Find a survey, to be changed. Raises Problem 404."""
    queue.one_at_a_time(session)  # before any row is locked, as everywhere, so that no two wait for each other
    survey = session.scalar(select(Survey).where(Survey.id == number).with_for_update())
    if survey is None:
        raise refusal("no_survey", number=number[:60])
    return survey


def files_of(session: Session, survey: str) -> list[File]:
    """The files of a survey in the order they were announced."""
    return list(session.scalars(select(File).where(File.survey == survey).order_by(File.created_s, File.id)))


def state_of(survey: Survey) -> tuple[str, str]:
    """A survey's state for a sentence: in Dutch, and as the API names it."""
    return IN_WORDS[SurveyState(survey.state)][0], survey.state


def change(survey: Survey, state: SurveyState) -> None:
    """Bring a survey into a state."""
    survey.state, survey.changed_s = state, time.time()
    survey.ended_s = time.time() if state in (SurveyState.DONE, SurveyState.FAILED, SurveyState.CANCELLED) else None


def all_here(session: Session, survey: Survey) -> list[File]:
    """The files of a survey. Raises Problem 409 while some are missing or removed."""
    files = files_of(session, survey.id)
    if not files or any(file.state != "complete" for file in files):
        gone = any(file.state == "removed" for file in files)
        raise refusal("footage_removed" if gone else "files_missing")
    return files


def check(session: Session, survey: Survey, person: str) -> None:
    """Let a job check a survey."""
    change(survey, SurveyState.CHECKING)
    survey.error, survey.findings = None, []
    queue.enqueue(session, "check", {"survey": survey.id}, person=person, survey=survey.id, key=f"check:{survey.id}")


def look(session: Session, survey: Survey, person: str) -> None:
    """Let a job look at the road."""
    change(survey, SurveyState.WAITING)
    survey.error = None
    queue.enqueue(session, "look", {"survey": survey.id}, person=person, survey=survey.id, key=f"look:{survey.id}")


def put_on_map(session: Session, person: str) -> int:
    """Let a job put all surveys on the map that wait for it."""
    return queue.enqueue(session, "map", {}, person=person, lane="map", key="map")


def take_off(session: Session, survey: Survey, person: str) -> None:
    """Let a job take a survey's drive off the map, unless another survey is of the same drive."""
    same_drive = select(Survey.id).where(Survey.survey_id == survey.survey_id, Survey.id != survey.id).limit(1)
    if survey.survey_id is not None and session.scalar(same_drive) is None:  # it may be on the map, or just come on
        payload = {"remove": survey.survey_id}
        queue.enqueue(session, "map", payload, person=person, lane="map", key=f"remove:{survey.survey_id}")


def cancel(session: Session, survey: Survey) -> None:
    """Stop whatever is done for a survey. Raises Problem 409 when it is done already."""
    if survey.state in (SurveyState.DONE, SurveyState.DUPLICATE):
        raise refusal("no_cancel")
    _cancel_jobs(session, survey)
    change(survey, SurveyState.CANCELLED)


def _cancel_jobs(session: Session, survey: Survey) -> None:
    for job in session.scalars(select(Job).where(Job.survey == survey.id, Job.state.not_in(ENDED))):
        queue.cancel(session, job.id)


def _open(session: Session, survey: Survey) -> None:
    """Make sure that files may come and go."""
    if survey.state in NOT_BEGUN:
        _cancel_jobs(session, survey)
    elif survey.state not in OPEN:
        raise refusal("closed", state=state_of(survey))
