"""Parts of lines by distance along them, and the sections of equal length that road authorities assess.

Chainage runs along the digitised direction of the road, in metres from its start, as hectometre posts do.
"""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from detector.errors import SettingsError
from detector.types import Floats, Ints

Lines = NDArray[np.object_]

SHORTEST_REST = 1 / 3  # of a section: a shorter rest at a road's end joins the section before it
SHORTEST_SECTION_M = 1.0
SAME_PLACE_M = 1e-6


def substrings(lines: Lines, line: Ints, from_m: Floats, to_m: Floats) -> Lines:
    """Cut the parts `from_m`..`to_m` out of `lines[line]`, all at once. A cut has the same coordinates on both sides.

    Distances are clipped to the line. A part without length is a line with two equal points.
    """
    xy, owner, axis = vertices(lines)
    first = np.searchsorted(owner, np.arange(len(lines) + 1))
    start, end = axis[first[line]], axis[first[line + 1] - 1]
    low, high = start + np.maximum(from_m, 0.0), start + to_m
    high = np.where(high > end - SAME_PLACE_M, end, high)
    begin = np.searchsorted(axis, low, side="right")
    count = np.maximum(np.searchsorted(axis, high, side="left") - begin, 0)
    offset = np.concatenate([[0], np.cumsum(count + 2)])
    part = np.repeat(np.arange(len(line)), count + 2)
    result = xy[np.minimum(begin[part] - 1 + np.arange(offset[-1]) - offset[part], len(xy) - 1)]
    result[offset[:-1]] = _at(low, axis, xy, first[line], first[line + 1] - 1)
    result[offset[1:] - 1] = _at(high, axis, xy, first[line], first[line + 1] - 1)
    parts: Lines = shapely.linestrings(result, indices=part)
    return parts


def vertices(lines: Lines) -> tuple[Floats, Ints, Floats]:
    """All vertices (n, 2), the line of each, and its distance along all lines laid end to end, a metre apart."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    step[np.diff(owner, prepend=-1) > 0] = 1.0  # so that each place on the axis is on one line only
    return xy, owner.astype(np.int64), np.cumsum(step)


def _at(place: Floats, axis: Floats, xy: Floats, first: Ints, last: Ints) -> Floats:
    """Coordinates of places on the axis, each on the line with vertices first..last."""
    after = np.clip(np.searchsorted(axis, place, side="left"), first + 1, last)
    length = axis[after] - axis[after - 1]
    share = np.clip((place - axis[after - 1]) / np.where(length > 0, length, 1.0), 0.0, 1.0)[:, None]
    between: Floats = np.where(share == 1.0, xy[after], xy[after - 1] + share * (xy[after] - xy[after - 1]))
    return between


def section_bounds(length_m: Floats, section_m: float) -> tuple[Ints, Floats, Floats]:
    """Chainages at which lines of these lengths are cut: row, from and to of each section, in order.

    Cuts lie at whole multiples of `section_m`; a rest shorter than a third of that joins the section before it.
    """
    whole = np.floor(length_m / section_m).astype(np.int64)
    rest = length_m - whole * section_m
    count = np.maximum(whole + (rest >= SHORTEST_REST * section_m), 1)
    row = np.repeat(np.arange(len(length_m)), count)
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    last = number == count[row] - 1
    return row, number * section_m, np.where(last, length_m[row], (number + 1) * section_m)


def cut_sections(segments: gpd.GeoDataFrame, section_m: float) -> gpd.GeoDataFrame:
    """Cut the segments of a network into sections of about `section_m`, each with its parent's id and chainage.

    A section is called after its chainage, "600123:100-200"; a segment of one section stays as it is. Raises
    `SettingsError` when `section_m` is less than a metre.
    """
    if not section_m >= SHORTEST_SECTION_M:
        raise SettingsError(f"a section of {section_m:g} m is too short; take at least {SHORTEST_SECTION_M:g} m")
    row, from_m, to_m = section_bounds(segments["length_m"].to_numpy(), section_m)
    cut = np.bincount(row, minlength=len(segments))[row] > 1
    lines = segments.geometry.to_numpy()
    parts = np.asarray(lines, dtype=object)[row]
    parts[cut] = substrings(lines, row[cut], from_m[cut], to_m[cut])
    table: dict[str, Any] = {name: segments[name].to_numpy()[row] for name in segments.columns.drop("geometry")}
    parent = table["parent_id"]
    decimals = 0 if float(section_m).is_integer() else 1
    segment_id = table["segment_id"].astype(object)
    segment_id[cut] = [
        f"{i}:{a:.{decimals}f}-{b:.{decimals}f}"
        for i, a, b in zip(parent[cut], from_m[cut].tolist(), to_m[cut].tolist(), strict=True)
    ]
    table |= {"segment_id": segment_id, "from_m": from_m, "to_m": to_m, "length_m": to_m - from_m}
    return gpd.GeoDataFrame(table, geometry=parts, crs=segments.crs)


def continues(segments: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) whether a segment's successor in the table is the next section of the same road."""
    if "parent_id" not in segments:
        return np.zeros(len(segments), bool)
    parent, from_m, to_m = (segments[name].to_numpy() for name in ("parent_id", "from_m", "to_m"))
    goes_on = np.zeros(len(segments), bool)
    goes_on[:-1] = (parent[1:] == parent[:-1]) & (from_m[1:] == to_m[:-1])
    return goes_on
