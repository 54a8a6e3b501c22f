"""A job as the API tells it."""

import time
from typing import Literal

from pydantic import BaseModel, Field

from api.store.schema import Job
from api.store.states import JobState

Kind = Literal["check", "look", "map", "draw", "export", "tidy"]


class JobAnswer(BaseModel):
    """A piece of work, and how far it is."""

    id: int = Field(description="number", examples=[42])
    kind: Kind = Field(description="what is done", examples=["look"])
    state: JobState = Field(description="where it is", examples=["running"])
    survey: str | None = Field(description="the survey it is for", examples=["3f2a9c01d4e5"])
    person: str = Field(description="who asked for it", examples=["J. de Vries"])
    attempt: int = Field(description="which try this is; 0: none was made yet", examples=[1])
    attempts: int = Field(description="most tries that are made", examples=[3])
    created_utc: str = Field(description="when it was asked for (ISO 8601, UTC)", examples=["2026-05-14T09:30:00Z"])
    started_utc: str | None = Field(description="when the last try began", examples=["2026-05-14T09:30:02Z"])
    ended_utc: str | None = Field(description="when it ended", examples=[None])
    stage: str | None = Field(description="what is being done", examples=["looking at the road"])
    done: int | None = Field(description="how much of that stage is done", examples=[120])
    total: int | None = Field(description="of how much; null: not known", examples=[480])
    eta_s: float | None = Field(description="about how long the stage still takes, s", examples=[95.0])
    error: str | None = Field(description="why it failed, in plain words", examples=[None])


def utc(time_s: float | None) -> str | None:
    """POSIX seconds as ISO 8601 in UTC."""
    return None if time_s is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time_s))


def answer(job: Job) -> JobAnswer:
    """Tell of a job."""
    return JobAnswer(
        id=job.id,
        kind=job.kind,  # type: ignore[arg-type]
        state=JobState(job.state),
        survey=job.survey,
        person=job.person,
        attempt=job.attempt,
        attempts=job.attempts,
        created_utc=utc(job.created_s) or "",
        started_utc=utc(job.started_s),
        ended_utc=utc(job.ended_s),
        stage=job.stage,
        done=job.done,
        total=job.total,
        eta_s=_eta_s(job),
        error=job.error,
    )


def _eta_s(job: Job) -> float | None:
    """What is left of the stage at the speed so far."""
    if job.state != JobState.RUNNING or not job.done or not job.total or job.stage_s is None:
        return None
    spent = time.time() - job.stage_s
    return round(max(0.0, spent / job.done * (job.total - job.done)), 1)
