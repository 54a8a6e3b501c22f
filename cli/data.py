"""The commands of data scientists: labelled pictures in and out, looked over, split, and chosen for labelling."""

import typer

from cli import formats, labels

app = typer.Typer(
    name="data",
    help="Labelled pictures: read, write, look over, split, and choose what to label next.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def _common() -> None:
    """Hold the options that come before a command."""


app.command(name="import")(formats.import_)

for command in (formats.export, labels.audit, labels.split, labels.select):
    app.command()(command)
