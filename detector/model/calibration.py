"""Network scores to probabilities that the damage is there, class by class, by beta calibration.

p = 1 / (1 + exp(-(a ln s - b ln(1 - s) + c))), with a, b >= 0 and a + b > 0: it rises with s, so the order of the
detections of a class stays. Source: Kull, Silva Filho & Flach, Beta calibration (AISTATS 2017).
"""

import numpy as np
from numpy.typing import ArrayLike

from detector.types import Floats

EDGE = 1e-6  # scores nearer to 0 or 1 are taken to lie here
STEPS = 60  # of halving


def calibrate(scores: ArrayLike, parameters: ArrayLike) -> Floats:
    """Scores (n,) 0..1 with parameters (n, 3) or (3,) of their class -> probabilities (n,)."""
    s = np.clip(np.asarray(scores, np.float64), EDGE, 1 - EDGE)
    a, b, c = np.moveaxis(np.asarray(parameters, np.float64), -1, 0)
    return np.asarray(1 / (1 + np.exp(-(a * np.log(s) - b * np.log1p(-s) + c))))


def network_scores(probabilities: ArrayLike, parameters: ArrayLike) -> Floats:
    """The least scores (n,) whose probability is at least that given, 0 or 1 where none or all is less: by halving."""
    wanted = np.asarray(probabilities, np.float64)
    low, high = np.zeros_like(wanted), np.ones_like(wanted)
    for _ in range(STEPS):
        middle = (low + high) / 2
        enough = calibrate(middle, parameters) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(high)
