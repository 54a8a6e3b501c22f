"""The processes of a server: this one answers, and beside it workers do the jobs. One that dies is started again."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

import uvicorn

from api.app import create_app
from api.context import Context, open_context
from api.jobs import queue
from api.jobs.events import Feed
from api.jobs.worker import Worker
from api.settings import Settings
from api.surveys.arrive import Arrivals
from api.surveys.follow import job_ended
from detector.errors import SettingsError
from roads.condition.table import Table
from roads.network import Network

LOCAL = ("127.0.0.1", "::1", "localhost")
GRACE_S = 20.0  # a worker has to put its job back within this
SHORT_LIFE_S = 10.0  # a worker that lives no longer than this is not started again at once
log = logging.getLogger("schouw")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def url(self) -> str:
        """As a browser takes it."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"


def serve(
    settings: Settings,
    address: Address,
    network: Network | None = None,
    table: Table | None = None,
    map_folder: Path | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        settings: of the server.
        address: where it listens.
        network: of the map, at the first start; later it has to be the same.
        table: that grades it, with `network`.
        map_folder: a map that `schouw map` made, to be taken over at the first start.

    Raises:
        SettingsError: the address, the database, the storage or the network can't be used.
    """
    listening = _bind(address)
    context = open_context(settings)
    with contextlib.closing(listening):
        _prepare(context, network, table, map_folder)
        app = create_app(context)
        threading.Thread(target=Arrivals(context, app.state.receiver).resume, daemon=True, name="arrivals").start()
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10
        )
        with Workers(settings).running():
            log.info("serving at %s", address.url)
            asyncio.run(_Server(config, app.state.feed).serve([listening]))
    log.info("server ended")


def work(settings: Settings, *, once: bool = False) -> None:
    """Do jobs until SIGINT or SIGTERM, or with `once` until none is left."""
    context = open_context(settings)
    worker = _worker(context)
    with contextlib.closing(context), _stopping(worker.stopping, signal.SIGINT, signal.SIGTERM):
        log.info("worker %s begins", worker.name)
        if once:
            while not worker.stopping.is_set() and worker.once():
                pass
        else:
            worker.run()
    log.info("worker %s ends", worker.name)


def check_open(settings: Settings, host: str, asked: bool) -> str | None:
    """Give a warning for an open server that others can reach; one that nobody asked to be reached stays here."""
    if not settings.is_open or host in LOCAL or not asked:
        return None
    return (
        f"anyone who reaches {host} may upload, review and remove: set SCHOUW_USER_HEADER or SCHOUW_TOKENS "
        "(see docs/server.md)"
    )


def _bind(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"the address {address.host}:{address.port} can't be used ({error.strerror}); choose another --port or "
            "--host"
        ) from error
    listening.set_inheritable(False)
    return listening


def _prepare(context: Context, network: Network | None, table: Table | None, map_folder: Path | None) -> None:
    """Make what the first start makes, and let the hourly cleaning begin."""
    if map_folder is not None or network is not None:
        from api.work import map as maps

        if map_folder is not None and maps.take_over(context, map_folder):
            log.info("map: taken over from %s", map_folder)
        if network is not None and table is not None and maps.found(context, network, table):
            log.info("map: empty map of %s, %d segments", network.path.name, len(network.segments))
    with context.database.write() as session:
        queue.enqueue(session, "tidy", {}, person="schouw", key="tidy")


def _worker(context: Context) -> Worker:
    from api.work import HANDLERS

    return Worker(context, HANDLERS, job_ended)


@dataclass(slots=True)
class Workers:
    """The worker processes beside the server."""

    settings: Settings
    processes: "list[tuple[BaseProcess, float]]" = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Keep as many workers alive as the settings say."""
        self.processes = [self._started() for _ in range(self.settings.workers)]
        watch = threading.Thread(target=self._watch, name="workers")
        watch.start()
        try:
            yield
        finally:
            self.stopping.set()
            watch.join()
            self._end()

    def _started(self) -> "tuple[BaseProcess, float]":
        process = multiprocessing.get_context("spawn").Process(
            target=work_beside, args=(self.settings, os.getpid()), name="worker", daemon=False
        )
        process.start()
        return process, time.monotonic()

    def _watch(self) -> None:
        while not self.stopping.wait(0.5):
            for place, (process, began) in enumerate(self.processes):
                if process.is_alive():
                    continue
                log.warning("worker process %s ended with %s; another begins", process.pid, process.exitcode)
                if time.monotonic() - began < SHORT_LIFE_S and self.stopping.wait(SHORT_LIFE_S):
                    return
                self.processes[place] = self._started()

    def _end(self) -> None:
        for process, _ in self.processes:
            process.terminate()
        until = time.monotonic() + GRACE_S
        for process, _ in self.processes:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                log.warning("worker process %s does not end; its job will be tried again", process.pid)
                process.kill()
                process.join()


def work_beside(settings: Settings, server: int) -> None:
    """Be a worker beside a server process, and end with it even when it is killed."""
    configure_log()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the server too, which then ends its workers
    os.nice(5)  # who looks goes before what is worked out
    context = open_context(settings)
    worker = _worker(context)

    def watch() -> None:
        while not worker.stopping.wait(1.0):
            if os.getppid() != server:
                log.warning("the server is gone; worker %s ends", worker.name)
                worker.stopping.set()

    with contextlib.closing(context), _stopping(worker.stopping, signal.SIGTERM):
        threading.Thread(target=watch, daemon=True, name="parent").start()
        worker.run()


@contextlib.contextmanager
def _stopping(event: threading.Event, *signals: signal.Signals) -> Iterator[None]:
    """Set an event on these signals."""
    before = {number: signal.signal(number, lambda *_: event.set()) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Ends its event streams first, for they never end by themselves, and leaves the rest of the clean-up to us."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self.feed = feed

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.feed.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        def ended(number: int, frame: FrameType | None) -> None:
            self.handle_exit(number, frame)

        before = {number: signal.signal(number, ended) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def configure_log() -> None:
    """Write one line for each event to standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
    for noisy in ("uvicorn", "uvicorn.error", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
