"""Servers for tests: in a thread of this process, and as the processes that `schouw serve` starts."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from api.app import create_app
from api.context import Context
from api.serve import _Server

PATIENCE_S = 60.0


@contextmanager
def in_thread(context: Context) -> Iterator[str]:
    """Serve a context on a port of its own; yield the address, without a slash at its end."""
    app = create_app(Context(context.settings, context.database, context.blobs))
    server = _Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"), app.state.feed)
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        until("the server is up", lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _no_signals() -> Iterator[None]:
    yield


def until(what: str, is_so: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.05)


@dataclass
class Process:
    """`schouw serve`, as a user starts it."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """The processes that do its jobs."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        named = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in found}
        return [pid for pid, command in named.items() if b"spawn_main" in command]

    def kill(self) -> None:
        """End it with SIGKILL: the server alone, as the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it kindly; give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def process(home: Path, *arguments: object, port: int | None = None, wait: bool = True) -> Iterator[Process]:
    """Start `schouw serve` in a session of its own, and end all that is left of it."""
    port = port or free_port()
    log = home.parent / f"serve-{time.time_ns()}.log"
    given = ["serve", "--home", home, "--port", port, *arguments]
    command = [sys.executable, "-c", "from cli.main import main; main()", *map(str, given)]
    with log.open("wb") as output:
        started = subprocess.Popen(
            command, stderr=output, stdout=output, start_new_session=True, env=os.environ | {"SCHOUW_WORKERS": "1"}
        )
    served = Process(home, port, started, log)
    try:
        if wait:
            until(f"it serves ({log})", lambda: is_up(served))
        yield served
    finally:
        served.end()


def is_up(served: Process) -> bool:
    assert served.process.poll() is None, served.log.read_text()
    try:
        return httpx.get(f"{served.url}/v1/jobs").is_success
    except httpx.HTTPError:
        return False
