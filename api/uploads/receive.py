"""The bytes of an upload: from the network to a file, in constant memory, hashed as they come.

One upload is received by one request at a time, in whatever process (a lock on its file). What is acknowledged has
reached the disk. A hash goes on where the last request of this process left it; after a restart it is made again from
the file.
"""

import asyncio
import errno
import fcntl
import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from starlette.requests import ClientDisconnect

from api.errors import refusal
from api.uploads.tus import HEADERS, Checksum

BLOCK = 4 << 20  # written at once
SAFE_EVERY = 64 << 20  # bytes between two moments at which what came is put beyond a crash
SILENT_S = 60.0  # a sender that says nothing for so long is gone
QUIET_S = 5.0  # one that is quiet for so long gives way to a request that asks how far the upload is
HASHES = 256  # kept between requests
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Safe = Callable[[int], None]  # told up to which byte the file is on the disk


@dataclass(slots=True)
class Receiver:
    """Receives uploads into a folder."""

    folder: Path
    hashes: "OrderedDict[str, _Hash]" = field(default_factory=OrderedDict)
    busy: "dict[str, _Sender]" = field(default_factory=dict)

    def path(self, upload: str) -> Path:
        """Where the bytes of an upload lie until it is complete."""
        return self.folder / upload

    def remove(self, upload: str) -> None:
        """Remove what came of an upload. Raises Problem 423 while it is being received."""
        with _open_locked(self.path(upload)):
            self.path(upload).unlink()
        self.hashes.pop(upload, None)

    async def quieten(self, upload: str) -> None:
        """End the request that receives an upload if its sender has gone quiet: another asks how far it is."""
        sender = self.busy.get(upload)
        if sender and time.monotonic() - sender.heard_s > QUIET_S:
            sender.give_way()
            with suppress(TimeoutError):
                await asyncio.wait_for(sender.over.wait(), QUIET_S)

    async def receive(
        self,
        upload: str,
        offset: int,
        length: Callable[[], int],
        most: int,
        blocks: AsyncIterator[bytes],
        checksum: Checksum | None,
        safe: Safe,
    ) -> int:
        """Append what comes to an upload and return its new length; `safe` is told of every length that is on disk.

        Args:
            upload: its id.
            offset: where the sender goes on.
            length: tells, from a thread, how much was acknowledged so far; what lies beyond in the file was not, and
                is overwritten.
            most: how many bytes may come.
            blocks: what comes. Where it breaks off, what came before is kept.
            checksum: of all that comes, or None; with it, all or nothing is kept.
            safe: called from a thread.

        Raises:
            Problem: 423 another request is receiving it; 409 `offset` is not `length`; 413 more came than was
                announced; 460 the checksum is another; 507 the disk is full. The length is then the last that `safe`
                was told.
        """
        file = await asyncio.to_thread(_open_locked, self.path(upload))
        sender = self.busy[upload] = _Sender()
        try:
            check_offset(await asyncio.to_thread(length), offset)
            found = await asyncio.to_thread(self._hash, upload, file, offset)
            if found.length != offset:  # a power cut took what the disk had promised to keep
                await asyncio.to_thread(safe, 0)
                raise refusal("bytes_lost", HEADERS)
            writing = _Writing(file, offset, found, checksum)
            await _pump(writing, blocks, sender, most, safe)
            await asyncio.to_thread(writing.settle, safe)
            self._keep(upload, writing.hash)
            return writing.length
        finally:
            self.busy.pop(upload, None)
            file.close()
            sender.over.set()

    def digest(self, upload: str, size: int) -> str:
        """SHA-256 of a complete upload, in hex. Slow only after a restart: then the file is read."""
        with self.path(upload).open("rb") as file:
            found = self._hash(upload, file, size).state.hexdigest()
        self.hashes.pop(upload, None)
        return found

    def _hash(self, upload: str, file: BinaryIO, offset: int) -> "_Hash":
        """The hash of the first `offset` bytes."""
        kept = self.hashes.get(upload)
        if kept and kept.length == offset:
            return _Hash(kept.state.copy(), offset)
        state, left = hashlib.sha256(), offset
        file.seek(0)
        while left and (block := file.read(min(BLOCK, left))):
            state.update(block)
            left -= len(block)
        return _Hash(state, offset - left)

    def _keep(self, upload: str, found: "_Hash") -> None:
        self.hashes[upload] = found
        while len(self.hashes) > HASHES:
            self.hashes.popitem(last=False)


@dataclass(slots=True)
class _Hash:
    """SHA-256 of the first `length` bytes."""

    state: "hashlib._Hash"
    length: int


@dataclass(slots=True)
class _Sender:
    """A request that is sending."""

    heard_s: float = field(default_factory=time.monotonic)
    limit: asyncio.Timeout | None = None  # while it is listened to
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, blocks: AsyncIterator[bytes]) -> bytes | None:
        """Give what comes next; None at the end, and when the sender is gone, silent, or has to give way."""
        try:
            async with asyncio.timeout(SILENT_S) as self.limit:
                block = await anext(blocks)
        except (StopAsyncIteration, ClientDisconnect, TimeoutError):
            return None
        finally:
            self.limit = None
        self.heard_s = time.monotonic()
        return block

    def give_way(self) -> None:
        """Hear no more of it."""
        if self.limit:
            self.limit.reschedule(asyncio.get_running_loop().time())


@dataclass(slots=True)
class _Writing:
    """A file that grows. Its methods block: they run in threads; `write`, `digest` and `sync` beside each other."""

    file: BinaryIO
    offset: int  # where it began
    hash: _Hash
    checksum: Checksum | None
    length: int = 0
    settled: int = 0
    own: "hashlib._Hash | None" = None  # of what comes in this request
    syncing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.file.truncate(self.offset)
        self.file.seek(self.offset)
        self.length = self.settled = self.offset
        self.own = hashlib.new(self.checksum.algorithm) if self.checksum else None

    def write(self, blocks: list[bytes], safe: Safe) -> None:
        """Append blocks. When the disk is full, what fitted is kept and told."""
        try:
            for block in blocks:
                _write(self.file, block)
                self.length += len(block)
        except OSError as error:
            if self.own is None and error.errno in FULL:
                with suppress(OSError):
                    self._sync(safe)
            raise _full(error) from error

    def digest(self, blocks: list[bytes]) -> None:
        """Hash blocks."""
        for block in blocks:
            self.hash.state.update(block)
            self.hash.length += len(block)
            if self.own:
                self.own.update(block)

    @property
    def is_due(self) -> bool:
        """Whether much came since the disk had it all. With a checksum that is only so at the end."""
        return self.own is None and self.length - self.settled >= SAFE_EVERY

    def sync(self, safe: Safe) -> None:
        """Put what came on the disk, and tell."""
        try:
            self._sync(safe)
        except OSError as error:
            raise _full(error) from error

    def settle(self, safe: Safe) -> None:
        """End: check the checksum, and put all that came on the disk."""
        if self.own and self.checksum and self.own.digest() != self.checksum.digest:
            self.file.truncate(self.offset)
            raise refusal("damaged", HEADERS)
        self.sync(safe)

    def _sync(self, safe: Safe) -> None:
        with self.syncing:  # or a length could be told after a longer one
            if (length := self.length) > self.settled:
                os.fdatasync(self.file.fileno())
                self.settled = length
                safe(length)


def check_offset(length: int, offset: int) -> None:
    """Refuse bytes that don't begin where the last ones ended."""
    if offset != length:
        raise refusal("other_offset", HEADERS, length=length, offset=offset)


async def _pump(writing: _Writing, blocks: AsyncIterator[bytes], sender: _Sender, most: int, safe: Safe) -> None:
    """Write what comes; the next blocks are read from the network while threads write, hash and sync these."""
    held: list[bytes] = []
    size = came = 0
    job: asyncio.Future[tuple[None, None]] | None = None
    sync: asyncio.Future[None] | None = None
    try:
        while (block := await sender.next(blocks)) is not None:
            came += len(block)
            if came > most:
                raise refusal("too_many_bytes", HEADERS, left=most)
            held.append(block)
            size += len(block)
            if size < BLOCK:
                continue
            if job:
                await job
            if writing.is_due and (sync is None or sync.done()):
                if sync:
                    await sync
                sync = asyncio.ensure_future(asyncio.to_thread(writing.sync, safe))
            job = _put(writing, held, safe)
            held, size = [], 0
    finally:
        try:
            if job:
                await job
            if held:
                await _put(writing, held, safe)
        finally:
            if sync:
                await sync


def _put(writing: _Writing, blocks: list[bytes], safe: Safe) -> "asyncio.Future[tuple[None, None]]":
    """Write blocks and hash them, at the same time."""
    return asyncio.gather(asyncio.to_thread(writing.write, blocks, safe), asyncio.to_thread(writing.digest, blocks))


def _open_locked(path: Path) -> BinaryIO:
    """Open an upload's file, making it if need be, for this request alone."""
    is_new = not path.exists()
    if is_new:
        path.parent.mkdir(parents=True, exist_ok=True)
    file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o640), "r+b", buffering=0)  # noqa: PTH123, SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise refusal("sending", HEADERS) from error
    if is_new:
        _settle(path.parent)
    return file


def _write(file: BinaryIO, block: bytes) -> None:
    """Write all of a block: a file without a buffer may take only a part at once."""
    left = memoryview(block)
    while left:
        left = left[file.write(left) :]


def _full(error: OSError) -> Exception:
    if error.errno in FULL:
        return refusal("disk_full", HEADERS)
    return error


def _settle(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
