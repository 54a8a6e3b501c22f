"""The commands of data scientists: labelled pictures in and out, looked over, split, and chosen for labelling."""

import typer

app = typer.Typer(
    name="data",
    help="Labelled pictures: read, write, look over, split, and choose what to label next.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def _common() -> None:
    """Hold the options that come before a command."""
