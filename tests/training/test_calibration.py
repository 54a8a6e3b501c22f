import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model.calibration import calibrate, network_scores
from detector.taxonomy import NAMES
from detector.types import Detection, Floats
from training.calibration import calibrated, expected_error, fit, fit_out_of_sample, least_error, reliability
from training.evaluation.matching import Outcomes


def made(scores: Floats, correct: Floats, class_ids: Floats | int = 0, pictures: int = 50) -> Outcomes:
    n = len(scores)
    flags = np.asarray(correct, bool)[None]
    picture = np.arange(n) % pictures
    truths = np.zeros((pictures, len(NAMES)), np.int64)
    return Outcomes((0.5,), picture, np.full(n, class_ids), scores, flags, np.ones((1, n), bool), truths)


def overconfident(n: int, seed: int = 0) -> Outcomes:
    """Scores whose square is the probability to be right."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.01, 1, n)
    return made(scores, rng.random(n) < scores**2)


def test_scores_become_probabilities() -> None:
    found = overconfident(4000)
    parameters = fit(found)[NAMES[0]]
    fresh = overconfident(4000, seed=1)
    before = expected_error(fresh.score, fresh.hit[0])
    after = expected_error(calibrate(fresh.score, parameters), fresh.hit[0])
    assert before > 0.12
    assert after < 0.02
    assert calibrate([0.5], parameters)[0] == pytest.approx(0.25, abs=0.03)


def test_out_of_sample_no_picture_is_scored_by_its_own_place() -> None:
    rng = np.random.default_rng(3)
    scores = rng.uniform(0.3, 0.7, 1000)
    lucky = rng.random(50) < 0.5  # what is right depends on the place alone, so scores say nothing elsewhere
    found = made(scores, lucky[np.arange(1000) % 50])
    cross = fit_out_of_sample(found, [f"place {n}" for n in range(50)])
    assert np.corrcoef(cross.score, found.hit[0])[0, 1] < 0.05
    assert cross.score.std() < 0.1
    assert abs(cross.score.mean() - lucky.mean()) < 0.1


def test_a_class_without_detections_takes_the_fit_of_all() -> None:
    parameters = fit(overconfident(2000))
    assert parameters["ravelling"] == pytest.approx(parameters["pothole"])
    assert calibrate([0.5], parameters["ravelling"])[0] == pytest.approx(0.25, abs=0.05)


def test_nothing_at_all_leaves_scores_alone() -> None:
    parameters = fit(made(np.zeros(0), np.zeros(0)))
    assert calibrate([0.2, 0.9], parameters["pothole"]) == pytest.approx([0.2, 0.9], abs=1e-6)


def test_a_few_detections_move_a_class_a_little() -> None:
    many, few = overconfident(3000), made(np.array([0.9, 0.8, 0.7]), np.zeros(3), 4)
    both = Outcomes(
        (0.5,),
        *(np.concatenate([getattr(many, k), getattr(few, k)]) for k in ("picture", "class_id", "score")),
        np.hstack([many.hit, few.hit]),
        np.hstack([many.counts, few.counts]),
        many.truths,
    )
    parameters = fit(both)
    assert calibrate([0.8], parameters["ravelling"])[0] < calibrate([0.8], parameters[NAMES[0]])[0]
    assert calibrate([0.8], parameters["ravelling"])[0] > 0.1


@settings(max_examples=60)
@given(st.floats(0.001, 5), st.floats(0.001, 5), st.floats(-4, 4), st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_order_stays_and_thresholds_can_be_turned_back(a: float, b: float, c: float, scores: list[float]) -> None:
    ordered = np.sort(scores)
    probabilities = calibrate(ordered, (a, b, c))
    assert (np.diff(probabilities) >= 0).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    back = network_scores(probabilities, (a, b, c))
    assert (back <= ordered + 1e-9).all()  # no detection over the threshold is lost before it is calibrated
    inside = (ordered > 1e-3) & (ordered < 1 - 1e-3)
    assert back[inside] == pytest.approx(ordered[inside], abs=1e-6)


def test_detections_are_calibrated_by_their_class() -> None:
    parameters = {name: [1.0, 1.0, 0.0] for name in NAMES} | {"pothole": [1.0, 1.0, 2.0]}
    found = calibrated({"a": [Detection((0, 0, 1, 1), 0.6, 0), Detection((0, 0, 1, 1), 0.5, 3)], "b": []}, parameters)
    assert [(d.class_id, round(d.score, 3)) for d in found["a"]] == [(3, 0.881), (0, 0.6)]
    assert found["b"] == []


def test_reliability_and_error() -> None:
    scores, correct = np.array([0.05, 0.15, 0.15, 0.95, 1.0]), np.array([False, False, True, True, True])
    bins = reliability(scores, correct)
    assert [(b.count, b.correct) for b in bins] == [(1, 0.0), (2, 0.5), (2, 1.0)]
    assert expected_error(scores, correct) == pytest.approx((0.05 + 2 * 0.35 + 2 * 0.025) / 5)
    assert np.isnan(expected_error(np.zeros(0), np.zeros(0, bool)))


def test_perfect_probabilities_err_by_chance_alone() -> None:
    rng = np.random.default_rng(5)
    scores = rng.random(500)
    errors = [expected_error(scores, rng.random(500) < scores) for _ in range(50)]
    assert least_error(scores) == pytest.approx(np.mean(errors), rel=0.15)
