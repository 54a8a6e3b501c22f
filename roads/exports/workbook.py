"""A road map as an Excel workbook, with headings and words in Dutch or English."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xlsxwriter

from detector.files import atomic_path
from roads.exports.headings import HEADINGS, Heading, Language, spoken
from roads.exports.legend import CLASS, GRADE, PLAN, Theme
from roads.exports.words import NOTES, number, worded
from roads.mapping import RoadMap

if TYPE_CHECKING:
    from roads.changes import Changes

ROWS_PER_SHEET = 1_048_575  # of Excel, less the heading
UNDATED = datetime(1980, 1, 1)
SHEETS: dict[str, dict[Language, str]] = {
    "about": {"nl": "Toelichting", "en": "About"},
    "segments": {"nl": "Wegvakken", "en": "Segments"},
    "priorities": {"nl": "Prioriteiten", "en": "Priorities"},
    "defects": {"nl": "Schade", "en": "Defects"},
    "surveys": {"nl": "Opnamen", "en": "Surveys"},
    "changed_segments": {"nl": "Verschil wegvakken", "en": "Changed segments"},
    "changed_defects": {"nl": "Verschil schade", "en": "Changed defects"},
}
SURVEYS: dict[str, Heading] = {
    "survey_id": Heading("Survey", "Opname", "Id of the drive", "Kenmerk van de rit"),
    "name": Heading("Name", "Naam", "Of its footage", "Van de beelden"),
    "from_utc": Heading("Begin (UTC)", "Begin (UTC)", "First frame", "Eerste beeld"),
    "to_utc": Heading("End (UTC)", "Eind (UTC)", "Last frame", "Laatste beeld"),
    "driven_m": Heading("Driven", "Gereden", "Along the track", "Langs de route", "m", 0),
    "frames": Heading("Frames", "Beelden", "Searched for damage", "Doorzocht op schade", decimals=0),
    "model": Heading("Model", "Model", "That found the damage", "Dat de schade heeft gevonden"),
}
WIDE = {"why": 60, "why_nl": 60, "reasons": 60, "note": 40, "name": 30, "picture": 34, "source": 26, "utc": 24}


class Book:
    """A workbook under construction: its sheets, and the formats they share."""

    def __init__(self, path: Path, lang: Language, written_utc: str | None) -> None:
        # Row by row to disk: a province of segments fits in little memory.
        self.book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
        self.lang = lang
        created = datetime.fromisoformat(written_utc).replace(tzinfo=None) if written_utc else UNDATED
        self.book.set_properties({"created": created, "author": "Schouw"})
        self.heading = self._format(bold=True, text_wrap=True, valign="top", bg_color="#e8ebef", bottom=1)
        self.title = self._format(bold=True, font_size=16)
        self.strong = self._format(bold=True, valign="top")
        self.wrapped = self._format(text_wrap=True, valign="top")
        self.colours: dict[str, Any] = {}
        self.numbers: dict[int, Any] = {}

    def _format(self, **properties: Any) -> Any:
        return self.book.add_format(properties)

    def number(self, decimals: int) -> Any:
        """The cell format of numbers with so many decimals."""
        if decimals not in self.numbers:
            self.numbers[decimals] = self._format(num_format="0" + ("." + "0" * decimals if decimals else ""))
        return self.numbers[decimals]

    def colour(self, colour: str) -> Any:
        """The cell format with this ground, and letters that can be read on it."""
        if colour not in self.colours:
            red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
            ink = "#000000" if 0.3 * red + 0.6 * green + 0.1 * blue > 140 else "#ffffff"
            self.colours[colour] = self._format(bg_color=colour, font_color=ink)
        return self.colours[colour]

    def sheet(self, name: str, table: pd.DataFrame, headings: dict[str, Heading]) -> None:
        """Add a table as a sheet, or as several where it has more rows than Excel takes."""
        columns = spoken([column for column in headings if column in table], self.lang)
        for part, start in enumerate(range(0, max(len(table), 1), ROWS_PER_SHEET), 1):
            title = SHEETS[name][self.lang] + (f" {part}" if part > 1 else "")
            self._sheet(title, table.iloc[start : start + ROWS_PER_SHEET], columns, headings)

    def _sheet(self, title: str, table: pd.DataFrame, columns: list[str], headings: dict[str, Heading]) -> None:
        sheet = self.book.add_worksheet(title)
        sheet.freeze_panes(1, columns.index("name") + 1 if "name" in columns[:4] else 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for i, column in enumerate(columns):
            heading = headings[column]
            style = None if heading.decimals is None else self.number(heading.decimals)
            sheet.set_column(i, i, WIDE.get(column, 16 if heading.decimals is None else 11), style)
        sheet.set_row(0, 48)
        for i, column in enumerate(columns):
            sheet.write_string(0, i, headings[column].title(self.lang), self.heading)
        _write_rows(sheet, table, columns, headings, self)
        last = max(len(table), 1)
        sheet.autofilter(0, 0, last, len(columns) - 1)
        for theme in (GRADE, PLAN, CLASS):
            self._colour_by(sheet, theme, columns, last)

    def _colour_by(self, sheet: Any, theme: Theme, columns: list[str], last: int) -> None:
        """Colour the cells that hold the words of a theme."""
        words = (
            {"grade": "grade_nl", "plan": "plan_nl", "class": "name_nl"} if self.lang == "nl" else {"class": "name_en"}
        )
        column = words.get(theme.name, theme.column)
        for name in (column, f"{column}_before", f"{column}_after"):
            if name in columns:
                at = columns.index(name)
                for entry in theme.entries:
                    rule = {"type": "cell", "criteria": "==", "value": f'"{entry.title(self.lang)}"'}
                    sheet.conditional_format(1, at, last, at, {**rule, "format": self.colour(entry.colour)})


def _write_rows(sheet: Any, table: pd.DataFrame, columns: list[str], headings: dict[str, Heading], book: Book) -> None:
    """Write the cells; a missing value stays empty. Text goes in as text: a street may be called '=1+1'."""
    texts = [headings[column].decimals is None for column in columns]
    cells = [
        worded(column, table[column], book.lang).astype(object).where(table[column].notna(), None).tolist()
        for column in columns
    ]
    styles = [None if text else book.number(headings[c].decimals or 0) for c, text in zip(columns, texts, strict=True)]
    for row, values in enumerate(zip(*cells, strict=True), 1):
        for i, value in enumerate(values):
            if value is None:
                continue
            if texts[i]:
                sheet.write_string(row, i, _yes_no(value, book.lang) if isinstance(value, bool) else str(value))
            else:
                sheet.write_number(row, i, value, styles[i])


def _yes_no(value: bool, lang: Language) -> str:
    return {"nl": ("nee", "ja"), "en": ("no", "yes")}[lang][value]


@contextmanager
def _written(path: Path, lang: Language, written_utc: str | None) -> Iterator[Book]:
    with atomic_path(path) as temporary:
        book = Book(temporary, lang, written_utc)
        yield book
        book.book.close()


def write_workbook(road_map: RoadMap, path: Path, lang: Language) -> None:
    """Write a map as .xlsx: an explanation, the segments, what to repair first, the damage and the surveys."""
    sheets = {
        "segments": plain(road_map.segments),
        "priorities": priorities(road_map),
        "defects": plain(road_map.defects),
        "surveys": surveys(road_map),
    }
    with _written(path, lang, road_map.summary["to_utc"]) as book:
        _about(book, _facts(road_map, lang), [*sheets])
        for name, table in sheets.items():
            book.sheet(name, table, {**HEADINGS, "surveys": SURVEYS}[name])


def write_changes_workbook(changes: "Changes", path: Path, lang: Language) -> None:
    """Write what changed as .xlsx: an explanation, the segments and the damage."""
    sheets = {"changed_segments": plain(changes.segments), "changed_defects": plain(changes.defects)}
    summary = changes.summary
    facts = [
        ({"nl": "Van", "en": "From"}[lang], summary["before_utc"] or "–"),
        ({"nl": "Tot", "en": "To"}[lang], summary["after_utc"] or "–"),
        (
            {"nl": "Te vergelijken", "en": "Comparable"}[lang],
            f"{number(summary['comparable_m'] / 1000, 1, lang)} km",
        ),
    ]
    with _written(path, lang, summary["after_utc"]) as book:
        _about(book, facts, [*sheets])
        for name, table in sheets.items():
            book.sheet(name, table, HEADINGS[name])


def write_priorities_workbook(road_map: RoadMap, path: Path, lang: Language) -> None:
    """Write what to repair first as .xlsx."""
    with _written(path, lang, road_map.summary["to_utc"]) as book:
        _about(book, _facts(road_map, lang), ["priorities"])
        book.sheet("priorities", priorities(road_map), HEADINGS["priorities"])


def plain(layer: pd.DataFrame) -> pd.DataFrame:
    """A layer without its geometry."""
    return pd.DataFrame(layer.drop(columns="geometry"))


def priorities(road_map: RoadMap) -> pd.DataFrame:
    """The segments that have a priority, first things first, with the columns of `HEADINGS["priorities"]`."""
    segments = road_map.segments
    ranked = segments[segments["priority"].notna()].sort_values("priority", kind="stable")
    return pd.DataFrame(ranked[list(HEADINGS["priorities"])]).reset_index(drop=True)


def surveys(road_map: RoadMap) -> pd.DataFrame:
    """The drives of a map, one row each, with the columns of `SURVEYS`."""
    rows = []
    for survey in road_map.summary["surveys"]:
        model = survey["card"].get("model") or {}
        name = " ".join(str(model[key]) for key in ("name", "version") if key in model)
        rows.append({**survey, "model": name or None})
    return pd.DataFrame(rows, columns=list(SURVEYS))


def _facts(road_map: RoadMap, lang: Language) -> list[tuple[str, str]]:
    summary = road_map.summary
    network = summary["network"]
    seen_km, network_km = (number(metres / 1000, 1, lang) for metres in (summary["covered_m"], network["length_m"]))
    segments = {"nl": "wegvakken", "en": "segments"}[lang]
    if lang == "nl":
        names = ("Eerste opname (UTC)", "Laatste opname (UTC)", "Wegennet", "Gezien", "Conditietabel", "Herkomst tabel")
    else:
        names = ("First survey (UTC)", "Last survey (UTC)", "Road network", "Seen", "Condition table", "Table's source")
    values = (
        *(summary["from_utc"] or "–", summary["to_utc"] or "–"),
        f"{network['file']}: {number(network['segments'], 0, lang)} {segments}, {network_km} km",
        f"{seen_km} km",
        *(summary["table"]["name"], summary["table"]["source"]),
    )
    return list(zip(names, values, strict=True))


def _about(book: Book, facts: Sequence[tuple[str, str]], sheets: Sequence[str]) -> None:
    lang = book.lang
    sheet = book.book.add_worksheet(SHEETS["about"][lang])
    sheet.hide_gridlines(2)
    for column, width in enumerate((24, 32, 10, 90)):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, {"nl": "Toestand van de wegen", "en": "Condition of the roads"}[lang], book.title)
    row = 2
    for name, value in facts:
        sheet.write_string(row, 0, name, book.strong)
        sheet.write_string(row, 1, value)
        row += 1
    row += 1
    sheet.write_string(row, 0, {"nl": "Lees dit eerst", "en": "Read this first"}[lang], book.strong)
    for note in NOTES[lang]:
        sheet.write_string(row, 1, note)
        row += 1
    row += 1
    titles = {"nl": ("Blad", "Kolom", "Eenheid", "Betekenis"), "en": ("Sheet", "Column", "Unit", "Meaning")}[lang]
    for column, title in enumerate(titles):
        sheet.write_string(row, column, title, book.heading)
    for name in sheets:
        headings = {**HEADINGS, "surveys": SURVEYS}[name]
        for key in spoken([*headings], lang):
            row += 1
            heading = headings[key]
            named = heading.nl if lang == "nl" else heading.en
            for column, text in enumerate((SHEETS[name][lang], named, heading.unit, heading.note(lang))):
                sheet.write_string(row, column, text)
