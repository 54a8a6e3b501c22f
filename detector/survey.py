"""One survey, start to end: footage and a track in, a result folder with defects on the ground out.

Frames flow one by one: decode -> predict -> measure -> crop; memory holds a few pictures whatever the length of the
footage. What is kept of a frame is its place, its detections and what road it shows.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, TypeAlias

from detector import __version__
from detector.crops import Crops
from detector.errors import FootageError, SchouwError
from detector.footage.sampling import read
from detector.itinerary import Leg, plan_legs
from detector.model.predictor import Device, Predictor
from detector.model.weights import Weights, default_weights, load_weights
from detector.results import SurveyResult, write_result
from detector.scene.camera import read_camera
from detector.scene.coverage import RoadView, judge, view_road
from detector.scene.lens import Cameras
from detector.scene.measure import measure
from detector.scene.tracking import track as follow
from detector.taxonomy import NAMES
from detector.types import Defect, Detection, Fix, Frame, Image, Look

Key: TypeAlias = tuple[Leg, Frame, Image]


class Progress(Protocol):
    """Told how far a stage is: its name, how much is done, and of how much (None while unknown)."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Show it."""


class Model(Protocol):
    """What a survey asks of a model; `detector.model.predictor.Predictor` is the one in service."""

    device: Any

    def stream(self, pictures: Iterable[tuple[Key, Image]]) -> Iterator[tuple[Key, list[Detection]]]:
        """Yield each key with the damage in its picture, in order, pulling pictures as it goes."""
