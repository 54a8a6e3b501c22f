"""The pages of a report that go into single segments and defects: what first, with pictures, and what changed."""

from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table
from reportlab.platypus import Image as Picture

from detector.images import small_jpeg
from roads.exports.chapters import Chapter, key_of
from roads.exports.drawing import Content, Map, Strokes, dots_of
from roads.exports.legend import CLASS, GRADE, PLAN, STATE
from roads.exports.sheet import CAPTION, H1, H2, SMALL, WIDTH, Chip, grid, text
from roads.exports.words import damage, day, number
from roads.fusion.history import State

LISTED = 40  # priorities and changes in a table; the workbook has all
PICTURES = 3  # of a segment
PICTURE_PX = 560  # longest side: 240 pixels per inch at the size printed
PICTURE_QUALITY = 78
NEAR_M = 60.0  # road around a segment that its map shows


def priority_pages(chapter: Chapter, pictures: Path, top: int) -> list[Flowable]:
    """The table of what first with the reasons, then the first `top` segments with map and pictures."""
    ranked, say, lang = chapter.ranked, chapter.say, chapter.lang
    if ranked.empty:
        return [text(say("priorities"), H1), text(say("no_priorities"))]
    rows: list[list[Any]] = [["", say("street"), say("length"), say("grade"), say("plan"), say("because")]]
    for row in ranked.head(LISTED).to_dict("records"):
        grade, plan = (theme.entry(int(theme.of(pd.DataFrame([row]))[0])) for theme in (GRADE, PLAN))
        rows.append(
            [
                *(str(row["priority"]), f"{row['name'] or say('nameless')} ({row['segment_id']})"),
                f"{number(row['length_m'], 0, lang)} m",
                *(Chip(entry.title(lang), entry.colour) for entry in (grade, plan)),
                str(row["why_nl" if lang == "nl" else "why"]),
            ]
        )
    pages = [text(say("priorities"), H1), grid(rows, [8 * mm, 48 * mm, 15 * mm, 19 * mm, 19 * mm, 65 * mm], (2,))]
    if len(ranked) > LISTED:
        pages.append(text(say("more", n=len(ranked) - LISTED)))
    shown = ranked.head(top)
    heading = say("per_section", n=len(shown)) if len(shown) > 1 else say("per_section_1")
    sections = [_section(chapter, at, pictures) for at in range(len(shown))]
    return [*pages, Spacer(1, 5 * mm), text(heading, H1), key_of(CLASS, lang), *sections]


def _section(chapter: Chapter, at: int, pictures: Path) -> Flowable:
    """One segment: a map beside what is known of it, and pictures of its damage."""
    row = chapter.ranked.iloc[at]
    of_segment = chapter.known[(chapter.known["segment_id"] == row["segment_id"]).to_numpy(bool)]
    name = row["name"] or chapter.say("nameless")
    side_by_side = Table(
        [[_small_map(chapter, row, of_segment), _facts(chapter, row, of_segment)]],
        colWidths=[82 * mm, WIDTH - 82 * mm],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)],
        hAlign="LEFT",
    )
    heading = text(f"{row['priority']}  {name} ({row['segment_id']})", H2)
    return KeepTogether([heading, side_by_side, *_pictures(chapter, of_segment, pictures), Spacer(1, 4 * mm)])


def _small_map(chapter: Chapter, row: "pd.Series[Any]", defects: gpd.GeoDataFrame) -> Map:
    west, south, east, north = row.geometry.bounds
    half = max(east - west, north - south) / 2 + NEAR_M
    x, y = (west + east) / 2, (south + north) / 2
    bounds = (x - half, y - half * 0.6, x + half, y + half * 0.6)
    lines = chapter.segments.geometry.to_numpy()
    near = lines[shapely.intersects(lines, shapely.box(x - 2 * half, y - 2 * half, x + 2 * half, y + 2 * half))]
    grade = GRADE.entry(int(GRADE.of(pd.DataFrame([row]))[0]))
    strokes = [Strokes(near, "#c3c8d0", 1.4), Strokes(np.array([row.geometry]), grade.colour, 3.0)]
    return Map(Content(strokes, dots_of(defects, CLASS, 2.6)), bounds, 78 * mm, 46 * mm)


def _facts(chapter: Chapter, row: "pd.Series[Any]", defects: gpd.GeoDataFrame) -> Table:
    say, lang = chapter.say, chapter.lang
    grade, plan = (theme.entry(int(theme.of(pd.DataFrame([row]))[0])) for theme in (GRADE, PLAN))
    states = defects["state"].value_counts()
    counted = [say("defect_1") if len(defects) == 1 else say("defects_n", n=len(defects))]
    counted += [say(f"{s}_n", n=int(states[s])) for s in (str(State.NEW), str(State.GROWN)) if s in states]
    facts: list[tuple[str, Any]] = [
        (say("grade"), Chip(grade.title(lang), grade.colour)),
        (say("plan"), Chip(plan.title(lang), plan.colour)),
        (say("score"), _interval(chapter, row, "score")),
        ("PCI", _interval(chapter, row, "pci")),
        (say("because"), [text(line, SMALL) for line in damage(row, lang)]),
        (say("known"), text(", ".join(counted), SMALL)),
        (say("share_seen"), f"{number(100 * row['coverage'], 0, lang)} % ({number(row['covered_m'], 0, lang)} m)"),
        (say("last"), day(row["last_surveyed"], lang)),
    ]
    cells = [[text(term, CAPTION), text(value, SMALL) if isinstance(value, str) else value] for term, value in facts]
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1.5)]
    style += [("BOTTOMPADDING", (0, 0), (-1, -1), 1.5), ("LEFTPADDING", (0, 0), (0, -1), 0)]
    return Table(cells, colWidths=[28 * mm, WIDTH - 110 * mm], style=style)


def _interval(chapter: Chapter, row: "pd.Series[Any]", name: str) -> str:
    if pd.isna(row[name]):
        return "–"
    value, low, high = (number(row[column], 0, chapter.lang) for column in (name, f"{name}_low", f"{name}_high"))
    return chapter.say("interval", value=value, low=low, high=high)


def _pictures(chapter: Chapter, defects: gpd.GeoDataFrame, folder: Path) -> list[Flowable]:
    """The surest defects that have a picture, side by side, each with its size, sureness and date."""
    surest = defects.sort_values(["probability", "score", "id"], ascending=[False, False, True], kind="stable")
    cells: list[list[Flowable]] = []
    for row in surest.to_dict("records"):
        found = picture(folder / str(row["picture"]), 55 * mm, 33 * mm)
        if found is not None and len(cells) < PICTURES:
            cells.append([found, text(_caption(chapter, row), CAPTION)])
    if not cells:
        return [text(chapter.say("no_picture"), CAPTION)] if len(defects) else []
    widths = [WIDTH / PICTURES] * len(cells)
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    return [Table([cells], colWidths=widths, style=style, hAlign="LEFT")]


def _caption(chapter: Chapter, row: dict[Any, Any]) -> str:
    lang = chapter.lang
    sizes = [number(row[column], 1, lang) for column in ("length_m", "width_m")]
    size = chapter.say("size", length=sizes[0], width=sizes[1], sigma=number(100 * row["size_sigma"], 0, lang))
    sure = chapter.say("sure", p=number(100 * row["probability"], 0, lang), day=day(row["last_seen"], lang))
    state = STATE.entry(int(STATE.of(pd.DataFrame([row]))[0])).title(lang)
    return f"{row['name_nl' if lang == 'nl' else 'name_en']} {row['id']}, {state} · {size} · {sure}"


def picture(path: Path, width: float, height: float) -> Picture | None:
    """A picture made small, to fit in a box (points); None where it is missing or can't be read."""
    small = small_jpeg(path, PICTURE_PX, PICTURE_QUALITY)
    if small is None:
        return None
    jpeg, size = small
    fits = min(width / size[0], height / size[1])
    return Picture(BytesIO(jpeg), size[0] * fits, size[1] * fits, hAlign="LEFT")


def change_pages(chapter: Chapter, surveys: int) -> list[Flowable]:
    """What is new, has grown or has gone, by the newest survey that saw its place."""
    say, lang = chapter.say, chapter.lang
    if surveys < 2:
        return [text(say("changes"), H1), text(say("no_changes"))]
    order = [str(state) for state in (State.NEW, State.GROWN, State.GONE)]
    changed = chapter.defects[chapter.defects["state"].isin(order).to_numpy(bool)]
    rank = changed["state"].map({state: i for i, state in enumerate(order)}).to_numpy()
    changed = changed.iloc[np.lexsort((changed["id"], -changed["area_m2"], rank))]
    pages = [text(say("changes"), H1), text(say("changes_note"))]
    if changed.empty:
        return [*pages, text(say("nothing_changed"))]
    names = chapter.segments.set_index("segment_id")["name"]
    rows: list[list[Any]] = [
        [say(k) for k in ("number", "class", "state", "street", "dimensions", "growth", "from_to")]
    ]
    for row in changed.head(LISTED).to_dict("records"):
        state = STATE.entry(int(STATE.of(pd.DataFrame([row]))[0]))
        growth = (
            "–"
            if pd.isna(row["growth"])
            else f"{'+' if row['growth'] > 0 else ''}{number(100 * row['growth'], 0, lang)} %"
        )
        rows.append(
            [
                *(str(row["id"]), row["name_nl" if lang == "nl" else "name_en"], Chip(state.title(lang), state.colour)),
                f"{names.get(row['segment_id']) or say('nameless')}, {number(row['offset_m'], 0, lang)} m",
                f"{number(row['length_m'], 1, lang)} × {number(row['width_m'], 1, lang)}",
                *(growth, f"{row['first_seen']} – {row['last_seen']}"),
            ]
        )
    pages.append(grid(rows, [10 * mm, 28 * mm, 20 * mm, 46 * mm, 20 * mm, 14 * mm, 36 * mm], (4, 5)))
    return [*pages, *([text(say("more_changes", n=len(changed) - LISTED))] if len(changed) > LISTED else [])]
