"""The `schouw` command.

Exit codes: 0 all done; 1 some inputs failed, the rest is done; 2 a mistake to put right, nothing was written.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import data, maps, models, options, server
from cli.extras import needs
from cli.progress import bars, counted, errors, exit_if
from cli.summary import show_calibration, show_redrive
from detector import __version__
from detector.errors import SchouwError

if TYPE_CHECKING:
    from detector.survey import Check, DetectOptions, DetectReport

app = typer.Typer(
    name="schouw",
    help="Road condition from dashcam footage: finds cracks, ravelling and potholes, and maps them to road segments.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command; a mistake that the user can put right is one line and exit code 2."""
    try:
        app()
    except SchouwError as problem:
        errors.print(f"schouw: {problem}", style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except OSError as problem:  # a full disk, a folder that is a file, a file that may not be written
        where = f"{problem.filename}: " if problem.filename else ""
        reason = problem.strerror or str(problem)
        errors.print(
            f"schouw: {where}{reason}; check the path, its rights and the free space, and run the command again",
            style="red",
            markup=False,
            soft_wrap=True,
        )
        sys.exit(2)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"schouw {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Hold the options that come before a command."""


@app.command()
def detect(
    footage: options.Footage,
    out: Annotated[Path, typer.Option(help="Folder for the result.")],
    track: options.Track = None,
    every: options.Every = 3.0,
    device: options.Device = options.DeviceName.AUTO,
    weights: options.WeightsName = None,
    conf: options.Conf = None,
    camera: options.CameraFile = None,
    calibrate: options.Calibrate = False,
    sheets: options.Sheets = None,
    offset: options.Offset = None,
    partial: options.Partial = False,
    vehicles: options.Vehicles = True,
) -> None:
    """Find damage in footage and say where it lies.

    Examples:

        schouw detect drive.mp4 --track drive.gpx --out result

        schouw detect photos/ --out result --every 5m

        schouw detect GX010042.MP4 GX020042.MP4 --out result
    """
    settings = _detect_options(every, device, weights, conf, camera, calibrate, sheets, offset, partial, vehicles)
    done = _detect(footage, out, track, settings)
    typer.echo(f"{len(done.result.defects)} defects in {len(done.result.frames)} frames: {out}")
    show_redrive(done.result.meta["redrive"])
    exit_if(done.failed)


@app.command()
def survey(
    footage: options.Footage,
    roads: options.Roads,
    out: Annotated[Path, typer.Option(help="Folder for the map; the result goes to its folder `result`.")],
    track: options.Track = None,
    every: options.Every = 3.0,
    device: options.Device = options.DeviceName.AUTO,
    weights: options.WeightsName = None,
    conf: options.Conf = None,
    camera: options.CameraFile = None,
    calibrate: options.Calibrate = False,
    sheets: options.Sheets = None,
    offset: options.Offset = None,
    partial: options.Partial = False,
    vehicles: options.Vehicles = True,
    layer: options.Layer = None,
    columns: options.Columns = None,
    section: options.Section = None,
    table: options.TableName = None,
) -> None:
    """Find damage in footage and map it: `detect` and `map` in one.

    Example:

        schouw survey drive.mp4 --track drive.gpx --roads wegvakken.gpkg --out survey
    """
    from roads.condition.table import DEFAULT, read_table
    from roads.folder import check_writable
    from roads.network import read_network
    from roads.placing import check_overlap

    check_writable(out, roads)  # mistakes show before the long part
    conditions = read_table(table or DEFAULT)
    network = read_network(roads, layer, columns, section)
    result = out / "result"
    settings = _detect_options(every, device, weights, conf, camera, calibrate, sheets, offset, partial, vehicles)
    done = _detect(footage, result, track, settings, lambda poses: check_overlap(network, poses))
    maps.make_map([result], network, out, conditions)
    show_redrive(done.result.meta["redrive"])
    exit_if(done.failed)


@app.command()
def calibrate(
    footage: Annotated[Path, typer.Argument(help="A video, or a folder of geotagged photos.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Camera profile (YAML) for --camera.", dir_okay=False)],
    track: options.Track = None,
    offset: options.Offset = None,
) -> None:
    """Find the camera's height, direction and focal length in a drive, and how sure that is.

    Half a minute of driving straight on over an ordinary road is enough. Do it once per camera and mounting.

    Example:

        schouw calibrate drive.mp4 --track drive.gpx --out camera.yaml
    """
    from detector.calibrate import calibrate_footage
    from detector.errors import FootageError
    from detector.scene.camera import write_camera

    with errors.status("calibrating"):
        found = calibrate_footage(footage, track, offset or 0.0)
    if found.calibration is None:
        raise FootageError(
            footage, "its pictures don't show the road well enough to calibrate", "film a dry road in daylight"
        )
    write_camera(found.calibration.camera, out)
    show_calibration(found.calibration, found.offset, found.applied_s)
    typer.echo(f"camera: {out}")


app.add_typer(data.app)
app.add_typer(models.app, name="model")

for command in (maps.map_, maps.add, maps.compare, maps.plan, maps.export, maps.report):
    app.command(name=command.__name__.rstrip("_"))(command)
app.command()(models.evaluate)
app.command()(models.promote)
app.command()(server.serve)
app.command()(server.worker)
app.command()(server.upload)


@app.command()
def predict(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.", show_default=False)],
    json_file: Annotated[Path, typer.Option("--json", help="File for the boxes.", show_default=False)],
    conf: options.Conf = None,
    draw: Annotated[
        Path | None, typer.Option(help="Folder for the pictures with boxes drawn.", show_default=False)
    ] = None,
    weights: options.WeightsName = None,
    device: options.Device = options.DeviceName.AUTO,
) -> None:
    """Run the model alone on pictures without a place.

    Writes `{"picture stem": [[x0, y0, x1, y1, score, class id], ...]}` in pixels of the upright picture.
    Classes: 0 longitudinal crack, 1 transverse crack, 2 alligator cracking, 3 pothole, 4 ravelling.

    Example:

        schouw predict pictures/ --json boxes.json --conf 0.01 --draw drawn
    """
    from detector.files import atomic_path
    from detector.model.pictures import list_pictures, predict_pictures
    from detector.model.predictor import Predictor
    from detector.model.weights import default_weights, load_weights

    paths = list_pictures(pictures)
    predictor = Predictor(load_weights(weights) if weights else default_weights(), device.value, conf)
    with bars() as report:
        rows, problems = predict_pictures(counted(paths, "pictures", len(paths), report), predictor, draw)
    if not rows and problems:
        raise problems[0]
    with atomic_path(json_file) as temporary:
        temporary.write_text(json.dumps(rows) + "\n")
    typer.echo(f"{sum(map(len, rows.values()))} boxes in {len(rows)} pictures: {json_file}")
    exit_if([str(problem) for problem in problems])


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="Training settings (YAML); see training/configs/.")],
    out: Annotated[Path, typer.Option(help="Folder of the run. A run that was cut off goes on where it was.")],
    device: Annotated[str, typer.Option(help="auto, cpu, or a CUDA device such as 0.")] = "auto",
) -> None:
    """Train a model on labelled pictures and package it with a card.

    Example:

        SCHOUW_DATA=../shared schouw train training/configs/second.yaml --out runs/second
    """
    needs("torch", "ultralytics", "albumentations", extra="train")
    from training.config import read_config
    from training.package import package_run
    from training.train import train as run_training

    settings = read_config(config)
    run_training(settings, out, device, say=errors.print)
    packaged = package_run(settings, out, errors.print)
    typer.echo(f"model: {packaged}")


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="Folder for the drive, its track, camera, network and truth.")],
    seed: Annotated[int, typer.Option(help="Another seed draws another street.")] = 0,
) -> None:
    """Render a street with damage of known place and size, seen from a driving car.

    Example:

        schouw render --out sample
    """
    from training.synthesis.survey import render_survey

    with bars() as report:
        render_survey(out, seed=seed, progress=lambda done, total: report("rendering", done, total))
    typer.echo(f"rendered drive: {out}")


def _detect_options(
    every: float,
    device: options.DeviceName,
    weights: str | None,
    conf: float | None,
    camera: Path | None,
    calibrate: bool,
    sheets: Path | None,
    offset: float | None,
    partial: bool,
    vehicles: bool,
) -> "DetectOptions":
    from detector.survey import DetectOptions

    return DetectOptions(
        every_m=every,
        device=device.value,
        weights=weights,
        conf=conf,
        camera=camera,
        calibrate=calibrate,
        sheets=sheets,
        offset_s=offset,
        partial=partial,
        vehicles=vehicles,
    )


def _detect(
    footage: list[Path], out: Path, track: Path | None, settings: "DetectOptions", check: "Check | None" = None
) -> "DetectReport":
    from detector.survey import accept
    from detector.survey import detect as run_detect

    with bars() as report:
        return run_detect(footage, track, out, settings, report, check or accept)
