"""Only a better model goes into service, whole or not at all, and the way back stays open."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.errors import SettingsError, WeightsError
from detector.model.weights import default_weights, load_weights, write_card
from tests.training.evaluation.making import HOLE as HOLE_BOX
from tests.training.evaluation.making import as_detection, picture
from tests.training.weights import bright_spots
from training.data.pictures import Label, LabelledPicture
from training.evaluate import REPORT, Subject
from training.promote import (
    PromotionRefusedError,
    compare_models,
    compare_subjects,
    install,
    point_to,
    promote,
    roll_back,
)

REPOSITORY = Path(__file__).parents[2]
HOLE = 3


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder with one model in service: its boxes lie almost a box too far to the right."""
    folder = tmp_path / "weights"
    bright_spots(folder / "old", shift=14)
    monkeypatch.setenv("SCHOUW_WEIGHTS", str(folder))
    point_to("old")
    return folder


@pytest.fixture
def better(tmp_path: Path) -> Path:
    folder = bright_spots(tmp_path / "runs" / "new", shift=0)
    (folder / REPORT).mkdir()
    (folder / REPORT / "report.html").write_text("<p>good</p>")
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledPicture]:
    """Thirty dark roads, most of them with a bright hole."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(2)
    found = []
    for number in range(30):
        pixels = np.full((64, 64, 3), 20, np.uint8)
        labels: tuple[Label, ...] = ()
        if number % 5:
            x, y = rng.integers(0, 4, 2) * 16
            pixels[y : y + 16, x : x + 16] = 240
            labels = (Label(HOLE, (x / 64, y / 64, (x + 16) / 64, (y + 16) / 64)),)
        path = folder / f"road_{200 * number}.png"
        Image.fromarray(pixels).save(path)
        found.append(LabelledPicture(path, "test", 64, 64, labels))
    return found


def test_a_better_model_goes_into_service_with_its_grounds(
    shelf: Path, better: Path, pictures: list[LabelledPicture]
) -> None:
    comparison = promote(better, pictures)
    weights = default_weights()
    assert weights.card.name == "new"
    assert weights.folder == shelf / "new"
    (entry,) = weights.card.history
    assert entry["over"] == "old"
    assert entry["split_sha256"] == comparison.split_sha256
    assert any("f1_rdd: 1.000 against 0.000, difference +1.000" in g for g in entry["grounds"])
    assert "forced" not in entry
    assert (weights.folder / REPORT / "report.html").read_text() == "<p>good</p>"
    weights.openvino()  # verifies
    assert load_weights("old").openvino()


def test_one_that_is_not_better_is_refused_with_figures(
    shelf: Path, tmp_path: Path, pictures: list[LabelledPicture]
) -> None:
    same = bright_spots(tmp_path / "same", shift=14)
    with pytest.raises(PromotionRefusedError) as caught:
        promote(same, pictures)
    assert "same stays out of service, old in: f1_rdd is not clearly better: 0.000 against 0.000" in str(caught.value)
    assert (default_weights().card.name, sorted(p.name for p in shelf.iterdir())) == ("old", ["default", "old"])


def test_a_gain_that_may_be_chance_is_not_enough(shelf: Path, better: Path, pictures: list[LabelledPicture]) -> None:
    few = [p for p in pictures if p.labels][:3]  # drawing three places again and again would prove anything
    comparison = compare_models(load_weights(better), default_weights(), few)
    assert comparison.differences["f1_rdd"].new == 1.0
    assert "difference +1.000 (95 %: not known)" in comparison.objections()[0]


def test_force_needs_no_proof_but_is_noted(shelf: Path, tmp_path: Path, pictures: list[LabelledPicture]) -> None:
    promote(bright_spots(tmp_path / "same", shift=14), pictures, force="it is half the size")
    (entry,) = default_weights().card.history
    assert entry["forced"] == "it is half the size"
    assert entry["objections"]


def test_other_pictures_than_the_present_model_was_measured_on_need_force(
    shelf: Path, better: Path, pictures: list[LabelledPicture]
) -> None:
    old = load_weights("old")
    write_card(old.folder, old.card.model_copy(update={"metrics": {"val": {"split_sha256": "another"}}}))
    with pytest.raises(PromotionRefusedError, match="not the pictures that old was measured on"):
        promote(better, pictures)


def test_without_any_true_box_nothing_is_proven(shelf: Path, better: Path, pictures: list[LabelledPicture]) -> None:
    with pytest.raises(PromotionRefusedError, match="no true box"):
        promote(better, [p for p in pictures if not p.labels])


def test_back_and_forth(shelf: Path, better: Path, pictures: list[LabelledPicture]) -> None:
    promote(better, pictures)
    assert roll_back() == ("new", "old")
    assert default_weights().card.name == "old"
    assert default_weights().card.history[-1]["event"] == "put back in service"
    with pytest.raises(SettingsError, match="old replaced no model"):
        roll_back()
    promote(shelf / "new", pictures)  # once more, from where it lies
    assert [e["event"] for e in default_weights().card.history] == ["put in service"] * 2


def test_the_way_back_leads_to_the_weights_folder_only(
    shelf: Path, better: Path, pictures: list[LabelledPicture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(better, pictures)
    (shelf / "old").rename(tmp_path / "old")
    monkeypatch.chdir(tmp_path)  # where a folder has the name
    with pytest.raises(WeightsError, match="no model of this name"):
        roll_back()
    assert default_weights().card.name == "new"


def test_an_entry_without_the_model_before_is_passed_over(shelf: Path) -> None:
    old = load_weights("old")
    write_card(old.folder, old.card.model_copy(update={"history": [{"event": "put in service"}]}))
    with pytest.raises(SettingsError, match="old replaced no model"):
        roll_back()


def test_a_kept_model_is_promoted_where_it_lies(
    shelf: Path, better: Path, pictures: list[LabelledPicture], monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(better, pictures)
    roll_back()

    def no_move(*_: object) -> None:
        raise AssertionError("a kill between two renames would leave no model of this name")

    monkeypatch.setattr(Path, "rename", no_move)
    promote(shelf / "new", pictures)
    assert default_weights().card.name == "new"
    assert (shelf / "new" / REPORT / "report.html").is_file()


def test_a_model_that_was_packaged_again_keeps_its_history(
    shelf: Path, better: Path, pictures: list[LabelledPicture]
) -> None:
    promote(better, pictures)
    roll_back()
    again = load_weights(better)
    write_card(better, again.card.model_copy(update={"conf": 0.05, "version": "2"}))
    promote(better, pictures)
    card = default_weights().card
    assert (card.name, card.version, card.conf) == ("new", "2", 0.05)
    assert [entry["event"] for entry in card.history] == ["put in service"] * 2


def test_the_first_model_needs_a_reason(better: Path, pictures: list[LabelledPicture], shelf: Path) -> None:
    (shelf / "default").unlink()
    with pytest.raises(PromotionRefusedError, match=r"no model is in service .*; give a reason with --force"):
        promote(better, pictures)
    assert not (shelf / "new").exists()
    assert promote(better, pictures, force="it is the first").old is None
    (entry,) = default_weights().card.history
    assert entry["forced"] == "it is the first"
    assert "over" not in entry


def test_chance_between_sources_of_one_place_is_no_proof() -> None:
    """Both models find each hole with the toss of a coin; each source has one place."""
    rng = np.random.default_rng(0)
    truth = [picture(f"s{s:02d}_{n:04d}", [HOLE_BOX], source=f"town {s}") for s in range(12) for n in range(3)]
    coins = rng.random((len(truth), 2)) < 0.5
    first, second = (
        {p.path.stem: [as_detection(HOLE_BOX, 0.9)] * side for p, side in zip(truth, sides, strict=True)}
        for sides in coins.T.tolist()
    )
    for new, old in ((first, second), (second, first)):
        subjects = [Subject("a test", found, found, (0.3,) * 5, {}) for found in (new, old)]
        comparison = compare_subjects(subjects[0], subjects[1], truth, ("new", "old"))
        assert "f1_rdd is not clearly better" in comparison.objections()[0]
        low, high = comparison.differences["f1_rdd"].interval or (0, 0)
        assert low < high


def test_a_broken_model_is_not_gone_back_to(shelf: Path, better: Path, pictures: list[LabelledPicture]) -> None:
    promote(better, pictures)
    (shelf / "old" / "openvino" / "model.bin").unlink()
    with pytest.raises(WeightsError, match=r"model.bin: the weights file is missing"):
        roll_back()
    assert default_weights().card.name == "new"


def test_a_changed_file_is_not_promoted(shelf: Path, better: Path, pictures: list[LabelledPicture]) -> None:
    with (better / "openvino" / "model.bin").open("ab") as file:
        file.write(b"!")
    with pytest.raises(WeightsError, match="sha256"):
        promote(better, pictures)
    assert not (shelf / "new").exists()


def test_a_name_that_is_taken_is_refused(shelf: Path, tmp_path: Path, pictures: list[LabelledPicture]) -> None:
    with pytest.raises(SettingsError, match="named old is in service already"):
        promote(bright_spots(tmp_path / "old", shift=0), pictures)
    bright_spots(shelf / "new", shift=3)
    with pytest.raises(SettingsError, match="another model has this name"):
        promote(bright_spots(tmp_path / "new", shift=0), pictures)


FLIP = """
import sys
from pathlib import Path
from detector.model.weights import load_weights
from training.promote import install, point_to
number = 0
while True:
    for folder in sys.argv[1:]:
        weights = load_weights(Path(folder))
        number += 1
        name = f"{weights.card.name}{number % 50}"
        renamed = weights.card.model_copy(update={"name": name})
        install(type(weights)(weights.folder, renamed), {"event": "put in service", "over": "old"})
        point_to(name)
"""


def test_killed_at_any_moment_a_whole_model_is_in_service(shelf: Path, better: Path, tmp_path: Path) -> None:
    other = bright_spots(tmp_path / "other", shift=1)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", FLIP, str(better), str(other)], cwd=REPOSITORY)
        before = (shelf / "default").read_text()
        while (shelf / "default").read_text() == before and process.poll() is None:
            time.sleep(0.001)
        time.sleep(float(rng.uniform(0, 0.05)))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        weights = default_weights()
        weights.openvino()
        seen.add(weights.card.name)
    assert len(seen) > 1


def test_install_copies_every_form_and_nothing_else(shelf: Path, better: Path) -> None:
    (better / "notes.txt").write_text("mine")
    install(load_weights(better), {"event": "put in service", "over": "old"})
    files = {str(p.relative_to(shelf / "new")) for p in (shelf / "new").rglob("*") if p.is_file()}
    assert files == {"card.yaml", "openvino/model.xml", "openvino/model.bin", "report/report.html"}
