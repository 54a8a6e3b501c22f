"""What a job is given, and how it says how far it is."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from sqlalchemy.orm import Session

from api.context import Context
from api.store.schema import Job


class Cancelled(Exception):  # noqa: N818 - no error: someone asked for it
    """The job was asked to stop, or its worker is ending."""


class Report(Protocol):
    """Told how far a job is; the same shape as `detector.survey.Progress`."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Note it. Cheap, may be called for every picture.

        Raises:
            Cancelled: the job has to stop; let it pass.
        """


# A handler may run twice for one job (after a kill), so it must come to the same end. A SchouwError means that the
# input can't be used: the job fails with that sentence. Any other exception is tried again.
Handler: TypeAlias = Callable[[Context, Mapping[str, Any], Report], dict[str, Any] | None]

# Called in the transaction in which a job ends (done, failed, dead or cancelled): what follows from it.
Ended: TypeAlias = Callable[[Session, Job], None]
