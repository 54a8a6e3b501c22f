"""A rendered survey: a car drives along a street in Enschede that doesn't exist, with the exact truth beside it.

The folder holds what a real survey has (`drive.mp4`, `drive.gpx`, `network.gpkg`, `camera.yaml`) and `truth.json`.
The plane is EPSG:28992; the street's axis is the line of the network's driven segments.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import gpxpy.gpx
import numpy as np
import pyproj
import shapely

from detector.files import atomic_folder
from detector.scene.camera import Camera, write_camera
from detector.taxonomy import CLASSES
from detector.types import Floats, Image
from training.synthesis.axis import make_axis
from training.synthesis.drive import GENTLE, Drive, Moment, Swing, receiver_error
from training.synthesis.pictures import prepare
from training.synthesis.roadmap import JUNCTIONS_M, Segment, lay_network, segment_at, write_network
from training.synthesis.street import ALLIGATOR, LONGITUDINAL, POTHOLE, RAVELLING, TRANSVERSE, Street, Wish, plan_street
from training.synthesis.surface import Asphalt
from training.synthesis.view import Light, render, visible_box

START = datetime(2024, 5, 14, 9, 30, tzinfo=UTC)  # media time 0
ORIGIN = (6.89, 52.22)  # lon, lat of the axis' start
DIRECTION = math.radians(32)  # of the axis at its start, anticlockwise from grid east
HALF_WIDTH_M = 3.1
FIRST_S = 10.0  # where the drive begins
SPEED_MPS = 13.0
TICK = Fraction(1, 1000)  # presentation times are whole milliseconds
FIXES_BEYOND_S = 3  # the track starts before the video and ends after it

# Good, bad and fair: one short list of damage for each driven segment.
DAMAGE = (
    (LONGITUDINAL, POTHOLE, TRANSVERSE),
    (ALLIGATOR, RAVELLING, POTHOLE, LONGITUDINAL, TRANSVERSE, ALLIGATOR, RAVELLING, POTHOLE, POTHOLE, TRANSVERSE),
    (RAVELLING, TRANSVERSE, LONGITUDINAL, POTHOLE, ALLIGATOR),
    (LONGITUDINAL,),
)
ASPHALT = Asphalt(grey=122.0, tint=(1.01, 1.0, 0.99), wheel_paths=-0.03, blotchiness=0.06)
DAYLIGHT = Light(
    exposure=1.0,
    tint=(1.0, 1.0, 0.99),
    contrast=1.0,
    vignette=0.15,
    noise=2.0,
    blur_px=0.4,
    sky=(np.array([120.0, 158.0, 208.0]), np.array([206.0, 216.0, 226.0])),
    clouds=0.6,
)


def render_survey(
    folder: Path,
    seed: int = 0,
    *,
    seconds: float = 14.0,
    width: int = 960,
    height: int = 544,
    fps: float = 10.0,
    noise_rms_m: float = 2.0,
    speed_mps: float = SPEED_MPS,
    nod: Sequence[Swing] = GENTLE,
    camera: Camera | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render a drive of some seconds into a new folder and return it; an old folder of that name is replaced.

    The truth lists every damage that a frame shows nearer than `view.FAR_M`, however small its box has become; its
    places are WGS84 longitude and latitude, and `offset_m` counts along the segment as digitised.

    Frames come at `fps` on average, but not evenly. `noise_rms_m` is the exact RMS of the track's horizontal error.
    `camera` has the pictures' size; None takes a usual one. The street is 280 m long and runs on for 70 m at both ends.
    `progress` is told frames done and frames in all.
    """
    rng = np.random.default_rng(seed)
    street = _plan(rng)
    camera = camera or Camera(width, height, width * 0.87, width / 2, height / 2, 1.32, 4.2, 0.6, 0.3, calibrated=True)
    times = _frame_times(rng, seconds, fps)
    drive = Drive(street, speed_mps, FIRST_S, nod)
    moments = [drive.at(float(time_s)) for time_s in times]
    segments = lay_network(street.axis)
    to_wgs84 = pyproj.Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)
    with atomic_folder(folder) as temporary:
        write_camera(camera, temporary / "camera.yaml")
        write_network(segments, temporary / "network.gpkg")
        (temporary / "drive.gpx").write_text(_track(rng, drive, seconds, noise_rms_m, to_wgs84))
        truth = _truth(street, camera, moments, segments, to_wgs84)
        (temporary / "truth.json").write_text(json.dumps(truth, indent=1))
        _film(temporary / "drive.mp4", street, camera, moments, rng, progress)
    return folder


def _plan(rng: np.random.Generator) -> Street:
    to_rd = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:28992", always_xy=True)
    x, y = to_rd.transform(*ORIGIN)
    end = JUNCTIONS_M[-1]
    axis = make_axis([(80, 0.0), (70, 1 / 190), (60, 0.0), (end - 210, -1 / 260)], x, y, DIRECTION)
    stretches = zip(pairwise(JUNCTIONS_M), DAMAGE, strict=True)
    # Nearer to its start than this the drive sees nothing, and near a junction a damage would lie on two segments.
    wanted = [Wish(c, max(a, FIRST_S) + 4, b - 2) for (a, b), classes in stretches for c in classes]
    return plan_street(rng, axis, HALF_WIDTH_M, wanted, clutter=24)


def _frame_times(rng: np.random.Generator, seconds: float, fps: float) -> Floats:
    """Presentation times, shape (n,), in whole ticks, the first at 0."""
    count = max(int(seconds * fps), 2)
    uneven = np.arange(count) + np.concatenate([[0.0], rng.uniform(-0.2, 0.2, count - 1)])
    times: Floats = np.round(uneven / fps / float(TICK)) * float(TICK)
    return times


def _film(
    path: Path,
    street: Street,
    camera: Camera,
    moments: Sequence[Moment],
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None,
) -> None:
    stage = prepare(street, rng, asphalt=ASPHALT)
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = START.isoformat()
        # Without B-frames the stored times start at 0.
        stream = container.add_stream("libx264", options={"preset": "veryfast", "crf": "21", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = camera.width, camera.height, "yuv420p"
        stream.codec_context.time_base = TICK
        for i, moment in enumerate(moments):
            image = render(stage, _camera_at(camera, moment), moment.place, DAYLIGHT, rng)
            container.mux(stream.encode(_video_frame(image, moment.time_s)))
            if progress is not None:
                progress(i + 1, len(moments))
        container.mux(stream.encode())


def _video_frame(image: Image, time_s: float) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    frame.pts, frame.time_base = round(time_s / float(TICK)), TICK
    return frame


def _camera_at(camera: Camera, moment: Moment) -> Camera:
    return replace(camera, pitch_deg=camera.pitch_deg + moment.pitch_deg)


def _track(
    rng: np.random.Generator, drive: Drive, seconds: float, noise_rms_m: float, to_wgs84: pyproj.Transformer
) -> str:
    """GPX at 1 Hz."""
    times = np.arange(-FIXES_BEYOND_S, math.ceil(seconds) + FIXES_BEYOND_S + 1, dtype=np.float64)
    error = receiver_error(rng, times, noise_rms_m)
    segment = gpxpy.gpx.GPXTrackSegment()
    for time_s, (dx, dy) in zip(times, error, strict=True):
        place = drive.at(float(time_s)).place
        lon, lat = to_wgs84.transform(place.x + dx, place.y + dy)
        when = datetime.fromtimestamp(START.timestamp() + float(time_s), UTC)
        segment.points.append(gpxpy.gpx.GPXTrackPoint(round(lat, 8), round(lon, 8), time=when))
    gpx = gpxpy.gpx.GPX()
    gpx.tracks.append(gpxpy.gpx.GPXTrack("Rendered drive"))
    gpx.tracks[0].segments.append(segment)
    return str(gpx.to_xml())


def _truth(
    street: Street,
    camera: Camera,
    moments: Sequence[Moment],
    segments: Sequence[Segment],
    to_wgs84: pyproj.Transformer,
) -> dict[str, Any]:
    """Return everything that is known, ready for JSON: places in WGS84, boxes as x0, y0, x1, y1 in pixels."""
    geod = pyproj.Geod(ellps="WGS84")
    frames, damages = [], []
    for index, moment in enumerate(moments):
        here = moment.place
        lon, lat = to_wgs84.transform(here.x, here.y)
        ahead = to_wgs84.transform(here.x + math.cos(here.direction), here.y + math.sin(here.direction))
        segment, offset_m = segment_at(segments, moment.s)
        seen = [(i, visible_box(d, street, _camera_at(camera, moment), here)) for i, d in enumerate(street.damages)]
        frames.append(
            {
                "index": index,
                "media_time_s": moment.time_s,
                "lon": lon,
                "lat": lat,
                "heading_deg": geod.inv(lon, lat, *ahead)[0] % 360,
                "segment_id": segment.segment_id,
                "offset_m": offset_m,
                "forward": not segment.reversed,
                "pitch_deg": camera.pitch_deg + moment.pitch_deg,
                "boxes": [{"damage": i, "box": [round(v, 2) for v in box]} for i, box in seen if box is not None],
            }
        )
    for i, damage in enumerate(street.damages):
        s, t = damage.centre
        segment, offset_m = segment_at(segments, s)
        lon, lat = to_wgs84.transform(*street.axis.place(np.array([[s, t]]))[0])
        outline = street.axis.place(shapely.get_coordinates(damage.outline.exterior))
        damages.append(
            {
                "id": i,
                "class": CLASSES[damage.class_id].name,
                "lon": lon,
                "lat": lat,
                "segment_id": segment.segment_id,
                "offset_m": offset_m,
                "left_of_axis_m": t,
                "length_m": damage.length_m,
                "width_m": damage.width_m,
                "area_m2": damage.area_m2,
                "outline": np.round(np.column_stack(to_wgs84.transform(*outline.T)), 9).tolist(),
            }
        )
    return {
        "start": START.isoformat(),
        "start_s": START.timestamp(),
        "crs": "EPSG:4326",
        "camera": asdict(camera),
        "half_width_m": street.half_width_m,
        "frames": frames,
        "damages": damages,
    }
