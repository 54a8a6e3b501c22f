"""Where a writer of any format puts pictures and labels, and the account of what found a place and what didn't."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.errors import InputError
from training.data.dataset import Dataset
from training.data.record import Picture


@dataclass
class Target:
    """One export. `said_elsewhere` counts what the format has no field for, by where it was put instead."""

    dataset: Dataset
    folder: Path
    split: str | None = None  # only this one
    copy: bool = False  # pictures are copied; else linked
    pre_labels: bool = False  # labels are proposals for somebody to correct
    progress: Callable[[int], None] = lambda done: None
    carried_fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: list[tuple[str, str]] = field(default_factory=list)  # picture's name, reason

    def pictures(self, report: bool = True) -> Iterator[Picture]:
        """The pictures to write, in the dataset's order. May be gone through more than once."""
        for done, picture in enumerate((p for p in self.dataset if self.split in (None, p.split)), start=1):
            yield picture
            if report:
                self.progress(done)

    def place(self, picture: Picture, relative: str) -> None:
        """Put a picture into the export. Raises InputError when it is gone."""
        source = self.dataset.file(picture)
        if not source.is_file():
            raise InputError(source, "is gone, though the dataset names it", "import the dataset again")
        place_file(source, self.path(relative), self.copy)

    def path(self, relative: str) -> Path:
        """Where a file of the export goes; its folder is made."""
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def text(self, relative: str, content: str) -> None:
        """Write a text file."""
        self.path(relative).write_text(content, encoding="utf-8", newline="\n")

    def carried(self, fields: dict[str, Any], where: str) -> None:
        """Count fields that the format itself doesn't have."""
        self.carried_fields.update((name, where) for name in fields)


def check_kept(path: Path, replaced: Path, remedy: str) -> None:
    """Raise InputError when a file lies in a folder that is about to be replaced: it may be the only copy."""
    if path.resolve().is_relative_to(replaced.resolve()):
        raise InputError(path, f"lies in {replaced}, which would be replaced", remedy)


def place_file(source: Path, target: Path, copy: bool) -> None:
    """Copy a file, or make a hard link, or where the disks differ a symbolic one."""
    if copy:
        shutil.copyfile(source, target)
        return
    try:
        os.link(source.resolve(), target)
    except OSError:
        target.symlink_to(source.resolve())
