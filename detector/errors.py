"""The mistakes a user can make, each with one clear sentence.

A message says what is wrong, where (the file), and what to do. The command line turns any `SchouwError` into one line
on standard error and exit code 2.
"""

from pathlib import Path


class SchouwError(Exception):
    """Base of every error that a user can put right."""


class InputError(SchouwError):
    """A file or folder that can't be used."""

    def __init__(self, path: Path | str, problem: str, remedy: str = "") -> None:
        self.path = Path(path)
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}" + (f"; {remedy}" if remedy else ""))


class FootageError(InputError):
    """A video or photo folder that holds no usable frames."""


class TrackError(InputError):
    """A GPS track that is missing, empty or does not belong to the footage."""


class NetworkError(InputError):
    """A road network that can't be used."""


class WeightsError(InputError):
    """Model weights that are missing, changed or of the wrong kind."""


class SettingsError(SchouwError):
    """A setting or option with an impossible value."""
