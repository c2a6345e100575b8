"""Bradley–Terry with ties, beside plain references."""

import numpy as np
import pytest

from pipeline.taste.bradley_terry import fit, information, probabilities


def test_probabilities_are_davidsons() -> None:
    left, tie, right = probabilities(np.array([0.0, 2.0, -2.0]), 0.5).T
    assert left[0] == right[0] == pytest.approx(1.0 / 2.5)
    assert tie[0] == pytest.approx(0.5 / 2.5)
    assert left[1] == right[2]
    assert left[1] / right[1] == pytest.approx(np.exp(2.0))
    assert tie[1] / np.sqrt(left[1] * right[1]) == pytest.approx(0.5)
    assert probabilities(np.array([1e9]), 0.5)[0] == pytest.approx([1.0, 0.0, 0.0])


def test_information_is_the_variance_of_the_gradient() -> None:
    differences = np.linspace(-3.0, 3.0, 7)
    chances = probabilities(differences, 0.7)
    step = 1e-4
    slopes = (np.log(probabilities(differences + step, 0.7)) - np.log(chances)) / step
    reference = (chances * slopes**2).sum(1)
    assert information(differences, 0.7) == pytest.approx(reference, rel=1e-3)


def test_the_mean_is_where_the_posterior_is_flat() -> None:
    random = np.random.default_rng(0)
    offsets, outcomes = random.standard_normal((60, 4)), random.integers(-1, 2, 60).astype(float)
    found = fit(offsets, outcomes, (0.7,))

    def log_posterior(weights: np.ndarray) -> float:
        chances = probabilities(offsets @ weights, found.tie)
        chosen = chances[np.arange(60), (1 - outcomes).astype(int)]
        return float(np.log(chosen).sum() - weights @ weights / (2 * 0.7**2))

    best = log_posterior(found.mean)
    for axis in np.eye(4):
        assert best > log_posterior(found.mean + 0.05 * axis)
        assert best > log_posterior(found.mean - 0.05 * axis)


def test_known_weights_and_ties_are_recovered() -> None:
    random = np.random.default_rng(1)
    weights, tie = np.array([1.5, -1.0, 0.5]), 0.8
    offsets = random.standard_normal((4000, 3))
    outcomes = np.array([random.choice([1.0, 0.0, -1.0], p=p) for p in probabilities(offsets @ weights, tie)])
    found = fit(offsets, outcomes)
    assert found.mean == pytest.approx(weights, abs=0.12)
    assert found.tie == pytest.approx(tie, abs=0.1)
    # three standard deviations, as the posterior itself says
    assert np.all(np.abs(found.mean - weights) < 3.0 * np.sqrt(np.diag(found.covariance)))


def test_answers_without_a_pattern_are_believed_less_than_a_rule() -> None:
    random = np.random.default_rng(2)
    offsets = random.standard_normal((200, 20))
    rule, chance = np.sign(offsets[:, 0]), random.choice([1.0, -1.0], 200)
    assert fit(offsets, chance).width < fit(offsets, rule).width


@pytest.mark.parametrize("outcome", [1.0, 0.0, -1.0])
def test_answers_that_are_all_the_same_stay_finite(outcome: float) -> None:
    found = fit(np.random.default_rng(3).standard_normal((30, 5)), np.full(30, outcome))
    assert np.isfinite(found.mean).all()
    assert 0.0 < found.tie < 1e3
    assert (np.linalg.eigvalsh(found.covariance) > 0).all()
