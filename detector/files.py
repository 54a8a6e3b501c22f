"""Writing so that nothing is ever half there: a temporary name beside the target, then a rename. And reading text."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from detector.errors import InputError


def read_text(path: Path) -> str:
    """The text of a file that somebody else wrote. Raises InputError for one that is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")  # programs for Windows begin such files with a mark
    except UnicodeDecodeError as problem:
        raise InputError(path, "is not UTF-8 text", "save it as UTF-8") from problem


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path in the target's folder; rename it to `target` when the block ends without an error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept because GDAL, PyAV and others choose the format by it.
    temporary = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target`; put it in the target's place when the block ends without an error.

    An older folder of that name is replaced only then.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    temporary.chmod(0o755)  # mkdtemp makes it private; a result is to be shared
    try:
        yield temporary
        if target.exists():
            old = temporary.with_name(temporary.name + ".old")
            target.rename(old)
            temporary.rename(target)
            shutil.rmtree(old)
        else:
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
