from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.scene.registration import AHEAD, LEFT, PITCH, TURN, Correction, Ends, solve, tilt, vote
from tests.detector.street import CAMERA

H = CAMERA.height_m
SHARP = 0.001


@given(ahead=st.floats(4, 24), left=st.floats(-4, 4), pitch=st.floats(-1.5, 1.5))
def test_tilting_undoes_a_nod_of_the_camera(ahead, left, pitch):
    nodding = replace(CAMERA, pitch_deg=CAMERA.pitch_deg + pitch)
    measured = CAMERA.ground(nodding.project(np.array([[ahead, left]])))
    if np.isnan(measured).any() or measured[0, 0] > 100:
        return
    assert tilt(measured, np.radians(pitch), H)[0] == pytest.approx((ahead, left), abs=1e-6)


def frame(seed: int, count: int, error: np.ndarray) -> tuple[Ends, Ends]:
    """Ends of damage as a frame measures them, whose pose and pitch are off, and as they are from the pose as told."""
    rng = np.random.default_rng(seed)
    true = np.column_stack([rng.uniform(4, 22, count), rng.uniform(-3, 3, count)])  # from the pose as it is
    nodding = replace(CAMERA, pitch_deg=CAMERA.pitch_deg + np.degrees(error[PITCH]))
    measured = CAMERA.ground(nodding.project(true))
    told = Correction(np.array([*error[:3], 0.0]), np.eye(4)).moved(true)
    label = rng.integers(0, 4, count)
    small = np.full(count, 0.02)
    return Ends(*measured.T, label, small * 0, small * 0), Ends(*told.T, label, small, small)


PRIOR = Correction(np.zeros(4), np.diag([0.1, 0.1, np.radians(2.0), np.radians(0.7)]) ** 2)


@given(
    seed=st.integers(0, 2**32 - 1),
    shift=st.tuples(st.floats(-0.15, 0.15), st.floats(-0.15, 0.15)),
    turn=st.floats(-3, 3),
    pitch=st.floats(-1.2, 1.2),
)
def test_known_damage_tells_how_a_frame_is_off(seed, shift, turn, pitch):
    error = np.array([*shift, np.radians(turn), np.radians(pitch)])
    seen, known = frame(seed, 12, error)
    if np.isnan(seen.ahead).any() or seen.ahead.max() > 80:
        return
    found = solve(seen, known, PRIOR, Correction(error * 0.5, PRIOR.covariance), H, SHARP)
    assert np.degrees(found.mean[[TURN, PITCH]]) == pytest.approx(np.degrees(error[[TURN, PITCH]]), abs=0.5)
    assert found.mean[[AHEAD, LEFT]] == pytest.approx(error[[AHEAD, LEFT]], abs=0.15)
    assert (found.covariance.diagonal() < PRIOR.covariance.diagonal()).all()


@pytest.mark.parametrize("pitch", [-1.0, -0.4, 0.0, 0.7, 1.2])
def test_the_vote_needs_no_pairs(pitch):
    error = np.array([0.0, 0.0, np.radians(1.0), np.radians(pitch)])
    seen, known = frame(5, 10, error)
    shuffled = Ends(*(column[::-1] for column in known))
    found = vote(seen, shuffled, PRIOR, H, SHARP)
    assert np.degrees(found.mean[PITCH]) == pytest.approx(pitch, abs=0.15)
    assert np.degrees(found.mean[TURN]) == pytest.approx(1.0, abs=0.6)


def test_other_kinds_have_no_vote():
    seen, known = frame(1, 6, np.array([0.0, 0.0, 0.02, 0.01]))
    assert vote(seen, known._replace(label=known.label + 10), PRIOR, H, SHARP) is PRIOR
