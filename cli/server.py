"""The commands of a server: serve the web app and the API, do its jobs elsewhere, send it footage."""

from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.progress import errors
from detector.errors import SettingsError

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder for what the server keeps. Default: schouw-server.", file_okay=False),
]
EXTRA = ("fastapi", "uvicorn", "sqlalchemy", "obstore")


def serve(
    home: Home = None,
    roads: Annotated[
        Path | None, typer.Option("--roads", help="Road network, at the first start.", show_default=False)
    ] = None,
    layer: options.Layer = None,
    columns: options.Columns = None,
    section: options.Section = None,
    table: options.TableName = None,
    map_folder: Annotated[
        Path | None, typer.Option("--map", help="Map folder to take over, at the first start.", show_default=False)
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen at. Default: 127.0.0.1, this machine only.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 8000,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Processes that do the jobs. Default: 1.")
    ] = None,
) -> None:
    """Serve the web app and the API: crews upload, planners look.

    Examples:

        schouw serve --roads wegvakken.gpkg --section 100m

        schouw serve --home /srv/schouw --map map --host 0.0.0.0
    """
    _check_extra()
    from api.serve import Address, check_open, configure_log
    from api.serve import serve as run
    from api.settings import read_settings
    from roads.condition.table import DEFAULT, read_table
    from roads.network import read_network

    settings = read_settings(home=home and home.resolve(), workers=workers)
    address = Address(host or "127.0.0.1", port)
    if warning := check_open(settings, address.host, host is not None):
        errors.print(f"schouw: {warning}", style="yellow", markup=False, soft_wrap=True)
    network = None
    if roads is not None:
        with errors.status("reading the network"):
            network = read_network(roads, layer, columns, section)
    configure_log()
    run(settings, address, network, read_table(table or DEFAULT), map_folder)


def worker(
    home: Home = None,
    once: Annotated[bool, typer.Option("--once", help="End when no job is left.")] = False,
) -> None:
    """Do the jobs of a server, in a process or on a machine of its own.

    It needs the server's database and storage: see SCHOUW_DATABASE_URL and SCHOUW_STORAGE_URL in docs/server.md.

    Example:

        schouw worker --home /srv/schouw
    """
    _check_extra()
    from api.serve import configure_log, work
    from api.settings import read_settings

    configure_log()
    work(read_settings(home=home and home.resolve()), once=once)


def _check_extra() -> None:
    from importlib.util import find_spec

    missing = [package for package in EXTRA if find_spec(package) is None]
    if missing:
        raise SettingsError(f"this command needs {', '.join(missing)}; run: pip install 'schouw[server]'")
