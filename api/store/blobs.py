"""The file storage: footage, results, pictures, inventories and downloads, under keys such as `results/3f2a/survey.json`."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from detector.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Blobs:
    """Files under keys. What is written is there as a whole or not at all, and is not changed afterwards."""

    root: Path

    def put(self, key: str, file: Path) -> None:
        """Take over a file or a folder; on this machine's disk it is moved, not copied."""
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)

    @contextmanager
    def fetched(self, key: str) -> Iterator[Path]:
        """Yield a local path of a file or a folder, for reading."""
        yield self.root / key

    def read(self, key: str) -> bytes:
        """The bytes of a small file. Raises FileNotFoundError."""
        return (self.root / key).read_bytes()

    def exists(self, key: str) -> bool:
        """Whether a file or a folder is there."""
        return (self.root / key).exists()

    def remove(self, key: str) -> None:
        """Remove a file or a folder; one that isn't there is no mistake."""
        target = self.root / key
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)


def open_blobs(url: str) -> Blobs:
    """Open the storage at file:///folder or s3://bucket/prefix.

    Raises:
        SettingsError: it can't be reached, or is of no supported kind.
    """
    parts = urlparse(url)
    if parts.scheme != "file":
        raise SettingsError(f"SCHOUW_STORAGE_URL: '{url}' is not supported; use file:///folder")
    root = Path(unquote(parts.path))
    root.mkdir(parents=True, exist_ok=True)
    return Blobs(root)
