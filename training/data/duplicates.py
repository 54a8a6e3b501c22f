"""Pictures that show the same view: copies, and frames of one place that were taken a moment or a day apart.

Frames of one camera are alike in what never changes (bonnet, logo, the lane's lines), which fools an ordinary
perceptual hash. Here each picture is described by the low frequencies of its cosine transform, as in pHash (Zauner
2010), but not reduced to signs, and what all pictures of a source have in common is taken off first. Copies are looked
for without that: one that came in under another source has lost another common part.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.errors import InputError
from detector.images import read_image
from detector.model.weights import sha256
from detector.types import Floats, Image, Ints

SIDE_PX = 64  # a picture is made this small, square, and grey
WAVES = 16  # frequencies kept, along and across
SLOWEST = 3  # lower frequencies tell light from dark, not place from place
ALIKE = 0.85  # correlation without the common part; by eye, four of five such pairs of road-damage are one place
COPY = 0.985  # correlation with the common part: the same picture, scaled or compressed anew
ENOUGH = 30  # pictures of a source, from which on their mean is what they have in common
BLOCK = 1024  # pictures compared with all others at a time: 0.4 GB for 100,000

Signature: TypeAlias = NDArray[np.float32]  # (WAVES * WAVES,), of length 1; zeros for a picture without any contrast


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture file really holds; width and height in pixels, upright."""

    width: int
    height: int
    sha256: str
    signature: Signature


_rows, _columns = np.mgrid[:WAVES, :WAVES]
_KEPT = (_rows + _columns >= SLOWEST).astype(np.float32)


def signature(image: Image) -> Signature:
    """What a picture shows, in broad lines: independent of its size, brightness and contrast."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    waves = (cv2.dct(small)[:WAVES, :WAVES] * _KEPT).ravel()
    return np.asarray(_unit(waves[None], least=SIDE_PX * 0.5)[0], np.float32)  # half a grey value of contrast is none


def similar_pairs(signatures: NDArray[np.float32], sources: Sequence[str]) -> tuple[Ints, Floats]:
    """All pairs of pictures that show the same view.

    `signatures` (n, WAVES * WAVES), `sources` the name of each picture's source. Returns pairs (m, 2) of positions, the
    smaller first, in order, and how alike each pair is (m,), 0 to 1. Every pair is compared, in blocks: exact, and for
    100,000 pictures still faster than reading them.
    """
    views, alike = _correlated(without_common(signatures, sources), ALIKE)
    copies, how_alike = _correlated(signatures, COPY)
    pairs, alike = np.concatenate([views, copies]), np.concatenate([alike, how_alike])
    _, first = np.unique(pairs[:, 0] * len(signatures) + pairs[:, 1], return_index=True)
    return pairs[first], alike[first]


def without_common(signatures: NDArray[np.float32], sources: Sequence[str]) -> NDArray[np.float32]:
    """Signatures without the mean of their source, of length 1 again; as they are where the source is small."""
    common = np.zeros_like(signatures)
    names = np.array(sources, dtype=object)
    for name in set(sources):
        rows = names == name
        if rows.sum() >= ENOUGH:
            common[rows] = signatures[rows].mean(axis=0)
    return _unit(signatures - common, least=0.05)


def groups_of(count: int, pairs: Ints) -> Ints:
    """Number the pictures (count,) so that those joined by `pairs` (m, 2), directly or by others, share a number."""
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def examine(paths: Sequence[Path]) -> Iterator[Seen | InputError]:
    """Read pictures, one after the other; one that can't be read gives its error."""
    with ThreadPoolExecutor() as pool:  # OpenCV lets go of the interpreter while it decodes
        for start in range(0, len(paths), BLOCK):
            yield from pool.map(_examine, paths[start : start + BLOCK])


def _examine(path: Path) -> Seen | InputError:
    try:
        image = read_image(path, upright=True)
    except InputError as problem:
        return problem
    return Seen(image.shape[1], image.shape[0], sha256(path), signature(image))


def _correlated(vectors: NDArray[np.float32], least: float) -> tuple[Ints, Floats]:
    """Pairs (m, 2) of rows whose product is at least `least`, the smaller first, and the products (m,)."""
    pairs, products = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK] @ vectors[start:].T
        first, second = np.divmod(np.flatnonzero(block >= least), block.shape[1])
        once = first < second
        first, second = first[once], second[once]
        pairs.append(np.column_stack([first, second]) + start)
        products.append(block[first, second].astype(np.float64))
    return np.concatenate(pairs), np.concatenate(products)


def _unit(vectors: NDArray[np.float32], least: float) -> NDArray[np.float32]:
    """Scale vectors to length 1; those shorter than `least` to zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.where(lengths < least, 0, vectors / np.maximum(lengths, 1e-12)), np.float32)
