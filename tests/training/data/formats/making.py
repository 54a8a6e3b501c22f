"""Datasets at random, and the way there and back through a format."""

from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from detector.taxonomy import NAMES
from training.data.card import Origin
from training.data.dataset import Dataset, read_dataset, write_dataset
from training.data.exporting import ExportOptions, export_dataset
from training.data.formats import rle
from training.data.importing import ImportOptions, ImportReport, import_dataset
from training.data.record import IGNORE, Annotation, Picture

WIDTH, HEIGHT = 48, 32
ORIGINS = {
    "ours": Origin(title="Ours", licence="CC0-1.0", attribution="us"),
    "Japan": Origin(title="Theirs", licence="CC-BY-4.0", attribution="them", hide=(0.5, 0.0, 1.0, 0.1), mind="a logo"),
}


def values(most: int) -> st.SearchStrategy[float]:
    return st.one_of(st.integers(0, most).map(float), st.floats(0, most).map(lambda v: round(v, 6)))


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    xs = draw(st.lists(values(WIDTH), min_size=2, max_size=2, unique=True).filter(lambda v: abs(v[0] - v[1]) > 0.01))
    ys = draw(st.lists(values(HEIGHT), min_size=2, max_size=2, unique=True).filter(lambda v: abs(v[0] - v[1]) > 0.01))
    return min(xs), min(ys), max(xs), max(ys)


def has_area(ring: list[tuple[float, float]]) -> bool:
    xs, ys = zip(*ring, strict=True)
    return max(xs) - min(xs) > 0.01 and max(ys) - min(ys) > 0.01


rings = st.lists(st.tuples(values(WIDTH), values(HEIGHT)), min_size=3, max_size=6).filter(has_area)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
keys = st.sampled_from(["weather", "regen?", "a b", "Ünï", "pose", "1st"])


@st.composite
def masks(draw: st.DrawFn) -> rle.Mask:
    shape = draw(st.sampled_from([(HEIGHT, WIDTH), (2 * HEIGHT, 2 * WIDTH)]))
    pixels = np.zeros(shape, np.uint8)
    x, y = draw(st.integers(0, 40)), draw(st.integers(0, 28))
    bits = draw(st.integers(1, 2**15 - 1))
    pixels[y : y + 3, x : x + 5] = [[bits >> (5 * i + j) & 1 for j in range(5)] for i in range(3)]
    return rle.encode(pixels)


maybe = st.lists(st.sampled_from(NAMES), unique=True, max_size=2)
annotations = st.builds(
    Annotation,
    label=st.sampled_from([*NAMES, IGNORE]),
    box=boxes(),
    outline=st.one_of(st.just(()), st.lists(rings, min_size=1, max_size=2)),
    mask=st.one_of(st.none(), masks()),
    severity=st.sampled_from([None, "L", "M", "E"]),
    confidence=st.sampled_from([None, 1, 2, 3]),
    annotator=st.one_of(st.none(), texts),
    occluded=st.booleans(),
    truncated=st.booleans(),
    difficult=st.booleans(),
    maybe=maybe,
    score=st.one_of(st.none(), st.floats(0, 1)),
    track=st.sampled_from([None, "7", "x y"]),
    interpolated=st.booleans(),
    attributes=st.dictionaries(keys, texts, max_size=2),
).filter(lambda a: a.label != IGNORE or a.maybe)
pictures = st.builds(
    Picture,
    name=st.just("set later"),
    path=st.just("set later"),
    width=st.just(WIDTH),
    height=st.just(HEIGHT),
    sha256=st.just(""),
    source=st.sampled_from(list(ORIGINS)),
    split=st.sampled_from([None, "train", "val", "test"]),
    group=st.one_of(st.none(), texts),
    looked_for=st.lists(st.sampled_from(NAMES), unique=True),
    passes=st.sampled_from([{}, {"ravelling": ("R1", "R2")}]),
    lon=st.one_of(st.none(), st.floats(-180, 180)),
    lat=st.one_of(st.none(), st.floats(-90, 90)),
    annotations=st.lists(annotations, max_size=4).map(tuple),
).filter(lambda picture: picture.looked_for or picture.passes or not picture.annotations)


def make_dataset(folder: Path, records: list[Picture]) -> Dataset:
    """Write a dataset whose pictures lie beside it, each with pixels of its own."""
    (folder / "photos").mkdir(parents=True)
    with write_dataset(folder / "dataset", "Roads & ravelling <ours>", ORIGINS) as writer:
        for number, record in enumerate(records):
            name = f"road {number}.png" if number else "wég.png"
            path = folder / "photos" / name
            Image.new("RGB", (WIDTH, HEIGHT), (number, 0, 0)).save(path)
            passes = {"looked_for": {*record.looked_for, *record.passes}}
            fields = {**record.model_dump(), **passes, "name": name, "path": str(path)}
            writer.add(Picture.model_validate(fields))
    return read_dataset(folder / "dataset")


def there_and_back(dataset: Dataset, folder: Path, name: str) -> ImportReport:
    """Export to a format and import what came of it."""
    export_dataset(dataset, folder / "export", ExportOptions(name))
    options = ImportOptions(format="yolo" if "yolo" in name else name, keep_unlabelled=True)
    return import_dataset(folder / "export", folder / "back", options)


def comparable(dataset: Dataset) -> dict[str, tuple[object, list[str]]]:
    """By name: what is known of each picture, and its labels in an order of their own (videos keep none)."""
    found = {}
    for picture in dataset:
        known = picture.model_dump(exclude={"path", "sha256", "annotations"})
        labels = sorted((rounded(a) for a in picture.annotations), key=repr)
        found[picture.name] = (known, labels)
    return found


def rounded(a: Annotation) -> dict[str, object]:
    """To a ten-thousandth of a pixel: percents and fractions lose the last digits."""
    fields = a.model_dump()
    fields["box"] = [round(v, 4) for v in a.box]
    fields["outline"] = [[(round(x, 4), round(y, 4)) for x, y in ring] for ring in a.outline]
    return fields
