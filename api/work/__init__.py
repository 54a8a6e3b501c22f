"""What jobs do."""

from api.jobs.handler import Handler

HANDLERS: dict[str, Handler] = {}
