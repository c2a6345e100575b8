"""Krita's docker and settings in every language: nothing is cut, all can be reached, on 1366x768 pixels."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retouchml.translation import LANGUAGES, SOURCE
from tests.editors.krita.running import Krita, until
from tests.editors.krita.test_layout import found
from tests.stand_in_backend import FACE_ROW

__all__ = ["found"]

WIDTH, HEIGHT = 1366, 738  # a screen of 768 less the title of the window
SETTINGS = "[each for each in docker().findChildren(QWidget, 'retouchml_settings') if each.isVisible()]"
_INSIDE = (Path(__file__).parent / "layout_in_krita.py").read_text(encoding="utf-8")


@pytest.fixture
def backend() -> str:
    return FACE_ROW


@pytest.fixture(params=LANGUAGES)
def low(krita: Krita, found: object, request: pytest.FixtureRequest) -> Iterator[Krita]:
    """Krita on a low screen with twenty faces, its docker in a language."""
    krita.run(_INSIDE)
    krita.run(f"app.activeWindow().qwindow().setGeometry(0, 0, {WIDTH}, {HEIGHT})")
    until(lambda: krita.ask("app.activeWindow().qwindow().width()") == WIDTH)
    krita.run(f"speak({request.param!r})")
    yield krita
    krita.run(f"speak({SOURCE!r}); arrange()")


def test_nothing_is_cut_in_any_state_and_the_window_stays_on_the_screen(low: Krita) -> None:
    low.run("lay_out(); folds = docker()._look._folds")
    assert low.ask("cut(docker())") == []
    low.run("[each._button.click() for each in folds]; lay_out()")
    assert low.ask("cut(docker())") == []
    low.run("[each._button.click() for each in folds]; lay_out()")
    for cut, height in low.ask("cut_in_views()"):
        assert cut == []
        assert height <= HEIGHT


def test_nothing_is_cut_in_the_settings(low: Krita) -> None:
    low.click_until("settings", lambda: low.ask(f"len({SETTINGS})") == 1)
    try:
        until(lambda: low.ask("widget('copy').isEnabled()"))
        assert low.ask("cut(widget('retouchml_settings'))") == []
        height, width = low.ask(f"[{SETTINGS}[0].height(), {SETTINGS}[0].width()]")
        assert height <= HEIGHT
        assert width <= WIDTH
    finally:
        low.run(f"for each in {SETTINGS}: each.close()")
