"""A server and its workers as processes, ended in the middle of things by SIGKILL, SIGTERM and Ctrl-C."""

import hashlib
import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from api.context import Context, open_context
from api.jobs import queue
from api.settings import read_settings
from api.store.schema import File, Job
from api.store.states import JobState
from api.uploads.tus import write_metadata
from tests.api.serving import Process, process, until

pytestmark = pytest.mark.slow
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = TUS | {"Content-Type": "application/offset+octet-stream"}
MIB = 1 << 20


def create(served: Process, size: int) -> str:
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": write_metadata({"filename": "drive.mp4"})}
    return str(httpx.post(f"{served.url}/v1/uploads", headers=headers).headers["Location"])


def offset(served: Process, upload: str) -> int:
    return int(httpx.head(served.url + upload, headers=TUS).headers["Upload-Offset"])


def slowly(data: bytes, at: int, sent: list[int]) -> "object":
    for n in range(at, len(data), MIB):
        yield data[n : n + MIB]
        sent.append(min(len(data), n + MIB))
        time.sleep(0.002)


def test_no_acknowledged_byte_is_lost_by_kill_9(tmp_path: Path) -> None:
    """The server is killed again and again in the middle of requests; the client goes on where HEAD says."""
    data = os.urandom(MIB) * 400
    home, kills, acknowledged = tmp_path / "home", 0, 0
    with process(home, "--workers", "0") as served:
        upload, port = create(served, len(data)), served.port
        until("it begins", lambda: offset(served, upload) == 0)
        served.kill()
    while acknowledged < len(data):
        with process(home, "--workers", "0", port=port) as served:
            there = offset(served, upload)
            assert there >= acknowledged
            if there == len(data):
                break
            killer = threading.Timer(0.25 + 0.1 * kills, served.kill) if kills < 4 else None
            if killer:
                killer.start()
            headers = BYTES | {"Upload-Offset": str(there), "Content-Length": str(len(data) - there)}
            try:
                answer = httpx.patch(served.url + upload, headers=headers, content=slowly(data, there, []), timeout=60)
                acknowledged = int(answer.headers["Upload-Offset"])
            except httpx.HTTPError:
                kills += 1
            if killer:
                killer.join()
                killer.cancel()
            if served.process.poll() is None:
                until("it is complete", lambda: _complete(home))
    assert kills >= 2  # a quick machine may be done before the third
    opened = open_context(read_settings(home=home))
    with opened.database.read() as session:
        file = session.scalars(select(File)).one()
    assert file.sha256 == hashlib.sha256(data).hexdigest()
    opened.close()


def _complete(home: Path) -> bool:
    opened = open_context(read_settings(home=home))
    try:
        with opened.database.read() as session:
            return session.scalars(select(File.state)).one() == "complete"
    finally:
        opened.close()


@pytest.fixture
def context(tmp_path: Path) -> "object":
    opened = open_context(read_settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def states(context: Context, kind: str) -> list[tuple[str, int]]:
    with context.database.read() as session:
        return [(job.state, job.attempt) for job in session.scalars(select(Job).where(Job.kind == kind))]


def test_a_worker_that_is_killed_is_replaced_and_its_job_done(context: Context) -> None:
    with process(context.settings.home) as served:
        until("the first job is done", lambda: states(context, "tidy")[:1] == [(JobState.DONE, 1)])
        (worker,) = served.workers()
        with context.database.write() as session:  # a job that this worker had in hand when it was killed
            number = queue.enqueue(session, "tidy", {}, person="anna")
            job = session.get_one(Job, number)
            job.state, job.attempt, job.lease_s = JobState.RUNNING, 1, time.time() + 3600
            job.worker = f"{queue.worker_name().split(':')[0]}:{worker}:1"
        os.kill(worker, signal.SIGKILL)
        until("its job is done by another", lambda: (JobState.DONE, 2) in states(context, "tidy"))
        assert served.workers() != [worker]
        assert "another begins" in served.log.read_text()


def test_workers_end_when_the_server_is_killed(tmp_path: Path) -> None:
    with process(tmp_path / "home") as served:
        until("a worker is there", served.workers)
        (worker,) = served.workers()
        served.kill()
        until("it ends", lambda: not Path(f"/proc/{worker}").exists())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with process(tmp_path / "home") as served, httpx.stream("GET", f"{served.url}/v1/events", timeout=30) as events:
        until("a worker is there", served.workers)
        workers = served.workers()
        lines = events.iter_lines()
        assert next(lines) == "retry: 2000"
        os.killpg(served.process.pid, number)  # as a terminal and an init do
        assert served.process.wait(30) == 0
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
        assert list(lines)[-1:] in ([], [""])  # the stream ended, and was not broken off
    log = served.log.read_text()
    assert log.rstrip().endswith("server ended")
    assert "Traceback" not in log
