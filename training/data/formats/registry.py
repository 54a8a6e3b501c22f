"""The formats by name, and which of them a folder or file is in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from detector.errors import InputError, SettingsError
from training.data.formats import coco, cvat, cvat_video, labelstudio, masks, voc, yolo
from training.data.formats.source import Found
from training.data.formats.target import Target


@dataclass(frozen=True, slots=True)
class Format:
    """How to recognise, read and write one format."""

    title: str
    matches: Callable[[Path], bool]
    read: Callable[[Path], Iterator[Found]]
    write: Callable[[Target], None]


FORMATS = {
    "voc": Format("Pascal VOC", voc.matches, voc.read, voc.write),
    "coco": Format("COCO", coco.matches, coco.read, coco.write),
    "yolo": Format("YOLO, boxes", yolo.matches, yolo.read, yolo.write),
    "yolo-seg": Format("YOLO, outlines", lambda source: False, yolo.read, yolo.write_outlines),
    "cvat": Format("CVAT for images 1.1", cvat.matches, cvat.read, cvat.write),
    "cvat-video": Format("CVAT for video 1.1", cvat_video.matches, cvat_video.read, cvat_video.write),
    "labelstudio": Format("Label Studio JSON", labelstudio.matches, labelstudio.read, labelstudio.write),
    "masks": Format("pixel masks", masks.matches, masks.read, masks.write),
}


def format_named(name: str) -> Format:
    """The format of that name. Raises SettingsError naming the known ones."""
    if name not in FORMATS:
        raise SettingsError(f"'{name}' is no format; known are {', '.join(FORMATS)}")
    return FORMATS[name]


def detect_format(source: Path) -> str:
    """The one format that `source` is in. Raises InputError when it is in none, or in several."""
    if not source.exists():
        raise InputError(source, "is not there")
    if source.suffix.lower() == ".zip":
        raise InputError(source, "is a zip", "unpack it and name the folder")
    found = [name for name, form in FORMATS.items() if form.matches(source)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(FORMATS)
    if not found:
        raise InputError(source, "is in no format that is known here", f"say which with --format: {known}")
    raise InputError(source, f"may be {' or '.join(found)}", "say which with --format")
