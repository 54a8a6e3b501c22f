"""Data set cards (`datasets/*.yaml`): where pictures come from, what was labelled in them and what was not."""

import sys
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from detector.errors import InputError
from detector.taxonomy import BY_NAME


class Source(BaseModel):
    """One collection of pictures that was labelled in one way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    licence: str
    attribution: str
    class_map: tuple[str | None, ...]  # our class name for each class id in the label files; None leaves it out
    looked_for: frozenset[str]  # classes whose absence means "there is none"
    hide: tuple[float, float, float, float] | None = None  # overlay: x0, y0, x1, y1 as fractions of the picture
    mind: str = ""

    @field_validator("class_map", "looked_for")
    @classmethod
    def _known(cls, names: tuple[str | None, ...] | frozenset[str]) -> tuple[str | None, ...] | frozenset[str]:
        unknown = sorted({name for name in names if name is not None and name not in BY_NAME})
        if unknown:
            raise ValueError(f"unknown damage class {', '.join(unknown)}; known are {', '.join(BY_NAME)}")
        return names


class Card(BaseModel):
    """A data set: one or more sources that lie in one folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    split: str  # how train and val were kept apart
    sources: dict[str, Source]

    def source(self, name: str) -> Source:
        """Return the source of that name. Raises InputError when the card does not describe it."""
        if name not in self.sources:
            raise InputError(f"datasets/{self.name}.yaml", f"describes no source '{name}'", "add it to `sources`")
        return self.sources[name]


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
        return Card.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as problem:
        raise InputError(path, f"is not a valid card: {problem}") from problem
