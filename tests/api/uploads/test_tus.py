"""The words of the protocol: what is written is read again, and nothing a client sends is a mistake of ours."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Problem
from api.uploads import tus
from tests.api.uploads.refusal import read_or_refused

KEYS = st.text(sorted(set(string.printable) - set(string.whitespace) - {","}), min_size=1, max_size=20)
VALUES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=100)


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_metadata_is_read_as_it_was_written(pairs: dict[str, str]) -> None:
    assert tus.read_metadata(tus.write_metadata(pairs)) == pairs


@given(st.text(max_size=200))
def test_any_metadata_is_read_or_refused(text: str) -> None:
    found = read_or_refused(lambda: tus.read_metadata(text), 400) or {}
    assert all(isinstance(value, str) for value in found.values())


@given(st.text(max_size=60))
def test_any_number_is_read_or_refused(text: str) -> None:
    number = read_or_refused(lambda: tus.read_number("Upload-Offset", text), 400) or 0
    assert 0 <= number <= tus.MAX_NUMBER


@given(st.integers(0, tus.MAX_NUMBER))
def test_numbers_are_read(number: int) -> None:
    assert tus.read_number("Upload-Length", str(number)) == number


@given(st.text(max_size=100))
def test_any_checksum_is_read_or_refused(text: str) -> None:
    checksum = read_or_refused(lambda: tus.read_checksum(text), 400)
    assert checksum is None or checksum.algorithm in tus.ALGORITHMS


@pytest.mark.parametrize("given_", ["sha1 *", "sha1 é", "crc32 YQ=="])
def test_what_is_no_checksum(given_: str) -> None:
    with pytest.raises(Problem):
        tus.read_checksum(given_)


@given(st.sampled_from(tus.ALGORITHMS), st.binary(max_size=64))
def test_checksums_are_read(algorithm: str, digest: bytes) -> None:
    read = tus.read_checksum(f"{algorithm} {base64.b64encode(digest).decode()}")
    assert read == tus.Checksum(algorithm, digest)


@pytest.mark.parametrize("given_", [None, "", "-1", "1.5", "١", "9" * 20, "0x10", " 1"])
def test_what_is_no_number(given_: str | None) -> None:
    with pytest.raises(Problem) as raised:
        tus.read_number("Upload-Length", given_)
    assert raised.value.status_code == 400
    assert "Upload-Length" in raised.value.detail


@pytest.mark.parametrize("pairs", ["a b c", "a YQ==,a YQ==", ", ", "ä YQ==", "a *", "a é", "a /w==", "a AA=="])
def test_what_is_no_metadata(pairs: str) -> None:
    with pytest.raises(Problem):
        tus.read_metadata(pairs)


def test_a_version_that_is_not_spoken() -> None:
    with pytest.raises(Problem) as raised:
        tus.check_version("0.2.2")
    assert raised.value.status_code == 412
    assert raised.value.headers == {"Tus-Version": "1.0.0"}
