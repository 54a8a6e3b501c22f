"""The words of the tus protocol, 1.0.0: its headers, read and written (https://tus.io/protocols/resumable-upload)."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate

from api.errors import Problem
from api.settings import MAX_NUMBER

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
ALGORITHMS = ("sha1", "sha256", "md5")
CONTENT = "application/offset+octet-stream"
HEADERS = {"Tus-Resumable": VERSION}
MAX_METADATA = 16_384  # characters
KEY = re.compile(r"[!-+\--~]+")  # printable ASCII without space and comma


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must hash to."""

    algorithm: str
    digest: bytes


def check_version(given: str | None) -> None:
    """Refuse a client of another version."""
    if given != VERSION:
        raise Problem(
            412, f"this server speaks tus {VERSION}; send the header Tus-Resumable: {VERSION}", {"Tus-Version": VERSION}
        )


def check_content(given: str | None) -> None:
    """Refuse a body that isn't sent as tus sends bytes."""
    if (given or "").partition(";")[0].strip().lower() != CONTENT:
        raise Problem(415, f"send the bytes with Content-Type: {CONTENT}", HEADERS)


def read_number(name: str, given: str | None) -> int:
    """Read a header that is a count of bytes."""
    if given is None or not given.isascii() or not given.isdigit() or len(given) > 19 or int(given) > MAX_NUMBER:
        raise Problem(400, f"the header {name} has to be a whole number of bytes", HEADERS)
    return int(given)


def read_metadata(given: str | None) -> dict[str, str]:
    """Read Upload-Metadata: pairs of a key and a base64 value (UTF-8), between commas; a key alone has no value."""
    found: dict[str, str] = {}
    if given is not None and len(given) > MAX_METADATA:
        raise Problem(400, f"Upload-Metadata is longer than {MAX_METADATA} characters", HEADERS)
    for pair in (given or "").split(",") if (given or "").strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not KEY.fullmatch(key) or key in found:
            raise Problem(400, "Upload-Metadata: every key stands once, without spaces and commas", HEADERS)
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:  # no base64, not ASCII, or no UTF-8 inside
            raise Problem(400, f"Upload-Metadata: the value of '{key}' is no UTF-8 text in base64", HEADERS) from error
        if "\0" in found[key]:
            raise Problem(400, f"Upload-Metadata: the value of '{key}' holds a NUL character", HEADERS)
    return found


def write_metadata(pairs: Mapping[str, str]) -> str:
    """Write what `read_metadata` reads."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}".strip() for key, value in pairs.items())


def read_checksum(given: str | None) -> Checksum | None:
    """Read Upload-Checksum: an algorithm, a space, a digest in base64."""
    if given is None:
        return None
    algorithm, _, digest = given.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise Problem(400, f"Upload-Checksum: the algorithm has to be one of {', '.join(ALGORITHMS)}", HEADERS)
    try:
        return Checksum(algorithm, base64.b64decode(digest.strip(), validate=True))
    except ValueError as error:  # no base64, or not ASCII
        raise Problem(400, "Upload-Checksum: the digest is no base64", HEADERS) from error


def read_digest(given: str | None) -> str | None:
    """Read a SHA-256 in hex, as the metadata may announce it."""
    if given and not re.fullmatch("[0-9a-fA-F]{64}", given):
        raise Problem(400, "Upload-Metadata: sha256 has to be 64 hex digits", HEADERS)
    return given or None


def progress_headers(offset: int, expires_s: float | None) -> dict[str, str]:
    """How far an upload is, and until when it is kept."""
    expires = {} if expires_s is None else {"Upload-Expires": formatdate(expires_s, usegmt=True)}
    return {**HEADERS, "Upload-Offset": str(offset), **expires}
