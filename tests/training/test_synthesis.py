import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import geopandas as gpd
import gpxpy
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import SettingsError
from detector.scene.camera import Camera, read_camera
from detector.taxonomy import CLASSES
from training.synthesis.axis import Axis, make_axis
from training.synthesis.pictures import pictures, prepare, render_pictures
from training.synthesis.street import Damage, Street, draw_damage
from training.synthesis.survey import DAYLIGHT, render_survey
from training.synthesis.texture import Pyramid
from training.synthesis.view import Place, render, visible_box

axes = st.lists(st.tuples(st.floats(20, 80), st.floats(-0.01, 0.01)), min_size=1, max_size=4).map(
    lambda stretches: make_axis(stretches, 1000.0, 2000.0, 0.5)
)


@settings(max_examples=30, deadline=None)
@given(axes, st.floats(0, 1), st.floats(-8, 8))
def test_axis_there_and_back(axis: Axis, share: float, t: float) -> None:
    road = np.array([[share * axis.length, t]])
    assert axis.locate(axis.place(road)) == pytest.approx(road, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(axes)
def test_axis_is_smooth_and_as_long_as_its_stations(axis: Axis) -> None:
    s = np.linspace(0, axis.length, 2001)
    steps = np.diff(axis.place(np.column_stack([s, np.zeros_like(s)])), axis=0)
    assert np.hypot(*steps.T) == pytest.approx(np.diff(s), rel=1e-5)
    assert np.arctan2(steps[:, 1], steps[:, 0]) == pytest.approx(axis.direction((s[1:] + s[:-1]) / 2), abs=1e-3)


def test_axis_bends_to_the_left_with_positive_curvature() -> None:
    quarter = make_axis([(math.pi / 2 * 10, 0.1)])
    assert quarter.place(np.array([[quarter.length, 0.0]])) == pytest.approx(np.array([[10.0, 10.0]]))
    assert quarter.place(np.array([[0.0, 2.0]])) == pytest.approx(np.array([[0.0, 2.0]]))


@pytest.mark.parametrize("class_id", [c.id for c in CLASSES])
def test_damage_is_one_polygon_on_the_road_with_the_shape_of_its_class(class_id: int) -> None:
    for seed in range(8):
        damage = draw_damage(np.random.default_rng(seed), class_id, 3.0)
        assert damage.outline.is_valid
        assert damage.outline.geom_type == "Polygon"
        assert abs(damage.centre[1]) < 3.0
        assert 0 < damage.area_m2 < damage.length_m * damage.width_m
        for stroke in damage.strokes:
            assert shapely.LineString(stroke.points).within(damage.outline.buffer(1e-6))
        if CLASSES[class_id].name == "longitudinal_crack":
            assert damage.length_m > damage.width_m
        if CLASSES[class_id].name == "transverse_crack":
            assert damage.width_m > damage.length_m


def test_pyramid_finds_places_exactly_at_every_level() -> None:
    # A ramp has the same colour at the same place however coarse it is looked at.
    rows, columns = 512, 96
    ramp = np.round(np.add.outer(np.arange(rows) * 0.3, np.arange(columns) * 0.5)).astype(np.uint8)
    pyramid = Pyramid(ramp, 5.0, -1.0, 0.02, 0.02)
    s, t = np.meshgrid(np.linspace(7, 13, 20), np.linspace(-0.5, 0.4, 10))
    expected = ((s - 5.0) / 0.02 - 0.5) * 0.3 + ((t + 1.0) / 0.02 - 0.5) * 0.5
    for footprint in (0.02, 0.05, 0.16, 0.3):
        found = pyramid.look_up(s, t, np.full_like(s, footprint))
        assert np.abs(found - expected).max() < 1.5


CAMERA = Camera(480, 320, 420.0, 240.0, 160.0, 1.4, 6.0, yaw_deg=1.0, roll_deg=0.5)


def _street(damages: tuple[Damage, ...]) -> Street:
    return Street(make_axis([(40.0, 0.004)]), 3.0, damages, (), 7)


@pytest.mark.parametrize("class_id", [c.id for c in CLASSES])
def test_box_holds_exactly_the_pixels_that_the_damage_changes(class_id: int) -> None:
    damage = draw_damage(np.random.default_rng(class_id), class_id, 3.0).moved(9.0)
    calm = replace(DAYLIGHT, noise=0.0, blur_px=0.0)
    shots = []
    for damages in ((damage,), ()):
        stage = replace(prepare(_street(damages), np.random.default_rng(3)), billboards=())
        shots.append(render(stage, CAMERA, PLACE, calm, np.random.default_rng(4)).astype(int))
    changed = np.argwhere(np.abs(shots[0] - shots[1]).max(axis=2) > 3)
    assert len(changed) > 20
    box = visible_box(damage, _street((damage,)), CAMERA, PLACE)
    assert box is not None
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0) + 1
    x0, y0, x1, y1 = box
    assert left >= x0 - 2
    assert top >= y0 - 2
    assert right <= x1 + 2
    assert bottom <= y1 + 2
    # And it is no larger than it need be: thin ends fade, so some slack.
    assert (right - left) * (bottom - top) > 0.5 * (x1 - x0) * (y1 - y0)


PLACE = Place(0.0, -1.5, 0.01)


def test_damage_behind_or_far_away_has_no_box() -> None:
    damage = draw_damage(np.random.default_rng(0), 3, 3.0)
    street = _street((damage,))
    assert visible_box(damage.moved(-8.0), street, CAMERA, PLACE) is None
    assert visible_box(damage.moved(30.0), street, CAMERA, PLACE) is None
    assert visible_box(damage.moved(12.0), street, CAMERA, PLACE) is not None


def test_bonnet_hides_what_is_near() -> None:
    damage = draw_damage(np.random.default_rng(1), 0, 3.0).moved(3.0)
    open_view = visible_box(damage, _street((damage,)), CAMERA, PLACE)
    hidden = visible_box(damage, _street((damage,)), CAMERA, PLACE, bonnet=0.3)
    assert open_view is not None
    assert hidden is not None
    assert hidden[3] == pytest.approx(320 * 0.7)
    assert hidden[3] < open_view[3]


def test_pictures_are_the_same_for_the_same_seed_only() -> None:
    first, again, other = (list(pictures(2, seed, 128)) for seed in (5, 5, 6))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.boxes, b.boxes)
    assert not np.array_equal(first[0].image, other[0].image)


def test_training_pictures_on_disk(tmp_path: Path) -> None:
    folder = render_pictures(tmp_path / "rendered", 9, seed=1, size=160)
    images = sorted((folder / "images").glob("*.jpg"))
    labels = sorted((folder / "labels").glob("*.txt"))
    assert [p.stem for p in images] == [p.stem for p in labels]
    assert len(images) == 9
    assert cv2.imread(str(images[0])).shape == (160, 160, 3)
    rows = [line.split() for path in labels for line in path.read_text().splitlines()]
    assert rows
    for class_text, *numbers in rows:
        cx, cy, w, h = map(float, numbers)
        assert int(class_text) in range(5)
        assert cx - w / 2 + 1e-6 >= 0
        assert cx + w / 2 <= 1 + 1e-6
        assert cy - h / 2 + 1e-6 >= 0
        assert cy + h / 2 <= 1 + 1e-6
    assert [p.name for p in tmp_path.iterdir()] == ["rendered"]


def test_impossible_counts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't render 0 pictures"):
        render_pictures(tmp_path / "rendered", 0, seed=1)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survey") / "drive"
    return render_survey(folder, seed=2, seconds=1.6, width=320, height=192, noise_rms_m=1.7)


@pytest.fixture(scope="module")
def truth(survey: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((survey / "truth.json").read_text())
    return content


def test_survey_has_all_its_files(survey: Path) -> None:
    names = {"camera.yaml", "drive.gpx", "drive.mp4", "network.gpkg", "truth.json"}
    assert {p.name for p in survey.iterdir()} == names


def test_video_has_the_frames_of_the_truth_at_uneven_times(survey: Path, truth: dict[str, Any]) -> None:
    with av.open(str(survey / "drive.mp4")) as container:
        assert container.metadata["creation_time"] == "2024-05-14T09:30:00.000000Z"
        assert container.streams.video[0].codec_context.name == "h264"
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([frame["media_time_s"] for frame in truth["frames"]], abs=1e-6)
    assert times[0] == 0
    assert len({round(b - a, 4) for a, b in pairwise(times)}) > 3


def test_every_class_is_in_the_survey(truth: dict[str, Any]) -> None:
    assert {damage["class"] for damage in truth["damages"]} == {c.name for c in CLASSES}
    assert len({damage["segment_id"] for damage in truth["damages"]}) >= 3


def test_places_in_the_truth_agree_with_pose_and_camera(survey: Path, truth: dict[str, Any]) -> None:
    """From a frame's lon, lat and heading alone, the camera sees each damage where the truth's boxes are."""
    geod = pyproj.Geod(ellps="WGS84")
    camera, checked = read_camera(survey / "camera.yaml"), 0
    for frame in truth["frames"]:
        now = replace(camera, pitch_deg=frame["pitch_deg"])
        for seen in frame["boxes"]:
            lon, lat = np.array(truth["damages"][seen["damage"]]["outline"]).T
            here = np.full(len(lon), frame["lon"]), np.full(len(lon), frame["lat"])
            azimuth, _, distance = geod.inv(*here, lon, lat)
            turn = np.radians(azimuth - frame["heading_deg"])
            ground = np.column_stack([distance * np.cos(turn), -distance * np.sin(turn)])
            if ground[:, 0].min() < 3 or ground[:, 0].max() > 24.9:
                continue
            u, v = now.project(ground).T
            x0, y0, x1, y1 = seen["box"]
            if x0 <= 0 or x1 >= camera.width or y1 >= camera.height:
                continue
            corners = now.ground(np.array([[x0, (y0 + y1) / 2], [x1, (y0 + y1) / 2]]))
            shifted = now.ground(np.array([[u.min(), (y0 + y1) / 2], [u.max(), (y0 + y1) / 2]]))
            assert np.abs(corners - shifted).max() < 0.03
            assert v.min() == pytest.approx(y0, abs=0.05)
            assert v.max() == pytest.approx(y1, abs=0.05)
            checked += 1
    assert checked >= 5


def test_frames_and_damage_lie_on_their_segments(survey: Path, truth: dict[str, Any]) -> None:
    network = gpd.read_file(survey / "network.gpkg")
    assert network.crs.to_epsg() == 28992
    assert {"wvk_id", "stt_naam", "rijrichtng"} <= set(network.columns)
    assert network.geometry.is_simple.all()
    assert network.wvk_id.is_unique
    assert len(network) > 15
    lines = dict(zip(network.wvk_id.astype(str), network.geometry, strict=True))
    for thing in (*truth["frames"], *truth["damages"]):
        place = gpd.GeoSeries([shapely.Point(thing["lon"], thing["lat"])], crs=4326).to_crs(28992).iloc[0]
        line = lines[thing["segment_id"]]
        assert line.project(place) == pytest.approx(thing["offset_m"], abs=0.1)
        if "left_of_axis_m" in thing:
            assert line.distance(place) == pytest.approx(abs(thing["left_of_axis_m"]), abs=0.02)


def test_streets_meet_at_shared_ends(survey: Path) -> None:
    network = gpd.read_file(survey / "network.gpkg")
    ends = [point for line in network.geometry for point in (line.coords[0], line.coords[-1])]
    rounded = [(round(x, 3), round(y, 3)) for x, y in ends]
    loose = [point for point in set(rounded) if rounded.count(point) == 1]
    assert len(loose) == 2  # where the street leaves the map


def test_track_has_the_noise_that_was_asked_for(survey: Path, truth: dict[str, Any]) -> None:
    with (survey / "drive.gpx").open() as file:
        points = gpxpy.parse(file).tracks[0].segments[0].points
    times = np.array([point.time.timestamp() for point in points]) - truth["start_s"]
    assert np.diff(times) == pytest.approx(1.0)
    assert times[0] < 0
    assert times[-1] > truth["frames"][-1]["media_time_s"]
    assert read_track_rms(points, survey) == pytest.approx(1.7, abs=0.01)


def read_track_rms(points: list[Any], survey: Path) -> float:
    """RMS distance of the fixes to where the car was, from a second drive without noise."""
    exact = render_survey(survey.parent / "exact", seed=2, seconds=1.6, width=64, height=48, fps=2, noise_rms_m=0.0)
    with (exact / "drive.gpx").open() as file:
        places = gpxpy.parse(file).tracks[0].segments[0].points
    geod = pyproj.Geod(ellps="WGS84")
    apart = [geod.inv(a.longitude, a.latitude, b.longitude, b.latitude)[2] for a, b in zip(points, places, strict=True)]
    return math.sqrt(float(np.mean(np.square(apart))))
