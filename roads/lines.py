"""The direction of a line at a place on it."""

import numpy as np
import shapely

from detector.types import Floats
from roads.sections import Lines


def direction(lines: Lines, offset_m: Floats, before_m: Floats | float = 1.0, after_m: Floats | float = 1.0) -> Floats:
    """Give the unit vectors along lines as digitised, at offsets on them.

    It is the chord from `before_m` before to `after_m` after the place, so that short kinks of the drawing don't count.
    Near an end of the line that window is moved inwards; on a shorter line it is the whole line.

    Args:
        lines: (n,) LineStrings in metres.
        offset_m: (n,) metres along them; outside the line counts as its end.
        before_m: length of the chord before the place, (n,) or one for all.
        after_m: and after it.

    Returns:
        (n, 2); (0, 0) where the line comes back to itself within the window.
    """
    length = shapely.length(lines)
    window = np.minimum(np.add(before_m, after_m), length)
    start = np.clip(np.clip(offset_m, 0.0, length) - before_m, 0.0, length - window)
    ends = shapely.get_coordinates(
        shapely.line_interpolate_point(np.concatenate([lines, lines]), np.concatenate([start, start + window]))
    )
    chord = ends[len(lines) :] - ends[: len(lines)]
    size = np.hypot(*chord.T)[:, None]
    along: Floats = np.divide(chord, size, out=np.zeros_like(chord), where=size > 1e-9)
    return along
