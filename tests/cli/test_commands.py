"""The commands as a user types them: a whole small journey, and every mistake the user can make."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest

from detector.model.weights import default_weights

Run = Callable[..., tuple[int, str, str]]


def one_line(code: int, error: str) -> str:
    """The one sentence of a mistake; fails where there is more, or another exit code."""
    lines = [line for line in error.splitlines() if line.startswith("schouw: ")]
    assert code == 2, error
    assert len(lines) == 1, error
    assert "Traceback" not in error
    return lines[0]


def test_a_survey_from_footage_to_map(run: Run, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, printed, error = run(
        "survey", sample / "drive.mp4", "--track", sample / "drive.gpx", "--camera", sample / "camera.yaml",
        "--roads", sample / "network.gpkg", "--out", out, "--every", "4m",
    )  # fmt: skip
    assert code == 0, error
    assert str(out / "map.html") in printed
    layers = {name for name, _ in pyogrio.list_layers(out / "survey.gpkg")}
    assert {"segments", "defects", "coverage", "track"} <= layers
    segments = gpd.read_file(out / "survey.gpkg", layer="segments")
    assert segments.crs.to_epsg() == 28992
    assert set(segments.segment_id) == set(gpd.read_file(sample / "network.gpkg").wvk_id.astype(str))
    assert (gpd.read_parquet(out / "geoparquet" / "segments.parquet").segment_id == segments.segment_id).all()
    with (out / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    header = ["survey_id", "time_s", "lon", "lat", "heading_deg", "speed_mps", "segment_id", "offset_m", "confidence"]
    assert list(rows[0])[:9] == header
    truth = json.loads((sample / "truth.json").read_text())["frames"]
    by_time = {round(frame["media_time_s"], 3): frame for frame in truth}
    right = [row["segment_id"] == str(by_time[round(float(row["time_s"]), 3)]["segment_id"]) for row in rows]
    assert sum(right) >= 0.9 * len(right)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["frames"]["total"] == len(rows)
    assert summary["surveys"][0]["card"]["inputs"][0]["status"] == "done"
    again, _, error = run("map", out / "result", "--roads", sample / "network.gpkg", "--out", tmp_path / "again")
    assert again == 0, error
    assert (tmp_path / "again" / "segments.csv").read_bytes() == (out / "segments.csv").read_bytes()


@pytest.mark.parametrize(
    ("network", "table", "says"),
    [
        ("out/survey.gpkg", "schouw-2", "the map would be written over it"),
        ("network.gpkg", "no-such-table", "no-such-table"),
    ],
)
def test_what_the_map_would_refuse_shows_before_the_footage_is_read(
    run: Run, sample: Path, tmp_path: Path, network: str, table: str, says: str
) -> None:
    (tmp_path / "out").mkdir()
    shutil.copy(sample / "network.gpkg", tmp_path / network)
    before = sorted(tmp_path.rglob("*"))
    code, _, error = run(
        "survey", sample / "drive.mp4", "--track", sample / "drive.gpx", "--roads", tmp_path / network,
        "--table", table, "--out", tmp_path / "out",
    )  # fmt: skip
    assert says in one_line(code, error)
    assert sorted(tmp_path.rglob("*")) == before


def test_one_bad_file_is_reported_and_the_rest_is_done(run: Run, sample: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"")
    out = tmp_path / "out"
    code, _, error = run(
        "survey", sample / "drive.mp4", bad, "--track", sample / "drive.gpx", "--roads", sample / "network.gpkg",
        "--out", out, "--every", "8m",
    )  # fmt: skip
    assert code == 1
    assert "bad.mp4" in error
    inputs = json.loads((out / "summary.json").read_text())["surveys"][0]["card"]["inputs"]
    assert sorted((Path(i["file"]).name, i["status"]) for i in inputs) == [("bad.mp4", "failed"), ("drive.mp4", "done")]


def test_predict_writes_boxes_by_stem(run: Run, sample: Path, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("a", "b"):
        cv2.imwrite(str(pictures / f"{name}.jpg"), np.full((200, 320, 3), 120, np.uint8))
    (pictures / "broken.png").write_bytes(b"no picture")
    answer = tmp_path / "boxes.json"
    code, _, error = run("predict", pictures, "--json", answer, "--conf", "0.01", "--draw", tmp_path / "drawn")
    assert code == 1
    assert "broken.png" in error
    boxes = json.loads(answer.read_text())
    assert set(boxes) == {"a", "b"}
    for x0, y0, x1, y1, score, class_id in (row for rows in boxes.values() for row in rows):
        assert 0 <= x0 < x1 <= 320
        assert 0 <= y0 < y1 <= 200
        assert 0.01 <= score <= 1
        assert class_id in range(5)
    assert sorted(p.name for p in (tmp_path / "drawn").iterdir()) == ["a.jpg", "b.jpg"]


GPX = '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{}</trkseg></trk></gpx>'
POINT = '<trkpt lat="{}" lon="{}"><time>{}</time></trkpt>'


def track(path: Path, date: str, seconds: int = 12, place: tuple[float, float] | None = None) -> Path:
    """A GPX file that starts at 09:29:57 on a date; `place` stands still, else it drives near Enschede."""
    points = [
        POINT.format(*(place or (52.22 + i * 1e-4, 6.89)), f"{date}T09:{29 + (57 + i) // 60:02d}:{(57 + i) % 60:02d}Z")
        for i in range(seconds)
    ]
    path.write_text(GPX.format("".join(points)))
    return path


def footage_errors(sample: Path, tmp_path: Path) -> dict[str, tuple[list[object], list[str]]]:
    """Arguments of `detect` for each mistake, and what its sentence must say."""
    good, gpx = sample / "drive.mp4", ["--track", sample / "drive.gpx"]
    empty, text, cut = tmp_path / "empty.mp4", tmp_path / "text.mp4", tmp_path / "cut.mp4"
    empty.write_bytes(b"")
    text.write_text("this is no video\n" * 50)
    cut.write_bytes(good.read_bytes()[:4000])
    return {
        "no GPS": ([good], ["drive.mp4"]),
        "GPS at 0/0": (
            [good, "--track", track(tmp_path / "null.gpx", "2024-05-14", place=(0, 0))],
            ["null.gpx", "0/0"],
        ),
        "track ends early": (
            [good, "--track", track(tmp_path / "short.gpx", "2024-05-14", 4)],
            ["short.gpx", "--partial"],
        ),
        "another day": (
            [good, "--track", track(tmp_path / "late.gpx", "2024-05-17")],
            ["late.gpx", "3 day", "--offset"],
        ),
        "zero bytes": ([empty, *gpx], ["empty.mp4", "empty"]),
        "text named mp4": ([text, *gpx], ["text.mp4"]),
        "truncated": ([cut, *gpx], ["cut.mp4"]),
        "no such video": ([tmp_path / "none.mp4", *gpx], ["none.mp4"]),
        "no such track": ([good, "--track", tmp_path / "none.gpx"], ["none.gpx"]),
        "no such model": ([good, *gpx, "--weights", "nowhere"], ["nowhere", "model"]),
        "no such camera": ([good, *gpx, "--camera", tmp_path / "none.yaml"], ["none.yaml"]),
    }


MISTAKES = [
    "no GPS", "GPS at 0/0", "track ends early", "another day", "zero bytes", "text named mp4", "truncated",
    "no such video", "no such track", "no such model", "no such camera",
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(run: Run, sample: Path, tmp_path: Path, mistake: str) -> None:
    arguments, says = footage_errors(sample, tmp_path)[mistake]
    code, _, error = run("detect", *arguments, "--out", tmp_path / "out")
    sentence = one_line(code, error)
    assert all(words in sentence for words in says), sentence
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


def test_the_suggested_offset_works(run: Run, sample: Path, tmp_path: Path) -> None:
    moved = (sample / "drive.gpx").read_text().replace("2024-05-14T", "2024-05-15T")
    (tmp_path / "moved.gpx").write_text(moved)
    arguments = ["detect", sample / "drive.mp4", "--track", tmp_path / "moved.gpx", "--out", tmp_path / "out"]
    sentence = one_line(*run(*arguments)[::2])
    offset = sentence.split("--offset ")[1].split()[0].rstrip(".,;")
    assert run(*arguments, "--offset", offset, "--every", "10m")[0] == 0


def test_a_network_of_somewhere_else(run: Run, sample: Path, tmp_path: Path) -> None:
    far = gpd.read_file(sample / "network.gpkg")
    far.geometry = far.geometry.translate(50_000, 50_000)
    far.to_file(tmp_path / "far.gpkg")
    code, _, error = run(
        "survey", sample / "drive.mp4", "--track", sample / "drive.gpx", "--roads", tmp_path / "far.gpkg",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert "far.gpkg" in one_line(code, error)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["points", "no crs", "missing"])
def test_a_network_that_is_none(run: Run, sample: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"{kind.replace(' ', '-')}.gpkg"
    lines = gpd.read_file(sample / "network.gpkg")
    if kind == "points":
        lines.set_geometry(lines.geometry.centroid).to_file(path)
    elif kind == "no crs":
        path = path.with_suffix(".shp")
        lines.to_file(path)
        path.with_suffix(".prj").unlink()
    code, _, error = run(
        "survey", sample / "drive.mp4", "--track", sample / "drive.gpx", "--roads", path, "--out", tmp_path / "out"
    )
    assert path.name in one_line(code, error)
    assert not (tmp_path / "out").exists()


def test_changed_weights_are_refused(run: Run, sample: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(default_weights().folder, changed)
    for network in changed.glob("openvino*/model.bin"):
        network.write_bytes(network.read_bytes() + b"x")
    code, _, error = run(
        "detect", sample / "drive.mp4", "--track", sample / "drive.gpx", "--weights", changed, "--out", tmp_path / "o"
    )
    assert "sha256" in one_line(code, error)


def test_map_of_something_that_is_no_result(run: Run, sample: Path, tmp_path: Path) -> None:
    code, _, error = run("map", tmp_path, "--roads", sample / "network.gpkg", "--out", tmp_path / "out")
    assert "result" in one_line(code, error)


def test_out_never_removes_someones_files(run: Run, sample: Path, tmp_path: Path) -> None:
    precious = tmp_path / "holiday"
    precious.mkdir()
    (precious / "photo.txt").write_text("keep me")
    code, _, error = run("detect", sample / "drive.mp4", "--track", sample / "drive.gpx", "--out", precious)
    assert "holiday" in one_line(code, error)
    assert (precious / "photo.txt").read_text() == "keep me"


COMMANDS = ["detect", "survey", "map", "add", "compare", "plan", "export", "report"]
COMMANDS += ["calibrate", "predict", "train", "render"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(run: Run, command: str) -> None:
    code, printed, _ = run(command, "--help")
    assert code == 0
    assert "Example" in printed
    assert f"schouw {command}" in " ".join(printed.split())


def test_a_distance_that_is_none(run: Run, sample: Path, tmp_path: Path) -> None:
    code, _, error = run("detect", sample / "drive.mp4", "--every", "often", "--out", tmp_path / "out")
    assert code == 2
    assert "often" in error


def test_a_file_in_the_place_of_a_folder_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, error = run("render", "--out", tmp_path / "file" / "sample")
    assert str(tmp_path / "file") in one_line(code, error)
