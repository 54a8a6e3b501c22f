"""The table that says how damage becomes a grade, a PCI and a plan year: YAML for users to edit, read strictly."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.errors import SettingsError
from detector.files import atomic_path
from detector.taxonomy import NAMES, Kind
from roads.condition.curves import SEVERITIES as STANDARD
from roads.condition.curves import Standard, curves

FOLDER = Path(__file__).parent / "tables"
DEFAULT = "schouw-2"

Severity = Literal["L", "M", "E"]
Plan = Literal["year 1", "1-2 years", "3-5 years", "later"]
Percent = Annotated[float, Field(ge=0, le=100)]
Triple = tuple[Percent, Percent, Percent]
SEVERITIES: tuple[Severity, ...] = ("L", "M", "E")
PLANS: tuple[Plan, ...] = ("year 1", "1-2 years", "3-5 years", "later")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Minimum(_Strict):
    """What has to be seen of a section before it gets a grade."""

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


class Detection(_Strict):
    """What the detector finds of the damage that is there."""

    source: Annotated[str, Field(min_length=1)]
    recall: dict[str, Annotated[float, Field(gt=0, le=1)]]
    pictures: Annotated[int, Field(ge=1)]
    shared: Annotated[float, Field(ge=0, le=1)]


class Deduct(_Strict):
    """Points off the score per severity, for extent 1, 2 and 3."""

    L: Triple
    M: Triple
    E: Triple

    @model_validator(mode="after")
    def _rising(self) -> Self:
        # Without this a worse road could score better.
        if not _rises((self.L, self.M, self.E)):
            raise ValueError("the points must not fall with more extent or more severity")
        return self


class Plans(_Strict):
    """When to repair per severity, for extent 1, 2 and 3."""

    L: tuple[Plan, Plan, Plan]
    M: tuple[Plan, Plan, Plan]
    E: tuple[Plan, Plan, Plan]

    @model_validator(mode="after")
    def _sooner(self) -> Self:
        if not _rises([[-PLANS.index(plan) for plan in row] for row in (self.L, self.M, self.E)]):
            raise ValueError("the plan must not be later with more extent or more severity")
        return self


class KindRule(_Strict):
    """How one kind of damage is counted, what it costs and when it is repaired."""

    of: Literal["length", "area"]
    extent: Triple
    deduct: Deduct
    plan: Plans
    usual: Triple

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 0 < self.extent[0] < self.extent[1] < self.extent[2]:
            raise ValueError("the extents must rise from above 0")
        _check_usual(self.usual)
        return self


class Mapping(_Strict):
    """The severity of D6433 that a damage of our L, M and E is taken for: at best, likely, at worst."""

    L: tuple[Standard, Standard, Standard]
    M: tuple[Standard, Standard, Standard]
    E: tuple[Standard, Standard, Standard]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not _rises([[STANDARD.index(name) for name in row] for row in (self.L, self.M, self.E)]):
            raise ValueError("the severity must not fall from best to worst, or from L to E")
        return self


class DistressRule(_Strict):
    """How one of our kinds of damage is taken for a distress of D6433."""

    severity: Mapping
    usual: Triple

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_usual(self.usual)
        return self


class Table(_Strict):
    """A condition table. See `tables/schouw-2.yaml` for what each key means."""

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[int, Field(ge=1)]
    source: Annotated[str, Field(min_length=1)]
    lane_width_m: Annotated[float, Field(gt=0, le=20)]
    minimum: Minimum
    grades: Grades
    severity: dict[str, SizeLimits]
    detection: Detection
    kinds: dict[Kind, KindRule]
    pci: dict[str, DistressRule]

    @property
    def title(self) -> str:
        """Name and version, as maps and files show it."""
        return f"{self.name}-{self.version}"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for key, wanted, found, what in (
            ("severity", set(NAMES), self.severity, "a damage class"),
            ("detection.recall", set(NAMES), self.detection.recall, "a damage class"),
            ("kinds", {*Kind}, self.kinds, "a kind of damage"),
            ("pci", set(curves().types), self.pci, "a distress type with curves"),
        ):
            if unknown := sorted(set(found) - wanted):
                raise ValueError(f"{key}.{unknown[0]} is not {what}")
            if missing := sorted(wanted - set(found)):
                raise ValueError(f"{key}.{missing[0]} is missing")
        return self


def read_table(name_or_path: str | Path = DEFAULT) -> Table:
    """Read a shipped table by its name (`schouw-2`) or the user's own by its path.

    Raises:
        SettingsError: no such table, not YAML, or a key that is unknown, missing or impossible; it names the key.
    """
    shipped = FOLDER / f"{name_or_path}.yaml"
    path = shipped if str(name_or_path) in shipped_tables() else Path(name_or_path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        names = ", ".join(shipped_tables())
        raise SettingsError(f"{name_or_path}: no such condition table; give a file or one of: {names}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not a YAML file ({str(error).splitlines()[0]})") from error
    try:
        return Table.model_validate(content)
    except ValidationError as error:
        raise SettingsError(f"{path}: {_first_problem(error)}") from error


def write_table(table: Table, path: Path) -> None:
    """Write a table, without comments, so that `read_table` gives it back."""
    content = yaml.safe_dump(table.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    with atomic_path(path) as part:
        part.write_text(content, encoding="utf-8")


def shipped_tables() -> tuple[str, ...]:
    """The names of the tables that come with Schouw."""
    return tuple(sorted(path.stem for path in FOLDER.glob("schouw-*.yaml")))


def _rises(rows: Iterable[Iterable[float]]) -> bool:
    """Whether nothing falls along a row, or from one row to the next."""
    lists = [list(row) for row in rows]
    return all(line == sorted(line) for line in (*lists, *map(list, zip(*lists, strict=True))))


def _check_usual(usual: Triple) -> None:
    if list(usual) != sorted(usual, reverse=True):
        raise ValueError("usual must not rise: what is E is also M or worse, and L or worse")


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"] if part != "[key]")
    problem = {"extra_forbidden": "unknown key", "missing": "this key is missing"}.get(
        first["type"], first["msg"].removeprefix("Value error, ")
    )
    return f"{key}: {problem}" if key else problem
