"""What every route and job works with: the settings, the database and the file storage."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.settings import Settings
from api.store.blobs import Blobs, open_blobs
from api.store.database import Database, open_database
from detector.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Context:
    """One server's parts. Every process (server, worker) opens its own."""

    settings: Settings
    database: Database
    blobs: Blobs

    def close(self) -> None:
        """Give back connections."""
        self.database.close()


def open_context(settings: Settings) -> Context:
    """Open a server's parts; the database is brought to the newest schema.

    Raises:
        SettingsError: the home, the database or the storage can't be used.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"SCHOUW_HOME: {settings.home} can't be used ({error.strerror})") from error
    return Context(settings, open_database(settings.database), open_blobs(settings.storage))


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(_context)]
