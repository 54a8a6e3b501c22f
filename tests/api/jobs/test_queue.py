"""The queue: nothing is done twice at once, nothing is forgotten, nothing stays in "running"."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from api.context import Context
from api.jobs import queue
from api.store.schema import Job
from api.store.states import JobState

Add = Callable[..., int]


@pytest.fixture
def add(context: Context) -> Add:
    def add_job(kind: str = "look", **more: object) -> int:
        with context.database.write() as session:
            return queue.enqueue(session, kind, {"n": 1}, person="anna", **more)

    return add_job


def claim(context: Context, worker: str = "elsewhere:1:1", lease_s: float = 60.0) -> int | None:
    with context.database.write() as session:
        job = queue.claim(session, worker, lease_s)
        return None if job is None else job.id


def job_of(context: Context, number: int) -> Job:
    with context.database.read() as session:
        return session.get_one(Job, number)


def test_the_oldest_due_job_is_first(context: Context, add: Add) -> None:
    first, later, second = add(), add(delay_s=3600.0), add()
    assert [claim(context) for _ in range(3)] == [first, second, None]
    assert job_of(context, later).state == JobState.QUEUED


def test_jobs_of_one_lane_run_one_at_a_time(context: Context, add: Add) -> None:
    first, second, free = add(lane="map"), add(lane="map"), add()
    assert claim(context) == first
    assert claim(context) == free
    assert claim(context) is None
    with context.database.write() as session:
        job = queue.held(session, first, "elsewhere:1:1")
        assert job is not None
        queue.end(session, job, JobState.DONE)
    assert claim(context) == second


def test_one_job_with_a_key_waits(context: Context, add: Add) -> None:
    first = add(key="map")
    assert add(key="map") == first
    claim(context)
    second = add(key="map")  # what comes while it runs is for the next one
    assert second != first
    assert add(key="map") == second


def test_a_job_with_a_key_goes_back_beside_a_newer_one(context: Context, add: Add) -> None:
    first = add(key="map")
    claim(context)
    second = add(key="map")
    with context.database.write() as session:
        job = queue.held(session, first, "elsewhere:1:1")
        assert job is not None
        queue.put_back(session, job)
    assert {claim(context), claim(context)} == {first, second}


def test_a_lease_that_ran_out(context: Context, add: Add) -> None:
    number = add()
    claim(context, lease_s=-1.0)
    with context.database.write() as session:
        assert [job.id for job in queue.abandoned(session)] == [number]
    assert claim(context) is None  # until it is put back


def test_a_worker_whose_process_is_gone(context: Context, add: Add) -> None:
    import multiprocessing

    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()
    name = queue.worker_name().split(":")
    number = add()
    claim(context, f"{name[0]}:{process.pid}:1", lease_s=3600.0)
    alive = add()
    claim(context, queue.worker_name(), lease_s=3600.0)
    with context.database.write() as session:
        assert [job.id for job in queue.abandoned(session)] == [number]
    assert job_of(context, alive).state == JobState.RUNNING


def test_a_job_that_was_taken_away_is_not_ended_by_its_old_worker(context: Context, add: Add) -> None:
    number = add()
    claim(context, "elsewhere:1:1", lease_s=-1.0)
    with context.database.write() as session:
        for job in queue.abandoned(session):
            queue.put_back(session, job)
    claim(context, "elsewhere:2:2")
    with context.database.write() as session:
        assert queue.held(session, number, "elsewhere:1:1") is None


@pytest.mark.parametrize(("attempt", "wait_s"), [(1, 10.0), (2, 40.0), (3, 160.0), (9, 600.0)])
def test_waits_grow(attempt: int, wait_s: float) -> None:
    assert queue.wait_before(attempt) == wait_s


def test_cancel_and_retry(context: Context, add: Add) -> None:
    waiting, running = add(), add()
    with context.database.write() as session:
        session.execute(update(Job).where(Job.id == waiting).values(due_s=time.time() + 60))
    assert claim(context) == running
    with context.database.write() as session:
        for number in (waiting, running):
            queue.cancel(session, number)
        assert queue.cancel(session, 12345) is None
    assert job_of(context, waiting).state == JobState.CANCELLED
    assert (job_of(context, running).state, job_of(context, running).stop) == (JobState.RUNNING, True)
    with context.database.write() as session:
        queue.retry(session, waiting)
    assert job_of(context, waiting).state == JobState.QUEUED
    assert claim(context) == waiting


def test_changes_are_counted_in_the_order_they_are_seen(context: Context, add: Add) -> None:
    numbers = [add(), add()]
    claim(context)
    with context.database.read() as session:
        changed = {row.id: row.changed for row in session.execute(select(Job.id, Job.changed))}
    assert changed == {numbers[0]: 3, numbers[1]: 2}


def test_many_workers_at_once_do_each_job_once(context: Context, add: Add) -> None:
    numbers = [add(lane="map" if n % 3 == 0 else None) for n in range(24)]
    done: list[int] = []
    lane: list[int] = []
    together: list[int] = []

    def work(name: str) -> None:
        while len(done) < len(numbers):
            with context.database.write() as session:
                job = queue.claim(session, name)
            if job is None:
                time.sleep(0.002)
                continue
            if job.lane:
                lane.append(job.id)
                together.append(len(lane))
                time.sleep(0.005)
                lane.remove(job.id)
            with context.database.write() as session:
                held = queue.held(session, job.id, name)
                assert held is not None
                queue.end(session, held, JobState.DONE)
            done.append(job.id)

    threads = [threading.Thread(target=work, args=(f"elsewhere:{n}:1",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == numbers
    assert max(together) == 1
