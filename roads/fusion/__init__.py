"""The same damage seen in several passes and on several dates is one defect with a history."""

from roads.fusion.history import State, defects_at
from roads.fusion.incremental import add, identified
from roads.fusion.options import FusionOptions, HistoryOptions
from roads.fusion.removal import without

__all__ = ["FusionOptions", "HistoryOptions", "State", "add", "defects_at", "identified", "without"]
