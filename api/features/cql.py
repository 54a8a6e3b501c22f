"""CQL2 filters (OGC 21-065r2), as text or JSON, to conditions on a layer's columns.

The library cql2 reads the text and gives CQL2 JSON; values only ever reach the database as bound parameters, and names
only by way of the layer's list of fields. Its parser needs twice the time for each parenthesis inside another and
crashes on very deep ones, so both are limited before it is asked.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import shapely
from shapely.errors import ShapelyError
from sqlalchemy import ColumnElement, and_, func, literal, not_, or_, true
from sqlalchemy import false as sql_false

from api.errors import Problem
from api.features.crs import Crs
from api.features.geometry import RELATIONS, relation
from api.features.times import is_moment, moment, written
from api.store.fields import LAYERS, Field
from api.store.schema import LAYER_TABLES

MAX_LENGTH = 4000
MAX_DEPTH = 8  # of parentheses
MAX_JSON_DEPTH = 30
LANGUAGES = ("cql2-text", "cql2-json", "cql-text")
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {"=": eq, "<>": ne, "<": lt, ">": gt, "<=": le, ">=": ge}
GEOMETRY = "geometry"
EXACT = 1 << 53  # integers above this are not exact in CQL2's numbers
QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
ILIKE = re.compile(r"(\w+)\s+ILIKE\s+('(?:[^']|'')*')", re.IGNORECASE)

Json = Any


@dataclass(frozen=True)
class Term:
    """One side of a comparison: an expression of the database, and what is known of it."""

    sql: ColumnElement[Any]
    type: str  # of a field, or null
    field: Field | None = None  # when it is a property as such
    value: Any = None  # when it is a literal
    folded: bool = False  # CASEI


def condition(text: str, language: str, layer: str, crs: Crs, postgres: bool) -> ColumnElement[bool]:
    """Turn a filter on a layer into a condition.

    Args:
        text: the filter.
        language: one of `LANGUAGES`; `cql-text` is what GDAL calls CQL2 text, and has ILIKE.
        layer: of `LAYERS`.
        crs: of the coordinates in the filter.
        postgres: whether the condition is for PostgreSQL; SQLite otherwise.

    Raises:
        Problem: 400, with what is wrong and where.
    """
    if len(text) > MAX_LENGTH:
        raise Problem(400, f"filter: {len(text)} characters; at most {MAX_LENGTH} are read")
    return _Translation(layer, crs, postgres).boolean(_parsed(text, language), 0)


def _parsed(text: str, language: str) -> Json:
    if language == "cql2-json":
        try:
            read = json.loads(text)
            _text(json.dumps(read, ensure_ascii=False))  # names and operators too, for an answer can't repeat them
            return read
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"filter: no JSON: {error}") from error
    import cql2

    if language == "cql-text":
        text = ILIKE.sub(r"CASEI(\1) LIKE CASEI(\2)", text)
    depth = 0
    for position, letter in enumerate(QUOTED.sub(lambda found: "'" * len(found[0]), text), 1):
        depth += (letter == "(") - (letter == ")")
        if depth > MAX_DEPTH:
            raise Problem(400, f"filter, character {position}: more than {MAX_DEPTH} parentheses inside each other")
        if depth < 0:
            raise Problem(400, f"filter, character {position}: this parenthesis closes nothing")
    if depth:
        raise Problem(400, f"filter: {depth} of its parentheses are not closed")
    try:
        return cql2.parse_text(text).to_json()
    except cql2.ParseError as error:
        raise Problem(400, _where(str(error))) from error
    except Exception as error:  # what it can't write as JSON (POINT EMPTY), it refuses with nothing more exact
        raise Problem(400, f"filter: {error}") from error


def _where(error: str) -> str:
    """Make one sentence of the parser's picture of a mistake."""
    place = re.search(r"--> (\d+):(\d+)", error)
    expected = re.search(r"= (expected .*)", error)
    if not place:
        return "filter: this is not CQL2 text"
    return f"filter, line {place[1]}, character {place[2]}: {expected[1] if expected else 'this is not CQL2 text'}"


class _Translation:
    """The parts of one filter. What an operator takes and gives is checked here, before the database sees it."""

    def __init__(self, layer: str, crs: Crs, postgres: bool) -> None:
        self.layer, self.crs, self.postgres = layer, crs, postgres
        self.fields: Mapping[str, Field] = {field.name: field for field in LAYERS[layer]}

    def boolean(self, node: Json, depth: int) -> ColumnElement[bool]:
        """Translate what is true or false."""
        if depth > MAX_JSON_DEPTH:
            raise Problem(400, f"filter: more than {MAX_JSON_DEPTH} conditions inside each other")
        if isinstance(node, bool):
            return true() if node else sql_false()
        if isinstance(node, dict) and "property" in node:
            term = self.term(node)
            if term.type != "boolean":
                raise Problem(400, f"filter: {_name(term)} is neither true nor false; compare it with something")
            return term.sql.is_(True)
        operator, arguments = _operation(node)
        if operator in ("and", "or"):
            if len(arguments) < 2:
                raise Problem(400, f"filter: '{operator}' takes two conditions or more")
            parts = [self.boolean(argument, depth + 1) for argument in arguments]
            return and_(*parts) if operator == "and" else or_(*parts)
        if operator == "not":
            (argument,) = _exactly(arguments, 1, operator)
            return not_(self.boolean(argument, depth + 1))
        if operator.startswith("s_"):
            return self.spatial(operator, arguments)
        if operator == "isnull":
            (argument,) = _exactly(arguments, 1, operator)
            return sql_false() if argument == {"property": GEOMETRY} else self.term(argument).sql.is_(None)
        if operator in COMPARISONS:
            return self.comparison(operator, *_exactly(arguments, 2, operator))
        if operator == "between":
            value, low, high = _exactly(arguments, 3, operator)
            return and_(self.comparison(">=", value, low), self.comparison("<=", value, high))
        if operator == "in":
            value, several = _exactly(arguments, 2, operator)
            if not isinstance(several, list) or not several:
                raise Problem(400, "filter: 'in' takes a list of values")
            return self.term(value).sql.in_([self.same(value, one) for one in several])
        if operator == "like":
            return self.like(*_exactly(arguments, 2, operator))
        raise Problem(400, f"filter: '{operator[:40]}' is not offered; see /ogc/conformance")

    def term(self, node: Json) -> Term:
        """Translate a property or a literal."""
        if isinstance(node, dict) and "property" in node:
            field = self.fields.get(node["property"]) if isinstance(node["property"], str) else None
            if field is None:
                known = f"see /ogc/collections/{self.layer}/queryables"
                raise Problem(400, f"filter: {self.layer} has no property '{str(node['property'])[:60]}'; {known}")
            return Term(LAYER_TABLES[self.layer].c[field.name], field.type, field)
        if isinstance(node, dict) and str(node.get("op")).lower() == "casei":
            inner = self.term(*_exactly(_operation(node)[1], 1, "casei"))
            if inner.type != "string":
                raise Problem(400, "filter: CASEI is for texts")
            return Term(func.lower(inner.sql), "string", None, inner.value, True)
        if isinstance(node, dict) and (kind := next((k for k in ("date", "timestamp") if k in node), None)):
            when = moment(node[kind]) if isinstance(node[kind], str) else None
            if when is None:
                raise Problem(400, f"filter: '{str(node[kind])[:60]}' is no {kind}")
            return Term(literal(node[kind]), "string", None, when)
        if isinstance(node, bool):
            return Term(literal(node), "boolean", None, node)
        if isinstance(node, int | float):
            return Term(literal(_number(node)), "number", None, node)
        if isinstance(node, str):
            return Term(literal(_text(node)), "string", None, node)
        raise Problem(400, f"filter: expected a property or a value, not {json.dumps(node)[:80]}")

    def comparison(self, operator: str, left: Json, right: Json) -> ColumnElement[bool]:
        """Translate =, <>, <, >, <=, >= of two things of the same type."""
        if operator not in ("=", "<>") and self.term(left).type == "boolean":
            raise Problem(400, f"filter: true and false have no order, so {operator} means nothing")
        sql: ColumnElement[bool] = COMPARISONS[operator](self.same(right, left), self.same(left, right))
        return sql

    def same(self, one: Json, other: Json) -> ColumnElement[Any]:
        """Translate `other`, which is to be compared with `one`."""
        first, second = self.term(one), self.term(other)
        if len({"number" if term.type == "integer" else term.type for term in (first, second)}) > 1:
            raise Problem(
                400, f"filter: {_name(first)} ({first.type}) is compared with {_name(second)} ({second.type})"
            )
        return _aligned(second, first)

    def like(self, left: Json, right: Json) -> ColumnElement[bool]:
        """Translate LIKE with % and _, and a backslash before one of these that stands for itself. Case counts."""
        text, pattern = self.term(left), self.term(right)
        if text.type != "string" or not isinstance(pattern.value, str):
            raise Problem(400, "filter: LIKE takes a text and a pattern in quotes, such as name LIKE 'Kerk%'")
        given = literal(pattern.value if self.postgres else _glob(pattern.value))
        wanted: ColumnElement[Any] = func.lower(given) if pattern.folded else given
        if not self.postgres:  # its LIKE ignores case
            return text.sql.op("GLOB", is_comparison=True)(wanted)
        if re.search(r"(?<!\\)(\\\\)*\\$", pattern.value):
            raise Problem(400, "filter: the pattern of LIKE ends with a lone \\")
        return text.sql.like(wanted)

    def spatial(self, operator: str, arguments: list[Json]) -> ColumnElement[bool]:
        """Translate S_INTERSECTS and the like, of the features' geometry and a given one."""
        name = operator.removeprefix("s_")
        if name not in RELATIONS:
            raise Problem(400, f"filter: '{operator[:40]}' is not offered; see /ogc/conformance")
        left, right = _exactly(arguments, 2, operator)
        if right == {"property": GEOMETRY}:
            left, right = right, left
            name = {"contains": "within", "within": "contains"}.get(name, name)
        if left != {"property": GEOMETRY}:
            raise Problem(400, f"filter: {operator} is asked of '{GEOMETRY}'")
        return relation(self.layer, name, self.geometry(right), self.postgres)

    def geometry(self, node: Json) -> shapely.Geometry:
        """Read a box or a geometry, in longitude and latitude."""
        if isinstance(node, dict) and isinstance(box := node.get("bbox"), list) and len(box) in (4, 6):
            numbers = [_number(number) for number in box]
            return self.crs.box(numbers if len(box) == 4 else [*numbers[:2], *numbers[3:5]])
        if not isinstance(node, dict) or "type" not in node:
            raise Problem(400, f"filter: {json.dumps(node)[:80]} is no geometry (WKT, or BBOX(west,south,east,north))")
        try:
            geometry = shapely.force_2d(shapely.from_geojson(json.dumps(node)))
        except (ShapelyError, ValueError) as error:
            raise Problem(400, f"filter: no geometry: {str(error).splitlines()[0][:120]}") from error
        if geometry is None or geometry.is_empty:
            raise Problem(400, "filter: the geometry is empty")
        if not geometry.is_valid:
            raise Problem(400, f"filter: the geometry is not valid: {shapely.is_valid_reason(geometry)[:120]}")
        return self.crs.read(geometry)


def _operation(node: Json) -> tuple[str, list[Json]]:
    if not (isinstance(node, dict) and isinstance(node.get("op"), str) and isinstance(node.get("args"), list)):
        raise Problem(400, f"filter: expected a condition, not {json.dumps(node)[:80]}")
    return node["op"].lower(), node["args"]


def _exactly(arguments: list[Json], count: int, operator: str) -> list[Json]:
    if len(arguments) != count:
        raise Problem(400, f"filter: '{operator}' takes {count} arguments, not {len(arguments)}")
    return arguments


def _aligned(term: Term, other: Term) -> ColumnElement[Any]:
    """Write a moment the way that the column it is compared with is written."""
    if other.field and is_moment(other.field):
        when = moment(term.value.removesuffix("T")) if isinstance(term.value, str) else term.value  # GDAL leaves a T
        if when is not None:
            return literal(written(when, other.field))
    return term.sql


def _number(value: Any) -> int | float:
    try:
        if isinstance(value, bool | str):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Problem(400, f"filter: {str(value)[:40]} is no number") from error
    if not math.isfinite(number):
        raise Problem(400, f"filter: {str(value)[:40]} is no number that can be compared")
    return int(number) if number.is_integer() and abs(number) < EXACT else number


def _text(value: str) -> str:
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Problem(400, "filter: a text holds a character that is none")
    return value


def _glob(pattern: str) -> str:
    """Write a LIKE pattern as SQLite's GLOB, which heeds case."""
    out, letters = [], iter(_text(pattern))
    for letter in letters:
        if letter == "\\":
            letter = next(letters, "\\")
        elif letter in "%_":
            out.append("*" if letter == "%" else "?")
            continue
        out.append(f"[{letter}]" if letter in "*?[" else letter)
    return "".join(out)


def _name(term: Term) -> str:
    return term.field.name if term.field else json.dumps(term.value, default=str)[:40]
