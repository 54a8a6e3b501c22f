"""The one form in which labelled pictures lie on disk: a folder with a card and a line of JSON for each picture.

    dataset.json     the card: sources with licence and attribution, what was imported from where, counts
    pictures.jsonl   one `Picture` a line; lines can be read one by one, compared and edited
    images/          the pictures, where they were copied or linked; else lines name them where they lie
    left_out.csv     what the import could not use, and why

Only here is that form read and written.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from detector.cards import FolderKind
from detector.errors import InputError
from detector.files import atomic_folder
from training.data.card import Origin
from training.data.record import Picture, first_fault

KIND = FolderKind(
    card="dataset.json",
    format="schouw-dataset",
    version=1,
    name="a dataset",
    briefly="a dataset",
    where="name a folder that `schouw data import` made",
    again="import it again",
    other_version="import it again",
)
PICTURES = "pictures.jsonl"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset on disk. Its pictures are read as they are asked for, so it may be larger than memory."""

    folder: Path
    title: str
    sources: dict[str, Origin]
    imported: tuple[dict[str, Any], ...]  # one entry for each import: from, format, card, time_utc, left_out
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Picture]:
        """Yield the pictures in the order in which they were written. Raises InputError naming a line at fault."""
        path = self.folder / PICTURES
        with path.open("rb") as lines:  # bytes: what is not UTF-8 is the fault of one line too
            for number, line in enumerate(lines, start=1):
                try:
                    yield Picture.model_validate_json(line)
                except ValidationError as problem:
                    raise InputError(path, f"line {number} is not a picture: {first_fault(problem)}") from problem

    def file(self, picture: Picture) -> Path:
        """Where the picture lies."""
        return self.folder / picture.path

    def origin(self, picture: Picture) -> Origin:
        """The source of a picture. Raises InputError when the card doesn't have it."""
        if picture.source not in self.sources:
            raise InputError(self.folder / KIND.card, f"describes no source '{picture.source}', of {picture.name}")
        return self.sources[picture.source]


def is_dataset(folder: Path) -> bool:
    """Whether the folder is a dataset."""
    return (folder / KIND.card).is_file()


def read_dataset(folder: Path) -> Dataset:
    """Open a dataset. Raises InputError when the folder is none, or lacks something."""
    card = KIND.read_card(folder)
    if not (folder / PICTURES).is_file():
        raise InputError(folder / PICTURES, "is missing", KIND.again)
    try:
        sources = {name: Origin.model_validate(source) for name, source in card["sources"].items()}
        return Dataset(folder, card["title"], sources, tuple(card["imported"]), card["counts"]["pictures"])
    except (KeyError, TypeError, AttributeError, ValidationError) as problem:
        raise InputError(
            folder / KIND.card, f"is not a valid dataset card: {first_fault(problem)}", KIND.again
        ) from problem


class Writer:
    """Adds pictures to a dataset that is being made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures = 0
        self.boxes, self.splits, self.sources = Counter[str](), Counter[str](), Counter[str]()
        self._lines = (folder / PICTURES).open("w", encoding="utf-8", newline="\n")

    def add(self, picture: Picture) -> None:
        """Write one picture."""
        self._lines.write(picture.model_dump_json(exclude_defaults=True) + "\n")
        self.pictures += 1
        self.boxes.update(a.label for a in picture.annotations)
        self.splits[picture.split or "none"] += 1
        self.sources[picture.source] += 1

    def close(self) -> None:
        """Close the list of pictures."""
        self._lines.close()


@contextmanager
def write_dataset(
    folder: Path, title: str, sources: dict[str, Origin], imported: tuple[dict[str, Any], ...] = ()
) -> Iterator[Writer]:
    """Make a dataset: whole, or not at all when the block ends with an error.

    `sources` and the entries of `imported` are written when the block ends, so it may still fill them. An older
    dataset of that name is replaced. Raises InputError when the folder holds something else.
    """
    KIND.check_replaceable(folder)
    with atomic_folder(folder) as temporary:
        writer = Writer(temporary)
        try:
            yield writer
        finally:
            writer.close()
        KIND.write_card(
            temporary,
            {
                "title": title,
                "sources": {
                    name: source.model_dump(mode="json", exclude_defaults=True) for name, source in sources.items()
                },
                "imported": list(imported),
                "counts": {
                    "pictures": writer.pictures,
                    "boxes": writer.boxes,
                    "splits": writer.splits,
                    "sources": writer.sources,
                },
            },
        )
