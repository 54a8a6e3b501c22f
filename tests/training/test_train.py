"""A whole small training on rendered pictures: checkpoint, packaged model, card. Slow: it really trains."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

from detector.errors import InputError, SettingsError
from detector.images import read_image
from detector.model.predictor import Predictor
from detector.model.weights import Look, load_weights
from detector.taxonomy import NAMES
from detector.types import Detection
from training.config import DataPart, TrainConfig
from training.data.pictures import Label, LabelledPicture
from training.evaluation.figures import best_thresholds
from training.package import package_run
from training.synthesis.pictures import render_pictures
from training.train import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    from ultralytics import YOLO

    folder = tmp_path_factory.mktemp("data")
    YOLO("yolo26n.yaml", verbose=False).save(folder / "start.pt")
    data = DataPart(card="rendered", folder=render_pictures(folder / "pictures", 10, seed=3, size=160))
    (data.folder / "images" / "broken.jpg").write_bytes(b"no picture")
    return TrainConfig(
        name="tiny", start=folder / "start.pt", train=(data,), val=(data,), rendered=4, input_px=160, run_px=160,
        epochs=1, batch=4, close_mosaic=0, workers=0, ravelling_repeat=2,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("run")
    said: list[str] = []
    train(config, folder, "cpu", said.append)
    return folder, said


def test_nothing_is_left_out_silently(run: tuple[Path, list[str]]) -> None:
    assert sum("broken.jpg" in sentence for sentence in run[1]) == 2  # once for train, once for val


def test_the_record_says_what_was_trained_on(run: tuple[Path, list[str]], config: TrainConfig) -> None:
    record = json.loads((run[0] / "record.json").read_text())
    assert record["pictures"] == {"train": 14, "val": 10}
    assert record["config"]["name"] == config.name
    assert set(record["boxes"]["train"]) == set(NAMES)


def test_the_packaged_model_runs(run: tuple[Path, list[str]], config: TrainConfig) -> None:
    weights = load_weights(package_run(config, run[0]))
    assert {"model.pt", "openvino/model.xml", "openvino/model.bin"} <= set(weights.card.files)
    figures = weights.card.metrics["val, OpenVINO"]
    assert figures["pictures"] == 10
    assert figures["exports"][figures["form"]]["kept"]
    assert set(figures["exports"]) == {"openvino", "openvino-int8"}
    assert weights.has("openvino-int8") == figures["exports"]["openvino-int8"]["kept"]
    report = json.loads((weights.folder / "report" / "metrics.json").read_text())
    assert report["overall"]["f1_rdd"]["shipped"] == figures["shipped"]["f1_rdd"]
    assert "data:image" not in (weights.folder / "report" / "report.html").read_text()
    assert weights.card.calibration is not None
    picture = next((config.val[0].folder / "images").glob("rendered*.jpg"))
    found = Predictor(weights, "cpu", conf=0.001).predict([read_image(picture)])[0]
    assert all(d.class_id in range(len(NAMES)) for d in found)


def test_a_run_may_be_packaged_with_the_network_of_another_model_beside_it(
    run: tuple[Path, list[str]], config: TrainConfig
) -> None:
    look = Look(input_px=160, network="second")
    both = config.model_copy(update={"name": "both", "run_more_looks": (look,)})
    card = load_weights(package_run(both, run[0])).card
    second = load_weights("second").card
    assert card.more_looks == [look.model_copy(update={"sha256": second.files["model.pt"]})]
    assert [entry["looks_with_the_network_of"] for entry in card.data if "looks_with_the_network_of" in entry] == [
        "second"
    ]


def test_a_packaged_run_is_not_trained_on(run: tuple[Path, list[str]], config: TrainConfig) -> None:
    with pytest.raises(SettingsError, match="finished"):
        train(config, run[0], "cpu", print)


def test_missing_start_weights(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="start weights are missing"):
        train(config.model_copy(update={"start": tmp_path / "none.pt"}), tmp_path / "run", "cpu", print)


def test_a_class_without_true_boxes_gets_the_overall_threshold() -> None:
    picture = LabelledPicture(Path("a.jpg"), "test", 100, 100, (Label(0, (0.1, 0.1, 0.5, 0.5)),))
    assert best_thresholds([picture], {"a": [Detection((10, 10, 50, 50), 0.4, 0)]}) == (0.399,) * len(NAMES)


TRAIN = """
import sys
from pathlib import Path
from training.config import read_config
from training.train import train
train(read_config(Path(sys.argv[1])), Path(sys.argv[2]), "cpu", print)
"""


def test_a_killed_run_goes_on(config: TrainConfig, tmp_path: Path) -> None:
    long = config.model_copy(update={"epochs": 3, "rendered": 0})
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(long.model_dump(mode="json")))
    command = [sys.executable, "-c", TRAIN, str(tmp_path / "config.yaml"), str(tmp_path / "run")]
    repository = Path(__file__).parents[2]
    last = tmp_path / "run" / "weights" / "last.pt"
    process = subprocess.Popen(command, cwd=repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not last.is_file() and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    epochs = (tmp_path / "run" / "results.csv").read_text().count("\n") - 1
    assert 1 <= epochs < 3, "killed too late to test anything"
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    assert (tmp_path / "run" / "results.csv").read_text().count("\n") - 1 == 3
    train(long, tmp_path / "run", "cpu", print)
    assert (tmp_path / "run" / "results.csv").read_text().count("\n") - 1 == 3, "finished: only to be packaged"
