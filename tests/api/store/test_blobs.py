"""The file storage: a folder, and S3 as moto's server speaks it. What is put is there as a whole or not at all."""

import os
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.store.blobs import Blobs, FolderBlobs, check_key, open_blobs
from detector.errors import SettingsError


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "folder":
        return open_blobs((tmp_path / "with space").as_uri())
    if not (url := os.environ.get("SCHOUW_TEST_S3")):
        pytest.skip("no object storage; SCHOUW_TEST_S3 names a server, see .ci/run")
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"b{os.urandom(6).hex()}"
    httpx.put(f"{url}/{bucket}").raise_for_status()
    return open_blobs(f"s3://{bucket}/some/prefix", tmp_path / "scratch")


def file(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file(blobs: Blobs, tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    source = file(tmp_path / "drive.mp4", data)
    blobs.put("footage/one/drive.mp4", source)
    assert not source.exists()
    assert blobs.exists("footage/one/drive.mp4")
    assert blobs.size("footage/one/drive.mp4") == len(data)
    assert blobs.read("footage/one/drive.mp4") == data
    assert b"".join(blobs.stream("footage/one/drive.mp4", 7, 2_000_000)) == data[7:2_000_000]
    assert b"".join(blobs.stream("footage/one/drive.mp4", 3_000_000)) == data[3_000_000:]
    with blobs.fetched("footage/one/drive.mp4") as path:
        assert (path.name, path.read_bytes()) == ("drive.mp4", data)
    blobs.put("footage/one/drive.mp4", file(tmp_path / "other", b"new"))
    assert blobs.read("footage/one/drive.mp4") == b"new"
    blobs.remove("footage/one/drive.mp4")
    assert not blobs.exists("footage/one/drive.mp4")
    blobs.remove("footage/one/drive.mp4")


def test_a_folder(blobs: Blobs, tmp_path: Path) -> None:
    names = {"survey.json": b"{}", "pictures/1.jpg": b"one", "pictures/2.jpg": b"two"}
    for name, data in names.items():
        file(tmp_path / "result" / name, data)
    blobs.put("results/one", tmp_path / "result")
    assert not (tmp_path / "result").exists()
    assert blobs.exists("results/one")
    assert set(blobs.list("results")) == {f"results/one/{name}" for name in names}
    with blobs.fetched("results/one") as folder:
        found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == names
    file(tmp_path / "again" / "survey.json", b"[]")
    blobs.put("results/one", tmp_path / "again")  # replaced as a whole
    assert list(blobs.list("results/one")) == ["results/one/survey.json"]
    blobs.remove("results/one")
    assert not blobs.exists("results/one")
    assert list(blobs.list()) == []


def test_what_is_not_there(blobs: Blobs) -> None:
    for ask in (blobs.size, blobs.read):
        with pytest.raises(FileNotFoundError):
            ask("footage/none.mp4")
    with pytest.raises(FileNotFoundError), blobs.fetched("footage/none.mp4"):
        pass
    assert not blobs.exists("footage/none.mp4")
    assert list(blobs.list("footage")) == []


def test_a_folder_on_another_disk_is_copied(tmp_path: Path) -> None:
    here = FolderBlobs(tmp_path)
    other = Path("/dev/shm") / f"schouw-test-{os.getpid()}"
    if not other.parent.is_dir() or other.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk at /dev/shm")
    file(other / "a", b"x")
    here.put("results/one", other)
    assert (here.read("results/one/a"), other.exists()) == (b"x", False)
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["one"]


@given(st.text(max_size=40))
def test_no_key_leads_out_of_the_storage(key: str) -> None:
    try:
        check_key(key)
    except ValueError:
        return
    assert (Path("/root/of/storage") / key).resolve().is_relative_to("/root/of/storage")


@pytest.mark.parametrize("key", ["", "/etc", "a//b", "../a", "a/../b", ".hidden", "a/.b", "a\\b", "x" * 901])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        check_key(key)


@pytest.mark.parametrize("url", ["ftp://x/y", "s3://", "file://elsewhere/folder"])
def test_what_is_no_storage(url: str) -> None:
    with pytest.raises(SettingsError, match="SCHOUW_STORAGE_URL"):
        open_blobs(url)


def test_a_bucket_that_is_not_there(blobs: Blobs) -> None:
    if isinstance(blobs, FolderBlobs):
        pytest.skip("a folder is made")
    with pytest.raises(SettingsError, match="can't be used"):
        open_blobs("s3://no-such-bucket-here")


def test_what_a_kill_left_beside_the_files(tmp_path: Path) -> None:
    here = FolderBlobs(tmp_path)
    for name in (
        "footage/one/.put.old/copy",
        "footage/.gone.old/one/drive.mp4",
        "results/.gone.new/one/a",
        "results/b",
    ):
        file(tmp_path / name, b"x")
    for name in ("footage/one/.put.old", "footage/.gone.old"):
        os.utime(tmp_path / name, (0, 0))
    assert here.sweep(1.0) == 2
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a", "b"}
