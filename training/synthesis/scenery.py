"""What stands around the street: sky, treeline, houses, trees and parked cars as flat upright boards.

Boards stand beside the carriageway, so that they never hide damage nearer than `view.FAR_M`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.scene.camera import Camera
from detector.types import Floats, Image
from training.synthesis.axis import Axis
from training.synthesis.noise import fractal

NEAREST_M = 0.8  # boards are cut off nearer than this
FARTHEST_M = 140.0
BOARD_PX_M = 40  # pixels per metre of a board's picture
LEAD_M = (1.78, 1.48)  # width and height of a car driving ahead


@dataclass(frozen=True, slots=True)
class Billboard:
    """An upright board over a base line in the plane.

    Its pictures are (rows, columns, 4) RGB and opacity, each half the size of the one before.
    """

    base: Floats  # (2, 2) x, y of its left and right foot
    height_m: float
    pictures: tuple[Image, ...] = field(repr=False)


def draw_sky(
    camera: Camera, direction: float, colours: tuple[Floats, Floats], clouds: float, seed: int
) -> NDArray[np.float32]:
    """Return a picture of sky only, (height, width, 3) float32; it turns with the direction looked in."""
    horizon = max(camera.horizon_y(), 1.0)
    height = min(camera.height, math.ceil(horizon) + 30)
    share = np.clip(np.arange(height) / horizon, 0, 1)[:, None] ** 1.5
    picture = np.empty((camera.height, camera.width, 3), dtype=np.float32)
    picture[:height] = (colours[0] + (colours[1] - colours[0]) * share)[:, None]
    picture[height:] = colours[1]
    tile = _clouds(seed % 6)
    shift = int(direction * camera.focal_px) % tile.shape[1]
    part = np.roll(tile, shift, axis=1)[:, : tile.shape[1] // 2]
    cover = cv2.resize(part, (camera.width, height))[..., None] * np.float32(clouds)
    picture[:height] += (np.float32(238) - picture[:height]) * cover
    return picture


@lru_cache(maxsize=8)
def _clouds(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng([seed, 3])
    tile = fractal(rng, (128, 512), (4, 6), 5)
    tile = tile + tile[:, ::-1]  # so that it closes
    return np.clip(tile * 1.4 + 0.25, 0, 1).astype(np.float32)


def treeline(picture: NDArray[np.float32], camera: Camera, direction: float, seed: int) -> None:
    """Draw the far trees and roofs along the horizon, in place."""
    rng = np.random.default_rng([seed, 4])
    crowns = 0.016 + 0.014 * fractal(rng, (1, 2048), (2, 60), 5)[0]
    bearing = np.arctan((np.arange(camera.width) - camera.cx) / camera.focal_px) - direction
    height = np.interp(bearing / (2 * math.pi) % 1 * 2047, np.arange(2048), crowns) * camera.focal_px
    roll = math.tan(math.radians(camera.roll_deg))
    horizon = camera.horizon_y() - (np.arange(camera.width) - camera.cx) * roll
    colour = rng.uniform(95, 145) * np.array([0.95, 1.0, 0.95])
    rows = np.arange(camera.height)[:, None]
    top = max(int((horizon - height).min()), 0)
    bottom = min(int(horizon.max()) + 3, camera.height)
    if top < bottom:
        trees = rows[top:bottom] > horizon - height
        picture[top:bottom][trees] = colour


def line_street(rng: np.random.Generator, axis: Axis, edge_m: float) -> list[Billboard]:
    """Place houses, trees, hedges and parked cars along both sides of a street whose verge ends at `edge_m`."""
    boards: list[Billboard] = []
    houses, trees, cars = rng.uniform(0, 1, 3)
    for side in (-1, 1):
        s = -15.0
        setback = edge_m + rng.uniform(1.0, 9.0)
        while s < axis.length + 55:
            width = float(rng.uniform(7, 16))
            if rng.random() < houses:
                boards.append(
                    _along(axis, s, width, side * setback, rng.uniform(4.5, 9), _house(int(rng.integers(12))))
                )
            elif rng.random() < 0.6:
                boards.append(
                    _along(axis, s, width, side * setback, rng.uniform(0.9, 3.0), _hedge(int(rng.integers(6))))
                )
            s += width + float(rng.uniform(0, 6))
        for s in np.arange(-10, axis.length + 50, rng.uniform(7, 16)):
            if rng.random() < trees:
                size = float(rng.uniform(5, 9))
                at = side * (edge_m + rng.uniform(0.2, 1.5))
                boards.append(_across(axis, float(s), size * 0.8, at, size, _tree(int(rng.integers(10)))))
            if rng.random() < 0.35 * cars:
                boards.append(_along(axis, float(s), 4.3, side * (edge_m + 0.3), 1.45, _car(int(rng.integers(12)))))
    return boards


def lead_vehicle(axis: Axis, s: float, t: float, seed: int = 0) -> Billboard:
    """A car seen from behind that stands on the road, its tail at s and its middle at t."""
    return _across(axis, s, LEAD_M[0], t, LEAD_M[1], _tail(seed))


def _along(axis: Axis, s: float, width: float, t: float, height: float, pictures: tuple[Image, ...]) -> Billboard:
    """Return a board parallel to the road."""
    return Billboard(axis.place(np.array([[s, t], [s + width, t]])), float(height), pictures)


def _across(axis: Axis, s: float, width: float, t: float, height: float, pictures: tuple[Image, ...]) -> Billboard:
    """Return a board that faces the traffic."""
    return Billboard(axis.place(np.array([[s, t + width / 2], [s, t - width / 2]])), float(height), pictures)


def draw_billboards(
    picture: NDArray[np.float32], boards: Sequence[Billboard], camera: Camera, to_vehicle: Callable[[Floats], Floats]
) -> None:
    """Draw the boards, the farthest first, in place. `to_vehicle` takes (n, 2) x, y to ahead, left."""
    placed = []
    for board in boards:
        feet = to_vehicle(board.base)
        if feet[:, 0].max() > NEAREST_M and feet[:, 0].min() < FARTHEST_M:
            placed.append((float(feet[:, 0].mean()), feet, board))
    for _, feet, board in sorted(placed, key=lambda item: -item[0]):
        _draw_board(picture, feet, board, camera)


def _draw_board(picture: NDArray[np.float32], feet: Floats, board: Billboard, camera: Camera) -> None:
    ends = [0.0, 1.0]
    for end in (0, 1):  # cut off what is beside and behind the camera
        if feet[end, 0] < NEAREST_M:
            ends[end] = float((NEAREST_M - feet[0, 0]) / (feet[1, 0] - feet[0, 0]))
    left, right = (feet[0] + share * (feet[1] - feet[0]) for share in ends)
    corners = np.array([[*left, board.height_m], [*right, board.height_m], [*right, 0.0], [*left, 0.0]])
    target = camera.project(corners)
    if np.isnan(target).any():
        return
    x0, y0 = np.maximum(np.floor(target.min(axis=0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(target.max(axis=0)), [camera.width, camera.height]).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    # Seen small, a smaller picture serves, so that windows and leaves don't flicker.
    halvings = math.log2(max(board.pictures[0].shape[0] / float(np.ptp(target[:, 1])), 1.0))
    small = board.pictures[min(int(halvings), len(board.pictures) - 1)]
    rows, columns = small.shape[:2]
    u0, u1 = ends[0] * columns, ends[1] * columns
    source = np.array([[u0, 0], [u1, 0], [u1, rows], [u0, rows]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, (target - (x0, y0)).astype(np.float32))
    seen = cv2.warpPerspective(small, matrix, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR).astype(np.float32)
    opacity = seen[..., 3:] / 255
    area = picture[y0:y1, x0:x1]
    area += (seen[..., :3] - area) * opacity


def _halvings(image: Image) -> tuple[Image, ...]:
    pictures = [image]
    while min(image.shape[:2]) >= 8:
        image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
        pictures.append(image)
    return tuple(pictures)


def _canvas(width_m: float, height_m: float) -> Image:
    return np.zeros((int(height_m * BOARD_PX_M), int(width_m * BOARD_PX_M), 4), dtype=np.uint8)


@lru_cache(maxsize=32)
def _house(seed: int) -> tuple[Image, ...]:
    rng = np.random.default_rng([seed, 5])
    board = _canvas(9, 6)
    rows, columns = board.shape[:2]
    bricks = [(122, 78, 62), (150, 108, 84), (176, 160, 140), (205, 200, 192), (98, 70, 60)]
    wall = np.array(bricks[int(rng.integers(len(bricks)))]) * rng.uniform(0.8, 1.15)
    tone = 1 + 0.06 * rng.normal(0, 1, (rows, columns, 1))
    board[..., :3] = np.clip(wall * tone, 0, 255)
    board[..., 3] = 255
    eaves = int(rows * rng.uniform(0.3, 0.45))
    board[:eaves, :, :3] = np.clip(np.array([96, 70, 62]) * rng.uniform(0.6, 1.3) * tone[:eaves], 0, 255)
    board[:eaves:6, :, :3] = (board[:eaves:6, :, :3] * 0.8).astype(np.uint8)
    for x in range(int(0.6 * BOARD_PX_M), columns - 2 * BOARD_PX_M, int(rng.uniform(2.0, 3.2) * BOARD_PX_M)):
        door = rng.random() < 0.25
        top, bottom = eaves + int(0.7 * BOARD_PX_M), rows if door else rows - int(0.8 * BOARD_PX_M)
        right = x + int((0.95 if door else 1.4) * BOARD_PX_M)
        pane = (
            rng.uniform(40, 90) * rng.uniform(0.8, 1.2, 3) if door else rng.uniform(45, 100) * np.array([0.9, 1.0, 1.1])
        )
        board[top - 4 : bottom, x - 4 : right + 4, :3] = 228
        board[top:bottom, x:right, :3] = pane
    return _halvings(board)


@lru_cache(maxsize=16)
def _hedge(seed: int) -> tuple[Image, ...]:
    rng = np.random.default_rng([seed, 6])
    board = _canvas(8, 2)
    leaves = 1 + 0.4 * fractal(rng, board.shape[:2], (8, 30), 4)
    colour = np.array([rng.uniform(40, 75), rng.uniform(62, 95), rng.uniform(30, 50)])
    board[..., :3] = np.clip(leaves[..., None] * colour, 0, 255)
    edge = (0.12 + 0.1 * fractal(rng, (1, board.shape[1]), (2, 40), 3)[0]) * board.shape[0]
    board[..., 3] = np.where(np.arange(board.shape[0])[:, None] > edge, 255, 0)
    return _halvings(board)


@lru_cache(maxsize=16)
def _tree(seed: int) -> tuple[Image, ...]:
    rng = np.random.default_rng([seed, 7])
    board = _canvas(5, 6)
    rows, columns = board.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    crown = ((x / columns - 0.5) / 0.46) ** 2 + ((y / rows - 0.33) / 0.33) ** 2
    edge = crown + 0.9 * fractal(rng, (rows, columns), (6, 6), 5)
    light = 1 + 0.5 * fractal(rng, (rows, columns), (10, 10), 4) - 0.3 * (y / rows - 0.3)
    colour = np.array([rng.uniform(45, 95), rng.uniform(65, 105), rng.uniform(30, 55)])
    board[..., :3] = np.clip(light[..., None] * colour, 0, 255)
    bare = 0.5 * (rng.random() < 0.25)  # winter: the sky shines through
    sparse = fractal(rng, (rows, columns), (60, 60), 2) > bare - 0.25
    board[..., 3] = np.where((edge < 1) & sparse, 255, 0)
    trunk = (np.abs(x - columns / 2) < 0.13 * BOARD_PX_M) & (y > rows * 0.4) & (board[..., 3] == 0)
    board[trunk] = (72, 62, 52, 255)
    return _halvings(board)


@lru_cache(maxsize=16)
def _car(seed: int) -> tuple[Image, ...]:
    rng = np.random.default_rng([seed, 8])
    board = _canvas(4.3, 1.45)
    rows, columns = board.shape[:2]
    paint = [float(v) for v in rng.uniform(20, 210) * rng.uniform(0.85, 1.15, 3)]
    outline = np.array(
        [[0.02, 0.85], [0.02, 0.52], [0.24, 0.44], [0.36, 0.06], [0.74, 0.06], [0.90, 0.44], [0.98, 0.55], [0.98, 0.85]]
    )
    glass = np.array([[0.28, 0.44], [0.38, 0.12], [0.72, 0.12], [0.84, 0.44]])
    size = np.array([columns, rows])
    cv2.fillPoly(board, [(outline * size).astype(np.int32)], (*paint, 255.0), cv2.LINE_AA)
    cv2.fillPoly(board, [(glass * size).astype(np.int32)], (48, 54, 60, 255), cv2.LINE_AA)
    for x in (0.2, 0.8):
        cv2.circle(board, (int(x * columns), int(rows * 0.8)), int(rows * 0.2), (24, 24, 24, 255), -1, cv2.LINE_AA)
    return _halvings(board)


@lru_cache(maxsize=16)
def _tail(seed: int) -> tuple[Image, ...]:
    """A car from behind: roof, rear window, boot lid with lamps and plate, bumper, tyres, and the shadow beneath."""
    rng = np.random.default_rng([seed, 9])
    board = _canvas(*LEAD_M)
    rows, columns = board.shape[:2]
    paint = rng.uniform(25, 210) * rng.uniform(0.85, 1.15, 3)

    def fill(corners: Sequence[tuple[float, float]], colour: Floats | Sequence[float]) -> None:
        points = (np.array(corners) * (columns, rows)).astype(np.int32)
        cv2.fillPoly(board, [points], (*map(float, colour), 255.0), cv2.LINE_AA)

    fill([(0.05, 0.85), (0.95, 0.85), (0.95, 1.0), (0.05, 1.0)], (18, 18, 20))
    fill(
        [(0.0, 0.86), (0.0, 0.5), (0.06, 0.42), (0.2, 0.02), (0.8, 0.02), (0.94, 0.42), (1.0, 0.5), (1.0, 0.86)], paint
    )
    fill([(0.14, 0.4), (0.24, 0.08), (0.76, 0.08), (0.86, 0.4)], (52, 58, 66))
    fill([(0.0, 0.72), (1.0, 0.72), (0.97, 0.88), (0.03, 0.88)], paint * 0.55)
    for left in (0.03, 0.81):
        fill([(left, 0.46), (left + 0.16, 0.46), (left + 0.16, 0.6), (left, 0.6)], (168, 24, 28))
    fill([(0.36, 0.56), (0.64, 0.56), (0.64, 0.65), (0.36, 0.65)], (232, 196, 60))
    for left in (0.05, 0.81):
        fill([(left, 0.86), (left + 0.14, 0.86), (left + 0.14, 1.0), (left, 1.0)], (12, 12, 12))
    return _halvings(board)
