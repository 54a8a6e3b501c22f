"""What labels say to training, and of what they say nothing."""

from pathlib import Path

import pytest

from detector.taxonomy import NAMES
from training.data.card import Origin
from training.data.pictures import Label, LabelledPicture
from training.data.record import Annotation, Picture
from training.data.truth import labelled

ORIGIN = Origin(title="t", licence="l", attribution="a", hide=(0.5, 0.0, 1.0, 0.1))
POTHOLE, RAVELLING = NAMES.index("pothole"), NAMES.index("ravelling")
BOX = (10.0, 10.0, 30.0, 20.0)
PART = (0.1, 0.2, 0.3, 0.4)


def seen(*annotations: Annotation, **fields: object) -> LabelledPicture:
    base = {"name": "a", "path": "a", "width": 100, "height": 50, "source": "s", "looked_for": NAMES}
    return labelled(Picture.model_validate({**base, "annotations": annotations, **fields}), Path("a"), ORIGIN)


def test_a_plain_label_is_true() -> None:
    picture = seen(Annotation(label="pothole", box=BOX))
    assert (picture.labels, picture.ignored, picture.hide) == ((Label(POTHOLE, PART),), (), ORIGIN.hide)


def test_doubtful_and_uncounted_labels_are_ignored() -> None:
    doubtful = Annotation(label="pothole", box=BOX, confidence=1)
    crowd = Annotation(label="ravelling", box=BOX, difficult=True)
    picture = seen(doubtful, crowd)
    assert picture.labels == ()
    assert picture.ignored == (Label(POTHOLE, PART), Label(RAVELLING, PART))


def test_what_it_may_be_instead_is_not_held_against_the_model() -> None:
    either = Annotation(label="pothole", box=BOX, maybe=("pothole", "ravelling"))
    neither = Annotation(label="ignore", box=BOX, maybe=("ravelling",))
    assert seen(either).labels == (Label(POTHOLE, PART),)
    assert seen(either).ignored == (Label(RAVELLING, PART),)
    assert seen(neither).labels == ()
    assert seen(neither).ignored == (Label(RAVELLING, PART),)


def test_three_passes_must_all_agree_and_others_count_as_they_are() -> None:
    def by(person: str | None, *box: float) -> Annotation:
        return Annotation.model_validate({"label": "ravelling", "box": box, "annotator": person})

    all_three = [by(person, 10, 10, 30, 20 + n) for n, person in enumerate("ABC")]
    two = [by(person, 60, 10, 80, 20) for person in "AB"]
    picture = seen(*all_three, *two, by("D", 0, 40, 10, 50), passes={"ravelling": ("A", "B", "C")})
    assert [label.box for label in picture.labels] == [pytest.approx((0.1, 0.2, 0.3, 0.42)), (0.0, 0.8, 0.1, 1.0)]
    assert [region.box for region in picture.ignored] == [(0.6, 0.2, 0.8, 0.4)] * 2


def test_a_class_nobody_looked_for_is_unknown_everywhere() -> None:
    picture = seen(looked_for=("pothole",))
    assert [picture.looked_for(n) for n in range(5)] == [n == POTHOLE for n in range(5)]
