"""Sending footage to a server: a client of the tus protocol that goes on where it was cut off."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx

from detector.errors import InputError, SettingsError
from detector.footage.photos import SUFFIXES as PHOTOS
from detector.legs import VIDEOS

if TYPE_CHECKING:
    from detector.survey import Progress

TUS = {"Tus-Resumable": "1.0.0"}
KINDS = VIDEOS | PHOTOS | {".gpx", ".nmea", ".zip"}  # taken from a folder
BLOCK = 1 << 20
TRIES = 8  # without a byte of progress; then it is given up
LONGEST_WAIT_S = 30.0
LOOK_S = 1.0
CHECKED = ("attention", "waiting", "running", "mapping", "done", "failed", "cancelled", "duplicate")


class ServerError(SettingsError):
    """The server can't be reached, or refuses."""


@dataclass(frozen=True, slots=True)
class Server:
    """A Schouw server, and how to speak to it."""

    client: httpx.Client
    url: str  # with a slash at its end

    def ask(self, method: str, address: str, **more: Any) -> httpx.Response:
        """Ask something; its answer is good. Raises ServerError with what the server says."""
        try:
            answer = self.client.request(method, urljoin(self.url, address.lstrip("/")), **more)
        except httpx.HTTPError as error:
            raise ServerError(f"{self.url} does not answer ({error}); check --server") from error
        return _good(answer)


@contextmanager
def connect(url: str, token: str | None) -> Iterator[Server]:
    """Yield a connection; nothing is sent yet. Raises SettingsError for an address that is none."""
    is_here = url.partition(":")[0] in ("localhost", "127.0.0.1")
    base = url if "://" in url else f"{'http' if is_here else 'https'}://{url}"
    if httpx.URL(base).scheme not in ("http", "https") or not httpx.URL(base).host:
        raise SettingsError(f"'{url}' is no address of a server; write for example https://schouw.example.nl")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = httpx.Timeout(30.0, write=120.0, read=600.0)
    with httpx.Client(headers=headers, timeout=timeout, follow_redirects=True) as client:
        yield Server(client, base.rstrip("/") + "/")


def chosen(items: list[Path]) -> list[Path]:
    """The files to send: those named, and all in the folders named that a survey may have.

    Raises:
        InputError: one is missing or empty, a folder holds nothing of use, or two have the same name.
    """
    files: dict[str, Path] = {}
    for item in items:
        inside = sorted(path for path in item.iterdir() if path.suffix.lower() in KINDS) if item.is_dir() else [item]
        if not inside:
            raise InputError(item, "holds no footage", "name a folder of videos or photos")
        for path in inside:
            if not path.is_file() or not path.stat().st_size:
                raise InputError(path, "there is no such file, or it is empty", "check the path")
            if files.setdefault(path.name, path) != path:
                raise InputError(path, f"has the same name as {files[path.name]}", "upload them as two surveys")
    return list(files.values())


def page(server: Server, survey: str) -> str:
    """Where a browser shows a survey."""
    return f"{server.url}#/opnames/{survey}"


def announce(server: Server, files: list[Path], name: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Find the survey of these files that was begun before and not finished, or announce a new one."""
    sizes = {path.name: path.stat().st_size for path in files}
    for survey in server.ask("GET", "v1/surveys?state=uploading&limit=500").json()["surveys"]:
        if {file["name"]: file["size"] for file in survey["files"]} == sizes and name in (None, survey["name"]):
            return dict(survey)
    listed = [{"name": path.name, "size": size} for path, size in zip(files, sizes.values(), strict=True)]
    answer = server.ask("POST", "v1/surveys", json={"name": name, "options": dict(options), "files": listed})
    return dict(answer.json())


def send(server: Server, path: Path, address: str, progress: "Progress") -> None:
    """Send a file from where the server has it, again and again until all of it is there.

    Raises:
        ServerError: the server refuses it, or can't be reached for minutes.
        InputError: the file can't be read.
    """
    size, tries, last = path.stat().st_size, 0, -1
    while True:
        try:
            offset = _offset(server, address)
            if offset >= size:
                progress(path.name, size, size)
                return
            tries = 0 if offset > last else tries + 1
            last = offset
            blocks = _blocks(path, offset, size, progress)
            headers = TUS | {
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": str(offset),
                "Content-Length": str(size - offset),
            }
            answer = server.client.patch(urljoin(server.url, address.lstrip("/")), content=blocks, headers=headers)
            if answer.status_code not in (409, 423, 460, 502, 503, 504):
                _good(answer)
                continue
            problem: Exception = ServerError(_said(answer))
        except httpx.HTTPError as error:
            problem = ServerError(f"{server.url} does not answer ({error}); run the same command again to go on")
        except OSError as error:
            raise InputError(path, f"can't be read ({error.strerror})") from error
        tries += 1
        if tries > TRIES:
            raise problem
        time.sleep(min(LONGEST_WAIT_S, 0.5 * 2**tries))


def followed(server: Server, survey: str) -> Iterator[dict[str, Any]]:
    """Yield what the server says of a survey, every second, until it was checked."""
    while True:
        said = dict(server.ask("GET", f"v1/surveys/{survey}").json())
        yield said
        if said["state"] in CHECKED:
            return
        time.sleep(LOOK_S)


def _offset(server: Server, address: str) -> int:
    answer = server.client.head(urljoin(server.url, address.lstrip("/")), headers=TUS)
    if answer.status_code in (404, 410):
        raise ServerError("the server has given this upload up; run the command again to begin anew")
    if answer.status_code in (502, 503, 504):
        raise httpx.RemoteProtocolError(f"status {answer.status_code}")
    return int(_good(answer).headers["Upload-Offset"])


def _blocks(path: Path, offset: int, size: int, progress: "Progress") -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while block := file.read(BLOCK):
            yield block
            offset += len(block)
            progress(path.name, offset, size)


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise ServerError(_said(answer))


def _said(answer: httpx.Response) -> str:
    """The server's own sentence."""
    try:
        detail = answer.json().get("detail")
    except ValueError:
        detail = None
    return f"the server says: {detail or f'{answer.status_code} {answer.reason_phrase}'}"
