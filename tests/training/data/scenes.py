"""Small datasets of scenes drawn at random, for the tests of what looks at datasets."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags
from PIL import Image as PillowImage

from detector.images import write_jpeg
from detector.model.weights import sha256
from detector.taxonomy import NAMES
from detector.types import Image
from training.data.card import Origin
from training.data.dataset import Dataset, read_dataset, write_dataset
from training.data.record import Annotation, Picture

WIDTH, HEIGHT = 160, 120
ORIGIN = Origin(title="drawn", licence="CC0-1.0", attribution="nobody")


def scene(seed: int) -> Image:
    """A view that looks like no other seed's."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.uniform(0, 255, (12, 16, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(image, 0, 255).astype(np.uint8)


def dark(image: Image) -> Image:
    """The same view on a dull day."""
    return np.asarray(image * 0.7, np.uint8)


def write_lying(view: Image, path: Path) -> None:
    """Write a view as a camera held on its side does: a quarter turned, and the EXIF data say so."""
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be shown a quarter turned clockwise
    path.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(np.rot90(view)).save(path, exif=exif, quality=95)


def box(label: str, *corners: float, **more: object) -> Annotation:
    return Annotation.model_validate({"label": label, "box": corners, **more})


def picture(folder: Path, name: str, view: Image, **fields: object) -> Picture:
    """Write a picture file and return its record."""
    path = folder / "pictures" / name
    write_jpeg(view, path)
    known = {"name": name, "path": str(path), "width": view.shape[1], "height": view.shape[0], "source": "drawn"}
    return Picture.model_validate({**known, "sha256": sha256(path), "looked_for": NAMES, **fields})


def dataset(folder: Path, pictures: Iterable[Picture]) -> Dataset:
    """Write a dataset of these pictures beside their files."""
    pictures = list(pictures)
    with write_dataset(folder / "dataset", "Drawn", {p.source: ORIGIN for p in pictures}) as writer:
        for p in pictures:
            writer.add(p)
    return read_dataset(folder / "dataset")
