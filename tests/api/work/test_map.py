"""From footage to the map and into downloads, with the real pipeline; and off the map again."""

import io
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.context import Context
from api.jobs import queue
from api.jobs.worker import Worker
from api.store.layers import map_state
from api.store.schema import LAYER_TABLES, Job, Review, Survey
from api.surveys.follow import job_ended
from api.work import HANDLERS
from api.work.look import look
from api.work.map import found, newest, take_over
from detector.errors import SchouwError, SettingsError
from roads.condition.table import read_table
from roads.network import read_network
from tests.api.maps import driven_twice, put_driven_map, streets
from tests.api.work.conftest import Arrived


def do_all(context: Context) -> list[tuple[str, str]]:
    worker = Worker(context, HANDLERS, job_ended)
    while worker.once():
        pass
    with context.database.read() as session:
        return [(job.kind, job.state) for job in session.scalars(select(Job).order_by(Job.id))]


def count(context: Context, layer: str) -> int:
    with context.database.read() as session:
        return session.execute(select(func.count()).select_from(LAYER_TABLES[layer])).scalar_one()


@pytest.mark.slow
def test_from_footage_to_the_map(client: TestClient, context: Context, arrived: Arrived, sample: Path) -> None:
    survey = arrived(sample / "drive.mp4", sample / "drive.gpx", sample / "camera.yaml", state="checking")
    with context.database.write() as session:
        queue.enqueue(session, "check", {"survey": survey}, person="anna", survey=survey)
    assert do_all(context) == [("check", "done"), ("look", "done")]
    waiting = client.get(f"/v1/surveys/{survey}").json()
    assert waiting["state"] == "mapping"
    assert waiting["summary"]["frames"] > 5
    assert waiting["summary"]["driven_m"] > 30
    assert found(context, read_network(sample / "network.gpkg"), read_table())
    assert do_all(context)[2:] == [("map", "done")]
    done = client.get(f"/v1/surveys/{survey}").json()
    assert (done["state"], done["on_map"]) == ("done", 2)
    defects = waiting["summary"]["defects"]
    assert count(context, "defects") == defects
    pictures = list(context.blobs.list(f"pictures/{done['survey_id']}"))
    assert len(pictures) == defects
    with newest(context) as now:
        assert set(now.inventory.observations["source"]) <= {"drive.mp4"}  # no path of the server
    assert not list((context.settings.home / "scratch").iterdir())
    assert client.delete(f"/v1/surveys/{survey}").status_code == 204
    do_all(context)
    assert count(context, "defects") == 0
    assert not list(context.blobs.list("pictures"))
    with context.database.read() as session:
        assert map_state(session).revision == 3


def test_footage_that_cannot_be_used_is_told_by_its_name(context: Context, arrived: Arrived, tmp_path: Path) -> None:
    (tmp_path / "drive.mp4").write_text("no video")
    survey = arrived(("Rit Noord.mp4", tmp_path / "drive.mp4"))
    with pytest.raises(SchouwError) as raised:
        look(context, {"survey": survey}, lambda *_: None)
    assert str(raised.value).startswith("Rit Noord.mp4: it is not a video")
    with pytest.raises(SchouwError, match="no video and no photo"):
        look(context, {"survey": arrived(("a.gpx", tmp_path / "drive.mp4"))}, lambda *_: None)


def test_another_network_is_refused(context: Context, sample: Path) -> None:
    assert found(context, streets(), read_table())
    assert not found(context, streets(), read_table())  # the same again
    with pytest.raises(SettingsError, match="another network"):
        found(context, read_network(sample / "network.gpkg"), read_table())


def test_a_map_folder_is_taken_over(context: Context, tmp_path: Path) -> None:
    from roads.condition.table import write_table
    from roads.inventory import write_inventory

    folder = tmp_path / "map"
    write_inventory(driven_twice(), folder / "inventory")
    write_table(read_table(), folder / "condition-table.yaml")
    survey = driven_twice().surveys["survey_id"][0]
    (folder / "pictures" / survey).mkdir(parents=True)
    (folder / "pictures" / survey / "1.jpg").write_bytes(b"picture")
    assert take_over(context, folder)
    assert not take_over(context, folder)
    assert count(context, "surveys") == 2
    assert context.blobs.read(f"pictures/{survey}/1.jpg") == b"picture"
    assert (folder / "pictures" / survey / "1.jpg").exists()


def test_a_removal_that_was_cut_off_takes_the_pictures_too(context: Context, tmp_path: Path) -> None:
    put_driven_map(context)
    (tmp_path / "1.jpg").write_bytes(b"picture")
    context.blobs.put("pictures/gone/1.jpg", tmp_path / "1.jpg")
    with context.database.write() as session:
        queue.enqueue(session, "map", {"remove": "gone"}, person="anna", lane="map")
    assert do_all(context) == [("map", "done")]
    assert not context.blobs.exists("pictures/gone")
    with context.database.read() as session:
        assert map_state(session).revision == 1


def test_a_map_job_without_anyone_waiting_changes_nothing(context: Context) -> None:
    put_driven_map(context)
    with context.database.write() as session:
        queue.enqueue(session, "map", {}, person="anna", lane="map")
    assert do_all(context) == [("map", "done")]
    with context.database.read() as session:
        assert map_state(session).revision == 1


def test_a_result_that_is_gone_fails_its_survey_alone(context: Context) -> None:
    put_driven_map(context)
    with context.database.write() as session:
        common: dict[str, Any] = {"person": "anna", "created_s": 1.0, "changed_s": 1.0, "options": {}, "findings": []}
        session.add(Survey(id="one", name="a", state="mapping", result_key="results/one", **common))
        queue.enqueue(session, "map", {}, person="anna", lane="map")
    assert do_all(context) == [("map", "done")]
    with context.database.read() as session:
        survey = session.get_one(Survey, "one")
    assert survey.state == "failed"
    assert survey.error


def made(client: TestClient, context: Context, kind: str, lang: str = "nl") -> tuple[dict[str, Any], bytes]:
    asked = client.post("/v1/exports", json={"format": kind, "lang": lang})
    assert asked.status_code == 202, asked.text
    assert asked.json()["url"] is None
    assert client.get(f"/v1/exports/{asked.json()['id']}/file").status_code == 409
    do_all(context)
    told = client.get(f"/v1/exports/{asked.json()['id']}").json()
    assert told["state"] == "done", told
    answer = client.get(told["url"])
    assert answer.status_code == 200
    assert len(answer.content) == told["bytes"] == int(answer.headers["Content-Length"])
    assert told["name"] in answer.headers["Content-Disposition"]
    return told, answer.content


def test_downloads(client: TestClient, context: Context, tmp_path: Path) -> None:
    put_driven_map(context)
    with context.database.write() as session:  # a person rejected the first defect
        review = {"defect": 1, "decision": "reject", "person": "anna", "at_s": 1.0, "snapshot": {}}
        session.add(Review(**review))
    told, packed = made(client, context, "gpkg")
    (tmp_path / told["name"]).write_bytes(packed)
    defects = gpd.read_file(tmp_path / told["name"], layer="defects")
    assert sorted(defects["id"]) == [2, 3, 4, 5]
    again = client.post("/v1/exports", json={"format": "gpkg", "lang": "nl"})
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    other, content = made(client, context, "csv", "en")
    assert other["name"] == "schouw-1.0-csv.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert set(archive.namelist()) == {"segments.csv", "defects.csv"}
        table = pd.read_csv(archive.open("defects.csv"), sep=";", decimal=",")
    assert len(table) == 4
    assert [one["id"] for one in client.get("/v1/exports").json()["exports"]] == [other["id"], told["id"]]


@pytest.mark.parametrize(
    ("kind", "magic"),
    [("xlsx", b"PK"), ("geoparquet", b"PK"), ("geojson", b"PK"), ("fgb", b"PK"), ("pmtiles", b"PMTiles")],
)
def test_every_format(client: TestClient, context: Context, kind: str, magic: bytes) -> None:
    put_driven_map(context)
    assert made(client, context, kind)[1].startswith(magic)


@pytest.mark.slow
def test_the_report(client: TestClient, context: Context) -> None:
    put_driven_map(context)
    _, content = made(client, context, "pdf")
    assert content.startswith(b"%PDF")
    assert b"/Image" in content  # the defects' pictures are in it


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-1", 206, slice(0, 2)),
        ("bytes=5-", 206, slice(5, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=3-99999999", 206, slice(3, None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=99999999-", 416, None),
        ("bytes=5-2", 416, None),
    ],
)
def test_a_download_goes_on(client: TestClient, context: Context, asked: str, status: int, part: slice | None) -> None:
    put_driven_map(context)
    told, content = made(client, context, "csv")
    answer = client.get(told["url"], headers={"Range": asked})
    assert answer.status_code == status
    if part is None:
        assert answer.headers["Content-Range"] == f"bytes */{len(content)}"
    else:
        assert answer.content == content[part]


def test_no_map_no_download(client: TestClient) -> None:
    assert client.post("/v1/exports", json={"format": "gpkg"}).status_code == 409
    assert client.post("/v1/exports", json={"format": "dwg"}).status_code == 422
    assert client.get("/v1/exports/unknown").status_code == 404
