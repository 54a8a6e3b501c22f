"""The table that says how damage becomes a score: a YAML file that the user may copy and edit, read strictly."""

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.errors import SettingsError
from detector.taxonomy import NAMES, Kind

FOLDER = Path(__file__).parent / "tables"
DEFAULT = "schouw-1"

Severity = Literal["L", "M", "E"]
Percent = Annotated[float, Field(ge=0, le=100)]
Rising = tuple[Percent, Percent, Percent]
SEVERITIES: tuple[Severity, ...] = ("L", "M", "E")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Minimum(_Strict):
    """What has to be seen of a segment before it gets a grade."""

    coverage: Annotated[float, Field(ge=0, le=1)]
    covered_m: Annotated[float, Field(ge=0)]


class Grades(_Strict):
    """The lowest score of each grade."""

    good: Percent
    fair: Percent
    poor: Percent
    bad: Percent

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if not self.good > self.fair > self.poor > self.bad == 0:
            raise ValueError("the grades must fall from good to bad, and bad must start at 0")
        return self


class SizeLimits(_Strict):
    """The size (m, or m2 for a class counted by area) from which one damage is moderate and severe."""

    M: Annotated[float, Field(gt=0)]
    E: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.M >= self.E:
            raise ValueError("E must be larger than M")
        return self


class Deduct(_Strict):
    """Points off the score per severity, for extent 1, 2 and 3."""

    L: Rising
    M: Rising
    E: Rising

    @model_validator(mode="after")
    def _rising(self) -> Self:
        # Without this a worse road could score better.
        rows = (self.L, self.M, self.E)
        if any(list(row) != sorted(row) for row in rows) or any(list(c) != sorted(c) for c in zip(*rows, strict=True)):
            raise ValueError("the points must not fall with more extent or more severity")
        return self

    def points(self, severity: Severity, extent: int) -> float:
        """Points for a severity and an extent of 0 (none) to 3."""
        rows: dict[Severity, Rising] = {"L": self.L, "M": self.M, "E": self.E}
        return rows[severity][extent - 1] if extent else 0.0


class KindRule(_Strict):
    """How one kind of damage is counted and what it costs."""

    of: Literal["length", "area"]
    extent: Rising
    deduct: Deduct

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not 0 < self.extent[0] < self.extent[1] < self.extent[2]:
            raise ValueError("the extents must rise from above 0")
        return self

    def extent_of(self, percent: float) -> int:
        """Grade the extent, 0 (less than counts) to 3, of damage over this share of the road in percent."""
        return sum(percent >= start for start in self.extent)


class Table(_Strict):
    """A condition table. See `tables/schouw-1.yaml` for what each key means."""

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[int, Field(ge=1)]
    source: Annotated[str, Field(min_length=1)]
    lane_width_m: Annotated[float, Field(gt=0, le=20)]
    minimum: Minimum
    trust_in_silence: Annotated[float, Field(ge=0, le=1)]
    grades: Grades
    severity: dict[str, SizeLimits]
    kinds: dict[Kind, KindRule]

    @property
    def title(self) -> str:
        """Name and version, as maps and files show it."""
        return f"{self.name}-{self.version}"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for key, wanted, found in (("severity", set(NAMES), self.severity), ("kinds", {*Kind}, self.kinds)):
            if unknown := sorted(set(found) - wanted):
                raise ValueError(f"{key}.{unknown[0]} is not a damage class")
            if missing := sorted(wanted - set(found)):
                raise ValueError(f"{key}.{missing[0]} is missing")
        return self


def read_table(name_or_path: str | Path = DEFAULT) -> Table:
    """Read a shipped table by its name (`schouw-1`) or the user's own by its path.

    Raises:
        SettingsError: no such table, not YAML, or a key that is unknown, missing or impossible; it names the key.
    """
    shipped = FOLDER / f"{name_or_path}.yaml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        names = ", ".join(sorted(p.stem for p in FOLDER.glob("*.yaml")))
        raise SettingsError(f"{name_or_path}: no such condition table; give a file or one of: {names}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not a YAML file ({str(error).splitlines()[0]})") from error
    try:
        return Table.model_validate(content)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"] if part != "[key]")
    problem = {"extra_forbidden": "unknown key", "missing": "this key is missing"}.get(
        first["type"], first["msg"].removeprefix("Value error, ")
    )
    return f"{key}: {problem}" if key else problem
