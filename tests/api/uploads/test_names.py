"""Names of files, as people give them and as they are stored."""

import string
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import Problem
from api.store.blobs import check_key
from api.uploads.names import ACCEPTED, MAX_NAME, PATTERN, check_name, stored_name

NAMES = st.text(max_size=300).map(lambda text: text + ".mp4") | st.from_regex(PATTERN)


@given(NAMES)
@example(".mp4")
def test_a_name_that_the_document_allows_can_be_stored(name: str) -> None:
    checked = check_name(name)
    assert len(checked) <= MAX_NAME
    assert "/" not in checked
    assert "\\" not in checked
    stored = stored_name(checked)
    assert set(stored) <= set(string.ascii_letters + string.digits + "_-.")
    assert PurePosixPath(stored).suffix in ACCEPTED
    check_key(f"footage/3f2a/{stored}")


@given(st.lists(st.sampled_from(["a.mp4", "A.MP4", "ä.mp4", "b.gpx", "%.mp4"]), max_size=12))
def test_no_two_files_are_stored_under_one_name(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        stored = stored_name(name, taken)
        assert stored not in taken
        taken.add(stored)


@pytest.mark.parametrize(
    ("given_", "name"),
    [("C:\\DCIM\\GX010042.MP4", "GX010042.MP4"), ("../../etc/rit.gpx", "rit.gpx"), ("DCIM/ a\nb.jpg ", "a b.jpg")],
)
def test_only_the_last_part_counts(given_: str, name: str) -> None:
    assert check_name(given_) == name


@pytest.mark.parametrize(("given_", "status"), [("", 422), ("...", 422), ("a.exe", 415), ("mp4", 415), ("a.mp4/", 200)])
def test_what_is_no_name(given_: str, status: int) -> None:
    if status == 200:
        assert check_name(given_) == "a.mp4"
        return
    with pytest.raises(Problem) as raised:
        check_name(given_)
    assert raised.value.status_code == status
