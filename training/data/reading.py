"""Labelled pictures as training takes them, from a dataset or straight from a folder of YOLO labels."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from detector.errors import InputError, SettingsError
from training.data.card import Card, Origin, read_card
from training.data.dataset import read_dataset
from training.data.formats import yolo
from training.data.formats.passes import read_passes
from training.data.formats.source import LeftOut, SourcePicture
from training.data.importing import ImportOptions, describe, fit, map_classes, sources_of
from training.data.pictures import LabelledPicture, Reading
from training.data.record import Picture
from training.data.split import of_split, read_manifest
from training.data.truth import labelled


def read_records(folder: Path, split: str | None, manifest: Path | None = None) -> Reading:
    """The pictures of a dataset, of one split by the manifest or as the dataset says. What is gone is left out."""
    dataset = read_dataset(folder)
    records: Iterable[Picture] = (record for record in dataset if split in (None, record.split))
    left_out: list[str] = []
    if manifest is not None and split is not None:
        records, left_out = of_split(dataset, split, read_manifest(manifest))
    pictures = []
    for record in records:
        path = dataset.file(record)
        if path.is_file():
            pictures.append(labelled(record, path, dataset.origin(record)))
        else:
            left_out.append(f"{path}: is gone, though the dataset names it")
    return Reading(tuple(pictures), tuple(left_out))


def stated_sources(parts: Iterable[tuple[Path, str | None]]) -> list[dict[str, Any]]:
    """What a model's card says of the pictures in these folders, each with its card: every origin once."""
    origins = dict.fromkeys(origin for folder, card in parts for origin in origins_in(folder, card))
    return [{"source": o.title, "licence": o.licence, "attribution": o.attribution} for o in origins]


def origins_in(folder: Path, card: str | None) -> list[Origin]:
    """Where the pictures of a folder come from: what its card says, or the dataset itself."""
    if card is None:
        return list(read_dataset(folder).sources.values())
    return [source.origin() for source in read_card(card).sources.values()]


def read_folder(folder: Path, card: Card | None, split: str | None) -> Reading:
    """The pictures of a folder with images/ and labels/. Raises SettingsError without a card that describes it."""
    if card is None:
        raise SettingsError(
            f"{folder}: is no dataset; name the card of datasets/ that describes it, or import it first"
        )
    pictures: list[LabelledPicture] = []
    left_out: list[LeftOut] = []
    passes = read_passes(*card.pass_files())
    for found in passes.over(yolo.read(folder)):
        if isinstance(found, LeftOut):
            left_out.append(found)
        elif split in (None, found.said.get("split")):
            try:
                picture, notes = _picture(found, card)
            except InputError as problem:
                left_out.append(LeftOut(problem.path, "picture", problem.problem))
                continue
            pictures.append(picture)
            left_out += notes
    return Reading(tuple(pictures), tuple(str(x) for x in left_out if x.fault))


def _picture(found: SourcePicture, card: Card) -> tuple[LabelledPicture, list[LeftOut]]:
    if found.annotations is None:
        raise InputError(found.labels, "is missing", "write an empty file for a picture without damage")
    name, source = sources_of(card)(found)
    for a in found.annotations:
        if source.target(a.label) is None:
            raise InputError(found.labels, f"has class '{a.label}', which datasets/{card.name}.yaml doesn't map")
    width, height = found.said["width"], found.said["height"]
    mapped, _ = map_classes(found, source)
    kept, outside = fit(found.labels, mapped, width, height)
    record = describe(found, name, source, ImportOptions(), width, height).model_copy(update={"annotations": kept})
    return labelled(record, found.path, source.origin()), outside
