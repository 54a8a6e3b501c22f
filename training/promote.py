"""Putting a model in service: only a better one, whole or not at all, and with the way back kept open.

The model in service is the one that the file `default` in the weights folder names. That file is written last, by a
rename; killed at any moment, either the old or the new model is in service, and its folder is whole.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detector.errors import SchouwError, SettingsError, WeightsError
from detector.files import atomic_folder, atomic_path
from detector.model.weights import (
    CARD,
    POINTER,
    Card,
    Weights,
    default_weights,
    kept_weights,
    load_weights,
    weights_folder,
    write_card,
)
from training.data.pictures import LabelledPicture
from training.evaluate import Subject, of_weights, split_sha256
from training.evaluation.bootstrap import DRAWS, draws, interval, places
from training.evaluation.figures import drawn_headlines
from training.evaluation.matching import shown
from training.export import copy_files, verify

DECIDES = "f1_rdd"  # F1 (CRDDC, IoU 0.5) over the four RDD classes at the shipped thresholds


class PromotionRefusedError(SchouwError):
    """A model that is not shown to be better than the one in service."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher a figure of the new model is, and the middle 95 % of that over the draws; None: not measured."""

    new: float
    old: float
    interval: tuple[float, float] | None

    def sentence(self) -> str:
        """`0.412 against 0.325, difference +0.087 (95 %: +0.051 to +0.123)`."""
        spread = "not known" if self.interval is None else "{:+.3f} to {:+.3f}".format(*self.interval)
        return f"{self.new:.3f} against {self.old:.3f}, difference {self.new - self.old:+.3f} (95 %: {spread})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same pictures."""

    new: str
    old: str | None  # None: nothing was in service
    split_sha256: str
    differences: Mapping[str, Difference]

    def objections(self) -> list[str]:
        """Why the new model should not replace the old one; empty when it should."""
        wrong = [] if DECIDES in self.differences else [f"{DECIDES} can't be measured: no true box is in the pictures"]
        for name, difference in self.differences.items():
            known = difference.interval
            if name == DECIDES and (known is None or known[0] <= 0):
                wrong.append(f"{name} is not clearly better: {difference.sentence()}")
            elif known is not None and known[1] < 0:
                wrong.append(f"{name} is clearly worse: {difference.sentence()}")
        return wrong

    def sentences(self) -> list[str]:
        """All figures in words."""
        return [f"{name}: {difference.sentence()}" for name, difference in self.differences.items()]


def compare_models(new: Weights, old: Weights, pictures: Sequence[LabelledPicture], count: int = DRAWS) -> Comparison:
    """Measure both as they are shipped, on a CPU, with the same draws of the places (a paired bootstrap)."""
    subjects = of_weights(new, pictures), of_weights(old, pictures)
    return compare_subjects(*subjects, pictures, (new.card.name, old.card.name), count)


def compare_subjects(
    new: Subject, old: Subject, pictures: Sequence[LabelledPicture], names: tuple[str, str], count: int = DRAWS
) -> Comparison:
    """The same for predictions that are there; `names` are the new and the old model's."""
    weights = draws(places(pictures), [p.source for p in pictures], count)
    first, second = (
        drawn_headlines(pictures, s.predictions, shown(s.predictions, s.thresholds), weights) for s in (new, old)
    )
    differences = {
        figure: Difference(value, second[figure][0], interval(drawn - second[figure][1]))
        for figure, (value, drawn) in first.items()
    }
    return Comparison(*names, split_sha256(pictures), differences)


def promote(
    folder: Path, pictures: Sequence[LabelledPicture], force: str | None = None, count: int = DRAWS
) -> Comparison:
    """Put the model in `folder` in service if it is clearly better on `pictures`; `force` is a reason to do so anyway.

    It is copied to the weights folder under its own name; the model it replaces stays there.

    Raises:
        PromotionRefusedError: with the figures.
        SettingsError: its name is taken by another model, or it is in service already.
        WeightsError: a file of it is missing or changed.
    """
    new = load_weights(folder.resolve())
    if not (weights_folder() / POINTER).exists():
        return _first(new, pictures, force)
    old = default_weights()
    check_free(new, old)
    comparison = compare_models(new, old, pictures, count)
    problems = [*_other_split(old, comparison), *comparison.objections()]
    if problems and not force:
        raise PromotionRefusedError(
            f"{new.card.name} stays out of service, {old.card.name} in: {'; '.join(problems)}; "
            "train a better one, or give a reason with --force"
        )
    entry: dict[str, Any] = {
        "event": "put in service",
        "at": _now(),
        "over": old.card.name,
        "split_sha256": comparison.split_sha256,
        "grounds": comparison.sentences(),
    }
    if problems:
        entry |= {"forced": force, "objections": problems}
    install(new, entry)
    point_to(new.card.name)
    return comparison


def _first(new: Weights, pictures: Sequence[LabelledPicture], force: str | None) -> Comparison:
    """Put the first model in service: nothing is there that it could be better than, so it takes a reason."""
    problem = f"no model is in service in {weights_folder()}"
    if not force:
        raise PromotionRefusedError(
            f"{new.card.name} can't be compared: {problem}; give a reason with --force to make it the first"
        )
    _check_kept(new)
    install(new, {"event": "put in service", "at": _now(), "forced": force, "objections": [problem]})
    point_to(new.card.name)
    return Comparison(new.card.name, None, split_sha256(pictures), {})


def check_free(new: Weights, old: Weights) -> None:
    """Raise SettingsError where the new model's name is that of another one that is kept."""
    if new.card.name == old.card.name:
        raise SettingsError(
            f"a model named {new.card.name} is in service already; give the new one another name in its config"
        )
    _check_kept(new)


def _check_kept(new: Weights) -> None:
    kept = _kept(new.card.name)
    if kept is not None and kept.card.files != new.card.files:
        raise SettingsError(f"{kept.folder}: another model has this name; give the new one another name in its config")


def install(weights: Weights, entry: Mapping[str, Any]) -> None:
    """Copy a model to the weights folder, its history one entry longer. It is not in service yet.

    Of a model that lies there already only the card is written: killed on the way, its folder is whole.
    """
    kept, folder = _kept(weights.card.name), weights_folder() / weights.card.name
    earlier = kept.card.history if kept else []
    history = [*earlier, *(e for e in weights.card.history if e not in earlier)]
    noted = _with_entry(weights.card.model_copy(update={"history": history}), entry)
    if folder.resolve() == weights.folder.resolve():
        verify(weights)
        write_card(folder, noted)
        return
    with atomic_folder(folder) as target:
        copy_files(weights, target)
        card = write_card(target, noted)
        if card.files != weights.card.files:
            raise WeightsError(weights.folder, "its files changed while they were copied", "promote it again")


def roll_back() -> tuple[str, str]:
    """Put the model in service that the present one replaced. Returns the names of the present and the earlier one.

    Raises SettingsError when the present one replaced none, and WeightsError when that one is gone or changed.
    """
    present = default_weights()
    entries = [entry for entry in present.card.history if entry.get("event") == "put in service"]
    replaced = [entry["over"] for entry in entries if isinstance(entry.get("over"), str)]
    if not replaced:
        raise SettingsError(f"{present.card.name} replaced no model, so there is none to go back to")
    earlier = kept_weights(replaced[-1])
    verify(earlier)
    point_to(earlier.card.name)
    entry = {"event": "put back in service", "at": _now(), "over": present.card.name}
    write_card(earlier.folder, _with_entry(earlier.card, entry))
    return present.card.name, earlier.card.name


def point_to(name: str) -> None:
    """Put a model of the weights folder in service."""
    with atomic_path(weights_folder() / POINTER) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(name + "\n")
        file.flush()
        os.fsync(file.fileno())


def _kept(name: str) -> Weights | None:
    """The model of this name in the weights folder."""
    return kept_weights(name) if (weights_folder() / name / CARD).is_file() else None


def _other_split(old: Weights, comparison: Comparison) -> list[str]:
    """An objection where the old model was measured on other pictures than these."""
    agreed = [m["split_sha256"] for m in old.card.metrics.values() if isinstance(m, dict) and "split_sha256" in m]
    if not agreed or comparison.split_sha256 in agreed:
        return []
    return [f"these are not the pictures that {old.card.name} was measured on"]


def _with_entry(card: Card, entry: Mapping[str, Any]) -> Card:
    return card.model_copy(update={"history": [*card.history, dict(entry)]})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
