"""A map's summary on the terminal."""

from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from detector.taxonomy import CLASSES


def show_summary(summary: dict[str, Any]) -> None:
    """Print what was driven, seen and found, as three short lines and a table."""
    frames, defects, segments = summary["frames"], summary["defects"], summary["segments"]
    unused = frames["total"] - frames["matched"]
    typer.echo(
        f"driven {summary['driven_m'] / 1000:.2f} km, seen {summary['covered_m'] / 1000:.2f} km of road, "
        f"{frames['total']} frames used" + (f", {unused} of them on no road" if unused else "")
    )
    counts = Table("damage", "defects", box=None, padding=(0, 2, 0, 0))
    for damage in CLASSES:
        counts.add_row(damage.english, str(defects["by_class"][damage.name]))
    Console().print(counts)
    graded = ", ".join(f"{count} {grade}" for grade, count in summary["grades"].items() if count) or "none"
    others = ", ".join(f"{count} {status}" for status, count in segments.items() if count and status != "graded")
    typer.echo(f"segments graded: {graded}" + (f"; {others}" if others else ""))
