"""tus 1.0 over a real connection: with tuspy, and word for word."""

import base64
import hashlib
import http.client
import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from tusclient.client import TusClient

from api.context import Context
from api.store.schema import File
from api.uploads.tus import write_metadata
from tests.api.serving import in_thread, until

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = TUS | {"Content-Type": "application/offset+octet-stream"}
DATA = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def server(context: Context) -> Iterator[httpx.Client]:
    with in_thread(context) as url, httpx.Client(base_url=url) as client:
        yield client


def create(server: httpx.Client, size: int = len(DATA), name: str = "drive.mp4", **more: str) -> str:
    metadata = write_metadata({"filename": name, **more})
    answer = server.post("/v1/uploads", headers=TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Upload-Offset"] == "0"
    return answer.headers["Location"]


def offset(server: httpx.Client, upload: str) -> int:
    answer = server.head(upload, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def patch(server: httpx.Client, upload: str, at: int, data: bytes, **headers: str) -> httpx.Response:
    return server.patch(upload, headers=BYTES | {"Upload-Offset": str(at)} | headers, content=data)


def survey_of(server: httpx.Client, upload: str) -> dict:
    metadata = server.head(upload, headers=TUS).headers["Upload-Metadata"]
    pairs = dict(pair.split(" ") for pair in metadata.split(","))
    return server.get(f"/v1/surveys/{base64.b64decode(pairs['survey']).decode()}").json()


def test_what_is_spoken(server: httpx.Client) -> None:
    answer = server.options("/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) >= {"creation", "expiration", "checksum", "termination"}
    assert int(answer.headers["Tus-Max-Size"]) > 1 << 30


def test_tuspy_sends_in_chunks(server: httpx.Client, context: Context) -> None:
    client = TusClient(f"{server.base_url}/v1/uploads")
    uploader = client.uploader(file_stream=io.BytesIO(DATA), chunk_size=300_000, metadata={"filename": "drive.mp4"})
    uploader.upload()
    survey = survey_of(server, uploader.url)
    (file,) = survey["files"]
    assert (file["state"], file["sha256"]) == ("complete", hashlib.sha256(DATA).hexdigest())
    assert survey["state"] == "checking"
    assert survey["job"]["kind"] == "check"
    assert context.blobs.read(f"footage/{survey['id']}/drive.mp4") == DATA
    assert not list((context.settings.home / "uploads").iterdir())


def test_tuspy_goes_on_with_another_process_of_the_client(server: httpx.Client) -> None:
    client = TusClient(f"{server.base_url}/v1/uploads")
    first = client.uploader(file_stream=io.BytesIO(DATA), chunk_size=300_000, metadata={"filename": "drive.mp4"})
    first.upload_chunk()
    second = client.uploader(file_stream=io.BytesIO(DATA), chunk_size=300_000, url=first.url)
    assert second.offset == 300_000
    second.upload()
    assert survey_of(server, first.url)["files"][0]["sha256"] == hashlib.sha256(DATA).hexdigest()


def test_a_connection_that_breaks_loses_nothing_that_came(server: httpx.Client) -> None:
    upload = create(server)
    url = server.base_url
    connection = http.client.HTTPConnection(url.host, url.port)
    connection.putrequest("PATCH", upload)
    for name, value in (BYTES | {"Upload-Offset": "0", "Content-Length": str(len(DATA))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(DATA[:700_000])
    time.sleep(0.3)
    connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()
    until("what came is there", lambda: offset(server, upload) > 0)
    there = offset(server, upload)
    assert 0 < there <= 700_000
    assert patch(server, upload, there, DATA[there:]).status_code == 204
    assert survey_of(server, upload)["files"][0]["sha256"] == hashlib.sha256(DATA).hexdigest()


def test_creation_with_upload(server: httpx.Client) -> None:
    headers = BYTES | {"Upload-Length": str(len(DATA)), "Upload-Metadata": write_metadata({"filename": "a.mp4"})}
    answer = server.post("/v1/uploads", headers=headers, content=DATA[:1000])
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == "1000"
    assert offset(server, answer.headers["Location"]) == 1000
    assert "Upload-Expires" in answer.headers


def test_a_checksum_that_differs(server: httpx.Client) -> None:
    upload = create(server)
    wrong = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    answer = patch(server, upload, 0, DATA, **{"Upload-Checksum": f"sha1 {wrong}"})
    assert answer.status_code == 460
    assert answer.headers["content-type"] == "application/problem+json"
    assert offset(server, upload) == 0
    right = base64.b64encode(hashlib.sha1(DATA).digest()).decode()
    assert patch(server, upload, 0, DATA, **{"Upload-Checksum": f"sha1 {right}"}).status_code == 204


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.0"}, 412),
        ({"Content-Type": "text/plain"}, 415),
        ({"Upload-Offset": "5"}, 409),
        ({"Upload-Offset": "minus one"}, 400),
        ({"Upload-Checksum": "crc32 AAAA"}, 400),
        ({"Upload-Checksum": "md5 *"}, 400),
    ],
)
def test_a_mistake_of_the_client_is_told(server: httpx.Client, headers: dict[str, str], status: int) -> None:
    upload = create(server)
    answer = patch(server, upload, 0, DATA, **headers)
    assert answer.status_code == status
    assert len(answer.json()["detail"]) > 10
    assert offset(server, upload) == 0


def test_more_bytes_than_announced(server: httpx.Client) -> None:
    upload = create(server, size=1000)
    assert patch(server, upload, 0, DATA).status_code == 413
    assert offset(server, upload) == 0


def test_an_upload_that_is_given_up(server: httpx.Client, context: Context) -> None:
    upload = create(server)
    patch(server, upload, 0, DATA[:100])
    assert server.delete(upload, headers=TUS).status_code == 204
    assert server.head(upload, headers=TUS).status_code == 404
    assert patch(server, upload, 100, DATA[100:]).status_code == 404
    assert not list((context.settings.home / "uploads").iterdir())
    assert server.get("/v1/surveys").json()["surveys"] == []


def test_an_upload_that_rested_too_long(server: httpx.Client, context: Context) -> None:
    upload = create(server)
    with context.database.write() as session:
        session.execute(update(File).values(expires_s=time.time() - 1))
    assert server.head(upload, headers=TUS).status_code == 410
    assert patch(server, upload, 0, DATA).status_code == 410


def test_what_was_announced_has_to_arrive(server: httpx.Client) -> None:
    upload = create(server, sha256=hashlib.sha256(b"other").hexdigest())
    assert patch(server, upload, 0, DATA).status_code == 460
    assert offset(server, upload) == 0
    assert patch(server, create(server, sha256=hashlib.sha256(DATA).hexdigest()), 0, DATA).status_code == 204


@pytest.mark.parametrize(
    ("size", "name", "status"),
    [("0", "a.mp4", 422), ("5", "a.exe", 415), ("5", "", 422), (str(1 << 50), "a.mp4", 413), ("x", "a.mp4", 400)],
)
def test_what_cannot_be_announced(server: httpx.Client, size: str, name: str, status: int) -> None:
    headers = TUS | {"Upload-Length": size, "Upload-Metadata": write_metadata({"filename": name})}
    answer = server.post("/v1/uploads", headers=headers)
    assert answer.status_code == status
    assert server.get("/v1/surveys").json()["surveys"] == []


def test_the_same_file_twice_is_one_survey(server: httpx.Client, context: Context) -> None:
    first, second = create(server), create(server, name="copy.mp4")
    patch(server, first, 0, DATA)
    patch(server, second, 0, DATA)
    one, other = survey_of(server, first), survey_of(server, second)
    assert one["state"] == "checking"
    assert (other["state"], other["duplicate_of"]) == ("duplicate", one["id"])
    assert not context.blobs.exists(f"footage/{other['id']}/copy.mp4")
    assert [job["survey"] for job in server.get("/v1/jobs").json()["jobs"]] == [one["id"]]


def test_a_duplicate_of_what_was_cancelled_takes_its_place(server: httpx.Client) -> None:
    first, second = create(server), create(server)
    patch(server, first, 0, DATA)
    server.post(f"/v1/surveys/{survey_of(server, first)['id']}/cancel")
    patch(server, second, 0, DATA)
    assert survey_of(server, second)["state"] == "checking"


def test_files_of_one_survey_come_one_by_one(server: httpx.Client) -> None:
    survey = server.post("/v1/surveys", json={"name": "Noord"}).json()
    for name, data in (("a.mp4", DATA), ("a.gpx", b"<gpx/>"), ("b.mp4", DATA[:5000])):
        upload = create(server, len(data), name, survey=survey["id"])
        patch(server, upload, 0, data)
    told = server.get(f"/v1/surveys/{survey['id']}").json()
    assert [file["name"] for file in told["files"]] == ["a.mp4", "a.gpx", "b.mp4"]
    assert told["state"] == "checking"
    states = [job["state"] for job in server.get("/v1/jobs").json()["jobs"]]
    assert states == ["queued", "cancelled", "cancelled"]  # only the last check is made


def test_a_finish_that_was_cut_off_is_made_up_for(server: httpx.Client, context: Context, tmp_path: Path) -> None:
    """The server was killed after the last byte was safe, and after the file was moved: before its row said so."""
    from api.surveys.arrive import Arrivals
    from api.uploads.receive import Receiver

    receiver = Receiver(context.settings.home / "uploads")
    receiver.folder.mkdir(exist_ok=True)
    for moved in (False, True):
        data = DATA + bytes([moved])
        number = create(server, len(data)).rpartition("/")[2]
        (tmp_path / "file").write_bytes(data)
        with context.database.write() as session:
            file = session.get_one(File, number)
            file.received, file.state = len(data), "receiving"
            survey = file.survey
        if moved:
            context.blobs.put(f"footage/{survey}/drive.mp4", tmp_path / "file")
        else:
            (tmp_path / "file").rename(receiver.path(number))
        Arrivals(context, receiver).resume()
        told = server.get(f"/v1/surveys/{survey}").json()
        assert told["state"] == "checking"
        assert told["files"][0]["sha256"] == hashlib.sha256(data).hexdigest()
