"""From a survey's result to labelling tasks and back as a dataset."""

import csv
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from detector.errors import InputError, SettingsError
from detector.images import read_image
from detector.results import SurveyResult, write_result
from detector.scene.camera import default_camera
from detector.taxonomy import NAMES
from detector.types import Coverage, Detection, Frame, Pose
from tests.training.data.scenes import scene, write_lying
from training import tasks
from training.data.dataset import read_dataset
from training.data.importing import ImportOptions, import_dataset
from training.tasks import LIST, TaskOptions, redact, road_mask, survey_names, write_tasks

WIDTH, HEIGHT = 160, 120
CAMERA = default_camera(WIDTH, HEIGHT)
METRE = 1 / 111_320
ON_ROAD, IN_THE_SKY = (60.0, 80.0, 100.0, 110.0), (10.0, 2.0, 50.0, 20.0)


def film(video: Path, first: int = 0, width: int = WIDTH) -> Path:
    """Write a video of six scenes."""
    video.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = width, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 10)
        for n in range(6):
            view = cv2.resize(scene(first + n), (width, HEIGHT))
            picture = av.VideoFrame.from_ndarray(view, format="rgb24")
            picture.pts, picture.time_base = n, Fraction(1, 10)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return video


def surveyed(folder: Path, sources: list[tuple[Path, float]], lat: float = 52.2) -> Path:
    """Write a result of six frames, 50 m apart: (file, media time) each."""
    frames = [
        Frame(n, str(source), time, Pose(n, 6.9, lat + 50 * n * METRE, 0, 10, 1, 50 * n), WIDTH, HEIGHT)
        for n, (source, time) in enumerate(sources)
    ]
    coverage = [Coverage(n, 2, 20, True, "") for n in range(6)]
    seen = [(2, Detection(ON_ROAD, 0.45, 3)), (2, Detection(IN_THE_SKY, 0.6, 0)), (4, Detection(ON_ROAD, 0.97, 4))]
    meta = {"cameras": [asdict(CAMERA) | {"origin": "assumed"}]}
    write_result(SurveyResult(meta, frames, coverage, seen, [], []), {}, folder)
    return folder


def drive(folder: Path, video: Path, lat: float = 52.2) -> Path:
    """The result of a video."""
    return surveyed(folder, [(video, n / 10) for n in range(6)], lat)


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """A result of six frames, 50 m apart, and the video that they are from."""
    return drive(tmp_path / "result", film(tmp_path / "footage" / "drive.mp4"))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / LIST).open(newline="") as file:
        return list(csv.DictReader(file))


def test_only_the_road_can_be_made_out() -> None:
    image, shown = scene(1), road_mask(CAMERA)
    hidden = redact(image, shown)
    assert np.array_equal(hidden[shown], image[shown])
    assert 0.2 < shown.mean() < 0.7
    assert not shown[: int(CAMERA.horizon_y()) + 1].any()
    spots = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    assert redact(spots, np.zeros_like(shown)).astype(float).std() < 0.2 * spots.std()


def test_vehicles_are_hidden_too() -> None:
    with_car = road_mask(CAMERA, [Detection((50, 60, 90, 100), 0.9, 0)])
    assert not with_car[60:100, 50:90].any()
    assert with_car[110, 80]


class Cars:
    """A model that sees a vehicle at one place in every picture."""

    def stream(self, pictures: Iterable[tuple[Any, Any]], /) -> Iterator[tuple[Any, list[Detection]]]:
        for key, _ in pictures:
            yield key, [Detection((50, 60, 90, 100), 0.9, 0)]


def test_the_vehicles_of_a_model_are_blurred_in_the_pictures(survey: Path, tmp_path: Path) -> None:
    for name, model in (("plain", None), ("hidden", Cars())):
        write_tasks([survey], tmp_path / name, TaskOptions(1, "cvat"), vehicles=model)
    (plain, hidden) = (read_image(next((tmp_path / name / "images").iterdir())) for name in ("plain", "hidden"))
    assert np.abs(plain[60:100, 50:90].astype(int) - hidden[60:100, 50:90]).mean() > 10
    assert np.abs(plain[105:, 40:].astype(int) - hidden[105:, 40:]).mean() < 3


def test_the_doubtful_frame_comes_first_and_the_list_says_why(survey: Path, tmp_path: Path) -> None:
    chosen = write_tasks([survey], tmp_path / "tasks", TaskOptions(3, "cvat"), [("drive.mp4", 0.5)]).chosen
    assert [c.reason for c in chosen] == ["disputed", "doubtful", "new"]
    first, second, _ = rows(tmp_path / "tasks")
    assert (first["picture"], first["reason"], first["media_time_s"]) == ("result_000005.jpg", "disputed", "0.5")
    assert second["picture"] == "result_000002.jpg"
    assert float(second["lat"]) == pytest.approx(52.2 + 100 * METRE, abs=1e-6)


def tick(file: Path, count: int = -1) -> None:
    """Say of the first `count` pictures of a CVAT file that somebody checked them; of all, without."""
    box = '<attribute name="checked">{}</attribute>'
    text = file.read_text(encoding="utf-8")
    assert box.format("false") in text
    file.write_text(text.replace(box.format("false"), box.format("true"), count), encoding="utf-8")


def test_pictures_that_nobody_checked_in_cvat_are_not_labelled(survey: Path, tmp_path: Path) -> None:
    write_tasks([survey], tmp_path / "tasks", TaskOptions(2, "cvat"))
    labels = {label["name"]: label for label in json.loads((tmp_path / "tasks" / "labels.json").read_text())}
    box = labels["picture"]["attributes"][0]
    assert (box["name"], box["input_type"], box["default_value"]) == ("checked", "checkbox", "false")
    with pytest.raises(InputError, match=r"nobody labelled it: annotations\.xml says nothing"):
        import_dataset(tmp_path / "tasks", tmp_path / "dataset", ImportOptions())
    tick(tmp_path / "tasks" / "annotations.xml", 1)
    report = import_dataset(tmp_path / "tasks", tmp_path / "dataset", ImportOptions())
    (checked,), (other,) = read_dataset(tmp_path / "dataset"), report.faults()
    assert {checked.name, other.file.name} == {path.name for path in (tmp_path / "tasks" / "images").iterdir()}
    import_dataset(tmp_path / "tasks", tmp_path / "dataset", ImportOptions(keep_unlabelled=True))
    kept = {p.name: (p.looked_for, len(p.annotations)) for p in read_dataset(tmp_path / "dataset")}
    assert kept[other.file.name] == ((), 0)
    assert kept[checked.name][0] == NAMES


def test_what_cvat_gives_back_becomes_a_dataset(survey: Path, tmp_path: Path) -> None:
    write_tasks([survey], tmp_path / "tasks", TaskOptions(6, "cvat"))
    tick(tmp_path / "tasks" / "annotations.xml")
    report = import_dataset(tmp_path / "tasks", tmp_path / "dataset", ImportOptions(place="copy"))
    assert not report.faults()
    by_name = {p.name: p for p in read_dataset(tmp_path / "dataset")}
    assert len(by_name) == 6
    doubtful = by_name["result_000002.jpg"]
    assert [(a.label, a.score) for a in doubtful.annotations] == [("pothole", 0.45)]  # the sky can't be corrected
    assert doubtful.annotations[0].box == pytest.approx(ON_ROAD, abs=0.02)
    assert doubtful.looked_for == NAMES
    assert doubtful.group == "result/drive"
    assert doubtful.lat == pytest.approx(52.2 + 100 * METRE, abs=1e-6)


def test_what_label_studio_gives_back_becomes_a_dataset(survey: Path, tmp_path: Path) -> None:
    write_tasks([survey], tmp_path / "tasks", TaskOptions(2, "labelstudio"))
    tasks = json.loads((tmp_path / "tasks" / "tasks.json").read_text())
    doubtful = next(t for t in tasks if "000002" in t["data"]["image"])
    assert doubtful["predictions"][0]["result"][0]["value"]["rectanglelabels"] == ["pothole"]
    doubtful["annotations"] = [{"result": doubtful.pop("predictions")[0]["result"], "completed_by": {"email": "els"}}]
    doubtful["annotations"][0]["result"][0]["value"]["rectanglelabels"] = ["ravelling"]  # the correction
    (tmp_path / "tasks" / "tasks.json").write_text(json.dumps(tasks))
    import_dataset(tmp_path / "tasks", tmp_path / "dataset", ImportOptions(place="copy"))
    (corrected,) = read_dataset(tmp_path / "dataset")  # nobody finished the other one
    assert [(a.label, a.annotator) for a in corrected.annotations] == [("ravelling", "els")]
    assert corrected.looked_for == NAMES


def test_footage_that_was_moved_and_footage_that_is_gone(survey: Path, tmp_path: Path) -> None:
    (tmp_path / "footage").rename(tmp_path / "archive")
    with pytest.raises(InputError, match=r"drive\.mp4: this footage of the survey is gone.*--footage"):
        write_tasks([survey], tmp_path / "tasks", TaskOptions(2, "cvat"))
    assert not (tmp_path / "tasks").exists()
    assert len(write_tasks([survey], tmp_path / "tasks", TaskOptions(2, "cvat", tmp_path)).chosen) == 2


def test_footage_of_the_same_name_is_found_by_its_folder_and_never_guessed(tmp_path: Path) -> None:
    results = [
        drive(tmp_path / day, film(tmp_path / "footage" / day / "GX01.mp4", 6 * n), 52.2 + n)
        for n, day in enumerate(("monday", "tuesday"))
    ]
    plain = write_tasks(results, tmp_path / "plain", TaskOptions(12, "cvat"))
    (tmp_path / "footage").rename(tmp_path / "archive")
    write_tasks(results, tmp_path / "moved", TaskOptions(12, "cvat", tmp_path / "archive"))
    for name in (f"{day}_{n:06d}.jpg" for day in ("monday", "tuesday") for n in range(6)):
        before, after = (read_image(tmp_path / out / "images" / name) for out in ("plain", "moved"))
        assert np.array_equal(before, after)
    assert plain.left_out == []
    for day in ("monday", "tuesday"):
        (tmp_path / "archive" / day).rename(tmp_path / "archive" / f"old {day}")
    with pytest.raises(InputError, match=r"GX01\.mp4: may be any of 2 files: .*; name a folder that holds only one"):
        write_tasks(results, tmp_path / "tasks", TaskOptions(2, "cvat", tmp_path / "archive"))


def test_one_video_that_is_broken_and_one_of_another_size_do_not_end_the_selection(
    survey: Path, tmp_path: Path
) -> None:
    broken, wide = (film(tmp_path / "footage" / name) for name in ("broken.mp4", "wide.mp4"))
    results = [survey, drive(tmp_path / "b", broken, 52.3), drive(tmp_path / "w", wide, 52.4)]
    broken.write_bytes(b"x" * 1000)
    film(wide, width=2 * WIDTH)
    selected = write_tasks(results, tmp_path / "tasks", TaskOptions(12, "cvat"))
    assert {c.candidate.survey for c in selected.chosen} == {"result"}
    first, second = selected.left_out
    assert "broken.mp4: it is not a video" in first
    assert "wide.mp4: is 320 x 120 px, but the survey's footage of that name 160 x 120" in second
    done = CliRunner().invoke(app, ["data", "select", *map(str, results), "--out", str(tmp_path / "tasks")])
    assert done.exit_code == 1
    assert "left out: " in done.output
    with pytest.raises(InputError, match=r"gives no frame that can be read: .*it is not a video"):
        write_tasks(results[1:], tmp_path / "none", TaskOptions(2, "cvat"))
    assert not (tmp_path / "none").exists()


def test_photos_are_read_upright_and_one_that_is_damaged_is_told(tmp_path: Path) -> None:
    photos = [tmp_path / "photos" / f"{n}.jpg" for n in range(6)]
    for n, path in enumerate(photos):
        write_lying(scene(n), path)
    photos[3].write_bytes(photos[3].read_bytes()[:500])
    result = surveyed(tmp_path / "result", [(path, float(n)) for n, path in enumerate(photos)])
    selected = write_tasks([result], tmp_path / "tasks", TaskOptions(6, "cvat"))
    assert {c.candidate.frame.index for c in selected.chosen} == {0, 1, 2, 4, 5}
    assert [s.split(":")[0] for s in selected.left_out] == [str(photos[3])]
    shown, image = road_mask(CAMERA), read_image(tmp_path / "tasks" / "images" / "result_000001.jpg")
    assert np.abs(image[shown].astype(int) - scene(1)[shown]).mean() < 5


def test_a_folder_of_something_else_is_refused_before_anything_is_read(survey: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")

    def never(*_: object) -> None:
        raise AssertionError

    with pytest.raises(InputError, match="holds something other than an export"):
        write_tasks([survey], tmp_path / "thesis", TaskOptions(2, "cvat"), progress=never)


def test_tasks_without_their_list_are_no_tasks(survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(tasks, "_write_list", full)
    with pytest.raises(OSError, match="no space"):
        write_tasks([survey], tmp_path / "tasks", TaskOptions(2, "cvat"))
    assert not (tmp_path / "tasks").exists()


def test_disputed_frames_of_other_surveys_are_counted(survey: Path, tmp_path: Path) -> None:
    said = [("drive.mp4", 0.5), ("drive.mp4", 0.5), ("drive.mp4", 99.0), ("other.mp4", 0.5)]
    assert write_tasks([survey], tmp_path / "tasks", TaskOptions(3, "cvat"), said).elsewhere == 2


def test_surveys_of_the_same_name_keep_apart(survey: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "result"
    other.parent.mkdir()
    shutil.copytree(survey, other)
    selected = write_tasks([survey, other], tmp_path / "tasks", TaskOptions(9, "cvat"))
    assert {c.candidate.survey for c in selected.chosen} <= {"result-1", "result-2"}
    assert len(selected.chosen) == 6  # the other six show the same
    assert selected.left_out == []


def test_a_number_that_keeps_surveys_apart_is_nobody_elses_name() -> None:
    assert survey_names([Path("a/x"), Path("b/x"), Path("c/x-1"), Path("d/y")]) == ["x-2", "x-3", "x-1", "y"]


def test_a_survey_that_shows_no_road(tmp_path: Path) -> None:
    write_result(SurveyResult({"cameras": []}, [], [], [], [], []), {}, tmp_path / "result")
    with pytest.raises(SettingsError, match="no frame of these surveys"):
        write_tasks([tmp_path / "result"], tmp_path / "tasks", TaskOptions(2, "cvat"))


def test_the_command(survey: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["data", "select", str(survey), "--n", "2", "--out", str(tmp_path / "tasks")])
    assert result.exit_code == 0, result.output
    assert "2 frames to label (1 doubtful, 1 new)" in result.output
