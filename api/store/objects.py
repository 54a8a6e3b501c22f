"""The file storage on S3-compatible object storage.

A folder is its files under `<key>/`, and an object `<key>/.folder` that names them, written last and removed first:
without it there is no folder.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store
from typing_extensions import override

from api.store.blobs import BLOCK, Blobs, check_key
from detector.errors import SettingsError

MARKER = ".folder"
PART_BYTES = 8 << 20
MOST_PARTS = 9_000  # S3 takes 10,000
AT_ONCE = 4  # parts of a file in memory
FILES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ObjectBlobs(Blobs):
    """Objects in a bucket. `scratch` is where files are fetched to."""

    store: S3Store
    scratch: Path | None = None

    @override
    def put(self, key: str, file: Path) -> None:
        check_key(key)
        if not file.is_dir():
            self._put_file(key, file)
            file.unlink()
            return
        files = {path.relative_to(file).as_posix(): path for path in sorted(file.rglob("*")) if path.is_file()}
        before = set(self.list(key))
        self._remove_marker(key)
        with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
            list(pool.map(lambda name: self._put_file(check_key(f"{key}/{name}"), files[name]), files))
        self._delete(sorted(before - {f"{key}/{name}" for name in files}))
        obstore.put(self.store, f"{key}/{MARKER}", json.dumps(sorted(files)).encode())
        shutil.rmtree(file)

    @override
    @contextmanager
    def fetched(self, key: str) -> Iterator[Path]:
        names = self._names(check_key(key))
        if names is None:
            self.size(key)  # FileNotFoundError before anything is made
        if self.scratch:
            self.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetched.", dir=self.scratch) as folder:
            target = Path(folder) / Path(key).name
            if names is None:
                self._fetch(key, target)
            else:
                target.mkdir()
                with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
                    list(pool.map(lambda name: self._fetch(f"{key}/{name}", target / name), names))
            yield target

    @override
    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        length = self.size(key)
        stop = length if stop is None else min(stop, length)
        if start >= stop:
            return
        got = obstore.get(self.store, key, options={"range": (start, stop)})
        for block in got.stream(min_chunk_size=BLOCK):
            yield bytes(block)

    @override
    def size(self, key: str) -> int:
        found = self._head(check_key(key))
        if found is None:
            raise FileNotFoundError(key)
        return found

    @override
    def exists(self, key: str) -> bool:
        return self._head(check_key(key)) is not None or self._head(f"{key}/{MARKER}") is not None

    @override
    def list(self, prefix: str = "") -> Iterator[str]:
        for page in obstore.list(self.store, check_key(prefix) if prefix else None):
            yield from (meta["path"] for meta in page if not meta["path"].endswith(f"/{MARKER}"))

    @override
    def remove(self, key: str) -> None:
        self._remove_marker(check_key(key))
        self._delete([key, *self.list(key)])

    def _put_file(self, key: str, file: Path) -> None:
        part = max(PART_BYTES, -(-file.stat().st_size // MOST_PARTS))
        obstore.put(self.store, key, file, chunk_size=part, max_concurrency=AT_ONCE)

    def _fetch(self, key: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            file.writelines(self.stream(key))

    def _names(self, key: str) -> Sequence[str] | None:
        """The files of a folder; None when there is no such folder."""
        try:
            return list(json.loads(bytes(obstore.get(self.store, f"{key}/{MARKER}").bytes())))
        except FileNotFoundError:
            return None

    def _head(self, path: str) -> int | None:
        try:
            return obstore.head(self.store, path)["size"]
        except FileNotFoundError:
            return None

    def _remove_marker(self, key: str) -> None:
        if self._head(f"{key}/{MARKER}") is not None:
            obstore.delete(self.store, f"{key}/{MARKER}")

    def _delete(self, paths: Sequence[str]) -> None:
        if paths:
            obstore.delete(self.store, paths)


def open_s3(bucket: str, prefix: str, scratch: Path | None) -> ObjectBlobs:
    """Open a bucket with the settings of the AWS_* environment.

    Raises:
        SettingsError: it can't be reached, or refuses.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    try:
        store = S3Store(
            bucket,
            prefix=prefix or None,
            client_options={"allow_http": endpoint.startswith("http://")},
            retry_config={"max_retries": 5},
        )
        next(iter(obstore.list(store, chunk_size=1)), None)
    except (BaseError, OSError) as error:
        reason = " ".join(str(error).split())[:300]
        raise SettingsError(
            f"SCHOUW_STORAGE_URL: the bucket '{bucket}' can't be used ({reason}); see the AWS_* variables"
        ) from error
    return ObjectBlobs(store, scratch)
