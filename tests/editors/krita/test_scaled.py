"""The tests of ``test_languages`` at 200 %: the screen has to be twice as large for as much room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.krita.conftest import VERSIONS, installed_krita
from tests.editors.krita.running import Krita, until
from tests.editors.krita.test_languages import (
    backend,
    found,
    low,
    test_nothing_is_cut_in_any_state_and_the_window_stays_on_the_screen,
    test_nothing_is_cut_in_the_settings,
)

__all__ = [
    "backend",
    "found",
    "low",
    "test_nothing_is_cut_in_any_state_and_the_window_stays_on_the_screen",
    "test_nothing_is_cut_in_the_settings",
]
SCALE, SCREEN = 2, "2732x1536"


@pytest.fixture(scope="module", params=sorted(VERSIONS))
def one_krita(
    request: pytest.FixtureRequest, editor_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Krita]:
    """A version of Krita at 200 %."""
    base = tmp_path_factory.getbasetemp()
    variables = {"QT_SCALE_FACTOR": str(SCALE)}
    with installed_krita(request.param, editor_home, base, size=SCREEN, **variables) as krita:
        yield krita


def test_at_100_percent_a_pixel_of_the_picture_is_one_of_the_screen(krita: Krita, found: object) -> None:
    assert krita.ask("docker().devicePixelRatioF()") == SCALE
    krita.click("pixels")
    until(lambda: krita.ask("docker()._view.preview.scale") == 1.0)
    krita.wait_for_task()
    shown, before = "widget('preview')", "docker()._view.preview.before"
    area = f"{shown}._pictures.area({shown}._rooms()[0])"  # in Qt's pixels
    width, height = krita.ask(f"[{area}.width(), {area}.height()]")
    assert [SCALE * width, SCALE * height] == krita.ask(f"[{before}.width, {before}.height]")
