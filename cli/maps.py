"""The commands of planners: a map of the roads, one more drive on it, what changed, what first, files to pass on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.progress import errors, exit_if
from cli.summary import show_changes, show_priorities, show_summary

if TYPE_CHECKING:
    from roads.condition.table import Table
    from roads.folder import Grown
    from roads.network import Network

Map = Annotated[Path, typer.Argument(help="Folder of a map that `schouw map` or `schouw survey` made.")]


def map_(
    results: Annotated[list[Path], typer.Argument(help="Folders that `schouw detect` wrote.", show_default=False)],
    roads: options.Roads,
    out: Annotated[Path, typer.Option(help="Folder for the map.")],
    layer: options.Layer = None,
    columns: options.Columns = None,
    section: options.Section = None,
    table: options.TableName = None,
) -> None:
    """Put drives on a road network: each damage once, condition and coverage of every segment.

    Examples:

        schouw map result --roads wegvakken.gpkg --out map

        schouw map spring autumn --roads wegvakken.gpkg --section 100m --out map
    """
    from roads.condition.table import DEFAULT, read_table
    from roads.network import read_network

    conditions = read_table(table or DEFAULT)
    exit_if(make_map(results, read_network(roads, layer, columns, section), out, conditions))


def add(
    results: Annotated[list[Path], typer.Argument(help="Folders that `schouw detect` wrote.", show_default=False)],
    to: Annotated[Path, typer.Option(help="Folder of the map that grows.")],
    table: options.TableName = None,
) -> None:
    """Add drives to a map: what was seen before keeps its number and gets a history.

    Example:

        schouw add autumn --to map
    """
    from roads.condition.table import read_table
    from roads.folder import extend, open_map

    with errors.status("mapping"):
        opened = open_map(to)
        grown = extend(opened, results, read_table(table) if table else opened.table)
    _show(grown, to)
    exit_if(grown.failed)


def compare(
    before: Annotated[str, typer.Argument(help="Map folder, or folder@date for its state at the end of that day.")],
    after: Annotated[str, typer.Argument(help="The same, for the later moment.")],
    out: Annotated[Path | None, typer.Option(help="Folder for the changes as files.", show_default=False)] = None,
    lang: options.Lang = options.Language.NL,
) -> None:
    """Compare two moments: which segments got worse or better, which damage is new, grown or gone.

    Examples:

        schouw compare map@2026-04-30 map --out changes

        schouw compare map-2025 map-2026
    """
    from roads.exports.lists import write_changes
    from roads.folder import changes_between, check_no_map, moment

    if out:
        check_no_map(out)  # before the long part
    with errors.status("comparing"):
        changes = changes_between(moment(before), moment(after))
        if out:
            write_changes(changes, out, lang.value)
    show_changes(changes.summary, changes.segments)
    if out:
        typer.echo(f"changes: {out}")


def plan(
    folder: Map,
    out: Annotated[
        Path | None, typer.Option(help="File for the list: .xlsx or .csv.", show_default=False, dir_okay=False)
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
    lang: options.Lang = options.Language.NL,
) -> None:
    """List what to repair first, with the reasons.

    Example:

        schouw plan map --out prioriteiten.xlsx
    """
    from roads.exports.lists import write_priorities
    from roads.folder import open_map

    road_map = open_map(folder).road_map()
    show_priorities(road_map.segments, top, lang.value)
    if out:
        write_priorities(road_map, out, lang.value)
        typer.echo(f"priorities: {out}")


def export(
    folder: Map,
    formats: Annotated[
        list[str],
        typer.Option("--format", help="gpkg, geoparquet, geojson, fgb, csv, xlsx or pmtiles; may be repeated."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    lang: options.Lang = options.Language.NL,
) -> None:
    """Write a map in other formats, with a style for QGIS.

    Example:

        schouw export map --format xlsx --format fgb --out passed-on --lang nl
    """
    from roads.exports.formats import write_formats
    from roads.folder import open_map

    with errors.status("writing"):
        written = write_formats(open_map(folder).road_map(), out, formats, lang.value)
    for path in written:
        typer.echo(str(path))


def report(
    folder: Map,
    out: Annotated[Path, typer.Option(help="PDF file.", dir_okay=False)],
    areas: Annotated[
        Path | None, typer.Option(help="Areas (polygons), one chapter each.", show_default=False, exists=True)
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title on the first page.", show_default=False)] = None,
    lang: options.Lang = options.Language.NL,
) -> None:
    """Write a report with maps and pictures as PDF, for the whole map or per area.

    Example:

        schouw report map --areas wijken.gpkg --out rapport.pdf
    """
    from roads.exports.report import read_areas, write_report
    from roads.folder import open_map

    with errors.status("writing"):
        opened = open_map(folder)
        named = read_areas(areas) if areas else None
        write_report(opened.road_map(), opened.folder, out, lang.value, named, title)
    typer.echo(f"report: {out}")


def make_map(results: list[Path], network: "Network", out: Path, table: "Table") -> list[str]:
    """Make a map of drives and say what it shows. Returns a sentence for each that could not be used."""
    from roads.folder import create

    with errors.status("mapping"):
        grown = create(out, results, network, table)
    _show(grown, out)
    return grown.failed


def _show(grown: "Grown", folder: Path) -> None:
    show_summary(grown.road_map.summary)
    for note in grown.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"map: {folder / 'map.html'}")
