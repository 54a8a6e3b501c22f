"""A track and detections as JSON in, road segments out."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import numpy as np
import orjson
import shapely
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import Reader
from api.context import Ctx
from api.errors import Problem, responses
from api.features.matching import Spots, locate_by_drive, locate_nearest
from api.features.served import Kept, served_state
from detector.types import Floats, Pose
from roads.matching import Matching, match
from roads.network import Network

router = APIRouter(tags=["Matching"])
RECEIVER_M = 5.0  # 1 sigma of a fix that doesn't say
FIX: dict[str, Any] = {"lon": 6.8902, "lat": 52.2201, "time": "2026-05-14T09:30:00Z"}
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Seconds = Annotated[float, Field(ge=-1e10, le=1e11)]
Time = Annotated[
    Seconds | datetime | None,
    Field(description="ISO 8601 (without a zone: UTC), or POSIX seconds, s", examples=["2026-05-14T09:30:00Z"]),
]
Accuracy = Annotated[float | None, Field(gt=0, le=1000, description="1 sigma of the place, m", examples=[5.0])]
Heading = Annotated[float | None, Field(ge=-360, le=360, description="clockwise from north, °", examples=[90.0])]
Speed = Annotated[float | None, Field(ge=0, le=200, description="speed, m/s", examples=[9.7])]


class About(BaseModel):
    """What is known of a place besides where it is."""

    model_config = ConfigDict(allow_inf_nan=False)

    time: Time = None
    accuracy_m: Accuracy = None
    heading_deg: Heading = None
    speed_mps: Speed = None


class Fix(About):
    """A place, with what is known of it."""

    lon: Lon = Field(description="longitude (WGS84), °", examples=[6.8902])
    lat: Lat = Field(description="latitude (WGS84), °", examples=[52.2201])


Position = Annotated[
    tuple[Lon, Lat] | tuple[Lon, Lat, float],
    Field(description="longitude, latitude (WGS84), °", examples=[[6.89, 52.22]]),
]


class Point(BaseModel):
    """A point (GeoJSON)."""

    type: Literal["Point"] = Field(examples=["Point"])
    coordinates: Position


class PointFeature(BaseModel):
    """A place (GeoJSON), with what is known of it among its properties."""

    type: Literal["Feature"] = Field(examples=["Feature"])
    geometry: Point
    properties: About | None = None


class Points(BaseModel):
    """Places (GeoJSON), in the order driven."""

    type: Literal["FeatureCollection"] = Field(examples=["FeatureCollection"])
    features: list[PointFeature]


class Line(BaseModel):
    """A line (GeoJSON)."""

    type: Literal["LineString"] = Field(examples=["LineString"])
    coordinates: list[Position] = Field(examples=[[[6.8902, 52.2201], [6.8909, 52.2202]]])


class Times(BaseModel):
    """When each place of a line was passed."""

    times: list[Time] | None = Field(None, description="one for each coordinate", examples=[[0.0, 7.5]])


class LineFeature(BaseModel):
    """A track as a line (GeoJSON)."""

    type: Literal["Feature"] = Field(examples=["Feature"])
    geometry: Line
    properties: Times | None = None


class MatchRequest(BaseModel):
    """A track, places of damage, or both."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    track: list[Fix] | Points | LineFeature | PointFeature | None = Field(
        None, description="where the car drove, in order", examples=[[FIX]]
    )
    detections: list[Fix] | Points | PointFeature | None = Field(
        None,
        description="places of damage. With a track they lie on the roads driven, seen from the fix nearest in time "
        "(in place, without one); without a track on the nearest road.",
        examples=[[FIX]],
    )


class Span(BaseModel):
    """A stretch of a segment that was driven in one go."""

    segment_id: str = Field(description="the segment, as the network names it", examples=["900000002"])
    name: str = Field(description="street; empty where it has none", examples=["Voorbeeldstraat"])
    from_m: float = Field(description="begin, along the segment as digitised, m", examples=[0.0])
    to_m: float = Field(description="end, along the segment as digitised, m", examples=[65.0])
    forward: bool = Field(description="whether it was driven as digitised", examples=[True])
    confidence: float | None = Field(
        description="mean of the fixes on it, 0 to 1; null: no fix lies on it", examples=[0.98]
    )


class MatchedFix(BaseModel):
    """Where a fix lies on the network."""

    matched: bool = Field(description="whether it is on a segment", examples=[True])
    segment_id: str | None = Field(description="the segment", examples=["900000002"])
    offset_m: float | None = Field(description="along the segment as digitised, m", examples=[19.13])
    distance_m: float | None = Field(description="from the fix to the segment's line, m", examples=[1.8])
    forward: bool | None = Field(description="whether it was driven as digitised", examples=[True])
    confidence: float = Field(description="that it is this segment, 0 to 1", examples=[0.99])
    lon: float | None = Field(description="longitude on the segment's line (WGS84), °", examples=[6.8902])
    lat: float | None = Field(description="latitude on the segment's line (WGS84), °", examples=[52.2201])
    reason: str | None = Field(description="why it is on none", examples=[None])


class MatchedDetection(BaseModel):
    """Where a place of damage lies on the network."""

    matched: bool = Field(description="whether it is on a segment", examples=[True])
    segment_id: str | None = Field(description="the segment", examples=["900000002"])
    offset_m: float | None = Field(description="along the segment as digitised, m", examples=[19.13])
    from_line_m: float | None = Field(
        description="from the segment's line; left of it as digitised is positive, m", examples=[-1.61]
    )
    side: Literal["left", "right"] | None = Field(description="of the segment as digitised", examples=["right"])
    confidence: float = Field(description="that it is this segment, 0 to 1", examples=[0.93])
    reason: str | None = Field(description="why it is on none", examples=[None])


class MatchAnswer(BaseModel):
    """What was driven, and where everything lies."""

    segments: list[Span] = Field(description="the path driven, in order")
    fixes: list[MatchedFix] = Field(description="as many as the track has, in its order")
    detections: list[MatchedDetection] = Field(description="as many as were given, in their order")


@router.post("/match", summary="Match to segments", response_model=MatchAnswer, responses=responses(401, 404, 413, 422))
def match_places(given: MatchRequest, context: Ctx, kept: Kept, _: Reader) -> Response:
    """Put a track, places of damage or both on the road segments of the map. Nothing of it is kept.

    A track is matched as a whole by a hidden Markov model, so a fix beside a parallel road lies on the one driven.
    """
    if not given.model_fields_set:
        raise Problem(422, "give a track, detections, or both")
    track, detections = _places(given.track), _places(given.detections)
    most = context.settings.limits.match_points
    if len(track) + len(detections) > most:
        raise Problem(
            413, f"{len(track)} fixes and {len(detections)} detections; at most {most} together are matched at once "
            "(limit match_points)"
        )  # fmt: skip
    with context.database.read() as session:
        state = served_state(session)
    network = kept.network.of(context, state)
    body: dict[str, Any] = {"segments": [], "fixes": [], "detections": []}
    if not len(track):
        body["detections"] = _detections(network, locate_nearest(network, detections))
    else:
        poses = [Pose(t, lon, lat, heading, speed, sigma, 0.0) for lon, lat, t, sigma, heading, speed in track.tolist()]
        matching = match(network, poses)
        body["segments"], body["fixes"] = _spans(network, matching), _fixes(network, matching)
        if len(detections):
            body["detections"] = _detections(network, locate_by_drive(network, poses, matching, detections))
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


def _places(given: list[Fix] | Points | LineFeature | PointFeature | None) -> Floats:
    """Places (n, 6): longitude, latitude, time, accuracy, heading, speed; nan where unknown."""
    rows: list[tuple[float, float, About | None]]
    if given is None:
        rows = []
    elif isinstance(given, list):
        rows = [(fix.lon, fix.lat, fix) for fix in given]
    elif isinstance(given, LineFeature):
        at = given.geometry.coordinates
        times = given.properties.times if given.properties else None
        if times is not None and len(times) != len(at):
            raise Problem(422, f"track: {len(times)} times for {len(at)} coordinates; give one for each")
        rows = [(p[0], p[1], About(time=t)) for p, t in zip(at, times or [None] * len(at), strict=True)]
    else:
        features = [given] if isinstance(given, PointFeature) else given.features
        rows = [(f.geometry.coordinates[0], f.geometry.coordinates[1], f.properties) for f in features]
    table = [
        (
            lon,
            lat,
            _seconds(known.time if known else None),
            (known.accuracy_m if known else None) or RECEIVER_M,
            np.nan if known is None or known.heading_deg is None else known.heading_deg,
            np.nan if known is None or known.speed_mps is None else known.speed_mps,
        )
        for lon, lat, known in rows
    ]
    return np.array(table, float).reshape(len(table), 6)


def _seconds(time: float | datetime | None) -> float:
    if time is None:
        return np.nan
    if isinstance(time, datetime):
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    return float(time)


def _spans(network: Network, matching: Matching) -> list[dict[str, Any]]:
    ids, names = (network.segments[column].to_numpy(object) for column in ("segment_id", "name"))
    on = matching.segment >= 0
    n = len(network.segments)
    fixes = np.bincount(matching.segment[on], minlength=n)
    sure = np.bincount(matching.segment[on], matching.confidence[on], n)
    return [
        {
            "segment_id": ids[span.segment],
            "name": names[span.segment],
            "from_m": round(span.from_m, 2),
            "to_m": round(span.to_m, 2),
            "forward": bool(span.forward),
            "confidence": round(sure[span.segment] / fixes[span.segment], 3) if fixes[span.segment] else None,
        }
        for span in matching.spans
    ]


def _fixes(network: Network, matching: Matching) -> list[dict[str, Any]]:
    ids = network.segments["segment_id"].to_numpy(object)
    on = np.flatnonzero(matching.segment >= 0)
    lines = network.segments.geometry.to_numpy()[matching.segment[on]]
    places = np.full((len(matching.segment), 2), np.nan)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines, matching.offset_m[on]))
    places[on] = np.column_stack(network.to_degrees(xy)) if len(on) else xy
    rows = zip(
        matching.segment.tolist(),
        matching.offset_m.round(2).tolist(),
        matching.distance_m.round(2).tolist(),
        matching.forward.tolist(),
        matching.confidence.round(3).tolist(),
        places.round(7).tolist(),
        matching.reason,
        strict=True,
    )
    none = {"matched": False, "segment_id": None, "offset_m": None, "distance_m": None, "forward": None}
    return [
        none | {"confidence": 0.0, "lon": None, "lat": None, "reason": reason}
        if segment < 0
        else {
            "matched": True,
            "segment_id": ids[segment],
            "offset_m": offset,
            "distance_m": distance,
            "forward": forward,
            "confidence": confidence,
            "lon": place[0],
            "lat": place[1],
            "reason": None,
        }
        for segment, offset, distance, forward, confidence, place, reason in rows
    ]


def _detections(network: Network, spots: Spots) -> list[dict[str, Any]]:
    ids = network.segments["segment_id"].to_numpy(object)
    rows = zip(
        spots.segment.tolist(),
        spots.offset_m.round(2).tolist(),
        spots.from_line_m.round(2).tolist(),
        spots.confidence.round(3).tolist(),
        spots.reason.tolist(),
        strict=True,
    )
    none = {"matched": False, "segment_id": None, "offset_m": None, "from_line_m": None, "side": None}
    return [
        none | {"confidence": 0.0, "reason": reason}
        if segment < 0
        else {
            "matched": True,
            "segment_id": ids[segment],
            "offset_m": offset,
            "from_line_m": from_line,
            "side": "left" if from_line >= 0 else "right",
            "confidence": confidence,
            "reason": None,
        }
        for segment, offset, from_line, confidence, reason in rows
    ]
