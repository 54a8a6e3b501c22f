"""How the road moves in the picture: between two frames a plane moves by a homography.

H = R - t n' / h (Hartley & Zisserman 2004, section 13.1), written for a camera over a road: the vehicle drives along an
arc of a circle, and its body nods and sways between the frames. All lengths are in camera heights, so H knows no scale.

A pinhole on a straight drive sees x = f h sec(pitch)^2 / w - const ahead and y = h sec(pitch) u / w aside, with w the
rows below the horizon. Driving straight therefore tells the horizon and f h, but never f: that shows in turns only,
which mix x and y.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detector.types import Floats

Rows: TypeAlias = NDArray[np.intp]

# Columns of a motion, one row a frame pair. Angles in radians.
LOG_STEP = 0  # of the distance driven between the frames, in camera heights
TURN = 1  # of the heading, clockwise
YAW = 2  # of the optical axis to the chord's heading at the first frame, clockwise
PITCH = 3  # of the first frame
NOD = 4  # pitch of the second less that of the first
SWAY = 5  # roll of the second less that of the first
HEAVE = 6  # growth of the camera's height, as a fraction
COLUMNS = 7
# Columns of what all pairs share.
LOG_FOCAL = 0  # px
ROLL = 1
BULGE = 2  # k1 of the lens for a focal length of `REFERENCE_PX`: so it does not depend on the focal length found
REFERENCE_PX = 500.0


def rotations(yaw: Floats, pitch: Floats, roll: Floats) -> Floats:
    """(n, 3, 3) matrices from the vehicle to the camera frame; the axes and signs of `detector.scene.camera`."""
    sy, cy, sp, cp, sr, cr = np.sin(yaw), np.cos(yaw), np.sin(pitch), np.cos(pitch), np.sin(roll), np.cos(roll)
    zero = np.zeros_like(sy)
    right = np.stack([-sy, -cy, zero], axis=-1)
    down = np.stack([-sp * cy, sp * sy, -cp], axis=-1)
    axis = np.stack([cp * cy, -cp * sy, -sp], axis=-1)
    cr, sr = cr[:, None], sr[:, None]
    return np.stack([cr * right + sr * down, cr * down - sr * right, axis], axis=1)


def homographies(motions: Floats, shared: Floats) -> Floats:
    """(n, 3, 3) maps of road pixels of the first frame to the second, from motions (n, 7) and `shared` (3,).

    Pixels are without distortion and counted from the principal point.
    """
    step, turn, yaw, pitch, nod, sway, heave = motions.T
    step = np.exp(step)
    roll = np.full_like(yaw, shared[ROLL])
    focal = np.exp(shared[LOG_FOCAL])
    first = rotations(yaw, pitch, roll)
    second = rotations(yaw, pitch + nod, roll + sway)
    zero, one = np.zeros_like(turn), np.ones_like(turn)
    half = turn / 2
    # The road is z = -1 seen from the first camera's centre.
    shift = np.stack([step * np.cos(half), -step * np.sin(half), heave], axis=-1)
    turned = np.stack(
        [
            np.stack([np.cos(turn), -np.sin(turn), zero], axis=-1),
            np.stack([np.sin(turn), np.cos(turn), zero], axis=-1),
            np.stack([zero, zero, one], axis=-1),
        ],
        axis=1,
    )
    plane = np.eye(3) + shift[:, :, None] * np.array([0.0, 0.0, 1.0])
    calibration = np.array([focal, focal, 1.0])
    maps: Floats = (second @ turned @ plane @ np.swapaxes(first, 1, 2)) * calibration[:, None] / calibration
    return maps


def move_back(points: Floats, pair: Rows, motions: Floats, shared: Floats) -> Floats:
    """(n, 2) pixels of second frames, and each one's pair -> (n, 2) pixels of first frames; nan behind the camera."""
    maps = np.linalg.inv(homographies(motions, shared))
    straight = straightened(points, shared)
    x, y, w = np.einsum("nij,nj->ni", maps[pair], np.column_stack([straight, np.ones(len(points))])).T
    w = np.where(w > 1e-6, w, np.nan)
    moved = np.column_stack([x / w, y / w])
    bulge = shared[BULGE] / REFERENCE_PX**2
    shown: Floats = moved * (1 + bulge * np.einsum("ij,ij->i", moved, moved)[:, None])
    return shown


def straightened(points: Floats, shared: Floats) -> Floats:
    """Take the lens' distortion out of (n, 2) pixels, by Newton's iteration on the radius."""
    bulge = shared[BULGE] / REFERENCE_PX**2
    shown = np.hypot(*points.T)
    radius = shown.copy()
    for _ in range(4):
        radius -= (radius * (1 + bulge * radius**2) - shown) / np.maximum(1 + 3 * bulge * radius**2, 0.1)
    straight: Floats = points * (radius / np.maximum(shown, 1e-9))[:, None]
    return straight


def on_road(points: Floats, pair: Rows, motions: Floats, shared: Floats) -> tuple[Floats, Floats]:
    """Where on the road the (n, 2) pixels of first frames are: ahead and left (n,), in camera heights; nan above."""
    rotation = rotations(motions[:, YAW], motions[:, PITCH], np.full(len(motions), shared[ROLL]))
    rays = np.column_stack([points / np.exp(shared[LOG_FOCAL]), np.ones(len(points))])
    ahead, left, up = np.einsum("nij,ni->nj", rotation[pair], rays).T
    scale = -1 / np.where(up < -1e-6, up, np.nan)
    return ahead * scale, left * scale
