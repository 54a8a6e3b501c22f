"""What a run does with broken pictures, a full disk and a loss that is no number; its logs, and its options."""

import errno
import pickle
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("ultralytics", reason="needs the train extra: pip install -e '.[train]'")

import numpy as np
import torch
from ultralytics import YOLO
from ultralytics.data.build import InfiniteDataLoader
from ultralytics.utils import DEFAULT_CFG_DICT, IterableSimpleNamespace
from ultralytics.utils.torch_utils import ModelEMA, init_seeds

import training.train as run_module
from detector.errors import InputError, SettingsError
from detector.images import write_jpeg
from detector.taxonomy import NAMES
from detector.types import Image
from tests.training.data.scenes import dataset, picture, scene
from training import loggers
from training.config import DataPart, TrainConfig
from training.data.card import read_card
from training.data.pictures import Label, LabelledPicture, read_pictures
from training.partial_labels import DamageDataset
from training.synthesis.pictures import render_pictures
from training.train import DamageTrainer, average_decay, choose_device, learn, recompute_batch_norm, train, whole


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataPart:
    folder = tmp_path_factory.mktemp("data") / "pictures"
    return DataPart(card="rendered", folder=render_pictures(folder, 10, seed=3, size=160))


def config(data: DataPart, start: Path, **fields: object) -> TrainConfig:
    known = {"name": "tiny", "start": start, "train": (data,), "val": (data,), "input_px": 160, "run_px": 160}
    return TrainConfig.model_validate({**known, "epochs": 1, "batch": 4, "close_mosaic": 0, "workers": 0, **fields})


def network(folder: Path) -> Path:
    """Start weights."""
    YOLO("yolo26n.yaml", verbose=False).save(folder / "start.pt")
    return folder / "start.pt"


def test_a_picture_that_is_cut_short_is_found_before_the_run(tmp_path: Path) -> None:
    folder = render_pictures(tmp_path / "pictures", 3, seed=1, size=160)
    broken = sorted((folder / "images").iterdir())[1]
    broken.write_bytes(broken.read_bytes()[:900])
    pictures = read_pictures(folder, read_card("rendered")).pictures
    assert len(pictures) == 3, "its head can be read"
    kept, left_out = whole(pictures * 2)
    assert len(kept) == 4
    assert len(left_out) == 1
    assert broken.name in left_out[0]


def test_a_picture_that_was_changed_since_its_import_is_left_out(tmp_path: Path) -> None:
    folder = dataset(tmp_path, [picture(tmp_path, f"{n}.jpg", scene(n)) for n in range(3)])
    pictures = read_pictures(folder.folder).pictures
    assert whole(pictures) == (list(pictures), [])
    write_jpeg(scene(7), pictures[1].path)
    kept, left_out = whole(pictures)
    assert kept == [pictures[0], pictures[2]]
    assert left_out == [f"{pictures[1].path}: is another file than was imported; import it again"]


@pytest.mark.parametrize("epoch", [0, 3])
def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path, epoch: int) -> None:
    trainer = DamageTrainer.__new__(DamageTrainer)
    trainer.loss, trainer.fitness, trainer.start_epoch = torch.tensor(float("nan")), None, 0
    trainer.last, trainer.nan_recovery_attempts = tmp_path / "last.pt", 0
    with pytest.raises(SettingsError, match="lower learning_rate"):
        trainer._handle_nan_recovery(epoch)
    trainer.loss = torch.tensor(1.5)
    assert trainer._handle_nan_recovery(epoch) is False


@pytest.mark.parametrize(
    ("epoch", "fits_rounded_up", "epochs", "stops"),
    [(0, 3, 2, False), (1, 3, 2, True), (4, 3, 5, True), (3, 12, 11, False)],
)
def test_a_run_with_hours_has_only_the_epochs_that_fit(
    data: DataPart, epoch: int, fits_rounded_up: int, epochs: int, stops: bool
) -> None:
    trainer = DamageTrainer.__new__(DamageTrainer)
    trainer.config = config(data, data.folder, hours=0.5)
    trainer.args = IterableSimpleNamespace(cos_lr=True, lrf=0.02, epochs=fits_rounded_up)
    trainer.optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    trainer.epoch, trainer.epochs, trainer.epoch_time, trainer.stop = epoch, fits_rounded_up, 60.0, False
    trainer._setup_scheduler()
    assert (trainer.epochs, trainer.args.epochs, trainer.stop) == (epochs, epochs, stops)
    assert trainer.lf(epochs) == pytest.approx(0.02), "the rate comes down in the last of them"
    trainer.epoch_time, trainer.epochs = None, 7
    trainer._setup_scheduler()
    assert trainer.epochs == 7, "before the first epoch nothing is known"


def test_the_average_is_over_as_many_steps_as_asked() -> None:
    decay = average_decay(300)
    values, average = np.random.default_rng(0).normal(5, 1, 3000), 100.0  # far from where training goes
    for update, value in enumerate(values, start=1):
        average = decay(update) * average + (1 - decay(update)) * value
    assert average == pytest.approx(values[-600:].mean(), abs=0.2), "of the last steps; the start is forgotten"
    assert decay(1) < 0.2
    assert decay(10_000) == 1 - 1 / 300


def test_after_a_loss_that_was_no_number_the_average_is_as_long_and_can_be_written(
    data: DataPart, tmp_path: Path
) -> None:
    trainer = DamageTrainer.__new__(DamageTrainer)
    trainer.config = config(data, data.folder, average_steps=300)
    trainer.model, trainer.optimizer, trainer.stopper = torch.nn.Linear(2, 2), None, SimpleNamespace()
    trainer.model.forward = torch.autocast("cpu", torch.bfloat16)(trainer.model.forward)  # as `prepare` does
    trainer.ema = ModelEMA(torch.nn.Linear(2, 2))
    trainer._load_checkpoint_state({"ema": torch.nn.Linear(2, 2), "updates": 1000})
    assert trainer.ema.decay(trainer.ema.updates) == average_decay(300)(1000)
    pickle.dumps(trainer.ema.ema)


def test_the_first_epoch_is_a_whole_pass_after_statistics_were_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "BATCH_NORM_BATCHES", 2)
    loader = InfiniteDataLoader(torch.arange(10.0), batch_size=2, shuffle=True)
    trainer = SimpleNamespace(train_loader=loader, preprocess_batch=lambda batch: {"img": batch})
    recompute_batch_norm(torch.nn.Identity(), trainer)
    assert sorted(int(n) for batch in loader for n in batch) == list(range(10))


def test_a_run_that_goes_on_draws_other_pictures_than_in_its_first_epochs(
    data: DataPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Drawing:
        def __init__(self, *_: object) -> None:
            init_seeds(7)

        def train(self) -> None:
            drawn.append((random.random(), torch.initial_seed()))

    drawn: list[tuple[float, int]] = []
    monkeypatch.setattr(run_module, "DamageTrainer", Drawing)
    (start := tmp_path / "start.pt").write_bytes(b"not read here")
    for epochs in (0, 0, 1, 2):
        learn(config(data, start, seed=7), tmp_path, "cpu", epochs, lambda _: None)
    assert drawn[0] == drawn[1]
    assert all(len(set(kind)) == 3 for kind in zip(*drawn[1:], strict=True))


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; make room"),
        (FileNotFoundError("Image Not Found a.jpg"), r"vanished during the run: Image Not Found a\.jpg"),
    ],
)
def test_trouble_with_files_is_one_sentence(
    data: DataPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: OSError, said: str
) -> None:
    class Failing:
        def __init__(self, *_: object) -> None:
            pass

        def train(self) -> None:
            raise problem

    monkeypatch.setattr(run_module, "DamageTrainer", Failing)
    with pytest.raises(InputError, match=said):
        train(config(data, network(tmp_path)), tmp_path / "run", "cpu", lambda _: None)


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("0,1", "a run uses one device"),
        ("banana", "is not here, where there are 2 CUDA devices"),
        ("2", "is not here"),
        ("-1", "is not here"),
        ("", "is not here"),
    ],
)
def test_a_device_that_cannot_be_used(
    data: DataPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, said: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(SettingsError, match=f"--device {device}: {said}"):
        train(config(data, network(tmp_path)), tmp_path / "run", device, lambda _: None)
    assert not (tmp_path / "run").exists()
    assert [choose_device(name) for name in ("cpu", "1", "cuda:1", "auto")] == ["cpu", "1", "1", "0"]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert choose_device("auto") == "cpu"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("start.pt", b"", "is damaged, or no checkpoint of Ultralytics"),
        ("start.pt", b"some words", "is damaged"),
        ("start.weights", b"", "start weights end in .pt"),
    ],
)
def test_start_weights_that_cannot_be_used(
    data: DataPart, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        train(config(data, tmp_path / name), tmp_path / "run", "cpu", lambda _: None)


def test_copy_paste_without_masks_is_a_mistake(data: DataPart) -> None:
    pictures = read_pictures(data.folder, read_card("rendered")).pictures
    with pytest.raises(SettingsError, match="has a mask beside it"):
        run_module.make_paster(config(data, data.folder, copy_paste=0.5), pictures)


def test_a_logger_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loggers, "find_spec", lambda name: None if name == "mlflow" else SimpleNamespace())
    loggers.check_loggers(["tensorboard"])
    with pytest.raises(SettingsError, match=r"mlflow, not installed; run: pip install 'schouw\[logs\]'"):
        loggers.check_loggers(["tensorboard", "mlflow"])


class Dot:
    """Lays one dark dot on every picture."""

    laid = 0

    def paste(
        self, image: Image, picture: LabelledPicture, rng: np.random.Generator
    ) -> tuple[Image, tuple[Label, ...]]:
        Dot.laid += 1
        height, width = image.shape[:2]
        dotted = image.copy()
        dotted[round(0.6 * height) : round(0.7 * height), round(0.4 * width) : round(0.5 * width)] = 10
        return dotted, (Label(3, (0.4, 0.6, 0.5, 0.7)),)


def test_what_is_laid_on_a_picture_is_among_its_labels(data: DataPart) -> None:
    pictures = read_pictures(data.folder, read_card("rendered")).pictures
    dataset = DamageDataset(
        pictures, Dot(), img_path="train", imgsz=160, augment=True, hyp=IterableSimpleNamespace(**DEFAULT_CFG_DICT),
        data={"nc": 5, "names": dict(enumerate(NAMES)), "channels": 3}, task="detect",
    )  # fmt: skip
    sample = dataset.get_image_and_label(0)
    assert len(sample["cls"]) == len(pictures[0].labels) + 1
    assert sample["cls"][-1] == 3
    assert sample["instances"].bboxes[-1] == pytest.approx([0.45, 0.65, 0.1, 0.1])
    assert sample["img"][104, 72].max() <= 10
    assert len(dataset.get_image_and_label(0)["cls"]) == len(sample["cls"]), "nothing stays from the time before"


@pytest.mark.slow
def test_a_run_with_one_head_pasted_damage_and_both_logs(
    data: DataPart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard", reason="needs the logs extra")
    mlflow = pytest.importorskip("mlflow", reason="needs the logs extra")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    network(tmp_path)
    monkeypatch.setattr(run_module, "make_paster", lambda *_: Dot())
    settings = config(
        data, tmp_path / "start.pt", epochs=2, one2many_only=True, copy_paste=1.0, log=["tensorboard", "mlflow"],
        freeze=2, average_steps=2,
    )  # fmt: skip
    run = tmp_path / "run"
    train(settings, run, "cpu", lambda _: None)
    assert [p.name for p in (run / "weights").iterdir()] == ["last.pt"], "no disk is filled with what nobody uses"
    before, after = (
        torch.load(path, map_location="cpu", weights_only=False)["model"].model
        for path in (tmp_path / "start.pt", run / "weights" / "last.pt")
    )
    moved = [not torch.equal(before[n].conv.weight.half(), after[n].conv.weight) for n in (0, 1, 3)]
    assert moved == [False, False, True], "the first two layers are frozen, the fourth is not"
    assert (before[3].bn.bias - after[3].bn.bias.float()).abs().max() < 0.02, "no bias leaps in the warm-up"
    head = after[-1]
    assert head.one2one_cv2 is None
    assert head.cv2 is not None
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert [e.step for e in events.Scalars("train/box_loss")] == [1, 2]
    mlflow.set_tracking_uri((run / "mlruns").as_uri())
    assert Dot.laid >= 2 * 10
    logged = mlflow.get_run((run / "mlflow-run.txt").read_text().strip())
    assert logged.data.params["one2many_only"] == "True"
    assert logged.data.metrics["train/box_loss"] == pytest.approx(events.Scalars("train/box_loss")[-1].value, rel=1e-5)
    assert logged.info.status == "FINISHED"
