"""What follows for a survey when a job ends, in the same transaction."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.errors import refusal
from api.jobs import queue
from api.store.layers import map_state
from api.store.schema import Export, Job, Survey
from api.store.states import JobState, SurveyState
from api.surveys.announce import change, look, put_on_map, take_off

TIDY_EVERY_S = 3600.0
WORKING = {
    "check": (SurveyState.CHECKING,),
    "look": (SurveyState.WAITING, SurveyState.RUNNING),
}


def job_ended(session: Session, job: Job) -> None:
    """Bring the survey, or the download, into its next state; the hourly job waits for its next hour."""
    if job.kind == "tidy":
        queue.enqueue(session, "tidy", {}, person=job.person, key="tidy", delay_s=TIDY_EVERY_S)
    elif job.kind == "export" and job.state == JobState.DONE:
        _export_made(session, job)
    elif job.kind == "map" and job.state != JobState.DONE:
        if "remove" not in job.payload:
            for waiting in session.scalars(select(Survey).where(Survey.state == SurveyState.MAPPING)):
                _stopped(waiting, job)
    elif job.kind in WORKING:
        survey = session.scalar(select(Survey).where(Survey.id == job.survey).with_for_update())
        if survey is None or survey.state not in WORKING[job.kind] or not _is_newest(session, job):
            return  # removed, cancelled, or begun again meanwhile
        if job.state != JobState.DONE:
            _stopped(survey, job)
        elif job.kind == "check":
            _checked(session, survey, job, job.result or {})
        else:
            _looked(session, survey, job, job.result or {})


def job_retried(session: Session, job: Job) -> None:
    """Bring the survey back to where it was when the job failed.

    Raises:
        Problem: 409, a newer job of the survey has followed: what this one yields would lead nowhere.
    """
    if job.kind == "map" and "remove" not in job.payload:
        for one in session.scalars(select(Survey).where(Survey.result_key.is_not(None), Survey.on_map.is_(None))):
            if one.state in (SurveyState.FAILED, SurveyState.CANCELLED):
                change(one, SurveyState.MAPPING)
                one.error = None
    elif job.kind in WORKING:
        if not _is_newest(session, job):
            raise refusal("newer_job", job=job.id)
        survey = session.scalar(select(Survey).where(Survey.id == job.survey).with_for_update())
        if survey and survey.state in (SurveyState.FAILED, SurveyState.CANCELLED):
            change(survey, WORKING[job.kind][0])
            survey.error = None


def _is_newest(session: Session, job: Job) -> bool:
    return session.scalar(select(func.max(Job.id)).where(Job.survey == job.survey)) == job.id


def _stopped(survey: Survey, job: Job) -> None:
    change(survey, SurveyState.CANCELLED if job.state == JobState.CANCELLED else SurveyState.FAILED)
    survey.error = job.error


def _checked(session: Session, survey: Survey, job: Job, result: dict[str, Any]) -> None:
    survey.findings = result.get("findings", [])
    if any(finding["level"] in ("stop", "warn") for finding in survey.findings):
        change(survey, SurveyState.ATTENTION)
    else:
        look(session, survey, job.person)


def _looked(session: Session, survey: Survey, job: Job, result: dict[str, Any]) -> None:
    if result["survey_id"] != survey.survey_id:  # its files changed since it was looked at
        take_off(session, survey, job.person)
    survey.summary, survey.survey_id, survey.result_key = result["summary"], result["survey_id"], result["result_key"]
    change(survey, SurveyState.MAPPING)
    if map_state(session) is not None:  # without a network it waits for one
        put_on_map(session, job.person)


def _export_made(session: Session, job: Job) -> None:
    made, result = session.get(Export, job.payload["export"]), job.result or {}
    if made is not None:
        made.key, made.name, made.bytes = result["key"], result["name"], result["bytes"]
        made.revision, made.changes = result["revision"], result["changes"]  # the map may have grown meanwhile
