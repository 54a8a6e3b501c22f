"""schouw data import and export, as typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    for name in ("images", "labels"):
        (tmp_path / "set" / name).mkdir(parents=True)
    for number, stem in enumerate(("a", "b")):
        Image.new("RGB", (40, 20), (number, 0, 0)).save(tmp_path / "set" / "images" / f"{stem}.jpg")
        (tmp_path / "set" / "labels" / f"{stem}.txt").write_text("0 .5 .5 .5 .5\n")
    (tmp_path / "set" / "classes.txt").write_text("pothole\n")
    return tmp_path / "set"


def test_in_and_out(run: Run, labelled: Path, tmp_path: Path) -> None:
    data = tmp_path / "dataset"
    code, out, err = run("data", "import", labelled, "--looked-for", "pothole", "--split", "val", "--out", data)
    assert code == 0, err
    assert "2 pictures from yolo" in out
    code, out, err = run("data", "export", data, "--format", "coco", "--split", "val", "--out", tmp_path / "coco")
    assert code == 0, err
    assert "2 pictures, 2 boxes" in out
    content = json.loads((tmp_path / "coco" / "annotations" / "instances_val.json").read_text())
    assert [a["bbox"] for a in content["annotations"]] == [[10, 5, 20, 10]] * 2


def test_what_was_left_out_is_said_and_the_rest_is_done(run: Run, labelled: Path, tmp_path: Path) -> None:
    (labelled / "labels" / "b.txt").write_text("0 nonsense\n")
    code, out, err = run("data", "import", labelled, "--looked-for", "pothole", "--out", tmp_path / "dataset")
    assert code == 1
    assert "1 picture from yolo" in out
    assert "b.txt: line 1 is not 'class cx cy w h'" in err.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--card", "svrdd", "--looked-for", "potholes"], "unknown damage class potholes; known are"),
        (["--card", "nowhere"], "is no data set card; known are"),
        ([], "add --looked-for"),
    ],
)
def test_a_mistake_is_one_sentence(
    run: Run, labelled: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    code, _, err = run("data", "import", labelled, *arguments, "--out", tmp_path / "dataset")
    assert code == 2
    assert sentence in " ".join(err.split())
    assert not (tmp_path / "dataset").exists()


def test_proposals_to_correct(run: Run, labelled: Path, tmp_path: Path) -> None:
    run("data", "import", labelled, "--looked-for", "pothole", "--out", tmp_path / "d")
    out = tmp_path / "ls"
    code, _, err = run("data", "export", tmp_path / "d", "--format", "labelstudio", "--predictions", "--out", out)
    assert code == 0, err
    tasks = json.loads((out / "tasks.json").read_text())
    assert [len(task["predictions"][0]["result"]) for task in tasks] == [1, 1]
    assert "annotations" not in tasks[0]
    code, _, err = run("data", "import", out, "--out", tmp_path / "back")
    assert code == 2
    assert "nobody labelled it" in " ".join(err.split())
    code, _, err = run("data", "export", tmp_path / "d", "--format", "coco", "--predictions", "--out", tmp_path / "c")
    assert (code, "only cvat and labelstudio have" in err) == (2, True)
