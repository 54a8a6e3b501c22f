"""A worker: how jobs end, and what is told on the way."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from api.context import Context
from api.jobs import queue, worker
from api.jobs.answer import answer
from api.jobs.handler import Report
from api.jobs.worker import Worker
from api.store.schema import Job
from api.store.states import JobState
from detector.errors import SettingsError
from tests.api.serving import until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BEAT_S", 0.05)
    monkeypatch.setattr(worker, "REST_S", 0.02)


class Ended:
    """Notes what the worker says has ended."""

    def __init__(self) -> None:
        self.jobs: list[tuple[int, str]] = []

    def __call__(self, session: Any, job: Job) -> None:
        self.jobs.append((job.id, job.state))


def made(context: Context, handler: Any, **more: Any) -> tuple[Worker, Ended]:
    ended = Ended()
    return Worker(context, {"look": handler}, ended, **more), ended


def add(context: Context, **more: Any) -> int:
    with context.database.write() as session:
        return queue.enqueue(session, "look", {"n": 7}, person="anna", **more)


def job_of(context: Context, number: int) -> Job:
    with context.database.read() as session:
        return session.scalars(select(Job).where(Job.id == number)).one()


def test_a_job_is_done(context: Context) -> None:
    def handler(_: Context, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
        return {"twice": payload["n"] * 2}

    number = add(context)
    one, ended = made(context, handler)
    assert one.once()
    assert not one.once()
    job = job_of(context, number)
    assert (job.state, job.result, job.lease_s) == (JobState.DONE, {"twice": 14}, None)
    assert ended.jobs == [(number, JobState.DONE)]


def test_input_that_cannot_be_used_is_not_tried_again(context: Context) -> None:
    def handler(*_: Any) -> None:
        raise SettingsError("drive.mp4: it is not a video")

    number = add(context)
    one, ended = made(context, handler)
    one.once()
    job = job_of(context, number)
    assert (job.state, job.error, job.attempt) == (JobState.FAILED, "drive.mp4: it is not a video", 1)
    assert ended.jobs == [(number, JobState.FAILED)]


def test_a_mistake_is_tried_again_and_then_a_dead_letter(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FIRST_WAIT_S", 0.0)

    def handler(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    number = add(context, attempts=3)
    one, ended = made(context, handler)
    while one.once():
        pass
    job = job_of(context, number)
    assert (job.state, job.attempt) == (JobState.DEAD, 3)
    assert job.error == "the server could not read or write a file (Input/output error)"
    assert "OSError" in (job.trace or "")
    assert ended.jobs == [(number, JobState.DEAD)]


def test_a_failure_waits_before_the_next_try(context: Context) -> None:
    number = add(context)
    one, _ = made(context, lambda *_: 1 / 0)
    one.once()
    job = job_of(context, number)
    assert job.state == JobState.QUEUED
    assert 5.0 < job.due_s - time.time() <= 10.0
    assert "ZeroDivisionError" in (job.error or "")
    assert not one.once()


def test_progress_is_told_and_not_written_for_every_picture(context: Context) -> None:
    told = []

    def handler(_: Context, __: Any, report: Report) -> None:
        for done in range(1, 2001):
            report("looking at the road", done, 4000)
        before = time.monotonic()
        until("it is told", lambda: job_of(context, number).done == 2000)
        assert time.monotonic() - before < 10
        told.append(answer(job_of(context, number)))

    number = add(context)
    one, _ = made(context, handler)
    one.once()
    (said,) = told
    assert (said.stage, said.done, said.total) == ("looking at the road", 2000, 4000)
    assert said.eta_s is not None
    assert said.eta_s >= 0
    assert job_of(context, number).state == JobState.DONE, job_of(context, number).trace
    assert job_of(context, number).changed < 20  # of 2,000 reports


def test_a_running_job_is_cancelled(context: Context) -> None:
    began = threading.Event()

    def handler(_: Context, __: Any, report: Report) -> None:
        for done in range(10_000):
            began.set()
            time.sleep(0.01)
            report("looking at the road", done, None)

    number = add(context)
    one, ended = made(context, handler)
    thread = threading.Thread(target=one.once)
    thread.start()
    began.wait()
    with context.database.write() as session:
        queue.cancel(session, number)
    thread.join(30)
    assert job_of(context, number).state == JobState.CANCELLED
    assert ended.jobs == [(number, JobState.CANCELLED)]


def test_a_worker_that_ends_puts_its_job_back(context: Context) -> None:
    began = threading.Event()

    def handler(_: Context, __: Any, report: Report) -> None:
        while True:
            began.set()
            time.sleep(0.01)
            report("looking at the road", 1, None)

    number = add(context)
    one, ended = made(context, handler)
    thread = threading.Thread(target=one.run)
    thread.start()
    began.wait()
    one.stopping.set()
    thread.join(30)
    job = job_of(context, number)
    assert (job.state, job.attempt, job.worker) == (JobState.QUEUED, 0, None)
    assert ended.jobs == []


def test_the_lease_is_renewed_while_a_job_runs(context: Context) -> None:
    def handler(*_: Any) -> None:
        time.sleep(1.5)
        assert not other.once()

    number = add(context)
    other, _ = made(context, lambda *_: None, name="elsewhere:2:2")
    one, ended = made(context, handler, lease_s=0.6, name="elsewhere:1:1")
    one.once()
    assert ended.jobs == [(number, JobState.DONE)], job_of(context, number).trace
    assert job_of(context, number).attempt == 1


def test_a_worker_that_was_given_up_ends_nothing(context: Context) -> None:
    def handler(_: Context, __: Any, report: Report) -> None:
        with context.database.write() as session:
            job = queue.held(session, number, "elsewhere:1:1")
            assert job is not None
            queue.put_back(session, job)
            queue.claim(session, "elsewhere:2:2")
        for _ in range(500):
            time.sleep(0.01)
            report("looking at the road", 1, None)

    number = add(context)
    one, ended = made(context, handler, name="elsewhere:1:1")
    one.once()
    job = job_of(context, number)
    assert (job.state, job.worker) == (JobState.RUNNING, "elsewhere:2:2")
    assert ended.jobs == []


@pytest.mark.parametrize("attempts", [2, 1])
def test_what_a_dead_worker_left_is_taken_up_or_given_up(context: Context, attempts: int) -> None:
    number = add(context, attempts=attempts)
    with context.database.write() as session:
        queue.claim(session, "elsewhere:1:1", lease_s=-1.0)
    one, ended = made(context, lambda *_: None)
    one.once()
    job = job_of(context, number)
    if attempts == 2:
        assert (job.state, job.attempt) == (JobState.DONE, 2)
    else:
        assert (job.state, job.error) == (JobState.DEAD, queue.WORKER_DIED.format(n=1))
    assert ended.jobs == [(number, job.state)]
