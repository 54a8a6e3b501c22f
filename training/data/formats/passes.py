"""Passes over pictures: who searched which picture for ravelling, and the patches that they found.

A CSV with the columns picture (its file's name without the suffix), annotator, x0_pct, y0_pct, x1_pct, y1_pct (percent
of the picture), class, severity (L, M, E) and confidence (1 doubtful to 3 sure). One row for every patch; `none` in
x0_pct says that the annotator searched the picture and found nothing, which is an answer too.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from detector.errors import InputError
from detector.files import read_text
from training.data.formats.source import Found, LeftOut, SourcePicture, annotation, picture_size
from training.data.record import Annotation

SEARCHED_FOR = "ravelling"
COLUMNS = ("picture", "annotator", "x0_pct", "y0_pct", "x1_pct", "y1_pct", "class", "severity", "confidence")


@dataclass(frozen=True, slots=True)
class Finding:
    """One row: what an annotator found in a picture. `box` is x0, y0, x1, y1 in percent; None where nothing was."""

    file: Path
    line: int
    annotator: str
    box: tuple[float, float, float, float] | None
    severity: str | None = None
    confidence: int | None = None

    def annotation(self, width: int, height: int) -> Annotation | None:
        """The patch in pixels. Raises InputError naming file and line for one that can't be."""
        if self.box is None:
            return None
        sides = (width, height, width, height)
        return annotation(
            self.file,
            f"line {self.line}",
            label=SEARCHED_FOR,
            box=tuple(percent * side / 100 for percent, side in zip(self.box, sides, strict=True)),
            severity=self.severity,
            confidence=self.confidence,
            annotator=self.annotator,
        )


@dataclass(frozen=True, slots=True)
class Passes:
    """The findings of one or several files, by the picture's stem."""

    findings: Mapping[str, list[Finding]] = field(default_factory=dict)

    def over(self, items: Iterable[Found]) -> Iterator[Found]:
        """What a reader gives, with the findings. A picture whose findings can't be laid on it is left out."""
        for item in items:
            try:
                found = item if isinstance(item, LeftOut) else self.added_to(item)
            except InputError as problem:
                found = LeftOut(problem.path, "picture", problem.problem)
            yield found

    def added_to(self, picture: SourcePicture) -> SourcePicture:
        """The picture with what the passes found in it, and who passed.

        In one that nobody labelled, nothing else was looked for.
        """
        findings = self.findings.get(picture.path.stem, [])
        if not findings:
            return picture
        width, height = picture_size(picture.path)
        patches = [patch for finding in findings if (patch := finding.annotation(width, height)) is not None]
        before = picture.said.get("passes", {})
        people = dict.fromkeys([*before.get(SEARCHED_FOR, ()), *(finding.annotator for finding in findings)])
        said = {**picture.said, "passes": {**before, SEARCHED_FOR: tuple(people)}}
        if picture.annotations is None:
            said |= {"looked_for": (SEARCHED_FOR,), "width": width, "height": height}
        return replace(picture, annotations=(*(picture.annotations or ()), *patches), said=said)

    def without_picture(self, known: Collection[str]) -> Iterator[LeftOut]:
        """What is said of pictures whose stems are not `known`."""
        for stem, findings in self.findings.items():
            if stem not in known:
                for file, count in Counter(finding.file for finding in findings).items():
                    yield LeftOut(file, "picture", f"'{stem}' has {count} rows but no picture")


def read_passes(*files: Path) -> Passes:
    """Read files of passes; one that is not there holds none. Raises InputError naming the line that is no row."""
    findings: dict[str, list[Finding]] = {}
    for path in files:
        if not path.is_file():
            continue
        for line, row in enumerate(csv.DictReader(io.StringIO(read_text(path))), start=2):
            try:
                findings.setdefault(row["picture"], []).append(_finding(path, line, row))
            except (KeyError, TypeError, ValueError) as problem:
                remedy = f"the columns are {', '.join(COLUMNS)}"
                raise InputError(path, f"line {line} is no row of a pass", remedy) from problem
    return Passes(findings)


def _finding(path: Path, line: int, row: Mapping[str, str]) -> Finding:
    if row["x0_pct"] == "none":
        return Finding(path, line, row["annotator"], None)
    if row["class"] != SEARCHED_FOR:
        raise ValueError(row["class"])
    x0, y0, x1, y1 = (float(row[key]) for key in COLUMNS[2:6])
    return Finding(path, line, row["annotator"], (x0, y0, x1, y1), row["severity"] or None, int(row["confidence"]))
