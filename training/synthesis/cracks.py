"""The lines of cracked asphalt in road coordinates: single cracks and alligator networks."""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import Voronoi

from detector.types import Floats

STEP_M = 0.035  # between two points of a crack


@dataclass(frozen=True, slots=True)
class Stroke:
    """A polyline of varying width: `points` (n, 2) s, t in metres, `widths` (n,) in metres."""

    points: Floats
    widths: Floats

    def moved(self, s: float) -> "Stroke":
        """Return it that much further along the road."""
        return Stroke(self.points + np.array([s, 0.0]), self.widths)

    def area(self) -> shapely.Geometry:
        """Return the polygon that the stroke covers."""
        pieces = shapely.linestrings(np.stack([self.points[:-1], self.points[1:]], axis=1))
        widest = np.maximum(self.widths[:-1], self.widths[1:])
        return shapely.union_all(shapely.buffer(pieces, widest / 2, quad_segs=2))


def crack(
    rng: np.random.Generator, start: tuple[float, float], direction: float, reach: float, width: float | None = None
) -> tuple[Stroke, ...]:
    """One crack with perhaps some short branches, from `start` over `reach` metres in a direction (radians from s).

    `width` is its typical width in metres; by default between 4 and 15 mm, what a camera can see.
    """
    width = float(rng.uniform(0.004, 0.015)) if width is None else width
    trunk = _walk(rng, start, direction, reach, width)
    strokes = [trunk]
    for _ in range(rng.poisson(reach / 4)):
        at = int(rng.integers(1, len(trunk.points) - 1))
        turn = rng.choice([-1, 1]) * rng.uniform(0.3, 0.8)
        branch_reach = min(float(rng.uniform(0.15, 0.6)), reach / 3)
        origin = (float(trunk.points[at, 0]), float(trunk.points[at, 1]))
        strokes.append(_walk(rng, origin, direction + turn, branch_reach, width * 0.6))
    return tuple(strokes)


def alligator(rng: np.random.Generator, region: shapely.Geometry) -> tuple[Stroke, ...]:
    """A network of cracks around pieces of 7 to 25 cm that fills a region and thins out towards its edge."""
    s0, t0, s1, t1 = region.bounds
    cell = float(rng.uniform(0.07, 0.18))
    stretch = float(rng.uniform(1.0, 1.5))  # pieces are often longer along the wheel path
    s, t = np.meshgrid(
        np.arange(s0 - 3 * cell, s1 + 3 * cell, cell * stretch), np.arange(t0 - 3 * cell, t1 + 3 * cell, cell)
    )
    seeds = np.column_stack([s.ravel(), t.ravel()]) + rng.normal(0, 0.33 * cell, (s.size, 2))
    diagram = Voronoi(seeds)
    width = float(rng.uniform(0.004, 0.011))
    strokes = []
    for a, b in diagram.ridge_vertices:
        if a < 0 or rng.random() < 0.12:
            continue
        ends = diagram.vertices[[a, b]]
        if not region.contains(shapely.Point(ends.mean(axis=0))) or np.ptp(ends, axis=0).max() > 3 * cell:
            continue
        bends = ends[0] + np.array([0.33, 0.67])[:, None] * (ends[1] - ends[0]) + rng.normal(0, 0.09 * cell, (2, 2))
        strokes.append(Stroke(np.vstack([ends[0], bends, ends[1]]), width * rng.uniform(0.4, 1.7, 4)))
    return tuple(strokes)


def _walk(rng: np.random.Generator, start: tuple[float, float], direction: float, reach: float, width: float) -> Stroke:
    count = max(int(reach / STEP_M), 4)
    # The direction wanders but is drawn back, so that a crack keeps its kind.
    wander = np.zeros(count)
    kicks = rng.normal(0, 0.17, count)
    for i in range(1, count):
        wander[i] = 0.80 * wander[i - 1] + kicks[i]
    angle = direction + wander + rng.normal(0, 0.30, count) + rng.normal(0, 0.03)
    steps = STEP_M * np.column_stack([np.cos(angle), np.sin(angle)])
    points = np.vstack([start, start + np.cumsum(steps, axis=0)])
    slow = np.interp(np.linspace(0, 1, count + 1), np.linspace(0, 1, 8), rng.uniform(0.5, 1.5, 8))
    ends = np.minimum(1, np.minimum(np.arange(count + 1), np.arange(count, -1, -1)) / 6 + 0.25)
    spalls = np.where(rng.random(count + 1) < 0.06, rng.uniform(1.3, 2.6, count + 1), 1.0)
    widths = width * slow * ends * spalls * rng.uniform(0.7, 1.3, count + 1)
    return Stroke(points, widths)
