"""A worker: claims a job, does it, says how it ended; and keeps saying meanwhile that it is alive."""

import logging
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.context import Context
from api.jobs import queue
from api.jobs.handler import Cancelled, Ended, Handler
from api.store.schema import Job
from api.store.states import JobState
from detector.errors import SchouwError

BEAT_S = 1.0  # between two looks at the job in hand: progress is written, a cancellation heard
RENEW_S = 15.0
REST_S = 0.5  # between two looks for work
log = logging.getLogger("schouw")


@dataclass(slots=True)
class Worker:
    """One process's worker. `stopping` is set to end it: the job in hand goes back to the queue."""

    context: Context
    handlers: Mapping[str, Handler]
    ended: Ended
    stopping: threading.Event = field(default_factory=threading.Event)
    lease_s: float = queue.LEASE_S
    name: str = field(default_factory=queue.worker_name)

    def run(self) -> None:
        """Work until `stopping` is set."""
        self.clean()
        while not self.stopping.is_set():
            try:
                if not self.once():
                    self.stopping.wait(REST_S)
            except DBAPIError as error:  # the database is away or busy for a while; what was begun is taken up again
                log.warning("the database does not answer: %s", error.orig)
                self.stopping.wait(5.0)

    def once(self) -> bool:
        """Do one job if there is one."""
        with self.context.database.read() as session:
            if not queue.is_work(session):
                return False
        self.clean()
        with self.context.database.write() as session:
            job = queue.claim(session, self.name, self.lease_s)
        if job is None:
            return False
        self._do(job)
        return True

    def clean(self) -> None:
        """Put back, or give up, what dead workers left."""
        with self.context.database.write() as session:
            self._clean(session)

    def _clean(self, session: Session) -> None:
        for job in queue.abandoned(session):
            log.warning("job %d (%s): its worker %s is gone", job.id, job.kind, job.worker)
            if job.stop:
                queue.end(session, job, JobState.CANCELLED)
            elif job.attempt >= job.attempts:
                queue.end(session, job, JobState.DEAD, error=queue.WORKER_DIED.format(n=job.attempt))
            else:
                queue.put_back(session, job)
                continue
            self.ended(session, job)

    def _do(self, job: Job) -> None:
        log.info("job %d (%s) begins, attempt %d of %d", job.id, job.kind, job.attempt, job.attempts)
        began = time.monotonic()
        state, error, trace, result = JobState.DONE, None, None, None
        with _Beat(self, job.id) as report:
            try:
                result = self.handlers[job.kind](self.context, job.payload, report)
            except Cancelled:
                state = JobState.CANCELLED
            except SchouwError as problem:
                state, error = JobState.FAILED, str(problem)
            except Exception as problem:
                state, error, trace = JobState.DEAD, _plainly(problem), traceback.format_exc()
        told = self._end(job.id, state, error, trace, result, cancelled=report.cancelled.is_set())
        log.info("job %d (%s) %s after %.1f s%s", job.id, job.kind, told, time.monotonic() - began, _colon(error))

    def _end(
        self,
        number: int,
        state: JobState,
        error: str | None,
        trace: str | None,
        result: dict[str, Any] | None,
        cancelled: bool,
    ) -> str:
        """Write how a job ended, and what follows; say it in a word."""
        with self.context.database.write() as session:
            job = queue.held(session, number, self.name)
            if job is None:
                return "was given to another worker"
            if state == JobState.CANCELLED and not (cancelled or job.stop):
                queue.put_back(session, job, count=False)
                return "goes back to the queue"
            if state == JobState.DEAD and job.attempt < job.attempts:
                queue.put_back(session, job, wait_s=queue.wait_before(job.attempt), error=error)
                job.trace = trace
                return "will be tried again"
            queue.end(session, job, state, error=error, trace=trace, result=result)
            self.ended(session, job)
            return str(state)


class _Beat:
    """The job in hand: takes its progress, and in a thread beside it renews the lease and hears a cancellation."""

    def __init__(self, worker: Worker, number: int) -> None:
        self._worker, self._number = worker, number
        self._progress: tuple[str, int, int | None] | None = None
        self._since_s = time.time()
        self._over = threading.Event()
        self.cancelled = threading.Event()  # someone asked for it
        self._lost = threading.Event()  # the job is no longer ours
        self._thread = threading.Thread(target=self._run, name=f"beat of job {number}", daemon=True)

    def __enter__(self) -> "_Beat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note of progress; see `api.jobs.handler.Report`."""
        if self._progress is None or self._progress[0] != stage:
            self._since_s = time.time()
        self._progress = (stage, done, total)
        self.check()

    def check(self) -> None:
        """Raise Cancelled when the job has to stop."""
        if self.cancelled.is_set() or self._lost.is_set() or self._worker.stopping.is_set():
            raise Cancelled

    def _run(self) -> None:
        told, renewed = None, time.monotonic()
        while not self._over.wait(BEAT_S):
            progress = self._progress
            due = time.monotonic() - renewed >= min(RENEW_S, self._worker.lease_s / 4)
            try:
                with self._worker.context.database.read() as session:
                    job = session.get(Job, self._number)
                    if job is None or job.worker != self._worker.name or job.state != JobState.RUNNING:
                        self._lost.set()
                        return
                    if job.stop:
                        self.cancelled.set()
                if due or progress != told:
                    self._write(progress if progress != told else None)
                    told, renewed = progress, time.monotonic()
            except DBAPIError as error:  # a long publication holds SQLite's lock: the next beat tries again
                log.debug("job %d: no beat (%s)", self._number, error.orig)

    def _write(self, progress: tuple[str, int, int | None] | None) -> None:
        with self._worker.context.database.write() as session:
            job = queue.held(session, self._number, self._worker.name)
            if job is None:
                self._lost.set()
                return
            queue.renew(session, job, self._worker.lease_s)
            if progress is not None:
                queue.note_progress(session, job, *progress, self._since_s)


def _plainly(problem: Exception) -> str:
    """An unexpected error in a sentence for those who wait; the trace is for the administrator."""
    if isinstance(problem, MemoryError):
        return "the server ran out of memory"
    if isinstance(problem, OSError) and problem.strerror:
        return f"the server could not read or write a file ({problem.strerror})"
    return f"the program made a mistake ({type(problem).__name__}); the administrator finds more in the log"


def _colon(error: str | None) -> str:
    return f": {error}" if error else ""
