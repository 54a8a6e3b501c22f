"""What a reader of any format gives: pictures with labels in the source's class names, and what it could not read."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from PIL import ExifTags
from PIL import Image as PillowImage

from detector.errors import InputError
from training.data.record import Annotation, first_fault

PICTURE_SUFFIXES = {".webp", ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff"}
SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "test1": "test",
    "test2": "test",
}
LYING = {5, 6, 7, 8}  # EXIF orientations that turn a picture by a quarter; labelling programs and OpenCV follow them
EXTRAS = "schouw"  # the key under which formats with room for more carry what they have no place for


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not taken over, and why. `fault` tells a mistake from what a card says to leave out."""

    file: Path
    what: str  # picture, folder, label file, line, box, class, or changed: taken over, but not as it was
    reason: str
    fault: bool = True

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """A picture as its source describes it."""

    path: Path
    labels: Path  # the file that says so
    annotations: tuple[Annotation, ...] | None  # in the source's class names; None when nobody labelled the picture
    said: dict[str, Any] = field(default_factory=dict)  # fields of `Picture` that the source knows
    left_out: tuple[LeftOut, ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether somebody labelled it. Exports of ours have label files of other pictures too, and say so in them."""
        said_unlabelled = not self.annotations and self.said.get("looked_for") in ([], ())
        return self.annotations is not None and not said_unlabelled


Found = SourcePicture | LeftOut


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, upright, from the file's head. Raises InputError for a file that is no picture."""
    try:
        with PillowImage.open(path) as picture:
            width, height = picture.size
            lies = picture.getexif().get(ExifTags.Base.Orientation) in LYING
            return (height, width) if lies else (width, height)
    # ImportError: Ultralytics patches Pillow to ask for HEIF.
    except (OSError, ImportError, ValueError, SyntaxError, PillowImage.DecompressionBombError) as problem:
        raise InputError(path, "is not a readable picture") from problem


def is_picture(path: Path) -> bool:
    """Whether the name is a picture's."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def pictures_in(folder: Path) -> list[Path]:
    """Pictures that lie directly in a folder, by name."""
    return sorted(p for p in folder.iterdir() if is_picture(p)) if folder.is_dir() else []


def split_of(*names: str) -> str | None:
    """The split that a folder's name means, the first that does."""
    return next((SPLITS[name.lower()] for name in names if name.lower() in SPLITS), None)


class Album:
    """Finds the pictures that label files name, by as much of their path as is the same on both machines."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._by_name: dict[str, list[Path]] = {}
        self._by_stem: dict[str, list[Path]] = {}
        for path in sorted(root.rglob("*")):
            if is_picture(path):
                self._by_name.setdefault(path.name, []).append(path)
                self._by_stem.setdefault(path.stem, []).append(path)

    def find(self, said: str) -> Path:
        """The picture that is meant. Raises InputError when there is none, or several fit equally well."""
        text = re.sub(r"^.*[?&]d=", "", said.replace("\\", "/"))
        parts = (text if self._called(text) else unquote(text)).split("/")
        candidates = self._called(parts[-1])
        if not candidates:
            raise InputError(said, f"is named but lies nowhere in {self.root}")
        shared = [shared_tail(path.parent.parts, parts[:-1]) for path in candidates]
        best = [path for path, n in zip(candidates, shared, strict=True) if n == max(shared)]
        if len(best) > 1:
            raise InputError(said, f"may be any of {len(best)} pictures of that name in {self.root}")
        return best[0]

    def others(self, used: set[Path]) -> Iterator[Path]:
        """Pictures that are not among those."""
        for paths in self._by_name.values():
            yield from (path for path in paths if path not in used)

    def _called(self, said: str) -> list[Path]:
        name = said.rpartition("/")[2]
        uploaded = re.sub(r"^[0-9a-f]{8}-", "", name)  # Label Studio puts this before uploaded names
        without_suffix = [] if is_picture(Path(name)) else self._by_stem.get(name, [])  # CVAT: frames of a video
        return self._by_name.get(name) or self._by_name.get(uploaded) or without_suffix


def read_all(
    files: Sequence[Path], album: Album, read_file: Callable[[Path, Album], Iterator[Found]]
) -> Iterator[Found]:
    """All that label files say of pictures that one of them labels, then the pictures that none does."""
    labelled: set[Path] = set()
    unlabelled: dict[Path, SourcePicture] = {}
    for file in files:
        for found in read_file(file, album):
            if isinstance(found, LeftOut):
                yield found
            elif found.labelled:
                labelled.add(found.path)
                yield found
            else:
                unlabelled.setdefault(found.path, found)
    for path in album.others(labelled):
        yield unlabelled.get(path) or SourcePicture(path, files[0], None)


def shared_tail(a: Iterable[str], b: Iterable[str]) -> int:
    """How many parts of two paths are the same, counted from their ends."""
    count = 0
    for x, y in zip(reversed(list(a)), reversed(list(b)), strict=False):
        if x != y:
            break
        count += 1
    return count


def box_of(points: Iterable[tuple[float, float]]) -> tuple[float, float, float, float]:
    """The box around points x, y."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def annotation(file: Path, where: str, **fields: Any) -> Annotation:
    """An annotation. Raises InputError naming file and place when a value is impossible."""
    try:
        return Annotation(**fields)
    except ValueError as problem:
        raise InputError(file, f"{where}: {first_fault(problem)}") from problem


@contextlib.contextmanager
def well_formed(file: Path, what: str) -> Iterator[None]:
    """Turn whatever Python says of data of the wrong shape into InputError: files come from anywhere."""
    try:
        yield
    except (TypeError, KeyError, AttributeError, ValueError, IndexError, OverflowError) as problem:
        raise InputError(
            file, f"{what} is not as the format wants it ({type(problem).__name__}: {problem})"
        ) from problem


def number(text: str | None, otherwise: float = 0.0) -> float:
    """A number from text, `otherwise` when it is missing. Raises ValueError for anything else."""
    return otherwise if text is None else float(text)


def matching_files(source: Path, suffix: str) -> list[Path]:
    """The source itself, or all files of that suffix below it."""
    if source.is_file():
        return [source] if source.suffix.lower() == suffix else []
    found: list[Path] = []
    with contextlib.suppress(OSError):
        found = sorted(p for p in source.rglob(f"*{suffix}") if p.is_file() and not p.name.startswith("."))
    return found
