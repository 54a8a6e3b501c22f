"""All sights of a defect -> one place, its doubt, and where on the network it is."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from detector.types import Floats, Ints
from roads.fusion.groups import grouped
from roads.fusion.options import FusionOptions
from roads.fusion.timeline import Timeline

LONG_M = FusionOptions().long_m


@dataclass(frozen=True, slots=True)
class Places:
    """n defects, in the network's CRS."""

    xy: Floats  # (n, 2)
    sigma_m: Floats  # 1 sigma along each axis
    segment: Ints  # row of the network's segments, -1 = on none
    witness: Ints  # row of `Timeline.seen`: the best sight on that segment
    offset_m: Floats  # along the segment, nan on none
    from_line_m: Floats  # left of it is positive, nan on none


def places(line: Timeline, segments: gpd.GeoDataFrame) -> Places:
    """Fuse the places of each defect's sights.

    The receiver's error is the same in all sights of one survey, so they are averaged without getting surer; the means
    of different surveys are, with weights of inverse variance. Damage that was seen in part only lies off its middle:
    long sights weigh more. A defect is on the segment that its surest sights lie on.
    """
    at = {name: line.seen[name].to_numpy() for name in ("x_m", "y_m", "sigma_m", "length_m", "width_m")}
    weight = np.maximum(np.maximum(at["length_m"], at["width_m"]), LONG_M) ** 2
    variance = np.maximum(at["sigma_m"], 0.01) ** 2
    surveys, of_defect = line.surveys, line.of_defect(line.surveys)
    survey_variance = surveys.mean(variance, weight)
    survey_weight = surveys.most(weight) / survey_variance
    xy = np.column_stack(
        [of_defect.mean(surveys.mean(at[name], weight), survey_weight) for name in ("x_m", "y_m")]
    ).reshape(-1, 2)
    sigma = np.sqrt(of_defect.total(survey_weight**2 * survey_variance)) / of_defect.total(survey_weight)
    segment, witness = _segments(line, weight / variance)
    offset, from_line = np.full(len(segment), np.nan), np.full(len(segment), np.nan)
    on = np.flatnonzero(segment >= 0)
    offset[on], from_line[on] = along(segments.geometry.to_numpy()[segment[on]], xy[on])
    return Places(xy, sigma, segment, witness, offset, from_line)


def along(lines: NDArray[np.object_], xy: Floats) -> tuple[Floats, Floats]:
    """Metres along each line to the point nearest to (n, 2) places, and the metres that these lie left of it."""
    points = shapely.points(xy)
    offset = shapely.line_locate_point(lines, points)
    length = shapely.length(lines)
    reach = np.minimum(1.0, length / 2)
    middle = np.clip(offset, reach, length - reach)
    before = shapely.get_coordinates(shapely.line_interpolate_point(lines, middle - reach))
    after = shapely.get_coordinates(shapely.line_interpolate_point(lines, middle + reach))
    ahead, aside = after - before, xy - before
    left = np.where(ahead[:, 0] * aside[:, 1] >= ahead[:, 1] * aside[:, 0], 1.0, -1.0)
    return offset, left * shapely.distance(lines, points)


def _segments(line: Timeline, weight: Floats) -> tuple[Ints, Ints]:
    """Each defect's segment, -1 only where no sight is on any; and the row of its best sight on that segment."""
    segment, score = line.seen["segment"].to_numpy(), line.seen["score"].to_numpy()
    order = np.lexsort((score, segment, line.defects.of))
    groups = grouped(line.defects.of[order], segment[order])
    votes = groups.total(weight[order])
    on = segment[order][groups.first]
    votes[on < 0] = 0.0
    best = grouped(line.defects.of[order[groups.first]]).best(votes)
    return on[best], order[groups.last[best]]
