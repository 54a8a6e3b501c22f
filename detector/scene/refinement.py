"""All looks of a drive -> how the car rode and went: the equations that `adjustment` solves."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.scene.adjustment import Bearings, Course, Equations, Ride, adjust, steer
from detector.scene.extent import Extent
from detector.scene.measure import edge_sigma, height_sigma, pitch_sigma
from detector.scene.placing import LANDMARK_FROM_M, LANDMARK_M, Drive
from detector.scene.registration import AHEAD, LEFT, TURN, tilt
from detector.types import Floats, Look

SHIFT_M = 0.08  # 1 sigma of a frame's place along the road against the others
LEAST_AHEAD_M = 1.5
BLUR_M, BLUR = 0.01, 0.005  # 1 sigma of a damage's middle across the road, and for each metre of its length
SHIFT_LEFT_M = 3.0  # 1 sigma of a frame's offset from where its pose puts it
YAW_DEG = 0.3  # 1 sigma of the camera's yaw on the car
FREE = 3.0  # headings of neighbouring frames are off together: many say little more than one

Followed = Sequence[tuple[Extent, Sequence[Look]]]  # each damage with its looks


def refine(drive: Drive, followed: Followed) -> tuple[Ride, Course]:
    """Find the pitch of each frame, the camera's height, and offset and turn of each frame."""
    position = {f.index: i for i, f in enumerate(drive.frames)}
    ride = _ride(drive, followed, position)
    return ride, _course(drive, followed, position, ride)


def _ride(drive: Drive, followed: Followed, position: dict[int, int]) -> Ride:
    rows: list[tuple[float, ...]] = []  # frame, end, measured ahead, s, t
    number = 0
    for extent, looks in followed:
        if extent.rectangle[1] - extent.rectangle[0] > LANDMARK_M:
            continue
        middle = extent.middle[1]
        for side in (0, 1):
            edge = extent.edges[side]
            seen = [(position[k.frame_index], k) for k in looks]
            seen = [(i, k) for i, k in seen if not drive.cuts(i, k)[side] and k.near_m >= LANDMARK_FROM_M]
            if edge.cut or len(seen) < 2:
                continue
            rows += [(i, number, k.far_m if side else k.near_m, edge.at, middle) for i, k in seen]
            number += 1
    table = np.array(rows, dtype=float).reshape(-1, 5)
    frame, end = table[:, 0].astype(np.intp), table[:, 1].astype(np.intp)
    camera = drive.cameras[0]
    h = camera.height_m
    ahead = _places(drive, frame, table[:, 3:])[:, 0]
    per_m = h / (h * h + np.maximum(ahead, LEAST_AHEAD_M) ** 2)
    sigma = np.hypot(edge_sigma(camera), per_m * SHIFT_M)
    return adjust(
        Equations(frame, end, np.arctan2(h, table[:, 2]), ahead, sigma),
        len(drive.frames),
        h,
        pitch_sigma(camera),
        math.radians(drive.motion.suspension_deg),
        height_sigma(camera),
    )


def _course(drive: Drive, followed: Followed, position: dict[int, int], ride: Ride) -> Course:
    rows: list[tuple[float, ...]] = []  # frame, damage, measured ahead and left, s, t, length
    number = 0
    for extent, looks in followed:
        s0, s1, _, _ = extent.rectangle
        seen = [(position[k.frame_index], k) for k in looks]
        seen = [(i, k) for i, k in seen if not any(drive.cuts(i, k)) and k.near_m >= LANDMARK_FROM_M]
        if s1 - s0 > LANDMARK_M or len(seen) < 2 or any(e.cut for e in extent.edges):
            continue
        s, t = extent.middle
        rows += [(i, number, (k.near_m + k.far_m) / 2, (k.left_m + k.right_m) / 2, s, t, s1 - s0) for i, k in seen]
        number += 1
    table = np.array(rows, dtype=float).reshape(-1, 7)
    frame, end = table[:, 0].astype(np.intp), table[:, 1].astype(np.intp)
    camera = drive.cameras[0]
    x, y = tilt(table[:, 2:4], ride.pitch[frame], camera.height_m).T
    ahead, left = _places(drive, frame, table[:, 4:6], shifted=False).T
    sigma = np.hypot(edge_sigma(camera), (BLUR_M + BLUR * table[:, 6]) / np.maximum(ahead, LEAST_AHEAD_M))
    turn = np.array([drive.turn_sigma(i) for i in range(len(drive.frames))])
    headings = -np.radians([f.pose.heading_deg for f in drive.frames])
    return steer(
        Bearings(frame, end, y / x, ahead, left, sigma),
        np.diff(drive.path.s),
        headings,
        SHIFT_LEFT_M,
        FREE * turn,
        math.radians(YAW_DEG),
    )


def _places(drive: Drive, frame: NDArray[np.intp], road: Floats, shifted: bool = True) -> Floats:
    """(n, 2) ahead, left of points s, t from the poses of their frames, which the corrections have moved ahead.

    With `shifted` also to the left, and turned.
    """
    mean = np.array([drive.corrections[i].mean for i in range(len(drive.frames))])[frame]
    x, y = drive.path.vehicle(frame, road).T
    x = x - mean[:, AHEAD]
    if not shifted:
        return np.array([x, y]).T
    y = y - mean[:, LEFT]
    cos, sin = np.cos(mean[:, TURN]), np.sin(mean[:, TURN])
    return np.array([cos * x + sin * y, cos * y - sin * x]).T
