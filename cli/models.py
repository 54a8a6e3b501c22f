"""The commands of data scientists for finished models: measure, bring into other forms, put in service."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.extras import needs
from cli.progress import errors
from detector.errors import InputError, SettingsError

if TYPE_CHECKING:
    from training.data.pictures import LabelledPicture

app = typer.Typer(help="Models: list, package, export in other forms, go back to an earlier one.", no_args_is_help=True)


class FormName(StrEnum):
    """The forms of a network that can be run."""

    TORCH = "torch"
    OPENVINO = "openvino"
    OPENVINO_INT8 = "openvino-int8"
    ONNX = "onnx"


class NewForm(StrEnum):
    """The forms that can be made of a packaged model."""

    OPENVINO_INT8 = "openvino-int8"
    ONNX = "onnx"


Data = Annotated[
    Path | None,
    typer.Option("--data", help="Dataset, or folder with images/ and labels/.", show_default=False, file_okay=False),
]
CardName = Annotated[
    str | None,
    typer.Option("--card", help="Card of datasets/ that describes the folder; a dataset needs none."),
]
Split = Annotated[str | None, typer.Option(help="Only this split of the dataset.", show_default=False)]


def evaluate(
    out: Annotated[Path, typer.Option(help="Folder for report.html and metrics.json.")],
    model: Annotated[
        str | None, typer.Argument(help="Model name or folder. Default: the one in service.", show_default=False)
    ] = None,
    data: Data = None,
    card: CardName = None,
    split: Split = None,
    predictions: Annotated[
        Path | None,
        typer.Option(help="Measure these boxes instead of a model (JSON as `schouw predict` writes).", dir_okay=False),
    ] = None,
    conf: options.Conf = None,
    form: Annotated[
        FormName | None, typer.Option(help="Form of the network. Default: the one that would run.", show_default=False)
    ] = None,
    device: options.Device = options.DeviceName.CPU,
    camera: options.CameraFile = None,
    pictures: Annotated[bool, typer.Option("--pictures/--no-pictures", help="Show the worst mistakes.")] = True,
) -> None:
    """Measure a model on labelled pictures: AP, F1, calibration, confusion, with intervals, as a page.

    Examples:

        schouw evaluate --data road-damage/val --card road-damage --out report

        schouw evaluate --predictions boxes.json --data road-damage/val --card road-damage --out report
    """
    needs("matplotlib", extra="train")
    from detector.model.weights import default_weights, load_weights
    from detector.scene.camera import read_camera
    from training.evaluate import EVALUATION, figures_of, of_file, of_weights, write_report

    if predictions and model:
        raise SettingsError("give a model or --predictions, not both")
    EVALUATION.check_replaceable(out)  # before the long part
    profile = read_camera(camera) if camera else None
    truth = _read(data, card, split)
    with errors.status("measuring"):
        if predictions:
            subject = of_file(predictions, truth, conf)
        else:
            weights = load_weights(model) if model else default_weights()
            subject = of_weights(weights, truth, device.value, form.value if form else None, conf)
        figures = figures_of(subject, truth, profile)
        write_report(subject, figures, truth, out, pictures)
    overall = figures["overall"]
    typer.echo(f"mAP50 {_with_spread(overall['map50']['value'], overall['map50']['interval'])}")
    for name, title in (
        ("f1_rdd", "F1"),
        ("f1_cracks_as_one", "F1, cracks as one"),
        ("f1_ravelling_iou30", "ravelling F1"),
    ):
        shipped = overall[name]["shipped"]
        typer.echo(f"{title} {_with_spread(shipped['f1'], shipped['interval'])}")
    typer.echo(f"report: {out / 'report.html'}")


def promote(
    model: Annotated[Path | None, typer.Argument(help="Folder of a packaged model.", show_default=False)] = None,
    data: Data = None,
    card: CardName = None,
    split: Split = None,
    force: Annotated[
        str | None, typer.Option(metavar="REASON", help="Do it without proof; the reason is noted in the card.")
    ] = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the model before the present one.")] = False,
) -> None:
    """Put a model in service if it is clearly better than the present one on labelled pictures.

    Better: the 95 % interval of the difference in F1 (paired bootstrap) lies above zero, and no other main figure is
    clearly worse. The present model is kept; `--rollback` goes back to it.

    Examples:

        schouw promote runs/second/second --data road-damage/val --card road-damage

        schouw promote --rollback
    """
    from training import promote as promotion

    if rollback:
        if model:
            raise SettingsError("--rollback takes no model: it goes back to the one before the present")
        present, earlier = promotion.roll_back()
        typer.echo(f"in service: {earlier} (was {present})")
        return
    if model is None:
        raise SettingsError("name the folder of a packaged model, or give --rollback")
    if force is not None and not force.strip():
        raise SettingsError("--force needs a reason; it is noted in the model's card")
    truth = _read(data, card, split)
    with errors.status("comparing"):
        comparison = promotion.promote(model, truth, force)
    for sentence in comparison.sentences():
        typer.echo(sentence)
    typer.echo(f"in service: {comparison.new} (was {comparison.old or 'none'})")


@app.command(name="list")
def list_models() -> None:
    """List the models in the weights folder; the one in service is marked.

    Example:

        schouw model list
    """
    from detector.model.weights import FILES, default_weights, installed_models, kept_weights

    present = default_weights().card.name
    for name in installed_models():
        weights = kept_weights(name)
        forms = ", ".join(form for form in FILES if weights.has(form))
        mark = "*" if weights.card.name == present else " "
        typer.echo(f"{mark} {weights.card.name} {weights.card.version} ({weights.card.created}): {forms}")


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="Model name or folder.")],
    form: Annotated[NewForm, typer.Option(help="The form to make.")],
    out: Annotated[Path, typer.Option(help="Folder for the model with its new form.")],
    data: Data = None,
    card: CardName = None,
    split: Split = None,
    calibrate_on: Annotated[
        Path | None, typer.Option(help="Training pictures that set the ranges of 8-bit numbers.", file_okay=False)
    ] = None,
) -> None:
    """Bring a model into another form, measured beside torch on labelled pictures; refused when it is worse.

    Example:

        schouw model export second --form onnx --data road-damage/val --card road-damage --out exported
    """
    needs("torch", "ultralytics", "onnx" if form is NewForm.ONNX else "nncf", extra="train")
    from detector.model.weights import load_weights
    from training.export import add_form

    truth = _read(data, card, split)
    seen = _read(calibrate_on, card) if calibrate_on else ()
    with errors.status("exporting"):
        parity = add_form(load_weights(model), form.value, out, truth, seen)
    typer.echo(parity.sentence())
    typer.echo(f"model: {out}")


@app.command()
def package(
    config: Annotated[Path, typer.Argument(help="Settings (YAML) of a finished run.")],
    run: Annotated[Path, typer.Option(help="Folder of the run.")],
) -> None:
    """Package a finished run again: forms, calibration, card and report.

    Example:

        schouw model package training/configs/second.yaml --run runs/second
    """
    needs("torch", "ultralytics", "matplotlib", extra="train")
    from training.config import read_config
    from training.package import package_run

    typer.echo(f"model: {package_run(read_config(config), run, errors.print)}")


def _read(data: Path | None, card: str | None, split: str | None = None) -> "list[LabelledPicture]":
    """Read labelled pictures; say what is left out.

    Raises SettingsError without a folder, and InputError when no picture is left.
    """
    from training.data.card import read_card
    from training.data.pictures import read_pictures

    if data is None:
        raise SettingsError("name labelled pictures with --data (and --card where the folder is no dataset)")
    reading = read_pictures(data, read_card(card) if card else None, split)
    for sentence in reading.left_out:
        errors.print(f"left out: {sentence}", style="yellow", markup=False, soft_wrap=True)
    if not reading.pictures:
        raise InputError(data, "no picture is left to measure", "put right what is left out, or import it again")
    return list(reading.pictures)


def _with_spread(value: float | None, interval: list[float] | None) -> str:
    if value is None:
        return "not measured: no true boxes"
    return f"{value:.3f}" + (f" (95 %: {interval[0]:.3f} to {interval[1]:.3f})" if interval else "")
