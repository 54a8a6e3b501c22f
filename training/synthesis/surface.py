"""The street seen from straight above: asphalt, paint, kerbs, damage. Colours are RGB as a camera shows them, 0..255.

Everything that lies on the asphalt is a material with an opacity, laid over what is below it in the order of
`draw_surface`. Opacity never leaves the exact outline by more than the pixel that the outline runs through.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from detector.types import Floats, Image
from training.synthesis.cracks import Stroke
from training.synthesis.noise import Reals, blotches, fractal
from training.synthesis.street import ALLIGATOR, POTHOLE, RAVELLING, Damage, Distractor, Look, Street
from training.synthesis.texture import Grid, Window

FINER = 4  # outlines are drawn at this many times the resolution and averaged
SHIFT = 4  # fractional bits of OpenCV's drawing coordinates
SMALLER = 4  # the tone of whole asphalt is drawn at this part of the resolution
VERGE_M = 1.6  # beyond the kerb that belongs to the surface
KERB_M = 0.14
TILE_PX = 420  # of a verge's pattern; a multiple of paving stones and even, so that it repeats without seams


@dataclass(frozen=True, slots=True)
class Asphalt:
    """What the road surface looks like when whole."""

    grey: float  # 60 fresh .. 170 old and dry
    tint: tuple[float, float, float]  # factors of red, green, blue
    wheel_paths: float  # how much they differ, -0.1 dark .. 0.1 polished
    blotchiness: float  # 0..0.15

    def colour(self) -> Floats:
        """RGB."""
        return self.grey * np.array(self.tint)


def choose_asphalt(rng: np.random.Generator) -> Asphalt:
    """Draw an asphalt at random, from fresh and black to old and pale."""
    warmth = rng.normal(0, 0.025)
    return Asphalt(
        grey=float(rng.uniform(72, 160)),
        tint=(1 + warmth, 1.0, 1 - warmth + rng.normal(0.01, 0.02)),
        wheel_paths=float(rng.normal(-0.02, 0.05)),
        blotchiness=float(rng.uniform(0.03, 0.12)),
    )


def draw_surface(
    street: Street, asphalt: Asphalt, along_m: float = 0.0125, across_m: float = 0.01
) -> tuple[Image, Grid]:
    """Draw the street from 20 m before its axis to 60 m beyond, kerbs and the start of the verges included."""
    rng = np.random.default_rng(street.seed)
    wide = street.half_width_m + VERGE_M
    rows, columns = int((street.axis.length + 80) / along_m), int(2 * wide / across_m)
    grid = Grid(-20.0, -wide, along_m, across_m, rows, columns)
    image = _asphalt(rng, grid, street.half_width_m, asphalt)
    _sides(rng, image, grid, street.half_width_m)
    for thing in street.distractors:
        if thing.look in (Look.PATCH, Look.STAIN, Look.SKID):
            _lay(image, grid.part(thing.outline.bounds), thing, asphalt)
    _paint(rng, image, grid, street.half_width_m)
    for thing in street.distractors:
        if thing.look in (Look.SEAM, Look.MANHOLE, Look.DRAIN):
            _lay(image, grid.part(thing.outline.bounds), thing, asphalt)
    for damage in sorted(street.damages, key=lambda d: d.class_id == POTHOLE):
        _damage(image, grid.part(damage.outline.bounds), damage, asphalt)
    return image, grid


def _asphalt(rng: np.random.Generator, grid: Grid, half_width_m: float, asphalt: Asphalt) -> Image:
    """Tone of the whole surface; it varies so slowly that it is drawn small and enlarged."""
    shape = grid.rows // SMALLER, grid.columns // SMALLER
    metres = int(grid.rows * grid.along_m), int(grid.columns * grid.across_m)
    t = np.linspace(grid.t0, grid.t0 + metres[1], shape[1], dtype=np.float32)
    lanes = np.abs(t)[:, None] - half_width_m * np.array([0.27, 0.73], dtype=np.float32)
    wheels = np.exp(-0.5 * (lanes / 0.28) ** 2).sum(axis=1)
    joint = -0.03 * np.exp(-0.5 * (t / 0.03) ** 2)  # between the two strips that the paver laid
    tone = 1 + asphalt.blotchiness * fractal(rng, shape, (metres[0] // 2, metres[1]), 4)
    tone += asphalt.wheel_paths * wheels * (1 + 0.5 * blotches(rng, shape, (metres[0] // 6, 2))) + joint
    small = np.clip(tone[..., None] * asphalt.colour(), 0, 255).astype(np.uint8)
    image: Image = cv2.resize(small, (grid.columns, grid.rows), interpolation=cv2.INTER_LINEAR)
    return image


def _sides(rng: np.random.Generator, image: Image, grid: Grid, half_width_m: float) -> None:
    """Kerb, gutter and what lies beyond: paving stones or grass, left and right alike in kind."""
    inner, outer = (int((edge - grid.t0) / grid.across_m) for edge in (half_width_m, half_width_m + KERB_M))
    kerb = np.array(rng.uniform(120, 180) * np.array([1.0, 0.99, 0.96]))
    verge = paving(rng, TILE_PX) if rng.random() < 0.5 else grass(rng, TILE_PX)
    tiled = np.tile(verge, (grid.rows // TILE_PX + 1, 1, 1))[: grid.rows]
    width = grid.columns - outer
    image[:, outer:] = tiled[:, :width]
    image[:, : grid.columns - outer] = tiled[:, :width][:, ::-1]
    for columns in (slice(inner, outer), slice(grid.columns - outer, grid.columns - inner)):
        image[:, columns] = kerb
        image[:: int(1.0 / grid.along_m), columns] = kerb * 0.6  # joints between kerb stones
    gutter = int(0.05 / grid.across_m)
    for columns in (slice(inner - gutter, inner), slice(grid.columns - inner, grid.columns - inner + gutter)):
        image[:, columns] = (image[:, columns] * 0.62).astype(np.uint8)


def paving(rng: np.random.Generator, size: int) -> Image:
    """Paving stones of 30 cm at 1 cm a pixel, (size, size, 3)."""
    stones = rng.normal(1, 0.05, (size // 30 + 1, size // 30 + 1)).astype(np.float32)
    tone = np.kron(stones, np.ones((30, 30), dtype=np.float32))[:size, :size]
    tone[::30] *= 0.7
    tone[:, ::30] *= 0.7
    colour = rng.uniform(110, 170) * np.array([1.0, 0.98, 0.94])
    if rng.random() < 0.4:
        colour = rng.uniform(95, 140) * np.array([1.1, 0.82, 0.74])  # clinkers
    return np.clip(tone[..., None] * colour + rng.normal(0, 4, (size, size, 1)), 0, 255).astype(np.uint8)


def grass(rng: np.random.Generator, size: int) -> Image:
    """Mown or dry grass, (size, size, 3), mirrored so that it repeats without seams."""
    half = size // 2
    tone = 1 + 0.12 * fractal(rng, (half, half), (4, 4), 4)
    tone = np.block([[tone, tone[:, ::-1]], [tone[::-1], tone[::-1, ::-1]]])
    tone += rng.normal(0, 0.16, (size, size)).astype(np.float32)
    colour = np.array([rng.uniform(80, 122), rng.uniform(95, 125), rng.uniform(50, 72)])
    tile: Image = np.clip(tone[..., None] * colour, 0, 255).astype(np.uint8)
    return tile


def _paint(rng: np.random.Generator, image: Image, grid: Grid, half_width_m: float) -> None:
    """Centre line, edge lines or red cycle lanes, worn."""
    end = grid.s0 + grid.rows * grid.along_m
    dash, gap = [(1.0, 3.0), (3.0, 9.0), (3.0, 1.0), (end - grid.s0, 0.0)][int(rng.choice(4, p=[0.4, 0.2, 0.25, 0.15]))]
    lines: list[shapely.Geometry] = []
    if rng.random() < 0.85:
        lines += [shapely.box(s, -0.05, s + dash, 0.05) for s in np.arange(grid.s0, end, dash + gap)]
    if half_width_m > 2.7 and rng.random() < 0.55:
        inset = half_width_m - (rng.uniform(1.3, 1.6) if rng.random() < 0.4 else rng.uniform(0.15, 0.4))
        dash, gap = [(1.0, 1.0), (end - grid.s0, 0.0)][int(rng.integers(2))]
        for t in (-inset, inset):
            lines += [shapely.box(s, t - 0.05, s + dash, t + 0.05) for s in np.arange(grid.s0, end, dash + gap)]
        if inset < half_width_m - 1 and rng.random() < 0.6:
            red = rng.uniform(0.9, 1.1) * np.array([150.0, 82.0, 70.0])
            for t0, t1 in ((-half_width_m + 0.05, -inset), (inset, half_width_m - 0.05)):
                area = grid.part((grid.s0, t0, end, t1), 0.0).of(image)
                area[:] = cv2.addWeighted(area, 0.45, np.full_like(area, red), 0.55, 0)
    if not lines:
        return
    white = rng.uniform(185, 240) * np.array([1.0, 1.0, 0.97])
    wear = rng.uniform(0.05, 0.55)
    for line in lines:
        window = grid.part(line.bounds)
        if window.empty:
            continue
        whole = 1 - wear * (0.6 + 0.9 * fractal(rng, window.shape, (window.shape[0] // 12, 4), 2))
        _over(window.of(image), white, cover([line], window) * np.clip(whole, 0, 1))


def _lay(image: Image, window: Window, thing: Distractor, asphalt: Asphalt) -> None:
    """Lay one distractor."""
    if window.empty:
        return
    rng = np.random.default_rng(thing.seed)
    inside = cover([thing.outline], window)
    shade = fractal(rng, window.shape, (window.shape[0] // 20 + 2, window.shape[1] // 20 + 2), 2)[..., None]
    area = window.of(image)
    colour, opacity = asphalt.colour(), inside
    if thing.look is Look.PATCH:
        colour = colour * rng.uniform(0.62, 1.2) * (1 + 0.05 * shade)
        opacity = inside * 0.92
        if rng.random() < 0.5:  # sealed edges
            rim = inside - cover([shapely.buffer(thing.outline, -0.04)], window)
            _over(area, colour, opacity)
            colour, opacity = asphalt.colour() * 0.55, rim * 0.8
    elif thing.look is Look.SEAM:
        colour, opacity = asphalt.colour() * 0.42, inside * 0.9
    elif thing.look is Look.MANHOLE:
        ring = inside - cover([shapely.buffer(thing.outline, -0.05)], window)
        lid = rng.uniform(0.55, 0.95) * np.array([98.0, 92.0, 86.0]) * (1 + 0.1 * shade)
        bars = 0.12 * np.sign(np.sin(np.arange(window.shape[0]) * 1.3))[:, None, None]
        _over(area, lid * (1 + bars), inside)
        colour, opacity = asphalt.colour() * 0.6, ring * 0.8
    elif thing.look is Look.DRAIN:
        bars = 1 + 0.45 * np.sign(np.sin(np.arange(window.shape[1]) * 1.1))[None, :, None]
        colour = np.array([62.0, 60.0, 58.0]) * bars
    elif thing.look is Look.STAIN:
        colour, opacity = colour * 0.55, cv2.GaussianBlur(inside, (0, 0), 4) * rng.uniform(0.2, 0.5)
    else:
        colour, opacity = colour * 0.45, inside * rng.uniform(0.15, 0.4) * (0.8 + 0.4 * shade[..., 0])
    _over(area, colour, opacity)


def _damage(image: Image, window: Window, damage: Damage, asphalt: Asphalt) -> None:
    if window.empty:
        return
    rng = np.random.default_rng(damage.seed)
    area = window.of(image)
    if damage.class_id == POTHOLE:
        _pothole(rng, area, cover([damage.outline], window), window, asphalt)
    elif damage.class_id == RAVELLING:
        _ravelling(rng, area, cover([damage.outline], window), window, asphalt)
    else:
        if damage.class_id == ALLIGATOR:  # pieces sink and fines are pumped up
            worn = cover([shapely.buffer(damage.outline, -0.03)], window)
            mottled = np.clip(fractal(rng, window.shape, (8, 8), 3) + 0.3, 0, 1)
            _over(area, asphalt.colour() * rng.choice([0.7, 1.25]), worn * mottled * 0.5)
        dark = rng.uniform(0.15, 0.42) * np.array([1.0, 0.97, 0.92])
        depth = rng.uniform(0.5, 1.0) * np.clip(
            0.95 + 0.35 * fractal(rng, window.shape, (window.shape[0] // 10 + 2, 4), 2), 0, 1
        )
        _over(area, asphalt.colour() * dark, lines(damage.strokes, window) * depth)


def _pothole(rng: np.random.Generator, area: Image, inside: Reals, window: Window, asphalt: Asphalt) -> None:
    """A hole: rough bottom, deep shade at the wall towards the sun, a lit wall opposite, broken edge."""
    grid = window.grid
    wall = rng.uniform(0.03, 0.07)  # metres over which it falls away
    depth = cv2.GaussianBlur(inside, (0, 0), wall / grid.along_m) * inside
    depth = np.clip(depth * 1.7 - 0.7, 0, 1) * (0.75 + 0.5 * fractal(rng, window.shape, (7, 7), 4))
    slope = wall * np.gradient(depth, axis=0) / grid.along_m
    slope += rng.normal(0, 0.5) * wall * np.gradient(depth, axis=1) / grid.across_m
    stones = cv2.GaussianBlur(rng.standard_normal(window.shape, dtype=np.float32), (0, 0), rng.uniform(0.8, 1.6))
    stones /= float(stones.std()) + 1e-6
    tint = np.array([1.08, 1.0, 0.9]) if rng.random() < 0.5 else np.ones(3)  # sand of the base shows
    bottom = rng.uniform(0.40, 0.95) * asphalt.colour() * tint
    relief = rng.choice([-1, 1]) * rng.uniform(0.8, 1.6) * slope
    shade = np.clip(1.0 + 0.16 * stones + relief - 0.30 * depth, 0.10, 1.9)
    _over(area, np.minimum(bottom * shade[..., None], 225), inside)
    rim = inside - cv2.erode(inside, np.ones((3, 3), dtype=np.uint8))
    broken = np.clip(0.55 + 0.8 * fractal(rng, window.shape, (16, 16), 2), 0, 1)
    _over(area, asphalt.colour() * 0.25, rim * broken)


def _ravelling(rng: np.random.Generator, area: Image, inside: Reals, window: Window, asphalt: Asphalt) -> None:
    """Stones lost from the surface: pits of 1-3 cm, pale stones between them; or whole flakes of the top layer gone."""
    grid = window.grid
    metres = max(int(window.shape[0] * grid.along_m * 3), 2), max(int(window.shape[1] * grid.across_m * 3), 2)
    density = inside * np.clip(0.85 + 0.6 * fractal(rng, window.shape, metres, 4), 0.15, 1)
    if rng.random() < 0.35:
        flaked = np.clip((fractal(rng, window.shape, (metres[0] // 2, metres[1] // 2), 5) + 0.12) * 12, 0, 1) * inside
        density = density * 0.3 + flaked * 0.7
        rim = np.clip(flaked - cv2.erode(flaked, np.ones((3, 3), dtype=np.uint8)), 0, 1)
        _over(area, asphalt.colour() * rng.uniform(1.05, 1.3), flaked * 0.7)
        _over(area, asphalt.colour() * 0.4, rim * 0.7)
    else:
        _over(area, asphalt.colour() * rng.choice([0.74, 0.86, 1.12, 1.22]), density * rng.uniform(0.4, 0.75))
    white = rng.standard_normal(window.shape, dtype=np.float32)
    pocks = cv2.GaussianBlur(white, (0, 0), rng.uniform(0.45, 1.0))
    pocks /= float(pocks.std()) + 1e-6
    few = rng.uniform(0.3, 1.0)  # sigmas above which a stone is gone
    dark, pale = asphalt.colour() * rng.uniform(0.3, 0.55), np.minimum(asphalt.colour() * 1.5, 205)
    _over(area, dark, np.clip((pocks - few) * 1.8, 0, 1) * density * rng.uniform(0.65, 0.95))
    _over(area, pale, np.clip((-pocks - few - 0.3) * 1.5, 0, 1) * density * rng.uniform(0.2, 0.5))


def cover(shapes: Sequence[shapely.Geometry], window: Window) -> Reals:
    """Which part of each pixel of the window the shapes cover, float32 (rows, columns), 0..1."""
    mask = np.zeros((window.shape[0] * FINER, window.shape[1] * FINER), dtype=np.uint8)
    for polygon in shapely.get_parts(shapes):
        rings = [polygon.exterior, *polygon.interiors] if not polygon.is_empty else []
        corners = [_fixed(window.pixels(shapely.get_coordinates(ring)) * FINER - 0.5) for ring in rings]
        if corners:
            cv2.fillPoly(mask, corners, 255, cv2.LINE_8, SHIFT)
    return _reduced(mask, window)


def lines(strokes: Sequence[Stroke], window: Window) -> Reals:
    """Which part of each pixel the strokes cover, float32 (rows, columns), 0..1."""
    mask = np.zeros((window.shape[0] * FINER, window.shape[1] * FINER), dtype=np.uint8)
    for stroke in strokes:
        # Each piece is a quadrangle: OpenCV's own line widths are whole pixels, too coarse for cracks.
        ahead = np.diff(stroke.points, axis=0)
        ahead /= np.hypot(*ahead.T)[:, None]
        normal = np.column_stack([-ahead[:, 1], ahead[:, 0]])
        start, end = normal * stroke.widths[:-1, None] / 2, normal * stroke.widths[1:, None] / 2
        corners = np.stack(
            [stroke.points[:-1] + start, stroke.points[1:] + end, stroke.points[1:] - end, stroke.points[:-1] - start],
            1,
        )
        pixels = window.pixels(corners.reshape(-1, 2)).reshape(-1, 4, 2) * FINER - 0.5
        for piece in _fixed(pixels):
            cv2.fillConvexPoly(mask, piece, 255, cv2.LINE_8, SHIFT)
    return _reduced(mask, window)


def _fixed(pixels: Floats) -> NDArray[np.int32]:
    fixed: NDArray[np.int32] = np.round(pixels * (1 << SHIFT)).astype(np.int32)
    return fixed


def _reduced(mask: Image, window: Window) -> Reals:
    part: Reals = cv2.resize(mask, window.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return part


def _over(area: Image, colour: Reals, opacity: Reals) -> None:
    """Lay a colour (3,) or (rows, columns, 3) with an opacity (rows, columns) over an image, in place."""
    mixed = area + (colour - area.astype(np.float32)) * opacity[..., None]
    np.clip(mixed, 0, 255, out=mixed)
    area[:] = mixed.astype(np.uint8)
