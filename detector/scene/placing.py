"""Looks placed in road coordinates, with what is known of each frame's pose and pitch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from detector.scene.adjustment import Course, Ride
from detector.scene.camera import Camera
from detector.scene.extent import Edge, Extent
from detector.scene.measure import EDGE, Reach, edge_sigma, pitch_sigma
from detector.scene.path import Path
from detector.scene.registration import AHEAD, LEFT, PITCH, TURN, Correction, Ends, tilt
from detector.taxonomy import CLASSES, Kind
from detector.types import Floats, Frame, Look

KINDS = {kind: number for number, kind in enumerate(Kind)}
SLOWEST_MPS = 2.0  # slower, a pose's heading is held and no longer made of its velocity
UNKNOWN_MPS = 10.0
KEEP = np.array([0.98, 0.98, 0.9, 0.0])  # of a correction from one frame to the next; the pitch starts anew
KEEP_BOTH = np.outer(KEEP, KEEP)
SCALE = 0.02  # 1 sigma of the length of a hundred metres of path, as a fraction of it
STILL_M = 0.02  # 1 sigma of the pose of a standing car
BEND = 0.05  # the middle of long damage lies so many metres beside its ends, for each metre of length
LANDMARK_M = 4.0  # longer damage has ends that a detector puts anywhere: nothing is told by them ...
LANDMARK_FROM_M = 2.0  # ... nor by what lies under the bonnet, where a decimetre is many degrees


@dataclass(frozen=True, slots=True)
class Motion:
    """How far poses and pitch may be off, 1 sigma."""

    drift: float = 0.02  # of the pose from frame to frame, in metres for each metre driven
    wander_mps: float = 0.55  # of the pose's velocity, which shifts and turns the pose
    heading_sigma_deg: float = 0.5  # of the pose, beside that
    suspension_deg: float = 0.6  # of the pitch of one frame about the mean


@dataclass(slots=True)
class Drive:
    """One drive: its frames, and what is found out about how the car went."""

    frames: Sequence[Frame]
    cameras: Sequence[Camera]
    path: Path
    reach: Reach
    motion: Motion
    corrections: dict[int, Correction] = field(default_factory=dict)  # by position in `frames`
    ride: Ride | None = None  # once all looks were adjusted together
    course: Course | None = None

    def raised(self, ride: Ride, course: Course) -> "Drive":
        """Return the drive with the height of its cameras and how the car rode and went, and no corrections yet."""
        sigma = math.hypot(ride.height_sigma, SCALE)
        pitch = math.degrees(math.hypot(ride.level_sigma, float(np.median(ride.sigma))))
        raised = {
            c: replace(c, height_m=c.height_m * ride.height, height_sigma=sigma, pitch_sigma_deg=pitch)
            for c in set(self.cameras)
        }
        cameras = [raised[c] for c in self.cameras]
        return Drive(self.frames, cameras, self.path, self.reach, self.motion, {}, ride, course)

    def turn_sigma(self, i: int) -> float:
        """1 sigma of the heading of frame i as told, radians."""
        return math.hypot(math.radians(self.motion.heading_sigma_deg), self.motion.wander_mps / self._speed(i))

    def _speed(self, i: int) -> float:
        speed = self.frames[i].pose.speed_mps
        return max(speed, SLOWEST_MPS) if math.isfinite(speed) else UNKNOWN_MPS

    def predict(self, i: int) -> Correction:
        """The correction of frame i from that of the next frame: the pose's error changes slowly, the pitch fast."""
        turn = self.turn_sigma(i)
        nod = math.radians(self.motion.suspension_deg)
        pitch = nod if self.ride else math.hypot(nod, pitch_sigma(self.cameras[i]))
        last = self.corrections.get(i + 1)
        before = Correction(np.zeros(4), np.diag([0.0, 0.0, turn**2, 0.0])) if last is None else last
        step = 0.0 if last is None else abs(float(self.path.s[i + 1] - self.path.s[i]))
        drift = math.hypot(self.motion.drift * step + STILL_M, self.motion.wander_mps * step / self._speed(i))
        mean = KEEP * before.mean
        if self.ride and self.course:
            mean[LEFT], mean[TURN], mean[PITCH] = self.course.left[i], self.course.turn[i], self.ride.pitch[i]
            ahead = KEEP[AHEAD] ** 2 * before.covariance[AHEAD, AHEAD] + drift**2
            spread = (ahead, 0.2**2, (0.6 * turn) ** 2, min(2.5 * float(self.ride.sigma[i]), pitch) ** 2)
            return Correction(mean, np.diag(spread))
        fresh = 0.0 if last is None else (1 - KEEP[TURN] ** 2) * turn**2
        return Correction(mean, KEEP_BOTH * before.covariance + np.diag([drift**2, drift**2, fresh, pitch**2]))

    def shown(self, i: int, looks: Sequence[Look]) -> "Shown":
        """Gather what the looks of frame i say whatever its correction."""
        middles = [(m, (k.left_m + k.right_m) / 2) for k in looks for m in (k.near_m, k.far_m)]
        return Shown(looks, [kind_of(k) for k in looks], [self.cuts(i, k) for k in looks], np.array(middles))

    def extents(self, i: int, shown: "Shown") -> list[Extent]:
        """Put the looks of frame i, corrected, in road coordinates."""
        camera, correction = self.cameras[i], self.corrections[i]
        h, sharp = camera.height_m, edge_sigma(camera)
        level = tilt(shown.middles, float(correction.mean[PITCH]), h)
        ahead = level[:, 0].reshape(-1, 2).tolist()
        ends = self.path.road(i, correction.moved(level), self.reach.far_m).reshape(-1, 2, 2).tolist()
        variance = correction.covariance.diagonal().tolist()
        nod = math.hypot(sharp, math.sqrt(variance[PITCH]))
        extents = []
        rows = zip(shown.looks, shown.cuts, ahead, ends, strict=True)
        for look, cut, (x0, x1), ((s0, t0), (s1, t1)) in rows:
            middle = max((x0 + x1) / 2, 0.1)
            t, half = (t0 + t1) / 2, (look.left_m - look.right_m) * middle / max(look.near_m + look.far_m, 0.1)
            # In a bend the rectangle, straight ahead of the car, also holds the road's own turn between its ends.
            beside = variance[LEFT] + variance[TURN] * middle**2 + (middle * sharp) ** 2 + (t1 - t0) ** 2
            lean = variance[PITCH] * (middle / h) ** 2
            near = Edge(s0, ((x0 * x0 / h + h) * nod) ** 2 + variance[AHEAD], cut[0])
            far = Edge(s1, ((x1 * x1 / h + h) * nod) ** 2 + variance[AHEAD], cut[1])
            right = Edge(t - half, beside + lean * look.right_m**2, cut[2])
            left = Edge(t + half, beside + lean * look.left_m**2, cut[3])
            extents.append(Extent((near, far, right, left)))
        return extents

    def cuts(self, i: int, look: Look) -> tuple[bool, bool, bool, bool]:
        """Which of a look's edges (near, far, right, left) the view cuts off."""
        frame = self.frames[i]
        margin = EDGE * frame.width
        x0, _, x1, y1 = look.detection.box
        near = y1 >= frame.height - margin or look.near_m <= self.reach.near_m
        return near, look.far_m >= self.reach.far_m - 1e-6, x1 >= frame.width - margin, x0 <= margin

    def ends_known(self, i: int, known: Sequence[tuple[Kind, Extent]]) -> tuple[Ends, list[tuple[int, int]]]:
        """The ends of known short damage from the pose of frame i as told; and of which damage each is."""
        names, rows = [], []
        for n, (kind, extent) in enumerate(known):
            near, far, right, left = extent.edges
            if abs(far.at - near.at) > LANDMARK_M:
                continue
            across = math.hypot(math.sqrt((right.var + left.var) / 2), BEND * abs(far.at - near.at))
            for side, edge in enumerate((near, far)):
                if not edge.cut:
                    names.append((n, side))
                    middle = (right.at + left.at) / 2
                    rows.append((edge.at, middle, 2 * KINDS[kind] + side, math.sqrt(edge.var), across))
        table = np.array(rows, dtype=float).reshape(-1, 5)
        if len(table):
            table[:, :2] = self.path.vehicle(i, table[:, :2])
        return _ends(table), names


@dataclass(frozen=True, slots=True)
class Shown:
    """The looks of one frame."""

    looks: Sequence[Look]
    kinds: Sequence[Kind]
    cuts: Sequence[tuple[bool, bool, bool, bool]]  # see `Drive.cuts`
    middles: Floats  # (2 looks, 2) ahead, left as measured: of the near and the far edge of each

    def ends(self) -> tuple[Ends, list[tuple[int, int]]]:
        """The ends of short damage as measured; and which of which look (0 near, 1 far) each is."""
        names, rows = [], []
        for n, (look, kind, cut) in enumerate(zip(self.looks, self.kinds, self.cuts, strict=True)):
            if look.far_m - look.near_m > LANDMARK_M:
                continue
            for side, at in enumerate((look.near_m, look.far_m)):
                if not cut[side] and at >= LANDMARK_FROM_M:
                    names.append((n, side))
                    rows.append((at, (look.left_m + look.right_m) / 2, 2 * KINDS[kind] + side, 0.0, 0.0))
        return _ends(np.array(rows, dtype=float).reshape(-1, 5)), names


def kind_of(look: Look) -> Kind:
    """The kind of damage that a look shows."""
    return CLASSES[look.detection.class_id].kind


def _ends(table: Floats) -> Ends:
    return Ends(table[:, 0], table[:, 1], table[:, 2].astype(np.intp), table[:, 3], table[:, 4])
