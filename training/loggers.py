"""A run's figures to TensorBoard and MLflow, once an epoch. Both are optional: pip install 'schouw[logs]'."""

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias

from detector.errors import SettingsError

Logger: TypeAlias = Literal["tensorboard", "mlflow"]
PACKAGES: dict[Logger, str] = {"tensorboard": "tensorboard", "mlflow": "mlflow"}
Write: TypeAlias = Callable[[Mapping[str, float], int], None]  # figures by name, and the epoch, from 1
Close: TypeAlias = Callable[[], None]


def check_loggers(names: Sequence[Logger]) -> None:
    """Raise SettingsError for a logger that is not installed, before the long part."""
    missing = [name for name in names if find_spec(PACKAGES[name]) is None]
    if missing:
        raise SettingsError(f"the config logs to {', '.join(missing)}, not installed; run: pip install 'schouw[logs]'")


def attach(trainer: Any, names: Sequence[Logger], run: Path, settings: Mapping[str, Any]) -> None:
    """Have an Ultralytics trainer log to `names`; `settings` are logged once, as the run's parameters."""
    for name in names:
        write, close = (_tensorboard if name == "tensorboard" else _mlflow)(run, settings)
        trainer.add_callback("on_fit_epoch_end", lambda t, write=write: write(figures(t), t.epoch + 1))
        trainer.add_callback("on_train_end", lambda t, close=close: close())


def figures(trainer: Any) -> dict[str, float]:
    """Losses, validation metrics where there are any, learning rates, and the epoch's seconds."""
    losses = trainer.label_loss_items(trainer.tloss, prefix="train")
    named = {**losses, **(trainer.metrics or {}), **trainer.lr, "seconds": trainer.epoch_time}
    return {name.replace("(", "_").replace(")", ""): float(value) for name, value in named.items()}


def _tensorboard(run: Path, settings: Mapping[str, Any]) -> tuple[Write, Close]:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(run / "tensorboard")
    writer.add_text("config", "\n".join(f"    {key}: {value}" for key, value in settings.items()))

    def write(values: Mapping[str, float], epoch: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, epoch)

    return write, writer.close


def _mlflow(run: Path, settings: Mapping[str, Any]) -> tuple[Write, Close]:
    """To the server that MLFLOW_TRACKING_URI names, else to the folder `mlruns` of the run.

    A resumed run goes on in the MLflow run that it began.
    """
    import mlflow

    if not os.environ.get("MLFLOW_TRACKING_URI"):
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"  # a folder does for one run; mlflow itself prefers a server
        mlflow.set_tracking_uri((run.resolve() / "mlruns").as_uri())
    mlflow.set_experiment("schouw")
    known = run / "mlflow-run.txt"
    begun = mlflow.start_run(run_id=known.read_text().strip() if known.is_file() else None, run_name=run.name)
    if not known.is_file():
        mlflow.log_params({key: str(value)[:500] for key, value in settings.items()})
        known.write_text(begun.info.run_id + "\n")

    def write(values: Mapping[str, float], epoch: int) -> None:
        mlflow.log_metrics(dict(values), step=epoch)

    return write, mlflow.end_run
