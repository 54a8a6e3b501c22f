"""Data set cards (`datasets/*.yaml`): where pictures come from, what was labelled in them and what was not."""

import re
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from detector.errors import InputError
from detector.files import read_text
from detector.taxonomy import NAMES
from training.data.record import IGNORE, check_classes, first_fault


class Origin(BaseModel):
    """Where pictures come from and under which terms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    licence: str
    attribution: str
    hide: tuple[float, float, float, float] | None = None  # overlay: x0, y0, x1, y1 as fractions of the picture
    mind: str = ""


class Target(BaseModel):
    """What a class of theirs is in our words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str | None = None  # our class, "ignore", or None: not damage that we know
    maybe: tuple[str, ...] = ()  # our classes that it may be instead, or of which it says nothing

    @model_validator(mode="before")
    @classmethod
    def _brief(cls, given: Any) -> Any:
        """A name alone is that class; `ignore` alone is a region that says nothing about any class."""
        if given == IGNORE:
            return {"label": IGNORE, "maybe": NAMES}
        return {"label": given} if given is None or isinstance(given, str) else given

    @model_validator(mode="after")
    def _known(self) -> "Target":
        check_classes(name for name in (self.label, *self.maybe) if name and name != IGNORE)
        if self.label == IGNORE and not self.maybe:
            raise ValueError("`ignore` needs the classes in `maybe`")
        return self


class Source(Origin):
    """One collection of pictures that was labelled in one way."""

    class_map: dict[str, Target]  # by the name, or the number as text, of the class in the label files
    looked_for: frozenset[str]  # classes whose absence means "there is none"
    group: str | None = None  # regular expression: what it finds in a file's name is its road, drive or place

    @field_validator("class_map", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        if isinstance(given, list | tuple):
            return {str(number): name for number, name in enumerate(given)}
        return {str(name): target for name, target in given.items()} if isinstance(given, dict) else given

    @field_validator("looked_for")
    @classmethod
    def _known(cls, names: frozenset[str]) -> frozenset[str]:
        return frozenset(check_classes(names))

    @field_validator("group")
    @classmethod
    def _is_pattern(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as problem:
            raise ValueError(f"'{pattern}' is no regular expression: {problem}") from problem
        return pattern

    def target(self, name: str) -> Target | None:
        """What a class is in our words; our own names and `ignore` are always known. None is a hole in the map.

        Tools change how names are written, so case, blanks and hyphens don't matter.
        """
        if name in self.class_map:
            return self.class_map[name]
        alike = next((target for known, target in self.class_map.items() if _plain(known) == _plain(name)), None)
        return Target.model_validate(name) if alike is None and name in (*NAMES, IGNORE) else alike

    def origin(self) -> Origin:
        """The part that a dataset keeps."""
        return Origin.model_validate(self.model_dump(include=set(Origin.model_fields)))


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


class Card(BaseModel):
    """A data set: one or more sources that lie in one folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    split: str  # how train and val were kept apart
    sources: dict[str, Source]
    passes: tuple[str, ...] = ()  # files beside the card: passes over its pictures for ravelling

    def source(self, name: str) -> Source:
        """Return the source of that name. Raises InputError when the card does not describe it."""
        if name not in self.sources:
            raise InputError(f"datasets/{self.name}.yaml", f"describes no source '{name}'", "add it to `sources`")
        return self.sources[name]

    def pass_files(self) -> list[Path]:
        """The files of `passes`. Raises InputError when one is missing."""
        files = [datasets_folder() / name for name in self.passes]
        for file in files:
            if not file.is_file():
                raise InputError(file, f"is missing, but {self.name}.yaml names it in `passes`")
        return files


def datasets_folder() -> Path:
    """The cards' folder: beside the code in a checkout, else where the wheel put it."""
    checkout = Path(__file__).parents[2] / "datasets"
    return checkout if checkout.is_dir() else Path(sys.prefix) / "share" / "schouw" / "datasets"


def read_card(name: str) -> Card:
    """Read `datasets/<name>.yaml`. Raises InputError naming the key for a typo or a gap."""
    path = datasets_folder() / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in datasets_folder().glob("*.yaml")))
        raise InputError(path, "is no data set card", f"known are {known}")
    try:
        return Card.model_validate(yaml.safe_load(read_text(path)))
    except ValidationError as problem:
        raise InputError(path, f"is not a valid card: {first_fault(problem)}") from problem
    except yaml.YAMLError as problem:
        raise InputError(path, "is not YAML") from problem
