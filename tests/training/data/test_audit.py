import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from detector.errors import InputError
from detector.images import write_jpeg
from detector.model.weights import sha256
from tests.training.data.scenes import HEIGHT, WIDTH, box, dark, dataset, picture, scene, write_lying
from training.data.audit import Audit, Level, audit
from training.data.audit_report import render_audit, summary, write_audit
from training.data.dataset import Dataset
from training.data.record import Picture

POTHOLE, CRACK = "pothole", "longitudinal_crack"


def clean(folder: Path) -> list[Picture]:
    """Pictures with nothing to find: both splits show each class, no view and no group twice."""
    boxes = (box(POTHOLE, 10, 10, 50, 40), box(CRACK, 60, 50, 120, 110))
    return [
        picture(folder, f"{n}.jpg", scene(n), split="train" if n < 4 else "val", group=f"road {n}", annotations=boxes)
        for n in range(6)
    ]


def checks(found: Audit) -> dict[str, list[tuple[str, ...]]]:
    by_check: dict[str, list[tuple[str, ...]]] = {}
    for finding in found.findings:
        by_check.setdefault(finding.check, []).append(finding.pictures)
    return by_check


def test_a_clean_dataset_has_no_findings(tmp_path: Path) -> None:
    assert audit(dataset(tmp_path, clean(tmp_path))).findings == ()


def test_the_same_view_in_two_splits_is_an_error(tmp_path: Path) -> None:
    twin = picture(tmp_path, "twin.jpg", dark(scene(1)), split="val", group="road 8")
    found = audit(dataset(tmp_path, [*clean(tmp_path), twin]))
    assert checks(found) == {"alike across splits": [("1.jpg", "twin.jpg")]}
    assert found.of(Level.ERROR)


def test_the_same_view_in_one_split_is_worth_a_note(tmp_path: Path) -> None:
    twin = picture(tmp_path, "twin.jpg", dark(scene(1)), split="train", group="road 1")
    found = audit(dataset(tmp_path, [*clean(tmp_path), twin]))
    assert checks(found) == {"alike": [("1.jpg", "twin.jpg")]}
    assert not found.of(Level.ERROR)


def test_a_view_in_many_pictures_of_two_splits_is_one_finding_with_its_most_alike_pair_first(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    views = [np.clip(scene(20) + noise.normal(0, 25 * n, (HEIGHT, WIDTH, 3)), 0, 255) for n in range(6)]
    parked = [
        picture(tmp_path, f"{n}-parked.jpg", view.astype(np.uint8), split=("train", "val")[n % 2])
        for n, view in enumerate(views)
    ]
    found = audit(dataset(tmp_path, [*clean(tmp_path), *reversed(parked)]))
    (across,) = (f for f in found.findings if f.check == "alike across splits")
    assert across.pictures[:2] == ("1-parked.jpg", "0-parked.jpg")
    assert sorted(across.pictures) == [p.name for p in parked]
    assert across.text.startswith("val and train, ")
    assert across.text.endswith("alike; 6 pictures in 9 such pairs")
    assert across.alike is not None
    assert 0.98 < across.alike <= 1.001


def test_copies_are_told_from_views_and_named_once(tmp_path: Path) -> None:
    same = picture(tmp_path, "same.jpg", scene(1), split="train", group="road 1")
    leak = picture(tmp_path, "leak.jpg", scene(2), split="val", group="road 9")
    found = checks(audit(dataset(tmp_path, [*clean(tmp_path), same, leak])))
    assert found == {"copy": [("1.jpg", "same.jpg")], "copy across splits": [("2.jpg", "leak.jpg")]}


def test_a_group_in_two_splits_is_an_error(tmp_path: Path) -> None:
    stray = picture(tmp_path, "stray.jpg", scene(20), split="val", group="road 0")
    found = audit(dataset(tmp_path, [*clean(tmp_path), stray]))
    assert checks(found) == {"group across splits": [("0.jpg", "stray.jpg")]}
    assert "1 in train, 1 in val" in found.findings[0].text


def test_files_that_are_missing_broken_changed_or_of_another_size(tmp_path: Path) -> None:
    pictures = [
        picture(tmp_path, name, scene(seed), split="train", group=name)
        for seed, name in enumerate(["missing.jpg", "broken.jpg", "changed.jpg", "size.jpg"], start=30)
    ]
    folder = tmp_path / "pictures"
    (folder / "missing.jpg").unlink()
    (folder / "broken.jpg").write_bytes((folder / "broken.jpg").read_bytes()[:300])
    write_jpeg(scene(77), folder / "changed.jpg")
    write_jpeg(scene(33)[::2, ::2], folder / "size.jpg")
    found = checks(audit(dataset(tmp_path, [*clean(tmp_path), *pictures])))
    assert found == {
        "unreadable": [("missing.jpg",), ("broken.jpg",)],
        "changed": [("changed.jpg",)],
        "size": [("size.jpg",)],
    }


@pytest.mark.parametrize(
    ("annotations", "check"),
    [
        ((box(POTHOLE, 100, 50, 170, 90),), "outside"),
        ((box(POTHOLE, -8, 50, 30, 90),), "outside"),
        ((box(POTHOLE, 30, 50, 30, 90),), "empty"),
        ((box(POTHOLE, 30, 50, 31, 51.5),), "tiny"),
        ((box(POTHOLE, 30, 50, 60, 80), box(POTHOLE, 30, 50, 60, 81)), "twice"),
        ((box(POTHOLE, 30, 50, 60, 80), box(CRACK, 30, 50, 60, 81)), "two classes"),
    ],
)
def test_impossible_boxes(tmp_path: Path, annotations: tuple, check: str) -> None:  # type: ignore[type-arg]
    wrong = picture(tmp_path, "wrong.jpg", scene(50), split="train", group="wrong", annotations=annotations)
    found = audit(dataset(tmp_path, [*clean(tmp_path), wrong]))
    assert checks(found) == {check: [("wrong.jpg",)]}
    assert found.findings[0].box == annotations[-1].box


def test_two_people_may_draw_the_same_box_and_rounding_is_no_fault(tmp_path: Path) -> None:
    boxes = (box(POTHOLE, 30, 50, 160.8, 80, annotator="R1"), box(POTHOLE, 30, 50, 160.8, 80, annotator="R2"))
    fine = picture(tmp_path, "fine.jpg", scene(50), split="train", group="fine", annotations=boxes)
    assert audit(dataset(tmp_path, [*clean(tmp_path), fine])).findings == ()


def test_labels_of_a_class_that_was_not_looked_for(tmp_path: Path) -> None:
    odd = picture(
        tmp_path, "odd.jpg", scene(50), looked_for=(POTHOLE,), annotations=(box(CRACK, 1, 1, 30, 30),), split="train"
    )
    bare = picture(tmp_path, "bare.jpg", scene(51), looked_for=())
    found = checks(audit(dataset(tmp_path, [*clean(tmp_path), odd, bare])))
    assert found == {"not looked for": [("odd.jpg",)], "unlabelled": [("bare.jpg",)]}


def test_a_class_that_val_can_not_measure_and_one_that_is_rare(tmp_path: Path) -> None:
    many = tuple(box(POTHOLE, 10 + n, 10, 40 + n, 20 + n) for n in range(0, 80, 4))
    more = picture(tmp_path, "more.jpg", scene(60), split="train", annotations=(*many, box("ravelling", 5, 5, 90, 90)))
    found = audit(dataset(tmp_path, [*clean(tmp_path), more]))
    assert {(f.check, f.text) for f in found.findings} == {
        ("rare", "train: 1 boxes of ravelling, 24 of the commonest class"),
        ("absent", "val: no ravelling, of which train has 1 boxes"),
    }


def test_pictures_that_are_not_listed_and_what_the_import_left_out(tmp_path: Path) -> None:
    data = dataset(tmp_path, clean(tmp_path))
    write_jpeg(scene(1), data.folder / "images" / "forgotten.jpg")
    (data.folder / "left_out.csv").write_text("file,what,reason\nlabels/lost.txt,label file,has no picture\n")
    assert {(f.check, f.text) for f in audit(data).findings} == {
        ("unlisted", "images/forgotten.jpg"),
        ("left out", "labels/lost.txt: has no picture"),
    }


@pytest.mark.parametrize("content", [b"datei;grund\na;b\n", b"file,what,reason,fault\n\xff\xfe,b,c,no\n"])
def test_a_list_of_what_was_left_out_that_no_import_wrote(tmp_path: Path, content: bytes) -> None:
    data = dataset(tmp_path, clean(tmp_path))
    (data.folder / "left_out.csv").write_bytes(content)
    (finding,) = audit(data).findings
    assert finding.check == "left out"
    assert "left_out.csv is not the list that an import writes" in finding.text


def test_a_picture_that_is_stored_lying_has_the_size_that_is_listed(tmp_path: Path) -> None:
    lying = picture(tmp_path, "lying.jpg", scene(20), split="train")
    write_lying(scene(20), tmp_path / "pictures" / "lying.jpg")
    lying = lying.model_copy(update={"sha256": sha256(tmp_path / "pictures" / "lying.jpg")})
    assert audit(dataset(tmp_path, [*clean(tmp_path), lying])).findings == ()


def bad(folder: Path) -> Dataset:
    twin = picture(folder, "twin<script>.jpg", dark(scene(1)), split="val", group="road 8")
    gone = picture(folder, "gone.jpg", scene(9), split="val", annotations=(box(POTHOLE, -9, 5, 40, 40),))
    (folder / "pictures" / "gone.jpg").unlink()
    return dataset(folder, [*clean(folder), twin, gone])


def test_the_page_holds_pictures_and_no_script(tmp_path: Path) -> None:
    page = render_audit(audit(bad(tmp_path)))
    assert "twin&lt;script&gt;.jpg" in page
    assert "<script" not in page
    assert page.count("data:image/jpeg;base64,") == 2
    assert "The same view in two splits (1)" in page
    assert 'class="meant"' in page


def test_the_json_lists_every_finding(tmp_path: Path) -> None:
    found = audit(bad(tmp_path))
    card = json.loads((write_audit(found, tmp_path / "audit").parent / "audit.json").read_text())
    assert card["errors"] == len(found.of(Level.ERROR)) == 2
    assert [f["check"] for f in card["findings"]] == ["unreadable", "alike across splits", "outside"]
    assert card["counts"] == {
        **dict.fromkeys(card["counts"], 0),
        "unreadable": 1,
        "alike across splits": 1,
        "outside": 1,
    }
    assert next(row for row in summary(found)["boxes"] if row["split"] == "train")["boxes"][POTHOLE] == 4


def test_a_folder_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds something other than an audit"):
        write_audit(audit(dataset(tmp_path, clean(tmp_path))), tmp_path / "thesis")


def test_the_command_ends_with_1_for_errors_and_when_strict_for_warnings(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
    tiny = picture(tmp_path / "b", "tiny.jpg", scene(8), split="train", annotations=(box(POTHOLE, 5, 5, 6, 6),))
    datasets = [
        dataset(tmp_path / "a", clean(tmp_path / "a")),
        dataset(tmp_path / "b", [*clean(tmp_path / "b"), tiny]),
        bad(tmp_path / "c"),
    ]
    run = CliRunner().invoke
    out = str(tmp_path / "audit")
    codes = [
        run(app, ["data", "audit", str(d.folder), "--out", out, *s]).exit_code
        for d in datasets
        for s in ([], ["--strict"])
    ]
    assert codes == [0, 0, 0, 1, 1, 1]
    assert (tmp_path / "audit" / "report.html").is_file()
