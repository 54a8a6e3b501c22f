"""How sure a figure is: pictures are drawn anew, place by place, and the figure is counted again.

Pictures of one place show the same damage from metres apart, so whole places are drawn (Efron & Tibshirani, An
Introduction to the Bootstrap, 1993, ch. 8), as many for each source as it has. Sources of few places are drawn
together: the only place of a source would be in every draw, and the figure look surer than it is.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from detector.types import Floats, Ints
from training.data.pictures import LabelledPicture

DRAWS = 1000
BLOCK = 200  # numbers that follow each other in a name were mostly taken one after another
LEAST_PLACES = 10  # fewer say nothing about how sure a figure is
LEAST_OF_SOURCE = 5  # fewer are drawn together with those of other sources
Interval = tuple[float, float]


def places(pictures: Sequence[LabelledPicture]) -> list[str]:
    """The place of each picture: its group, else what its name tells, the road or drive and a block of numbers."""
    return [place(p.source, p.path.stem, p.group) for p in pictures]


def place(source: str, stem: str, group: str | None = None) -> str:
    """`1044259_DF_060_060BDF0050_00121` of dnit -> `dnit DF_060_060BDF0050 0`; `Czech_000235` -> `... Czech 1`."""
    if group is not None:
        return f"{source} {group}"
    found = re.fullmatch(r"(?:\d+_)?(.*?)[_-]?(\d+)", stem)
    if found is None:
        return f"{source} {stem}"
    return f"{source} {found[1]} {int(found[2]) // BLOCK}"


def draws(groups: Sequence[str], sources: Sequence[str], count: int = DRAWS, seed: int = 0) -> Floats:
    """(count, p) how often each of p pictures is in each draw; no draws (0, p) of fewer than `LEAST_PLACES` places."""
    if len(set(groups)) < LEAST_PLACES:
        return np.zeros((0, len(groups)))
    rng = np.random.default_rng(seed)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    weights = np.zeros((count, len(groups)))
    stratum = np.asarray(strata(groups, sources))
    for name in np.unique(stratum):
        here = np.flatnonzero(stratum == name)
        names, position = np.unique(group[here], return_inverse=True)
        times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=count)
        weights[:, here] = times[:, position]
    return weights


def strata(groups: Sequence[str], sources: Sequence[str]) -> list[str]:
    """What each picture is drawn within: its source, or "" where sources of few places are drawn together.

    The smallest sources are joined until together they have `LEAST_OF_SOURCE` places, as each of the others has.
    """
    number = Counter(source for _, source in set(zip(groups, sources, strict=True)))
    joined: list[str] = []
    for source in sorted(number, key=lambda s: (number[s], s)):
        if number[source] >= LEAST_OF_SOURCE and (not joined or sum(number[s] for s in joined) >= LEAST_OF_SOURCE):
            break
        joined.append(source)
    return ["" if source in joined else source for source in sources]


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
