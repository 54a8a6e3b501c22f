"""What happens, for those who listen: told from the database, so that it holds for all processes of a server.

One task looks while anyone listens, whatever their number.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from api.jobs.answer import answer
from api.store.database import Database
from api.store.schema import Job, MapState, Survey

LOOK_S = 0.5
ALIVE_S = 15.0  # a comment, so that proxies keep the connection
NEWEST = 200  # surveys whose state is watched, and jobs told at once
WAITING = 1000  # events a listener may be behind before it is let go
log = logging.getLogger("schouw")


@dataclass(slots=True)
class _Seen:
    """What was told already."""

    change: int
    surveys: dict[str, str]
    map: tuple[int, int] | None


@dataclass(slots=True)
class Feed:
    """The stream of events of one server process."""

    database: Database
    listeners: set["asyncio.Queue[str | None]"] = field(default_factory=set)
    task: "asyncio.Task[None] | None" = None
    closed: bool = False

    async def listen(self, after: int | None) -> AsyncIterator[str]:
        """Yield events as they are sent, first those after the change `after`; ends when the server does."""
        mine: asyncio.Queue[str | None] = asyncio.Queue(WAITING)
        self.listeners.add(mine)
        try:
            if self.task is None or self.task.done():
                self.task = asyncio.create_task(self._watch())
            yield "retry: 2000\n: here\n\n"
            if after is not None:
                for event in await asyncio.to_thread(self._since, after):
                    yield event
            while not self.closed:
                try:
                    async with asyncio.timeout(ALIVE_S):
                        told = await mine.get()
                except TimeoutError:
                    told = ": here\n\n"
                if told is None:
                    return
                yield told
        finally:
            self.listeners.discard(mine)

    def close(self) -> None:
        """Let all listeners go."""
        self.closed = True
        for listener in self.listeners:
            if listener.full():
                listener.get_nowait()
            listener.put_nowait(None)
        if self.task:
            self.task.cancel()

    async def _watch(self) -> None:
        seen: _Seen | None = None
        while self.listeners and not self.closed:
            try:
                seen, events = await asyncio.to_thread(self._look, seen)
            except DBAPIError as error:
                log.warning("events: the database does not answer: %s", error.orig)
                events = []
            for event in events:
                self._tell(event)
            await asyncio.sleep(LOOK_S)

    def _tell(self, event: str) -> None:
        for listener in list(self.listeners):
            if listener.full():  # it doesn't read: it comes back and asks for what it missed
                self.listeners.discard(listener)
                listener.get_nowait()
                listener.put_nowait(None)
            else:
                listener.put_nowait(event)

    def _look(self, seen: _Seen | None) -> tuple[_Seen, list[str]]:
        """What is new since the last look; nothing at the first."""
        with self.database.read() as session:
            newest = select(Survey.id, Survey.state).order_by(Survey.changed_s.desc()).limit(NEWEST)
            surveys = {row.id: row.state for row in session.execute(newest)}
            state = session.execute(select(MapState.revision, MapState.changes)).first()
            mapped = None if state is None else (state[0], state[1])
            change = session.scalar(select(func.max(Job.changed))) or 0
            if seen is None:
                return _Seen(change, surveys, mapped), []
            jobs = [] if change == seen.change else self._jobs(session, seen.change)
        last = jobs[-1].changed if jobs else seen.change
        events = [_event("job", answer(job).model_dump(mode="json"), job.changed) for job in jobs]
        for number, survey_state in surveys.items():
            if seen.surveys.get(number) != survey_state:
                events.append(_event("survey", {"id": number, "state": survey_state}))
        if mapped and mapped != seen.map:
            events.append(_event("map", {"revision": mapped[0], "changes": mapped[1]}))
        return _Seen(last, {**seen.surveys, **surveys}, mapped), events

    def _since(self, after: int) -> list[str]:
        with self.database.read() as session:
            jobs = self._jobs(session, after)
            changed = {job.survey for job in jobs if job.survey}
            surveys = session.execute(select(Survey.id, Survey.state).where(Survey.id.in_(changed))).all()
        told = [_event("job", answer(job).model_dump(mode="json"), job.changed) for job in jobs]
        return told + [_event("survey", {"id": number, "state": state}) for number, state in surveys]

    @staticmethod
    def _jobs(session: Any, after: int) -> list[Job]:
        return list(session.scalars(select(Job).where(Job.changed > after).order_by(Job.changed).limit(NEWEST)))


def _event(kind: str, data: Any, number: int | None = None) -> str:
    count = "" if number is None else f"id: {number}\n"
    return f"{count}event: {kind}\ndata: {orjson.dumps(data).decode()}\n\n"
