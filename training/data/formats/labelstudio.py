"""Label Studio's JSON (and JSON-MIN): tasks with rectangles and polygons in percent of the picture.

Severity and confidence are choices of each region, so that annotators can give them; the rest lies in the region's
`meta` and the task's `data`, which Label Studio hands back as they were. Written as `predictions`, labels are proposals
that somebody corrects; a task that nobody has finished is not labelled.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from detector.errors import InputError
from detector.taxonomy import BY_NAME, NAMES
from training.data.formats.carry import carry, restore
from training.data.formats.coco import load
from training.data.formats.source import (
    EXTRAS,
    Album,
    Found,
    LeftOut,
    SourcePicture,
    annotation,
    box_of,
    matching_files,
    read_all,
    well_formed,
)
from training.data.formats.target import Target
from training.data.record import DRAWN, IGNORE, Annotation, Picture, extras, from_texts

CHOICES = {"severity": ("L", "M", "E"), "confidence": ("1", "2", "3")}
NATIVE_PICTURE = {"name", "path", "width", "height", "sha256", "annotations"}
EVERY_CLASS = "*"  # passes over a picture, for all classes that were looked for


def matches(source: Path) -> bool:
    """Whether a JSON file here is a list of tasks."""
    return any(_is_tasks(path) for path in _files(source))


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return matching_files(source, ".json")
    return sorted(p for p in source.glob("*.json") if p.is_file())


def _is_tasks(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        if not file.read(64).lstrip("\ufeff \n\r\t").startswith("["):
            return False
    content = load(path)
    return bool(content) and isinstance(content[0], dict) and ("data" in content[0] or "image" in content[0])


def read(source: Path) -> Iterator[Found]:
    """Read a file, or all of a folder. Raises InputError where there is none."""
    files = [path for path in _files(source) if _is_tasks(path)]
    if not files:
        raise InputError(source, "holds no list of Label Studio tasks", "export the project as JSON")
    yield from read_all(files, Album(source if source.is_dir() else source.parent), _read_file)


def _read_file(path: Path, album: Album) -> Iterator[Found]:
    for number, task in enumerate(load(path), start=1):
        try:
            with well_formed(path, f"task number {number}"):
                picture = _read_task(path, task, album)
        except InputError as problem:
            yield LeftOut(path, "picture", f"task number {number}: {problem}")
            continue
        yield picture


def _read_task(path: Path, task: dict[str, Any], album: Album) -> SourcePicture:
    where = f"task {task.get('id')}"
    data = task.get("data", task)
    said_path = data.get("image") or next((v for v in data.values() if isinstance(v, str) and "." in v), None)
    if not isinstance(said_path, str):
        raise InputError(path, f"{where} names no picture")
    picture = album.find(said_path)
    said: dict[str, Any] = dict(data[EXTRAS]) if isinstance(data.get(EXTRAS), dict) else {}
    if "data" in task:
        answers = [a for a in task.get("annotations", []) if not a.get("was_cancelled")]
    else:  # JSON-MIN: one answer, its regions beside the picture
        answers = [{"result": _of_minimal(task)}]
    if not answers:
        return SourcePicture(picture, path, None, said)
    if not said.get("looked_for"):
        said.pop("looked_for", None)  # it was exported unlabelled, and answered since
    left_out: list[LeftOut] = []
    annotations: list[Annotation] = []
    latest = _latest(answers)
    if len(latest) < len(answers):
        older = f"{where}: the latest answer of each person counts, not {len(answers) - len(latest)} older ones"
        left_out.append(LeftOut(path, "changed", older, fault=False))
    for person, answer in latest.items():
        annotations += _read_answer(path, where, answer, person, left_out)
    if len(latest) > 1:
        said["passes"] = {EVERY_CLASS: tuple(map(str, latest))}
    sizes = {(r.get("original_width"), r.get("original_height")) for a in latest.values() for r in a["result"]}
    if len(sizes) == 1 and all(isinstance(n, int | float) for n in next(iter(sizes))):
        said["width"], said["height"] = (int(n) for n in next(iter(sizes)))
    return SourcePicture(picture, path, tuple(annotations), said, tuple(left_out))


def _latest(answers: list[dict[str, Any]]) -> dict[str | None, dict[str, Any]]:
    """The latest answer of each person, in the order of the file."""
    given = [(_person(answer, n, len(answers)), answer) for n, answer in enumerate(answers, start=1)]
    return dict(given) | dict(sorted(given, key=lambda pair: str(pair[1].get("updated_at") or "")))  # in ISO 8601


def _person(answer: dict[str, Any], number: int, count: int) -> str | None:
    """Who gave an answer. Where nobody says, several answers are numbered, so that each is a pass of its own."""
    by = answer.get("completed_by")
    by = by.get("email") or by.get("id") if isinstance(by, dict) else by
    if by is None:
        return f"annotator {number}" if count > 1 else None
    return str(by)


def _of_minimal(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Regions of JSON-MIN in the form of the full JSON."""
    regions = [r for v in task.values() if isinstance(v, list) for r in v if isinstance(r, dict)]
    kinds = ("rectanglelabels", "polygonlabels", "brushlabels", "ellipselabels", "keypointlabels")
    return [{**r, "value": r, "type": next((k for k in kinds if k in r), "unknown")} for r in regions]


def _read_answer(
    path: Path, where: str, answer: dict[str, Any], person: str | None, left_out: list[LeftOut]
) -> Iterator[Annotation]:
    choices: dict[str, dict[str, str]] = {}
    for result in answer.get("result", []):
        value = result.get("value", {})
        given = value.get("choices") or value.get("text")
        if result.get("type") in {"choices", "textarea"} and given:
            text = given if isinstance(given, str) else ", ".join(map(str, given))
            choices.setdefault(str(result.get("id")), {})[str(result.get("from_name"))] = text
    for result in answer.get("result", []):
        if result.get("type") in {"choices", "textarea"}:
            continue
        texts = choices.get(str(result.get("id")), {})
        yield from _read_region(path, where, result, texts, person, left_out)


def _read_region(
    path: Path, where: str, result: dict[str, Any], texts: dict[str, str], person: str | None, left_out: list[LeftOut]
) -> Iterator[Annotation]:
    kind, value = str(result.get("type")), result.get("value", {})
    here = f"{where}, region {result.get('id')}"
    if kind not in {"rectanglelabels", "polygonlabels"}:
        left_out.append(LeftOut(path, "box", f"{here}: {kind}, which is neither a rectangle nor a polygon"))
        return
    if result.get("image_rotation"):
        raise InputError(path, f"{here} was drawn on a turned picture", "turn the picture itself and label it anew")
    try:
        width, height = float(result["original_width"]), float(result["original_height"])
        shape = _shape(kind, value, width, height)
        names = value.get(kind) or []
        label = str(names[0])
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise InputError(path, f"{here} has no label, size or place") from problem
    own: dict[str, Any] = {"label": label, "annotator": person, **shape}
    own |= from_texts(Annotation, texts, {*own, DRAWN})
    carried = (result.get("meta") or {}).get(EXTRAS, {})
    fields, moved = restore(own, carried, shape["box"])
    if moved:
        left_out.append(LeftOut(path, "changed", f"{here} was moved; its old shape is dropped", fault=False))
    yield annotation(path, here, **fields)


def _shape(kind: str, value: dict[str, Any], width: float, height: float) -> dict[str, Any]:
    if kind == "polygonlabels":
        ring = [(float(x) * width / 100, float(y) * height / 100) for x, y in value["points"]]
        return {"box": box_of(ring), "outline": (ring,)}
    x, y = float(value["x"]) * width / 100, float(value["y"]) * height / 100
    w, h = float(value["width"]) * width / 100, float(value["height"]) * height / 100
    turn = math.radians(float(value.get("rotation") or 0))
    if not turn:
        return {"box": (x, y, x + w, y + h)}
    sin, cos = math.sin(turn), math.cos(turn)  # Label Studio turns a rectangle about its top left corner
    ring = [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in ((0, 0), (w, 0), (w, h), (0, h))]
    return {"box": box_of(ring), "outline": (ring,)}


def write(target: Target) -> None:
    """Write images/, tasks.json and label_config.xml, the latter to paste into a new project."""
    with target.path("tasks.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write("[")
        for number, picture in enumerate(target.pictures(), start=1):
            target.place(picture, f"images/{picture.name}")
            task = _task(number, picture, target)
            file.write(("," if number > 1 else "") + "\n" + json.dumps(task, ensure_ascii=False))
        file.write("\n]\n")
    target.text("label_config.xml", label_config())


def _task(number: int, picture: Picture, target: Target) -> dict[str, Any]:
    regions = [r for n, a in enumerate(picture.annotations, 1) for r in _regions(n, a, picture, target)]
    image = f"/data/local-files/?d=images/{picture.name}"
    answer: dict[str, Any] = {"result": regions}
    if target.pre_labels:
        scores = [a.score for a in picture.annotations if a.score is not None]
        answer |= {"model_version": EXTRAS, "score": min(scores, default=0.0)}  # unsure pictures first
    data = {"image": image, EXTRAS: extras(picture, NATIVE_PICTURE)}
    answers = [answer] if target.pre_labels or picture.looked_for or picture.annotations else []
    return {"id": number, "data": data, "predictions" if target.pre_labels else "annotations": answers}


def _regions(number: int, a: Annotation, picture: Picture, target: Target) -> Iterator[dict[str, Any]]:
    common = {
        "id": f"region{number}",
        "to_name": "image",
        "original_width": picture.width,
        "original_height": picture.height,
        "image_rotation": 0,
    }
    if len(a.outline) == 1:
        points = [[x / picture.width * 100, y / picture.height * 100] for x, y in a.outline[0]]
        bounds = box_of(a.outline[0])
        native = {"label", "outline", *CHOICES} | ({"box"} if a.box == bounds else set())
        shape = {"from_name": "outline", "type": "polygonlabels"}
        value: dict[str, Any] = {"points": points, "closed": True, "polygonlabels": [a.label]}
    else:
        x0, y0, x1, y1 = (v / side * 100 for v, side in zip(a.box, (picture.width, picture.height) * 2, strict=True))
        bounds, native = a.box, {"label", "box", *CHOICES}
        shape = {"from_name": "label", "type": "rectanglelabels"}
        value = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0, "rotation": 0, "rectanglelabels": [a.label]}
    fields = carry(a, native, bounds)
    target.carried(fields, "the region's `meta`")
    score = {"score": a.score} if target.pre_labels and a.score is not None else {}
    yield {**common, **shape, "value": value, **score, **({"meta": {EXTRAS: fields}} if fields else {})}
    for name in CHOICES:
        if (given := getattr(a, name)) is not None:
            yield {**common, "from_name": name, "type": "choices", "value": {**value, "choices": [str(given)]}}


def label_config() -> str:
    """The labelling interface for such tasks."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", {"name": "image", "value": "$image", "zoom": "true"})
    for tag, name in (("RectangleLabels", "label"), ("PolygonLabels", "outline")):
        labels = ElementTree.SubElement(view, tag, {"name": name, "toName": "image"})
        for class_name in (*NAMES, IGNORE):
            colour = BY_NAME[class_name].colour if class_name in BY_NAME else "#808080"
            ElementTree.SubElement(labels, "Label", {"value": class_name, "background": colour})
    for name, values in CHOICES.items():
        choices = ElementTree.SubElement(view, "Choices", {"name": name, "toName": "image", "perRegion": "true"})
        for value in values:
            ElementTree.SubElement(choices, "Choice", {"value": value})
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"
