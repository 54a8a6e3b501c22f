"""What the columns of a road network mean: NWB, NDW, BGT, OpenStreetMap, or what a column map says.

A preset is recognised by its columns, whatever their case. Its functions take the rows with lower-case column names.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from detector.errors import SettingsError

Column = Callable[[pd.DataFrame], pd.Series]

TEXTS = ("segment_id", "name", "surface", "road_class", "manager")
ATTRIBUTES = (*TEXTS, "oneway", "width_m")
LINES = ("LineString", "MultiLineString")
POLYGONS = ("Polygon", "MultiPolygon")

# Where a survey car may drive. https://wiki.openstreetmap.org/wiki/Key:highway
OSM_DRIVABLE = frozenset(
    [f"{road}{link}" for road in ("motorway", "trunk", "primary", "secondary", "tertiary") for link in ("", "_link")]
    + ["unclassified", "residential", "living_street", "service", "road", "busway", "track"]
)
# Fietspad, voetpad, ruiterpad, veerdienst: paths and ferries. https://docs.ndw.nu, NWB, baansubsoort
NWB_NOT_DRIVABLE = frozenset({"FP", "VP", "RP", "VD"})
# Carriageways. https://docs.geostandaarden.nl/imgeo, FunctieWeg
BGT_DRIVABLE = frozenset(
    [
        "rijbaan autosnelweg",
        "rijbaan autoweg",
        "rijbaan regionale weg",
        "rijbaan lokale weg",
        "ov-baan",
        "overweg",
        "woonerf",
    ]
)
# The same attribute in PDOK's GML, in its web service and in databases made from it.
BGT_ID = ("lokaalid", "lokaal_id", "identificatie.lokaalid", "identificatie_lokaalid", "identificatie")
BGT_USE = ("bgt-functie", "bgt_functie", "functie", "function")
BGT_SURFACE = ("bgt-fysiekvoorkomen", "bgt_fysiekvoorkomen", "fysiek_voorkomen", "fysiekvoorkomen", "surfacematerial")
BGT_SURFACE_PLUS = (
    "plus-fysiekvoorkomenwegdeel", "plus-fysiekvoorkomen", "plus_fysiekvoorkomen", "plus_fysiek_voorkomen",
    "plus_fysiekvoorkomenwegdeel",
)  # fmt: skip
BGT_ENDED = ("eindregistratie", "eind_registratie")
BGT_STATUS = ("bgt-status", "bgt_status")

ONEWAY = MappingProxyType(
    {"1": 1, "yes": 1, "true": 1, "h": 1, "ja": 1}
    | {"-1": -1, "reverse": -1, "t": -1}
    | {"0": 0, "no": 0, "false": 0, "b": 0, "nee": 0, "": 0}
)


@dataclass(frozen=True)
class Preset:
    """How one kind of network names things.

    `attributes` gives some of `ATTRIBUTES`: text, but `oneway` (1, 0, -1, missing where the value is not known) and
    `width_m` (missing where unknown). Of each group in `needs` one column is there. `reads` are all columns looked at.
    """

    name: str
    needs: tuple[Collection[str], ...]
    reads: frozenset[str]
    attributes: Mapping[str, Column]
    keep: Column | None = None
    left_out: str = ""
    kinds: tuple[str, ...] = LINES  # of geometry; polygons are carriageways

    def fits(self, columns: Collection[str]) -> bool:
        """Whether a layer with these lower-case columns is of this kind."""
        return all(any(name in columns for name in group) for group in self.needs)


class ColumnMap(BaseModel):
    """Which column of the user's own file holds what. Names are matched whatever their case."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    segment_id: str | None = None
    name: str | None = None
    oneway: str | None = None
    oneway_values: dict[str | int, Literal[-1, 0, 1]] | None = None
    surface: str | None = None
    road_class: str | None = None
    manager: str | None = None
    width_m: str | None = None

    def columns(self) -> dict[str, str]:
        """Attribute -> column, of what was given."""
        given = ((attribute, getattr(self, attribute)) for attribute in ATTRIBUTES)
        return {attribute: str(column) for attribute, column in given if column is not None}


def read_column_map(source: Mapping[str, object] | str | Path) -> ColumnMap:
    """Check a column map, given as a mapping or as a YAML file. Raises `SettingsError` that names the wrong key."""
    where, content = "the column map", source
    if isinstance(source, str | Path):
        where = str(source)
        try:
            content = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"{source}: no such column map") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise SettingsError(f"{source}: not a YAML file ({str(error).splitlines()[0]})") from error
    try:
        return ColumnMap.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part not in ("[key]", "str", "int")) or "the whole"
        known = ", ".join(ColumnMap.model_fields)
        problem = f"is not a key; it may have {known}" if first["type"] == "extra_forbidden" else first["msg"].lower()
        raise SettingsError(f"{where}: {key}: {problem}") from error


def mapped(columns: ColumnMap) -> Preset:
    """Make the preset that a column map describes."""
    names = {attribute: column.lower() for attribute, column in columns.columns().items()}
    attributes: dict[str, Column] = {a: _reader(name) for a, name in names.items() if a in TEXTS}
    if "width_m" in names:
        attributes["width_m"] = lambda table: pd.to_numeric(table[names["width_m"]], errors="coerce")
    if "oneway" in names:
        given = columns.oneway_values
        values = ONEWAY if given is None else {"": 0} | {str(k).strip().lower(): v for k, v in given.items()}
        attributes["oneway"] = lambda table: text(table[names["oneway"]]).str.lower().map(values)
    needs = tuple({name} for name in columns.columns().values())
    return Preset("columns", needs, frozenset(names.values()), attributes, kinds=LINES + POLYGONS)


def text(values: pd.Series) -> pd.Series:
    """As text; missing is empty, and whole numbers have no '.0' (GDAL reads a column with gaps as float)."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("str").where(values.notna(), "").str.strip()


def _reader(*names: str) -> Column:
    """The first of these columns that the table has, else empty texts."""

    def read(table: pd.DataFrame) -> pd.Series:
        found = next((name for name in names if name in table.columns), None)
        return text(table[found]) if found else pd.Series("", index=table.index, dtype="str")

    return read


def _tag(table: pd.DataFrame, key: str) -> pd.Series:
    """An OSM tag: a column of its own, or inside GDAL's `other_tags` ('"key"=>"value",...')."""
    own = _reader(key)(table)
    if "other_tags" not in table.columns:
        return own
    other = text(table["other_tags"]).str.extract(rf'"{key}"=>"([^"]*)"', expand=False).fillna("")
    return own.where(own != "", other)


def _tag_reader(key: str) -> Column:
    return lambda table: _tag(table, key)


def _nwb_oneway(table: pd.DataFrame) -> pd.Series:
    """NWB `rijrichtng`: H (heen) is the digitised direction, T (terug) against it, B or empty both."""
    return text(table["rijrichtng"]).str.upper().map({"H": 1, "T": -1, "B": 0, "": 0, "O": 0})


def _nwb_drivable(table: pd.DataFrame) -> pd.Series:
    return ~_reader("bst_code")(table).str.upper().isin(NWB_NOT_DRIVABLE)


def _ndw_id(table: pd.DataFrame) -> pd.Series:
    return text(table["fromnodeid"]) + "-" + text(table["tonodeid"])


def _ndw_oneway(table: pd.DataFrame) -> pd.Series:
    """A direction without speed may not be driven."""
    along = pd.to_numeric(table["speedinkilometersperhour"], errors="coerce").fillna(0) > 0
    against = pd.to_numeric(table["reversespeedinkilometersperhour"], errors="coerce").fillna(0) > 0
    return along.astype(int) - against.astype(int)


def _osm_oneway(table: pd.DataFrame) -> pd.Series:
    """https://wiki.openstreetmap.org/wiki/Key:oneway, with the one-way streets it implies."""
    said = _tag(table, "oneway").str.lower()
    implied = _tag(table, "junction").isin(["roundabout", "circular"]) | _tag(table, "highway").isin(
        ["motorway", "motorway_link"]
    )
    known = said.map({"yes": 1, "true": 1, "1": 1, "-1": -1, "reverse": -1, "no": 0, "false": 0, "0": 0})
    return known.fillna(implied.astype(int))


def _osm_drivable(table: pd.DataFrame) -> pd.Series:
    return _tag(table, "highway").isin(OSM_DRIVABLE) & (_tag(table, "area") != "yes")


def _osm_width(table: pd.DataFrame) -> pd.Series:
    """Metres: '5.5' or '5 m'. Feet and ranges stay unknown. https://wiki.openstreetmap.org/wiki/Key:width."""
    return pd.to_numeric(_tag(table, "width").str.removesuffix("m"), errors="coerce")


def _bgt_surface(table: pd.DataFrame) -> pd.Series:
    """The detailed (optional) surface where it is given, else the obligatory one."""
    plus = _reader(*BGT_SURFACE_PLUS)(table)
    return plus.where(~plus.str.lower().isin(["", "geenwaarde", "waardeonbekend"]), _reader(*BGT_SURFACE)(table))


def _bgt_drivable(table: pd.DataFrame) -> pd.Series:
    """Carriageways that are there now: not planned, and not an older version of the same area."""
    status = _reader(*BGT_STATUS)(table).str.lower()
    now = (_reader(*BGT_ENDED)(table) == "") & status.isin(["", "bestaand"])
    return _reader(*BGT_USE)(table).str.lower().isin(BGT_DRIVABLE) & now


GENERIC_ID = ("segment_id", "wvk_id", "id", "ident", "identificatie", "lokaalid", "objectid", "fid")
GENERIC_NAME = ("name", "naam", "straatnaam", "stt_naam", "strnaamnl", "street")

PRESETS = (
    Preset(
        "nwb",
        needs=({"wvk_id"}, {"rijrichtng"}),
        reads=frozenset({"wvk_id", "rijrichtng", "stt_naam", "bst_code", "wegbehnaam", "wegbehsrt"}),
        attributes={
            "segment_id": _reader("wvk_id"),
            "name": _reader("stt_naam"),
            "oneway": _nwb_oneway,
            "road_class": _reader("bst_code"),
            "manager": _reader("wegbehnaam", "wegbehsrt"),
        },
        keep=_nwb_drivable,
        left_out="paths and ferries that no car drives left out",
    ),
    Preset(
        "ndw",
        needs=({"fromnodeid"}, {"tonodeid"}, {"speedinkilometersperhour"}, {"reversespeedinkilometersperhour"}),
        reads=frozenset(
            [
                "fromnodeid",
                "tonodeid",
                "speedinkilometersperhour",
                "reversespeedinkilometersperhour",
                "roadname",
                "name",
            ]
        ),
        attributes={"segment_id": _ndw_id, "name": _reader("roadname", "name"), "oneway": _ndw_oneway},
    ),
    Preset(
        "osm",
        needs=({"highway"},),
        reads=frozenset(
            [
                "osm_id",
                "osm_type",
                "id",
                "name",
                "highway",
                "oneway",
                "junction",
                "area",
                "surface",
                "width",
                "other_tags",
            ]
        ),
        attributes={
            "segment_id": _reader("osm_id", "id"),
            "name": _tag_reader("name"),
            "oneway": _osm_oneway,
            "surface": _tag_reader("surface"),
            "road_class": _tag_reader("highway"),
            "width_m": _osm_width,
        },
        keep=_osm_drivable,
        left_out="ways that no car drives left out",
    ),
    Preset(
        "bgt",
        needs=(BGT_ID, BGT_USE, BGT_SURFACE),
        reads=frozenset([*BGT_ID, *BGT_USE, *BGT_SURFACE, *BGT_SURFACE_PLUS, *BGT_ENDED, *BGT_STATUS, "bronhouder"]),
        attributes={
            "segment_id": _reader(*BGT_ID),
            "surface": _bgt_surface,
            "road_class": _reader(*BGT_USE),
            "manager": _reader("bronhouder"),
        },
        keep=_bgt_drivable,
        left_out="areas that no car drives, or that are not there now, left out",
        kinds=POLYGONS,  # a line in BGT is the crest of an embankment
    ),
    Preset(
        "generic",
        needs=(),
        reads=frozenset([*GENERIC_ID, *GENERIC_NAME]),
        attributes={"segment_id": _reader(*GENERIC_ID), "name": _reader(*GENERIC_NAME)},
    ),
)
