"""Mapbox vector tiles (https://github.com/mapbox/vector-tile-spec, version 2.1), written column by column.

A tile of a town has thousands of features, and the libraries that there are go through them one by one, in tenths of
seconds. Here attributes are numbered by column, and the whole numbers that a tile consists of are packed all at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from api.store.fields import Type
from detector.types import Bools, Ints

POINT, LINE = 1, 2
MOVE_TO_ONE = 1 << 3 | 1
LINE_TO = 2
VERSION = bytes((15 << 3, 2))


@dataclass(frozen=True, slots=True)
class Cells:
    """The geometry of features on the grid of a tile: parts (p,), each of one vertex (a point) or more (a line)."""

    xy: Ints  # (vertices, 2) from the north-west corner, part after part
    count: Ints  # (p,) vertices of each part
    feature: Ints  # (p,) that each part belongs to, ascending


def encode(
    name: str, extent: int, columns: Mapping[str, tuple[Type, Sequence[Any]]], kind: int, cells: Cells, merge: bool
) -> bytes:
    """Write a tile with one layer.

    Args:
        name: of the layer.
        extent: cells along a side of the tile.
        columns: attributes of the features: type and values (n,); None is left out.
        kind: POINT or LINE.
        cells: where they are; a feature without a part is left out.
        merge: make one feature of all with the same attributes, and draw the same line once.
    """
    if not len(cells.xy):
        return b""
    codes, values = _numbered(columns, len(next(iter(columns.values()))[1]))
    if merge and len(codes):
        _, group = np.unique(codes, axis=0, return_inverse=True)
        cells = _merged(cells, group.ravel())
        first = np.full(group.max() + 1, -1)
        first[group.ravel()[::-1]] = np.arange(len(group))[::-1]
        codes = codes[first]
    there, starts = np.unique(cells.feature, return_index=True)
    codes = codes[there]
    known = codes >= 0
    keys = np.broadcast_to(np.arange(codes.shape[1]), codes.shape)
    tags = _packed(np.stack([keys, codes], axis=2)[known].ravel(), 2 * known.sum(axis=1))
    places = _packed(*_commands(cells, starts, kind))
    shape = bytes((3 << 3, kind))
    bodies = [
        HEADS[2] + _varint(len(tag)) + tag + shape + HEADS[4] + _varint(len(place)) + place
        for tag, place in zip(tags, places, strict=True)
    ]
    features = b"".join([HEADS[2] + _varint(len(body)) + body for body in bodies])
    head = VERSION + _field(1, name.encode()) + features
    named = b"".join(_field(3, key.encode()) for key in columns)
    return _field(3, head + named + b"".join(values) + bytes((5 << 3,)) + _varint(extent))


def _numbered(columns: Mapping[str, tuple[Type, Sequence[Any]]], n: int) -> tuple[Ints, list[bytes]]:
    """Number the values of all columns: (n, columns) with -1 for a missing one, and the values' messages."""
    codes, messages = np.empty((n, len(columns)), np.int64), list[bytes]()
    for place, (kind, column) in enumerate(columns.values()):
        number, distinct = pd.factorize(np.array(column, dtype=object))
        codes[:, place] = np.where(number >= 0, number + len(messages), -1)
        messages += _values(kind, distinct.tolist())
    return codes, messages


def _values(kind: Type, values: Sequence[Any]) -> list[bytes]:
    if kind == "string":
        return [_field(4, _field(1, str(value).encode())) for value in values]
    if kind == "boolean":
        return [_field(4, bytes((7 << 3, bool(value)))) for value in values]
    if kind == "integer" and all(0 <= value < 1 << 35 for value in values):
        numbers = _packed(np.array(values, np.int64), np.ones(len(values), np.int64))
        return [_field(4, WHOLE + number) for number in numbers]
    packed = np.array(values, "<f8").tobytes()
    return [DOUBLE + packed[start : start + 8] for start in range(0, len(packed), 8)]


def _merged(cells: Cells, group: Ints) -> Cells:
    """Give parts to groups of features, in the order of these, each line of a group once."""
    start = np.cumsum(cells.count) - cells.count
    last = start + cells.count - 1
    mine = group[cells.feature]
    looks = np.column_stack([mine, cells.count, cells.xy[start], cells.xy[last]])
    looks[cells.count > 2, 1] = -1 - np.flatnonzero(cells.count > 2)  # longer ones are all kept
    _, kept = np.unique(looks, axis=0, return_index=True)
    kept = kept[np.argsort(mine[kept], kind="stable")]
    count = cells.count[kept]
    begin = np.cumsum(count) - count
    vertex = np.arange(count.sum()) + np.repeat(start[kept] - begin, count)
    return Cells(cells.xy[vertex], count, mine[kept])


def _commands(cells: Cells, starts: Ints, kind: int) -> tuple[Ints, Ints]:
    """The geometry as the specification's commands: words, and how many each feature has."""
    begin = np.cumsum(cells.count) - cells.count
    step = np.diff(cells.xy, axis=0, prepend=0)
    step[begin[starts]] = cells.xy[begin[starts]]  # the pen starts at the corner for every feature
    zigzag = (step << 1) ^ (step >> 63)
    first = np.zeros(len(cells.xy), bool)
    first[begin] = True
    if kind == POINT:
        words = np.insert(zigzag.ravel(), 2 * begin, MOVE_TO_ONE)
        sizes = 1 + 2 * cells.count
    else:
        second = begin + 1
        at = np.concatenate([2 * begin, 2 * second])
        command = np.concatenate([np.full(len(begin), MOVE_TO_ONE), (cells.count - 1) << 3 | LINE_TO])
        order = np.argsort(at, kind="stable")
        words = np.insert(zigzag.ravel(), at[order], command[order])
        sizes = 2 + 2 * cells.count
    return words, np.add.reduceat(sizes, starts) if len(starts) else sizes


def _packed(words: Ints, sizes: Ints) -> list[bytes]:
    """Write whole numbers >= 0 as varints, so many for each feature."""
    length = np.ones(len(words), np.int64)
    for bits in (7, 14, 21, 28):
        length += words >= 1 << bits
    end = np.cumsum(length)
    out = np.zeros(int(end[-1]) if len(end) else 0, np.uint8)
    for place in range(5):
        some: Bools = length > place
        if not some.any():
            break
        more = np.where(length[some] > place + 1, 128, 0)
        out[(end - length)[some] + place] = ((words[some] >> 7 * place) & 127) | more
    written = out.tobytes()
    bounds = np.concatenate([[0], end])[np.concatenate([[0], np.cumsum(sizes)])].tolist()
    return [written[a:b] for a, b in pairwise(bounds)]


def _field(number: int, content: bytes) -> bytes:
    """A field with a length: a text, a message, or packed numbers."""
    return HEADS[number] + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    return VARINTS[number] if number < len(VARINTS) else _written(number)


def _written(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


VARINTS = [_written(number) for number in range(1 << 14)]  # nearly all lengths of a tile are among these
WHOLE = bytes((5 << 3,))
DOUBLE = bytes((4 << 3 | 2, 9, 3 << 3 | 1))  # of a value's message
HEADS = [bytes((number << 3 | 2,)) for number in range(6)]  # of fields with a length
