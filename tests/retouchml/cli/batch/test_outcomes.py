"""What is said of a batch while it goes on."""

import io
import time

import pytest

from retouchml import translation
from retouchml.cli.batch.outcomes import Outcomes
from retouchml.cli.console import Console


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("en", 56.0, "picture 4, 3.2 a minute"),
        ("de", 56.0, "Bild 4, 3,2 je Minute"),
        ("en", 2.0, "picture 4, 90 a minute"),
    ],
)
def test_how_fast_it_goes_is_said_as_the_language_writes_numbers(
    language: str, seconds: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, seconds])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    outcomes = Outcomes(
        Console(io.StringIO(), io.StringIO(), io.StringIO()), several=True, summarise=False, quiet=True
    )
    outcomes._counts["done"] = 3
    translation.use(language)
    try:
        assert outcomes.label(4, None) == said
    finally:
        translation.use(translation.SOURCE)
