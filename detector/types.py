"""The words of the whole house. Immutable values; every field names its unit.

Places are WGS84 longitude and latitude in degrees (EPSG:4326) unless a name says otherwise. Times are POSIX seconds
(UTC). Headings are degrees clockwise from north. Pixels have their origin in the top left corner of the picture, x to
the right and y down. An `Image` is RGB, uint8, shape (height, width, 3).
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fix:
    """One position from a GPS receiver."""

    time_s: float
    lon: float
    lat: float
    hdop: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the vehicle was at one moment, after smoothing. `sigma_m` is 1 sigma along each axis."""

    time_s: float
    lon: float
    lat: float
    heading_deg: float
    speed_mps: float
    sigma_m: float
    distance_m: float  # driven since the start of the trajectory
    speed_sigma_mps: float | None = None  # 1 sigma; None where unknown
    heading_sigma_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture's place and origin. The pixels travel beside it, never inside it."""

    index: int  # position in the survey's list of frames
    source: str  # the file it came from, as the user named it
    media_time_s: float  # presentation time in that video; for a photo, seconds since the drive's first photo
    pose: Pose
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Detection:
    """One damage seen in one picture. `box` is x0, y0, x1, y1 in pixels of that picture as stored."""

    box: tuple[float, float, float, float]
    score: float
    class_id: int


@dataclass(frozen=True, slots=True)
class Look:
    """One detection of a defect: the frame it was seen in and the rectangle it covers on the ground."""

    frame_index: int
    detection: Detection
    near_m: float  # ahead of the camera's foot point, along the heading
    far_m: float
    left_m: float  # edges across; to the left of the camera is positive
    right_m: float
    winding: float | None = (
        None  # of a crack: length along its course for each metre of the longer side, if it was seen
    )


@dataclass(frozen=True, slots=True)
class Defect:
    """One damage on the road, counted once however often it was seen. The place is its centre on the ground."""

    id: int
    class_id: int
    lon: float
    lat: float
    sigma_m: float  # of the place, 1 sigma along each axis
    heading_deg: float  # of the vehicle that saw it
    left_m: float  # of the driven path; negative is right
    length_m: float  # along the road
    width_m: float  # across the road
    area_m2: float
    size_sigma: float  # 1 sigma of length and width, as a fraction of them
    score: float  # of the best look, 0..1
    best_look: int  # position in `looks`
    looks: tuple[Look, ...] = field(repr=False)
    course_m: float | None = None  # of a single crack: length along its course; other damage has none
    course_sigma: float | None = None  # 1 sigma of it, as a fraction


@dataclass(frozen=True, slots=True)
class Coverage:
    """The stretch of road whose surface one frame shows, or why it shows none."""

    frame_index: int
    near_m: float  # ahead of the camera's foot point, along the heading
    far_m: float
    usable: bool
    reason: str  # why it is not usable; empty when it is
    quality: float = 1.0  # how well it shows the road, 0..1; about 0.5 at the limit of usable
