"""Options that several commands share."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DeviceName(StrEnum):
    """Where the model runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def metres(text: str | float) -> float:
    """Read a distance such as `3m`, `3 m` or `3`; a default comes as a number."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*m?\s*", str(text))
    if match is None or float(match[1]) <= 0:
        raise typer.BadParameter(f"'{text}' is no distance; write for example 3m")
    return float(match[1])


class Language(StrEnum):
    """The language of headings and texts for planners."""

    NL = "nl"
    EN = "en"


Footage = Annotated[
    list[Path], typer.Argument(help="Videos, folders of videos, or folders of geotagged photos.", show_default=False)
]
Track = Annotated[
    Path | None,
    typer.Option(
        help="GPS track: GPX, NMEA, or a GoPro file. Without it the footage's own is used.", show_default=False
    ),
]
Every = Annotated[
    float, typer.Option(parser=metres, metavar="METRES", help="One frame for every so many metres driven.")
]
Device = Annotated[DeviceName, typer.Option(help="auto takes CUDA where there is one.")]
WeightsName = Annotated[
    str | None, typer.Option("--weights", help="Model name or folder. Default: the shipped one.", show_default=False)
]
Conf = Annotated[
    float | None,
    typer.Option(
        min=0.0, max=1.0, help="Score threshold for all classes. Default: the model's own.", show_default=False
    ),
]
CameraFile = Annotated[
    Path | None,
    typer.Option("--camera", help="Camera profile (YAML). Without it sizes are rough estimates.", show_default=False),
]
Calibrate = Annotated[
    bool,
    typer.Option("--calibrate", help="Without a profile: find camera and clock in the footage first (some seconds)."),
]
Sheets = Annotated[
    Path | None,
    typer.Option("--sheets", help="Folder for contact sheets: each defect's looks side by side.", show_default=False),
]
Offset = Annotated[
    float | None,
    typer.Option(
        "--offset", metavar="SECONDS", help="Added to the video's clock to get the track's clock.", show_default=False
    ),
]
Partial = Annotated[
    bool, typer.Option("--partial", help="Use the part of the footage that the track covers, leave out the rest.")
]
Vehicles = Annotated[
    bool,
    typer.Option(
        "--vehicles/--no-vehicles", help="See other vehicles, which hide the road. Without: some percent faster."
    ),
]
Roads = Annotated[
    Path,
    typer.Option("--roads", help="Road network: NWB, OSM or your own; GeoPackage, GML, shapefile, GeoJSON, ..."),
]
Layer = Annotated[
    str | None, typer.Option(help="Layer of the network file. Default: the one with roads.", show_default=False)
]
TableName = Annotated[str | None, typer.Option("--table", help="Condition table (YAML). Default: schouw-2.")]
Columns = Annotated[
    Path | None,
    typer.Option("--columns", help="Column map (YAML) for a network of your own.", show_default=False, dir_okay=False),
]
Section = Annotated[
    float | None,
    typer.Option(
        "--section",
        parser=metres,
        metavar="METRES",
        help="Cut roads into sections of this length, such as 100m. Default: as they come.",
        show_default=False,
    ),
]
Lang = Annotated[Language, typer.Option("--lang", help="Language of headings and texts.")]
