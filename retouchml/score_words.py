"""Scores in words, for who asked to see them: never without how far off they may be."""

import math
from collections.abc import Sequence

from retouchml.results import CHILD, LAUGHING, SMALL, TURNED, Face, FaceReport
from retouchml.translation import decimal, marked, translated

TIP = marked(
    "The score is the taste of 60 people of one country, from 1 to 5, and no fact about a person. "
    "The identity distance says how far the retouch takes the face from itself; "
    "below 0.6 counts as the same person."
)
_AWAITED = "…"
_DIGITS = 2
_REASONS = {
    TURNED: marked("turned away"),
    LAUGHING: marked("laughing"),
    SMALL: marked("small"),
    CHILD: marked("a child"),
}


def words(scores: Sequence[float], uncertainty: float | None, outside: Sequence[str]) -> str:
    """A score, or those before and after; "" if one is not finite.

    uncertainty: as in ``Face``, None if it is not known; outside: why the rater knows no such faces
    """
    return _words([decimal(score, _DIGITS) for score in scores], scores, uncertainty, outside)


def line(face: Face, report: FaceReport | None, *, is_awaited: bool = False) -> str:
    """What an editor shows of a face: its score before and after, and its identity distance.

    report: of its retouch, None if there is none; is_awaited: whether there will be one
    """
    uncertainty, outside = face.score_uncertainty, face.quality.outside
    if report is not None:
        pair = (report.score_before, report.score_after)
        parts = [words(pair, report.score_uncertainty, outside), _distance(report.identity_distance)]
    elif is_awaited:
        figures = [decimal(face.score, _DIGITS), _AWAITED]
        parts = [_words(figures, (face.score,), uncertainty, outside), _distance(None)]
    else:
        parts = [words((face.score,), uncertainty, outside)]
    said = " · ".join(part for part in parts if part)
    return f"{said[:1].upper()}{said[1:]}"


def _words(
    figures: Sequence[str], scores: Sequence[float], uncertainty: float | None, outside: Sequence[str]
) -> str:
    if not all(map(math.isfinite, scores)):
        return ""
    if len(figures) == 2:
        rise = translated("{before} to {after}")  # too few words to be recognised when it is filled in
        said = rise.format(before=figures[0], after=figures[1])
    else:
        (said,) = figures
    text = f"{translated('score')} {said}"
    if uncertainty is not None:
        text += f" ± {decimal(uncertainty, _DIGITS)}"
    if outside:
        reasons = ", ".join(translated(_REASONS.get(reason, reason)) for reason in outside)
        text += f" ({translated('the rater knows no such faces')}: {reasons})"
    return text


def _distance(distance: float | None) -> str:
    """In words; None: it is awaited."""
    if distance is not None and not math.isfinite(distance):
        return ""
    figure = _AWAITED if distance is None else decimal(distance, _DIGITS)
    return translated("identity distance {distance}").format(distance=figure)
