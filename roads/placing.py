"""One survey laid on a road network: each damage it found and each metre it saw, on the segment where that lies."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import PurePath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from detector.errors import NetworkError
from detector.results import SurveyResult
from detector.types import Bools, Floats, Frame, Ints, Pose
from roads.coverage import passes
from roads.driven import Driven, follow
from roads.lane import drive_error, remaining_sigma
from roads.lines import direction
from roads.locate import Places, locate
from roads.matching import match
from roads.network import Network
from roads.tables import OBSERVATIONS, conform
from roads.track import track_layer

NEAR_M = 200.0  # no road this near any frame: the network is of somewhere else
AT_ONCE = 1000  # poses looked at together
ID_DIGITS = 12


@dataclass(frozen=True)
class Placed:
    """A survey on a network. Tables as in `roads.tables`; places in the network's CRS."""

    survey: dict[str, Any]  # the columns of SURVEYS
    observations: (
        pd.DataFrame
    )  # OBSERVATIONS, with survey and defect -1: one row per defect of the survey, in its order
    passes: pd.DataFrame  # PASSES, with survey -1
    track: gpd.GeoDataFrame  # one point per frame, on the segment driven where there is one


def place_survey(result: SurveyResult, network: Network) -> Placed:
    """Match the drive, move it into the lane driven in, and place what it found and saw on the segments.

    Every frame and every defect is on a segment or has a reason why not.

    Raises:
        NetworkError: the survey and the network don't overlap.
    """
    frames = result.frames
    poses = [frame.pose for frame in frames]
    check_overlap(network, poses)
    matching = match(network, poses)
    given = _columns(poses, "lon", "lat", "time_s", "sigma_m")
    points = network.to_metres(given["lon"], given["lat"])
    error, sigma = drive_error(network, matching, points, given["time_s"], given["sigma_m"])
    driven = follow(network, matching, given["time_s"], points - error)
    return Placed(
        _survey(result),
        _observations(result, network, driven, error, given["sigma_m"], sigma),
        passes(network, driven, frames, result.coverage),
        track_layer(result, network, matching, points - error),
    )


def check_overlap(network: Network, poses: Sequence[Pose]) -> None:
    """Raise NetworkError when no pose lies within `NEAR_M` of any road: the wrong network, or the wrong track."""
    points = network.to_metres(np.array([pose.lon for pose in poses]), np.array([pose.lat for pose in poses]))
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    tree = network.topology.tree
    for begin in range(0, len(known), AT_ONCE):  # the first few tell, nearly always
        if len(tree.query(shapely.points(points[known[begin : begin + AT_ONCE]]), "dwithin", NEAR_M)[0]):
            return
    if not len(known):
        return
    first = poses[known[0]]
    (_, _), distance_m = tree.query_nearest(shapely.points(points[known[:1]]), return_distance=True, all_matches=False)
    raise NetworkError(
        network.path,
        f"has no road near the drive, which starts at {first.lat:.4f} N {first.lon:.4f} E, "
        f"{distance_m[0] / 1000:.1f} km from its nearest road",
        "give the network of that area",
    )


def survey_id(result: SurveyResult) -> str:
    """Name a drive by its footage and track: found again, also with another model or other settings, it is the same.

    The first digits of the SHA-256 of its GPS fixes (of the frames' places where it has none) and the names of its
    files, in whatever order they came. Two films of one name along one track have the same id; a map tells them apart
    by their times (`roads.fusion.identified`).
    """
    fixes: Sequence[Any] = result.fixes or [frame.pose for frame in result.frames]
    rows = np.column_stack(list(_columns(fixes, "time_s", "lon", "lat").values()))
    rows = np.unique(np.nan_to_num(rows, nan=-1.0), axis=0)
    names = sorted(_inputs(result))
    digest = hashlib.sha256(rows.astype("<f8").tobytes() + json.dumps(names).encode())
    return digest.hexdigest()[:ID_DIGITS]


def _survey(result: SurveyResult) -> dict[str, Any]:
    """The row of SURVEYS."""
    times = np.array([frame.pose.time_s for frame in result.frames])
    times = times[np.isfinite(times)]
    return {
        "survey_id": survey_id(result),
        "name": ", ".join(_inputs(result)),
        "from_s": float(times.min()) if len(times) else np.nan,
        "to_s": float(times.max()) if len(times) else np.nan,
        "driven_m": driven_m(result.frames),
        "frames": len(result.frames),
        "card": json.dumps(result.meta, ensure_ascii=False, sort_keys=True),
    }


def _inputs(result: SurveyResult) -> list[str]:
    """The base names of the files that gave frames; of the frames' sources where the survey doesn't say."""
    files = [i["file"] for i in result.meta.get("inputs", []) if i.get("frames")]
    files = files or list(dict.fromkeys(frame.source for frame in result.frames))
    return [PurePath(file.replace("\\", "/")).name for file in files]


def driven_m(frames: Sequence[Frame]) -> float:
    """Metres between frames; where another trajectory begins the count restarts, which is not driving backwards."""
    driven = [frame.pose.distance_m for frame in sorted(frames, key=lambda f: f.pose.time_s)]
    return float(np.maximum(np.diff(driven), 0.0).sum())


def _observations(
    result: SurveyResult, network: Network, driven: Driven, error: Floats, stated: Floats, sigma: Floats
) -> pd.DataFrame:
    """Each defect of the survey on its segment. `error`, `stated` and `sigma` are those of the frames (n,)."""
    defects, frames = result.defects, result.frames
    same = ("class_id", "left_m", "length_m", "width_m", "area_m2", "size_sigma", "score")
    columns: dict[str, Any] = _columns(defects, "id", "lon", "lat", "sigma_m", "heading_deg", *same)
    frame = _rows_of(frames, np.array([d.looks[d.best_look].frame_index for d in defects], np.int64))
    xy = network.to_metres(columns["lon"], columns["lat"]) - error[frame]
    places = locate(network, driven, xy, frame)
    heading = (columns["heading_deg"] - _convergence(network, frames)[frame]) % 360.0
    visit, forward = _visits(network, driven, places, frame, heading)
    columns |= {
        "survey": -1,
        "number": columns["id"],
        "defect": -1,
        "segment": places.segment,
        "visit": visit,
        "forward": forward,
        "x_m": xy[:, 0],
        "y_m": xy[:, 1],
        "sigma_m": remaining_sigma(columns["sigma_m"], stated[frame], sigma[frame]),
        "heading_deg": heading,
        "offset_m": places.offset_m,
        "from_line_m": places.from_line_m,
        "looks": np.array([len(d.looks) for d in defects], np.int64),
        "time_s": np.array([f.pose.time_s for f in frames])[frame],
        "source": np.array([f.source for f in frames], object)[frame],
        "media_time_s": np.array([f.media_time_s for f in frames])[frame],
        "reason": places.reason,
    }
    return conform(pd.DataFrame(columns, index=range(len(defects)), copy=False), OBSERVATIONS)


def _visits(network: Network, driven: Driven, places: Places, frame: Ints, heading_deg: Floats) -> tuple[Ints, Bools]:
    """Tell at which visit of its segment each defect was seen, and whether that was driven as digitised.

    It is the visit nearest to the defect's best look. On a segment that was not driven itself it is the visit of the
    look's own segment (0 for none), and the direction is that of the heading.
    """
    span = driven.path.nearest(places.segment, driven.nearest_chainage()[frame])
    own = np.where(span >= 0, span, driven.span[frame])
    visit, forward = np.zeros(len(frame), np.int64), np.ones(len(frame), bool)
    visit[own >= 0], forward[own >= 0] = driven.path.visit[own[own >= 0]], driven.path.forward[own[own >= 0]]
    aside = np.flatnonzero((span < 0) & (places.segment >= 0))
    lines = network.segments.geometry.to_numpy()[places.segment[aside]]
    east, north = direction(lines, places.offset_m[aside]).T
    angle = np.radians(heading_deg[aside])
    forward[aside] = east * np.sin(angle) + north * np.cos(angle) >= 0
    return visit, forward


def _convergence(network: Network, frames: Sequence[Frame]) -> Floats:
    """Degrees from true north to grid north, clockwise, at each frame; 0 where its place is not a number."""
    if not frames:
        return np.empty(0)
    place = _columns([frame.pose for frame in frames], "lon", "lat")
    factors = pyproj.Proj(network.crs).get_factors(place["lon"], place["lat"])
    turn: Floats = np.asarray(factors.meridian_convergence, float)
    return np.where(np.isfinite(turn), turn, 0.0)


def _rows_of(frames: Sequence[Frame], index: Ints) -> Ints:
    """Find frames by their index."""
    known = np.array([frame.index for frame in frames], np.int64)
    order = np.argsort(known)
    return order[np.searchsorted(known, index, sorter=order)]


def _columns(rows: Sequence[Any], *names: str) -> dict[str, Floats]:
    """Read several fields of many values, as one array each."""
    values = chain.from_iterable(map(attrgetter(*names), rows))
    table = np.fromiter(values, float, len(rows) * len(names)).reshape(len(rows), len(names))
    return dict(zip(names, table.T, strict=True))
