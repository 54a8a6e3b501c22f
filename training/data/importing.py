"""Labelled pictures of any format into a dataset: classes mapped, boxes and pictures checked, no silent loss."""

import csv
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

from detector.errors import InputError, SettingsError
from detector.files import atomic_path
from detector.footage.photos import read_photo
from training.data.card import Card, Origin, Source, read_card
from training.data.crack_kinds import kind_changes, mask_of, with_kinds
from training.data.dataset import KIND, Dataset, read_dataset, write_dataset
from training.data.exporting import read_origins
from training.data.formats.labelstudio import EVERY_CLASS
from training.data.formats.passes import read_passes
from training.data.formats.registry import detect_format, format_named
from training.data.formats.source import LeftOut, SourcePicture, picture_size, well_formed
from training.data.formats.target import check_kept, place_file
from training.data.record import Annotation, Picture, check_classes, first_fault

CUT_PX = 1.0  # a box that reaches further out of its picture is cut, and that is said
OWN = Origin(title="Labels of our own", licence="not stated", attribution="not stated")

SourceOf = Callable[[SourcePicture], tuple[str, Source]]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import."""

    format: str = "auto"
    card: str | None = None  # of datasets/; without it classes have our names
    place: str = "refer"  # or copy, or link: where the pictures will lie
    skip_unknown: bool = False  # classes that the card doesn't have are left out instead of an error
    keep_unlabelled: bool = False  # pictures without labels stay, as pictures in which nothing was looked for
    looked_for: tuple[str, ...] | None = None  # where neither card nor labels say
    split: str | None = None  # where the source says none
    kinds_from_masks: bool = False  # the kind of a crack is taken from the shape of its mask, or left open


@dataclass
class ImportReport:
    """What an import did."""

    dataset: Dataset | None = None
    format: str = ""
    left_out: list[LeftOut] = field(default_factory=list)
    mapped: Counter[tuple[str, str]] = field(default_factory=Counter)  # (theirs, ours): boxes
    kinds: Counter[str] = field(default_factory=Counter)  # cracks by what their mask said: settled, changed, open
    renamed: int = 0

    def faults(self) -> list[LeftOut]:
        """What was left out because something is wrong with it."""
        return [x for x in self.left_out if x.fault]


def import_dataset(
    source: Path, out: Path, options: ImportOptions, progress: Callable[[int, int], None] = lambda done, total: None
) -> ImportReport:
    """Read `source` and write the dataset `out`, whole or not at all.

    Raises InputError for a source that can't be read at all, and for classes that the card doesn't map: each is named
    with its file and card. Everything else that can't be used is left out, counted, and listed in left_out.csv.
    """
    KIND.check_replaceable(out)
    check_kept(source, out, "choose another --out")
    report = ImportReport(format=detect_format(source) if options.format == "auto" else options.format)
    form = format_named(report.format)
    source_of = _sources(source, options)
    total = _check(form.read(source), source_of, options)
    origins: dict[str, Origin] = {}
    entry: dict[str, Any] = {
        "from": str(source.resolve()),
        "format": report.format,
        "card": options.card,
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    names = Names()
    taken: dict[Path, Path] = {}  # picture: the file that labels it
    passes = read_passes(*(read_card(options.card).pass_files() if options.card else ()))
    with write_dataset(out, _title(source, options), origins, (entry,)) as writer:
        for done, found in enumerate(passes.over(form.read(source)), start=1):
            progress(done, total)
            if isinstance(found, LeftOut):
                report.left_out.append(found)
                continue
            path = found.path.resolve()
            if path in taken:
                again = f"names {found.path.name} again, which was taken as {taken[path]} labels it"
                report.left_out.append(LeftOut(found.labels, "picture", again))
                continue
            name, terms = source_of(found)
            picture = _take(found, name, terms, options, report)
            if picture is None:
                continue
            taken[path] = found.labels
            picture = picture if picture.lon is not None else picture.model_copy(update=position(found.path))
            unique = names.unique(picture.name, picture.sha256)
            report.renamed += unique != picture.name
            placed = _place(path, unique, options.place, out, writer.folder)
            origins.setdefault(name, terms.origin())
            writer.add(picture.model_copy(update={"name": unique, "path": placed}))
        if not origins:
            why = f": {report.left_out[0]}" if report.left_out else ""
            raise InputError(source, f"gives no usable picture{why}")
        write_left_out(writer.folder / "left_out.csv", report.left_out)
        entry["left_out"] = dict(Counter(x.what for x in report.left_out))
    report.dataset = read_dataset(out)
    return report


def _place(picture: Path, name: str, place: str, out: Path, folder: Path) -> str:
    """Put a picture into `folder`, which will be `out`, or leave it where it lies. Returns its path in the dataset."""
    if place != "copy":  # a link may be a symbolic one
        check_kept(picture, out, "choose another --out, or --copy")
    if place == "refer":
        return picture.as_posix()
    (folder / "images").mkdir(exist_ok=True)
    place_file(picture, folder / "images" / name, place == "copy")
    return f"images/{name}"


def _title(source: Path, options: ImportOptions) -> str:
    return read_card(options.card).title if options.card else source.resolve().name


def _sources(source: Path, options: ImportOptions) -> SourceOf:
    """Which source, and so which class map, a picture belongs to."""
    if options.card:
        return sources_of(read_card(options.card))
    origins = read_origins(source)
    looked_for = frozenset(options.looked_for or ())

    def own(found: SourcePicture) -> tuple[str, Source]:
        name = str(found.said.get("source") or "own")
        origin = origins.get(name, OWN)
        return name, Source(**origin.model_dump(), class_map={}, looked_for=looked_for)

    return own


def sources_of(card: Card) -> SourceOf:
    """Find a picture's source in a card: the one it names, or that its file's name begins with, or the only one."""
    keys = sorted(card.sources, key=len, reverse=True)

    def source_of(found: SourcePicture) -> tuple[str, Source]:
        said = _plain(str(found.said.get("source") or ""))
        if len(keys) == 1:
            return keys[0], card.sources[keys[0]]
        for key in keys:
            if said and _plain(key) in {said, f"{_plain(card.name)}_{said}"}:
                return key, card.sources[key]
        stem = _plain(found.path.stem)
        for key in keys:
            if not said and stem.startswith((_plain(key), _plain(key).removeprefix(f"{_plain(card.name)}_"))):
                return key, card.sources[key]
        if not said and card.name in card.sources:
            return card.name, card.sources[card.name]
        problem = f"belongs to no source of datasets/{card.name}.yaml" + (f": '{said}'" if said else "")
        raise InputError(found.path, problem, f"known are {', '.join(sorted(keys))}")

    return source_of


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _check(items: Iterable[SourcePicture | LeftOut], source_of: SourceOf, options: ImportOptions) -> int:
    """Count what there is. Raises InputError naming every class that no map has, before anything is written."""
    holes: dict[tuple[str, str], Path] = {}
    total = 0
    for found in items:
        total += 1
        if isinstance(found, SourcePicture):
            name, source = source_of(found)
            for a in found.annotations or ():
                if source.target(a.label) is None:
                    holes.setdefault((a.label, name), found.labels)
    if holes and not options.skip_unknown:
        (label, name), file = next(iter(holes.items()))
        card = f"datasets/{options.card}.yaml (source {name})" if options.card else "our own class names"
        others = sorted({other for other, _ in holes} - {label})
        more = f", nor {', '.join(map(repr, others))}" if others else ""
        remedy = "add it to the card's class_map" if options.card else "name a card with --card"
        raise InputError(file, f"has class '{label}', which {card} doesn't map{more}", f"{remedy}, or --unknown skip")
    return total


def _take(
    found: SourcePicture, name: str, source: Source, options: ImportOptions, report: ImportReport
) -> Picture | None:
    """The picture as the dataset keeps it; None, with the reason in the report, when it can't be used."""
    if not found.labelled and not options.keep_unlabelled:
        report.left_out.append(LeftOut(found.path, "picture", f"nobody labelled it: {found.labels.name} says nothing"))
        return None
    try:
        width, height, sha256 = examine(found.path)
        _check_size(found, width, height)
        mapped, notes = map_classes(found, source, report.mapped)
        notes += found.left_out
        kept, outside = fit(found.labels, mapped, width, height)
        with well_formed(found.labels, f"what it says of {found.path.name}"):
            picture = describe(found, name, source, options, width, height)
        picture = picture.model_copy(update={"sha256": sha256, "annotations": kept})
        if options.kinds_from_masks and (pixels := mask_of(found.path)) is not None:
            picture = with_kinds(picture, pixels)
            report.kinds.update(kind_changes(kept, picture.annotations))
    except InputError as problem:
        report.left_out.append(LeftOut(problem.path, "picture", problem.problem))
        return None
    report.left_out += [*notes, *outside]
    return picture


def examine(path: Path) -> tuple[int, int, str]:
    """Width, height and SHA-256 of a picture, after decoding it. Raises InputError for one that is cut off or none."""
    if not path.is_file():
        raise InputError(path, "is missing")
    width, height = picture_size(path)
    try:
        with PillowImage.open(path) as image:
            image.draft("L", (max(width // 8, 1), max(height // 8, 1)))  # a JPEG is read whole, but not painted whole
            image.load()
        with path.open("rb") as file:
            return width, height, hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ImportError, ValueError, SyntaxError) as problem:
        raise InputError(path, "is a broken picture: only its head can be read") from problem


def position(path: Path) -> dict[str, float]:
    """Where a photo was taken (`lon`, `lat`; WGS84), by its EXIF data; nothing where they don't tell."""
    if path.suffix.lower() not in {".jpg", ".jpeg"}:
        return {}
    try:
        photo = read_photo(path)
    except (ValueError, OSError):
        return {}
    return {"lon": photo.lon, "lat": photo.lat}


def _check_size(found: SourcePicture, width: int, height: int) -> None:
    said = (found.said.get("width") or width, found.said.get("height") or height)
    if said != (width, height):
        raise InputError(
            found.path, f"is {width} x {height}, but {found.labels.name} labels it as {said[0]} x {said[1]}"
        )


def describe(
    found: SourcePicture, name: str, source: Source, options: ImportOptions, width: int, height: int
) -> Picture:
    """Everything about a picture but its labels. Raises InputError when nobody says what was looked for."""
    looked_for = _looked_for(found, source, options)
    passes = _by_class(found.said.get("passes", {}), looked_for)
    match = re.search(source.group, found.path.stem) if source.group else None
    fields = {
        "name": found.path.name,
        "split": options.split,
        "group": "_".join(g for g in match.groups() if g) or match[0] if match else None,
        **{key: value for key, value in found.said.items() if value is not None},
        "path": found.path.as_posix(),
        "width": width,
        "height": height,
        "source": name,
        "looked_for": (*looked_for, *passes) if found.labelled else (),
        "passes": passes,
    }
    fields.pop("sha256", None)
    try:
        return Picture(**fields)
    except ValueError as problem:
        fault = first_fault(problem)
        raise InputError(found.labels, f"says something impossible of {found.path.name}: {fault}") from problem


def _looked_for(found: SourcePicture, source: Source, options: ImportOptions) -> tuple[str, ...]:
    """By the labels, the card or the options. Labels drawn since they said "nothing" are as those that don't say."""
    if not found.labelled:
        return ()
    looked_for = found.said.get("looked_for") or source.looked_for or options.looked_for
    if not looked_for:
        raise SettingsError(
            f"{found.labels}: neither labels nor card say which classes were looked for; "
            "add --looked-for, such as --looked-for pothole,ravelling"
        )
    return tuple(sorted(looked_for))


def _by_class(passes: Mapping[str, tuple[str, ...]], looked_for: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Who passed for each class: those who passed for all that were looked for, and those of the class alone."""
    if EVERY_CLASS not in passes:
        return passes
    every = dict.fromkeys(looked_for, passes[EVERY_CLASS])
    own = {name: people for name, people in passes.items() if name != EVERY_CLASS}
    return {name: tuple(dict.fromkeys((*every.get(name, ()), *own.get(name, ())))) for name in every | own}


def map_classes(
    found: SourcePicture, source: Source, counts: Counter[tuple[str, str]] | None = None
) -> tuple[list[Annotation], list[LeftOut]]:
    """Labels in our class names, and those that are left out: not ours, or unknown."""
    mapped: list[Annotation] = []
    left_out: list[LeftOut] = []
    for a in found.annotations or ():
        target = source.target(a.label)
        if target is None:
            left_out.append(LeftOut(found.labels, "class", f"'{a.label}' is in no class map"))
        elif target.label is None:
            left_out.append(LeftOut(found.labels, "class", f"'{a.label}' is no damage of ours", fault=False))
        else:
            mapped.append(a.model_copy(update={"label": target.label, "maybe": a.maybe or target.maybe}))
        if counts is not None:
            counts[(a.label, (target and target.label) or "left out")] += 1
    return mapped, left_out


def fit(
    file: Path, annotations: Iterable[Annotation], width: int, height: int
) -> tuple[tuple[Annotation, ...], list[LeftOut]]:
    """Cut boxes and outlines at the picture's edge. A box without an area inside is left out."""
    kept: list[Annotation] = []
    left_out: list[LeftOut] = []
    for a in annotations:
        x0, y0, x1, y1 = a.box
        box = (min(max(x0, 0.0), width), min(max(y0, 0.0), height), min(max(x1, 0.0), width), min(max(y1, 0.0), height))
        where = f"box of {a.label} at {x0:.0f}, {y0:.0f}, {x1:.0f}, {y1:.0f}"
        if not (box[0] < box[2] and box[1] < box[3]):
            left_out.append(LeftOut(file, "box", f"{where} has no area inside the picture of {width} x {height}"))
            continue
        if max(abs(p - q) for p, q in zip(box, a.box, strict=True)) > CUT_PX:
            left_out.append(LeftOut(file, "changed", f"{where} is cut at the edge of {width} x {height}", fault=False))
        outline = tuple(
            tuple((min(max(x, 0.0), width), min(max(y, 0.0), height)) for x, y in ring) for ring in a.outline
        )
        kept.append(
            a if box == a.box and outline == a.outline else a.model_copy(update={"box": box, "outline": outline})
        )
    return tuple(kept), left_out


class Names:
    """File names that no other picture of the dataset has, not even with another suffix: label files share the stem."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str, sha256: str) -> str:
        """The name itself, or where it is taken one with the beginning of the picture's hash, or a number."""
        path = Path(re.sub(r"[/\\:]", "_", name))
        hashed = f"_{sha256[:8]}"
        endings = itertools.chain(("", hashed), (f"{hashed}_{n}" for n in itertools.count(2)))
        stem = next(path.stem + ending for ending in endings if (path.stem + ending).lower() not in self._taken)
        self._taken.add(stem.lower())
        return stem + path.suffix


def write_left_out(path: Path, left_out: Iterable[LeftOut]) -> None:
    """Write what was left out as a table: file, what, reason, fault."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("file", "what", "reason", "fault"))
        table.writerows((x.file, x.what, x.reason, "yes" if x.fault else "no") for x in left_out)


def class_list(text: str) -> tuple[str, ...]:
    """Read `pothole,ravelling`. Raises SettingsError naming what is no class."""
    try:
        return check_classes(name.strip() for name in text.split(",") if name.strip())
    except ValueError as problem:
        raise SettingsError(str(problem)) from problem
