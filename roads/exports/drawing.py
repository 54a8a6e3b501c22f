"""Maps drawn as vectors on a page of a report, to scale, with a north arrow, a scale bar and a key."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from reportlab.lib.colors import HexColor, white
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import Flowable

from roads.exports.legend import Entry, Theme
from roads.exports.sheet import BOLD, INK, QUIET, REGULAR, RULE, WIDTH, fitting

Geometries = NDArray[np.object_]
SIMPLIFY_MM = 0.12  # on paper; no eye sees less
MARGIN = 0.06  # of the view, around what it shows


@dataclass
class Strokes:
    """Lines (metres) drawn alike; dashed is for what was not seen."""

    lines: Geometries
    colour: str
    width: float  # points
    dashed: bool = False


@dataclass
class Dots:
    """Points (metres) drawn alike."""

    points: Geometries
    colour: str
    radius: float = 2.2  # points


@dataclass
class Badge:
    """A number at a place (metres)."""

    text: str
    x: float
    y: float


@dataclass
class Content:
    """What a map shows, in the order of drawing."""

    strokes: list[Strokes] = field(default_factory=list)
    dots: list[Dots] = field(default_factory=list)
    badges: list[Badge] = field(default_factory=list)


def strokes_of(layer: gpd.GeoDataFrame, theme: Theme, width: float = 1.4) -> list[Strokes]:
    """The lines of a layer by theme: the rest first, and below everything else."""
    numbers, lines = theme.of(layer), layer.geometry.to_numpy()
    entries = [*enumerate(theme.entries)]
    if theme.rest:
        entries.append((len(theme.entries), theme.rest))
    return [
        Strokes(lines[numbers == i], entry.colour, width * entry.width, entry is theme.rest)
        for i, entry in sorted(entries, key=lambda e: (e[1] is not theme.rest, e[1].width))
        if (numbers == i).any()
    ]


def dots_of(layer: gpd.GeoDataFrame, theme: Theme, radius: float = 2.2) -> list[Dots]:
    """The points of a layer by theme, but for what is not shown at first."""
    numbers, points = theme.of(layer), layer.geometry.to_numpy()
    return [
        Dots(points[numbers == i], entry.colour, radius)
        for i, entry in enumerate(theme.entries)
        if entry.shown and (numbers == i).any()
    ]


class Map(Flowable):  # type: ignore[misc]
    """A map of `content` that shows at least `bounds` (west, south, east, north in metres)."""

    def __init__(self, content: Content, bounds: Sequence[float], width: float, height: float) -> None:
        super().__init__()
        self.content, self.width, self.height = content, width, height
        west, south, east, north = bounds
        span_x, span_y = max(east - west, 1.0) * (1 + 2 * MARGIN), max(north - south, 1.0) * (1 + 2 * MARGIN)
        self.scale = min(width / span_x, height / span_y)  # points per metre
        self.west = (west + east) / 2 - width / self.scale / 2
        self.south = (south + north) / 2 - height / self.scale / 2

    def draw(self) -> None:
        """Draw it."""
        canvas = self.canv
        canvas.saveState()
        canvas.setFillColor(HexColor("#fbfbf9"))
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.6)
        canvas.rect(0, 0, self.width, self.height, stroke=1, fill=1)
        frame = canvas.beginPath()
        frame.rect(0, 0, self.width, self.height)
        canvas.clipPath(frame, stroke=0, fill=0)
        canvas.setLineJoin(1)
        for strokes in self.content.strokes:
            self._stroke(strokes)
        for dots in self.content.dots:
            self._dot(dots)
        for badge in self.content.badges:
            self._badge(badge)
        self._north()
        self._scale_bar()
        canvas.restoreState()

    def _stroke(self, strokes: Strokes) -> None:
        tolerance = SIMPLIFY_MM * mm / self.scale
        east, north = self.west + self.width / self.scale, self.south + self.height / self.scale
        seen = shapely.clip_by_rect(strokes.lines, self.west - tolerance, self.south, east, north)
        lines = shapely.simplify(shapely.get_parts(seen), tolerance)
        places, line = shapely.get_coordinates(lines, return_index=True)
        x, y = ((places - (self.west, self.south)) * self.scale).round(2).T
        starts = np.append(True, line[1:] != line[:-1]) if len(line) else np.empty(0, bool)
        path = self.canv.beginPath()
        for start, x_pt, y_pt in zip(starts.tolist(), x.tolist(), y.tolist(), strict=True):
            (path.moveTo if start else path.lineTo)(x_pt, y_pt)
        self.canv.setStrokeColor(HexColor(strokes.colour))
        self.canv.setLineWidth(strokes.width)
        self.canv.setDash((2.2, 1.8) if strokes.dashed else ())
        self.canv.setLineCap(0 if strokes.dashed else 1)
        self.canv.drawPath(path, stroke=1, fill=0)
        self.canv.setDash(())

    def _dot(self, dots: Dots) -> None:
        self.canv.setFillColor(HexColor(dots.colour))
        self.canv.setStrokeColor(white)
        self.canv.setLineWidth(0.5)
        for x, y in (shapely.get_coordinates(dots.points) - (self.west, self.south)) * self.scale:
            if 0 <= x <= self.width and 0 <= y <= self.height:
                self.canv.circle(round(x, 2), round(y, 2), dots.radius, stroke=1, fill=1)

    def _badge(self, badge: Badge) -> None:
        x, y = (badge.x - self.west) * self.scale, (badge.y - self.south) * self.scale
        half = max(pdfmetrics.stringWidth(badge.text, BOLD, 6.5) / 2 + 2.4, 5.2)
        self.canv.setFillColor(INK)
        self.canv.setStrokeColor(white)
        self.canv.setLineWidth(0.7)
        self.canv.roundRect(x - half, y - 5.2, 2 * half, 10.4, 5.2, stroke=1, fill=1)
        self.canv.setFillColor(white)
        self.canv.setFont(BOLD, 6.5)
        self.canv.drawCentredString(x, y - 2.3, badge.text)

    def _north(self) -> None:
        x, y = self.width - 5.5 * mm, self.height - 10.5 * mm
        arrow = self.canv.beginPath()
        for i, (dx, dy) in enumerate(((0, 14), (4, 0), (0, 3), (-4, 0))):
            (arrow.lineTo if i else arrow.moveTo)(x + dx, y + dy)
        arrow.close()
        self.canv.setFillColor(INK)
        self.canv.drawPath(arrow, stroke=0, fill=1)
        self.canv.setFont(BOLD, 7)
        self.canv.drawCentredString(x, y + 16, "N")

    def _scale_bar(self) -> None:
        metres = round_length(0.3 * self.width / self.scale)
        length = metres * self.scale
        label = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
        x, y = 4 * mm, 4 * mm
        self.canv.setFillColor(white)
        self.canv.rect(x - 4, y - 4, length + 8, 16, stroke=0, fill=1)
        self.canv.setStrokeColor(INK)
        self.canv.setLineCap(0)
        self.canv.setLineWidth(1)
        self.canv.lines([(x, y, x + length, y), (x, y - 2, x, y + 2), (x + length, y - 2, x + length, y + 2)])
        self.canv.setFillColor(INK)
        self.canv.setFont(REGULAR, 6.5)
        self.canv.drawCentredString(x + length / 2, y + 3.5, label)


def round_length(longest: float) -> float:
    """The roundest length (1, 2 or 5 times a power of ten) that is not longer."""
    power = np.floor(np.log10(longest))
    # A power either way, as the logarithm of a power of ten may be rounded across it.
    lengths = np.outer(10.0 ** np.arange(power - 1, power + 2), (1, 2, 5)).ravel()
    return float(lengths[lengths <= longest].max())


class Key(Flowable):  # type: ignore[misc]
    """The key of a map: a sample and a name of each entry, wrapped over lines."""

    def __init__(self, entries: Sequence[tuple[Entry, str, bool, bool]], width: float = WIDTH) -> None:
        """Each entry with its name, whether it is a point, and whether it is dashed."""
        super().__init__()
        self.width, self.placed = width, []
        x, line = 0.0, 0
        for entry, name, point, dashed in entries:
            wide = 22 + pdfmetrics.stringWidth(name, REGULAR, 7.5) + 12
            if x and x + wide > width:
                x, line = 0.0, line + 1
            self.placed.append((x, line, entry, name, point, dashed))
            x += wide
        self.height = 12 * (line + 1) + 3

    def draw(self) -> None:
        """Draw it."""
        for x, line, entry, name, point, dashed in self.placed:
            y = self.height - 10 - 12 * line
            if point:
                self.canv.setFillColor(HexColor(entry.colour))
                self.canv.circle(x + 9, y + 2.5, 2.6, stroke=0, fill=1)
            else:
                self.canv.setStrokeColor(HexColor(entry.colour))
                self.canv.setLineWidth(1.6 * entry.width)
                self.canv.setDash((2.2, 1.8) if dashed else ())
                self.canv.line(x, y + 2.5, x + 17, y + 2.5)
                self.canv.setDash(())
            self.canv.setFillColor(QUIET)
            self.canv.setFont(REGULAR, 7.5)
            self.canv.drawString(x + 21, y, fitting(name, self.width - 21, 7.5))
