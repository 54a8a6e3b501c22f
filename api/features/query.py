"""What a request for features asks: the parameters of OGC API Features, and every attribute as one more."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from sqlalchemy import ColumnElement, and_

from api.errors import Problem
from api.features.cql import LANGUAGES, condition
from api.features.crs import CRS84, Crs, system
from api.features.geometry import relation
from api.features.times import during
from api.store.fields import LAYERS, Field
from api.store.schema import LAYER_TABLES

DEFAULT_LIMIT = 1000
ROW = "after"
CQL = ("filter", "filter-lang", "filter-crs")
PARAMETERS = ("limit", "bbox", "bbox-crs", "datetime", "crs", *CQL, ROW)
WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
SIGNED = re.compile(r"-?[0-9]{1,18}", re.ASCII)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Query:
    """A request for features of one layer."""

    limit: int
    after: int | None  # row of the last feature of the page before
    where: ColumnElement[bool] | None
    crs: Crs  # of the answer

    @property
    def is_whole(self) -> bool:
        """Whether it asks for all features of the layer."""
        return self.where is None


def read_query(layer: str, given: Sequence[tuple[str, str]], most: int, postgres: bool) -> Query:
    """Read a request's parameters.

    Args:
        layer: of `LAYERS`.
        given: names and values, as they came.
        most: features in one answer; more may be asked, and are not given.
        postgres: whether the database is PostgreSQL; SQLite otherwise.

    Raises:
        Problem: 400, a parameter is unknown, given twice, or makes no sense.
    """
    fields = {field.name: field for field in LAYERS[layer]}
    values = _named(layer, given, fields)
    crs = system(values.get("crs", CRS84.uri), "crs")
    limit = _limit(values.get("limit", str(min(DEFAULT_LIMIT, most))), most)
    conditions: list[ColumnElement[bool]] = []
    if "bbox" in values:
        area = _box(values["bbox"], system(values.get("bbox-crs", CRS84.uri), "bbox-crs"))
        conditions.append(relation(layer, "intersects", area, postgres))
    if "datetime" in values:
        conditions.append(during(layer, fields, values["datetime"]))
    if "filter" in values:
        language = values.get("filter-lang", LANGUAGES[0])
        if language not in LANGUAGES:
            raise Problem(400, f"filter-lang: '{language[:40]}' is not read here; use one of {', '.join(LANGUAGES)}")
        of = system(values.get("filter-crs", CRS84.uri), "filter-crs")
        conditions.append(condition(values["filter"], language, layer, of, postgres))
    for name, value in values.items():
        if name in fields:
            conditions.append(LAYER_TABLES[layer].c[name] == attribute(fields[name], value))
    return Query(limit, _after(values.get(ROW)), and_(*conditions) if conditions else None, crs)


def attribute(field: Field, text: str) -> str | int | float | bool:
    """Read the value that an attribute is to have.

    Raises:
        Problem: 400, it can't have such a value.
    """
    if field.type == "string":
        return text
    if field.type == "boolean":
        if text in ("true", "false"):
            return text == "true"
        raise Problem(400, f"{field.name}: '{text[:40]}' is neither true nor false")
    if field.type == "integer" and SIGNED.fullmatch(text):
        return int(text)
    if field.type == "number" and NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    raise Problem(400, f"{field.name}: '{text[:40]}' is no {field.type}")


def read_crs(given: Sequence[tuple[str, str]]) -> Crs:
    """Read the parameters of a request for one feature: only `crs`.

    Raises:
        Problem: 400, another one was given.
    """
    for name, _ in given:
        if name != "crs":
            raise Problem(400, f"'{name[:60]}' is no parameter of one feature; only crs is")
    return system(dict(given).get("crs", CRS84.uri), "crs")


def no_parameters(given: Sequence[tuple[str, str]]) -> None:
    """Refuse parameters.

    Raises:
        Problem: 400, there are some.
    """
    for name, _ in given:
        raise Problem(400, f"'{name[:60]}' is no parameter of this address; it has none")


def _named(layer: str, given: Sequence[tuple[str, str]], fields: dict[str, Field]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in given:
        if name not in PARAMETERS and name not in fields:
            known = f"it has {', '.join(PARAMETERS)}, and the attributes in /ogc/collections/{layer}/queryables"
            raise Problem(400, f"'{name[:60]}' is no parameter of {layer}; {known}")
        if name in values:
            raise Problem(400, f"{name} is given twice")
        if "\0" in value:
            raise Problem(400, f"{name} holds a NUL character")
        values[name] = value
    return values


def _limit(text: str, most: int) -> int:
    if not WHOLE.fullmatch(text) or int(text) < 1:
        raise Problem(400, f"limit: '{text[:40]}' is no number of features; it goes from 1 to {most}")
    return min(int(text), most)  # the standard wants no error above the most


def _after(text: str | None) -> int | None:
    if text is None:
        return None
    if not WHOLE.fullmatch(text) or int(text) > 2**31 - 1:
        raise Problem(400, f"{ROW}: '{text[:40]}' is no row; follow the link 'next' of a page")
    return int(text)


def _box(text: str, crs: Crs) -> shapely.Geometry:
    """Read four numbers, or six of which the heights don't count."""
    parts = text.split(",")
    if len(parts) not in (4, 6) or not all(NUMBER.fullmatch(part.strip()) for part in parts):
        raise Problem(400, f"bbox: '{text[:80]}' is not four numbers: {crs.order}")
    numbers = [float(part) for part in parts]
    return crs.box(numbers if len(numbers) == 4 else [*numbers[:2], *numbers[3:5]])
