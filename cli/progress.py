"""Progress on the terminal. Bars go to standard error, so that what a command prints can be piped."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from detector.survey import Progress as Report

T = TypeVar("T")
errors = Console(stderr=True, highlight=False)


@contextmanager
def bars() -> Iterator["Report"]:
    """Yield a report that draws one bar per stage."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors) as progress:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield report


def counted(items: Iterable[T], stage: str, total: int, report: "Report") -> Iterator[T]:
    """Yield the items and report each."""
    report(stage, 0, total)
    for done, item in enumerate(items, start=1):
        yield item
        report(stage, done, total)


def exit_if(failed: list[str]) -> None:
    """Say what failed, and end with exit code 1 if anything did."""
    for sentence in failed:
        errors.print(f"schouw: {sentence}", style="yellow", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)
