"""The commands of a server: serve the web app and the API, do its jobs elsewhere, send it footage."""

from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.extras import needs
from cli.progress import bars, errors, exit_if

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
    needs(*EXTRA, extra="server")
    from api.log import configure_log
    from api.serve import Address, check_open
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
    needs(*EXTRA, extra="server")
    from api.jobs.process import work
    from api.log import configure_log
    from api.settings import read_settings

    configure_log()
    work(read_settings(home=home and home.resolve()), once=once)


def upload(
    files: Annotated[
        list[Path], typer.Argument(help="Videos, zips of photos, tracks; or folders of them.", show_default=False)
    ],
    server: Annotated[str, typer.Option("--server", envvar="SCHOUW_SERVER", help="Address of the server.")],
    token: Annotated[
        str | None, typer.Option("--token", envvar="SCHOUW_TOKEN", help="Your key, if it asks.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the survey.", show_default=False)] = None,
    track: options.Track = None,
    offset: options.Offset = None,
    partial: options.Partial = False,
    lang: options.Lang = options.Language.NL,
) -> None:
    """Send the footage of one drive to a server. Cut off, the same command goes on where it was.

    Ends with code 1 when the server finds something to put right first.

    Examples:

        schouw upload GX010042.MP4 GX020042.MP4 --server https://schouw.example.nl

        schouw upload drive.mp4 --track drive.gpx --name "Noord, mei" --server http://127.0.0.1:8000
    """
    from cli import upload as client

    chosen = client.chosen([*files, *([track] if track else [])])
    wanted = {"offset_s": offset} if offset is not None else {}
    wanted |= {"partial": True} if partial else {}
    with client.connect(server, token) as connected:
        survey = client.announce(connected, chosen, name, wanted)
        addresses = {file["name"]: file["upload"] for file in survey["files"]}
        with bars() as report:
            for path in chosen:
                if addresses[path.name]:
                    client.send(connected, path, addresses[path.name], report)
        with errors.status("the server checks it"):
            for said in client.followed(connected, survey["id"]):
                survey = said
    for finding in survey["findings"]:
        typer.echo(f"{finding['level']}: {finding[f'text_{lang.value}']}")
    typer.echo(f"{survey['name']}: {survey[f'state_{lang.value}']} ({client.page(connected, survey['id'])})")
    exit_if([survey["error"]] if survey["error"] else [])
    if survey["state"] == "attention":
        raise typer.Exit(1)
