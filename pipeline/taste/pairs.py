"""Which pair of faces to ask for next: the one whose answer tells most about all other faces."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.taste.answers import LEFT, RIGHT, TIE, Answers
from pipeline.taste.bradley_terry import WIDTHS, Posterior, fit, information
from pipeline.taste.representation import Floats

POOL = 400
"""Faces that are compared, those of the lowest numbers."""
OUTCOMES = {LEFT: 1.0, TIE: 0.0, RIGHT: -1.0}

Known = Callable[[], tuple[Sequence[int], Floats]]
"""The faces whose features are known by now: their numbers [F], and their features [F, P]."""

_FIRST = 40  # faces of the first pairs, which nobody has measured yet
_CANDIDATES = 1500  # pairs that are looked at
_RESTING = 6  # pairs whose faces are not shown again at once
_RANDOM = 10  # first answers, for random pairs: before, nothing is known
_REFIT = 5  # answers after which all is computed anew,
_REWIDEN = 25  # and after which other widths of the prior are tried


def offsets_of(numbers: Sequence[int], features: Floats, answers: Answers) -> tuple[Floats, Floats]:
    """What ``bradley_terry.fit`` learns from: offsets [N, P] and outcomes [N] of the pairs that are known.

    numbers: of the faces [F] that have features [F, P]
    """
    rows = {number: row for row, number in enumerate(numbers)}
    known = [answer for answer in answers.counted if all(face in rows for face in answer.faces)]
    left, right = (np.array([rows[answer.faces[side]] for answer in known], int) for side in (0, 1))
    outcomes = np.array([OUTCOMES[answer.choice] for answer in known], float)
    return features[left] - features[right], outcomes


class PairChooser:
    """Chooses pairs actively, among the faces that are known by now."""

    def __init__(self, known: Known, seed: int) -> None:
        self._known = known
        self._random = np.random.default_rng(seed)
        self._posterior: Posterior | None = None
        self._fitted = 0  # answers that the posterior has seen

    def __call__(self, answers: Answers, asked: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """The next pair, from the answers so far and the pairs that are asked already."""
        numbers, features = self._known()
        posterior = self._learned(numbers, features, answers) if len(numbers) >= _FIRST else None
        seen = [answer.faces for answer in answers.answers]
        pool = range(_FIRST) if posterior is None else numbers
        resting = {face for pair in (*seen[-_RESTING:], *asked) for face in pair}
        pairs = self._candidates(
            [face for face in pool if face not in resting], {frozenset(pair) for pair in (*seen, *asked)}
        )
        if posterior is None:
            return pairs[0]
        rows = {number: row for row, number in enumerate(numbers)}
        open_now = [
            tuple(rows[face] for face in pair) for pair in asked if all(face in rows for face in pair)
        ]
        at = np.array([[rows[face] for face in pair] for pair in pairs])
        return pairs[_most_telling(features, at, open_now, posterior)]

    def _learned(self, numbers: Sequence[int], features: Floats, answers: Answers) -> Posterior | None:
        """The posterior, at most a few answers old; None before it is of use."""
        count = len(answers.counted)
        if count < _RANDOM:
            return None
        if self._posterior is None or not self._fitted <= count < self._fitted + _REFIT:
            offsets, outcomes = offsets_of(numbers, features, answers)
            is_new = self._posterior is None or count % _REWIDEN < _REFIT
            widths = WIDTHS if is_new or self._posterior is None else (self._posterior.width,)
            self._posterior, self._fitted = fit(offsets, outcomes, widths), count
        return self._posterior

    def _candidates(self, free: Sequence[int], seen: set[frozenset[int]]) -> list[tuple[int, ...]]:
        """Different pairs of free faces that were not seen; if all were, any."""
        drawn = [tuple(pair) for pair in self._random.choice(free, (_CANDIDATES, 2)).tolist()]
        different = [pair for pair in drawn if pair[0] != pair[1]]
        return [pair for pair in different if frozenset(pair) not in seen] or different


def _most_telling(
    features: Floats,
    pairs: NDArray[np.intp],  # [C, 2] rows of the features
    asked: Sequence[tuple[int, ...]],  # rows of pairs that are open already
    posterior: Posterior,
) -> int:
    """The pair after whose answer the scores of all faces are least uncertain, on average.

    An answer to a pair of offset x takes I S x (S x)ᵀ / (1 + I xᵀ S x) from the covariance S of the weights,
    I being what such an answer says; what that takes from the variance of the scores is largest.
    """
    spread = np.atleast_2d(np.cov(features.T))
    covariance = posterior.covariance
    for left, right in asked:  # as if these were answered
        offset = features[left] - features[right]
        says = information(np.array([offset @ posterior.mean]), posterior.tie)[0]
        reached = covariance @ offset
        covariance = covariance - np.outer(reached, reached) * says / (1.0 + says * (offset @ reached))
    offsets = features[pairs[:, 0]] - features[pairs[:, 1]]
    reach = offsets @ covariance
    says_each = information(offsets @ posterior.mean, posterior.tie)
    gain = says_each * ((reach @ spread) * reach).sum(1)
    return int((gain / (1.0 + says_each * (reach * offsets).sum(1))).argmax())
