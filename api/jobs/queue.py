"""The queue: putting jobs in, and changing their state."""

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.store.schema import Job
from api.store.states import JobState


def enqueue(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    *,
    person: str,
    survey: str | None = None,
    lane: str | None = None,
    key: str | None = None,
    attempts: int = 3,
    delay_s: float = 0.0,
) -> int:
    """Add a job in the caller's transaction and return its number.

    Args:
        session: a `Database.write` session.
        kind: which handler of `api.work.HANDLERS` does it.
        payload: JSON for the handler.
        person: who asked.
        survey: the survey it belongs to.
        lane: jobs of one lane run one at a time.
        key: while a job with this key waits, that one's number is returned and nothing is added.
        attempts: how often it is tried.
        delay_s: not before so many seconds.
    """
    if key is not None:
        waiting = session.scalar(select(Job.id).where(Job.key == key, Job.state == JobState.QUEUED))
        if waiting is not None:
            return waiting
    now = time.time()
    changed = (session.scalar(select(func.max(Job.changed))) or 0) + 1
    job = Job(
        kind=kind,
        payload=dict(payload),
        state=JobState.QUEUED,
        lane=lane,
        key=key,
        survey=survey,
        person=person,
        attempt=0,
        attempts=attempts,
        created_s=now,
        due_s=now + delay_s,
        changed=changed,
        stop=False,
    )
    session.add(job)
    session.flush()
    return job.id
