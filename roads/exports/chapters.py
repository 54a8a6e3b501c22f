"""The pages of a report: each function gives the flowables of one part for one chapter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer

from detector.taxonomy import CLASSES, Measure
from roads.condition.score import Status
from roads.exports.drawing import Badge, Content, Key, Map, Strokes, strokes_of
from roads.exports.headings import Language
from roads.exports.legend import CLASS, GRADE, GREY, PLAN, SHARE, SLATE, STATE, UNSEEN, Entry, Theme
from roads.exports.phrases import phrase
from roads.exports.sheet import H1, H2, LEAD, PART, SUBTITLE, TITLE, WIDTH, Bar, Figures, grid, text
from roads.exports.words import NOTES, day, number, word
from roads.fusion.history import State

MAP_HEIGHT = 168 * mm


@dataclass(frozen=True)
class Chapter:
    """What one chapter is about: the whole map or one area. Layers are in the map's metric CRS."""

    name: str | None  # None: the whole map
    segments: gpd.GeoDataFrame
    defects: gpd.GeoDataFrame  # on those segments
    coverage: gpd.GeoDataFrame
    outline: Any  # the area (shapely), or None
    summary: dict[str, Any]  # of the whole map
    lang: Language

    @property
    def known(self) -> gpd.GeoDataFrame:
        """The defects that are on the road, as far as known: not those that have gone."""
        return self.defects[(self.defects["state"] != str(State.GONE)).to_numpy(bool)]

    @property
    def ranked(self) -> gpd.GeoDataFrame:
        """The segments with a priority, first things first."""
        has = self.segments[self.segments["priority"].notna()]
        return has.sort_values("priority", kind="stable")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """What a map of the chapter must show: the area, or the roads that were surveyed."""
        if self.outline is not None:
            west, south, east, north = self.outline.bounds
            return west, south, east, north
        driven = self.segments[(self.segments["visits"] > 0).to_numpy(bool)]
        west, south, east, north = (driven if len(driven) else self.segments).total_bounds
        return west, south, east, north

    def km(self, metres: float, decimals: int = 1) -> str:
        """Metres written as kilometres."""
        return number(metres / 1000, decimals, self.lang)

    def say(self, key: str, **values: object) -> str:
        """A sentence in the chapter's language."""
        return phrase(key, self.lang, **values)


def length_by(chapter: Chapter, theme: Theme) -> list[float]:
    """Metres of segments in each entry of a theme, the rest last."""
    numbers = theme.of(chapter.segments)
    lengths = chapter.segments["length_m"].to_numpy(float)
    metres: list[float] = np.bincount(numbers, lengths, minlength=len(theme.entries) + 1).tolist()
    return metres


def figures_of(chapter: Chapter) -> dict[str, float]:
    """The key figures: metres and counts."""
    segments = chapter.segments
    length, seen = float(segments["length_m"].sum()), float(segments["covered_m"].sum())
    grades, plans = length_by(chapter, GRADE), length_by(chapter, PLAN)
    return {
        **{"length": length, "seen": seen, "unseen": max(length - seen, 0.0), "graded": sum(grades[:-1])},
        **{"bad": sum(grades[2:-1]), "urgent": plans[0], "defects": float(len(chapter.known))},
    }


def title_page(chapter: Chapter, title: str, surveys: int) -> list[Flowable]:
    """The title, what it comes down to, and the key figures."""
    f, say = figures_of(chapter), chapter.say
    states = chapter.defects["state"].value_counts()
    count = {state: int(states.get(str(state), 0)) for state in State}
    news = say("news", new=count[State.NEW], grown=count[State.GROWN], gone=count[State.GONE]) if surveys > 1 else ""
    share = 100 * f["seen"] / f["length"] if f["length"] else 0.0
    kilometres = {key: chapter.km(f[key]) for key in ("length", "seen", "unseen", "graded", "bad", "urgent")}
    lead = say("lead", **kilometres, share=number(share, 0, chapter.lang), defects=len(chapter.known), news=news)
    boxes = [(kilometres[key], say(f"f_{key}")) for key in ("seen", "unseen", "bad", "urgent")]
    heading = (
        [text(title, TITLE), text(_when(chapter), SUBTITLE)] if chapter.name is None else [text(chapter.name, PART)]
    )
    return [
        *heading,
        Figures([*boxes, (str(len(chapter.known)), say("f_defects"))]),
        Spacer(1, 3 * mm),
        text(lead, LEAD),
        KeepTogether([text(say("grades"), H2), Bar(_grade_shares(chapter))]),
        KeepTogether([text(say("plans"), H2), Bar(_shares(chapter, PLAN))]),
        KeepTogether([text(say("damage"), H2), _damage_table(chapter)]),
    ]


def _when(chapter: Chapter) -> str:
    first, last = (day(chapter.summary[key], chapter.lang) for key in ("from_utc", "to_utc"))
    if not chapter.summary["to_utc"]:
        return chapter.say("unknown_date")
    return chapter.say("surveyed_once", to=last) if first == last else chapter.say("surveyed", from_=first, to=last)


def _grade_shares(chapter: Chapter) -> list[tuple[str, str, float, str]]:
    graded = [share for share in _shares(chapter, GRADE) if share[3] != GREY]
    status, lengths = chapter.segments["status"], chapter.segments["length_m"]
    for what, key, colour in (
        (Status.TOO_LITTLE_SEEN, "too_little", SLATE),
        (Status.NOT_SURVEYED, "unsurveyed", "#d3d6db"),
    ):
        metres = float(lengths[(status == str(what)).to_numpy(bool)].sum())
        graded.append((chapter.say(key), f"{chapter.km(metres)} km", metres, colour))
    return graded


def _shares(chapter: Chapter, theme: Theme) -> list[tuple[str, str, float, str]]:
    entries = [*theme.entries, *([theme.rest] if theme.rest else [])]
    return [
        (entry.title(chapter.lang), f"{chapter.km(metres)} km", metres, entry.colour)
        for entry, metres in zip(entries, length_by(chapter, theme), strict=True)
    ]


def _damage_table(chapter: Chapter) -> Flowable:
    """Counts per class and state, and how much it is."""
    rows = [
        [
            chapter.say("class"),
            *(e.title(chapter.lang) for e in STATE.entries),
            chapter.say("total"),
            chapter.say("amount"),
        ]
    ]
    for c in CLASSES:
        of_class = chapter.defects[(chapter.defects["class"] == c.name).to_numpy(bool)]
        known = chapter.known[(chapter.known["class"] == c.name).to_numpy(bool)]
        if c.measure is Measure.LENGTH:
            amount = f"{number(known[['length_m', 'width_m']].max(axis=1).sum(), 1, chapter.lang)} m"
        else:
            amount = f"{number(known['area_m2'].sum(), 1, chapter.lang)} m²"
        counts = [int((of_class["state"] == e.value).sum()) for e in STATE.entries]
        name = c.dutch if chapter.lang == "nl" else c.english
        rows.append([name, *(str(n) if n else "–" for n in counts), str(len(known)), amount if len(known) else "–"])
    numeric = range(1, len(rows[0]))
    return grid(rows, [33 * mm, *[18 * mm] * len(STATE.entries), 16 * mm, 17 * mm], tuple(numeric), keep=True)


def overview_page(chapter: Chapter, top: int) -> list[Flowable]:
    """A page with a map of the grades, numbered with the first priorities."""
    strokes = strokes_of(chapter.segments, GRADE, 1.5)
    content = Content([*_outline(chapter), *strokes], [], _badges(chapter, top))
    return [
        text(chapter.say("overview"), H1),
        Map(content, chapter.bounds, WIDTH, MAP_HEIGHT),
        Spacer(1, 2 * mm),
        key_of(GRADE, chapter.lang),
        text(chapter.say("overview_note")),
    ]


def _badges(chapter: Chapter, top: int) -> list[Badge]:
    first = chapter.ranked.head(top)
    middle = shapely.line_interpolate_point(first.geometry.to_numpy(), 0.5, normalized=True)
    places = zip(first["priority"], shapely.get_coordinates(middle).tolist(), strict=True)
    return [Badge(str(rank), x, y) for rank, (x, y) in places][::-1]


def _outline(chapter: Chapter) -> list[Strokes]:
    if chapter.outline is None:
        return []
    return [Strokes(shapely.get_parts([chapter.outline.boundary]), "#9aa3b0", 1.2)]


def key_of(theme: Theme, lang: Language, *more: tuple[Entry, bool]) -> Key:
    """The key of a theme; `more` entries with whether they are points."""
    point = theme is CLASS
    rows = [(entry, entry.title(lang), point, False) for entry in theme.entries]
    if theme.rest and theme.rest.shown:
        rows.append((theme.rest, theme.rest.title(lang), point, True))
    return Key([*rows, *((entry, entry.title(lang), is_point, False) for entry, is_point in more)])


def coverage_pages(chapter: Chapter) -> list[Flowable]:
    """What was seen and what not: a map, and the metres driven unseen by reason."""
    say, lang = chapter.say, chapter.lang
    unseen = chapter.coverage[~chapter.coverage["usable"].to_numpy(bool)]
    missed = Strokes(unseen.geometry.to_numpy(), UNSEEN, 2.4)
    content = Content([*_outline(chapter), *strokes_of(chapter.segments, SHARE, 1.3), missed])
    metres = (unseen["to_m"] - unseen["from_m"]).groupby(unseen["reason"]).sum().sort_values(ascending=False)
    never = float(chapter.segments.loc[(chapter.segments["visits"] == 0).to_numpy(bool), "length_m"].sum())
    rows = [[say("reason"), say("metres")]]
    rows += [[word("reason", str(reason), lang), number(m, 0, lang)] for reason, m in metres.items()]
    table = grid(rows, [90 * mm, 30 * mm], (1,), keep=len(rows) < 20) if len(rows) > 1 else text(say("all_seen"))
    unusable = Entry("gereden, beeld niet bruikbaar", "driven, picture not usable", UNSEEN, width=1.6)
    return [
        text(say("coverage"), H1),
        text(say("coverage_note")),
        Map(content, chapter.bounds, WIDTH, 115 * mm),
        Spacer(1, 2 * mm),
        key_of(SHARE, lang, (unusable, False)),
        text(say("never", km=chapter.km(never))),
        Spacer(1, 2 * mm),
        table,
    ]


def areas_table(chapters: Sequence[Chapter]) -> list[Flowable]:
    """The areas side by side; the last row is what lies outside all of them, where that is anything."""
    say, lang = chapters[0].say, chapters[0].lang
    rows = [[say(key) for key in ("area", "length_km", "seen_km", "poor_km", "defects")]]
    for chapter in chapters:
        f = figures_of(chapter)
        rows.append(
            [
                chapter.name or "",
                *(chapter.km(f[key]) for key in ("length", "seen", "bad")),
                number(f["defects"], 0, lang),
            ]
        )
    return [text(say("areas"), H2), grid(rows, [62 * mm, *[28 * mm] * 4], (1, 2, 3, 4))]


def method_page(chapter: Chapter) -> list[Flowable]:
    """How it was made and what it can't say."""
    say, lang, summary = chapter.say, chapter.lang, chapter.summary
    notes = list(NOTES[lang])
    cameras = [camera for survey in summary["surveys"] for camera in survey["card"].get("cameras", [])]
    if not cameras or not all(camera["calibrated"] for camera in cameras):
        notes.append(say("uncalibrated"))
    if unlocated := sum(summary["defects"]["unlocated"].values()):
        notes.append(say("unlocated", n=unlocated))
    if unmatched := sum(summary["frames"]["unmatched"].values()):
        notes.append(say("off", n=unmatched, of=summary["frames"]["total"]))
    rows = [[say(key) for key in ("survey", "date", "driven", "frames", "model")]]
    for survey in summary["surveys"]:
        model = survey["card"].get("model") or {}
        named = " ".join(str(model[key]) for key in ("name", "version") if key in model)
        rows.append(
            [
                survey["name"],
                day(survey["from_utc"], lang),
                chapter.km(survey["driven_m"]),
                number(survey["frames"], 0, lang),
                named or "–",
            ]
        )
    table = summary["table"]
    return [
        text(say("method"), PART),
        text(say("method_how", table=table["name"], source=table["source"])),
        text(say("method_pci")),
        *(text(f"• {note}") for note in notes),
        text(say("surveys"), H2),
        grid(rows, [66 * mm, 38 * mm, 24 * mm, 18 * mm, 28 * mm], (2, 3)),
    ]
