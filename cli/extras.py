"""Packages that only some commands need."""

from importlib.util import find_spec

from detector.errors import SchouwError


def needs(*packages: str, extra: str) -> None:
    """Raise `SchouwError` with what to install if one of the packages is missing."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise SchouwError(f"this command needs {', '.join(missing)}; run: pip install 'schouw[{extra}]'")
