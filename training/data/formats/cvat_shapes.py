"""The shapes of CVAT's XML, the same in its two forms (for images, for video)."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # expat from 2.4.1 on refuses entity bombs; external entities are never fetched

from detector.errors import InputError
from detector.taxonomy import NAMES
from training.data.formats import rle
from training.data.formats.carry import carry, restore
from training.data.formats.source import LeftOut, annotation, box_of, number
from training.data.formats.target import Target
from training.data.record import IGNORE, Annotation, Picture, PixelBox, as_texts, extras, from_texts

SHAPES = {"box", "polygon", "mask", "polyline", "points", "ellipse", "cuboid", "skeleton"}
PICTURE_TAG = "picture"  # the label of the tag that carries what is known about a whole picture
NATIVE_PICTURE = {"path", "width", "height", "sha256", "split", "annotations"}
FIRST = {"severity": ("", "L", "M", "E"), "confidence": ("", "1", "2", "3")}  # what annotators choose from
FLAGS = ("truncated", "difficult", "interpolated")
CHECKED = "checked"  # of a picture whose labels are proposals: a tick once somebody has corrected them


def events(path: Path, tags: set[str]) -> Iterator[ElementTree.Element]:
    """Yield the elements of these names one by one, each forgotten afterwards. Raises InputError for bad XML."""
    try:
        with path.open("rb") as file:
            for _, element in ElementTree.iterparse(file, events=("end",)):
                if element.tag in tags:
                    yield element
                    element.clear()
    except (ElementTree.ParseError, ValueError, LookupError) as problem:
        raise InputError(path, f"is not XML: {problem}") from problem


def texts_of(element: ElementTree.Element) -> dict[str, str]:
    """The attributes that annotators gave."""
    return {child.get("name", ""): child.text or "" for child in element.iter("attribute")}


def read_shape(
    path: Path, where: str, label: str, element: ElementTree.Element, size: tuple[int, int], left_out: list[LeftOut]
) -> Annotation | None:
    """Read a shape of a picture of `size` (height, width). None, and a reason, for one that has no area."""
    try:
        shape = _geometry(element, size)
    except (ValueError, TypeError) as problem:
        raise InputError(path, f"{where}: a {element.tag} that can't be read: {problem}") from problem
    if shape is None:
        left_out.append(LeftOut(path, "box", f"{where}: a {element.tag}, which is neither box, polygon nor mask"))
        return None
    bounds = shape["box"]
    own = {"label": label, "occluded": element.get("occluded") == "1", **shape}
    texts = {key: text for key, text in texts_of(element).items() if text and not (key in FLAGS and text == "false")}
    fields, moved = restore(own, from_texts(Annotation, texts), bounds)
    if moved:
        left_out.append(LeftOut(path, "changed", f"{where}: '{label}' was moved; its old shape is dropped", False))
    return annotation(path, where, **fields)


def _geometry(element: ElementTree.Element, size: tuple[int, int]) -> dict[str, Any] | None:
    if element.tag == "box":
        x0, y0, x1, y1 = (float(element.get(key, "")) for key in ("xtl", "ytl", "xbr", "ybr"))
        turn = number(element.get("rotation"))
        if not turn:
            return {"box": (x0, y0, x1, y1)}
        ring = _turned(x0, y0, x1, y1, turn)
        return {"box": box_of(ring), "outline": (ring,)}
    if element.tag == "polygon":
        corners = [tuple(float(v) for v in corner.split(",")) for corner in element.get("points", "").split(";")]
        return {"box": box_of((x, y) for x, y in corners), "outline": (corners,)}
    if element.tag == "mask":
        runs = [int(n) for n in element.get("rle", "").split(",")]
        left, top, width, height = (int(float(element.get(key, ""))) for key in ("left", "top", "width", "height"))
        mask = rle.from_rows(runs, left, top, width, height, size)
        return {"box": rle.mask_box(rle.decode(mask)), "mask": mask}
    return None


def _turned(x0: float, y0: float, x1: float, y1: float, degrees: float) -> list[tuple[float, float]]:
    cx, cy, sin, cos = (x0 + x1) / 2, (y0 + y1) / 2, math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return [(cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos) for x, y in corners]


def shape_element(
    a: Annotation, picture: Picture, names: list[str], native: set[str]
) -> tuple[ElementTree.Element, dict[str, Any]]:
    """The element that holds most of the annotation, and the fields that it carries as attributes."""
    tag, geometry, bounds = _best_shape(a, picture)
    own = native | {"label", "occluded", {"box": "box", "polygon": "outline", "mask": "mask"}[tag]}
    fields = carry(a, own | ({"box"} if a.box == bounds else set()), bounds)
    element = ElementTree.Element(
        tag, {"source": "manual", "occluded": str(int(a.occluded)), **geometry, "z_order": "0"}
    )
    texts = as_texts(fields)
    for name in names:
        child = ElementTree.SubElement(element, "attribute", {"name": name})
        child.text = texts.get(name, "false" if name in FLAGS else "")
    return element, fields


def _best_shape(a: Annotation, picture: Picture) -> tuple[str, dict[str, str], PixelBox]:
    if a.mask is not None and a.mask.size == (picture.height, picture.width):
        pixels = rle.decode(a.mask)
        runs, left, top, width, height = rle.to_rows(pixels)
        if runs:
            place = {"left": left, "top": top, "width": width, "height": height}
            code = {"rle": ", ".join(map(str, runs)), **{key: str(value) for key, value in place.items()}}
            return "mask", code, rle.mask_box(pixels)
    if a.mask is None and len(a.outline) == 1:
        points = ";".join(f"{x:.12g},{y:.12g}" for x, y in a.outline[0])
        return "polygon", {"points": points}, box_of(a.outline[0])
    corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), (f"{v:.12g}" for v in a.box), strict=True))
    return "box", corners, a.box


def attribute_names(target: Target, native: set[str]) -> list[str]:
    """Every attribute that an annotation of the export needs; CVAT keeps only those that its labels declare."""
    names: dict[str, None] = dict.fromkeys([*FIRST, "annotator"])
    for picture in target.pictures(report=False):
        for a in picture.annotations:
            names |= dict.fromkeys(as_texts(shape_element(a, picture, [], native)[1]))
    return list(names)


def labels_element(names: list[str], proposals: bool = False) -> ElementTree.Element:
    """The labels and attributes that the task in CVAT must have, as its XML says them."""
    labels = ElementTree.Element("labels")
    for spec in label_specs(names, proposals):
        label = ElementTree.SubElement(labels, "label")
        for key in ("name", "color", "type"):
            ElementTree.SubElement(label, key).text = spec.get(key, "")
        attributes = ElementTree.SubElement(label, "attributes")
        for attribute in spec["attributes"]:
            element = ElementTree.SubElement(attributes, "attribute")
            for key in ("name", "mutable", "input_type", "default_value"):
                ElementTree.SubElement(element, key).text = str(attribute[key])
            ElementTree.SubElement(element, "values").text = "\n".join(attribute["values"])
    return labels


def label_specs(names: list[str], proposals: bool) -> list[dict[str, Any]]:
    """The same as the JSON that CVAT's raw label constructor takes."""
    picture = [CHECKED] if proposals else []
    picture += [name for name in Picture.model_fields if name not in NATIVE_PICTURE]
    attributes = [_attribute(name) for name in names]
    whole = {"name": PICTURE_TAG, "color": "#808080", "type": "tag", "attributes": [_attribute(n) for n in picture]}
    return [{"name": n, "color": "", "type": "any", "attributes": attributes} for n in (*NAMES, IGNORE)] + [whole]


def _attribute(name: str) -> dict[str, Any]:
    is_flag = name in (*FLAGS, CHECKED)
    kind = "select" if name in FIRST else "checkbox" if is_flag else "text"
    values = list(FIRST.get(name, ("false",) if is_flag else ("",)))
    return {"name": name, "mutable": True, "input_type": kind, "default_value": values[0], "values": values}


def picture_texts(picture: Picture) -> dict[str, str]:
    """What is known about the whole picture, as texts."""
    return as_texts(extras(picture, NATIVE_PICTURE))


def said_of(texts: dict[str, str]) -> dict[str, Any]:
    """The opposite of `picture_texts`."""
    said = from_texts(Picture, texts)
    said.pop("attributes", None)
    return said


def write_labels(target: Target, names: list[str]) -> None:
    """Write labels.json, to paste into a new task."""
    target.text("labels.json", json.dumps(label_specs(names, target.pre_labels), indent=1) + "\n")
