"""YOLO text labels: `class cx cy w h`, or `class x1 y1 x2 y2 ...` for outlines, in fractions of the picture.

Read are Ultralytics' data.yaml and plain folders of images/ and labels/, with or without a folder for each split. What
YOLO has no place for lies in a JSON side-car beside the label file, which YOLO's own tools don't look at. `sources.tsv`
(picture, source) and `ravelling.csv` (see `passes`) belong to `road-damage`.
"""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from detector.errors import InputError
from detector.files import read_text
from detector.taxonomy import NAMES
from training.data.formats.passes import Passes, read_passes
from training.data.formats.source import (
    Found,
    LeftOut,
    SourcePicture,
    annotation,
    box_of,
    is_picture,
    picture_size,
    pictures_in,
    split_of,
    well_formed,
)
from training.data.formats.target import Target
from training.data.record import IGNORE, Annotation, Picture, extras

SOURCES, PASSES = "sources.tsv", "ravelling.csv"
NATIVE = {"label", "box"}
NATIVE_PICTURE = {"name", "path", "width", "height", "sha256", "annotations"}
CLASSES = (*NAMES, IGNORE)

Place = Path | list[Path]  # a folder of pictures, or the pictures that a list names


def matches(source: Path) -> bool:
    """Whether this is a data.yaml, or a folder with one or with labels/*.txt."""
    if source.is_file():
        return source.suffix in {".yaml", ".yml"}
    return _data_file(source) is not None or any(_label_folder(f).is_dir() for f in _image_folders(source))


def read(source: Path) -> Iterator[Found]:
    """Read a data.yaml or a folder. Raises InputError for a source that is neither."""
    data = source if source.is_file() else _data_file(source)
    missing: list[LeftOut] = []
    if data:
        places, missing = _from_data_file(data)
        names = _names(data)
    else:
        places = [(f, split_of(f.name, f.parent.name)) for f in _image_folders(source)]
        names = _classes_txt(source)
    if not places:
        raise InputError(source, "holds no pictures", "name a data.yaml, or a folder with images/ and labels/")
    yield from missing
    folders = [place for place, _ in places if isinstance(place, Path)]
    pictures = {folder: _pictures(folder, folders) for folder in folders}
    for place, split in places:
        if isinstance(place, Path):
            sources, unreadable = _read_sources(_beside(place, SOURCES))
            yield from unreadable
            yield from _read_pictures(pictures[place], split, names, sources, read_passes(_beside(place, PASSES)))
        else:
            yield from _read_pictures(place, split, names, {}, Passes())
    yield from _without_picture(pictures)


def _label_folder(images: Path) -> Path:
    """Where the labels of a folder of pictures lie: the last `images` in its path becomes `labels`."""
    parts = list(images.parts)
    for position in reversed(range(len(parts))):
        if parts[position] == "images":
            parts[position] = "labels"
            break
    return Path(*parts)


def _label_file(picture: Path) -> Path:
    return _label_folder(picture.parent) / f"{picture.stem}.txt"


def _beside(images: Path, name: str) -> Path:
    """A file that says something about a whole folder of pictures."""
    return _label_folder(images).parent / name


def _data_file(folder: Path) -> Path | None:
    found = [folder / name for name in ("data.yaml", "data.yml", "dataset.yaml") if (folder / name).is_file()]
    return found[0] if found else None


def _image_folders(source: Path) -> list[Path]:
    """`images`, `images/train`, `train/images`: those of them that hold pictures."""
    below = [source / "images", *sorted(source.glob("images/*")), *sorted(source.glob("*/images"))]
    return [folder for folder in below if pictures_in(folder)]


def _from_data_file(data: Path) -> tuple[list[tuple[Place, str | None]], list[LeftOut]]:
    """The pictures that a data.yaml names, each with its split, and what it names that is not there (often a test set).

    Raises InputError when nothing of it is there.
    """
    content = _load(data)
    root = data.parent / str(content.get("path") or "")
    if not root.is_dir():
        root = data.parent  # the path was written on another machine
    found: list[tuple[Place, str | None]] = []
    missing: list[LeftOut] = []
    for key in ("train", "val", "test"):
        entries = content.get(key) or []
        for entry in entries if isinstance(entries, list) else [entries]:
            place = _resolve(data, root, str(entry))
            if place is None:
                missing.append(LeftOut(data, "folder", f"names '{entry}' ({key}), which is not there"))
            elif all(place != known for known, _ in found):  # a set without val names train twice
                found.append((place, key))
    if missing and not found:
        raise InputError(data, missing[0].reason, "put the pictures where it says, or change `path`")
    return found, missing


def _resolve(data: Path, root: Path, entry: str) -> Place | None:
    inside = entry.removeprefix("../")  # Roboflow writes it before folders that lie beside the file
    for path in (root / entry, data.parent / entry, root / inside, data.parent / inside):
        if path.is_dir():
            return path / "images" if (path / "images").is_dir() else path
        if path.is_file():
            return [path.parent / line.strip() for line in read_text(path).splitlines() if line.strip()]
    return None


def _load(data: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(read_text(data))
    except yaml.YAMLError as problem:
        raise InputError(data, "is not YAML") from problem
    if not isinstance(content, dict) or "names" not in content:
        raise InputError(data, "is not a YOLO data file: it has no `names`")
    return content


def _names(data: Path) -> dict[str, str]:
    names = _load(data)["names"]
    with well_formed(data, "`names`"):
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return {str(number): str(name) for number, name in pairs}


def _classes_txt(source: Path) -> dict[str, str]:
    for path in (source / "classes.txt", source / "labels" / "classes.txt"):
        if path.is_file():
            return {str(number): name.strip() for number, name in enumerate(read_text(path).splitlines())}
    return {}


def _pictures(folder: Path, folders: Iterable[Path]) -> list[Path]:
    """All pictures below a folder but those of another one inside it, which are read on their own."""
    inner = {other for other in folders if folder in other.parents}
    return sorted(p for p in folder.rglob("*") if is_picture(p) and inner.isdisjoint(p.parents))


def _read_pictures(
    paths: Iterable[Path], split: str | None, names: dict[str, str], sources: dict[str, str], passes: Passes
) -> Iterator[Found]:
    for path in paths:
        labels = _label_file(path)
        said = {"split": split} | ({"source": sources[path.stem]} if path.stem in sources else {})
        try:
            with well_formed(labels, "it, or the JSON beside it,"):
                picture = passes.added_to(_read_picture(path, labels, names, said))
        except InputError as problem:
            yield LeftOut(problem.path, "picture", problem.problem)
            continue
        yield picture


def _without_picture(pictures: Mapping[Path, Collection[Path]]) -> Iterator[LeftOut]:
    """Label files, and rows of passes, whose picture is missing; `pictures` are those of each folder."""
    labelled, stems = set[Path](), dict[Path, set[str]]()  # stems by the file of passes, which folders may share
    for folder, paths in pictures.items():
        labelled.update(map(_label_file, paths))
        stems.setdefault(_beside(folder, PASSES), set()).update(path.stem for path in paths)
    for file, known in stems.items():
        yield from read_passes(file).without_picture(known)
    found = {path for folder in pictures for path in _label_folder(folder).rglob("*.txt")}
    for path in sorted(found - labelled):
        if path.name != "classes.txt" and not _names_pictures(path):
            yield LeftOut(path, "label file", "its picture is missing")


def _names_pictures(path: Path) -> bool:
    """Whether a text is a list of pictures, in place of labels."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return is_picture(Path(file.readline().strip()))


def _read_picture(path: Path, labels: Path, names: dict[str, str], said: dict[str, Any]) -> SourcePicture:
    width, height = picture_size(path)
    if not labels.is_file():
        return SourcePicture(path, labels, None, said)
    lines = _lines(labels)
    annotations = [read_line(labels, n, line, names, width, height) for n, line in lines]
    left_out: tuple[LeftOut, ...] = ()
    side_car = labels.with_suffix(".json")
    if side_car.is_file():
        more = _read_json(side_car)
        said = {**said, "split": None, **more.get("picture", {})}
        annotations, left_out = _with_extras(side_car, [line for _, line in lines], annotations, more)
    return SourcePicture(path, labels, tuple(annotations), {**said, "width": width, "height": height}, left_out)


def _lines(labels: Path) -> list[tuple[int, str]]:
    lines = enumerate(read_text(labels).splitlines(), start=1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def read_line(labels: Path, number: int, line: str, names: dict[str, str], width: int, height: int) -> Annotation:
    """Read one line into pixels of a picture of width x height. Raises InputError naming the line.

    The label is the class's name, or its number as text where `names` is empty.
    """
    try:
        class_text, *numbers = line.split()
        values = [float(text) for text in numbers]
        name = names[str(int(class_text))] if names else str(int(class_text))
    except (ValueError, KeyError) as problem:
        raise InputError(labels, f"line {number} is not 'class cx cy w h' with a known class") from problem
    if len(values) in (4, 5):
        cx, cy, w, h = values[:4]
        box = ((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height)
        score = values[4] if len(values) == 5 else None
        return annotation(labels, f"line {number}", label=name, box=box, score=score)
    if len(values) >= 6 and len(values) % 2 == 0:
        ring = [(x * width, y * height) for x, y in zip(values[::2], values[1::2], strict=True)]
        return annotation(labels, f"line {number}", label=name, box=box_of(ring), outline=(ring,))
    raise InputError(labels, f"line {number} is not 'class cx cy w h' with a known class")


def _with_extras(
    side_car: Path, lines: list[str], annotations: list[Annotation], more: dict[str, Any]
) -> tuple[list[Annotation], tuple[LeftOut, ...]]:
    """Give each line what the side-car says of it. A line that was changed since has lost its extras: that is said."""
    known: dict[str, list[dict[str, Any]]] = {}
    for entry in more.get("annotations", []):
        known.setdefault(entry["line"], []).append(entry)
    complete = []
    for line, plain in zip(lines, annotations, strict=True):
        entry = known[line].pop(0) if known.get(line) else {}
        fields = entry.get("fields", {})
        fields = {"label": plain.label, **fields} if "box" in fields else {**plain.model_dump(), **fields}
        complete.append(annotation(side_car, f"line '{line}'", **fields))
    lost = sum(len(entries) for entries in known.values())
    gone = (LeftOut(side_car, "changed", f"tells of {lost} boxes that were changed or removed since", fault=False),)
    return complete, gone if lost else ()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise InputError(path, "is not valid JSON") from problem
    return content if isinstance(content, dict) else {}


def _read_sources(path: Path) -> tuple[dict[str, str], list[LeftOut]]:
    """The source of each picture by its stem, and the lines that don't tell one."""
    sources: dict[str, str] = {}
    left_out: list[LeftOut] = []
    if path.is_file():
        rows = csv.reader(io.StringIO(read_text(path)), delimiter="\t")
        for row in rows:
            if len(row) == 2:
                sources[row[0]] = row[1]
            elif row:
                left_out.append(LeftOut(path, "line", f"line {rows.line_num} is not 'picture, tab, source'"))
    return sources, left_out


def write(target: Target, outlines: bool = False) -> None:
    """Write data.yaml, images/<split>, labels/<split>; with `outlines` in the form of a segmentation set.

    A segmentation set may not mix boxes and outlines in one file, so a box becomes its four corners there.
    """
    splits: dict[str, None] = {}
    for picture in target.pictures():
        split = picture.split or "unsplit"
        splits[split] = None
        target.place(picture, f"images/{split}/{picture.name}")
        lines, entries = [], []
        for a in picture.annotations:
            line = _line(a, picture, outlines)
            lines.append(line)
            fields = extras(a, {"label"} if outlines else NATIVE)
            if fields:
                entries.append({"line": line, "fields": fields})
                target.carried(fields, "the JSON beside the label file")
        stem = f"labels/{split}/{Path(picture.name).stem}"
        target.text(f"{stem}.txt", "".join(f"{line}\n" for line in lines))
        more = {"picture": extras(picture, NATIVE_PICTURE), "annotations": entries}
        target.text(f"{stem}.json", json.dumps(more, ensure_ascii=False) + "\n")
    content = {**_places(splits), "names": dict(enumerate(CLASSES))}  # without `path`: paths begin at this file
    target.text("data.yaml", yaml.safe_dump(content, sort_keys=False))


def write_outlines(target: Target) -> None:
    """Write a segmentation set."""
    write(target, outlines=True)


def _places(splits: Collection[str]) -> dict[str, Any]:
    """Folders of each split. Ultralytics wants `train` and `val`, so pictures without a split serve as both."""
    rest = ["images/unsplit"] if "unsplit" in splits else []
    places: dict[str, Any] = {s: f"images/{s}" for s in ("train", "val", "test") if s in splits}
    if rest:
        places["train"] = [places["train"], *rest] if "train" in places else rest[0]
    places.setdefault("train", places.get("val", "images/test"))
    places.setdefault("val", places["train"])
    return places


def _line(a: Annotation, picture: Picture, outlines: bool) -> str:
    x0, y0, x1, y1 = a.box
    number = CLASSES.index(a.label)
    if outlines:
        ring = max(a.outline, key=len) if a.outline else ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        values = [v for x, y in ring for v in (x / picture.width, y / picture.height)]
    else:
        values = [(x0 + x1) / 2 / picture.width, (y0 + y1) / 2 / picture.height]
        values += [(x1 - x0) / picture.width, (y1 - y0) / picture.height]
    return " ".join([str(number), *(f"{value:.12g}" for value in values)])
