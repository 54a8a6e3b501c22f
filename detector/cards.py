"""Folders that the program writes whole and reads back, each known by its card: a JSON file with format and version."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.errors import InputError


@dataclass(frozen=True, slots=True)
class FolderKind:
    """One kind of folder."""

    card: str  # file name of its card
    format: str
    version: int
    name: str  # with its article: "a survey result"
    briefly: str  # "a result"
    where: str  # what to do when another folder was named
    again: str  # how such a folder is made again
    other_version: str  # what to do with one of another version

    def read_card(self, folder: Path) -> dict[str, Any]:
        """Read a folder's card. Raises `InputError` where there is none, or one of another kind or version."""
        card = self._card_of_any_version(folder)
        if card.get("version") != self.version:
            raise InputError(
                folder / self.card,
                f"{self.briefly} of version {card.get('version')}; this schouw reads version {self.version}",
                self.other_version,
            )
        return card

    def _card_of_any_version(self, folder: Path) -> dict[str, Any]:
        path = folder / self.card
        if not path.is_file():
            raise InputError(folder, f"no {self.name.split(' ', 1)[1]} here: it has no {self.card}", self.where)
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise InputError(path, "not valid JSON", self.again) from error
        if not isinstance(card, dict) or card.get("format") != self.format:
            raise InputError(path, f"not {self.name}'s description", self.where)
        return card

    def write_card(self, folder: Path, content: dict[str, Any]) -> None:
        """Write the card of a folder that is being made."""
        card = {"format": self.format, "version": self.version, **content}
        text = json.dumps(card, ensure_ascii=False, indent=2, allow_nan=False)
        (folder / self.card).write_text(text + "\n", encoding="utf-8")

    def check_replaceable(self, folder: Path) -> None:
        """Raise `InputError` if `folder` holds something of another kind: writing one would remove it."""
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
        try:
            self._card_of_any_version(folder)
        except InputError as error:
            raise InputError(folder, f"holds something other than {self.name}", "choose another folder") from error
