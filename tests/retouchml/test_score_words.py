"""What is said of a face's score and identity, for who wants to see that."""

from dataclasses import replace

import pytest

from retouchml import score_words, translation
from retouchml.results import Face, FaceQuality, FaceReport
from tests.fake_client import FACE

BOX = (0, 0, 1, 1)
RATED = replace(FACE, score_uncertainty=0.25)
REPORT = FaceReport(0, BOX, 3.0, 3.254, 0.2149, BOX, 0.25)


@pytest.mark.parametrize(
    ("face", "report", "is_awaited", "said"),
    [
        (RATED, None, False, "Score 3.00 ± 0.25"),
        (RATED, None, True, "Score 3.00 to … ± 0.25 · identity distance …"),
        (RATED, REPORT, False, "Score 3.00 to 3.25 ± 0.25 · identity distance 0.21"),
        (RATED, REPORT, True, "Score 3.00 to 3.25 ± 0.25 · identity distance 0.21"),
        (FACE, replace(REPORT, score_uncertainty=None), False, "Score 3.00 to 3.25 · identity distance 0.21"),
        (RATED, replace(REPORT, score_after=float("nan")), False, "Identity distance 0.21"),
        (RATED, replace(REPORT, identity_distance=float("inf")), False, "Score 3.00 to 3.25 ± 0.25"),
        (replace(FACE, score=float("nan")), None, False, ""),
        (
            replace(RATED, quality=FaceQuality(outside=("turned", "laughing"))),
            None,
            False,
            "Score 3.00 ± 0.25 (the rater knows no such faces: turned away, laughing)",
        ),
    ],
)
def test_a_line_has_what_is_known_and_how_far_off_it_may_be(
    face: Face, report: FaceReport | None, is_awaited: bool, said: str
) -> None:
    assert score_words.line(face, report, is_awaited=is_awaited) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Bewertung 3,00 auf 3,25 ± 0,25 · Identitätsabstand 0,21"),
        ("ja", "スコア 3.00 → 3.25 ± 0.25 · 本人との距離 0.21"),
    ],
)
def test_numbers_have_the_decimal_mark_of_the_language(language: str, said: str) -> None:
    translation.use(language)
    try:
        assert score_words.line(RATED, REPORT) == said
        # on the command line, too, whose line has no identity distance
        assert score_words.words((3.0, 3.254), 0.25, ()) == said.partition(" · ")[0]
    finally:
        translation.use(translation.SOURCE)
