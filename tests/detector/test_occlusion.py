"""Vehicles as exact boxes around cuboids that stand on the road."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.predictor import Predictor
from detector.model.weights import installed_models, load_weights
from detector.scene.camera import Camera
from detector.scene.coverage import judge, view_road
from detector.scene.occlusion import VEHICLES, clear_until, is_own, on_a_vehicle
from detector.types import Detection
from training.synthesis.axis import make_axis
from training.synthesis.pictures import prepare
from training.synthesis.scenery import LEAD_M, lead_vehicle
from training.synthesis.street import plan_street
from training.synthesis.survey import ASPHALT, DAYLIGHT
from training.synthesis.view import Place, render

CAMERA = Camera(1280, 720, 1110.0, 640.0, 360.0, 1.32, 4.2, 0.6, 0.3, calibrated=True)
ROAD = np.random.default_rng(0).integers(60, 180, (CAMERA.height, CAMERA.width, 3), dtype=np.uint8)


def car(ahead_m: float, left_m: float, length_m: float = 4.3) -> Detection:
    """The box of a car whose tail is so far ahead and whose middle is so far left."""
    half = LEAD_M[0] / 2
    corners = [
        (ahead_m + d, left_m + side, up) for d in (0, length_m) for side in (-half, half) for up in (0, LEAD_M[1])
    ]
    pixels = CAMERA.project(np.array(corners))
    box = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]).clip(0, [1280, 720] * 2)
    return Detection(tuple(box.tolist()), 0.8, 0)


@given(st.floats(4.0, 60.0), st.floats(-0.5, 0.5))
def test_a_car_ahead_hides_all_that_is_beyond_its_tail(ahead_m: float, left_m: float) -> None:
    assert clear_until([car(ahead_m, left_m)], CAMERA) == pytest.approx(ahead_m, rel=0.02)


@given(st.floats(4.0, 60.0), st.sampled_from([-3.4, 3.5]))
def test_cars_beside_the_lane_hide_nothing_of_it(ahead_m: float, left_m: float) -> None:
    """A parked one on the right, an oncoming one on the left."""
    assert clear_until([car(ahead_m, left_m)], CAMERA) == math.inf


def test_the_nearest_counts_and_the_own_bonnet_does_not() -> None:
    bonnet = Detection((100, 640, 1200, 720), 0.9, 0)
    assert clear_until([car(20, 0), car(9, 0.3), bonnet], CAMERA) == pytest.approx(9, rel=0.02)
    assert clear_until([bonnet], CAMERA) == math.inf
    assert clear_until([], CAMERA) == math.inf
    assert is_own(np.array([bonnet.box, car(9, 0).box]), 1280, 720).tolist() == [True, False]


def test_a_vehicle_above_the_horizon_hides_nothing() -> None:
    assert clear_until([Detection((600, 10, 700, 60), 0.9, 0)], CAMERA) == math.inf


def test_damage_on_a_vehicle_is_told_from_damage_beside_it() -> None:
    vehicle = car(8, 0)
    x0, y0, x1, y1 = vehicle.box
    on = Detection((x0 + 10, (y0 + y1) / 2, x0 + 60, (y0 + y1) / 2 + 30), 0.5, 3)
    below = Detection((x0, y1 - 5, x1, y1 + 60), 0.5, 3)
    assert on_a_vehicle([on, below], [vehicle], CAMERA) == [True, False]
    assert on_a_vehicle([on, below], [], CAMERA) == [False, False]
    assert on_a_vehicle([], [vehicle], CAMERA) == []


def test_coverage_ends_at_the_vehicle() -> None:
    free, behind, close = (view_road(0, ROAD, CAMERA, clear_m=clear) for clear in (math.inf, 12.0, 5.0))
    assert behind.far_m == 12.0
    assert behind.near_m == free.near_m
    seen = judge([free, behind, close])
    assert [c.reason for c in seen] == ["", "", "hidden by a vehicle"]
    assert [c.usable for c in seen] == [True, True, False]
    assert seen[2].quality == 0.0


def test_the_shipped_model_is_no_model_of_damage() -> None:
    assert "vehicles" in installed_models(VEHICLES)
    assert "vehicles" not in installed_models()


@pytest.mark.parametrize("gap_m", [7.0, 12.0, 18.0])
def test_the_shipped_model_finds_a_rendered_car_ahead(gap_m: float) -> None:
    """Picture to metres, against the exact gap: what is not hidden by the car is told to half a metre or 5 %."""
    axis = make_axis([(80.0, 0.0)])
    rng = np.random.default_rng(3)
    street = plan_street(rng, axis, 3.1, [], clutter=0)
    stage = prepare(street, rng, asphalt=ASPHALT)
    stage = replace(stage, billboards=[*stage.billboards, lead_vehicle(axis, 10.0 + gap_m, street.lane_t)])
    image = render(stage, CAMERA, Place(10.0, street.lane_t, 0.0), DAYLIGHT, rng)
    (vehicles,) = Predictor(load_weights("vehicles", VEHICLES), "cpu").predict([image])
    assert clear_until(vehicles, CAMERA) == pytest.approx(gap_m, rel=0.05, abs=0.5)
