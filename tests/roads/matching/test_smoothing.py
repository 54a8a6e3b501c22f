import numpy as np
import pytest

from roads.matching.smoothing import smooth


def drive(n: int, step_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Around three corners of a block at 10 m/s."""
    time_s = np.arange(n) * step_s
    along = time_s * 10.0
    corners = np.array([[0, 0], [n * 3.0, 0], [n * 3.0, n * 4.0], [0, n * 4.0], [0, 1e5]]) * step_s
    chainage = np.append(0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T)))
    return time_s, np.column_stack([np.interp(along, chainage, axis) for axis in corners.T])


@pytest.mark.parametrize(("noise", "step_s", "left"), [(20.0, 5.0, 0.8), (20.0, 1.0, 0.55), (40.0, 1.0, 0.5)])
def test_white_noise_is_less_afterwards_and_sigma_says_how_much(noise: float, step_s: float, left: float) -> None:
    time_s, true = drive(400, step_s)
    noisy = true + np.random.default_rng(1).normal(0, noise, true.shape)
    sigma = np.full(400, np.hypot(4.0, noise))
    points, velocity, after = smooth(time_s, noisy, sigma)
    error = np.sqrt(np.mean((points - true) ** 2))
    assert error < left * noise
    assert np.median(after) == pytest.approx(np.hypot(error, 4.0), rel=0.25)
    assert np.median(np.hypot(*velocity.T)) == pytest.approx(10.0, rel=0.2)


def test_a_good_receiver_is_left_alone() -> None:
    time_s, true = drive(100, 1.0)
    points, velocity, sigma = smooth(time_s, true, np.full(100, 4.0))
    assert (points is true, np.isnan(velocity).all(), set(sigma)) == (True, True, {4.0})


def test_what_was_smoothed_before_keeps_its_sigma() -> None:
    """A large error that wanders slowly can't be smoothed away, and the positions show that there is nothing white."""
    time_s, true = drive(200, 1.0)
    wandering = true + 15.0 * np.column_stack([np.sin(time_s / 40), np.cos(time_s / 50)])
    points, _, sigma = smooth(time_s, wandering, np.full(200, 15.0))
    assert np.abs(points - wandering).max() < 5
    assert np.median(sigma) > 14.5


def test_an_outlier_keeps_its_place_and_moves_no_other() -> None:
    time_s, true = drive(200, 1.0)
    noisy = true + np.random.default_rng(2).normal(0, 15, true.shape)
    sigma = np.full(200, 16.0)
    without, _, _ = smooth(time_s, noisy, sigma)
    noisy[100] += [400.0, 300.0]
    points, _, after = smooth(time_s, noisy, sigma)
    assert (points[100] == noisy[100]).all()
    assert after[100] == 16.0
    assert np.abs(np.delete(points - without, 100, axis=0)).max() < 15


def test_equal_times_gaps_and_few_fixes() -> None:
    time_s, true = drive(60, 5.0)
    time_s[20:25] = time_s[20]
    time_s[40:] += 1e6
    noisy = true + np.random.default_rng(3).normal(0, 20, true.shape)
    points, _, sigma = smooth(time_s, noisy, np.full(60, 20.0))
    assert np.isfinite(points).all()
    assert np.isfinite(sigma).all()
    for n in range(6):
        assert smooth(time_s[:n], noisy[:n], np.full(n, 20.0))[0].shape == (n, 2)
