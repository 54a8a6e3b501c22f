"""Matches of the road's texture between two frames some metres apart, with the road as the common ground."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.scene.calibration.motion import homographies, on_road
from detector.scene.calibration.solve import Matches
from detector.types import Floats, Image

Grey: TypeAlias = NDArray[Any]  # (rows, columns)
Pyramid: TypeAlias = Sequence[Grey]

LEVELS = 5  # of the pyramids
WIDTH_PX = 1280  # wider pictures are made smaller
PLAIN_PX = 41  # of the blur that takes slow changes of brightness out
# The part of the road that is looked at, in camera heights.
FAR = 9.0
ASIDE = 2.6
PER_PAIR = 160  # matches
LEAST_POINTS = 8
WINDOW_PX = 21
BACK_PX = 0.6  # a match must come back to within this


def working_width(width: int) -> int:
    """The width that pictures of a width are made smaller to."""
    return min(width, WIDTH_PX)


def pyramid(image: Image, width: int) -> Pyramid:
    """The picture in grey, `width` wide, and ever halved."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height = round(width * grey.shape[0] / grey.shape[1])
    levels = [grey if grey.shape[1] == width else cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)]
    for _ in range(LEVELS - 1):
        levels.append(cv2.pyrDown(levels[-1]))
    return levels


def texture(grey: Grey) -> Grey:
    """A picture with its slow changes of brightness and contrast taken out, uint8."""
    plain = grey.astype(np.float32)
    plain -= cv2.blur(plain, (PLAIN_PX, PLAIN_PX))
    spread = np.sqrt(np.maximum(cv2.blur(plain * plain, (PLAIN_PX, PLAIN_PX)), 0))
    even: Grey = np.clip(128 + 40 * plain / (spread + 2), 0, 255).astype(np.uint8)
    return even


def moved_onto(picture: Pyramid, onto: Floats, shape: tuple[int, int]) -> Grey:
    """The second frame as the first would see it, blurred where it comes from nearer by."""
    height, width = shape
    rows = np.linspace(0, height - 1, 24)
    ends = np.column_stack([np.full_like(rows, width / 2), rows])[:, None]
    with np.errstate(all="ignore"):
        place = cv2.perspectiveTransform(ends, onto)[:, 0, 1]
    scale = np.gradient(place, rows)
    scale = np.interp(np.arange(height), rows, np.where(scale > 0, scale, 1.0))
    wanted = np.clip(np.round(np.log2(np.maximum(scale, 1))), 0, LEVELS - 1).astype(int)
    result = np.empty(shape, np.uint8)
    for k in np.unique(wanted):
        smaller = np.diag([0.5**k, 0.5**k, 1.0])  # pyrDown keeps the centres of the even pixels
        part = cv2.warpPerspective(
            picture[k], smaller @ onto, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        result[wanted == k] = part[wanted == k]
    return result


def match(
    firsts: Sequence[Pyramid], seconds: Sequence[Pyramid], centre: tuple[float, float], motions: Floats, shared: Floats
) -> Matches:
    """Follow the road's texture from each first to its second frame, starting from the motions as known so far.

    The second frame is first moved onto the first by the road's homography, so that only the error of the motion is
    left to be followed (Lucas & Kanade, in pyramids after Bouguet).
    """
    maps = homographies(motions, shared)
    to_centre = np.array([[1, 0, -centre[0] + 0.5], [0, 1, -centre[1] + 0.5], [0, 0, 1.0]])
    found = []
    for i, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
        onto = np.linalg.inv(to_centre) @ maps[i] @ to_centre
        seen = texture(first[0])
        moved = texture(moved_onto(second, onto, seen.shape))
        points = corners(seen, centre, motions[i : i + 1], shared, onto)
        if len(points) < LEAST_POINTS:
            continue
        a, b = follow(seen, moved, points)
        if len(a):
            b = cv2.perspectiveTransform(b[:, None].astype(np.float64), onto)[:, 0]
            offset = np.array(centre) - 0.5
            found.append((np.full(len(a), i), a - offset, b - offset))
    if not found:
        return Matches(np.empty(0, int), np.empty((0, 2)), np.empty((0, 2)))
    return Matches(*(np.concatenate(column) for column in zip(*found, strict=True)))


def corners(picture: Grey, centre: tuple[float, float], motion: Floats, shared: Floats, onto: Floats) -> Floats:
    """Well textured places on the road that both frames show, (n, 2) px, spread over near and far."""
    height, width = picture.shape
    cell = 8
    u, v = np.meshgrid(np.arange(cell / 2, width, cell), np.arange(cell / 2, height, cell))
    grid = np.column_stack([u.ravel(), v.ravel()])
    ahead, left = on_road(grid - centre, np.zeros(len(grid), int), motion, shared)
    inside = cv2.perspectiveTransform(grid[:, None], onto)[:, 0]
    margin = WINDOW_PX / 2
    seen = (inside > margin).all(1) & (inside < np.array([width, height]) - margin).all(1)
    mask = ((ahead < FAR) & (np.abs(left) < ASIDE) & seen).reshape(u.shape).astype(np.uint8)
    mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return np.empty((0, 2))
    # In bands, so that the coarse grain close by doesn't take all places.
    bands = np.linspace(rows[0], rows[-1] + 1, 5).astype(int)
    found = []
    for top, bottom in pairwise(bands):
        part = mask[top:bottom]
        points = cv2.goodFeaturesToTrack(picture[top:bottom], PER_PAIR // 4, 0.05, 8, mask=part, blockSize=7)
        if points is not None:
            found.append(points[:, 0] + (0, top))
    return np.concatenate(found) if found else np.empty((0, 2))


def follow(first: Grey, second: Grey, points: Floats) -> tuple[Floats, Floats]:
    """The points that are found again in the second picture and back: both places (n, 2), px."""
    window = (WINDOW_PX, WINDOW_PX)
    start: Grey = points.astype(np.float32)[:, None]
    nothing: Any = None
    there, ok, _ = cv2.calcOpticalFlowPyrLK(first, second, start, nothing, winSize=window, maxLevel=2)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(second, first, there, nothing, winSize=window, maxLevel=2)
    good = (ok[:, 0] == 1) & (ok_back[:, 0] == 1)
    good &= np.linalg.norm((back - start)[:, 0], axis=1) < BACK_PX
    return start[good, 0].astype(np.float64), there[good, 0].astype(np.float64)
