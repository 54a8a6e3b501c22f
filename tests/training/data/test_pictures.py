from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detector.errors import InputError
from training.data.card import read_card
from training.data.formats.yolo import read_line
from training.data.pictures import RAVELLING, overlap, read_pictures

CARD = read_card("road-damage")

edges = st.tuples(st.floats(0.0, 0.9), st.floats(0.01, 0.1)).map(lambda e: (e[0], e[0] + e[1]))
boxes = st.tuples(edges, edges).map(lambda e: (e[0][0], e[1][0], e[0][1], e[1][1]))


def folder_with(tmp_path: Path, labels: str, ravelling: str = "", source: str = "dnit") -> Path:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    Image.new("RGB", (40, 20)).save(tmp_path / "images" / "a.jpg")
    (tmp_path / "labels" / "a.txt").write_text(labels)
    (tmp_path / "sources.tsv").write_text(f"a\t{source}\n")
    if ravelling:
        header = "picture,annotator,x0_pct,y0_pct,x1_pct,y1_pct,class,severity,confidence\n"
        (tmp_path / "ravelling.csv").write_text(header + ravelling)
    return tmp_path


@pytest.mark.parametrize("line", ["0 .5 .5 .1", "crack .5 .5 .1 .1", "0 nan .5 .1 .1", "0 .5 .5 .1 .1 .2 .3 .4"])
def test_a_bad_label_names_file_and_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match=r"a\.txt: line 2"):
        read_line(tmp_path / "a.txt", 2, line, {}, 40, 20)


def test_a_class_that_the_card_does_not_map_leaves_its_picture_out(tmp_path: Path) -> None:
    reading = read_pictures(folder_with(tmp_path, "4 .5 .5 .1 .1\n"), CARD)
    assert not reading.pictures
    assert "class '4', which datasets/road-damage.yaml doesn't map" in reading.left_out[0]


def test_a_box_outside_is_left_out_and_said(tmp_path: Path) -> None:
    reading = read_pictures(folder_with(tmp_path, "0 .5 .5 0 .1\n1 .5 .5 .1 .1\n"), CARD)
    assert [x.class_id for x in reading.pictures[0].labels] == [1]
    assert "no area inside the picture" in reading.left_out[0]


def test_a_picture_nobody_searched_for_ravelling_is_unknown(tmp_path: Path) -> None:
    (picture,) = read_pictures(folder_with(tmp_path, ""), CARD).pictures
    assert not picture.looked_for(RAVELLING)
    assert picture.looked_for(0)


def test_a_picture_searched_in_vain_has_no_ravelling(tmp_path: Path) -> None:
    (picture,) = read_pictures(folder_with(tmp_path, "", "a,R1,none,,,,,,\n"), CARD).pictures
    assert picture.looked_for(RAVELLING)
    assert not picture.labels
    assert not picture.ignored


def test_doubtful_ravelling_is_ignored(tmp_path: Path) -> None:
    rows = "a,R1,10,10,50,50,ravelling,L,1\na,R1,60,60,90,90,ravelling,M,2\n"
    (picture,) = read_pictures(folder_with(tmp_path, "", rows), CARD).pictures
    assert [x.box for x in picture.ignored] == [(0.1, 0.1, 0.5, 0.5)]
    assert [x.box for x in picture.labels] == [(0.6, 0.6, 0.9, 0.9)]


def test_two_passes_must_agree(tmp_path: Path) -> None:
    rows = (
        "a,R1,10,10,50,50,ravelling,M,3\na,R1,70,70,90,90,ravelling,M,3\n"
        "a,R2,10,10,52,54,ravelling,M,2\na,R2,0,70,20,90,ravelling,M,2\n"
    )
    (picture,) = read_pictures(folder_with(tmp_path, "", rows), CARD).pictures
    assert [x.box for x in picture.labels] == [pytest.approx((0.1, 0.1, 0.51, 0.52))]
    assert sorted(x.box for x in picture.ignored) == [(0.0, 0.7, 0.2, 0.9), (0.7, 0.7, 0.9, 0.9)]


def test_nothing_is_left_out_silently(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "")
    (folder / "images" / "broken.jpg").write_bytes(b"not a picture")
    Image.new("RGB", (8, 8)).save(folder / "images" / "unlabelled.png")
    reading = read_pictures(folder, CARD.model_copy(update={"name": "dnit"}))
    assert [p.path.stem for p in reading.pictures] == ["a"]
    assert len(reading.left_out) == 2
    assert any("broken.jpg" in s for s in reading.left_out)
    assert any("unlabelled.txt" in s for s in reading.left_out)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pictures"):
        read_pictures(tmp_path, CARD)


def test_a_card_with_a_typo_or_in_another_encoding_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.data.card.datasets_folder", lambda: tmp_path)
    (tmp_path / "typo.yaml").write_text("name: x\ntitle: x\nsplit: x\nsources: {a: {titel: x}}\n")
    (tmp_path / "latin.yaml").write_bytes("name: wég".encode("latin-1"))
    (tmp_path / "torn.yaml").write_text("name: [")
    with pytest.raises(InputError, match=r"typo\.yaml: is not a valid card: sources\.a\.title: Field required$"):
        read_card("typo")
    with pytest.raises(InputError, match=r"latin\.yaml: is not UTF-8 text; save it as UTF-8$"):
        read_card("latin")
    with pytest.raises(InputError, match=r"torn\.yaml: is not YAML$"):
        read_card("torn")


def test_an_unknown_data_set_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"known are .*road-damage"):
        read_card("nowhere")


@given(boxes, boxes)
def test_overlap_is_symmetric_and_bounded(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    assert overlap(a, b) == pytest.approx(overlap(b, a))  # type: ignore[arg-type]
    assert 0.0 <= overlap(a, b) <= 1.0 + 1e-9  # type: ignore[arg-type]
    assert overlap(a, a) == pytest.approx(1.0)  # type: ignore[arg-type]


def test_the_shared_pictures_are_what_their_notes_say(shared: Path) -> None:
    reading = read_pictures(shared / "road-damage" / "val", CARD)
    counts = [sum(x.class_id == i for p in reading.pictures for x in p.labels) for i in range(4)]
    assert (len(reading.pictures), counts, reading.left_out) == (553, [385, 209, 305, 225], ())
    assert sum(p.looked_for(RAVELLING) for p in reading.pictures) == 141
