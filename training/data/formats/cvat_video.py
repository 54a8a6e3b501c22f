"""CVAT for video 1.1: tracks over frames. Frames in which nobody drew are filled in as CVAT does, on a straight line.

The frames themselves must lie beside the XML as CVAT exports them: images/frame_000000.png, and so on.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from detector.errors import InputError
from training.data.formats.cvat import first_of
from training.data.formats.cvat_shapes import (
    SHAPES,
    attribute_names,
    events,
    labels_element,
    picture_texts,
    read_shape,
    said_of,
    shape_element,
    write_labels,
)
from training.data.formats.source import (
    Found,
    LeftOut,
    SourcePicture,
    is_picture,
    matching_files,
    picture_size,
    well_formed,
)
from training.data.formats.target import Target
from training.data.record import Annotation, Picture

FRAME = re.compile(r"frame_(\d+)$")
OURS = "schouw"  # an element that CVAT skips: what is known about whole pictures
VIDEO = {"track", OURS}


@dataclass(frozen=True, slots=True)
class Shape:
    """One track in one frame."""

    frame: int
    annotation: Annotation
    outside: bool  # the damage has left the picture


def matches(source: Path) -> bool:
    """Whether an XML here is CVAT's and lists tracks."""
    return any(first_of(path, {"image", "track", OURS}) in VIDEO for path in matching_files(source, ".xml")[:20])


def read(source: Path) -> Iterator[Found]:
    """Read an XML, or all below a folder, each with the frames beside it. Raises InputError where there is none."""
    files = [
        p for p in matching_files(source, ".xml") if source.is_file() or first_of(p, {"image", "track", OURS}) in VIDEO
    ]
    if not files:
        raise InputError(source, "holds no XML of 'CVAT for video'", "export the task as 'CVAT for video 1.1'")
    for path in files:
        yield from _read_file(path)


def _read_file(path: Path) -> Iterator[Found]:
    frames = _frames(path.parent)
    if not frames:
        raise InputError(
            path.parent, "holds no frames such as images/frame_000000.png", "export the task with 'Save images'"
        )
    left_out: list[LeftOut] = []
    said: dict[int, dict[str, Any]] = {}
    drawn: dict[int, list[Annotation]] = {}
    missing: dict[int, int] = {}
    last = max(frames)
    size: tuple[int, int] | None = None
    for element in events(path, {"track", "original_size", OURS}):
        if element.tag == OURS:
            with well_formed(path, f"the element {OURS}"):
                said = {
                    int(child.get("frame", "-1")): said_of({c.tag: c.text or "" for c in child}) for child in element
                }
        elif element.tag == "original_size":
            with well_formed(path, "original_size"):
                size = (int(element.findtext("height") or 0), int(element.findtext("width") or 0))
        else:
            first = frames[min(frames)]
            width, height = (size[1], size[0]) if size else picture_size(first)
            with well_formed(path, f"track {element.get('id')}"):
                track = _read_track(path, element, (height, width), left_out)
            for shape in fill_in(track, last):
                if shape.frame in frames:
                    drawn.setdefault(shape.frame, []).append(shape.annotation)
                else:
                    missing[shape.frame] = missing.get(shape.frame, 0) + 1
    for number, count in sorted(missing.items()):
        yield LeftOut(path, "picture", f"frame {number} has {count} labels but no picture")
    yield from left_out
    for number, picture in sorted(frames.items()):
        own = said.get(number, {}) if said else {"group": path.parent.name}
        claimed = {"height": size[0], "width": size[1]} if size else {}
        yield SourcePicture(picture, path, tuple(drawn.get(number, ())), own | claimed)


def _frames(folder: Path) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for path in itertools.chain(folder.glob("images/*"), folder.glob("*")):
        match = FRAME.search(path.stem)
        if match and is_picture(path):
            found.setdefault(int(match[1]), path)
    return found


def _read_track(
    path: Path, element: ElementTree.Element, size: tuple[int, int], left_out: list[LeftOut]
) -> list[Shape]:
    shapes = []
    for child in element:
        if child.tag not in SHAPES:
            continue
        where = f"track {element.get('id')}, frame {child.get('frame')}"
        read_one = read_shape(path, where, element.get("label", ""), child, size, left_out)
        if read_one is None:
            continue
        names = {c.get("name") for c in child}
        flags = {"interpolated": child.get("keyframe", "1") == "0"}
        track = {} if "track" in names else {"track": element.get("id")}
        try:
            frame = int(child.get("frame", ""))
        except ValueError as problem:
            raise InputError(path, f"{where} is no frame number") from problem
        shapes.append(Shape(frame, read_one.model_copy(update={**flags, **track}), child.get("outside") == "1"))
    return sorted(shapes, key=lambda shape: shape.frame)


def fill_in(shapes: list[Shape], last: int) -> Iterator[Shape]:
    """Yield the track in every frame in which it is to be seen, up to frame `last`, as CVAT shows it."""
    for here, after in itertools.pairwise([*shapes, None]):
        if here is None or here.outside:
            continue
        yield here
        stop = last + 1 if after is None else after.frame
        then = after.annotation if after else None
        for frame in range(here.frame + 1, stop):
            share = 0.0 if after is None else (frame - here.frame) / (stop - here.frame)
            yield replace(here, frame=frame, annotation=_between(here.annotation, then, share))


def _between(a: Annotation, b: Annotation | None, share: float) -> Annotation:
    """The shape a `share` of the way from `a` to `b`. Outlines with unlike corners, and masks, stay as in `a`."""

    def mean(p: float, q: float) -> float:
        return p + (q - p) * share

    changed: dict[str, Any] = {"interpolated": True}
    same = b is not None and [len(r) for r in a.outline] == [len(r) for r in b.outline] and not (a.mask or b.mask)
    if b is not None and same:
        changed["box"] = tuple(round(mean(p, q), 6) for p, q in zip(a.box, b.box, strict=True))
        changed["outline"] = tuple(
            tuple((round(mean(p[0], q[0]), 6), round(mean(p[1], q[1]), 6)) for p, q in zip(ring, other, strict=True))
            for ring, other in zip(a.outline, b.outline, strict=True)
        )
    return a.model_copy(update=changed)


def write(target: Target) -> None:
    """Write images/frame_000000.jpg, ..., annotations.xml and labels.json, the pictures in the dataset's order."""
    names = attribute_names(target, {"interpolated"})
    names += ["track"] if "track" not in names else []
    write_labels(target, names)
    tracks: dict[tuple[str, ...], list[tuple[int, Annotation, Picture]]] = {}
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    ours = ElementTree.Element(OURS)
    count = 0
    for number, picture in enumerate(target.pictures()):
        count = number + 1
        target.place(picture, f"images/frame_{number:06d}{Path(picture.name).suffix}")
        known = ElementTree.SubElement(ours, "picture", {"frame": str(number)})
        said = picture_texts(picture) | ({"split": picture.split} if picture.split else {})
        for key, text in said.items():
            ElementTree.SubElement(known, key).text = text
        for order, a in enumerate(picture.annotations):
            tracks.setdefault(_track_key(a, picture, number, order, tracks), []).append((number, a, picture))
    _append_meta(root, target, names, count)
    root.append(ours)
    for number, shapes in enumerate(tracks.values()):
        root.append(_track(number, shapes, names, count, target))
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(target.path("annotations.xml"), encoding="utf-8", xml_declaration=True)


def _track_key(a: Annotation, picture: Picture, frame: int, order: int, tracks: dict[Any, Any]) -> tuple[str, ...]:
    """Annotations of one track in several frames belong together; two in one frame don't."""
    key = (picture.source, picture.group or "", a.track or "", a.label)
    if a.track is None or any(known == frame for known, _, _ in tracks.get(key, [])):
        return (str(frame), str(order))
    return key


def _append_meta(root: ElementTree.Element, target: Target, names: list[str], count: int) -> None:
    meta = ElementTree.SubElement(root, "meta")
    task = ElementTree.SubElement(meta, "task")
    for key, value in (("name", target.dataset.title), ("size", str(count)), ("mode", "interpolation")):
        ElementTree.SubElement(task, key).text = value
    task.append(labels_element(names))


def _track(
    number: int,
    shapes: list[tuple[int, Annotation, Picture]],
    names: list[str],
    count: int,
    target: Target,
) -> ElementTree.Element:
    track = ElementTree.Element("track", {"id": str(number), "label": shapes[0][1].label, "source": "manual"})
    for (frame, a, picture), after in itertools.zip_longest(shapes, shapes[1:]):
        element, fields = shape_element(a, picture, names, {"interpolated"})
        target.carried(fields, "attributes")
        _add(track, element, frame, keyframe=not a.interpolated, outside=False)
        if frame + 1 < count and (after is None or after[0] != frame + 1):
            _add(track, shape_element(a, picture, names, {"interpolated"})[0], frame + 1, keyframe=True, outside=True)
    return track


def _add(
    track: ElementTree.Element, element: ElementTree.Element, frame: int, *, keyframe: bool, outside: bool
) -> None:
    element.set("frame", str(frame))
    element.set("keyframe", str(int(keyframe)))
    element.set("outside", str(int(outside)))
    track.append(element)
