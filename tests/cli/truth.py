"""A model that knows the truth of a rendered drive: its skill is not what is tested."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from detector.survey import Key
from detector.taxonomy import BY_NAME
from detector.types import Detection, Image


class TruthModel:
    """Finds in each frame the boxes that the rendering's truth gives."""

    def __init__(self, drive: Path) -> None:
        truth = json.loads((drive / "truth.json").read_text())
        self.classes = [BY_NAME[damage["class"]].id for damage in truth["damages"]]
        self.frames = truth["frames"]
        self.times = np.array([frame["media_time_s"] for frame in self.frames])

    def stream(self, pictures: Iterable[tuple[Key, Image]], /) -> Iterator[tuple[Key, list[Detection]]]:
        for key, _ in pictures:
            frame = self.frames[int(np.abs(self.times - key[1].media_time_s).argmin())]
            yield key, [Detection(tuple(b["box"]), 0.9, self.classes[b["damage"]]) for b in frame["boxes"]]
