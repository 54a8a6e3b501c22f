"""The file storage: footage, results, pictures, inventories and downloads, under keys such as `footage/3f2a/drive.mp4`.

A key is a relative path with `/`. What is put is there as a whole or not at all: a reader who finds a key finds all of
it. The storage is a folder on this machine (or one that all machines of the server share), or S3-compatible object
storage (`api.store.objects`).
"""

import errno
import os
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from typing_extensions import override

from detector.errors import SettingsError

MAX_KEY = 900  # bytes; S3 takes 1024, with the prefix
BLOCK = 1 << 20
PUT, GONE = ".put.", ".gone."  # temporary folders beside what comes and what goes
# A part of a key: nothing hidden (temporary names and markers are), no way out of the folder.
PART = re.compile(r"[^./\\\0][^/\\\0]*")


def check_key(key: str) -> str:
    """Return a key that can't lead out of the storage.

    Raises:
        ValueError: it is absolute, goes up, is hidden, empty or too long.
    """
    if len(key.encode("utf-8", "replace")) > MAX_KEY or not all(PART.fullmatch(part) for part in key.split("/")):
        raise ValueError(f"'{key[:80]}' is no key of the file storage")
    return key


class Blobs(ABC):
    """Files and folders under keys. Every method takes keys that `check_key` lets through, else ValueError."""

    @abstractmethod
    def put(self, key: str, file: Path) -> None:
        """Take over a file or a folder: it is gone from `file` afterwards. What was under the key is replaced."""

    @abstractmethod
    def fetched(self, key: str) -> AbstractContextManager[Path]:
        """Yield a local path of a file or a folder, for reading. Raises FileNotFoundError."""

    @abstractmethod
    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes `start` to `stop` (excluded; none: to the end) of a file. Raises FileNotFoundError."""

    @abstractmethod
    def size(self, key: str) -> int:
        """Length of a file, bytes. Raises FileNotFoundError."""

    @abstractmethod
    def exists(self, key: str) -> bool:
        """Whether a file or a whole folder is there."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys of all files in a folder and its folders (empty: of the storage), in no set order."""

    @abstractmethod
    def remove(self, key: str) -> None:
        """Remove a file or a folder; one that isn't there is no mistake."""

    def sweep(self, before_s: float) -> int:
        """Remove what a `put` or `remove` that was killed before a moment (POSIX s) left behind; give how many.

        Only a folder on a disk has such leftovers.
        """
        return 0

    def read(self, key: str) -> bytes:
        """The bytes of a small file. Raises FileNotFoundError."""
        return b"".join(self.stream(key))


@dataclass(frozen=True, slots=True)
class FolderBlobs(Blobs):
    """Plain files in a folder, under their keys."""

    root: Path

    @override
    def put(self, key: str, file: Path) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        _settle(file)
        with tempfile.TemporaryDirectory(prefix=PUT, dir=target.parent) as beside:
            try:
                _replace(file, target, Path(beside))
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                copy = Path(beside) / "copy"
                shutil.copytree(file, copy) if file.is_dir() else shutil.copy2(file, copy)
                _settle(copy)
                _replace(copy, target, Path(beside))
                shutil.rmtree(file) if file.is_dir() else file.unlink()
        _settle(target.parent, deep=False)

    @override
    @contextmanager
    def fetched(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.exists():
            raise FileNotFoundError(key)
        yield path

    @override
    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        with self._file(key).open("rb") as file:
            file.seek(start)
            left = stop - start if stop is not None else None
            while left is None or left > 0:
                block = file.read(BLOCK if left is None else min(BLOCK, left))
                if not block:
                    return
                left = left - len(block) if left is not None else None
                yield block

    @override
    def size(self, key: str) -> int:
        return self._file(key).stat().st_size

    @override
    def exists(self, key: str) -> bool:
        return self._path(key).exists()

    @override
    def list(self, prefix: str = "") -> Iterator[str]:
        for folder, folders, files in os.walk(self._path(prefix) if prefix else self.root):
            folders[:] = [name for name in folders if PART.fullmatch(name)]
            yield from ((Path(folder) / name).relative_to(self.root).as_posix() for name in files if name[0] != ".")

    @override
    def remove(self, key: str) -> None:
        target = self._path(key)
        if target.is_dir():
            gone = Path(tempfile.mkdtemp(prefix=GONE, dir=target.parent))
            target.rename(gone / target.name)  # so that nobody finds half of it
            shutil.rmtree(gone)
        else:
            target.unlink(missing_ok=True)

    @override
    def sweep(self, before_s: float) -> int:
        left = [
            Path(folder) / name
            for folder, folders, _ in os.walk(self.root)
            for name in folders
            if name.startswith((PUT, GONE)) and _is_older(Path(folder) / name, before_s)
        ]
        for path in left:
            shutil.rmtree(path, ignore_errors=True)
        return len(left)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _file(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise FileNotFoundError(key)
        return path


def _replace(source: Path, target: Path, beside: Path) -> None:
    """Rename; a folder that is in the way is put in `beside` first."""
    if target.is_dir() and source.stat().st_dev == target.stat().st_dev:
        target.rename(beside / "old")
    source.replace(target)


def _is_older(path: Path, before_s: float) -> bool:
    try:
        return path.stat().st_mtime < before_s
    except FileNotFoundError:  # it was no leftover: it ended just now
        return False


def _settle(path: Path, deep: bool = True) -> None:
    """Wait until a file, or a folder with all in it, is on the disk and survives a power cut."""
    if deep and path.is_dir():
        for inner in path.iterdir():
            _settle(inner)
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def open_blobs(url: str, scratch: Path | None = None) -> Blobs:
    """Open the storage at file:///folder or s3://bucket/prefix.

    Args:
        url: the address. S3 reads the usual AWS_* environment variables, AWS_ENDPOINT_URL among them.
        scratch: folder for what is fetched from S3 for a while; none: the system's temporary folder.

    Raises:
        SettingsError: it can't be reached, or is of no supported kind.
    """
    parts = urlparse(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        root = Path(unquote(parts.path))
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"SCHOUW_STORAGE_URL: {root} can't be used ({error.strerror})") from error
        return FolderBlobs(root)
    if parts.scheme == "s3" and parts.netloc:
        from api.store.objects import open_s3

        return open_s3(parts.netloc, parts.path.strip("/"), scratch)
    raise SettingsError(f"SCHOUW_STORAGE_URL: '{url}' is not supported; use file:///folder or s3://bucket/prefix")
