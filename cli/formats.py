"""The commands that bring labelled pictures in and hand them on."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.progress import bars, errors, exit_if

if TYPE_CHECKING:
    from training.data.exporting import ExportReport
    from training.data.importing import ImportReport

SHOWN = 5  # how many of the things that were left out are named on the terminal


class FormatName(StrEnum):
    """How labels are written; `auto` finds out, which is for reading only."""

    AUTO = "auto"
    VOC = "voc"
    COCO = "coco"
    YOLO = "yolo"
    YOLO_SEG = "yolo-seg"
    CVAT = "cvat"
    CVAT_VIDEO = "cvat-video"
    LABELSTUDIO = "labelstudio"
    MASKS = "masks"


class SplitName(StrEnum):
    """The parts of a data set."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Unknown(StrEnum):
    """What to do with a class that the card doesn't map."""

    ERROR = "error"
    SKIP = "skip"


def import_(
    source: Annotated[Path, typer.Argument(help="Folder or file with labels, as published or exported.")],
    out: Annotated[Path, typer.Option(help="Folder for the dataset.")],
    form: Annotated[FormatName, typer.Option("--format", help="How the labels are written.")] = FormatName.AUTO,
    card: Annotated[
        str | None,
        typer.Option(help="Card of datasets/ that maps the classes. Default: they have our names.", show_default=False),
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the pictures into the dataset.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Link the pictures into the dataset: no disk space.")] = False,
    unknown: Annotated[Unknown, typer.Option(help="Classes that the card doesn't map.")] = Unknown.ERROR,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Keep pictures without labels; nothing was looked for in them.")
    ] = False,
    looked_for: Annotated[
        str | None,
        typer.Option(help="Classes that were looked for, where neither card nor labels say.", show_default=False),
    ] = None,
    split: Annotated[
        SplitName | None, typer.Option(help="Split of pictures whose source says none.", show_default=False)
    ] = None,
    kinds_from_masks: Annotated[
        bool,
        typer.Option(
            "--kinds-from-masks",
            help="DNIT: take the kind of each crack from the shape of its mask on the road, or leave it open.",
        ),
    ] = False,
) -> None:
    """Read labelled pictures into a dataset, which `schouw train`, `data audit` and `data split` read.

    What can't be used is left out, counted, and listed in left_out.csv of the dataset; the exit code is then 1.

    Examples:

        schouw data import RDD2022 --card rdd2022 --out dataset

        schouw data import ../shared/road-damage/train --format yolo --card road-damage --split train --out dataset

        schouw data import task_7/annotations.xml --format cvat --looked-for pothole,ravelling --out dataset
    """
    from training.data.importing import ImportOptions, class_list, import_dataset

    if copy and link:
        raise typer.BadParameter("pictures are either copied or linked", param_hint="--copy / --link")
    options = ImportOptions(
        format=form.value,
        card=card,
        place="copy" if copy else "link" if link else "refer",
        skip_unknown=unknown is Unknown.SKIP,
        keep_unlabelled=unlabelled,
        looked_for=class_list(looked_for) if looked_for else None,
        split=split.value if split else None,
        kinds_from_masks=kinds_from_masks,
    )
    with bars() as report:
        done = import_dataset(source, out, options, lambda count, total: report("pictures", count, total))
    _show_import(done)
    typer.echo(f"dataset: {out}")
    faults = [str(x) for x in done.faults()]
    more = [f"and {len(faults) - SHOWN} more: see {out / 'left_out.csv'}"] if len(faults) > SHOWN else []
    exit_if([f"left out: {sentence}" for sentence in faults[:SHOWN]] + more)


def export(
    data: Annotated[Path, typer.Argument(help="Folder of a dataset that `schouw data import` made.")],
    form: Annotated[FormatName, typer.Option("--format", help="How to write the labels.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for pictures and labels.")],
    split: Annotated[SplitName | None, typer.Option(help="Only this split.", show_default=False)] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the pictures. Default: link them.")] = False,
    predictions: Annotated[
        bool,
        typer.Option("--predictions", help="For labelstudio and cvat: labels as proposals that somebody corrects."),
    ] = False,
) -> None:
    """Write a dataset in the form of another program.

    What the form has no place for goes where that program leaves it alone; schouw.json of the export says where.

    Examples:

        schouw data export dataset --format coco --split val --out coco

        schouw data export dataset --format labelstudio --predictions --copy --out to-correct
    """
    from training.data.dataset import read_dataset
    from training.data.exporting import ExportOptions, export_dataset

    if form is FormatName.AUTO:
        raise typer.BadParameter("say which format to write", param_hint="--format")
    dataset = read_dataset(data)
    options = ExportOptions(form.value, split.value if split else None, copy, predictions)
    with bars() as report:
        done = export_dataset(dataset, out, options, lambda count: report("pictures", count, len(dataset)))
    _show_export(done)
    typer.echo(f"{form.value}: {out}")


def _show_import(done: "ImportReport") -> None:
    from collections import Counter

    from rich.console import Console
    from rich.table import Table

    classes = Table("class", "ours", "boxes", box=None, padding=(0, 2, 0, 0))
    for (theirs, ours), count in sorted(done.mapped.items(), key=lambda item: -item[1]):
        classes.add_row(theirs, ours, str(count))
    console = Console()
    console.print(classes)
    pictures = len(done.dataset) if done.dataset else 0
    typer.echo(f"{_counted(pictures, 'picture')} from {done.format}")
    counts = Counter((x.what, x.fault) for x in done.left_out)
    for (what, fault), count in sorted(counts.items()):
        if what == "changed":
            sentence = f"changed: {_counted(count, 'label')}, as left_out.csv says"
        elif what == "class":
            sentence = f"left out: {_counted(count, 'box', 'boxes')} of other classes"
        else:
            sentence = f"left out: {_counted(count, what, 'boxes' if what == 'box' else f'{what}s')}"
        errors.print(sentence, style="yellow" if fault else None, markup=False)
    if done.kinds:
        settled, changed, open_ = (done.kinds[key] for key in ("settled", "changed", "open"))
        typer.echo(
            f"kinds of cracks by their masks: {settled} settled as they were, {changed} changed, {open_} left open"
        )
    if done.renamed:
        typer.echo(f"{_counted(done.renamed, 'picture')} got another name: the file's own was taken")


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _show_export(done: "ExportReport") -> None:
    from collections import Counter

    typer.echo(f"{_counted(done.pictures, 'picture')}, {_counted(done.boxes, 'box', 'boxes')}")
    for (name, where), count in sorted(done.carried.items()):
        if name != "drawn":
            typer.echo(f"kept in {where}: {name} of {count}")
    for reason, count in Counter(reason for _, reason in done.left_out).items():
        errors.print(f"{count} times: {reason}", style="yellow", markup=False)
