from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.scene.measure import measure
from detector.scene.path import Path
from detector.scene.tracking import TrackOptions, track
from detector.taxonomy import BY_NAME, CLASSES
from detector.types import Pose
from tests.detector.street import CAMERA, PLANE, Damage, boxes, drive, on_plane

SIZES = {  # least and greatest length and width, m
    "pothole": (0.3, 0.9, 0.3, 0.9),
    "transverse_crack": (0.05, 0.3, 1.0, 3.0),
    "longitudinal_crack": (1.0, 8.0, 0.05, 0.3),
    "alligator_crack": (1.0, 3.0, 0.6, 1.5),
    "ravelling": (2.0, 10.0, 0.8, 2.0),
}


def street(seed: int, count: int, metres: float) -> list[Damage]:
    """Damages at random places, at least 1.5 m between any two."""
    rng = np.random.default_rng(seed)
    damages: list[Damage] = []
    for _ in range(count * 5):
        name = str(rng.choice(list(SIZES)))
        a, b, c, d = SIZES[name]
        new = Damage(name, rng.uniform(20, metres - 5), rng.uniform(-3, 3), rng.uniform(a, b), rng.uniform(c, d))
        if all(_gap(new, old) > 1.5 for old in damages) and len(damages) < count:
            damages.append(new)
    return damages


def _gap(a: Damage, b: Damage) -> float:
    return max(abs(a.s - b.s) - (a.length + b.length) / 2, abs(a.t - b.t) - (a.width + b.width) / 2)


def survey(frames, damages, curvature=0.0, options=None):
    looks = [measure(f.index, boxes(f, damages, curvature), CAMERA).looks for f in frames]
    return track(frames, looks, [CAMERA] * len(frames), options)


def found(defects, damages, curvature=0.0) -> Counter:
    """How many defects lie on each damage: of its kind, with the middle within a metre."""
    hits = Counter()
    for defect in defects:
        place = np.array(PLANE(defect.lon, defect.lat))
        for damage in damages:
            error = np.hypot(*(on_plane(damage.s, damage.t, curvature) - place))
            if error < 1.0 and CLASSES[damage.class_id].kind is CLASSES[defect.class_id].kind:
                hits[damage] += 1
    return hits


# Counting is estimation: of some 900 damages one is counted wrongly, in the sharpest bend. The same streets every time.
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 15), curvature=st.sampled_from([0.0, 0.004, 0.012, -0.016]))
def test_perfect_boxes_give_every_damage_exactly_once(seed, count, curvature):
    damages = street(seed, count, 80.0)
    defects = survey(drive(80.0, curvature), damages, curvature)
    counted = found(defects, damages, curvature)
    may_miss = int(abs(curvature) > 1 / 80)  # m-1: sharper than 80 m
    assert sum(counted[d] != 1 for d in damages) <= may_miss
    assert abs(len(defects) - len(damages)) <= may_miss


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1), level=st.floats(-0.3, 0.3), height=st.floats(0.95, 1.05))
def test_a_nodding_car_and_a_camera_that_is_off_change_no_count(seed, level, height):
    rng = np.random.default_rng(seed)
    damages = street(seed, 16, 100.0)
    frames = drive(100.0)
    nod = level + rng.uniform(-1, 1, len(frames))
    taken = [replace(CAMERA, pitch_deg=CAMERA.pitch_deg + n, height_m=CAMERA.height_m * height) for n in nod]
    looks = [measure(f.index, boxes(f, damages, camera=c), CAMERA).looks for f, c in zip(frames, taken, strict=True)]
    defects = track(frames, looks, [CAMERA] * len(frames))
    counted = found(defects, damages)
    assert sum(counted[d] == 1 for d in damages) >= len(damages) - 2
    assert abs(len(defects) - len(damages)) <= 2


def test_place_and_size_on_a_straight_road():
    damages = [
        Damage("pothole", 30.0, 1.2, 0.6, 0.8),
        Damage("transverse_crack", 40.0, 0.0, 0.1, 3.0),
        Damage("longitudinal_crack", 50.0, -1.0, 6.0, 0.1),
    ]
    defects = survey(drive(60.0), damages)
    assert [d.id for d in defects] == [1, 2, 3]
    for damage, defect in zip(damages, defects, strict=True):
        assert defect.class_id == damage.class_id
        assert PLANE(defect.lon, defect.lat) == pytest.approx((-damage.t, damage.s), abs=0.1)
        assert defect.left_m == pytest.approx(damage.t, abs=0.03)
        assert (defect.length_m, defect.width_m) == pytest.approx((damage.length, damage.width), abs=0.05)
        assert defect.score == defect.looks[defect.best_look].detection.score
        assert len({k.frame_index for k in defect.looks}) == len(defect.looks) >= 2
        assert 2.0 < defect.sigma_m < 3.0  # the pose's 2 m and a little more


@pytest.mark.parametrize("curvature", [0.0, 0.01])
def test_damage_longer_than_the_view_grows_along_the_road(curvature):
    strip = Damage("ravelling", 60.0, -1.0, 70.0, 1.5)
    (defect,) = survey(drive(110.0, curvature), [strip], curvature)
    assert defect.length_m == pytest.approx(70.0, abs=1.5)
    assert defect.left_m == pytest.approx(-1.0, abs=0.4)


def test_a_crack_shown_piece_by_piece_is_one_crack():
    frames = drive(90.0)
    looks = []
    for frame in frames:
        s = frame.pose.distance_m
        piece = Damage("longitudinal_crack", s + 8.0, 0.5, 6.0, 0.1)  # the detector shows 5..11 m ahead only
        seen = boxes(frame, [piece]) if 15 <= s <= 60 else []
        looks.append(measure(frame.index, seen, CAMERA).looks)
    (defect,) = track(frames, looks, [CAMERA] * len(frames))
    assert defect.length_m == pytest.approx(51.0, abs=4.0)


def test_neighbours_are_never_chained_into_one():
    row = [Damage("pothole", 20.0 + 1.9 * i, 0.5, 0.3, 0.3) for i in range(20)]
    defects = survey(drive(65.0), row)
    assert found(defects, row) == Counter(row)


def test_a_crack_that_changes_class_is_one_defect_of_the_likeliest_class():
    frames = drive(40.0)
    crack = Damage("alligator_crack", 25.0, 0.0, 2.0, 1.0)
    looks = []
    for frame in frames:
        seen = boxes(frame, [crack])
        name, score = ("transverse_crack", 0.4) if frame.index % 3 == 0 else ("alligator_crack", 0.6)
        seen = [replace(d, class_id=BY_NAME[name].id, score=score) for d in seen]
        looks.append(measure(frame.index, seen, CAMERA).looks)
    (defect,) = track(frames, looks, [CAMERA] * len(frames))
    assert CLASSES[defect.class_id].name == "alligator_crack"
    assert defect.score == 0.6


def test_two_boxes_on_one_damage_are_one_defect():
    frames = drive(40.0)
    crack = Damage("alligator_crack", 25.0, 0.0, 2.0, 1.0)
    part = Damage("longitudinal_crack", 25.1, 0.1, 1.2, 0.3)
    looks = [measure(f.index, boxes(f, [crack, part]), CAMERA).looks for f in frames]
    assert len(track(frames, looks, [CAMERA] * len(frames))) == 1


def test_a_pothole_in_a_ravelled_strip_stays_a_pothole():
    both = [Damage("ravelling", 30.0, 0.0, 8.0, 2.0), Damage("pothole", 30.0, 0.2, 0.5, 0.5)]
    assert Counter(d.class_id for d in survey(drive(45.0), both)) == Counter(d.class_id for d in both)


def test_frames_that_miss_the_damage_do_not_split_it():
    frames = drive(40.0)
    pothole = Damage("pothole", 30.0, 0.5, 0.5, 0.5)
    looks = [measure(f.index, boxes(f, [pothole]) if f.index % 3 else [], CAMERA).looks for f in frames]
    assert len(track(frames, looks, [CAMERA] * len(frames))) == 1


def test_a_single_weak_look_is_dropped_only_where_more_should_have_been_seen():
    frames = drive(40.0)
    pothole = Damage("pothole", 25.0, 0.5, 0.5, 0.5)

    def seen_once(score, of):
        looks = [[] for _ in of]
        detections = [replace(d, score=score) for d in boxes(of[-1], [pothole])]
        looks[-1] = measure(of[-1].index, detections, CAMERA).looks
        return looks

    early = frames[:5]  # the drive ends before the damage comes near
    for of, score, kept in ((frames[:7], 0.9, 1), (frames[:7], 0.3, 0), (early, 0.3, 1), (early, 0.2, 0)):
        assert len(track(of, seen_once(score, of), [CAMERA] * len(of))) == kept
    assert track(early, seen_once(0.9, early), [CAMERA] * 5, TrackOptions(min_looks=2)) == []


def test_standing_still_adds_looks_but_no_defects():
    frames = drive(15.0)
    frames += [replace(frames[-1], index=frames[-1].index + i) for i in range(1, 6)]
    pothole = Damage("pothole", 16.0, 0.5, 0.5, 0.5)
    (defect,) = survey(frames, [pothole])
    assert len(defect.looks) == len(frames)


def test_ids_do_not_depend_on_the_order_of_detections():
    damages = street(7, 12, 80.0)
    frames = drive(80.0)
    assert survey(frames, damages) == survey(frames, damages)
    places = [[(d.id, round(d.lon, 9)) for d in survey(frames, x)] for x in (damages, damages[::-1])]
    assert places[0] == places[1]


def test_nothing_seen_nothing_found():
    assert track([], [], []) == []
    frames = drive(30.0)
    assert track(frames, [[] for _ in frames], [CAMERA] * len(frames)) == []


@given(
    lon=st.floats(-170, 170),
    lat=st.floats(-70, 70),
    heading=st.floats(0, 360),
    ahead=st.floats(0, 25),
    left=st.floats(-5, 5),
)
def test_road_coordinates_and_back(lon, lat, heading, ahead, left):
    poses = [Pose(0.0, lon, lat, heading, 10.0, 2.0, 0.0)]
    path = Path(poses)
    ((s, t),) = path.road(0, np.array([[ahead, left]]), 25.0)
    assert (s, t) == pytest.approx((ahead, left), abs=1e-6)
    ((s, t),) = path.road(0, np.array([[0.0, 0.0]]), 25.0)
    assert path.place(s, t) == pytest.approx((lon, lat), abs=1e-8)  # a millimetre


def test_headings_hold_far_from_the_middle_of_the_drive():
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    far = [(5.0, 52.0), (8.0, 53.0), (8.0, 53.0001)]
    path = Path([Pose(0.0, lon, lat, 30.0, 10.0, 2.0, 0.0) for lon, lat in far])
    ((s, t),) = path.road(2, np.array([[20.0, 0.0]]), 25.0)
    lon, lat = path.place(s, t)
    azimuth, _, distance = geod.inv(*far[2], lon, lat)
    assert (azimuth, distance) == pytest.approx((30.0, 20.0), abs=0.1)
