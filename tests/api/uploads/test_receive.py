"""Bytes to disk: what is told is there, in whatever way the sender ends."""

import asyncio
import hashlib
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from api.errors import Problem
from api.uploads import receive
from api.uploads.receive import Receiver
from api.uploads.tus import Checksum

MIB = 1 << 20


class Told:
    """What the database would know of an upload."""

    def __init__(self) -> None:
        self.lengths = [0]

    def safe(self, length: int) -> None:
        self.lengths.append(length)

    def length(self) -> int:
        return self.lengths[-1]


async def blocks(*parts: bytes, broken: bool = False) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if broken:
        raise ClientDisconnect


def send(receiver: Receiver, told: Told, *parts: bytes, offset: int | None = None, most: int = 1 << 40, **more) -> int:
    checksum = more.pop("checksum", None)
    start = told.length() if offset is None else offset
    coming = blocks(*parts, **more)
    return asyncio.run(receiver.receive("one", start, told.length, most, coming, checksum, told.safe))


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    return Receiver(tmp_path / "uploads")


def test_bytes_come_in_parts_and_are_hashed(receiver: Receiver) -> None:
    told = Told()
    parts = [bytes([n]) * (3 * MIB + n) for n in range(5)]
    for part in parts:
        send(receiver, told, part)
    whole = b"".join(parts)
    assert receiver.path("one").read_bytes() == whole
    assert told.lengths[-1] == len(whole)
    assert receiver.digest("one", len(whole)) == hashlib.sha256(whole).hexdigest()


def test_a_new_process_hashes_again(receiver: Receiver) -> None:
    told = Told()
    send(receiver, told, b"a" * MIB)
    again = Receiver(receiver.folder)
    send(again, told, b"b" * MIB)
    assert again.digest("one", 2 * MIB) == hashlib.sha256(b"a" * MIB + b"b" * MIB).hexdigest()


def test_what_came_before_a_broken_connection_is_kept(receiver: Receiver) -> None:
    told = Told()
    assert send(receiver, told, b"abc", b"def", broken=True) == 6
    assert told.length() == 6


def test_what_was_never_acknowledged_is_overwritten(receiver: Receiver) -> None:
    told = Told()
    send(receiver, told, b"abc")
    with receiver.path("one").open("ab") as file:
        file.write(b"XXXX")  # written, and killed before it was told
    send(Receiver(receiver.folder), told, b"def")
    assert receiver.path("one").read_bytes() == b"abcdef"


def test_bytes_that_the_disk_lost_are_asked_for_again(receiver: Receiver) -> None:
    told = Told()
    send(receiver, told, b"abcdef")
    receiver.path("one").write_bytes(b"ab")
    with pytest.raises(Problem) as raised:
        send(Receiver(receiver.folder), told, b"ghi")
    assert raised.value.status_code == 409
    assert told.length() == 0
    send(receiver, told, b"abcdefghi")
    assert receiver.path("one").read_bytes() == b"abcdefghi"


def test_an_offset_that_is_not_ours(receiver: Receiver) -> None:
    told = Told()
    send(receiver, told, b"abc")
    with pytest.raises(Problem) as raised:
        send(receiver, told, b"xyz", offset=0)
    assert raised.value.status_code == 409
    assert receiver.path("one").read_bytes() == b"abc"


def test_more_than_was_announced(receiver: Receiver) -> None:
    told = Told()
    with pytest.raises(Problem) as raised:
        send(receiver, told, b"abc", b"defg", most=5)
    assert raised.value.status_code == 413
    assert told.length() == 0


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_checksum_is_held_against_what_came(receiver: Receiver, algorithm: str) -> None:
    told = Told()
    send(receiver, told, b"abc")
    wrong = Checksum(algorithm, hashlib.new(algorithm, b"other").digest())
    with pytest.raises(Problem) as raised:
        send(receiver, told, b"def", checksum=wrong)
    assert raised.value.status_code == 460
    assert (told.length(), receiver.path("one").read_bytes()) == (3, b"abc")
    send(receiver, told, b"def", checksum=Checksum(algorithm, hashlib.new(algorithm, b"def").digest()))
    assert receiver.path("one").read_bytes() == b"abcdef"
    assert receiver.digest("one", 6) == hashlib.sha256(b"abcdef").hexdigest()


@pytest.fixture
def small_disk() -> Iterator[int]:
    """No file of this process grows over 6 MiB: as a full disk, without filling one."""
    most = 6 * MIB
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    yield most
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_keeps_what_fitted(receiver: Receiver, small_disk: int) -> None:
    told = Told()
    parts = [bytes([n]) * MIB for n in range(9)]
    with pytest.raises(Problem) as raised:
        send(receiver, told, *parts)
    assert raised.value.status_code == 507
    assert told.length() == small_disk
    assert receiver.path("one").read_bytes() == b"".join(parts)[:small_disk]


def test_an_upload_goes_on_when_there_is_room_again(receiver: Receiver) -> None:
    told = Told()
    whole = b"".join(bytes([n]) * MIB for n in range(9))
    resource.setrlimit(resource.RLIMIT_FSIZE, (5 * MIB, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(Problem):
            send(receiver, told, whole[: 4 * MIB], whole[4 * MIB :])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, handler)
    assert told.length() == 4 * MIB
    send(receiver, told, whole[told.length() :])
    assert receiver.digest("one", len(whole)) == hashlib.sha256(whole).hexdigest()


def test_two_requests_at_once(receiver: Receiver) -> None:
    async def both() -> int:
        told, going, go = Told(), asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"abc"
            going.set()
            await go.wait()
            yield b"def"

        first = asyncio.create_task(receiver.receive("one", 0, told.length, 100, slow(), None, told.safe))
        await going.wait()
        with pytest.raises(Problem) as raised:
            await receiver.receive("one", 0, told.length, 100, blocks(b"xyz"), None, told.safe)
        assert raised.value.status_code == 423
        with pytest.raises(Problem):
            receiver.remove("one")
        go.set()
        return await first

    assert asyncio.run(both()) == 6
    assert receiver.path("one").read_bytes() == b"abcdef"


def test_a_sender_that_went_quiet_gives_way(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "QUIET_S", 0.05)

    async def both() -> int:
        told = Told()

        async def dead() -> AsyncIterator[bytes]:
            yield b"abc"
            await asyncio.sleep(3600)
            yield b""

        first = asyncio.create_task(receiver.receive("one", 0, told.length, 100, dead(), None, told.safe))
        await asyncio.sleep(0.3)
        await receiver.quieten("one")
        assert await first == 3
        return await receiver.receive("one", 3, told.length, 100, blocks(b"def"), None, told.safe)

    assert asyncio.run(both()) == 6


def test_a_silent_sender_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "SILENT_S", 0.05)

    async def dead() -> AsyncIterator[bytes]:
        yield b"abc"
        await asyncio.sleep(3600)
        yield b""

    told = Told()
    assert asyncio.run(receiver.receive("one", 0, told.length, 100, dead(), None, told.safe)) == 3


def test_memory_stays_small(receiver: Receiver) -> None:
    import tracemalloc

    async def long() -> AsyncIterator[bytes]:
        for n in range(200):
            yield bytes([n]) * MIB

    told = Told()
    tracemalloc.start()
    asyncio.run(receiver.receive("one", 0, told.length, 200 * MIB, long(), None, told.safe))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told.length() == 200 * MIB
    assert len(told.lengths) > 3  # it was made safe on the way too
    assert peak < 24 * MIB
