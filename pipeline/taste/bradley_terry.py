"""Bradley–Terry with ties: what pairs of faces say about a score that is linear in features.

Davidson's model (JASA 65, 1970): with d the difference of two scores, left wins with exp(d/2) / Z, right with
exp(-d/2) / Z, and a tie has ν / Z. The weights have a normal prior; its width is the one under which the
answers are most probable (the Laplace approximation of the evidence, MacKay 1992).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTHS = tuple(float(width) for width in np.geomspace(0.05, 2.0, 8))
"""Standard deviations of the prior that are tried."""
_PARTS = 5  # of the cross-validation
_STEPS = 30
_TOLERANCE = 1e-6
_FEWEST_TIES = 0.5  # added to ties and to decisions, so that ν is finite without either


@dataclass(frozen=True)
class Posterior:
    """What is known of the weights after the answers.

    mean: [P]; covariance: [P, P]; tie: ν; width: standard deviation of the prior; evidence: log probability
    of the answers under this prior
    """

    mean: Floats
    covariance: Floats
    tie: float
    width: float
    evidence: float


def probabilities(differences: Floats, tie: float) -> Floats:
    """Of left, tie and right [N, 3] for differences left less right [N]."""
    half = np.clip(differences, -60.0, 60.0) / 2.0
    parts = np.stack([np.exp(half), np.full_like(half, tie), np.exp(-half)], 1)
    return np.asarray(parts / parts.sum(1, keepdims=True))


def information(differences: Floats, tie: float) -> Floats:
    """How much an answer is expected to say about each difference [N] (Fisher's information)."""
    left, _, right = probabilities(differences, tie).T
    return np.asarray((left + right - (left - right) ** 2) / 4.0)


def fit(offsets: Floats, outcomes: Floats, widths: "tuple[float, ...]" = WIDTHS) -> Posterior:
    """The posterior for the best prior.

    offsets: [N, P] features of the left face less those of the right; outcomes: [N] 1 where left won, -1
    where right won, 0 for a tie; widths: of the priors that are tried
    """
    return max((_fit(offsets, outcomes, width) for width in widths), key=lambda found: found.evidence)


def unseen_differences(offsets: Floats, outcomes: Floats) -> Floats:
    """The differences [N] that answers foretell which do not contain the one at hand: cross-validated.

    offsets, outcomes: as for ``fit``
    """
    order = np.random.default_rng(0).permutation(len(outcomes))
    told = np.zeros(len(outcomes))
    for part in range(_PARTS):
        test = order[part::_PARTS]
        train = np.setdiff1d(order, test)
        told[test] = offsets[test] @ fit(offsets[train], outcomes[train]).mean
    return told


def _fit(offsets: Floats, outcomes: Floats, width: float) -> Posterior:
    count, size = offsets.shape
    mean, tie = np.zeros(size), 1.0
    prior = np.eye(size) / width**2
    precision = prior
    for _ in range(_STEPS):
        differences = offsets @ mean
        tie = _best_tie(differences, outcomes, tie)
        left, _, right = probabilities(differences, tie).T
        gradient = offsets.T @ (outcomes - (left - right)) / 2.0 - mean / width**2
        precision = (offsets * information(differences, tie)[:, None]).T @ offsets + prior
        step = np.linalg.solve(precision, gradient)
        # A Newton step from afar may overshoot: the answers say little about differences of many units.
        step *= min(1.0, 5.0 / max(float(np.abs(offsets @ step).max(initial=0.0)), 1e-9))
        mean = mean + step
        if float(np.abs(step).max(initial=0.0)) < _TOLERANCE:
            break
    chances = probabilities(offsets @ mean, tie)
    chosen = chances[np.arange(count), (1 - outcomes).astype(int)]
    _, log_volume = np.linalg.slogdet(precision * width**2)
    evidence = float(np.log(np.maximum(chosen, 1e-300)).sum() - mean @ mean / (2 * width**2) - log_volume / 2)
    return Posterior(mean, np.asarray(np.linalg.inv(precision), np.float64), tie, width, evidence)


def _best_tie(differences: Floats, outcomes: Floats, tie: float) -> float:
    """The ν under which as many ties are expected as there are, for given differences."""
    half = np.clip(differences, -60.0, 60.0) / 2.0
    others = np.exp(half) + np.exp(-half)
    ties = float((outcomes == 0).sum()) + _FEWEST_TIES
    for _ in range(20):
        expected = float((tie / (others + tie)).sum()) + 2.0 * _FEWEST_TIES * tie / (2.0 + tie)
        tie = float(np.clip(tie * ties / max(expected, 1e-9), 1e-4, 1e3))
    return tie
