"""A dataset out into the form of another program, with an account of what the form has no place for."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from detector.errors import InputError, SettingsError
from detector.files import atomic_folder
from training.data.card import Origin
from training.data.dataset import Dataset
from training.data.formats.registry import FORMATS, format_named
from training.data.formats.target import Target

CARD = "schouw.json"  # sources, licences and the account, beside the labels
FORMAT = "schouw-export"
PROPOSALS = ("cvat", "labelstudio")  # formats that tell proposals from labels


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export did."""

    pictures: int
    boxes: int
    carried: Counter[tuple[str, str]]  # (field, where it was put): how often
    left_out: list[tuple[str, str]]  # picture's name, reason


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export, and how."""

    format: str
    split: str | None = None
    copy: bool = False
    pre_labels: bool = False


def export_dataset(
    dataset: Dataset, out: Path, options: ExportOptions, progress: Callable[[int], None] = lambda done: None
) -> ExportReport:
    """Write the folder `out`, whole or not at all. An older export there is replaced.

    Raises SettingsError when there is nothing to write and InputError when a picture is gone, or `out` holds something
    else.
    """
    form = format_named(options.format)
    if options.pre_labels and options.format not in PROPOSALS:
        raise SettingsError(f"only {' and '.join(PROPOSALS)} have a place for proposals (--predictions)")
    check_replaceable(out)
    pictures = boxes = 0
    for picture in dataset:
        if options.split in (None, picture.split):
            pictures += 1
            boxes += len(picture.annotations)
    if not pictures:
        raise SettingsError(f"{dataset.folder}: no picture is in split '{options.split}'")
    with atomic_folder(out) as temporary:
        target = Target(dataset, temporary, options.split, options.copy, options.pre_labels, progress)
        form.write(target)
        report = ExportReport(pictures, boxes, target.carried_fields, target.left_out)
        _write_card(temporary / CARD, dataset, options, report)
    return report


def check_replaceable(out: Path) -> None:
    """Raise InputError if `out` holds something other than an export: writing one would remove it."""
    if out.exists() and any(out.iterdir()) and not (out / CARD).is_file():
        raise InputError(out, "holds something other than an export", "choose another folder")


def _write_card(path: Path, dataset: Dataset, options: ExportOptions, report: ExportReport) -> None:
    content = {
        "format": FORMAT,
        "version": 1,
        "title": dataset.title,
        "labels": f"{options.format}: {FORMATS[options.format].title}",
        "split": options.split,
        "sources": {k: v.model_dump(mode="json", exclude_defaults=True) for k, v in dataset.sources.items()},
        "pictures": report.pictures,
        "boxes": report.boxes,
        "kept_elsewhere": [{"field": f, "where": w, "count": n} for (f, w), n in sorted(report.carried.items())],
        "left_out": [{"picture": name, "reason": reason} for name, reason in report.left_out],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_origins(source: Path) -> dict[str, Origin]:
    """Sources of an export of ours, by name; none for anything else. Raises InputError for a card that is damaged."""
    for folder in (source, source.parent, source.parent.parent):
        path = folder / CARD
        if path.is_file():
            try:
                sources = json.loads(path.read_text(encoding="utf-8"))["sources"]
                return {name: Origin.model_validate(origin) for name, origin in sources.items()}
            except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as problem:
                raise InputError(path, "is not a valid export card", "export again") from problem
    return {}
