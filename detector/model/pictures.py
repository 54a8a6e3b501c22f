"""Damage in loose pictures, which have no place: folders or files in, boxes by picture name out."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from detector.errors import InputError, SchouwError
from detector.images import read_image, write_jpeg
from detector.model.drawing import draw
from detector.model.predictor import Predictor
from detector.types import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

Row = list[float]  # x0, y0, x1, y1, score, class id


def list_pictures(inputs: Iterable[Path]) -> list[Path]:
    """List the picture files among files and folders (not their subfolders), each once, folders in order of name.

    A file is taken as it is named, so that `predict_pictures` reports it when it can't be read.

    Raises:
        InputError: a folder without pictures, or two pictures of one stem, which is their key in the answer.
    """
    found: dict[str, Path] = {}
    for given in inputs:
        pictures = [given]
        if given.is_dir():
            pictures = sorted(p for p in given.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
            if not pictures:
                raise InputError(given, "no pictures in this folder", f"it reads {' '.join(sorted(SUFFIXES))}")
        for path in pictures:
            first = found.setdefault(path.stem, path)
            if first.resolve() != path.resolve():
                raise InputError(
                    path, f"has the same name as {first}", "rename one: the answer is listed by name without suffix"
                )
    return list(found.values())


def predict_pictures(
    paths: Iterable[Path], predictor: Predictor, draw_folder: Path | None = None
) -> tuple[dict[str, list[Row]], list[SchouwError]]:
    """Run the model on picture files, one at a time as `paths` yields them.

    Args:
        paths: from `list_pictures`; may be wrapped to show progress.
        predictor: the model.
        draw_folder: where pictures with boxes go, as `<stem>.jpg`; made if missing.

    Returns:
        Per stem its rows [x0, y0, x1, y1, score, class id], best score first, in pixels of the upright picture (turned
        as its EXIF orientation says); and an error for each picture that can't be read, which has no rows.
    """
    rows: dict[str, list[Row]] = {}
    errors: list[SchouwError] = []

    def readable() -> Iterator[tuple[tuple[Path, Image | None], Image]]:
        for path in paths:
            try:
                image = read_image(path, upright=True)
            except InputError as error:
                errors.append(error)
            else:
                yield (path, None if draw_folder is None else image), image

    for (path, image), detections in predictor.stream(readable()):
        rows[path.stem] = [[*d.box, d.score, d.class_id] for d in detections]
        if draw_folder is not None and image is not None:
            write_jpeg(draw(image, detections), draw_folder / f"{path.stem}.jpg")
    return rows, errors
