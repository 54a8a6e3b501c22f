import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.scene.camera import Camera, default_camera
from detector.scene.measure import Reach, area_m2, ground_sigma, height_sigma, measure, pitch_sigma, size_sigma
from detector.taxonomy import BY_NAME
from detector.types import Detection, Look
from tests.detector.street import CAMERA, Damage, boxes, drive

FRAME = drive(3.0)[0]
POTHOLE = BY_NAME["pothole"].id


@given(
    s=st.floats(6, 20),
    t=st.floats(-2, 2),
    length=st.floats(0.3, 5),
    width=st.floats(0.02, 2),
    yaw=st.floats(-5, 5),
    pitch=st.floats(2, 12),
    roll=st.floats(-3, 3),
    name=st.sampled_from(["longitudinal_crack", "transverse_crack"]),
)
def test_the_box_of_a_rectangle_on_the_road_gives_that_rectangle(name, s, t, length, width, yaw, pitch, roll):
    camera = Camera(1280, 720, 600.0, 640.0, 360.0, 1.4, pitch, yaw, roll)
    damage = Damage(name, s + length / 2 - 2, t, length, width)
    seen = boxes(FRAME, [damage], camera=camera)
    if not seen or not _inside(seen[0].box, camera):
        return
    (look,) = measure(0, seen, camera).looks
    assert look.near_m == pytest.approx(damage.s - length / 2, abs=0.02)
    assert look.far_m == pytest.approx(min(damage.s + length / 2, 25), abs=0.05)
    assert look.right_m == pytest.approx(t - width / 2, abs=0.04)
    assert look.left_m == pytest.approx(t + width / 2, abs=0.04)


def _inside(box, camera):
    x0, y0, x1, y1 = box
    return x0 > 2 and y0 > 2 and x1 < camera.width - 2 and y1 < camera.height - 2


def test_a_crack_beside_the_car_is_thin_though_its_box_is_wide():
    crack = Damage("longitudinal_crack", 10.0, -1.5, 8.0, 0.05)
    (detection,) = boxes(FRAME, [crack])
    assert detection.box[2] - detection.box[0] > 100
    (look,) = measure(0, [detection], CAMERA).looks
    assert look.left_m - look.right_m < 0.1
    assert look.far_m - look.near_m == pytest.approx(8.0, abs=0.01)


def test_an_oblique_crack_gives_the_rectangle_that_it_crosses():
    pixels = CAMERA.project([[8.0, 0.5], [9.0, 0.9]])  # runs away to the left, against the perspective
    box = (pixels[1, 0], pixels[1, 1], pixels[0, 0], pixels[0, 1])
    (look,) = measure(0, [Detection(tuple(map(float, box)), 0.5, 0)], CAMERA).looks
    assert (look.near_m, look.far_m) == pytest.approx((8.0, 9.0))
    assert look.left_m >= look.right_m


@pytest.mark.parametrize(
    ("ahead", "reach", "reason"),
    [
        (None, Reach(), "above the horizon"),
        (40.0, Reach(), "farther than 25 m"),
        (40.0, Reach(far_m=30), "farther than 30 m"),
        (6.0, Reach(near_m=8.0), "on the bonnet"),
    ],
)
def test_a_box_off_the_measured_road_is_rejected_with_its_reason(ahead, reach, reason):
    y = 100.0 if ahead is None else float(CAMERA.project([[ahead, 0.0]])[0, 1])
    detection = Detection((600.0, y - 1, 650.0, y), 0.5, POTHOLE)
    looks, rejected = measure(3, [detection], CAMERA, reach)
    assert looks == []
    assert rejected == [(detection, reason)]


@pytest.mark.parametrize(("left", "kept"), [(-12.0, False), (-8.0, True), (0.0, True), (8.0, True), (12.0, False)])
def test_what_lies_far_beside_the_path_is_no_carriageway(left, kept):
    ((x, y),) = CAMERA.project([[20.0, left]])
    detection = Detection((float(x) - 5, float(y) - 4, float(x) + 5, float(y)), 0.5, POTHOLE)
    looks, rejected = measure(0, [detection], CAMERA)
    assert bool(looks) == kept
    assert [reason for _, reason in rejected] == ([] if kept else ["more than 9 m beside the path"])


def test_a_camera_that_knows_its_doubt_is_believed():
    known = replace(CAMERA, pitch_sigma_deg=0.1, height_sigma=0.01)
    assert (pitch_sigma(known), height_sigma(known)) == (math.radians(0.1), 0.01)
    assert pitch_sigma(CAMERA) < pitch_sigma(default_camera(1280, 720))
    assert ground_sigma(10, 0, known)[0] < ground_sigma(10, 0, CAMERA)[0]


def test_boxes_over_the_horizon_and_over_the_bonnet_are_cut():
    near = float(CAMERA.project([[6.0, 0.0]])[0, 1])
    detection = Detection((400.0, 10.0, 800.0, near), 0.5, BY_NAME["ravelling"].id)
    (look,) = measure(0, [detection], CAMERA, Reach(near_m=7.0)).looks
    assert (look.near_m, look.far_m) == (7.0, 25.0)


def test_no_detections_no_looks():
    assert measure(0, [], CAMERA) == ([], [])


@given(
    s=st.floats(7, 20),
    t=st.floats(-2, 2),
    length=st.floats(0.3, 5),
    width=st.floats(0.2, 2),
    pitch=st.floats(2, 12),
    name=st.sampled_from(["pothole", "alligator_crack", "ravelling"]),
)
def test_the_box_of_a_patch_gives_the_rectangle_around_it(name, s, t, length, width, pitch):
    camera = Camera(1280, 720, 600.0, 640.0, 360.0, 1.4, pitch)
    damage = Damage(name, s, t, length, width)
    seen = boxes(FRAME, [damage], camera=camera)
    if not seen or not _inside(seen[0].box, camera):
        return
    (look,) = measure(0, seen, camera).looks
    assert (look.right_m, look.left_m) == pytest.approx((t - width / 2, t + width / 2), abs=0.05)


def test_holes_and_cracked_patches_are_ellipses_and_cracks_their_rectangle():
    assert area_m2(POTHOLE, 1.0, 0.5) == pytest.approx(math.pi / 8)
    assert area_m2(BY_NAME["transverse_crack"].id, 0.1, 3.0) == pytest.approx(0.3)
    assert math.pi / 4 * 20 < area_m2(BY_NAME["ravelling"].id, 10.0, 2.0) < 20.0


def test_doubt_grows_with_distance_and_shrinks_with_calibration():
    along = [ground_sigma(x, 0.0, CAMERA)[0] for x in (4, 8, 16)]
    assert along[0] < along[1] < along[2]
    assert along[2] / along[1] == pytest.approx(4, rel=0.35)  # the square of the distance
    assumed = default_camera(1280, 720)
    assert ground_sigma(10, 0, assumed)[0] > 2 * ground_sigma(10, 0, CAMERA)[0]
    detection = Detection((0, 0, 1, 1), 0.5, POTHOLE)
    near, far = Look(0, detection, 5.0, 5.6, 0.3, -0.3), Look(0, detection, 15.0, 15.6, 0.3, -0.3)
    assert 0 < size_sigma(POTHOLE, near, CAMERA) < size_sigma(POTHOLE, far, CAMERA)


def test_the_doubt_of_a_crack_is_that_of_its_length():
    detection = Detection((0, 0, 1, 1), 0.5, 0)
    along, across = Look(0, detection, 5.0, 9.0, 0.02, -0.02), Look(0, detection, 5.0, 5.04, 2.0, -2.0)
    assert size_sigma(0, along, CAMERA) < 0.2
    assert size_sigma(1, across, CAMERA) < 0.1
