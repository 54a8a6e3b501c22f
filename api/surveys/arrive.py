"""When bytes are complete: a file gets its hash and its place in the storage, and a survey is checked.

Everything here may be cut off at any moment and done again: `resume` does so when a server starts, and each hour.
"""

import hashlib
import logging
import threading
import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.context import Context
from api.errors import Problem, refusal
from api.jobs import queue
from api.store.schema import File, Survey
from api.store.states import SurveyState
from api.surveys.announce import HOUR_S, all_here, change, check, files_of, survey_of
from api.uploads.receive import Receiver
from api.uploads.tus import HEADERS

STRAY_S = 600.0  # since the last byte; a file of a request that just begins is left alone
log = logging.getLogger("schouw")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Finishes what the receiver received."""

    context: Context
    receiver: Receiver

    def finish(self, number: str, person: str) -> None:
        """Take over a file of which all bytes are here; with the last one its survey goes on.

        Raises:
            Problem: 460 its hash is not the one that was announced; nothing of it is kept.
        """
        with self.context.database.read() as session:
            file = session.get(File, number)
        if file is None or file.state == "complete" or file.received < file.size:
            return
        key = f"footage/{file.survey}/{file.extra['stored']}"
        waits = self.receiver.path(number).exists()
        digest = self.receiver.digest(number, file.size) if waits else self._digest(key)
        announced = file.extra.get("sha256")
        if announced and digest != announced:
            self._refuse(number)
            raise refusal("other_content", HEADERS, file=file.name)
        if waits:
            self.context.blobs.put(key, self.receiver.path(number))
        doubles: list[str] = []
        with self.context.database.write() as session:
            survey = survey_of(session, file.survey)
            arrived = session.get(File, number)
            if arrived is None or arrived.state == "complete":
                return
            arrived.state, arrived.sha256, arrived.key, arrived.expires_s = "complete", digest, key, None
            session.flush()
            doubles = settle(session, survey, person)
        log.info("file %s (%s) of survey %s is here, %d bytes", number, file.name, file.survey, file.size)
        for double in doubles:
            self.context.blobs.remove(double)

    def resume(self) -> None:
        """Finish what a server that was killed had received and not yet finished."""
        with self.context.database.read() as session:
            numbers = session.scalars(
                select(File.id).where(File.state == "receiving", File.received == File.size)
            ).all()
        for number in numbers:
            try:
                self.finish(number, "schouw")
            except (Problem, OSError) as problem:
                log.warning("file %s can't be finished: %s", number, problem)

    def remove_strays(self) -> int:
        """Remove bytes of uploads that were given up, or rested too long and were tidied; give how many."""
        if not self.receiver.folder.is_dir():
            return 0
        with self.context.database.read() as session:
            known = set(session.scalars(select(File.id).where(File.state.in_(("announced", "receiving")))))
        old = time.time() - STRAY_S
        strays = [p for p in self.receiver.folder.iterdir() if p.name not in known and p.stat().st_mtime < old]
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)

    def keep_up(self, stopping: threading.Event) -> None:
        """Do both now and every hour, until `stopping` is set."""
        while True:
            try:
                self.resume()
                self.remove_strays()
            except (DBAPIError, OSError) as error:
                log.warning("uploads can't be tidied now: %s", error)
            if stopping.wait(HOUR_S):
                return

    def _digest(self, key: str) -> str:
        state = hashlib.sha256()
        for block in self.context.blobs.stream(key):
            state.update(block)
        return state.hexdigest()

    def _refuse(self, number: str) -> None:
        self.receiver.remove(number)
        with self.context.database.write() as session:
            file = session.get(File, number)
            if file is not None:
                file.received, file.state = 0, "announced"


def settle(session: Session, survey: Survey, person: str) -> list[str]:
    """Let a survey go on once all its files are here; see `begin`. One that was cancelled waits to be tried again."""
    if survey.state == SurveyState.CANCELLED:
        return []
    files = files_of(session, survey.id)
    if not files or any(file.state not in ("complete", "removed") for file in files):
        change(survey, SurveyState.UPLOADING)
        return []
    return begin(session, survey, person)


def begin(session: Session, survey: Survey, person: str) -> list[str]:
    """Check a survey whose files are all here; the files of a duplicate are given back, to be removed.

    Raises:
        Problem: 409, files are missing or removed.
    """
    files = all_here(session, survey)
    queue.one_at_a_time(session)
    content = hashlib.sha256("".join(sorted({file.sha256 or "" for file in files})).encode()).hexdigest()
    other = session.scalar(select(Survey).where(Survey.content == content, Survey.id != survey.id).with_for_update())
    if other and other.state not in (SurveyState.FAILED, SurveyState.CANCELLED):
        change(survey, SurveyState.DUPLICATE)
        survey.duplicate_of, survey.ended_s = other.id, time.time()
        for file in files:
            file.state = "removed"
        return [file.key for file in files if file.key]
    if other:  # it came to nothing; this one stands for the content now
        other.content = None
        session.flush()
    survey.content = content
    check(session, survey, person)
    return []
