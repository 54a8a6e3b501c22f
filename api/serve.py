"""A server: this process answers, and workers beside it do the jobs."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from api.app import create_app
from api.context import Context, open_context
from api.jobs import queue
from api.jobs.events import Feed
from api.jobs.process import Workers
from api.settings import Settings
from api.surveys.arrive import Arrivals
from detector.errors import SettingsError
from roads.condition.table import Table
from roads.network import Network

KEPT_OPEN_S = 75  # a connection between two questions: a planner looks longer than uvicorn's 5, a proxy waits 60
LOCAL = ("127.0.0.1", "::1", "localhost")
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
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10,
            timeout_keep_alive=KEPT_OPEN_S,
        )  # fmt: skip
        with Workers(settings).running(), _kept_up(Arrivals(context, app.state.receiver)):
            gc.collect()
            gc.freeze()  # or what the server consists of is searched for garbage amid requests: 0.15 s each time
            log.info("serving at %s", address.url)
            asyncio.run(_Server(config, app.state.feed).serve([listening]))
    log.info("server ended")


@contextlib.contextmanager
def _kept_up(arrivals: Arrivals) -> Iterator[None]:
    """Finish and tidy uploads in a thread beside."""
    stopping = threading.Event()
    thread = threading.Thread(target=arrivals.keep_up, args=(stopping,), daemon=True, name="arrivals")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(10.0)


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
    # With the protocol named, asyncio switches on TCP_NODELAY; without it, answers of two packets wait 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
