"""Mistakes in what is imported: each a sentence, and a line in left_out.csv where the rest goes on."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from detector.errors import InputError, SettingsError
from detector.taxonomy import NAMES
from training.data.card import Source, read_card
from training.data.dataset import Dataset, read_dataset
from training.data.exporting import ExportOptions, export_dataset
from training.data.formats.passes import read_passes
from training.data.formats.source import SourcePicture
from training.data.importing import ImportOptions, ImportReport, describe, import_dataset, map_classes
from training.data.pictures import WHOLE, read_pictures
from training.data.record import Annotation


def yolo(root: Path, labels: dict[str, str | None], names: str = "pothole\nravelling\n") -> Path:
    """A folder of YOLO labels; None is a picture without a label file."""
    for number, (stem, text) in enumerate(labels.items()):
        for folder in ("images", "labels"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 20), (number, 0, 0)).save(root / "images" / f"{stem}.jpg")
        if text is not None:
            (root / "labels" / f"{stem}.txt").write_text(text)
    (root / "classes.txt").write_text(names)
    return root


def run(source: Path, tmp_path: Path, **options: object) -> tuple[Dataset, ImportReport]:
    options = {"looked_for": ("pothole", "ravelling"), **options}
    report = import_dataset(source, tmp_path / "dataset", ImportOptions(**options))  # type: ignore[arg-type]
    assert report.dataset is not None
    return report.dataset, report


def test_what_is_left_out_is_listed(tmp_path: Path) -> None:
    root = yolo(
        tmp_path / "set",
        {
            "good": "0 .5 .5 .1 .1\n",
            "cut": "0 0 .5 .5 .1\n",
            "outside": "0 2 2 .1 .1\n",
            "bad": "0 .5\n",
            "unlabelled": None,
            "broken": "",
        },
    )
    (root / "labels" / "alone.txt").write_text("")
    whole = (root / "images" / "good.jpg").read_bytes()
    (root / "images" / "broken.jpg").write_bytes(whole[: len(whole) - 40])
    dataset, report = run(root, tmp_path)
    assert {p.name: len(p.annotations) for p in dataset} == {"good.jpg": 1, "cut.jpg": 1, "outside.jpg": 0}
    with (dataset.folder / "left_out.csv").open(newline="") as file:
        rows = {(Path(row["file"]).name, row["what"], row["fault"]) for row in csv.DictReader(file)}
    assert rows == {
        ("cut.txt", "changed", "no"),
        ("outside.txt", "box", "yes"),
        ("bad.txt", "picture", "yes"),
        ("unlabelled.jpg", "picture", "yes"),
        ("broken.jpg", "picture", "yes"),
        ("alone.txt", "label file", "yes"),
    }
    assert len(report.faults()) == 5
    assert dataset.imported[0]["left_out"] == {"picture": 3, "box": 1, "changed": 1, "label file": 1}


def test_every_unknown_class_is_named_with_file_and_card_and_nothing_is_written(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set", {"a": "0 .5 .5 .1 .1\n1 .5 .5 .1 .1\n"}, "Hole\nBump\n")
    with pytest.raises(InputError, match=r"a\.txt: has class 'Hole', which datasets/svrdd\.yaml .*nor 'Bump'.*skip"):
        run(root, tmp_path, card="svrdd")
    assert not (tmp_path / "dataset").exists()


def test_unknown_classes_are_left_out_when_told_so(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set", {"a": "0 .5 .5 .1 .1\n1 .5 .5 .1 .1\n"}, "Hole\npothole\n")
    dataset, report = run(root, tmp_path, card="svrdd", skip_unknown=True)
    assert [a.label for a in next(iter(dataset)).annotations] == ["pothole"]
    assert [str(x).rpartition(": ")[2] for x in report.left_out] == ["'Hole' is in no class map"]


def test_somebody_must_say_what_was_looked_for(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set", {"a": "0 .5 .5 .1 .1\n"})
    with pytest.raises(SettingsError, match="--looked-for pothole,ravelling"):
        run(root, tmp_path, looked_for=None)


def test_unlabelled_pictures_may_stay_and_say_nothing(tmp_path: Path) -> None:
    dataset, _ = run(yolo(tmp_path / "set", {"a": None}), tmp_path, keep_unlabelled=True)
    (picture,) = read_pictures(dataset.folder).pictures
    assert not any(picture.looked_for(class_id) for class_id in range(5))


def test_a_label_file_for_another_size_leaves_its_picture_out(tmp_path: Path) -> None:
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    for name in ("a", "b"):
        Image.new("RGB", (40, 20)).save(root / "images" / f"{name}.jpg")
    images = [{"id": n, "file_name": f"{n}.jpg", "width": w, "height": 20} for n, w in (("a", 80), ("b", 40))]
    content = {"images": images, "categories": [], "annotations": []}
    (root / "labels.json").write_text(json.dumps(content))
    dataset, report = run(root, tmp_path)
    assert [p.name for p in dataset] == ["b.jpg"]
    assert "is 40 x 20, but labels.json labels it as 80 x 20" in str(report.left_out[0])


def test_pictures_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    for number, country in enumerate(("Japan", "India")):
        folder = tmp_path / "set" / country / "train"
        (folder / "images").mkdir(parents=True)
        (folder / "annotations" / "xmls").mkdir(parents=True)
        Image.new("RGB", (40, 20), (number, 0, 0)).save(folder / "images" / "1.jpg")
        xml = "<annotation><size><width>40</width><height>20</height></size></annotation>"
        (folder / "annotations" / "xmls" / "1.xml").write_text(xml)
    dataset, report = run(tmp_path / "set", tmp_path, card="rdd2022", place="copy")
    names = [p.name for p in dataset]
    assert report.renamed == 1
    assert len(set(names)) == 2
    assert sorted(path.name for path in (dataset.folder / "images").iterdir()) == sorted(names)


@pytest.mark.parametrize("place", ["copy", "link", "refer"])
def test_pictures_are_copied_linked_or_referred_to(tmp_path: Path, place: str) -> None:
    dataset, _ = run(yolo(tmp_path / "set", {"a": ""}), tmp_path, place=place)
    (picture,) = dataset
    original = tmp_path / "set" / "images" / "a.jpg"
    assert dataset.file(picture).read_bytes() == original.read_bytes()
    assert dataset.file(picture).samefile(original) is (place != "copy")
    assert Path(picture.path).is_absolute() is (place == "refer")


def test_a_source_in_two_formats_must_be_told_apart(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set", {"a": ""})
    (root / "labels.json").write_text(json.dumps({"images": [], "categories": [], "annotations": []}))
    with pytest.raises(InputError, match="may be coco or yolo; say which with --format"):
        run(root, tmp_path)


def test_no_format_and_no_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="in no format that is known here"):
        run(tmp_path / "empty", tmp_path)
    with pytest.raises(InputError, match="is not there"):
        run(tmp_path / "nowhere", tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("annotations.xml", "<annotations><image name='a.jpg'"),
        ("labels.json", '{"images": ['),
        ("data.yaml", "names: ["),
        ("data.yaml", "train: nowhere\nnames: [pothole]\n"),
    ],
)
def test_a_damaged_file_is_one_sentence_that_names_it(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "set" / name
    path.parent.mkdir()
    path.write_text(text)
    form = {".xml": "cvat", ".json": "coco", ".yaml": "yolo"}[path.suffix]
    with pytest.raises(InputError) as problem:
        run(path, tmp_path, format=form)
    assert problem.value.path == path


def test_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds something other than a dataset"):
        run(yolo(tmp_path / "set", {"a": ""}), tmp_path)


@pytest.mark.parametrize("place", ["refer", "link", "copy"])
def test_pictures_in_the_dataset_that_would_be_replaced_are_not_lost(tmp_path: Path, place: str) -> None:
    old, _ = run(yolo(tmp_path / "set", {"a": ""}), tmp_path, place="copy")
    content = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []}
    (tmp_path / "labels.json").write_text(json.dumps(content))
    shutil.rmtree(tmp_path / "set")
    if place == "copy":
        run(tmp_path / "labels.json", tmp_path, place=place)
    else:
        with pytest.raises(InputError, match=r"a\.jpg: lies in .*dataset, which would be replaced; .*or --copy"):
            run(tmp_path / "labels.json", tmp_path, place=place)
    assert (old.folder / "images" / "a.jpg").is_file()
    assert len(read_dataset(old.folder)) == 1


def test_labels_in_the_dataset_that_would_be_replaced_are_not_lost(tmp_path: Path) -> None:
    old, _ = run(yolo(tmp_path / "set", {"a": ""}), tmp_path)
    path = old.folder / "labels.json"
    path.write_text(json.dumps({"images": [], "categories": [], "annotations": []}))
    with pytest.raises(InputError, match="which would be replaced; choose another --out"):
        run(path, tmp_path, place="copy")


def test_an_export_does_not_replace_the_pictures_that_the_dataset_refers_to(tmp_path: Path) -> None:
    first, _ = run(yolo(tmp_path / "set", {"a": ""}), tmp_path)
    export_dataset(first, tmp_path / "out", ExportOptions("coco", copy=True))
    dataset, _ = run(tmp_path / "out", tmp_path)
    with pytest.raises(InputError, match="which would be replaced; choose another folder"):
        export_dataset(dataset, tmp_path / "out", ExportOptions("yolo"))
    assert (tmp_path / "out" / "images" / "a.jpg").is_file()


def test_a_picture_that_two_files_label_is_taken_once_and_the_other_is_listed(tmp_path: Path) -> None:
    """Twice, in train and in val, would be learning from what is measured."""
    root = tmp_path / "set"
    (root / "annotations").mkdir(parents=True)
    Image.new("RGB", (40, 20)).save(root / "a.jpg")
    content = json.dumps({"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [], "annotations": []})
    for split in ("train", "val"):
        (root / "annotations" / f"instances_{split}.json").write_text(content)
    dataset, report = run(root, tmp_path)
    assert [(p.name, p.split) for p in dataset] == [("a.jpg", "train")]
    (listed,) = report.left_out
    assert listed.file.name == "instances_val.json"
    assert re.search(r"names a\.jpg again, which was taken as .*instances_train\.json labels it", listed.reason)


def test_a_region_to_ignore_says_nothing_about_any_class(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set", {"a": "0 .5 .5 .5 .5\n"}, names="ignore\n")
    dataset, _ = run(root, tmp_path)
    (picture,) = read_pictures(dataset.folder).pictures
    assert [a.maybe for p in dataset for a in p.annotations] == [NAMES]
    assert len([region for region in picture.ignored if region.box != WHOLE]) == len(NAMES)


@pytest.mark.parametrize(("target", "maybe"), [({"label": "ignore", "maybe": ["pothole"]}, ["pothole"]), (None, None)])
def test_a_card_may_say_what_their_ignore_is(target: object, maybe: list[str] | None) -> None:
    terms = {"title": "t", "licence": "l", "attribution": "a", "looked_for": ["pothole"]}
    source = Source.model_validate({**terms, "class_map": {"ignore": target}})
    theirs = Annotation(label="ignore", box=(0, 0, 1, 1))
    mapped, _ = map_classes(SourcePicture(Path("a"), Path("b"), (theirs,)), source)
    assert [list(a.maybe) for a in mapped] == ([maybe] if maybe else [])


def test_a_pass_over_every_class_and_one_over_a_single_class_both_count() -> None:
    terms = {"title": "t", "licence": "l", "attribution": "a", "looked_for": ["pothole", "ravelling"]}
    source = Source.model_validate({**terms, "class_map": {}})
    said = {"passes": {"*": ("5", "6"), "ravelling": ("R3",)}}
    picture = describe(SourcePicture(Path("a"), Path("b"), (), said), "own", source, ImportOptions(), 40, 20)
    assert picture.passes == {"pothole": ("5", "6"), "ravelling": ("5", "6", "R3")}


def test_something_impossible_is_one_line(tmp_path: Path) -> None:
    root = tmp_path / "set"
    root.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        Image.new("RGB", (40, 20)).save(root / name)
    odd = [{"split": "dev", "group": 5}, {"name": " "}]
    images = [{"id": n, "file_name": f"{n}.jpg", "schouw": ours} for n, ours in zip("ab", odd, strict=True)]
    content = {"images": [*images, {"id": "c", "file_name": "c.jpg"}], "categories": [], "annotations": []}
    (root / "labels.json").write_text(json.dumps(content))
    _, report = run(root, tmp_path)
    assert [x.reason for x in report.left_out] == [
        "says something impossible of a.jpg: split: Input should be 'train', 'val' or 'test'",
        "says something impossible of b.jpg: name: Value error, is empty",
    ]


@pytest.mark.parametrize(
    "line", [b'{"name": "\xe9"}', b'{"name": "a", "path": "a", "width": 4, "height": 3, "source": "s", "lon": NaN}']
)
def test_a_line_that_is_no_utf_8_or_no_place_is_named(tmp_path: Path, line: bytes) -> None:
    dataset, _ = run(yolo(tmp_path / "set", {"a": ""}), tmp_path)
    path = dataset.folder / "pictures.jsonl"
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(InputError, match=r"pictures\.jsonl: line 2 is not a picture: (Invalid JSON|lon)"):
        list(read_dataset(dataset.folder))


def test_a_picture_that_is_gone_stops_an_export_and_is_left_out_of_training(tmp_path: Path) -> None:
    dataset, _ = run(yolo(tmp_path / "set", {"a": "", "b": ""}), tmp_path)
    (tmp_path / "set" / "images" / "a.jpg").unlink()
    with pytest.raises(InputError, match="is gone, though the dataset names it"):
        export_dataset(dataset, tmp_path / "out", ExportOptions("coco"))
    assert not (tmp_path / "out").exists()
    reading = read_pictures(dataset.folder)
    assert [p.path.name for p in reading.pictures] == ["b.jpg"]
    assert "is gone" in reading.left_out[0]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    dataset, _ = run(yolo(tmp_path / "set", {"a": "", "b": ""}), tmp_path)
    path = dataset.folder / "pictures.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{second.replace('looked_for', 'searched')}\n")
    with pytest.raises(InputError, match="line 2 is not a picture: searched"):
        list(read_dataset(dataset.folder))


def test_a_photo_is_upright_and_has_its_place(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set", {"a": "0 .5 .5 .5 .5\n"})
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 13.0, 30.0), 3: "E", 4: (6.0, 53.0, 24.0)})
    Image.new("RGB", (40, 20)).save(root / "images" / "a.jpg", exif=exif)
    (picture,), _ = run(root, tmp_path)
    assert (picture.width, picture.height) == (20, 40)
    assert picture.annotations[0].box == (5, 10, 15, 30)
    assert (picture.lon, picture.lat) == (pytest.approx(6.89), pytest.approx(52.225))


def test_passes_beside_the_card_are_taken_over(tmp_path: Path) -> None:
    """They lie in the repository, the pictures elsewhere: a picture of that name is one that was searched."""
    (file,) = read_card("road-damage").pass_files()
    stem = next(stem for stem, findings in read_passes(file).findings.items() if findings[0].box and "_RS_" in stem)
    root = yolo(tmp_path / "set", {stem: "3 .5 .5 .1 .1\n", "other": ""}, names="")
    (root / "classes.txt").unlink()
    (root / "sources.tsv").write_text(f"{stem}\tdnit\nother\tdnit\n")
    dataset, _ = run(root, tmp_path, card="road-damage")
    pictures = {Path(p.name).stem: p for p in dataset}
    assert pictures[stem].passes == {"ravelling": ("R3",)}
    assert {a.label for a in pictures[stem].annotations} == {"pothole", "ravelling"}
    assert pictures["other"].passes == {}
    assert read_pictures(tmp_path / "dataset") == read_pictures(root, read_card("road-damage"))


def test_the_shared_pictures_are_the_same_from_a_dataset(shared: Path, tmp_path: Path) -> None:
    folder = (shared / "road-damage" / "val").resolve()
    report = import_dataset(folder, tmp_path / "d", ImportOptions(format="yolo", card="road-damage", split="val"))
    assert not report.left_out
    assert read_pictures(tmp_path / "d", split="val") == read_pictures(folder, read_card("road-damage"))
    with pytest.raises(InputError, match="no pictures of split 'test'"):
        read_pictures(tmp_path / "d", split="test")
