"""The parts of an evaluation: bands, confusion, all figures together, the page, and boxes from a file."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.errors import InputError, SettingsError
from detector.scene.camera import Camera
from detector.taxonomy import NAMES
from detector.types import Detection
from tests.training.evaluation.making import CRACK, HOLE, as_detection, picture, scene
from training.data.pictures import RAVELLING, WHOLE, Label, LabelledPicture
from training.evaluate import EVALUATION, Subject, figures_of, of_file, split_sha256, write_report
from training.evaluation.bands import area, distances, sizes
from training.evaluation.confusion import ROAD, confusion
from training.evaluation.examples import false_alarms, misses, one_for_each_picture
from training.evaluation.figures import best_thresholds
from training.evaluation.matching import Predictions, outcomes
from training.evaluation.scores import f1_over

CAMERA = Camera(width=100, height=100, focal_px=100, cx=50, cy=50, height_m=1.4, pitch_deg=0.0)


def subject(found: Predictions, threshold: float = 0.3) -> Subject:
    return Subject("a test", found, found, (threshold,) * len(NAMES), {})


def test_sizes_are_those_at_640_px() -> None:
    box = np.array([[0.0, 0.0, 10.0, 10.0]])
    assert area(box, picture("a", [])) == pytest.approx([64**2])  # a side of 100 px becomes 640
    small, medium, large = sizes()
    assert medium.holds(box, picture("a", [])).all()
    assert not (small.holds(box, picture("a", [])) | large.holds(box, picture("a", []))).any()


def test_each_box_lies_in_one_band() -> None:
    truth, _ = scene(3)
    boxes = np.random.default_rng(1).uniform(0, 1, (200, 4)) * [200, 200, 200, 200] + [0, 0, 200, 200]
    for bands in (sizes(), distances()):
        assert (np.sum([band.holds(boxes, truth[0]) for band in bands], axis=0) == 1).all()


def test_distances_in_metres_come_from_the_camera() -> None:
    near, middle, far = distances(CAMERA)
    rows = {10.0: middle, 5.0: near, 40.0: far}
    for metres, band in rows.items():
        bottom = 50 + 100 * 1.4 / metres
        assert band.holds(np.array([[40.0, bottom - 5, 60.0, bottom]]), picture("a", [])).all()
    above_the_horizon = np.array([[0.0, 0.0, 10.0, 10.0]])
    assert not any(band.holds(above_the_horizon, picture("a", [])).any() for band in (near, middle, far))


def test_a_camera_of_another_shape_is_refused() -> None:
    truth = [LabelledPicture(Path("a.jpg"), "s", 160, 90, (CRACK,))]
    with pytest.raises(SettingsError, match="another shape"):
        figures_of(subject({}), truth, CAMERA, draws=10)


def test_truth_outside_a_band_is_no_miss_and_finding_it_no_false_alarm() -> None:
    tiny = Label(0, (0.5, 0.5, 0.53, 0.53))
    found = {"a": [as_detection(CRACK, 0.9), as_detection(tiny, 0.8)]}
    small, _, large = sizes()
    for band in (small, large):
        f1 = f1_over(outcomes([picture("a", [CRACK, tiny])], found, (0.5,), band))
        assert (f1.precision, f1.recall) == (1.0, 1.0)


def test_confusion_pairs_each_box_once() -> None:
    truth = [picture("a", [CRACK, HOLE], (Label(RAVELLING, WHOLE),))]
    found = {
        "a": [
            as_detection(Label(2, CRACK.box), 0.9),  # a crack called another kind
            as_detection(Label(2, CRACK.box), 0.8),  # and once more
            as_detection(Label(RAVELLING, (0.0, 0.6, 0.4, 1.0)), 0.9),  # nobody looked for it
        ]
    }
    expected = np.zeros((len(NAMES) + 1, len(NAMES) + 1), int)
    expected[0, 2] = expected[ROAD, 2] = expected[3, ROAD] = 1
    assert (confusion(truth, found) == expected).all()


def test_its_like_is_preferred_to_a_larger_overlap() -> None:
    found = {"a": [as_detection(Label(2, CRACK.box), 0.9), as_detection(CRACK, 0.8, shift=3)]}
    counts = confusion([picture("a", [CRACK])], found)
    assert counts[0, 0] == 1
    assert counts[ROAD, 2] == 1


def test_mistakes_are_those_that_touch_nothing() -> None:
    truth = [picture("a", [CRACK, HOLE]), picture("b", [], (Label(3, (0.0, 0.0, 0.5, 0.5)),))]
    found = {
        "a": [as_detection(CRACK, 0.9, shift=12), as_detection(Label(1, (0.6, 0.0, 0.8, 0.2)), 0.4)],
        "b": [as_detection(Label(3, (0.1, 0.1, 0.4, 0.4)), 0.9), as_detection(Label(3, (0.6, 0.6, 0.9, 0.9)), 0.7)],
    }
    assert [m.class_id for m in misses(truth, found)] == [3]
    alarms = false_alarms(truth, found)
    assert [(m.picture.path.stem, m.rank) for m in alarms] == [("b", 0.7), ("a", 0.4)]
    assert one_for_each_picture([*alarms, *alarms], 5) == alarms


def test_all_figures_are_there_and_can_be_written() -> None:
    truth, found = scene(5, pictures=20)
    figures = figures_of(subject(found), truth, draws=50)
    json.dumps(figures, allow_nan=False)
    assert set(figures["per_source"]) == {"country 0", "country 1"}
    low, high = figures["overall"]["map50"]["interval"]
    assert low <= figures["overall"]["map50"]["value"] <= high
    shipped, best = (figures["overall"]["f1_rdd"][key]["f1"] for key in ("shipped", "best"))
    assert 0 < shipped <= best + 1e-9
    assert figures["overall"]["f1_rdd"]["out_of_sample"]["f1"] <= shipped + 0.1
    assert sum(figures["per_source"][s]["truths"] for s in figures["per_source"]) == sum(
        figures["per_class"][name]["truths"] for name in NAMES[:4]
    )
    assert figures["calibration"]["network"]["all"]["detections"] > 0


def test_a_split_without_damage_has_no_figures_and_no_error(tmp_path: Path) -> None:
    truth = [picture("a", [])]
    figures = figures_of(subject({"a": []}), truth, draws=10)
    assert figures["overall"]["map50"] == {"value": None, "interval": None}
    for name in ("f1_rdd", "f1_cracks_as_one", "f1_ravelling_iou30"):
        for way in ("best", "shipped"):
            assert figures["overall"][name][way]["f1"] is None
            assert figures["overall"][name][way]["interval"] is None
    write_report(subject({"a": []}), figures, truth, tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "no true boxes" in page
    assert "There are too few places for intervals" in page
    assert "0.000" not in page


class Balanced(HTMLParser):
    """Checks that every element is closed; collects what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [v for k, v in attrs if k in ("src", "href") and v and not v.startswith(("data:", "#"))]
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_stands_alone(tmp_path: Path) -> None:
    truth, found = _drawn(tmp_path)
    figures = figures_of(subject(found), truth, draws=20)
    write_report(subject(found), figures, truth, tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    parser = Balanced()
    parser.feed(page)
    assert not parser.open
    assert not parser.fetched
    assert page.count("<svg") == 7
    assert page.count("data:image/jpeg") == len(re.findall("<figcaption>", page)) > 2
    assert json.loads((tmp_path / "report" / "metrics.json").read_text())["overall"] == figures["overall"]


def test_without_pictures_it_shows_nothing_of_the_data(tmp_path: Path) -> None:
    truth, found = _drawn(tmp_path)
    figures = figures_of(subject(found), truth, draws=20)
    write_report(subject(found), figures, truth, tmp_path / "report", with_pictures=False)
    page = (tmp_path / "report" / "report.html").read_text()
    assert "data:image/jpeg" not in page
    assert "road_000" not in page


def _drawn(folder: Path) -> tuple[list[LabelledPicture], dict[str, list[Detection]]]:
    """A scene whose pictures lie on disk."""
    truth, found = scene(7)
    rng = np.random.default_rng(0)
    on_disk = []
    for p in truth:
        path = folder / f"{p.path.stem}.png"
        Image.fromarray(rng.integers(0, 255, (p.height, p.width, 3), dtype=np.uint8)).save(path)
        on_disk.append(LabelledPicture(path, p.source, p.width, p.height, p.labels, p.ignored))
    return on_disk, found


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    for card in (None, '{"loss": 0.3}', "[]", "{"):  # another program's metrics.json is no report of ours
        if card is not None:
            (tmp_path / "metrics.json").write_text(card)
        with pytest.raises(InputError, match="something other than an evaluation report"):
            EVALUATION.check_replaceable(tmp_path)
    (tmp_path / "metrics.json").write_text('{"format": "schouw-evaluation", "version": 0}')
    EVALUATION.check_replaceable(tmp_path)  # what an older schouw wrote may be replaced


def test_the_split_is_known_by_its_labels() -> None:
    truth, _ = scene(1)
    assert split_sha256(truth) == split_sha256(truth[::-1])
    assert split_sha256(truth) != split_sha256(truth[1:])
    moved = [picture("a", [CRACK]), picture("a", [HOLE]), picture("a", [], (CRACK,))]
    assert len({split_sha256([p]) for p in moved}) == 3


def test_boxes_of_any_program(tmp_path: Path) -> None:
    truth, found = scene(2)
    rows = {stem: [[*d.box, d.score, d.class_id] for d in ds] for stem, ds in found.items()}
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(rows))
    given = of_file(path, truth)
    assert given.predictions == found
    assert figures_of(given, truth, draws=10)["overall"]["map50"]["value"] is not None
    assert of_file(path, truth, conf=0.4).thresholds == (0.4,) * len(NAMES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "no list of boxes"),
        ("[]", "no list of boxes"),
        ("[" * 20_000, "no list of boxes"),
        ('{"road_000": [[1, 2, 3]]}', "picture road_000, box 1, y1: Field required"),
        ('{"road_000": [[1, 2, 3, 4, NaN, 0]]}', "box 1, score: Input should be"),
        ('{"road_000": [[1, 2, Infinity, 4, 0.5, 0]]}', "box 1, x1: Input should be a finite number"),
        ('{"road_000": [[1, 2, 3, 4, 95, 0]]}', "box 1, score: Input should be less than or equal to 1"),
        ('{"road_000": [[1, 2, 3, 4, -1, 0]]}', "box 1, score: Input should be greater than or equal to 0"),
        (f'{{"road_000": [[1, 2, 3, 4, {10**400}, 0]]}}', "box 1, score: Input should be"),
        ('{"road_000": [[1, 2, 3, 4, 0.5, 7]]}', "box 1, class: Input should be less than 5"),
        ('{"road_000": [[1, 2, 3, 4, 0.5, 3.7]]}', "box 1, class: Input should be a valid integer"),
        ('{"road_000": [[1, 2, 3, 4, 0.5, Infinity]]}', "box 1, class: Input should be a finite number"),
        (f'{{"road_000": [[1, 2, 3, 4, 0.5, {10**30}]]}}', "box 1, class: Input should be less than 5"),
        ('{"road_000": [["a", 2, 3, 4, 0.5, 1]]}', "box 1, x0: Input should be a valid number"),
        ('{"road_000": [[1, 2, 3, 4, 0.5, 1], [9, 2, 3, 4, 0.5, 1]]}', "box 2: .*ends before it begins"),
        ('{"road_000": []}', "lacks 1 of 2 pictures, such as road_200"),
    ],
)
def test_a_file_that_is_no_boxes_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "boxes.json"
    path.write_text(text)
    with pytest.raises(InputError, match=f"boxes.json: .*{says}") as caught:
        of_file(path, scene(1)[0][:2])
    assert "\n" not in str(caught.value)


def test_two_pictures_of_one_name_would_share_their_boxes(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text('{"1": [[60, 60, 80, 80, 0.9, 3]]}')
    with pytest.raises(SettingsError, match="two pictures have the same name, 1; rename one"):
        of_file(tmp_path / "boxes.json", [picture("a/1", [HOLE]), picture("b/1", [])])


def test_thresholds_chosen_elsewhere_do_not_know_the_place_they_serve() -> None:
    """Only one place has a hole, found with a low score: no other place can tell that so low a score is right."""
    truth = [picture(f"road_{200 * number}", [CRACK]) for number in range(5)]
    found = {p.path.stem: [as_detection(CRACK, 0.9)] for p in truth}
    truth[4] = picture("road_800", [CRACK, HOLE])
    found["road_800"].append(as_detection(HOLE, 0.1))
    best = Subject("a test", found, found, best_thresholds(truth, found), {})
    f1 = figures_of(best, truth, draws=10)["overall"]["f1_rdd"]
    assert f1["shipped"]["f1"] == 1.0
    assert f1["out_of_sample"]["f1"] == round(2 * 5 / (5 + 6), 3)
