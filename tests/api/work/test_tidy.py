"""What is past its time goes, and nothing else."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from api.context import Context
from api.jobs import queue
from api.store.schema import Export, File, Job, MapState, Survey
from api.store.states import JobState
from api.surveys.arrive import Arrivals
from api.uploads.receive import Receiver
from api.work.tidy import DAY_S, tidy
from tests.api.maps import put_driven_map
from tests.api.work.conftest import Arrived


def run(context: Context) -> dict[str, int]:
    return tidy(context, {}, lambda *_: None)


def put(context: Context, key: str, by: Path) -> None:
    by.write_bytes(b"x")
    context.blobs.put(key, by)


def test_an_upload_that_rests(client: TestClient, context: Context) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    files = [{"name": "a.mp4", "size": 8}]
    old, new = (client.post("/v1/surveys", json={"name": name, "files": files}).json() for name in ("old", "new"))
    for survey in (old, new):
        client.patch(survey["files"][0]["upload"], headers=headers, content=b"half")
    with context.database.write() as session:
        session.execute(update(File).where(File.survey == old["id"]).values(expires_s=time.time() - 1))
    for path in (context.settings.home / "uploads").iterdir():
        os.utime(path, (0, 0))
    assert run(context)["uploads"] == 1
    told = client.get(f"/v1/surveys/{old['id']}").json()
    assert (told["state"], told["files"]) == ("cancelled", [])
    assert told["error"]
    assert client.get(f"/v1/surveys/{new['id']}").json()["files"][0]["received"] == 4
    assert Arrivals(context, Receiver(context.settings.home / "uploads")).remove_strays() == 1
    assert [path.name for path in (context.settings.home / "uploads").iterdir()] == [new["files"][0]["id"]]


@pytest.mark.parametrize(("days", "is_kept"), [(27.0, True), (29.0, False)])
def test_footage_is_kept_for_four_weeks(
    context: Context, arrived: Arrived, tmp_path: Path, days: float, is_kept: bool
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    survey = arrived(tmp_path / "a.mp4", state="done")
    with context.database.write() as session:
        session.get_one(Survey, survey).ended_s = time.time() - days * DAY_S
    run(context)
    assert context.blobs.exists(f"footage/{survey}/a.mp4") == is_kept
    with context.database.read() as session:
        assert session.scalars(select(File.state)).one() == ("complete" if is_kept else "removed")
        assert session.get_one(Survey, survey).state == "done"


@pytest.mark.parametrize(("days", "is_kept"), [(27.0, True), (29.0, False)])
def test_footage_waits_for_a_decision_for_four_weeks(
    context: Context, arrived: Arrived, tmp_path: Path, days: float, is_kept: bool
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    survey = arrived(tmp_path / "a.mp4", state="attention")
    with context.database.write() as session:
        session.get_one(Survey, survey).changed_s = time.time() - days * DAY_S
    run(context)
    assert context.blobs.exists(f"footage/{survey}/a.mp4") == is_kept
    with context.database.read() as session:
        assert session.get_one(Survey, survey).state == ("attention" if is_kept else "cancelled")


def test_old_inventories_and_downloads(client: TestClient, context: Context, tmp_path: Path) -> None:
    put_driven_map(context)
    for revision in range(2, 13):
        (tmp_path / "inventory").mkdir()
        (tmp_path / "inventory" / "inventory.json").write_text("{}")
        context.blobs.put(f"inventories/{revision}", tmp_path / "inventory")
    asked = client.post("/v1/exports", json={"format": "csv"}).json()["id"]
    with context.database.write() as session:
        session.get_one(MapState, 1).revision = 12
        session.execute(update(Export).values(created_s=time.time() - 8 * DAY_S))
        session.execute(update(Job).values(state="done", ended_s=time.time() - 91 * DAY_S))
    removed = run(context)
    assert removed["inventories"] == 2
    assert {key.split("/")[1] for key in context.blobs.list("inventories")} == {str(n) for n in range(3, 13)}
    assert removed["exports"] == 1
    assert client.get(f"/v1/exports/{asked}").status_code == 404
    assert client.get("/v1/jobs").json()["jobs"] == []


def test_scratch_that_a_kill_left(context: Context) -> None:
    scratch = context.settings.home / "scratch"
    for name, age_s in (("look-old", 2 * DAY_S), ("look-new", 0.0)):
        (scratch / name).mkdir(parents=True)
        os.utime(scratch / name, (time.time() - age_s,) * 2)
    with context.database.write() as session:
        job = queue.enqueue(session, "look", {}, person="ann")
        claimed = queue.claim(session, "here:1")
        assert claimed is not None
        claimed.started_s = time.time() - 3 * DAY_S  # it may have made the folder that is two days old
    assert run(context)["scratch"] == 0
    with context.database.write() as session:
        session.get_one(Job, job).state = JobState.DONE
    assert run(context)["scratch"] == 1
    assert [path.name for path in scratch.iterdir()] == ["look-new"]


def test_what_a_removal_that_was_cut_off_left(context: Context, arrived: Arrived, tmp_path: Path) -> None:
    put_driven_map(context)
    (tmp_path / "a.mp4").write_bytes(b"x")
    kept = arrived(tmp_path / "a.mp4", state="running")
    removed = arrived(tmp_path / "a.mp4", state="done")
    with context.database.write() as session:
        session.execute(update(File).where(File.survey == removed).values(state="removed"))
        session.get_one(Survey, kept).survey_id = "0123456789ab"  # its pictures are put before it is on the map
    before = set(context.blobs.list())
    lost = {"footage/gone/a.mp4", f"footage/{kept}/taken-out.gpx", "results/gone/survey.json", "pictures/gone/1.jpg"}
    needed = {f"results/{kept}/survey.json", "pictures/0123456789ab/1.jpg"}
    for key in lost | needed:
        put(context, key, tmp_path / "bytes")
    assert run(context)["orphans"] == len(lost) + 1
    assert set(context.blobs.list()) == before - {f"footage/{removed}/a.mp4"} | needed
    assert any(key.startswith("pictures/") for key in before)  # of the map, of no survey that is known here


def test_pictures_of_a_map_that_is_taken_over_wait_for_it(context: Context, tmp_path: Path) -> None:
    put(context, "pictures/caa5b75e5113/1.jpg", tmp_path / "bytes")
    assert run(context)["orphans"] == 0
    assert context.blobs.exists("pictures/caa5b75e5113/1.jpg")
