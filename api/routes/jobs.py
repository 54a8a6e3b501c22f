"""Jobs, and what happens as server-sent events."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel
from sqlalchemy import select
from starlette.responses import StreamingResponse

from api.auth import Editor, Reader
from api.context import Ctx
from api.errors import Problem, responses
from api.jobs import queue
from api.jobs.answer import JobAnswer, answer
from api.jobs.events import Feed
from api.settings import MAX_NUMBER, TEXT
from api.store.schema import Job
from api.store.states import ENDED, JobState
from api.surveys.follow import job_ended, job_retried

router = APIRouter(tags=["Jobs"])
Number = Annotated[int, Path(ge=1, le=MAX_NUMBER, description="the job's number", examples=[42])]

CHANGE = re.compile("[0-9]{1,18}")


class Jobs(BaseModel):
    """Some jobs, the newest first."""

    jobs: list[JobAnswer]


@router.get("/jobs", summary="All jobs", responses=responses(401, 422))
def all_jobs(
    context: Ctx,
    _: Reader,
    state: Annotated[JobState | None, Query(description="only those in this state; dead: the dead letters")] = None,
    survey: Annotated[str | None, Query(max_length=60, pattern=TEXT, description="only those of this survey")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="how many")] = 100,
) -> Jobs:
    """List the jobs, the newest first."""
    asked = select(Job).order_by(Job.id.desc()).limit(limit)
    if state:
        asked = asked.where(Job.state == state)
    if survey:
        asked = asked.where(Job.survey == survey)
    with context.database.read() as session:
        return Jobs(jobs=[answer(job) for job in session.scalars(asked)])


@router.get("/jobs/{number}", summary="One job", responses=responses(401, 404))
def one(number: Number, context: Ctx, _: Reader) -> JobAnswer:
    """Tell where a job is."""
    with context.database.read() as session:
        job = session.get(Job, number)
    if job is None:
        raise _missing(number)
    return answer(job)


@router.post("/jobs/{number}/cancel", summary="Stop a job", responses=responses(401, 403, 404, 409))
def cancel(number: Number, context: Ctx, _: Editor) -> JobAnswer:
    """Stop a job: at once if it waits, at its next step if it runs."""
    with context.database.write() as session:
        before = session.get(Job, number)
        was = before.state if before else None
        job = queue.cancel(session, number)
        if job is None:
            raise _missing(number)
        if was in ENDED:
            raise Problem(409, f"job {number} is {job.state}: there is nothing to stop")
        if job.state in ENDED:
            job_ended(session, job)
    return answer(job)


@router.post("/jobs/{number}/retry", summary="Try a job again", responses=responses(401, 403, 404, 409))
def retry(number: Number, context: Ctx, _: Editor) -> JobAnswer:
    """Let a failed, dead or cancelled job wait again, with all its tries."""
    with context.database.write() as session:
        job = queue.retry(session, number)
        if job is None:
            raise _missing(number)
        if job.state != JobState.QUEUED or job.attempt:
            raise Problem(409, f"job {number} is {job.state}: there is nothing to try again")
        job_retried(session, job)
    return answer(job)


@router.get(
    "/events",
    summary="What happens",
    response_class=StreamingResponse,
    responses={
        200: {"description": "server-sent events job, survey and map", "content": {"text/event-stream": {}}},
        **responses(401),
    },
)
async def events(
    request: Request,
    _: Reader,
    last_event_id: Annotated[
        str | None, Header(description="the last event that was seen: later ones are told", examples=["812"])
    ] = None,
) -> StreamingResponse:
    """Tell of jobs, surveys and the map as they change (server-sent events), and say every 15 s that it still does.

    `job` holds a job, `survey` its id and state, `map` its revision and changes. An event's id counts the changes.
    """
    feed: Feed = request.app.state.feed
    after = int(last_event_id) if last_event_id and CHANGE.fullmatch(last_event_id) else None
    told: AsyncIterator[str] = feed.listen(after)
    return StreamingResponse(
        told, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _missing(number: int) -> Problem:
    return Problem(404, f"there is no job {number}")
