"""Real GIMP's dialog while faces are still inverted: the shown one is seen before, and comes first."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.daemon.running import Daemon, until
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_dialog import is_split, open_dialog, preview
from tests.editors.gimp.test_results import PICTURE, THUMBNAILS, changed, finish, leave, pointer
from tests.editors.gimp.test_trouble import works
from tests.stand_in_backend import HELD_PAIR


@pytest.fixture
def backend() -> str:
    return HELD_PAIR


@pytest.fixture
def go(editor_home: Path) -> Iterator[Path]:
    """The file that lets faces be inverted, which is not there yet."""
    path = editor_home / "go"
    yield path
    path.unlink(missing_ok=True)


def middle(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels of the retouched half, in the middle of the face."""
    return picture[235:245, 250:260]


def test_the_shown_face_is_seen_before_any_is_inverted(editor: Gimp, daemon: Daemon, go: Path) -> None:
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)), 60)
    early = middle(preview(editor, dialog))
    assert works(daemon)()
    go.touch()
    assert until(lambda: bool((middle(preview(editor, dialog)) != early).any()), 60)
    pointer(editor, dialog, THUMBNAILS[1], click=True)
    leave(editor)
    finish(editor, dialog)
    assert until(lambda: changed(editor) == [True, True], 30)
