"""A drive's fixes made smooth: outliers out, then a Kalman filter forwards and a Rauch-Tung-Striebel pass backwards.

The model, per axis: position and speed driven by white acceleration, and the receiver's slowly wandering error as a
first-order Gauss-Markov state. A filter that took that error for white noise would average it away on paper only
and report a sigma several times too small. (Bar-Shalom, Li & Kirubarajan, Estimation with Applications to Tracking
and Navigation, 2001, sections 6.2 and 8.2.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.types import Bools, Floats

ACCELERATION = 1.5  # m2/s3, spectral density of the white acceleration: more lags in corners less, and wobbles more
WANDER_S = 20.0  # correlation time of the receiver's error: multipath and atmosphere seen from a moving car
WANDER_SHARE = 0.9  # of a fix's sigma that wanders; the rest is white
DOPPLER_SIGMA_MPS = 0.5
IMPOSSIBLE_MPS = 70.0
GATE = 25.0  # squared innovation over its variance, two axes
LOST_AFTER = 8  # fixes refused in a row before the filter believes them and starts anew
GAP_S = 10.0


@dataclass(frozen=True, slots=True)
class SmoothPath:
    """The accepted fixes after smoothing; n of them, metric axes."""

    kept: NDArray[np.intp]  # (n,) rows of the input
    places: Floats  # (n, 2) m
    velocities: Floats  # (n, 2) m/s
    variances: Floats  # (n,) m2 of the place, per axis
    speed_variances: Floats  # (n,) m2/s2 of the velocity, per axis
    starts: Bools  # (n,) True where a new run begins, after a gap or a jump


def plausible(times: Floats, places: Floats) -> Bools:
    """Which fixes a car could have reached from its neighbours: (n,) times in s, (n, 2) places in m.

    The longest stretch without an impossible jump is believed; the rest is judged from there outwards.
    """
    keep = np.ones(len(times), dtype=bool)
    speeds = np.linalg.norm(np.diff(places, axis=0), axis=1) / np.diff(times)
    jumps = np.flatnonzero(speeds > IMPOSSIBLE_MPS)
    if not len(jumps):
        return keep
    edges = np.concatenate([[0], jumps + 1, [len(times)]])
    longest = int(np.argmax(np.diff(edges)))
    for rows in (range(edges[longest + 1], len(times)), range(edges[longest] - 1, -1, -1)):
        last = rows.start - rows.step
        for row in rows:
            reach = IMPOSSIBLE_MPS * abs(times[row] - times[last])
            keep[row] = np.hypot(*(places[row] - places[last])) <= reach
            last = row if keep[row] else last
    return keep


def smooth(times: Floats, places: Floats, sigmas: Floats, doppler: Floats) -> SmoothPath:
    """Filter and smooth one drive.

    `times` (n,) s, strictly rising; `places` (n, 2) m; `sigmas` (n,) m, per axis; `doppler` (n, 2) m/s, nan where the
    receiver gave no velocity.
    """
    steps = np.diff(times, prepend=times[0])
    state, spread = _prior(places[0])
    kept: list[int] = []
    starts: list[bool] = []
    predicted: list[tuple[Floats, Floats, Floats]] = []  # transition, state, covariance before the fix
    filtered: list[tuple[Floats, Floats]] = []
    refused = 0
    since = 0.0
    for row, step in enumerate(steps):
        since += step
        fresh = row == 0 or since > GAP_S or refused >= LOST_AFTER
        transition, noise = _motion(since)
        if fresh:
            ahead, ahead_spread = _prior(places[row])
        else:
            ahead, ahead_spread = transition @ state, transition @ spread @ transition.T + noise
        seen = np.array([1.0, 0.0, WANDER_SHARE * sigmas[row]])
        white = (1.0 - WANDER_SHARE**2) * sigmas[row] ** 2
        innovation = places[row] - seen @ ahead
        if innovation @ innovation > GATE * (seen @ ahead_spread @ seen + white):
            refused += 1
            continue
        state, spread = _update(ahead, ahead_spread, seen, white, innovation)
        if np.isfinite(doppler[row, 0]):
            speed_axis = np.array([0.0, 1.0, 0.0])
            state, spread = _update(state, spread, speed_axis, DOPPLER_SIGMA_MPS**2, doppler[row] - state[1])
        refused, since = 0, 0.0
        kept.append(row)
        starts.append(fresh)
        predicted.append((transition, ahead, ahead_spread))
        filtered.append((state, spread))
    states, variances = _backwards(starts, predicted, filtered)
    return SmoothPath(np.array(kept), states[:, 0], states[:, 1], variances[:, 0], variances[:, 1], np.array(starts))


def _prior(place: Floats) -> tuple[Floats, Floats]:
    """State (3, 2): place, velocity and wander (in sigmas) for both axes; covariance (3, 3), the same for both."""
    return np.array([place, [0.0, 0.0], [0.0, 0.0]]), np.diag([1e4, 1e4, 1.0])


def _motion(step_s: float) -> tuple[Floats, Floats]:
    """Transition matrix and process noise over one step."""
    memory = np.exp(-step_s / WANDER_S)
    transition = np.array([[1.0, step_s, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, memory]])
    noise = np.zeros((3, 3))
    noise[:2, :2] = ACCELERATION * np.array([[step_s**3 / 3, step_s**2 / 2], [step_s**2 / 2, step_s]])
    noise[2, 2] = 1.0 - memory**2
    return transition, noise


def _update(state: Floats, spread: Floats, seen: Floats, variance: float, innovation: Floats) -> tuple[Floats, Floats]:
    gain = spread @ seen / (seen @ spread @ seen + variance)
    rest = np.eye(3) - np.outer(gain, seen)
    # Joseph's form stays symmetric and positive
    return state + np.outer(gain, innovation), rest @ spread @ rest.T + variance * np.outer(gain, gain)


def _backwards(
    starts: list[bool],
    predicted: list[tuple[Floats, Floats, Floats]],
    filtered: list[tuple[Floats, Floats]],
) -> tuple[Floats, Floats]:
    """Rauch-Tung-Striebel. Returns the states (n, 3, 2) and the variances of place and velocity (n, 2)."""
    state, spread = filtered[-1]
    states, variances = [state], [np.diag(spread)[:2]]
    for row in range(len(filtered) - 2, -1, -1):
        now, now_spread = filtered[row]
        if starts[row + 1]:
            state, spread = now, now_spread
        else:
            transition, ahead, ahead_spread = predicted[row + 1]
            gain = np.linalg.solve(ahead_spread, transition @ now_spread).T
            state = now + gain @ (state - ahead)
            spread = now_spread + gain @ (spread - ahead_spread) @ gain.T
        states.append(state)
        variances.append(np.diag(spread)[:2])
    return np.array(states[::-1]), np.array(variances[::-1])
