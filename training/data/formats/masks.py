"""Pixel masks: for each picture and class a PNG `<picture>_<CLASS>.png` whose pixels are set where the damage is.

Read are the DNIT set as published (`<id>/<id>_RAW.jpg` with its masks beside it) and images/ with masks/. Every patch
of pixels, with the pieces that lie near to it, is one damage. A mask can't tell two damages that touch apart, nor say
anything else about them: what we wrote carries the labels in a JSON side-car, which counts as long as the masks are as
they were.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from detector.errors import InputError
from detector.model.weights import sha256
from training.data.formats import rle
from training.data.formats.source import (
    Found,
    LeftOut,
    SourcePicture,
    annotation,
    is_picture,
    picture_size,
    pictures_in,
    well_formed,
)
from training.data.formats.target import Target
from training.data.record import Annotation, Picture, extras

RAW = "_RAW"  # ends the name of a published DNIT picture
NATIVE_PICTURE = {"name", "path", "width", "height", "sha256", "annotations"}
EIGHT = 8  # pixels that touch by a corner belong together: cracks are thin
# Of the picture's width: masks of one crack are torn into pieces, which lie nearer than this. It is the gap that gives
# the boxes of `road-damage` again best (benchmarks.extents).
GAP = 0.0137


@dataclass(frozen=True, slots=True)
class Folders:
    """Pictures and their masks, by folder of the masks and beginning of their names."""

    pictures: dict[tuple[Path, str], Path]
    masks: dict[tuple[Path, str], dict[str, Path]]  # by class
    alone: tuple[Path, ...]  # masks without a picture, or without a class


def matches(source: Path) -> bool:
    """Whether masks lie beside pictures, and no label files, which would know more."""
    if not source.is_dir() or (source / "labels").is_dir():
        return False
    folders = _look(source)
    return bool(folders.masks) or any(_side_car(*key).is_file() for key in folders.pictures)


def read(source: Path) -> Iterator[Found]:
    """Read a folder of pictures with masks. Raises InputError where there are none."""
    folders = _look(source)
    if not folders.masks and not any(_side_car(*key).is_file() for key in folders.pictures):
        if folders.alone:
            raise InputError(folders.alone[0], _fault(folders.alone[0], folders))
        raise InputError(source, "holds no pictures with masks", "name a folder with images/ and masks/")
    for (folder, stem), path in folders.pictures.items():
        try:
            with well_formed(_side_car(folder, stem), "it"):
                picture = _read_picture(path, stem, folder, folders.masks.get((folder, stem), {}))
        except InputError as problem:
            yield LeftOut(problem.path, "picture", problem.problem)
            continue
        yield picture
    for mask in folders.alone:
        yield LeftOut(mask, "label file", _fault(mask, folders))


def _fault(mask: Path, folders: Folders) -> str:
    """Why a mask belongs to no picture."""
    if (mask.parent, mask.stem) in folders.pictures:
        return f"its name lacks the class: {mask.stem}_<CLASS>.png is expected"
    return "its picture is missing"


def _side_car(folder: Path, stem: str) -> Path:
    return folder / f"{stem}.json"


def _look(source: Path) -> Folders:
    if (source / "masks").is_dir():
        pictures = {(source / "masks", path.stem): path for path in pictures_in(source / "images")}
        candidates = sorted((source / "masks").glob("*.png"))
    else:
        raw = [path for path in sorted(source.rglob(f"*{RAW}.*")) if is_picture(path)]
        pictures = {(path.parent, path.stem.removesuffix(RAW)): path for path in raw}
        candidates = [p for folder in dict.fromkeys(p.parent for p in raw) for p in sorted(folder.glob("*.png"))]
    masks: dict[tuple[Path, str], dict[str, Path]] = {}
    alone = []
    for path in candidates:
        ends = [n for n, c in enumerate(path.stem) if c == "_" and (path.parent, path.stem[:n]) in pictures]
        if ends and path.stem[ends[-1] :] != RAW:
            masks.setdefault((path.parent, path.stem[: ends[-1]]), {})[path.stem[ends[-1] + 1 :]] = path
        elif not ends and path not in pictures.values():
            alone.append(path)
    return Folders(pictures, masks, tuple(alone))


def _read_picture(path: Path, stem: str, folder: Path, masks: dict[str, Path]) -> SourcePicture:
    side_car = _side_car(folder, stem)
    if not masks and not side_car.is_file():
        return SourcePicture(path, folder / f"{stem}_*.png", None)
    width, height = picture_size(path)
    said: dict[str, Any] = {"width": width, "height": height, "name": f"{stem}{path.suffix}"}
    left_out: tuple[LeftOut, ...] = ()
    if side_car.is_file():
        content = json.loads(side_car.read_text(encoding="utf-8"))
        said |= content["picture"]
        if content["masks"] == {name: sha256(mask) for name, mask in masks.items()}:
            known = [annotation(side_car, "label", **fields) for fields in content["annotations"]]
            return SourcePicture(path, side_car, tuple(known), said)
        left_out = (LeftOut(side_car, "changed", "its masks were changed since; they count, it does not", False),)
    annotations = [a for name, mask in masks.items() for a in _patches(mask, name, width, height)]
    return SourcePicture(path, folder, tuple(annotations), said, left_out)


def read_mask(path: Path) -> rle.Pixels:
    """Read a mask: 1 where any channel but transparency is set. Raises InputError for a file that is no picture."""
    picture_size(path)
    try:
        with PillowImage.open(path) as image:
            pixels = np.asarray(image.convert("RGB") if "A" in image.mode else image)  # of a palette the numbers count
    except (OSError, ValueError, SyntaxError) as problem:
        raise InputError(path, "is not a readable picture") from problem
    return np.asarray((pixels.max(axis=2) if pixels.ndim == 3 else pixels) > 0, np.uint8)


def joined(pixels: rle.Pixels, reach: int) -> tuple[int, NDArray[np.int32]]:
    """Number the patches of a mask from 1, 0 where nothing is set; those up to `reach` px apart, each way, are one.

    Returns one more than there are patches, and the numbers (height, width).
    """
    near = cv2.dilate(pixels, np.ones((reach + 1, reach + 1), np.uint8))
    count, patches = cv2.connectedComponents(near, connectivity=EIGHT)
    return count, np.asarray(patches * pixels, np.int32)


def _patches(path: Path, name: str, width: int, height: int) -> Iterator[Annotation]:
    """One annotation for every connected patch, its box in pixels of the picture, which may differ from the mask's."""
    pixels = read_mask(path)
    across, down = width / pixels.shape[1], height / pixels.shape[0]
    count, patches = joined(pixels, round(GAP * pixels.shape[1]))
    for number in range(1, count):
        only = np.asarray(patches == number, np.uint8)
        x, y, w, h = cv2.boundingRect(only)
        box = (x * across, y * down, (x + w) * across, (y + h) * down)
        yield Annotation(label=name, box=box, mask=rle.encode(only))


def write(target: Target) -> None:
    """Write images/, masks/<picture>_<class>.png, 1 bit a pixel, and a JSON for each picture."""
    for picture in target.pictures():
        target.place(picture, f"images/{picture.name}")
        stem = Path(picture.name).stem
        written = {}
        for name in dict.fromkeys(a.label for a in picture.annotations):
            path = target.path(f"masks/{stem}_{name}.png")
            pixels = _drawn([a for a in picture.annotations if a.label == name], picture, target)
            PillowImage.fromarray(pixels * 255).convert("1").save(path)
            written[name] = sha256(path)
        for a in picture.annotations:
            target.carried(extras(a, {"label", "mask", "outline"}), "the JSON beside the masks")
        more = {
            "masks": written,
            "picture": extras(picture, NATIVE_PICTURE),
            "annotations": [a.model_dump(mode="json", exclude_defaults=True) for a in picture.annotations],
        }
        target.text(f"masks/{stem}.json", json.dumps(more, ensure_ascii=False) + "\n")


def _drawn(annotations: list[Annotation], picture: Picture, target: Target) -> rle.Pixels:
    """All damage of one class: masks as they are where all have one size, else scaled to the picture."""
    sizes = {a.mask.size if a.mask else (picture.height, picture.width) for a in annotations}
    size = sizes.pop() if len(sizes) == 1 else (picture.height, picture.width)
    pixels = np.zeros(size, np.uint8)
    for a in annotations:
        if a.mask is not None:
            own = rle.decode(a.mask)
            pixels |= own if own.shape == size else cv2.resize(own, size[::-1], interpolation=cv2.INTER_NEAREST)
        elif a.outline:
            pixels |= rle.fill(a.outline, size)
        else:
            x0, y0, x1, y1 = (round(v) for v in a.box)
            pixels[max(y0, 0) : max(y1, y0 + 1), max(x0, 0) : max(x1, x0 + 1)] = 1
            target.left_out.append((picture.name, "a box without an outline is drawn as a filled rectangle"))
    return pixels
