"""A slider and a scorer of the user's own for the editors: files that have heads, and no networks."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from retouchml.own_parts import SCORERS, SLIDERS
from tests.editors.daemons import Daemons
from tests.retouchml.test_own_parts import write

SLIDER, TITLE, SCORER = "round_face", "Round face", "mine"


@contextmanager
def given(home: object, daemons: Daemons) -> Iterator[None]:
    """A block in which the user of that home has both. A daemon that ran before does not know them."""
    daemons.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETOUCHML_HOME", str(home))
        files = [write(SLIDER, SLIDERS, title=TITLE), write(SCORER, SCORERS, title="My taste")]
    try:
        yield
    finally:
        daemons.close()
        for file in files:
            file.unlink()
