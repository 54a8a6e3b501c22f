"""COCO's instances: one JSON file for each split. What COCO has no key for lies under a key that others skip."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from detector.errors import InputError
from detector.taxonomy import NAMES
from training.data.formats import rle
from training.data.formats.carry import carry, restore
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
    split_of,
    well_formed,
)
from training.data.formats.target import Target
from training.data.record import DRAWN, IGNORE, Annotation, Mask, Picture, as_texts, extras, from_texts

NATIVE = {"label", "box", "outline", "mask", "difficult"}
NATIVE_PICTURE = {"name", "path", "width", "height", "sha256", "annotations"}
CLASSES = (*NAMES, IGNORE)
KEYS = {"id", "image_id", "category_id", "bbox", "area", "segmentation", "iscrowd", "attributes", EXTRAS}


def matches(source: Path) -> bool:
    """Whether a JSON file here has `images`, `annotations` and `categories`."""
    return any(is_coco(path) for path in _files(source))


def is_coco(path: Path) -> bool:
    """Whether a file begins like an object and names COCO's parts."""
    with path.open(encoding="utf-8", errors="replace") as file:
        if not file.read(64).lstrip("\ufeff \n\r\t").startswith("{"):
            return False
    content = load(path)
    return isinstance(content, dict) and {"images", "categories"} <= content.keys()


def load(path: Path) -> Any:
    """Read a JSON file. Raises InputError for one that is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise InputError(path, "is not valid JSON") from problem


def read(source: Path) -> Iterator[Found]:
    """Read a file, or all of a folder. Raises InputError for a file that lacks COCO's parts."""
    files = [path for path in _files(source) if source.is_file() or is_coco(path)]
    if not files:
        raise InputError(source, "holds no COCO file", "name the JSON, or the folder that it lies in")
    yield from read_all(files, Album(source if source.is_dir() else _root(source)), _read_file)


def _root(file: Path) -> Path:
    return file.parent.parent if file.parent.name == "annotations" else file.parent


def _files(source: Path) -> list[Path]:
    folders = [source, source / "annotations", *sorted(p for p in source.glob("*") if p.is_dir())]
    direct = [p for folder in folders if folder.is_dir() for p in sorted(folder.glob("*.json")) if p.is_file()]
    return matching_files(source, ".json") if source.is_file() else list(dict.fromkeys(direct))


def _read_file(path: Path, album: Album) -> Iterator[Found]:
    content = load(path)
    with well_formed(path, "an id, a name, or an annotation"):
        names = {category["id"]: str(category["name"]) for category in content["categories"]}
        times = Counter(image["id"] for image in content["images"])
        boxes: dict[Any, list[dict[str, Any]]] = {number: [] for number in times}
        strays = [entry for entry in content.get("annotations", []) if entry.get("image_id") not in boxes]
        for entry in content.get("annotations", []):
            boxes.get(entry.get("image_id"), []).append(entry)
    for entry in strays:
        missing = f"annotation {entry.get('id')} is of image {entry.get('image_id')}, which is missing"
        yield LeftOut(path, "box", missing)
    parts = path.stem.lower().replace("-", "_").replace(".", "_").replace("2017", "").split("_")
    split = split_of(*parts, path.parent.name)
    for image in content["images"]:
        try:
            with well_formed(path, "an image or its annotations"):
                if times[image["id"]] > 1:
                    raise InputError(path, f"several images have the id {image['id']}: whose are its boxes?")
                picture = _read_image(path, image, boxes[image["id"]], names, album, split)
        except InputError as problem:
            yield LeftOut(path, "picture", f"{image.get('file_name')}: {problem}")
            continue
        yield picture


def _read_image(
    path: Path,
    image: dict[str, Any],
    entries: list[dict[str, Any]],
    names: dict[Any, str],
    album: Album,
    split: str | None,
) -> SourcePicture:
    if not isinstance(image.get("file_name"), str):
        raise InputError(path, f"image {image['id']} has no file_name")
    picture = album.find(image["file_name"])
    size = (int(image.get("height") or 0), int(image.get("width") or 0))
    left_out: list[LeftOut] = []
    annotations = [_read_annotation(path, entry, names, size, left_out) for entry in entries]
    place = {key: image[key] for key in ("lon", "lat") if isinstance(image.get(key), int | float)}
    said = {"width": size[1], "height": size[0], "split": split, **place}
    if EXTRAS in image:
        said |= {"split": None, **image[EXTRAS]}
    return SourcePicture(picture, path, tuple(annotations), said, tuple(left_out))


def _read_annotation(
    path: Path, entry: dict[str, Any], names: dict[Any, str], size: tuple[int, int], left_out: list[LeftOut]
) -> Annotation:
    where = f"annotation {entry.get('id')}"
    if entry.get("category_id") not in names:
        raise InputError(path, f"{where} has category {entry.get('category_id')}, which is not among `categories`")
    own: dict[str, Any] = {
        "label": names[entry["category_id"]],
        "difficult": bool(entry.get("iscrowd", 0)),
        **_shape(path, where, entry.get("segmentation"), size),
    }
    try:
        if "bbox" in entry:
            x, y, w, h = (float(value) for value in entry["bbox"])
            own["box"] = (x, y, x + w, y + h)
        elif "outline" in own:
            own["box"] = box_of(corner for ring in own["outline"] for corner in ring)
        else:
            own["box"] = rle.mask_box(rle.decode(own["mask"]))
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(path, f"{where} has no box x, y, width, height") from problem
    fields, moved = restore(own | _foreign(entry, own), entry.get(EXTRAS, {}), own["box"])
    if moved:
        left_out.append(LeftOut(path, "changed", f"{where} was moved; its old shape is dropped", fault=False))
    return annotation(path, where, **fields)


def _foreign(entry: dict[str, Any], own: Collection[str]) -> dict[str, Any]:
    """What other programs say beyond COCO's keys, or in `attributes`: our field of that name, else an attribute."""
    said = {key: value for key, value in entry.items() if key not in KEYS} | (entry.get("attributes") or {})
    texts = as_texts({key: value for key, value in said.items() if value is not None})
    return from_texts(Annotation, texts, {*own, DRAWN})


def _shape(path: Path, where: str, segmentation: Any, size: tuple[int, int]) -> dict[str, Any]:
    """Rings or a mask from COCO's three ways to write a segmentation."""
    try:
        if isinstance(segmentation, dict):
            height, width = (int(n) for n in segmentation["size"])
            counts = segmentation["counts"]
            if isinstance(counts, list):
                return {"mask": rle.from_counts(counts, (height, width))}
            mask = Mask(size=(height, width), counts=counts)
            rle.decode(mask)
            return {"mask": mask}
        rings = [list(zip(flat[::2], flat[1::2], strict=True)) for flat in segmentation or [] if flat]
    except (KeyError, TypeError, ValueError) as problem:
        raise InputError(path, f"{where} has a segmentation that can't be read") from problem
    return {"outline": rings} if rings else {}


def write(target: Target) -> None:
    """Write images/ and annotations/instances_<split>.json. Memory stays small: entries are written one by one."""
    splits = list(dict.fromkeys(picture.split or "unsplit" for picture in target.pictures(report=False)))
    for split in splits:
        with target.path(f"annotations/instances_{split}.json").open("w", encoding="utf-8", newline="\n") as file:
            head = {
                "info": {"description": target.dataset.title},
                "categories": [{"id": n, "name": name} for n, name in enumerate(CLASSES, start=1)],
            }
            file.write(json.dumps(head, ensure_ascii=False).removesuffix("}"))
            file.write(',\n"images": [')
            for number, picture in enumerate(_of(target, split, True), start=1):
                target.place(picture, f"images/{picture.name}")
                file.write(("," if number > 1 else "") + "\n" + json.dumps(_image(number, picture), ensure_ascii=False))
            file.write('],\n"annotations": [')
            count = 0
            for number, picture in enumerate(_of(target, split, False), start=1):
                for a in picture.annotations:
                    count += 1
                    entry = _entry(count, number, a, picture, target)
                    file.write(("," if count > 1 else "") + "\n" + json.dumps(entry, ensure_ascii=False))
            file.write("]}\n")


def _of(target: Target, split: str, report: bool) -> Iterator[Picture]:
    return (p for p in target.pictures(report) if (p.split or "unsplit") == split)


def _image(number: int, picture: Picture) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": picture.name,
        "width": picture.width,
        "height": picture.height,
        EXTRAS: extras(picture, NATIVE_PICTURE),
    }


def _entry(number: int, image: int, a: Annotation, picture: Picture, target: Target) -> dict[str, Any]:
    x0, y0, x1, y1 = a.box
    segmentation: Any = [[value for corner in ring for value in corner] for ring in a.outline]
    native = NATIVE
    if a.mask is not None:
        segmentation = {"size": list(a.mask.size), "counts": a.mask.counts}
        native = NATIVE - {"outline"}
    fields = carry(a, native, a.box)
    target.carried(fields, f"the key `{EXTRAS}`")
    return {
        "id": number,
        "image_id": image,
        "category_id": CLASSES.index(a.label) + 1,
        "bbox": [round(v, 6) for v in (x0, y0, x1 - x0, y1 - y0)],
        "area": round(_area(a, (picture.height, picture.width)), 6),
        "segmentation": segmentation,
        "iscrowd": int(a.difficult),
        **({EXTRAS: fields} if fields else {}),
    }


def _area(a: Annotation, size: tuple[int, int]) -> float:
    """Square pixels of a picture of `size` (height, width): of the mask, else inside the outline, else of the box."""
    if a.mask is not None:
        pixels = rle.decode(a.mask)
        return float(pixels.mean()) * size[0] * size[1]  # a mask may have another size than the picture
    if len(a.outline) == 1:
        x, y = np.asarray(a.outline[0]).T
        return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2
    if a.outline:
        return float(rle.fill(a.outline, size).sum())
    x0, y0, x1, y1 = a.box
    return (x1 - x0) * (y1 - y0)
