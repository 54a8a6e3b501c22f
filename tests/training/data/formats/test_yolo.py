"""YOLO's files as other programs and publishers write them."""

from pathlib import Path

import pytest

from tests.training.data.formats.files import draw, imported, write
from training.data.formats.passes import COLUMNS


def test_ultralytics_segmentation(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "train/images/a.jpg", root / "valid/images/b.jpg")
    write(root / "train/labels/a.txt", "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n")
    write(root / "valid/labels/b.txt", "1 0.5 0.5 0.5 0.5 0.75\n")
    names = "names: {0: pothole, 1: Alligator Crack}\n"
    write(root / "data.yaml", f"path: /somewhere/else\ntrain: train/images\nval: valid/images\n{names}")
    pictures, report = imported(root, tmp_path, card="svrdd")
    (a,), (b,) = pictures["a.jpg"].annotations, pictures["b.jpg"].annotations
    assert report.format == "yolo"
    assert (a.box, a.outline) == ((4, 2, 20, 10), (((4, 2), (20, 2), (20, 10), (4, 10)),))
    assert (b.label, b.box, b.score) == ("alligator_crack", (10, 5, 30, 15), 0.75)
    assert (pictures["a.jpg"].split, pictures["b.jpg"].split) == ("train", "val")


def test_what_ravelling_csv_says_of_pictures_without_labels_or_missing_is_not_lost(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.png", root / "images/b.png")
    write(root / "labels/a.txt", "")
    rows = "a,R1,none,,,,,,\nb,R1,10,10,50,50,ravelling,M,3\nghost,R1,none,,,,,,\n"
    write(root / "ravelling.csv", ",".join(COLUMNS) + "\n" + rows)
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert {name: p.looked_for for name, p in pictures.items()} == {
        "a.png": ("pothole", "ravelling"),
        "b.png": ("ravelling",),
    }
    assert [a.label for a in pictures["b.png"].annotations] == ["ravelling"]
    assert [str(x) for x in report.left_out] == [f"{root / 'ravelling.csv'}: 'ghost' has 1 rows but no picture"]


def test_folders_that_share_a_file_of_passes(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "images/train/a.png", root / "images/val/b.png")
    write(root / "labels/ravelling.csv", ",".join(COLUMNS) + "\na,R1,none,,,,,,\nb,R1,none,,,,,,\nc,R1,none,,,,,,\n")
    pictures, report = imported(root, tmp_path, format="yolo")
    assert [p.looked_for for p in pictures.values()] == [("ravelling",), ("ravelling",)]
    assert [x.reason for x in report.left_out] == ["'c' has 1 rows but no picture"]


@pytest.mark.parametrize(
    ("images", "ghost", "others"),
    [
        ("images/train", "labels/train/ghost.txt", ("labels/train/classes.txt",)),
        ("images/train/city", "labels/train/city/ghost.txt", ()),
        ("obj", "obj/ghost.txt", ("obj/classes.txt", "obj/list.txt")),
    ],
)
def test_a_yolo_label_file_without_its_picture_is_listed(
    tmp_path: Path, images: str, ghost: str, others: tuple[str, ...]
) -> None:
    root = tmp_path / "set"
    draw(root / images / "a.png")
    for file in (ghost, str(Path(ghost).with_name("a.txt"))):
        write(root / file, "0 .5 .5 .1 .1\n")
    for file in others:
        write(root / file, "obj/a.png\n")
    write(root / "data.yaml", f"train: {'/'.join(images.split('/')[:2])}\nnames: [pothole]\n")
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert list(pictures) == ["a.png"]
    assert [(x.file, x.reason) for x in report.left_out] == [(root / ghost, "its picture is missing")]


def test_pictures_above_a_folder_for_a_split_are_read_once(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.png", root / "images/train/b.png")
    write(root / "labels/a.txt", "")
    write(root / "labels/train/b.txt", "")
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert {name: p.split for name, p in pictures.items()} == {"a.png": None, "b.png": "train"}
    assert not report.left_out
    assert not report.renamed


def test_roboflow_names_folders_beside_its_file_as_above_it(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "train/images/a.png", root / "valid/images/b.png")
    for file in ("train/labels/a.txt", "valid/labels/b.txt"):
        write(root / file, "0 .5 .5 .1 .1\n")
    write(root / "data.yaml", "train: ../train/images\nval: ../valid/images\nnames: [pothole]\n")
    pictures, _ = imported(root, tmp_path, looked_for=("pothole",))
    assert {name: p.split for name, p in pictures.items()} == {"a.png": "train", "b.png": "val"}


def test_a_split_that_is_named_but_not_there_is_told(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "train/images/a.png")
    write(root / "train/labels/a.txt", "0 .5 .5 .1 .1\n")
    write(root / "data.yaml", "train: train/images\ntest: test/images\nnames: [pothole]\n")
    pictures, report = imported(root, tmp_path, looked_for=("pothole",))
    assert list(pictures) == ["a.png"]
    (left_out,) = report.left_out
    assert str(left_out) == f"{root / 'data.yaml'}: names 'test/images' (test), which is not there"
    assert left_out.fault


def test_a_line_of_sources_that_tells_none_is_told(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.png", root / "images/b.png")
    write(root / "labels/a.txt", "0 .5 .5 .1 .1\n")
    write(root / "labels/b.txt", "0 .5 .5 .1 .1\n")
    write(root / "classes.txt", "pothole\n")
    write(root / "sources.tsv", "a\there\n\nb there\n")
    pictures, report = imported(root, tmp_path, format="yolo", looked_for=("pothole",))
    assert {name: p.source for name, p in pictures.items()} == {"a.png": "here", "b.png": "own"}
    assert [str(x) for x in report.left_out] == [f"{root / 'sources.tsv'}: line 3 is not 'picture, tab, source'"]


@pytest.mark.parametrize("name", ["../../b.png", "/b.png", "in/b.png", "..\\\\b.png", ".."])
def test_a_picture_is_not_written_outside_of_the_dataset(tmp_path: Path, name: str) -> None:
    root = tmp_path / "set"
    draw(root / "images/a.png", root / "images/b.png")
    write(root / "labels/a.txt", "0 .5 .5 .1 .1\n")
    write(root / "labels/a.json", f'{{"picture": {{"name": "{name}"}}}}')
    write(root / "labels/b.txt", "0 .5 .5 .1 .1\n")
    write(root / "classes.txt", "pothole\n")
    pictures, report = imported(root, tmp_path, looked_for=("pothole",), place="copy")
    assert list(pictures) == ["b.png"]
    assert ["is not the name of a file" in str(x) for x in report.left_out] == [True]
