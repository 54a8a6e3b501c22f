"""The kind of a crack (longitudinal, transverse, alligator) from the shape of its mask on the ground.

DNIT's masks say where cracks are, not of which kind; the kinds in `road-damage` were guessed from the shape in the
picture, where the view from a car squeezes what lies along the road. Here the pixels are laid on a flat road first. A
kind that its shape doesn't settle stays open: the label keeps its guess, and the others that it may be are `maybe`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from detector.types import Floats
from training.data.formats import rle
from training.data.formats.masks import read_mask
from training.data.record import IGNORE, Annotation, Picture, PixelBox

LONGITUDINAL, TRANSVERSE, ALLIGATOR = KINDS = ("longitudinal_crack", "transverse_crack", "alligator_crack")
SLIM = 2.5  # a single crack is this much longer than wide
SINGLE_M = 0.5  # and no wider than this: it wanders
WIDE_M = 0.4  # alligator cracking is at least as wide, and as long
CELL_M = 0.1
NET = 0.5  # and touches at least this share of the cells of its bounds
FEWEST = 12  # pixels; fewer have no shape
BEFORE = "kind_before"  # the attribute that keeps the label's first guess


@dataclass(frozen=True, slots=True)
class View:
    """How a camera sees a flat road. DNIT's: a lane of 3.6 m is as wide as the picture's lower edge."""

    horizon: float = -0.03  # row, as a fraction of the picture's height
    focal: float = 0.9  # as a fraction of the width
    height_m: float = 2.1

    def ground(self, xs: Floats, ys: Floats, width: int, height: int) -> tuple[Floats, Floats]:
        """Metres to the right and ahead of pixels of a picture of width x height."""
        below = np.maximum(ys - self.horizon * height, 1.0)
        return (xs - width / 2) * self.height_m / below, self.focal * width * self.height_m / below


DNIT = View()


def kind_of(pixels: rle.Pixels, box: PixelBox, view: View = DNIT) -> tuple[str, ...]:
    """The kinds that the crack in `box` (pixels of the mask) may be: one when its shape settles it, else several."""
    height, width = pixels.shape
    x0, y0, x1, y1 = (round(v) for v in box)
    ys, xs = np.nonzero(pixels[max(y0, 0) : y1, max(x0, 0) : x1])
    if len(xs) < FEWEST:
        return KINDS
    centres = np.array([xs + max(x0, 0), ys + max(y0, 0)], np.float64) + 0.5
    right, ahead = view.ground(centres[0], centres[1], width, height)
    across, along = (float(np.ptp(np.percentile(v, (2, 98)))) for v in (right, ahead))
    if along > SLIM * across and across < SINGLE_M:
        return (LONGITUDINAL,)
    if across > SLIM * along and along < SINGLE_M:
        return (TRANSVERSE,)
    if min(across, along) < WIDE_M:
        return (LONGITUDINAL, TRANSVERSE) if max(across, along) < WIDE_M else KINDS
    cells = {(int(a), int(b)) for a, b in zip(right / CELL_M, ahead / CELL_M, strict=True)}
    share = len(cells) / ((across / CELL_M + 1) * (along / CELL_M + 1))
    return (ALLIGATOR,) if share >= NET else KINDS


def with_kinds(picture: Picture, pixels: rle.Pixels) -> Picture:
    """The picture with the kind of each crack taken from its mask, or left open; `pixels` of any size."""
    down, across = pixels.shape[0] / picture.height, pixels.shape[1] / picture.width
    annotations = tuple(_with_kind(a, pixels, across, down) for a in picture.annotations)
    return picture.model_copy(update={"annotations": annotations})


def _with_kind(a: Annotation, pixels: rle.Pixels, across: float, down: float) -> Annotation:
    is_open = a.label == IGNORE and set(a.maybe) == set(KINDS)
    if a.label not in KINDS and not is_open:
        return a
    own = rle.decode(a.mask) if a.mask and a.mask.size == pixels.shape else pixels
    x0, y0, x1, y1 = a.box
    kinds = kind_of(own, (x0 * across, y0 * down, x1 * across, y1 * down))
    if len(kinds) == 1:
        changed = {BEFORE: a.label} if kinds[0] != a.label else {}
        return a.model_copy(update={"label": kinds[0], "maybe": (), "attributes": {**a.attributes, **changed}})
    return a if is_open else a.model_copy(update={"maybe": tuple(kind for kind in KINDS if kind != a.label)})


def kind_changes(before: Iterable[Annotation], after: Iterable[Annotation]) -> Iterator[str]:
    """What happened to each crack: its kind was `settled` as it was, `changed`, or is `open`."""
    for a, b in zip(before, after, strict=True):
        if a.label in KINDS or set(a.maybe) == set(KINDS):
            yield "open" if b.maybe else "settled" if a.label == b.label else "changed"


def mask_of(picture: Path, kind: Literal["CRACK", "POTHOLE"] = "CRACK") -> rle.Pixels | None:
    """The mask that lies with a picture: masks/<picture>_CRACK.png beside images/, or DNIT's own beside _RAW."""
    name = f"{picture.stem.removesuffix('_RAW')}_{kind}.png"
    for path in (picture.parent.parent / "masks" / name, picture.parent / name):
        if path.is_file():
            return read_mask(path)
    return None
