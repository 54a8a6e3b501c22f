"""An audit as files: `report.html`, one self-contained page with pictures to look at, and `audit.json` for programs."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader

from detector.cards import FolderKind
from detector.files import atomic_folder
from detector.images import small_jpeg
from detector.taxonomy import BY_NAME, CLASSES, NAMES
from training.data.audit import CHECKS, Audit, Finding, Level
from training.data.record import Annotation, Picture

REPORT = FolderKind(
    card="audit.json",
    format="schouw audit",
    version=1,
    name="an audit",
    briefly="an audit",
    where="name the folder that schouw data audit wrote",
    again="run schouw data audit again",
    other_version="run schouw data audit again",
)
PAGE = "report.html"
EXAMPLES = 24  # findings of a kind that the page shows
PER_EXAMPLE = 6  # pictures of one finding that it shows
PICTURE_PX = 320
QUALITY = 70
SIZES = 12  # picture sizes that the page lists
BINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # longer side of a box, as a share of the picture's


@dataclass(frozen=True, slots=True)
class Box:
    """A box on the page, in percent of the picture."""

    left: float
    top: float
    width: float
    height: float
    colour: str
    meant: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on the page."""

    name: str
    where: str
    jpeg: str | None  # base64; None where the file can't be read
    boxes: tuple[Box, ...]


def write_audit(audit: Audit, folder: Path) -> Path:
    """Write the folder, whole or not at all, and return the page's path.

    Raises InputError when the folder holds something other than an audit.
    """
    REPORT.check_replaceable(folder)
    with atomic_folder(folder.resolve()) as new:
        (new / PAGE).write_text(render_audit(audit), encoding="utf-8")
        REPORT.write_card(new, summary(audit))
    return folder / PAGE


def summary(audit: Audit) -> dict[str, Any]:
    """The audit as JSON values."""
    counts = Counter(f.check for f in audit.findings)
    return {
        "dataset": str(audit.dataset.folder),
        "title": audit.dataset.title,
        "pictures": len(audit.pictures),
        "errors": len(audit.of(Level.ERROR)),
        "warnings": len(audit.of(Level.WARNING)),
        "counts": {check: counts[check] for check in CHECKS},
        "boxes": boxes_table(audit),
        "sizes": dict(sizes(audit)),
        "findings": [asdict(f) for f in audit.findings],
    }


def render_audit(audit: Audit) -> str:
    """The page. Text of the dataset is escaped; a content security policy allows no script at all."""
    environment = Environment(loader=PackageLoader("training.data", ""), autoescape=True, trim_blocks=True)
    grouped: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        grouped.setdefault(finding.check, []).append(finding)
    return environment.get_template("audit.html.j2").render(
        audit=audit,
        errors=len(audit.of(Level.ERROR)),
        warnings=len(audit.of(Level.WARNING)),
        classes=CLASSES,
        table=boxes_table(audit),
        sizes=sizes(audit)[:SIZES],
        histogram=box_sizes(audit),
        sections=[
            (CHECKS[check], len(findings), [(f, shown(audit, f)) for f in findings[:EXAMPLES]])
            for check, findings in grouped.items()
        ],
        not_found=[check.title for name, check in CHECKS.items() if name not in grouped],
        style=(files("training.data") / "audit.css").read_text(encoding="utf-8"),
    )


def boxes_table(audit: Audit) -> list[dict[str, Any]]:
    """By source and split: pictures, how many without a box, groups, and boxes by class (None: not looked for)."""
    rows = []
    keys = sorted({(p.source, p.split or "") for p in audit.pictures.values()})
    for source, split in keys:
        members = [p for p in audit.pictures.values() if (p.source, p.split or "") == (source, split)]
        boxes = Counter(a.label for p in members for a in p.annotations)
        searched = {name for p in members for name in p.looked_for}
        rows.append(
            {
                "source": source,
                "split": split or "none",
                "pictures": len(members),
                "without": sum(not p.annotations for p in members),
                "groups": len({p.group for p in members if p.group}),
                "boxes": {n: boxes[n] if n in searched or boxes[n] else None for n in NAMES},
            }
        )
    return rows


def sizes(audit: Audit) -> list[tuple[str, int]]:
    """Sizes of pictures and how many have each, the commonest first."""
    return Counter(f"{p.width} x {p.height}" for p in audit.pictures.values()).most_common()


def box_sizes(audit: Audit) -> list[tuple[str, Sequence[float], int]]:
    """For each class: the share of its boxes in each of `BINS`, by their longer side, and their number."""
    lengths: dict[str, list[float]] = {name: [] for name in NAMES}
    for p in audit.pictures.values():
        for a in p.annotations:
            if a.label in lengths:
                longer = max((a.box[2] - a.box[0]) / p.width, (a.box[3] - a.box[1]) / p.height)
                lengths[a.label].append(min(max(longer, 0.0), 1.0))
    rows = []
    for name, values in lengths.items():
        counts = np.histogram(values, BINS)[0]
        rows.append((BY_NAME[name].english, (counts / max(len(values), 1)).tolist(), len(values)))
    return rows


def shown(audit: Audit, finding: Finding) -> list[Shown]:
    """The pictures of a finding, the first with the box that is meant standing out."""
    return [
        _shown(audit, audit.pictures[name], finding if n == 0 else None)
        for n, name in enumerate(finding.pictures[:PER_EXAMPLE])
    ]


def _shown(audit: Audit, picture: Picture, finding: Finding | None) -> Shown:
    small = small_jpeg(audit.dataset.file(picture), PICTURE_PX, QUALITY)
    meant = finding.box if finding else None
    boxes = tuple(_on_page(a, picture, a.box == meant) for a in picture.annotations)
    where = ", ".join(part for part in (picture.source, picture.split, picture.group) if part)
    return Shown(picture.name, where, base64.b64encode(small[0]).decode() if small else None, boxes)


def _on_page(a: Annotation, picture: Picture, meant: bool) -> Box:
    x0, y0, x1, y1 = a.box
    across, down = 100 / picture.width, 100 / picture.height
    colour = BY_NAME[a.label].colour if a.label in BY_NAME else "#888"
    return Box(x0 * across, y0 * down, max(x1 - x0, 0) * across, max(y1 - y0, 0) * down, colour, meant)
