"""The commands that look a dataset over, split it, and choose what to label next."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.progress import bars, errors, exit_if

if TYPE_CHECKING:
    from training.data.audit import Audit
    from training.data.split import Summary

Data = Annotated[Path, typer.Argument(help="Folder of a dataset that `schouw data import` made.", show_default=False)]


def audit(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for report.html and audit.json.")],
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")] = False,
) -> None:
    """Look a dataset over: unreadable files, leaks between splits, impossible boxes, rare classes.

    Exit code 1 when there are errors: pictures that can't be read, or the same place in two splits.

    Example:

        schouw data audit dataset --out audit
    """
    from training.data.audit import Level
    from training.data.audit import audit as look_over
    from training.data.audit_report import REPORT, write_audit
    from training.data.dataset import read_dataset

    dataset = read_dataset(data)
    REPORT.check_replaceable(out)
    with bars() as report:
        found = look_over(dataset, lambda done, total: report("pictures", done, total))
    page = write_audit(found, out)
    _show_findings(found)
    typer.echo(f"report: {page}")
    if found.of(Level.ERROR) or (strict and found.of(Level.WARNING)):
        raise typer.Exit(1)


class Apart(StrEnum):
    """What makes pictures one group."""

    GROUP = "group"
    GPS = "gps"
    ID_BLOCK = "id-block"
    SEQUENCE = "sequence"


def split(
    data: Data,
    out: Annotated[Path, typer.Option(help="File for the manifest (JSON).", dir_okay=False)],
    by: Annotated[
        Apart,
        typer.Option(
            help="What stays together: the dataset's own groups, a square on the map, numbers in file names that are "
            "near to each other, or a series of names. Pictures that don't tell go by their number."
        ),
    ] = Apart.GROUP,
    val: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the pictures to choose by.")] = 0.15,
    test: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share kept back for the final measurement.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Another seed is another split.")] = 0,
    block: Annotated[int, typer.Option(min=1, help="Numbers in one block of --by id-block.")] = 100,
    cell: Annotated[
        float, typer.Option(parser=options.metres, metavar="METRES", help="Side of a square of --by gps.")
    ] = 250.0,
) -> None:
    """Split a dataset by place: no road, drive or view in two splits, classes and sources spread evenly.

    Examples:

        schouw data split dataset --by group --val 0.15 --test 0.15 --out split.json

        schouw data split dataset --by gps --cell 500m --out split.json
    """
    from training.data.dataset import read_dataset
    from training.data.split import By, Split, check_shares, large_groups, split_dataset, summarise, write_manifest

    # Rounded: 1 - 0.7 - 0.3 is not nothing in binary numbers, and 1 - 0.9 - 0.1 is less.
    shares: dict[Split, float] = {"train": round(1.0 - val - test, 9), "val": val, "test": test}
    check_shares(shares)
    dataset = read_dataset(data)
    with bars() as report:
        manifest, left_out = split_dataset(
            dataset, By(by.value), shares, seed, block, cell, lambda done, total: report("pictures", done, total)
        )
    write_manifest(manifest, out)
    _show_splits(summarise(manifest, dataset))
    for name, count in large_groups(manifest):
        errors.print(f"note: {count} of {len(manifest.pictures)} pictures are one group, {name}", markup=False)
    typer.echo(f"split: {out}")
    exit_if([f"left out: {sentence}" for sentence in left_out])


class TaskForm(StrEnum):
    """Programs to label in."""

    CVAT = "cvat"
    LABELSTUDIO = "labelstudio"


def select(
    results: Annotated[list[Path], typer.Argument(help="Folders that `schouw detect` wrote.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the tasks.")],
    to: Annotated[TaskForm, typer.Option(help="The program to label in.")] = TaskForm.CVAT,
    n: Annotated[int, typer.Option("--n", min=1, help="How many frames, at most.")] = 200,
    footage: Annotated[
        Path | None, typer.Option(help="Folder that the footage lies in, when it was moved.", show_default=False)
    ] = None,
    reviews: Annotated[
        str | None,
        typer.Option(help="What reviewers said: the server's address, or the answer of GET /v1/reviews as a file."),
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="SCHOUW_TOKEN", help="For a server that asks for one.", show_default=False)
    ] = None,
) -> None:
    """Choose frames worth labelling: doubtful, disputed by reviewers, or new; spread over the roads.

    All but the carriageway is blurred, and the model's boxes lie ready to be corrected. The corrected file comes back
    with `schouw data import`. In CVAT each picture has a tag `picture`: tick its attribute `checked` once the picture
    is right, for pictures without the tick come back as not labelled.

    Example:

        schouw data select survey/result --n 200 --to labelstudio --out tasks
    """
    from collections import Counter

    from training.active import read_reviews
    from training.tasks import LIST, TaskOptions, vehicle_model, write_tasks

    disputed = read_reviews(reviews, token) if reviews else []
    others = vehicle_model()
    if others is None:
        errors.print("note: no model of vehicles is installed, so vehicles on the carriageway stay to be seen")
    options_ = TaskOptions(n, to.value, footage)
    with bars() as report:
        selected = write_tasks(results, out, options_, disputed, others, report)
    chosen = selected.chosen
    reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(c.reason for c in chosen).most_common())
    if selected.elsewhere:
        errors.print(
            f"note: {selected.elsewhere} disputed frames lie in none of these results, or it can't be told in which"
        )
    typer.echo(f"{len(chosen)} frames to label ({reasons}); {LIST} says why each: {out}")
    exit_if([f"left out: {sentence}" for sentence in selected.left_out])


def _show_splits(rows: "list[Summary]") -> None:
    from rich.console import Console
    from rich.table import Table

    from detector.taxonomy import CLASSES

    table = Table("split", "pictures", "groups", *(c.english for c in CLASSES), box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(row.split, str(row.pictures), str(row.groups), *(str(row.boxes.get(c.name, 0)) for c in CLASSES))
    Console().print(table)


def _show_findings(found: "Audit") -> None:
    from collections import Counter

    from training.data.audit import CHECKS

    counts = Counter(f.check for f in found.findings)
    styles = {"error": "red", "warning": "yellow", "note": None}
    for name, check in CHECKS.items():
        if counts[name]:
            errors.print(f"{check.level.value}: {check.title}: {counts[name]}", style=styles[check.level.value])
