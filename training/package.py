"""A checkpoint becomes a model in service: its forms, calibrated, with a card and a report, measured on validation."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from detector.errors import InputError, SchouwError
from detector.files import atomic_folder
from detector.model.weights import CARD, Card, Form, Look, Weights, kept_weights, load_weights, sha256, write_card
from detector.taxonomy import NAMES
from training.calibration import calibrated, fit
from training.config import TrainConfig, in_data_folder, start_weights
from training.data.pictures import LabelledPicture
from training.data.reading import stated_sources
from training.evaluate import REPORT, Subject, figures_of, write_report
from training.evaluation.figures import Figures, best_thresholds, evaluate
from training.evaluation.matching import Predictions, outcomes
from training.evaluation.predictions import EVALUATION_CONF, network_predictions
from training.export import (
    ExportRefusedError,
    Parity,
    Recipe,
    check_measurable,
    check_replaceable,
    compare,
    export,
    quantise,
    remove_form,
)
from training.run_record import read_record

LIMITS = [
    "Sizes and severity from one camera are estimates; depth is never measured.",
    "Ravelling was labelled by a vision-language model with a written guide; no inspector checked it.",
    "Few pictures show ravelling: expect misses, and false alarms on coarse or patched asphalt.",
    "The kind of crack (longitudinal, transverse, alligator) is less certain than that there is one.",
    "No Dutch road was in the training pictures.",
    "Night, rain and snow were only simulated.",
    "Thresholds and calibration were fitted on the validation pictures that the metrics are from.",
]


def package_run(config: TrainConfig, run: Path, say: Callable[[str], None] = print) -> Path:
    """Package the last checkpoint of a finished run as `<run>/<name>/`; the card says what it was trained on.

    Pictures that can't be read are left out and said. Raises InputError for a folder that holds no such run.
    """
    from training.run_folder import last_checkpoint
    from training.train import gather, whole

    record, checkpoint = read_record(run), last_checkpoint(run)
    if not checkpoint.is_file():
        raise InputError(checkpoint, "is missing", "train the run with schouw train first")
    looks = [look.model_dump() for look in config.run_more_looks]  # the run may have begun with others
    recipe = Recipe(
        name=config.name,
        version=config.version,
        architecture=config.architecture,
        input_px=config.run_px,
        end_to_end=config.end_to_end,
        more_looks=config.run_more_looks,
        data=data_statement(record | {"config": record["config"] | {"run_more_looks": looks}}),
        limits=LIMITS,
    )
    (val, unread_val), (train, unread_train) = gather(config.val), gather(config.train)
    (val, broken_val), (train, broken_train) = whole(val), whole(train)
    for sentence in [*unread_val, *broken_val, *unread_train, *broken_train]:
        say(f"left out: {sentence}")
    package(checkpoint, recipe, run / config.name, val, train, say)
    return run / config.name


def package(
    checkpoint: Path,
    recipe: Recipe,
    out: Path,
    val: Sequence[LabelledPicture],
    train: Sequence[LabelledPicture],
    say: Callable[[str], None] = print,
) -> Card:
    """Write `out` (a weights folder) from an Ultralytics checkpoint.

    OpenVINO is measured beside torch on `val`, and so are its 8-bit integers, with ranges from `train`; they are kept
    where they are as good. Calibration and thresholds (the best F1 per class) are fitted on what a CPU will run.

    Raises:
        ExportRefusedError: OpenVINO is worse than torch.
        InputError: `out` holds something other than this model.
        SettingsError: `val` shows nothing that could be measured.
    """
    check_replaceable(out, recipe.name)
    check_measurable(val)
    with atomic_folder(out) as folder:
        export(checkpoint, recipe, folder)
        weights = Weights(folder, write_card(folder, _draft(recipe)))
        torch = network_predictions(weights, val, "auto", "torch")
        found, parity = _found("openvino", weights, torch, val, say)
        if not parity.passed:
            raise ExportRefusedError(parity.sentence())
        weights, parities = _with_integers(weights, train, say), [parity]
        form: Form = "openvino"
        if weights.has("openvino-int8"):
            found_int8, parity = _found("openvino-int8", weights, torch, val, say)
            parities.append(parity)
            if parity.passed:
                form, found = "openvino-int8", found_int8
            else:
                remove_form(folder, "openvino-int8")
        return seal(weights, form, found, parities, val)


def seal(
    weights: Weights, form: Form, found: Predictions, parities: Sequence[Parity], val: Sequence[LabelledPicture]
) -> Card:
    """Fit calibration and thresholds to what the form found on `val`; write report and card into the model's folder."""
    parameters = fit(outcomes(val, found, (0.5,)))
    seen = calibrated(found, parameters)
    thresholds = best_thresholds(val, seen)
    card = weights.card
    subject = Subject(f"{card.name} {card.version}", found, seen, thresholds, {"model": card.name, "form": form})
    figures = figures_of(subject, val)
    write_report(subject, figures, val, weights.folder / REPORT, with_pictures=False)
    update = {
        "metrics": {"val, OpenVINO": card_figures(form, evaluate(val, seen), figures, parities)},
        "conf": dict(zip(NAMES, thresholds, strict=True)),
        "calibration": parameters,
    }
    return write_card(weights.folder, card.model_copy(update=update))


def card_figures(form: Form, headline: Figures, figures: Figures, parities: Sequence[Parity]) -> Figures:
    """The part of an evaluation that the card holds; the rest is in its report."""
    overall, error = figures["overall"], figures["calibration"]
    return {
        "form": form,
        "split_sha256": figures["split"]["sha256"],
        **headline,
        "shipped": {name: overall[name]["shipped"] for name in ("f1_rdd", "f1_cracks_as_one", "f1_ravelling_iou30")},
        "f1_rdd_out_of_sample": overall["f1_rdd"]["out_of_sample"],
        "intervals": {name: overall[name]["interval"] for name in ("map50", "map50_95")},
        "calibration_error": {
            "network": error["network"]["all"]["ece"],
            "out_of_sample": error["out of sample"]["all"]["ece"],
            "out_of_sample_over_0.1": error["out of sample"]["shown"]["ece"],
        },
        "exports": {parity.form: parity.figures() for parity in parities},
    }


def data_statement(record: dict[str, Any]) -> list[str | dict[str, Any]]:
    """The card's `data` from a run's record: sources with their licences, numbers of pictures and boxes.

    A run that went on from a model of ours, was taught by one, or has its network look too, adds what that one had
    learnt from, and how much of it is in the result; of other start weights, which file they are.
    """
    config = record["config"]
    parts = [*config["train"], *([{"card": "rendered", "folder": ""}] if config["rendered"] else [])]
    sources = stated_sources((in_data_folder(Path(part["folder"])), part.get("card")) for part in parts)
    numbers = {"pictures": record["pictures"], "boxes": record["boxes"], "rendered": config["rendered"]}
    descent: list[dict[str, Any]] = []
    told: set[str] = set()
    if _own_start(config) is None and "start_sha256" in record:  # older records don't say it
        descent.append({"started_from": Path(config["start"]).name, "sha256": record["start_sha256"]})
    for earlier, how in _earlier_models(config):
        sources += [e for e in earlier.data if isinstance(e, dict) and "source" in e and e not in sources]
        learnt = [e for e in earlier.data if e not in sources]
        descent.append(how if earlier.name in told else {**how, "which_learnt_from": learnt})
        told.add(earlier.name)
    return [*sources, numbers, *descent]


def _own_start(config: dict[str, Any]) -> Path | None:
    """The folder of the model of ours that a run went on from."""
    folder = start_weights(Path(config["start"])).parent
    return folder if (folder / CARD).is_file() else None


def _earlier_models(config: dict[str, Any]) -> list[tuple[Card, dict[str, Any]]]:
    """Cards of the models of ours that a run's result owes to, and what it owes; a record may be older than options."""
    models: list[tuple[Card, dict[str, Any]]] = []
    if start := _own_start(config):
        card = load_weights(start).card
        share = {"share_kept_of_it": config["start_share"]} if config.get("start_share") else {}
        models.append((card, {"started_from": card.name, **share}))
    if config.get("teacher"):
        card = kept_weights(config["teacher"]).card
        models.append((card, {"taught_by": card.name, "share_of_the_teacher": config["teacher_share"]}))
    others = dict.fromkeys(look.get("network") for look in config.get("run_more_looks", ()))
    models += [(kept_weights(name).card, {"looks_with_the_network_of": name}) for name in others if name]
    return models


def _noted(look: Look) -> Look:
    """A look as the card has it. Raises WeightsError where the model whose network it names is missing or changed."""
    if look.network is None:
        return look
    return look.model_copy(update={"sha256": sha256(kept_weights(look.network).checkpoint())})


def _draft(recipe: Recipe) -> Card:
    return Card(
        name=recipe.name,
        version=recipe.version,
        created=date.today(),
        task="detect",
        architecture=recipe.architecture,
        input_px=recipe.input_px,
        more_looks=[_noted(look) for look in recipe.more_looks],
        classes=list(NAMES),
        conf=EVALUATION_CONF,
        nms_iou=recipe.nms_iou,
        end_to_end=recipe.end_to_end,
        licence="AGPL-3.0-or-later",
        data=recipe.data,
        metrics={},
        limits=recipe.limits,
    )


def _found(
    form: Form,
    weights: Weights,
    torch: Predictions,
    val: Sequence[LabelledPicture],
    say: Callable[[str], None],
) -> tuple[Predictions, Parity]:
    found = network_predictions(weights, val, "cpu", form)
    parity = compare(form, found, torch, val)
    say(parity.sentence())
    return found, parity


def _with_integers(
    weights: Weights,
    train: Sequence[LabelledPicture],
    say: Callable[[str], None],
) -> Weights:
    """The model with an 8-bit form beside the others; without one where NNCF is missing or can't make it."""
    try:
        quantise(weights, train, weights.folder)
    except (ImportError, RuntimeError, SchouwError) as problem:
        say(f"no 8-bit form: {problem}")
        remove_form(weights.folder, "openvino-int8")
    return replace(weights, card=write_card(weights.folder, weights.card))
