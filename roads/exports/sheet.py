"""The paper of a report: fonts, styles, the page with its header and footer, and small pieces to build pages of."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table

from roads.exports.headings import Language

REGULAR, BOLD = "OpenSans", "OpenSans-Bold"
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
MOST_LINES = 20  # of a table's cell
INK, QUIET, RULE, GROUND = (HexColor(c) for c in ("#1d2430", "#5b6472", "#d5d9df", "#f3f5f7"))
ACCENT = HexColor("#12496b")


def _fonts() -> None:
    folder = files("roads.exports") / "fonts"
    for name, file in ((REGULAR, "OpenSans-Regular.ttf"), (BOLD, "OpenSans-Bold.ttf")):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


_fonts()
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9.5, leading=13.5, textColor=INK, spaceAfter=5)
SMALL = ParagraphStyle("small", BODY, fontSize=8, leading=10.5, spaceAfter=0)
CAPTION = ParagraphStyle("caption", SMALL, fontSize=7.5, leading=9.5, textColor=QUIET)
RIGHT = ParagraphStyle("right", SMALL, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", SMALL, fontName=BOLD, textColor=QUIET, fontSize=7.5)
HEAD_RIGHT = ParagraphStyle("head right", HEAD, alignment=TA_RIGHT)
TITLE = ParagraphStyle("title", BODY, fontName=BOLD, fontSize=24, leading=29, textColor=ACCENT, spaceAfter=3)
SUBTITLE = ParagraphStyle("subtitle", BODY, fontSize=11, leading=15, textColor=QUIET, spaceAfter=12)
H1 = ParagraphStyle(
    "h1", BODY, fontName=BOLD, fontSize=16, leading=20, textColor=ACCENT, spaceBefore=4, spaceAfter=7, keepWithNext=1
)
PART = ParagraphStyle("part", H1, fontSize=20, leading=25)
H2 = ParagraphStyle("h2", BODY, fontName=BOLD, fontSize=11, leading=15, spaceBefore=8, spaceAfter=4, keepWithNext=1)
LEAD = ParagraphStyle("lead", BODY, fontSize=10.5, leading=15.5, spaceAfter=10)


def text(content: str, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of plain text: nothing in it is markup."""
    return Paragraph(escape(content), style)


class Report(BaseDocTemplate):  # type: ignore[misc]
    """A document with a header, page numbers and bookmarks. The same content gives the same bytes."""

    def __init__(self, file: BinaryIO, title: str, footer: str, lang: Language) -> None:
        super().__init__(
            file,
            pagesize=A4,
            **{"title": title, "author": "Schouw", "lang": lang, "invariant": 1},
        )
        self.heading, self.footer = title, footer
        frame = Frame(
            MARGIN, 18 * mm, WIDTH, A4[1] - 38 * mm, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
        )
        self.addPageTemplates(PageTemplate("page", [frame], onPage=self._furnish))

    def _furnish(self, canvas: Any, _: Any) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 7.5)
        canvas.setFillColor(QUIET)
        canvas.drawString(MARGIN, 10 * mm, fitting(self.footer, WIDTH - 20 * mm, 7.5))
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, str(canvas.getPageNumber()))
        canvas.setStrokeColor(RULE)
        canvas.line(MARGIN, 14 * mm, A4[0] - MARGIN, 14 * mm)
        if canvas.getPageNumber() > 1:
            canvas.drawString(MARGIN, A4[1] - 13 * mm, fitting(self.heading, WIDTH, 7.5))
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802  (reportlab's name)
        """Put headings in the outline."""
        level = {"title": 0, "part": 0, "h1": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if level is not None:
            key = f"heading-{self.seq.nextf('bookmark')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level, closed=level == 0)


def fitting(content: str, width: float, size: float, font: str = REGULAR) -> str:
    """The text, cut off with an ellipsis where it is wider (points)."""
    if pdfmetrics.stringWidth(content, font, size) <= width:
        return content
    widths = range(len(content))
    kept = bisect_right(widths, width, key=lambda n: pdfmetrics.stringWidth(content[:n] + "…", font, size)) - 1
    return content[: max(kept, 0)] + "…"


def grid(
    rows: Sequence[Sequence[Any]], widths: Sequence[float], numeric: Sequence[int] = (), keep: bool = False
) -> Table:
    """A quiet table: the first row is its heading (repeated on every page), `numeric` columns stand to the right.

    Texts of more than some `MOST_LINES` are cut: a row must fit on a page.
    """
    head, body = (HEAD, HEAD_RIGHT), (SMALL, RIGHT)
    cells = [
        [
            cell
            if isinstance(cell, Flowable)
            else text(fitting(str(cell), MOST_LINES * widths[i], SMALL.fontSize), (body if at else head)[i in numeric])
            for i, cell in enumerate(row)
        ]
        for at, row in enumerate(rows)
    ]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, QUIET),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    return Table(cells, colWidths=list(widths), repeatRows=1, style=style, hAlign="LEFT", splitByRow=not keep)


class Chip(Flowable):  # type: ignore[misc]
    """A word on a coloured ground."""

    def __init__(self, word: str, colour: str, width: float = 17 * mm) -> None:
        super().__init__()
        self.word, self.colour, self.width, self.height = word, HexColor(colour), width, 10.5

    def draw(self) -> None:
        """Draw it."""
        self.canv.setFillColor(self.colour)
        self.canv.roundRect(0, -0.5, self.width, self.height, 2, stroke=0, fill=1)
        self.canv.setFillColor(_ink_on(self.colour))
        self.canv.setFont(BOLD, 7)
        self.canv.drawCentredString(self.width / 2, 2.4, fitting(self.word, self.width - 2, 7, BOLD))


def _ink_on(ground: Color) -> Color:
    return INK if 0.3 * ground.red + 0.6 * ground.green + 0.1 * ground.blue > 0.58 else white


class Figures(Flowable):  # type: ignore[misc]
    """Key figures side by side: a large number and what it counts."""

    def __init__(self, figures: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.figures, self.width, self.height = figures, WIDTH, 17 * mm

    def draw(self) -> None:
        """Draw it."""
        gap = 3 * mm
        each = (self.width - gap * (len(self.figures) - 1)) / len(self.figures)
        for i, (value, caption) in enumerate(self.figures):
            x = i * (each + gap)
            self.canv.setFillColor(GROUND)
            self.canv.roundRect(x, 0, each, self.height - 2 * mm, 3, stroke=0, fill=1)
            self.canv.setFillColor(ACCENT)
            self.canv.setFont(BOLD, 15)
            self.canv.drawString(x + 7, 20, fitting(value, each - 10, 15, BOLD))
            self.canv.setFillColor(QUIET)
            self.canv.setFont(REGULAR, 7.2)
            self.canv.drawString(x + 7, 8, fitting(caption, each - 9, 7.2))


class Bar(Flowable):  # type: ignore[misc]
    """A bar of shares with its key beneath: (name, amount as text, share, colour)."""

    def __init__(self, shares: Sequence[tuple[str, str, float, str]], width: float = WIDTH) -> None:
        super().__init__()
        self.shares, self.width = [s for s in shares if s[2] > 0], width
        self.columns = 3
        self.height = 8 * mm + 11 * -(-len(self.shares) // self.columns) + 6

    def draw(self) -> None:
        """Draw it."""
        top, x = self.height, 0.0
        total = sum(s[2] for s in self.shares)
        for _, _, share, colour in self.shares:
            self.canv.setFillColor(HexColor(colour))
            self.canv.rect(x, top - 7 * mm, self.width * share / total, 7 * mm, stroke=0, fill=1)
            x += self.width * share / total
        for i, (name, amount, _, colour) in enumerate(self.shares):
            x, y = (i % self.columns) * self.width / self.columns, top - 8 * mm - 10 - 11 * (i // self.columns)
            self.canv.setFillColor(HexColor(colour))
            self.canv.rect(x, y, 7, 7, stroke=0, fill=1)
            self.canv.setFillColor(INK)
            self.canv.setFont(REGULAR, 8)
            self.canv.drawString(x + 11, y + 0.5, fitting(f"{name}: {amount}", self.width / self.columns - 14, 8))


def write_pages(path: Path, title: str, footer: str, lang: Language, story: list[Flowable]) -> None:
    """Write the pages as a PDF."""
    with path.open("wb") as file:
        Report(file, title, footer, lang).build(story, canvasmaker=partial(Canvas, initialFontName=REGULAR))
