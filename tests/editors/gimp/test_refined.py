"""Real GIMP's dialog while faces are still inverted: the shown one is seen before, and comes first."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.daemon.running import Daemon, until
from tests.editors.gimp.dialog_driver import (
    click,
    is_gone,
    is_split,
    open_dialog,
    press,
    preview,
    reset,
    whole,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_results import PICTURE, THUMBNAILS, changed, finish
from tests.editors.gimp.test_trouble import works
from tests.stand_in_backend import HELD_PAIR


@pytest.fixture
def backend() -> str:
    return HELD_PAIR


def middle(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels of the retouched half, in the middle of the face."""
    row, column = picture.shape[0] // 2, picture.shape[1] // 2
    return picture[row - 5 : row + 5, column + 15 : column + 25]


def test_the_shown_face_is_seen_before_any_is_inverted(editor: Gimp, daemon: Daemon, go: Path) -> None:
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    early = middle(preview(editor, dialog))
    assert works(daemon)()
    go.touch()
    assert until(lambda: bool((middle(preview(editor, dialog)) != early).any()))
    click(editor, dialog, THUMBNAILS[1])
    finish(editor, dialog)
    assert until(lambda: changed(editor) == [True, True])


def test_the_dialog_redraws_while_the_daemon_works(editor: Gimp, daemon: Daemon, go: Path) -> None:
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    reset(editor, dialog)
    press(editor, dialog, "alt+s")
    for _ in range(3):
        before = whole(editor, dialog)[:480, 500:700]  # the sliders
        press(editor, dialog, "Page_Down")

        def is_another(before: NDArray[np.uint8] = before) -> bool:
            return bool((whole(editor, dialog)[:480, 500:700] != before).any())

        assert until(is_another)
        assert works(daemon)()
    assert not go.exists()
    press(editor, dialog, "Escape")
    assert is_gone(editor)
