"""`schouw evaluate`, `promote` and `model` as a data scientist types them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.weights import bright_spots

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty dark roads with bright holes, labelled in YOLO form for the card `rendered`."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    rng = np.random.default_rng(4)
    for number in range(30):
        pixels = np.full((64, 64, 3), 20, np.uint8)
        x, y = rng.integers(0, 4, 2) * 16
        pixels[y : y + 16, x : x + 16] = 240
        name = f"road_{200 * number}"
        Image.fromarray(pixels).save(folder / "images" / f"{name}.png")
        (folder / "labels" / f"{name}.txt").write_text(f"3 {(x + 8) / 64} {(y + 8) / 64} 0.25 0.25\n")
    return folder


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    bright_spots(folder / "old", shift=14)
    (folder / "default").write_text("old\n")
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(folder))
    return folder


def mistake(code: int, error: str) -> str:
    assert code == 2, error
    assert "Traceback" not in error
    (line,) = [line for line in error.splitlines() if line.startswith("schouw: ")]
    return line


def test_a_model_is_measured_promoted_listed_and_taken_back(run: Run, shelf: Path, data: Path, tmp_path: Path) -> None:
    new = bright_spots(tmp_path / "new", shift=0)
    truth = ("--data", data, "--card", "rendered")
    code, printed, error = run("evaluate", new, *truth, "--out", tmp_path / "report")
    assert code == 0, error
    assert "mAP50 1.000 (95 %: 1.000 to 1.000)" in printed
    figures = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert figures["subject"]["model"] == "new"
    assert figures["pictures"] == 30
    assert (tmp_path / "report" / "report.html").is_file()

    assert "old stays" not in mistake(*run("promote", shelf / "old", *truth)[::2])
    code, printed, error = run("promote", new, *truth)
    assert code == 0, error
    assert "in service: new (was old)" in printed
    code, printed, _ = run("model", "list")
    assert [line.split("(")[0].split() for line in printed.splitlines()] == [["*", "new", "1"], ["old", "1"]]

    code, printed, error = run("promote", "--rollback")
    assert code == 0, error
    assert printed.strip() == "in service: old (was new)"


def test_a_worse_model_is_refused_in_one_sentence(run: Run, shelf: Path, data: Path, tmp_path: Path) -> None:
    worse = bright_spots(tmp_path / "worse", shift=20)
    line = mistake(*run("promote", worse, "--data", data, "--card", "rendered")[::2])
    assert "f1_rdd is not clearly better: 0.000 against 0.000, difference +0.000 (95 %: +0.000 to +0.000)" in line
    code, _, error = run("promote", worse, "--data", data, "--card", "rendered", "--force", "a trial")
    assert code == 0, error
    assert (shelf / "default").read_text() == "worse\n"


def test_boxes_of_another_program_are_measured(run: Run, data: Path, tmp_path: Path, shelf: Path) -> None:
    boxes = tmp_path / "boxes.json"
    code, _, error = run("predict", data / "images", "--weights", "old", "--json", boxes, "--conf", "0.5")
    assert code == 0, error
    code, printed, error = run(
        "evaluate", "--predictions", boxes, "--data", data, "--card", "rendered", "--out", tmp_path / "report"
    )
    assert code == 0, error
    assert "mAP50 0.000" in printed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("evaluate", "--out", "report"), "name labelled pictures with --data"),
        (("evaluate", "old", "--predictions", "x.json", "--out", "report"), "a model or --predictions, not both"),
        (("promote",), "name the folder of a packaged model"),
        (("promote", "old", "--rollback"), "--rollback takes no model"),
        (("promote", "--rollback"), "old replaced no model"),
        (("promote", "old", "--force", " "), "--force needs a reason"),
        (("model", "export", "old", "--form", "onnx", "--out", "x"), "name labelled pictures with --data"),
    ],
)
def test_mistakes(run: Run, shelf: Path, words: tuple[str, ...], says: str) -> None:
    assert says in mistake(*run(*words)[::2])


def test_pictures_that_are_all_gone_are_not_measured(run: Run, shelf: Path, data: Path, tmp_path: Path) -> None:
    code, _, error = run("data", "import", data, "--card", "rendered", "--out", tmp_path / "set", "--copy")
    assert code == 0, error
    for path in (tmp_path / "set" / "images").rglob("*.png"):
        path.unlink()
    code, _, error = run("evaluate", "--data", tmp_path / "set", "--out", tmp_path / "report")
    assert "no picture is left to measure" in mistake(code, error)
    assert error.count("left out: ") == 30


def test_without_damage_figures_are_not_measured(run: Run, shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    Image.fromarray(np.full((64, 64, 3), 20, np.uint8)).save(tmp_path / "images" / "road_0.png")
    (tmp_path / "labels" / "road_0.txt").write_text("")
    code, printed, error = run("evaluate", "--data", tmp_path, "--card", "rendered", "--out", tmp_path / "report")
    assert code == 0, error
    assert printed.count("not measured: no true boxes") == 4


def test_a_first_model_is_put_in_service_with_a_reason(run: Run, shelf: Path, data: Path, tmp_path: Path) -> None:
    (shelf / "default").unlink()
    new = bright_spots(tmp_path / "new", shift=0)
    words = ("promote", new, "--data", data, "--card", "rendered")
    assert "no model is in service" in mistake(*run(*words)[::2])
    code, printed, error = run(*words, "--force", "the first")
    assert code == 0, error
    assert printed.strip() == "in service: new (was none)"


def test_a_folder_that_is_no_run_is_not_packaged(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")
    config = tmp_path / "tiny.yaml"
    config.write_text("name: tiny\nstart: a.pt\ntrain: [{folder: a}]\nval: [{folder: a}]\n")
    words = ("model", "package", config, "--run", tmp_path / "run")
    assert "run: holds no record.json" in mistake(*run(*words)[::2])
    (tmp_path / "run").mkdir()
    record = '{"config": {"train": [], "rendered": 0, "start": "a.pt"}, "pictures": {}, "boxes": {}}'
    (tmp_path / "run" / "record.json").write_text(record)
    assert "last.pt: is missing" in mistake(*run(*words)[::2])


def test_a_report_does_not_replace_something_else(run: Run, shelf: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    line = mistake(*run("evaluate", "--data", data, "--card", "rendered", "--out", tmp_path / "out")[::2])
    assert "something other than an evaluation report" in line
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_a_form_can_only_be_made_of_a_checkpoint(run: Run, shelf: Path, data: Path, tmp_path: Path) -> None:
    words = ("model", "export", "old", "--form", "onnx", "--data", data, "--card", "rendered", "--out", tmp_path / "x")
    assert "lists no file model.pt" in mistake(*run(*words)[::2])
    assert not (tmp_path / "x").exists()
