"""What jobs do."""

from api.jobs.handler import Handler
from api.work.check import check
from api.work.export import export
from api.work.look import look
from api.work.map import put_on_map, redraw
from api.work.tidy import tidy

HANDLERS: dict[str, Handler] = {
    "check": check,
    "look": look,
    "map": put_on_map,
    "draw": redraw,
    "export": export,
    "tidy": tidy,
}
