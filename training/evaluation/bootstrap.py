"""How sure a figure is: pictures are drawn anew, place by place, and the figure is counted again.

Pictures of one place show the same damage from metres apart, so whole places are drawn (Efron & Tibshirani, An
Introduction to the Bootstrap, 1993, ch. 8), as many for each source as it has.
"""

import re
from collections.abc import Sequence

import numpy as np

from detector.types import Floats, Ints
from training.data.pictures import LabelledPicture

DRAWS = 1000
BLOCK = 200  # numbers that follow each other in a name were mostly taken one after another
Interval = tuple[float, float]


def places(pictures: Sequence[LabelledPicture]) -> list[str]:
    """The place of each picture, as far as its name tells: the road or drive, and a block of running numbers."""
    return [place(p.source, p.path.stem) for p in pictures]


def place(source: str, stem: str) -> str:
    """`1044259_DF_060_060BDF0050_00121` of dnit -> `dnit DF_060_060BDF0050 0`; `Czech_000235` -> `... Czech 1`."""
    found = re.fullmatch(r"(?:\d+_)?(.*?)[_-]?(\d+)", stem)
    if found is None:
        return f"{source} {stem}"
    return f"{source} {found[1]} {int(found[2]) // BLOCK}"


def draws(groups: Sequence[str], sources: Sequence[str], count: int = DRAWS, seed: int = 0) -> Floats:
    """(count, p) how often each of p pictures is in each draw."""
    rng = np.random.default_rng(seed)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    weights = np.zeros((count, len(groups)))
    for source in np.unique(np.asarray(sources)):
        here = np.flatnonzero(np.asarray(sources) == source)
        names, position = np.unique(group[here], return_inverse=True)
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
        weights[:, here] = times[:, position]
    return weights


def interval(values: Floats, level: float = 0.95) -> Interval | None:
    """The middle `level` of a figure's values over the draws (b,); None where half of the draws give none."""
    finite = values[np.isfinite(values)]
    if not len(values) or len(finite) < len(values) / 2:
        return None
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def folds(groups: Sequence[str], count: int = 5, seed: int = 0) -> Ints:
    """(p,) the fold 0..count-1 of each picture; a place lies in one fold, and folds have about as many pictures."""
    names, position, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    rng = np.random.default_rng(seed)
    filled = np.zeros(count, np.int64)
    fold = np.zeros(len(names), np.int64)
    for name in sorted(rng.permutation(len(names)), key=lambda n: -sizes[n]):
        fold[name] = int(filled.argmin())
        filled[fold[name]] += sizes[name]
    return np.asarray(fold[position])
