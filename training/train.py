"""One training run: labelled pictures and start weights in, a checkpoint out.

Ultralytics does the training; this adds partial labels, rendered pictures, windscreen augmentation and bfloat16 on
CPUs.
"""

import errno
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from ultralytics.data import build_dataloader
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import load_checkpoint
from ultralytics.utils.callbacks import get_default_callbacks
from ultralytics.utils.torch_utils import init_seeds, unwrap_model

from detector.errors import InputError, SettingsError
from detector.files import atomic_path
from detector.model.backends import take_all_cores
from detector.model.predictor import Device
from detector.model.weights import CARD, kept_weights
from detector.taxonomy import NAMES
from training.augment import windscreen
from training.blend import numbers_of
from training.config import ADAMW, DataPart, TrainConfig, in_data_folder, start_weights
from training.copy_paste import Paster, cut_pieces, find_cameras
from training.data.card import read_card
from training.data.duplicates import examine
from training.data.pictures import RAVELLING, LabelledPicture, read_pictures
from training.loggers import attach, check_loggers
from training.partial_labels import DamageDataset, partial_label_criterion
from training.run_folder import Progress, finish, last_checkpoint, progress_of
from training.run_record import check_unchanged, write_record
from training.synthesis.pictures import render_pictures
from training.teacher import teach

DIVERGED = "the loss is no number any more: lower learning_rate, or set precision to fp32, and start a new run"
BATCH_NORM_BATCHES = 40  # enough pictures for stable statistics, half a minute on two cores


def gather(parts: Sequence[DataPart]) -> tuple[list[LabelledPicture], list[str]]:
    """Read every part of a split. Returns the pictures and a sentence for each file left out."""
    pictures: list[LabelledPicture] = []
    left_out: list[str] = []
    for part in parts:
        card = read_card(part.card) if part.card else None
        manifest = in_data_folder(part.manifest) if part.manifest else None
        reading = read_pictures(in_data_folder(part.folder), card, part.split, manifest)
        pictures.extend(reading.pictures * part.repeat)
        left_out.extend(reading.left_out)
    return pictures, left_out


def training_pictures(config: TrainConfig, run: Path) -> tuple[list[LabelledPicture], list[str]]:
    """All pictures that the run trains on: real, rendered, and the ravelled ones as often as the config says."""
    pictures, left_out = gather(config.train)
    if config.rendered:
        folder = run / "rendered"
        if not folder.is_dir():
            render_pictures(folder, config.rendered, seed=config.seed, size=config.input_px)
        pictures.extend(read_pictures(folder, read_card("rendered")).pictures)
    ravelled = [p for p in pictures if p.source != "rendered" and any(x.class_id == RAVELLING for x in p.labels)]
    return pictures + ravelled * (config.ravelling_repeat - 1), left_out


def whole(pictures: Sequence[LabelledPicture]) -> tuple[list[LabelledPicture], list[str]]:
    """The pictures that can be decoded, and a sentence for each that can't: found now, not in the middle of the run.

    A picture that is another file than was imported is left out too: nobody knows if its labels fit.
    """
    known = {p.path: p.sha256 for p in pictures}
    left_out: dict[Path, str] = {}
    for path, seen in zip(known, examine(list(known)), strict=True):
        if isinstance(seen, InputError):
            left_out[path] = str(seen)
        elif known[path] not in ("", seen.sha256):
            left_out[path] = f"{path}: is another file than was imported; import it again"
    return [p for p in pictures if p.path not in left_out], list(left_out.values())


class DamageTrainer(DetectionTrainer):  # type: ignore[misc]
    """Ultralytics' trainer over our pictures, with the loss for partial labels."""

    epochs: int  # planned
    last: Path  # the checkpoint that a cut-off run goes on from

    def __init__(
        self,
        config: TrainConfig,
        train: Sequence[LabelledPicture],
        val: Sequence[LabelledPicture],
        overrides: dict[str, Any],
    ) -> None:
        self.config = config
        self.pictures = {"train": list(train), "val": list(val)}
        self.epoch_time: float | None = None  # of the last epoch, seconds
        super().__init__(overrides=overrides)
        self.callbacks = get_default_callbacks()  # Ultralytics adds every tracker that it finds installed
        self.paster = make_paster(config, train) if config.copy_paste else None
        self.add_callback("on_pretrain_routine_end", prepare)

    def get_model(self, *args: Any, **kwargs: Any) -> nn.Module:
        """Build the model, without its end-to-end head where the config says so."""
        model: nn.Module = super().get_model(*args, **kwargs)
        if self.config.one2many_only:
            head = model.model[-1]
            head.end2end = False
            head.one2one_cv2 = head.one2one_cv3 = None
        model.to(memory_format=torch.channels_last)  # a quarter faster, on CPUs too
        return model

    def _setup_scheduler(self) -> None:
        """Fit the rate's way down to `hours` by rounding down: Ultralytics rounds up, and the end is never reached."""
        if self.config.hours and self.epoch_time is not None:
            self.epochs = self.args.epochs = max(self.epochs - 1, self.epoch + 1)
            self.stop |= self.epoch + 1 >= self.epochs
        super()._setup_scheduler()

    def get_dataset(self) -> dict[str, Any]:
        """The two splits by name; the pictures themselves are given, not searched for."""
        return {"train": "train", "val": "val", "nc": len(NAMES), "names": dict(enumerate(NAMES)), "channels": 3}

    def build_dataset(self, img_path: str, mode: str = "train", batch: int | None = None) -> DamageDataset:
        """Build the dataset of one split."""
        return DamageDataset(
            self.pictures[mode],
            self.paster if mode == "train" else None,
            self.config.window if mode == "train" else None,
            img_path=img_path,
            imgsz=self.args.imgsz,
            batch_size=batch,
            augment=mode == "train",
            hyp=self.args,
            rect=mode == "val",
            cache="ram" if self.config.cache and mode == "train" else None,
            stride=int(unwrap_model(self.model).stride.max()),
            pad=0.0 if mode == "train" else 0.5,
            data=self.data,
            task="detect",
            prefix=f"{mode}: ",
        )

    def get_dataloader(self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        """Build the loader. Unlike Ultralytics', it uses worker processes on a CPU too: the cores take turns better."""
        dataset = self.build_dataset(dataset_path, mode, batch_size)
        return build_dataloader(
            dataset,
            batch=batch_size,
            workers=self.config.workers,
            shuffle=mode == "train",
            rank=rank,
            device=self.device,
        )

    def validate(self) -> tuple[dict[str, float] | None, float | None]:
        """Validate only where the config asks for it; the packaged model is measured by `training.evaluate`."""
        metrics, fitness = super().validate() if self.config.validate_each_epoch else ({}, None)
        return metrics, fitness

    def save_model(self) -> bool:
        """Write the checkpoint whole or not at all: a run killed while writing must go on from the one before."""
        last = self.last
        self.best_fitness = math.nan  # that of no epoch, for Ultralytics would write that as best.pt, which nobody uses
        with atomic_path(last) as self.last:
            saved = bool(super().save_model())
        self.last = last
        return saved

    def _handle_nan_recovery(self, epoch: int) -> bool:
        """Go back to the last checkpoint as Ultralytics does; stop where it would train on with what is no number."""
        try:
            recovered = bool(super()._handle_nan_recovery(epoch))
        except RuntimeError as problem:
            raise SettingsError(f"{DIVERGED} ({problem})") from problem
        if not recovered and self.loss is not None and not bool(self.loss.isfinite()):
            raise SettingsError(DIVERGED)
        return recovered

    def _load_checkpoint_state(self, ckpt: dict[str, Any]) -> None:
        """Go back to a checkpoint as Ultralytics does, whose new average knows neither our decay nor our precision."""
        super()._load_checkpoint_state(ckpt)
        set_decay(self)
        self.ema.ema.__dict__.pop("forward", None)  # of the model that it was copied from (see `prepare`)

    def final_eval(self) -> None:
        """Leave the last checkpoint as it is: `finish` makes it the result, also for a run that was killed here."""


def prepare(trainer: DamageTrainer) -> None:
    """Before the first epoch: our loss, all cores, and batch-norm statistics that fit our pictures."""
    if trainer.device.type == "cpu":
        take_all_cores()
    model = unwrap_model(trainer.model)
    if trainer.device.type == "cpu" and trainer.config.precision == "bf16" and cpu_multiplies_bf16():
        model.forward = torch.autocast("cpu", torch.bfloat16)(model.forward)  # Ultralytics' own refuses CPUs
    model.criterion = partial_label_criterion(model)
    if trainer.config.start_share:
        numbers_of(start_weights(trainer.config.start), model)  # now, not after hours, when they don't fit
    set_decay(trainer)
    if trainer.config.recompute_batch_norm and trainer.start_epoch == 0:
        recompute_batch_norm(model, trainer)
        trainer.ema.ema.load_state_dict(model.state_dict())


def set_decay(trainer: DamageTrainer) -> None:
    """Have the result be the average that the config asks for."""
    if trainer.config.average_steps:
        trainer.ema.decay = average_decay(trainer.config.average_steps)


def cpu_multiplies_bf16() -> bool:
    """Whether this CPU has instructions for bfloat16; without them it is thirty times slower than fp32."""
    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))


def average_decay(steps: int) -> Callable[[int], float]:
    """The decay of a running average over about so many steps; from its update on, as that number grows."""
    return lambda updates: min(1 - 1 / steps, (1 + updates) / (10 + updates))


def recompute_batch_norm(model: nn.Module, trainer: DamageTrainer) -> None:
    """Replace the running mean and variance of every batch-norm layer by those of our own pictures."""
    layers = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain average over all batches
    model.train()
    with torch.no_grad():
        for number, batch in enumerate(trainer.train_loader):
            if number == BATCH_NORM_BATCHES:
                break
            model(trainer.preprocess_batch(batch)["img"])
    trainer.train_loader.reset()  # else the first epoch would begin in the middle of this pass
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def overrides(config: TrainConfig, run: Path, device: str) -> dict[str, Any]:
    """Ultralytics' settings for this config."""
    on_cpu = device == "cpu"
    return {
        "model": str(start_weights(config.start)),
        "data": config.name,
        "task": "detect",
        "mode": "train",
        "save_dir": str(run),
        "exist_ok": True,
        "device": device,
        "imgsz": config.input_px,
        "epochs": config.epochs,
        "time": config.hours,
        "batch": config.batch,
        "nbs": config.batch,  # a step for every batch: Ultralytics gathers 64 pictures, too few steps for a short run
        **ADAMW,
        "lr0": config.learning_rate,
        "lrf": 0.02,
        "weight_decay": config.weight_decay,
        "warmup_epochs": config.warmup_epochs,
        "freeze": config.freeze,
        "amp": False if on_cpu else {"bf16": "bf16", "fp16": True, "fp32": False}[config.precision],
        "seed": config.seed,
        "deterministic": False,
        "mosaic": config.mosaic,
        "close_mosaic": config.close_mosaic,
        "scale": config.scale,
        "degrees": 2.0,
        "translate": 0.1,
        "perspective": config.perspective,
        "fliplr": 0.5,
        "flipud": 0.0,
        "mixup": 0.0,
        "augmentations": windscreen(),
        "val": config.validate_each_epoch,
        "patience": config.epochs,
        "plots": False,
        "workers": config.workers,
    }


def train(config: TrainConfig, run: Path, device: str = "auto", say: Callable[[str], None] = print) -> Path:
    """Train and return the path of the last checkpoint (the exponential moving average of the weights).

    A run that was cut off goes on where it was, be it at the very end. Raises InputError for missing data or start
    weights and SettingsError when the run is already finished and packaged, or began with other settings.
    """
    check_start(start_weights(config.start))
    for name in (config.teacher, *(look.network for look in config.run_more_looks)):
        if name:
            kept_weights(name)  # now, not after all pictures were read, when there is none
    chosen = choose_device(device)
    run.mkdir(parents=True, exist_ok=True)
    check_loggers(config.log)
    progress = progress_of(run)
    if progress.finished and (run / config.name / CARD).is_file():
        raise SettingsError(f"{run}: this run is finished; name another --out to train anew")
    if progress != Progress():
        check_unchanged(config, run)
    if not progress.trained:
        learn(config, run, chosen, progress.epochs, say)
    if not progress.finished:
        finish(config, run)
    return last_checkpoint(run)


def check_start(start: Path) -> None:
    """Raise InputError for start weights that can't be trained: now, not after all pictures were read."""
    if not start.is_file():
        raise InputError(start, "start weights are missing", "set SCHOUW_DATA to the folder that holds them")
    if start.suffix != ".pt":
        raise InputError(start, "start weights end in .pt", "name a checkpoint of Ultralytics")
    try:
        load_checkpoint(start)
    except Exception as problem:  # a damaged pickle can raise anything
        raise InputError(start, "is damaged, or no checkpoint of Ultralytics", "copy it again") from problem


def choose_device(device: str) -> str:
    """Ultralytics' name of the device to train on. Raises SettingsError for one that isn't there."""
    gpus = torch.cuda.device_count()
    if device == "auto":
        return "0" if gpus else "cpu"
    if "," in device:
        raise SettingsError(f"--device {device}: a run uses one device; name one, such as 0")
    number = device.removeprefix("cuda:")
    if device == "cpu" or (number.isdecimal() and int(number) < gpus):
        return number
    raise SettingsError(f"--device {device}: is not here, where there are {gpus} CUDA devices; name another, or cpu")


def learn(config: TrainConfig, run: Path, device: str, epochs: int, say: Callable[[str], None]) -> None:
    """Train until the last epoch; so many `epochs` are behind the run."""
    pictures, val, left_out = all_pictures(config, run, say)
    settings = overrides(config, run, device)
    if epochs:
        settings["resume"] = str(last_checkpoint(run))
    try:
        write_record(config, pictures, val, left_out, run)
        if config.teacher:
            say(f"{config.teacher} looks at the pictures to train on")
            looks_on: Device = "cpu" if device == "cpu" else "auto"
            pictures = teach(pictures, kept_weights(config.teacher), config.teacher_share, looks_on)
        trainer = DamageTrainer(config, pictures, [replace(p, ignored=()) for p in val], settings)
        if epochs:
            init_seeds(config.seed + epochs)  # else the pictures of the first epochs would come again, changed alike
        attach(trainer, config.log, run, config.model_dump(mode="json"))
        trainer.train()
    except FileNotFoundError as problem:
        raise InputError(run, f"a file vanished during the run: {problem}", "put it back, and run again") from problem
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise InputError(run, "the disk is full", "make room; the same command goes on where it was") from problem
        raise


def all_pictures(
    config: TrainConfig, run: Path, say: Callable[[str], None]
) -> tuple[list[LabelledPicture], list[LabelledPicture], list[str]]:
    """The pictures to train and to validate on, and a sentence for each that was left out.

    Raises SettingsError when nothing is left of either.
    """
    pictures, left_out = training_pictures(config, run)
    val, left_out_val = gather(config.val)
    (pictures, broken), (val, broken_val) = whole(pictures), whole(val)
    left_out += broken + left_out_val + broken_val
    for sentence in left_out:
        say(f"left out: {sentence}")
    say(f"{len(pictures)} pictures to train on, {len(val)} to validate on, {len(left_out)} left out")
    if not pictures or not val:
        raise SettingsError(f"nothing is left to {'validate on' if pictures else 'train on'}")
    return pictures, val, left_out


def make_paster(config: TrainConfig, pictures: Sequence[LabelledPicture]) -> Paster:
    """What the run lays on its pictures. Raises SettingsError when there are no masks to cut along."""
    real = [p for p in pictures if p.source != "rendered"]
    cameras = find_cameras(real, config.seed)
    pieces = cut_pieces(real, cameras, config.seed)
    if not pieces:
        raise SettingsError("copy_paste: no training picture has a mask beside it, in masks/; set it to 0")
    return Paster(pieces, cameras, config.copy_paste)
