"""CVAT for images 1.1: one XML for all pictures. What CVAT has no field for lies in attributes that labels declare.

CVAT hands proposals back as any other label, also where nobody looked: a picture with proposals has a box to tick.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from detector.errors import InputError
from training.data.formats.cvat_shapes import (
    CHECKED,
    PICTURE_TAG,
    SHAPES,
    attribute_names,
    events,
    labels_element,
    picture_texts,
    read_shape,
    said_of,
    shape_element,
    texts_of,
    write_labels,
)
from training.data.formats.source import (
    Album,
    Found,
    LeftOut,
    SourcePicture,
    matching_files,
    read_all,
    split_of,
    well_formed,
)
from training.data.formats.target import Target
from training.data.record import Picture


def matches(source: Path) -> bool:
    """Whether an XML here is CVAT's and lists images."""
    return any(first_of(path, {"image", "track"}) == "image" for path in matching_files(source, ".xml")[:20])


def first_of(path: Path, tags: set[str]) -> str | None:
    """The first element of these names in a CVAT file; None in any other XML."""
    root = None
    try:
        with path.open("rb") as file:
            for _, element in ElementTree.iterparse(file, events=("start",)):
                tag = str(element.tag)
                root = root or tag
                if root != "annotations":
                    return None
                if tag in tags:
                    return tag
    except (ElementTree.ParseError, ValueError, LookupError, OSError):
        return None
    return None


def read(source: Path) -> Iterator[Found]:
    """Read one XML, or all below a folder. Raises InputError where there is none."""
    files = [p for p in matching_files(source, ".xml") if source.is_file() or first_of(p, {"image"})]
    if not files:
        raise InputError(source, "holds no XML of 'CVAT for images'", "export the task as 'CVAT for images 1.1'")
    yield from read_all(files, Album(source if source.is_dir() else source.parent), _read_file)


def _read_file(path: Path, album: Album) -> Iterator[Found]:
    for element in events(path, {"image"}):
        try:
            with well_formed(path, f"image '{element.get('name')}'"):
                picture = _read_image(path, element, album)
        except InputError as problem:
            yield LeftOut(path, "picture", f"{element.get('name')}: {problem}")
            continue
        yield picture


def _read_image(path: Path, element: ElementTree.Element, album: Album) -> SourcePicture:
    name = element.get("name", "")
    picture = album.find(name)
    try:
        width, height = int(element.get("width", "")), int(element.get("height", ""))
    except ValueError as problem:
        raise InputError(path, f"image '{name}' has no size") from problem
    left_out: list[LeftOut] = []
    annotations = []
    said: dict[str, object] = {"split": split_of(element.get("subset", "")), "width": width, "height": height}
    checked = True
    for child in element:
        if child.tag == "tag" and child.get("label") == PICTURE_TAG:
            texts = texts_of(child)
            said |= said_of(texts)
            checked = texts.get(CHECKED) != "false"
        elif child.tag in SHAPES:
            where = f"image '{name}'"
            read_one = read_shape(path, where, child.get("label", ""), child, (height, width), left_out)
            annotations += [read_one] if read_one else []
    return SourcePicture(picture, path, tuple(annotations) if checked else None, said, tuple(left_out))


def write(target: Target) -> None:
    """Write images/, annotations.xml and labels.json. The XML is written picture by picture."""
    names = attribute_names(target, set())
    write_labels(target, names)
    count = sum(1 for _ in target.pictures(report=False))
    with target.path("annotations.xml").open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n')
        file.write(_text(_meta(target, names, count)))
        for number, picture in enumerate(target.pictures()):
            target.place(picture, f"images/{picture.name}")
            file.write(_text(_image(number, picture, names, target)))
        file.write("</annotations>\n")


def _text(element: ElementTree.Element) -> str:
    ElementTree.indent(element)
    return ElementTree.tostring(element, encoding="unicode") + "\n"


def _meta(target: Target, names: list[str], count: int) -> ElementTree.Element:
    meta = ElementTree.Element("meta")
    task = ElementTree.SubElement(meta, "task")
    for key, value in (("name", target.dataset.title), ("size", str(count)), ("mode", "annotation")):
        ElementTree.SubElement(task, key).text = value
    task.append(labels_element(names, target.pre_labels))
    return meta


def _image(number: int, picture: Picture, names: list[str], target: Target) -> ElementTree.Element:
    size = {"width": str(picture.width), "height": str(picture.height)}
    subset = {"subset": {"val": "Validation"}.get(picture.split, picture.split.title())} if picture.split else {}
    element = ElementTree.Element("image", {"id": str(number), "name": picture.name, **subset, **size})
    whole = ElementTree.SubElement(element, "tag", {"label": PICTURE_TAG, "source": "manual"})
    texts = ({CHECKED: "false"} if target.pre_labels else {}) | picture_texts(picture)
    for key, text in texts.items():
        ElementTree.SubElement(whole, "attribute", {"name": key}).text = text
    for a in picture.annotations:
        shape, fields = shape_element(a, picture, names, set())
        shape.set("label", a.label)
        element.append(shape)
        target.carried(fields, "attributes")
    return element
