"""A followed damage -> the defect that planners read, with its place, size and doubt."""

import math
from collections import Counter
from collections.abc import Sequence

from detector.scene.extent import Extent, settled
from detector.scene.measure import area_m2, ground_sigma, size_sigma
from detector.scene.placing import Drive
from detector.scene.registration import AHEAD, LEFT
from detector.taxonomy import BY_NAME, CLASSES, Measure
from detector.types import Defect, Look

SHORT = (BY_NAME["transverse_crack"].id, BY_NAME["pothole"].id)  # along the road
FOLLOWED_SIGMA, GUESSED_SIGMA = 0.03, 0.06  # of a crack's winding as a picture shows it, and of none


def defect_of(
    drive: Drive, extent: Extent, looks: Sequence[Look], seen: Sequence[Extent], id_: int, position: dict[int, int]
) -> Defect:
    """Sum up a damage: `extent` by all its looks, `seen` by each of them; `position` of each frame by its index."""
    looks = sorted(looks, key=lambda k: k.frame_index)
    votes: Counter[int] = Counter()
    for look in looks:
        votes[look.detection.class_id] += look.detection.score  # type: ignore[assignment]
    class_id = max(votes, key=lambda c: (votes[c], -c))
    best = max(range(len(looks)), key=lambda n: (looks[n].detection.score, -looks[n].far_m))
    nearest = min(looks, key=lambda k: (any(drive.cuts(position[k.frame_index], k)), k.near_m + k.far_m))
    frame, camera = drive.frames[position[nearest.frame_index]], drive.cameras[position[nearest.frame_index]]
    s0, s1, t0, t1 = settled(extent, seen, class_id not in SHORT)
    # The shift that the frames agree on is kept among them; the place goes with the pose of the frame that saw it best.
    back = drive.corrections[position[nearest.frame_index]].mean
    lon, lat = drive.path.place((s0 + s1) / 2 - back[AHEAD], (t0 + t1) / 2 - back[LEFT])
    # An error of pitch is the same in all looks, so the mean of many is no surer than the surest of them.
    along, across = ground_sigma((nearest.near_m + nearest.far_m) / 2, (t0 + t1) / 2, camera)
    size = size_sigma(class_id, nearest, camera)
    course_m, course_sigma = _course(class_id, looks, (s1 - s0, t1 - t0), size)
    return Defect(
        id=id_,
        class_id=class_id,
        lon=lon,
        lat=lat,
        sigma_m=math.sqrt(frame.pose.sigma_m**2 + (along**2 + across**2) / 2),  # per axis, as the pose's
        heading_deg=frame.pose.heading_deg,
        left_m=(t0 + t1) / 2 - float(back[LEFT]),
        length_m=s1 - s0,
        width_m=t1 - t0,
        area_m2=area_m2(class_id, s1 - s0, t1 - t0),
        size_sigma=size,
        score=looks[best].detection.score,
        best_look=best,
        looks=tuple(looks),
        course_m=course_m,
        course_sigma=course_sigma,
    )


def _course(
    class_id: int, looks: Sequence[Look], sides: tuple[float, float], sigma: float
) -> tuple[float, float] | tuple[None, None]:
    """Length of a single crack along its course and its 1 sigma as a fraction.

    The nearest look in which its course was followed tells how it winds; without one it is taken to run straight from
    corner to corner.
    """
    if CLASSES[class_id].measure is not Measure.LENGTH:
        return None, None
    followed = [(k.near_m + k.far_m, k.winding) for k in looks if k.winding is not None]
    if not followed:
        return math.hypot(*sides), math.hypot(sigma, GUESSED_SIGMA)
    return max(sides) * min(followed)[1], math.hypot(sigma, FOLLOWED_SIGMA)
