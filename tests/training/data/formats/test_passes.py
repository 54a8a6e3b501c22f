"""Passes over pictures for ravelling: rows in, annotations and annotators out."""

from pathlib import Path

import pytest
from PIL import Image

from detector.errors import InputError
from training.data.card import read_card
from training.data.formats.passes import COLUMNS, read_passes
from training.data.formats.source import LeftOut, SourcePicture

HEADER = ",".join(COLUMNS) + "\n"


def picture(tmp_path: Path, **fields: object) -> SourcePicture:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 20)).save(path)
    return SourcePicture(path, tmp_path / "a.txt", **{"annotations": (), **fields})  # type: ignore[arg-type]


def passes_file(tmp_path: Path, rows: str, name: str = "passes.csv") -> Path:
    path = tmp_path / name
    path.write_text(HEADER + rows)
    return path


def test_a_patch_in_percent_becomes_one_in_pixels(tmp_path: Path) -> None:
    found = read_passes(passes_file(tmp_path, "a,R1,10,20,50,100,ravelling,M,2\n")).added_to(picture(tmp_path))
    assert found.annotations is not None
    (patch,) = found.annotations
    assert (patch.label, patch.box, patch.severity, patch.confidence, patch.annotator) == (
        *("ravelling", (4.0, 4.0, 20.0, 20.0)),
        *("M", 2, "R1"),
    )
    assert found.said["passes"] == {"ravelling": ("R1",)}


def test_files_add_up_and_whoever_found_nothing_has_passed_too(tmp_path: Path) -> None:
    first = passes_file(tmp_path, "a,R1,none,,,,,,\nb,R1,none,,,,,,\n", "first.csv")
    second = passes_file(tmp_path, "a,R2,0,0,50,50,ravelling,L,1\n", "second.csv")
    before = picture(tmp_path, said={"passes": {"pothole": ("ann",), "ravelling": ("R0",)}})
    found = read_passes(first, second).added_to(before)
    assert found.said["passes"] == {"pothole": ("ann",), "ravelling": ("R0", "R1", "R2")}
    assert found.annotations is not None
    assert len(found.annotations) == 1


def test_pictures_of_no_pass_stay_as_they_are(tmp_path: Path) -> None:
    passes = read_passes(passes_file(tmp_path, "b,R1,none,,,,,,\n"))
    labelled, unlabelled = picture(tmp_path), picture(tmp_path, annotations=None)
    assert passes.added_to(labelled) is labelled
    assert passes.added_to(unlabelled) is unlabelled


def test_in_a_picture_that_only_a_pass_knows_nothing_else_was_looked_for(tmp_path: Path) -> None:
    passes = read_passes(passes_file(tmp_path, "a,R1,10,20,50,100,ravelling,M,2\n"))
    found = passes.added_to(picture(tmp_path, annotations=None))
    assert found.annotations is not None
    assert [a.label for a in found.annotations] == ["ravelling"]
    assert (found.said["looked_for"], found.said["passes"]) == (("ravelling",), {"ravelling": ("R1",)})


def test_rows_of_a_picture_that_is_not_there_are_listed(tmp_path: Path) -> None:
    rows = "a,R1,none,,,,,,\nghost,R1,1,2,3,4,ravelling,M,2\nghost,R1,5,6,7,8,ravelling,M,2\n"
    passes = read_passes(passes_file(tmp_path, rows))
    assert [str(x) for x in passes.without_picture({"a"})] == [
        f"{tmp_path / 'passes.csv'}: 'ghost' has 2 rows but no picture"
    ]


@pytest.mark.parametrize(
    "row",
    ["a,R1,1,2,3\n", "a,R1,left,2,3,4,ravelling,M,2\n", "a,R1,1,2,3,4,pothole,M,2\n", "a,R1,1,2,3,4,ravelling,M,\n"],
)
def test_a_row_that_is_none_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    with pytest.raises(InputError, match=r"passes\.csv: line 3 is no row of a pass; the columns are picture"):
        read_passes(passes_file(tmp_path, "a,R1,none,,,,,,\n" + row))


def test_a_patch_that_can_not_be_is_named_by_its_line(tmp_path: Path) -> None:
    passes = read_passes(passes_file(tmp_path, "a,R1,1,2,3,4,ravelling,Z,2\n"))
    with pytest.raises(InputError, match=r"passes\.csv: line 2: severity"):
        passes.added_to(picture(tmp_path))


def test_one_picture_that_can_not_be_read_does_not_end_the_others(tmp_path: Path) -> None:
    broken = tmp_path / "b.png"
    broken.write_text("no picture")
    passes = read_passes(passes_file(tmp_path, "a,R1,1,2,3,4,ravelling,M,2\nb,R1,1,2,3,4,ravelling,M,2\n"))
    bad, good = passes.over([SourcePicture(broken, tmp_path / "b.txt", ()), picture(tmp_path)])
    assert isinstance(bad, LeftOut)
    assert (bad.file, bad.reason) == (broken, "is not a readable picture")
    assert isinstance(good, SourcePicture)
    assert good.annotations


def test_a_missing_file_that_a_card_names_is_an_error() -> None:
    card = read_card("road-damage").model_copy(update={"passes": ("nowhere.csv",)})
    with pytest.raises(InputError, match=r"nowhere\.csv: is missing, but road-damage\.yaml names it in `passes`"):
        card.pass_files()


def test_the_passes_beside_the_cards_are_whole_and_of_pictures_that_no_other_pass_saw(shared: Path) -> None:
    train = shared / "road-damage" / "train"
    ours, theirs = read_passes(*read_card("road-damage").pass_files()), read_passes(train / "ravelling.csv")
    names = {path.stem for path in (train / "images").iterdir()}
    assert set(ours.findings) <= names - set(theirs.findings)
    for findings in ours.findings.values():
        boxes = [f.box for f in findings if f.box]
        assert len(boxes) in (0, len(findings)), "found nothing, and something"
        assert all(0 <= x0 < x1 <= 100 and 0 <= y0 < y1 <= 100 for x0, y0, x1, y1 in boxes)
