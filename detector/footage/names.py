"""File names as text that a result can hold."""

import os
from pathlib import Path


def as_text(path: Path) -> str:
    """The path as UTF-8 text; bytes of its name that are not UTF-8 become escapes, so that it differs from `path`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
