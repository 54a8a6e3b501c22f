"""Pascal VOC: one XML file a picture, as RDD2018, RDD2020 and RDD2022 were published.

Read are `images/` with `annotations/xmls/` (RDD) and `JPEGImages/` with `Annotations/` (VOC), at any depth; folders'
names say which split and which country. Coordinates are taken as they stand: labelling programs write the first pixel
as 0 or as 1, and no file says which. What VOC has no element for is written into an element `schouw`.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # expat from 2.4.1 on refuses entity bombs; external entities are never fetched

from detector.errors import InputError
from detector.files import read_text
from training.data.formats.carry import carry, restore
from training.data.formats.source import (
    EXTRAS,
    Found,
    LeftOut,
    SourcePicture,
    annotation,
    matching_files,
    number,
    pictures_in,
    split_of,
    well_formed,
)
from training.data.formats.target import Target
from training.data.record import DRAWN, Annotation, Picture, as_texts, extras, from_texts

FLAGS = ("truncated", "difficult", "occluded")
OWN = {"name", "bndbox", EXTRAS, *FLAGS}  # elements of an object; whatever else it has, others added
SHARED = {"severity", "confidence"}  # what others may say in our own terms
NATIVE = {"label", "box", *FLAGS}
NATIVE_PICTURE = {"name", "path", "width", "height", "sha256", "split", "annotations"}
LAYOUTS = (("images", "annotations/xmls"), ("JPEGImages", "Annotations"), ("images", "annotations"))
SPLIT_LISTS = {"train": "train", "val": "val", "test": "test"}


def matches(source: Path) -> bool:
    """Whether XML files with the root element `annotation` lie where VOC has them, by the first that can be read."""
    for _, labels in _folders(source):
        for path in matching_files(labels, ".xml"):
            with contextlib.suppress(InputError):
                return _parse(path).tag == "annotation"
    return False


def read(source: Path) -> Iterator[Found]:
    """Read every folder of pictures with its XML files. Raises InputError where there is none."""
    folders = _folders(source)
    if not folders:
        raise InputError(source, "holds no images/ with annotations/xmls/, nor JPEGImages/ with Annotations/")
    for images, labels in folders:
        yield from _read_folder(source, images, labels)


def _folders(source: Path) -> list[tuple[Path, Path]]:
    if not source.is_dir():
        return []
    found: dict[Path, Path] = {}
    for images_name, labels_name in LAYOUTS:
        for images in [source / images_name, *sorted(source.rglob(images_name))]:
            labels = images.parent / labels_name
            has_labels = labels.is_dir() and any(labels.glob("*.xml"))
            if images.is_dir() and (has_labels or (labels.is_dir() and not any(labels.iterdir()))):
                found.setdefault(images, labels)
            elif images.is_dir() and split_of(images.parent.name, images.parent.parent.name) == "test":
                found.setdefault(images, labels)  # RDD publishes its test pictures without labels
    return list(found.items())


def _read_folder(root: Path, images: Path, labels: Path) -> Iterator[Found]:
    above = [images.parent.name, images.parent.parent.name] if images.parent != root else [images.parent.name]
    country = next((name for name in above if split_of(name) is None), None)
    said: dict[str, Any] = {"split": split_of(*above)} | ({"source": country} if country else {})
    lists = _split_lists(images.parent / "ImageSets" / "Main")
    xmls = {path.stem: path for path in matching_files(labels, ".xml")} if labels.is_dir() else {}
    for path in pictures_in(images):
        xml = xmls.pop(path.stem, None)
        own = {**said, "split": lists.get(path.stem, said["split"])}
        if xml is None:
            yield SourcePicture(path, labels / f"{path.stem}.xml", None, own)
            continue
        try:
            with well_formed(xml, "it"):
                picture = _read_file(path, xml, own)
        except InputError as problem:
            yield LeftOut(problem.path, "picture", problem.problem)
            continue
        yield picture
    for xml in xmls.values():
        yield LeftOut(xml, "label file", "its picture is missing")


def _split_lists(folder: Path) -> dict[str, str]:
    lists: dict[str, str] = {}
    for name, split in SPLIT_LISTS.items():
        path = folder / f"{name}.txt"
        if path.is_file():
            lists.update({line.split()[0]: split for line in read_text(path).splitlines() if line.strip()})
    return lists


def _parse(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError, LookupError) as problem:
        raise InputError(path, f"is not XML: {problem}") from problem


def _read_file(path: Path, xml: Path, said: dict[str, Any]) -> SourcePicture:
    root = _parse(xml)
    try:
        width, height = (int(number(root.findtext(f"size/{side}"))) for side in ("width", "height"))
    except ValueError as problem:
        raise InputError(xml, "has a size that is no number") from problem
    left_out: list[LeftOut] = []
    annotations = [_read_object(xml, n, element, left_out) for n, element in enumerate(root.iter("object"), start=1)]
    ours = root.find(EXTRAS)
    more = from_texts(Picture, {child.tag: child.text or "" for child in ours}) if ours is not None else {}
    more.pop("attributes", None)
    if ours is not None and ours.find("split") is not None:
        said["split"] = None
    said = {**said, **more, "width": width, "height": height}
    return SourcePicture(path, xml, tuple(annotations), said, tuple(left_out))


def _read_object(xml: Path, n: int, element: ElementTree.Element, left_out: list[LeftOut]) -> Annotation:
    where = f"object {n}"
    bounds = element.find("bndbox")
    if bounds is None:
        raise InputError(xml, f"{where} has no box")
    try:
        box = tuple(float(bounds.findtext(key) or "") for key in ("xmin", "ymin", "xmax", "ymax"))
        flags = {key: int(number(element.findtext(key) or None)) != 0 for key in FLAGS}
    except ValueError as problem:
        raise InputError(xml, f"{where} has a box or a flag that is no number") from problem
    ours = element.find(EXTRAS)
    texts = {child.get("name", child.tag): child.text or "" for child in ours} if ours is not None else {}
    fields: dict[str, Any] = {"label": (element.findtext("name") or "").strip(), "box": box, **flags, **_more(element)}
    fields, moved = restore(fields, from_texts(Annotation, texts), fields["box"])
    if moved:
        left_out.append(LeftOut(xml, "changed", f"{where} was moved; its old shape is dropped", fault=False))
    return annotation(xml, where, **fields)


def _more(element: ElementTree.Element) -> dict[str, Any]:
    """What else programs say of an object: elements of their own, and CVAT's pairs of a name and a value."""
    texts = {child.tag: child.text or "" for child in element if len(child) == 0 and child.tag not in OWN}
    texts |= {
        pair.findtext("name", ""): pair.findtext("value", "") for pair in element.iterfind("attributes/attribute")
    }
    if texts.get("pose", "").strip().lower() == "unspecified":
        del texts["pose"]
    known = from_texts(Annotation, {key: text for key, text in texts.items() if key in SHARED})
    attributes = known.get("attributes", {}) | {key: text for key, text in texts.items() if key not in SHARED}
    return known | {"attributes": attributes}


def write(target: Target) -> None:
    """Write <source>/<split>/images and <source>/<split>/annotations/xmls, as RDD2022 has them."""
    for picture in target.pictures():
        folder = re.sub(r"^\.+|[\\/:]", "_", picture.source)  # a source may have any name
        folder = f"{folder}/{picture.split}" if picture.split else folder
        target.place(picture, f"{folder}/images/{picture.name}")
        root = _element(picture, target)
        ElementTree.indent(root)
        xml = target.path(f"{folder}/annotations/xmls/{Path(picture.name).stem}.xml")
        ElementTree.ElementTree(root).write(xml, encoding="utf-8", xml_declaration=True)


def _element(picture: Picture, target: Target) -> ElementTree.Element:
    root = ElementTree.Element("annotation")
    _child(root, "folder", "images")
    _child(root, "filename", picture.name)
    size = ElementTree.SubElement(root, "size")
    for key, value in (("width", picture.width), ("height", picture.height), ("depth", 3)):
        _child(size, key, value)
    _child(root, "segmented", int(any(a.outline or a.mask for a in picture.annotations)))
    no_split = {} if picture.split else {"split": ""}  # a folder above may be called `test`
    _extend(root, as_texts(extras(picture, NATIVE_PICTURE)) | no_split)
    for a in picture.annotations:
        element = ElementTree.SubElement(root, "object")
        _child(element, "name", a.label)
        _child(element, "pose", "Unspecified")
        for key in FLAGS:
            _child(element, key, int(getattr(a, key)))
        bounds = ElementTree.SubElement(element, "bndbox")
        for key, edge in zip(("xmin", "ymin", "xmax", "ymax"), a.box, strict=True):
            _child(bounds, key, f"{edge:.12g}")
        fields = carry(a, NATIVE, a.box)
        _extend(element, as_texts(fields))
        target.carried(fields, f"the element `{EXTRAS}`")
    return root


def _child(parent: ElementTree.Element, tag: str, value: Any) -> None:
    ElementTree.SubElement(parent, tag).text = str(value)


def _extend(parent: ElementTree.Element, texts: dict[str, str]) -> None:
    """Add our element. A name that XML does not allow as a tag becomes an attribute of <more>."""
    if not texts:
        return
    ours = ElementTree.SubElement(parent, EXTRAS)
    for key, text in texts.items():
        is_field = key in {DRAWN, *Annotation.model_fields, *Picture.model_fields}
        element = ElementTree.SubElement(ours, key if is_field else "more")
        if not is_field:
            element.set("name", key)
        element.text = text
