"""A map's summary on the terminal."""

from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detector.taxonomy import CLASSES

if TYPE_CHECKING:
    import pandas as pd

    from detector.footage.clock import Offset
    from detector.scene.calibration.result import Calibration


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


def show_redrive(stretches: list[dict[str, Any]]) -> None:
    """Say what should be driven again, if anything."""
    if stretches:
        metres = sum(stretch["to_m"] - stretch["from_m"] for stretch in stretches)
        reasons = ", ".join(sorted({stretch["reason"] for stretch in stretches}))
        count = "1 stretch" if len(stretches) == 1 else f"{len(stretches)} stretches"
        typer.echo(f"drive again: {metres:.0f} m in {count} ({reasons}); survey.json says where")


def show_calibration(calibration: "Calibration", clock: "Offset", applied_s: float) -> None:
    """Print the camera's values with their doubt, and what the pictures say of the clock."""
    camera, sigmas = calibration.camera, calibration.sigmas
    rows = Table("", "value", "1 sigma", box=None, padding=(0, 2, 0, 0))
    rows.add_row("height", f"{camera.height_m:.2f} m", f"{sigmas.height * camera.height_m:.2f} m")
    rows.add_row("pitch", f"{camera.pitch_deg:.2f}°", f"{sigmas.pitch_deg:.2f}°")
    rows.add_row("yaw", f"{camera.yaw_deg:.2f}°", f"{sigmas.yaw_deg:.2f}°")
    rows.add_row("roll", f"{camera.roll_deg:.2f}°", f"{sigmas.roll_deg:.2f}°")
    rows.add_row("focal length", f"{camera.focal_px:.0f} px", f"{sigmas.focal * camera.focal_px:.0f} px")
    rows.add_row("bulge (k1)", f"{camera.k1:.3f}", "")
    Console().print(rows)
    typer.echo(f"from {calibration.pairs} pairs of frames, whose pitch scatters by {calibration.nod_deg:.2f}°")
    if clock.sure:
        used = "applied" if applied_s else "not applied: within its doubt"
        typer.echo(f"clock: the video is off by {clock.seconds:+.2f} s (1 sigma {clock.sigma_s:.2f} s), {used}")
    else:
        typer.echo(f"clock: {clock.reason}")
    for note in calibration.notes:
        typer.echo(f"note: {note}")


def show_priorities(segments: "pd.DataFrame", top: int, lang: str) -> None:
    """Print the first `top` of what to repair first, with the reasons."""
    ranked = segments[segments["priority"].notna()].sort_values("priority").head(top)
    if ranked.empty:
        typer.echo("nothing to repair: no segment has both damage and a grade")
        return
    why, plan = ("why_nl", "plan_nl") if lang == "nl" else ("why", "plan")
    rows = Table("", "segment", "street", "when", "why", box=None, padding=(0, 2, 0, 0))
    for row in ranked[["priority", "segment_id", "name", plan, why]].itertuples(index=False):
        rows.add_row(*(escape(str(value)) for value in row))
    Console().print(rows)


def show_changes(summary: dict[str, Any], segments: "pd.DataFrame") -> None:
    """Print what changed, as two lines and the segments that changed clearly."""
    days = [(summary[key] or "?")[:10] for key in ("before_utc", "after_utc")]
    typer.echo(f"from {days[0]} to {days[1]}, {summary['comparable_m'] / 1000:.2f} km graded at both moments")
    typer.echo("segments: " + ", ".join(f"{count} {change}" for change, count in summary["segments"].items()))
    typer.echo("defects: " + ", ".join(f"{count} {change}" for change, count in summary["defects"].items()))
    clear = segments[segments["change"].isin(["worse", "better"])].sort_values("score_change")
    if len(clear):
        rows = Table("segment", "street", "change", "score", "", box=None, padding=(0, 2, 0, 0))
        for row in clear.itertuples(index=False):
            scores = f"{row.score_before:.0f} -> {row.score_after:.0f}"
            rows.add_row(row.segment_id, escape(row.name), row.change, scores, f"{row.score_change:+.0f}")
        Console().print(rows)
