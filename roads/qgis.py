"""The look of a map in QGIS: one QML document per theme of `roads.exports.legend`.

In a GeoPackage they stand in its `layer_styles` table (the form in which QGIS itself saves "style in database"): QGIS
applies the default on opening and lists the others. Beside any other file a QML of the same name does the same.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as Xml

from roads.exports.headings import HEADINGS, Language
from roads.exports.legend import GEOMETRY, THEMES, Entry, Theme

LINE_MM, MARKER_MM = 0.8, 3.0
_CREATE = (
    "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
    "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
    "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
    "update_time DATETIME)"
)


def add_styles(geopackage: Path, written_utc: str, lang: Language = "nl") -> None:
    """Add the styles of its layers to a GeoPackage. `written_utc` (ISO 8601, Z) dates them."""
    with closing(sqlite3.connect(geopackage)) as database, database:
        layers = {name for (name,) in database.execute("SELECT table_name FROM gpkg_geometry_columns")}
        database.execute(_CREATE)
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (written_utc,),
        )
        for theme in THEMES:
            if theme.layer in layers:
                is_default = theme is default_theme(theme.layer)
                database.execute(
                    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                    "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
                    "VALUES ('', '', ?, 'geom', ?, ?, '', ?, ?, '', ?)",
                    (theme.layer, theme.title(lang), qml(theme, lang), is_default, "Schouw", written_utc),
                )


def default_theme(layer: str) -> Theme | None:
    """The theme in which a layer opens; None for a layer without one (the track)."""
    return next((theme for theme in THEMES if theme.layer == layer), None)


def qml(theme: Theme, lang: Language) -> str:
    """A QGIS style document: rules with symbols, and the columns' headings as aliases."""
    root = Xml.Element("qgis", version="3.22", styleCategories="Symbology|Fields")
    renderer = Xml.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    rules, symbols = Xml.SubElement(renderer, "rules", key="schouw"), Xml.SubElement(renderer, "symbols")
    for i, entry in enumerate((*theme.entries, *([theme.rest] if theme.rest else []))):
        rule = Xml.SubElement(rules, "rule", key=f"schouw-{i}", symbol=str(i), label=entry.title(lang))
        rule.set("filter", _filter(theme, i) if entry is not theme.rest else "ELSE")
        if not entry.shown:
            rule.set("checkstate", "0")
        symbols.append(_symbol(theme, entry, i))
    aliases = Xml.SubElement(root, "aliases")
    for i, (column, heading) in enumerate(HEADINGS[theme.layer].items()):
        # Field 0 is the row's own number (fid).
        Xml.SubElement(aliases, "alias", index=str(i + 1), field=column, name=heading.title(lang))
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + Xml.tostring(root, encoding="unicode")


def _filter(theme: Theme, number: int) -> str:
    """A QGIS expression that is true for the rows of this entry and of no other."""
    entry, column = theme.entries[number], f'"{theme.column}"'
    if entry.low is None:
        value = f"'{entry.value}'" if isinstance(entry.value, str) else str(entry.value).lower()
        terms = [f"{column} = {value}"]
    else:
        above = theme.entries[number - 1].low if number else None
        terms = [f"{column} >= {entry.low:g}", *([f"{column} < {above:g}"] if above is not None else [])]
    if theme.unless:
        terms.append(f"\"{theme.unless[0]}\" <> '{theme.unless[1]}'")
    return " AND ".join(terms)


def _symbol(theme: Theme, entry: Entry, number: int) -> Xml.Element:
    marker = GEOMETRY[theme.layer] == "Point"
    symbol = Xml.Element("symbol", type="marker" if marker else "line", name=str(number), alpha="1")
    style = "SimpleMarker" if marker else "SimpleLine"
    layer = Xml.SubElement(symbol, "layer", {"class": style, "enabled": "1", "locked": "0", "pass": "0"})
    options = Xml.SubElement(layer, "Option", type="Map")
    for name, value in (_marker(entry) if marker else _line(theme, entry)).items():
        Xml.SubElement(options, "Option", name=name, type="QString", value=value)
    return symbol


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def _marker(entry: Entry) -> dict[str, str]:
    return {
        "color": _rgba(entry.colour),
        "name": "circle",
        "outline_color": _rgba("#ffffff"),
        "size": f"{MARKER_MM:g}",
    }


def _line(theme: Theme, entry: Entry) -> dict[str, str]:
    dashed = entry is theme.rest or entry.value is False
    return {
        "line_color": _rgba(entry.colour),
        "line_width": f"{LINE_MM * entry.width * (2.5 if theme.layer == 'coverage' else 1):g}",
        "line_width_unit": "MM",
        "line_style": "dash" if dashed else "solid",
        "capstyle": "flat" if dashed else "round",
    }
