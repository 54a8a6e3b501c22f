"""A teacher makes labels less sure where it doesn't find them, and tells what nobody labelled."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

import training.train as run_module
from detector.errors import WeightsError
from detector.images import write_jpeg
from detector.model.weights import load_weights
from detector.types import Detection
from tests.training.weights import bright_spots
from training.config import DataPart, TrainConfig
from training.data.card import read_card
from training.data.pictures import WHOLE, Label, LabelledPicture, read_pictures
from training.run_record import read_record
from training.synthesis.pictures import render_pictures
from training.teacher import soften, teach

SHARE = 0.4
CRACK = Label(0, (0.2, 0.4, 0.6, 0.8))


def picture(*labels: Label, ignored: tuple[Label, ...] = ()) -> LabelledPicture:
    return LabelledPicture(Path("a.jpg"), "here", 200, 100, labels, ignored)


def found(class_id: int, score: float, *box: float) -> Detection:
    x0, y0, x1, y1 = box
    return Detection((x0, y0, x1, y1), score, class_id)


def test_a_label_that_the_teacher_finds_is_surer_and_lies_between_both_boxes() -> None:
    near = found(0, 0.6, 50, 40, 120, 80)  # x0 is 0.25 of the width, 0.05 to the right of the label's
    (label,) = soften(picture(CRACK), [near], SHARE).labels
    assert label.class_id == 0
    assert label.sure == pytest.approx(0.6 + 0.4 * 0.6)
    assert label.box == pytest.approx((0.22, 0.4, 0.6, 0.8))


def test_the_surest_of_several_is_heard() -> None:
    said = [found(0, 0.3, 40, 40, 120, 80), found(0, 0.5, 50, 40, 120, 80)]
    (label,) = soften(picture(CRACK), said, SHARE).labels
    assert label.sure == pytest.approx(0.6 + 0.4 * 0.5)
    assert label.box[0] == pytest.approx(0.22)


@pytest.mark.parametrize(
    "said",
    [
        [],
        [found(0, 0.9, 150, 10, 190, 30)],  # elsewhere; it is told beside the label
        [found(2, 0.9, 40, 40, 120, 80)],  # the same place, another kind: the label decides
    ],
)
def test_a_label_that_the_teacher_does_not_find_is_less_sure(said: list[Detection]) -> None:
    label, *more = soften(picture(CRACK), said, SHARE).labels
    assert label == Label(0, CRACK.box, 1 - SHARE)
    assert [(x.class_id, x.sure) for x in more] == [(d.class_id, SHARE * d.score) for d in said if d.box[0] == 150]


def test_what_only_the_teacher_finds_is_told_where_it_was_looked_for() -> None:
    said = [found(3, 0.5, 20, 10, 60, 50), found(3, 0.09, 100, 10, 140, 50), found(4, 0.8, 100, 60, 140, 100)]
    searched = soften(picture(), said, SHARE).labels
    assert [(x.class_id, pytest.approx(x.sure)) for x in searched] == [(3, 0.2), (4, 0.32)]
    assert searched[0].box == pytest.approx((0.1, 0.1, 0.3, 0.5))
    unsearched = soften(picture(ignored=(Label(4, WHOLE),)), said, SHARE)
    assert [x.class_id for x in unsearched.labels] == [3], "nobody looked for ravelling"
    assert unsearched.ignored == (Label(4, WHOLE),)


corner = st.floats(0.0, 0.45)
score = st.floats(0.01, 1.0)
share = st.floats(0.01, 0.99)
kind = st.integers(0, 3)


@given(st.lists(st.tuples(kind, corner, corner), max_size=4), st.lists(st.tuples(kind, corner, corner, score)), share)
def test_labels_stay_and_all_are_boxes_in_the_picture_and_more_or_less_sure(
    drawn: list[tuple[int, float, float]], said: list[tuple[int, float, float, float]], share: float
) -> None:
    labels = [Label(c, (x, y, x + 0.5, y + 0.4)) for c, x, y in drawn]
    heard = [found(c, s, 200 * x, 100 * y, 200 * x + 90, 100 * y + 50) for c, x, y, s in said]
    softened = soften(picture(*labels), heard, share).labels
    assert [x.class_id for x in softened[: len(labels)]] == [x.class_id for x in labels]
    assert all(1 - share <= x.sure <= 1 for x in softened[: len(labels)])
    assert all(0 < x.sure <= share for x in softened[len(labels) :])
    for label in softened:
        x0, y0, x1, y1 = label.box
        assert -1e-9 <= x0 < x1 <= 1 + 1e-9
        assert -1e-9 <= y0 < y1 <= 1 + 1e-9


def test_a_model_teaches_pictures_and_looks_at_each_file_once(tmp_path: Path) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[16:32, 32:48] = 255
    taught = []
    for name in ("one/a.jpg", "other/a.jpg"):  # names may repeat
        write_jpeg(image, tmp_path / name)
        taught.append(LabelledPicture(tmp_path / name, "here", 64, 64, (Label(3, (0.5, 0.25, 0.75, 0.5)),)))
        image = np.zeros_like(image)
    first, second, again = teach([*taught, taught[0]], load_weights(bright_spots(tmp_path / "spots", 0.0)), SHARE)
    assert first == again
    (seen,), (unseen,) = first.labels, second.labels
    assert seen.sure == pytest.approx(1.0, abs=0.02)
    assert unseen.sure == 1 - SHARE


def test_a_run_learns_from_its_teacher_and_its_record_counts_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watched:
        def __init__(
            self, _: TrainConfig, train: list[LabelledPicture], val: list[LabelledPicture], __: object
        ) -> None:
            given.append((train, val))

        def train(self) -> None:
            pass

    given: list[tuple[list[LabelledPicture], list[LabelledPicture]]] = []
    data = DataPart(card="rendered", folder=render_pictures(tmp_path / "pictures", 4, seed=3, size=160))
    bright_spots(tmp_path / "weights" / "spots", 0.0)
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(run_module, "DamageTrainer", Watched)
    (start := tmp_path / "start.pt").write_bytes(b"not read here")
    fields = {"name": "a", "start": start, "train": (data,), "val": (data,), "input_px": 160}
    config = TrainConfig.model_validate(fields | {"teacher": "spots", "teacher_share": SHARE})
    run_module.learn(config, tmp_path, "cpu", 0, lambda _: None)
    ((train, val),) = given
    drawn = read_pictures(data.folder, read_card("rendered")).pictures
    labels = [x for p in drawn for x in p.labels]
    assert labels, "else nothing would be shown"
    assert [x.box for p in val for x in p.labels] == [x.box for x in labels], "what is measured on stays as it is"
    taught = [x for p in train for x in p.labels]
    assert any(x.sure == 1 - SHARE for x in taught)
    assert sum(read_record(tmp_path)["boxes"]["train"].values()) == len(labels) < len(taught)


@pytest.mark.parametrize("named", [{"teacher": "nobody"}, {"run_more_looks": [{"input_px": 64, "network": "nobody"}]}])
def test_a_model_that_is_not_there_is_missed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: dict[str, Any]
) -> None:
    monkeypatch.setattr(run_module, "check_start", lambda _: None)
    data = DataPart(folder=tmp_path / "nowhere")
    fields = {"name": "a", "start": tmp_path, "train": (data,), "val": (data,), **named}
    with pytest.raises(WeightsError, match="nobody"):
        run_module.train(TrainConfig.model_validate(fields), tmp_path / "run", "cpu", lambda _: None)
    assert not (tmp_path / "run").exists()
