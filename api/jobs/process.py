"""Worker processes: one by itself, or some beside a server. One that dies is started again."""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess

from api.context import Context, open_context
from api.jobs.worker import Worker
from api.log import configure_log
from api.settings import Settings
from api.surveys.follow import job_ended

GRACE_S = 20.0  # a worker has to put its job back within this
SHORT_LIFE_S = 10.0  # a worker that lives no longer than this is not started again at once
log = logging.getLogger("schouw")


def work(settings: Settings, *, once: bool = False) -> None:
    """Do jobs until SIGINT or SIGTERM, or with `once` until none is left."""
    context = open_context(settings)
    worker = _worker(context)
    with contextlib.closing(context), _stopping(worker.stopping, signal.SIGINT, signal.SIGTERM):
        log.info("worker %s begins", worker.name)
        if once:
            worker.clean()
            while not worker.stopping.is_set() and worker.once():
                pass
        else:
            worker.run()
    log.info("worker %s ends", worker.name)


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
        # Ctrl-C reaches the server too, which then ends its workers; a new one must not trip over it while it starts.
        resource_tracker.ensure_running()  # else `start` starts it, and unblocks the signal
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
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
