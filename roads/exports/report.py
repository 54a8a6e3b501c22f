"""A report as PDF: what an alderman can be handed. For the whole map, or with a chapter for each area.

title page                        key figures, grades, plan classes, damage by kind and state
overview map                      lines by grade; what has no grade is dashed
what first                        with the reasons, and the first segments with map and pictures
what was seen, and what not       with the reasons
what changed                      since the survey before
method and limits
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Spacer

from detector.errors import InputError, SettingsError
from detector.files import atomic_path
from roads.exports.chapters import Chapter, areas_table, coverage_pages, method_page, overview_page, title_page
from roads.exports.details import change_pages, priority_pages
from roads.exports.headings import Language
from roads.exports.phrases import phrase
from roads.exports.sheet import BOLD, PART, WIDTH, fitting, text, write_pages
from roads.mapping import RoadMap
from roads.vectorfile import check_crs

# As municipalities and Statistics Netherlands call the name of an area.
NAME_COLUMNS = ("name", "naam", "wijknaam", "buurtnaam", "gemeentenaam", "statnaam")
TOP = 10  # segments of a chapter that are shown with map and pictures


def read_areas(path: Path) -> gpd.GeoDataFrame:
    """Read the areas of a report: polygons with a column `name` (or naam, wijknaam, buurtnaam, ...).

    Returns:
        Columns name and geometry, in the file's CRS.

    Raises:
        InputError: the file can't be read, or has no polygons, no names, no CRS, or corners that are no place in it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shapely's own, of a corner that is not a number
            found = pyogrio.read_dataframe(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise InputError(path, "can't be read as areas", "give polygons as GeoPackage, GeoJSON or shapefile") from error
    if not isinstance(found, gpd.GeoDataFrame) or not found.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        raise InputError(path, "holds something other than polygons", "give a file of areas")
    if found.empty:
        raise InputError(path, "holds no areas", "give at least one polygon")
    if found.crs is None:
        raise InputError(path, "says no coordinate system", "save it with one, such as EPSG:28992")
    check_crs(path, found, "the areas")
    columns = {column.lower(): column for column in found.columns}
    name = next((columns[wanted] for wanted in NAME_COLUMNS if wanted in columns), None)
    if name is None:
        raise InputError(path, "its areas have no name", f"give a column {' or '.join(NAME_COLUMNS)}")
    names = found[name].astype("string").fillna("–")
    broken = names[~np.isfinite(shapely.length(found.geometry.to_numpy()))]
    if len(broken):
        raise InputError(path, f"area {broken.iloc[0]!r} has a corner that is no place", "mend it, or leave it out")
    return gpd.GeoDataFrame({"name": names}, geometry=found.geometry.make_valid(), crs=found.crs)


def write_report(
    road_map: RoadMap,
    pictures: Path,
    out: Path,
    lang: Language = "nl",
    areas: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    top: int = TOP,
) -> None:
    """Write a report of a map. The same map gives the same bytes.

    Args:
        road_map: the map.
        pictures: the folder that the defects' `picture` (a relative path) starts from; missing ones are left out.
        out: the PDF.
        lang: its language.
        areas: polygons with a column name, one chapter each (see `read_areas`). A segment belongs to the area that its
            middle lies in, the first of several; what lies in none is counted and said.
        title: on the first page and every page's head.
        top: how many segments of each chapter are shown with a map and pictures.

    Raises:
        InputError: `out` can't be written.
        SettingsError: no segment lies in any of the areas.
    """
    title = title or phrase("title", lang)
    whole = chapter_of(road_map, lang)
    surveys = len(road_map.summary["surveys"])
    story: list[Flowable] = title_page(whole, title, surveys)
    if areas is None:
        story += _body(whole, pictures, surveys, top)
    else:
        chapters = list(_chapters(road_map, areas, lang))
        story += [*areas_table(chapters), PageBreak(), *overview_page(whole, top)]
        for chapter in chapters:
            if chapter.outline is not None:
                story += _area(chapter, pictures, surveys, title, top)
    story += [PageBreak(), *method_page(whole)]
    summary = road_map.summary
    footer = phrase("footer", lang, table=summary["table"]["name"], network=summary["network"]["file"])
    try:
        with atomic_path(out) as temporary:
            write_pages(temporary, title, footer, lang, story)
    except OSError as error:
        raise InputError(out, f"can't be written ({error.strerror or error})", "choose another --out") from error


def chapter_of(road_map: RoadMap, lang: Language) -> Chapter:
    """The whole map as a chapter. Defects that lie on no segment are in none; the method page counts them."""
    placed = road_map.defects[road_map.defects["segment_id"].notna()]
    return Chapter(None, road_map.segments, placed, road_map.coverage, None, road_map.summary, lang)


def _chapters(road_map: RoadMap, areas: gpd.GeoDataFrame, lang: Language) -> Iterator[Chapter]:
    """A chapter for each area, in the order given, and one for the rest if there is any."""
    whole = chapter_of(road_map, lang)
    here = areas.to_crs(road_map.segments.crs)
    area = _area_of(road_map.segments, here)
    if (area < 0).all():
        raise SettingsError("--areas: no road of this map lies in any of them; give the areas of its place")
    of_segment = pd.Series(area, index=road_map.segments["segment_id"])
    of_defect, of_stretch = (layer["segment_id"].map(of_segment) for layer in (whole.defects, whole.coverage))
    names = [fitting(str(name), 2 * WIDTH, PART.fontSize, BOLD) for name in here["name"]]
    parts = list(zip(names, here.geometry, strict=True))
    if (area < 0).any():
        parts.append((phrase("outside", lang), None))
    for i, (name, outline) in enumerate(parts):
        number = -1 if outline is None else i
        yield Chapter(
            name,
            whole.segments[area == number],
            whole.defects[(of_defect == number).to_numpy(bool)],
            whole.coverage[(of_stretch == number).to_numpy(bool)],
            *(outline, whole.summary, lang),
        )


def _area_of(segments: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The area of each segment by number, -1 for none."""
    middles = shapely.line_interpolate_point(segments.geometry.to_numpy(), 0.5, normalized=True)
    segment, area = shapely.STRtree(areas.geometry.to_numpy()).query(middles, "intersects")
    found = np.full(len(segments), len(areas), np.int64)
    np.minimum.at(found, segment, area)
    found[found == len(areas)] = -1
    return found


def _area(chapter: Chapter, pictures: Path, surveys: int, title: str, top: int) -> list[Flowable]:
    if chapter.segments.empty:
        return [PageBreak(), text(chapter.name or "", PART), text(chapter.say("empty_area"))]
    return [PageBreak(), *title_page(chapter, title, surveys), *_body(chapter, pictures, surveys, top)]


def _body(chapter: Chapter, pictures: Path, surveys: int, top: int) -> list[Flowable]:
    return [
        *(PageBreak(), *overview_page(chapter, top)),
        *(PageBreak(), *priority_pages(chapter, pictures, top)),
        *(PageBreak(), *coverage_pages(chapter)),
        *(Spacer(1, 6 * mm), CondPageBreak(55 * mm), *change_pages(chapter, surveys)),
    ]
