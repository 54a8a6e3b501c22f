"""The look of a GeoPackage in QGIS: default styles in its `layer_styles` table, which QGIS applies on opening.

The form is QGIS's own (`QgsOgrProvider` saves it so with "save style in database"): one QML document per layer.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from detector.taxonomy import CLASSES
from roads.condition.score import GRADES_NL

GRADE_COLOURS = {"good": "#1b9e6b", "fair": "#d9b310", "poor": "#e2711d", "bad": "#b3123f"}
UNKNOWN_COLOUR = "#8a8f98"


@dataclass(frozen=True, slots=True)
class Category:
    """One value of the styled column. An empty value stands for everything else."""

    value: str
    label: str
    colour: str  # CSS hex
    size_mm: float
    dashed: bool = False


STYLES: dict[str, tuple[str, str, tuple[Category, ...]]] = {  # layer -> (symbol type, column, categories)
    "segments": (
        "line",
        "grade",
        (
            *(
                Category(grade, f"{nl} / {grade}", GRADE_COLOURS[grade], 0.8 + 0.2 * i)
                for i, (grade, nl) in enumerate(GRADES_NL.items())
            ),
            Category("", "niet beoordeeld / no grade", UNKNOWN_COLOUR, 0.4, dashed=True),
        ),
    ),
    "defects": ("marker", "class", tuple(Category(c.name, f"{c.dutch} / {c.english}", c.colour, 3.0) for c in CLASSES)),
    "coverage": (
        "line",
        "usable",
        (
            Category("true", "gezien / seen", "#4c78a8", 2.0),
            Category("false", "niet bruikbaar / not usable", "#7b3294", 2.0, dashed=True),
        ),
    ),
}


def add_styles(geopackage: Path, written_utc: str) -> None:
    """Add default styles for the layers in `STYLES`. `written_utc` (ISO 8601, Z) dates them."""
    with closing(sqlite3.connect(geopackage)) as database, database:
        database.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME)"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (written_utc,),
        )
        for layer, (symbol, column, categories) in STYLES.items():
            qml = _qml(symbol, column, categories)
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
                "VALUES ('', '', ?, 'geom', 'schouw', ?, '', 1, 'Schouw', '', ?)",
                (layer, qml, written_utc),
            )


def _qml(symbol: str, column: str, categories: Sequence[Category]) -> str:
    root = Xml.Element("qgis", version="3.28", styleCategories="Symbology")
    renderer = Xml.SubElement(root, "renderer-v2", type="categorizedSymbol", attr=column, symbollevels="0")
    listed, symbols = Xml.SubElement(renderer, "categories"), Xml.SubElement(renderer, "symbols")
    for i, category in enumerate(categories):
        kind = "bool" if category.value in {"true", "false"} else "string"
        Xml.SubElement(
            listed, "category", render="true", symbol=str(i), value=category.value, label=category.label, type=kind
        )
        drawn = Xml.SubElement(symbols, "symbol", type=symbol, name=str(i), alpha="1")
        style = {"line": "SimpleLine", "marker": "SimpleMarker"}[symbol]
        layer = Xml.SubElement(drawn, "layer", {"class": style, "enabled": "1", "locked": "0", "pass": "0"})
        options = Xml.SubElement(layer, "Option", type="Map")
        for name, value in _options(symbol, category).items():
            Xml.SubElement(options, "Option", name=name, type="QString", value=value)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + Xml.tostring(root, encoding="unicode")


def _options(symbol: str, category: Category) -> dict[str, str]:
    red, green, blue = (int(category.colour[i : i + 2], 16) for i in (1, 3, 5))
    colour = f"{red},{green},{blue},255"
    if symbol == "marker":
        return {"color": colour, "name": "circle", "outline_color": "255,255,255,255", "size": str(category.size_mm)}
    return {
        "line_color": colour,
        "line_width": f"{category.size_mm:g}",
        "line_width_unit": "MM",
        "line_style": "dash" if category.dashed else "solid",
        "capstyle": "round",
    }
