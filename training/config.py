"""A training run's settings, from YAML. Strict: a typo is an error, not a default."""

import os
from collections.abc import Hashable
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from yaml.constructor import ConstructorError

from detector.errors import InputError
from detector.files import read_text
from detector.model.weights import CHECKPOINT, Look, ModelName, weights_folder
from training.loggers import Logger

# Ultralytics' settings for AdamW. Its warm-up starts biases at 0.1, which is for SGD: AdamW would move every bias by
# 0.1 a step, and undo what the start weights knew.
ADAMW = {"optimizer": "AdamW", "cos_lr": True, "warmup_bias_lr": 0.0}


def _no_folder_of_the_run(name: str) -> str:
    if name in ("weights", "rendered"):
        raise ValueError(f"a run keeps other things in its folder '{name}'; choose another name")
    return name


WindowSide = Annotated[int, Field(ge=128, multiple_of=32)]


class DataPart(BaseModel):
    """Pictures of one folder: `folder` is relative to the shared data folder unless it is absolute.

    It is a dataset that `schouw data import` made, or has images/ and labels/ (YOLO) that a card describes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    card: str | None = None  # of datasets/; a dataset needs none
    folder: Path
    split: Literal["train", "val", "test"] | None = None  # only this one
    manifest: Path | None = None  # that `schouw data split` wrote: it decides, not the dataset
    repeat: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _manifest_needs_a_split(self) -> Self:
        if self.manifest and not self.split:
            raise ValueError("a manifest needs `split`: train, val or test")
        return self


class TrainConfig(BaseModel):
    """Everything that decides a training run."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: Annotated[ModelName, AfterValidator(_no_folder_of_the_run)]  # of the packaged model, and of its folder
    version: str = "1"
    architecture: Literal["YOLO26n", "YOLO11n", "YOLOv8s"] = "YOLO26n"
    start: Path  # weights to start from: a model of ours by its name, or a file (see `start_weights`)
    train: tuple[DataPart, ...]
    val: tuple[DataPart, ...]
    rendered: int = Field(default=0, ge=0)  # rendered pictures added to train, drawn at the start of the run
    ravelling_repeat: int = Field(default=1, ge=1)  # pictures that show ravelling are few: how often each is seen
    input_px: int = Field(default=640, ge=128, multiple_of=32)
    window: tuple[WindowSide, WindowSide] | None = None  # width and height of windows cut out of pictures of input_px
    run_px: int = Field(default=640, ge=128, multiple_of=32)  # input of the packaged model
    run_more_looks: tuple[Look, ...] = ()  # of the packaged model at every picture, fused with the first
    end_to_end: bool = False  # which of YOLO26's heads is packaged; YOLO11 has only the other
    one2many_only: bool = False  # train without the end-to-end head, which then can't be packaged
    freeze: int = Field(default=0, ge=0, le=23)  # of 24 layers the first so many stay: a third cheaper with 3
    average_steps: int | None = Field(default=None, ge=1)  # the result is an average over the last; None: Ultralytics'
    start_share: float = Field(default=0.0, ge=0, lt=1)  # so much of the start weights is blended into the result
    epochs: int = Field(default=50, ge=1)
    hours: float | None = Field(default=None, gt=0)  # end after this time; the schedule is fitted to it
    batch: int = Field(default=16, ge=1)
    teacher: ModelName | None = None  # a model of ours that says how sure labels are, and what nobody labelled
    teacher_share: float = Field(default=0.5, ge=0.05, le=0.95)  # so much of what is learnt is what it says
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=5e-4, ge=0)
    warmup_epochs: float = Field(default=1.0, ge=0)
    mosaic: float = Field(default=0.7, ge=0, le=1)
    close_mosaic: int = Field(default=4, ge=0)
    scale: float = Field(default=0.4, ge=0, lt=1)  # larger and smaller by so much; with windows only smaller
    perspective: float = Field(default=0.0, ge=0, le=0.001)  # of the picture's plane, as a camera that nods and turns
    copy_paste: float = Field(default=0.0, ge=0, le=1)  # of the pictures get damage cut out of others, along its masks
    seed: int = Field(default=0, ge=0, lt=2**31)  # NumPy takes 32 bits, and a run that goes on adds its epochs
    precision: Literal["bf16", "fp16", "fp32"] = "bf16"  # on a CPU without instructions for it: fp32
    validate_each_epoch: bool = False
    recompute_batch_norm: bool = True  # for start weights whose statistics don't fit (see the weights' notes)
    workers: int = Field(default=1, ge=0)
    cache: bool = True  # keep the pictures in memory
    log: tuple[Logger, ...] = ()  # tensorboard, mlflow

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.one2many_only and self.end_to_end:
            raise ValueError("one2many_only drops the end-to-end head, which end_to_end would package")
        return self

    @model_validator(mode="after")
    def _windows_fit(self) -> Self:
        if self.window is None:
            return self
        if self.mosaic:
            raise ValueError("window: a window shows a part of one picture; set mosaic to 0")
        if max(self.window) > self.input_px:
            raise ValueError("window: is larger than input_px")
        return self


def data_folder() -> Path:
    """The shared data: `SCHOUW_DATA`, else `../shared` beside the working folder."""
    return Path(os.environ.get("SCHOUW_DATA", "../shared"))


def in_data_folder(path: Path) -> Path:
    """Resolve a path of a config against the shared data folder."""
    return path if path.is_absolute() else data_folder() / path


def start_weights(start: Path) -> Path:
    """The checkpoint that a config's `start` names: of a model in the weights folder, else a file like other paths."""
    named = weights_folder() / start / CHECKPOINT
    return named if named.is_file() else in_data_folder(start)


class _OnceLoader(yaml.SafeLoader):
    """YAML's safe loader, which takes the last of two equal keys, but for that it refuses the second."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for first, second in combinations(keys, 2):
            if first.value == second.value:
                line = second.start_mark.line + 1
                raise ConstructorError(problem=f"'{second.value}' is given twice, again in line {line}")
        return super().construct_mapping(node, deep)


def read_config(path: Path) -> TrainConfig:
    """Read a training config. Raises InputError naming the key at fault."""
    if not path.is_file():
        raise InputError(path, "is missing", "see training/configs/ for examples")
    try:
        return TrainConfig.model_validate(yaml.load(read_text(path), Loader=_OnceLoader))
    except ValidationError as problem:
        first = problem.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(path, f"'{key}': {first['msg']}") from problem
    except yaml.YAMLError as problem:
        raise InputError(path, f"is not YAML: {problem}") from problem
