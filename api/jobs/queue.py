"""The queue: putting jobs in, claiming them, saying how far they are, ending them, cancelling and trying again.

Every function works in the caller's `Database.write` session. Changes of jobs are made one at a time (SQLite's write
lock, an advisory lock on PostgreSQL), so that `Job.changed` rises in the order in which changes can be seen.
"""

import os
import socket
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session, aliased

from api.store.schema import Job
from api.store.states import ENDED, JobState

LEASE_S = 120.0  # a worker that says nothing this long is thought dead
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 600.0  # before a job is tried again
LOCK = 0x5C40  # our number among PostgreSQL's advisory locks
WORKER_DIED = "its worker was ended from outside {n} times while it did this, perhaps for want of memory"


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
    changed = _next_change(session)
    if key is not None:
        waiting = session.scalar(select(Job.id).where(Job.key == key, Job.state == JobState.QUEUED))
        if waiting is not None:
            return waiting
    now = time.time()
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


def is_work(session: Session) -> bool:
    """Tell whether a job may be due or abandoned; a cheap look before `claim` takes the lock."""
    now = time.time()
    due = (Job.state == JobState.QUEUED) & (Job.due_s <= now)
    abandoned = (Job.state == JobState.RUNNING) & (Job.lease_s <= now)
    return session.scalar(select(Job.id).where(or_(due, abandoned)).limit(1)) is not None


def claim(session: Session, worker: str, lease_s: float = LEASE_S) -> Job | None:
    """Take the oldest due job for a worker whose name begins with host:pid; None where there is none."""
    changed = _next_change(session)
    now = time.time()
    busy = aliased(Job)
    taken = select(busy.lane).where(busy.state == JobState.RUNNING, busy.lane.is_not(None))
    job = session.scalar(
        select(Job)
        .where(Job.state == JobState.QUEUED, Job.due_s <= now, or_(Job.lane.is_(None), Job.lane.not_in(taken)))
        .order_by(Job.due_s, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if job is None:
        return None
    job.state, job.worker, job.lease_s = JobState.RUNNING, worker, now + lease_s
    job.attempt += 1
    job.started_s, job.ended_s, job.stage_s = now, None, now
    job.stage = job.done = job.total = job.error = job.trace = None
    job.changed = changed
    session.flush()
    return job


def abandoned(session: Session) -> list[Job]:
    """Find the running jobs whose worker is dead: its lease ran out, or its process on this machine is gone."""
    one_at_a_time(session)
    running = session.scalars(select(Job).where(Job.state == JobState.RUNNING).with_for_update(skip_locked=True))
    return [job for job in running if (job.lease_s or 0.0) <= time.time() or _is_gone(job.worker)]


def worker_name() -> str:
    """Name this process: host, process number, and when it asked, so that a number used again is another worker."""
    return f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"


def _is_gone(worker: str | None) -> bool:
    host, _, rest = (worker or "").partition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(rest.partition(":")[0]), 0)
    except (ProcessLookupError, ValueError):
        return True
    except PermissionError:
        return False
    return False


def held(session: Session, number: int, worker: str) -> Job | None:
    """Give a job that this worker still holds, to be changed; None when it was taken away."""
    one_at_a_time(session)
    return session.scalar(
        select(Job).where(Job.id == number, Job.worker == worker, Job.state == JobState.RUNNING).with_for_update()
    )


def renew(session: Session, job: Job, lease_s: float = LEASE_S) -> None:
    """Keep a held job for longer."""
    job.lease_s = time.time() + lease_s


def note_progress(session: Session, job: Job, stage: str, done: int, total: int | None, since_s: float) -> None:
    """Say how far a held job is; `since_s` is when the stage began."""
    job.stage, job.done, job.total, job.stage_s = stage, done, total, since_s
    job.changed = _next_change(session)


def end(
    session: Session,
    job: Job,
    state: JobState,
    *,
    error: str | None = None,
    trace: str | None = None,
    result: dict[str, Any] | None = None,
) -> None:
    """End a job."""
    job.state, job.error, job.trace, job.result = state, error, trace, result
    job.ended_s, job.lease_s = time.time(), None
    job.changed = _next_change(session)


def put_back(session: Session, job: Job, *, wait_s: float = 0.0, count: bool = True, error: str | None = None) -> None:
    """Let a job wait again, for its next try or, with `count` False, for the same one."""
    changed = _next_change(session)
    _share_key(session, job)
    job.state, job.worker, job.lease_s = JobState.QUEUED, None, None
    job.attempt -= 0 if count else 1
    job.due_s, job.error, job.changed = time.time() + wait_s, error, changed


def wait_before(attempt: int) -> float:
    """Seconds to wait after the attempt that failed: 10 s, 40 s, 160 s, at most 10 minutes."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 4.0 ** (attempt - 1))


def cancel(session: Session, number: int) -> Job | None:
    """Ask a job to stop. One that waits has ended at once; one that runs ends when its worker hears it.

    Returns the job, or None where there is no such job. One that has ended stays as it is.
    """
    changed = _next_change(session)
    job = session.scalar(select(Job).where(Job.id == number).with_for_update())
    if job is None or job.state in ENDED:
        return job
    job.stop = True
    if job.state == JobState.QUEUED:
        end(session, job, JobState.CANCELLED)
    else:
        job.changed = changed
    return job


def retry(session: Session, number: int) -> Job | None:
    """Let a failed, dead or cancelled job wait again with all its attempts. Returns it, or None: no such job."""
    changed = _next_change(session)
    job = session.scalar(select(Job).where(Job.id == number).with_for_update())
    if job is None or job.state not in (JobState.FAILED, JobState.DEAD, JobState.CANCELLED):
        return job
    _share_key(session, job)
    job.state, job.stop, job.attempt, job.worker = JobState.QUEUED, False, 0, None
    job.due_s, job.ended_s, job.error, job.trace = time.time(), None, None, None
    job.stage = job.done = job.total = job.stage_s = None
    job.changed = changed
    return job


def _share_key(session: Session, job: Job) -> None:
    """Before a job waits again: one like it may have come since; then both run, the one after the other."""
    if job.key and session.scalar(select(Job.id).where(Job.key == job.key, Job.state == JobState.QUEUED)):
        job.key = None


def one_at_a_time(session: Session) -> None:
    """Wait until no other transaction changes jobs; on SQLite none does."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _next_change(session: Session) -> int:
    """The number of the next change; no other change is made until the transaction ends."""
    one_at_a_time(session)
    session.flush()
    return (session.scalar(select(func.max(Job.changed))) or 0) + 1
