"""The plan of a street: its lanes, its damage with exact outlines, and what only looks like damage.

Everything lies in road coordinates: s metres along the axis, t metres to its left.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import shapely

from detector.errors import SettingsError
from detector.taxonomy import BY_NAME
from training.synthesis.axis import Axis
from training.synthesis.cracks import Stroke, alligator, crack

LONGITUDINAL, TRANSVERSE, ALLIGATOR, POTHOLE, RAVELLING = (
    BY_NAME[name].id for name in ("longitudinal_crack", "transverse_crack", "alligator_crack", "pothole", "ravelling")
)
CLEARANCE_M = 0.35  # between two damages, so that each has an outline of its own
TRIES = 30  # to find a free place before a damage is left out


@dataclass(frozen=True, slots=True)
class Damage:
    """One damage. `outline` is exact: nothing of it is drawn outside."""

    class_id: int
    outline: shapely.Geometry = field(repr=False)  # polygon in s, t
    strokes: tuple[Stroke, ...] = field(repr=False)  # the lines of a crack; empty for holes and ravelling
    seed: int  # of its surface

    def moved(self, s: float) -> "Damage":
        """Return it that much further along the road."""
        strokes = tuple(stroke.moved(s) for stroke in self.strokes)
        outline = shapely.transform(self.outline, lambda road: road + np.array([s, 0.0]))
        return Damage(self.class_id, outline, strokes, self.seed)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the bounding rectangle, s and t."""
        s0, t0, s1, t1 = self.outline.bounds
        return (s0 + s1) / 2, (t0 + t1) / 2

    @property
    def length_m(self) -> float:
        """Extent along the road."""
        s0, _, s1, _ = self.outline.bounds
        return float(s1 - s0)

    @property
    def width_m(self) -> float:
        """Extent across the road."""
        _, t0, _, t1 = self.outline.bounds
        return float(t1 - t0)

    @property
    def area_m2(self) -> float:
        """Area of the outline: of a crack the crack itself, of other damage the surface it takes up."""
        return float(self.outline.area)


@dataclass(frozen=True, slots=True)
class Wish:
    """A damage to be laid out: its class and the stretch of road for it."""

    class_id: int
    from_s: float
    to_s: float
    length_m: float | None = None  # of a longitudinal crack or ravelling; None: as it comes


class Look(StrEnum):
    """What lies on a road without being damage."""

    PATCH = "patch"
    SEAM = "seam"
    MANHOLE = "manhole"
    DRAIN = "drain"
    STAIN = "stain"
    SKID = "skid"


@dataclass(frozen=True, slots=True)
class Distractor:
    """Something that a detector must not take for damage."""

    look: Look
    outline: shapely.Geometry = field(repr=False)
    seed: int


@dataclass(frozen=True, slots=True)
class Street:
    """A two-way street along an axis. Traffic keeps right, so the own lane has negative t."""

    axis: Axis
    half_width_m: float  # from the axis to the kerb
    damages: tuple[Damage, ...]
    distractors: tuple[Distractor, ...]
    seed: int  # of its surface, paint and surroundings

    @property
    def lane_t(self) -> float:
        """Middle of the lane driven."""
        return -self.half_width_m / 2


def plan_street(
    rng: np.random.Generator, axis: Axis, half_width_m: float, wanted: Sequence[Wish], clutter: int = 8
) -> Street:
    """Lay out one damage for each wish, each in a place of its own, and `clutter` distractors.

    A damage for which no free place is found is left out, so `Street.damages` may be shorter than `wanted`.
    """
    taken: list[shapely.Geometry] = []
    damages, distractors = [], []
    for wish in wanted:
        damage = draw_damage(rng, wish.class_id, half_width_m, wish.length_m)
        start = damage.outline.bounds[0]
        for s in rng.uniform(wish.from_s, max(wish.to_s - damage.length_m, wish.from_s), TRIES):
            moved = damage.moved(float(s) - start)
            if not any(shapely.intersects(moved.outline.envelope, other) for other in taken):
                damages.append(moved)
                taken.append(shapely.box(*moved.outline.bounds).buffer(CLEARANCE_M, join_style="mitre"))
                break
    for _ in range(clutter):
        distractor = draw_distractor(rng, float(rng.uniform(0, axis.length)), half_width_m)
        if not any(shapely.intersects(distractor.outline, other) for other in taken):
            distractors.append(distractor)
    return Street(axis, half_width_m, tuple(damages), tuple(distractors), int(rng.integers(2**31)))


def draw_damage(rng: np.random.Generator, class_id: int, half_width_m: float, length_m: float | None = None) -> Damage:
    """Draw one damage of a class around s = 0, mostly in the own lane and never over the kerb."""
    for _ in range(TRIES):
        outline, strokes = _shape(rng, class_id, half_width_m, length_m)
        _, t0, _, t1 = outline.bounds
        if outline.geom_type == "Polygon" and -half_width_m < t0 and t1 < half_width_m:
            break
    else:
        raise SettingsError(f"no damage of class {class_id} fits on a road {2 * half_width_m:.1f} m wide; widen it")
    return Damage(class_id, outline, strokes, int(rng.integers(2**31)))


def _shape(
    rng: np.random.Generator, class_id: int, lane: float, length_m: float | None
) -> tuple[shapely.Geometry, tuple[Stroke, ...]]:
    side = -1.0 if rng.random() < 0.8 else 1.0
    wheel = side * lane * rng.choice([0.27, 0.73]) + rng.normal(0, 0.12)
    if class_id == LONGITUDINAL:
        strokes = crack(rng, (0.0, side * rng.uniform(0.1, 0.9) * lane), 0.0, length_m or rng.uniform(1.2, 7.0))
        return _cover(strokes), strokes
    if class_id == TRANSVERSE:
        reach = rng.uniform(0.9, 1.7 * lane)
        t = -lane * 0.95 if reach > lane or rng.random() < 0.4 else rng.uniform(-lane * 0.95, lane * 0.95 - reach)
        strokes = crack(rng, (0.0, t), math.pi / 2, reach)
        return _cover(strokes), strokes
    if class_id == ALLIGATOR:
        strokes = alligator(rng, blob(rng, (0.0, wheel), rng.uniform(1.0, 4.0), rng.uniform(0.6, 1.3), 0.12))
        edges = shapely.multilinestrings([shapely.linestrings(stroke.points) for stroke in strokes])
        widest = max(float(stroke.widths.max()) for stroke in strokes)
        hull = shapely.concave_hull(edges, ratio=0.35)
        return shapely.union(hull, edges).buffer(widest / 2, quad_segs=2), strokes
    if class_id == POTHOLE:
        size = rng.uniform(0.25, 1.0)
        return blob(rng, (0.0, wheel + rng.normal(0, 0.2)), size * rng.uniform(0.8, 1.5), size, 0.12), ()
    t = wheel if rng.random() < 0.6 else side * lane / 2
    return blob(
        rng, (0.0, t), length_m or rng.uniform(1.2, 6.0), rng.uniform(0.5, min(1.9, lane * 0.7)), 0.10, squareness=4
    ), ()


def draw_distractor(rng: np.random.Generator, s: float, half_width_m: float) -> Distractor:
    """Draw one thing near s that is no damage."""
    look = Look(rng.choice(list(Look), p=[0.30, 0.15, 0.20, 0.12, 0.13, 0.10]))
    t = rng.uniform(-0.8, 0.8) * half_width_m
    shapes: dict[Look, Callable[[], shapely.Geometry]] = {
        Look.PATCH: lambda: shapely.box(s, t, s + rng.uniform(0.6, 6), t + rng.uniform(0.5, 1.8)),
        Look.SEAM: lambda: _seam(rng, s, t),
        Look.MANHOLE: lambda: shapely.Point(s, t).buffer(rng.uniform(0.28, 0.36)),
        Look.DRAIN: lambda: shapely.box(s, -half_width_m + 0.03, s + 0.45, -half_width_m + 0.38),
        Look.STAIN: lambda: blob(rng, (s, t), rng.uniform(0.3, 2.0), rng.uniform(0.2, 0.6), 0.25),
        Look.SKID: lambda: shapely.box(s, t, s + rng.uniform(3, 9), t + 0.19),
    }
    kerb = shapely.box(-1e6, -half_width_m, 1e6, half_width_m)
    return Distractor(look, shapely.intersection(shapes[look](), kerb), int(rng.integers(2**31)))


def blob(
    rng: np.random.Generator,
    centre: tuple[float, float],
    length: float,
    width: float,
    roughness: float,
    squareness: float = 2.0,
) -> shapely.Geometry:
    """Return an irregular shape of about length by width: a superellipse with random harmonics on its radius."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = (np.abs(np.cos(angle)) ** squareness + np.abs(np.sin(angle)) ** squareness) ** (-1 / squareness)
    for harmonic in range(2, 24):
        size = 2 * roughness * rng.normal() / harmonic**1.2
        radius = radius * (1 + size * np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi)))
    points = np.column_stack([length / 2 * radius * np.cos(angle), width / 2 * radius * np.sin(angle)])
    return shapely.Polygon(points + centre).buffer(0)


def _cover(strokes: Sequence[Stroke]) -> shapely.Geometry:
    return shapely.union_all([stroke.area() for stroke in strokes])


def _seam(rng: np.random.Generator, s: float, t: float) -> shapely.Geometry:
    """A joint closed with bitumen: straight, smooth and wider than a crack."""
    along = np.linspace(0, rng.uniform(2, 9), 24)
    sway = 0.03 * np.sin(along * rng.uniform(0.5, 1.5)) + rng.normal(0, 0.01) * along
    return shapely.LineString(np.column_stack([s + along, t + sway])).buffer(rng.uniform(0.02, 0.05))
