"""The preview of GIMP's dialog: three ways to show before and after, zoom, and each face its own look."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.daemon.running import until
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_dialog import is_split, open_dialog, press, preview, window
from tests.editors.gimp.test_results import PICTURE, THUMBNAILS, finish, leave, pointer
from tests.stand_in_backend import FACE_PAIR

BUTTONS = {"split": (43, 515), "side by side": (130, 515), "single": (222, 515)}
SAME = (517, 22)
PICTURE_FOCUS = (250, 300)


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def dialog(editor: Gimp) -> str:
    """The dialog on a picture with two faces, with its preview."""
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)), 60)
    return dialog


def click(editor: Gimp, dialog: str, place: "tuple[int, int]") -> NDArray[np.uint8]:
    """Click, and see the preview."""
    pointer(editor, dialog, place, click=True)
    leave(editor)
    return preview(editor, dialog)


def key(editor: Gimp, dialog: str, name: str) -> NDArray[np.uint8]:
    """Press a key, and see the preview, without its captions."""
    press(editor, dialog, name)
    time.sleep(1)
    return preview(editor, dialog)[30:]


def test_side_by_side_shows_the_same_place_twice(editor: Gimp, dialog: str) -> None:
    picture = click(editor, dialog, BUTTONS["side by side"])[40:440]
    assert (picture[:, 239] == 255).all()  # the line between
    face = np.s_[180:240, 100:140]
    before, after = picture[:, :239], picture[:, 240:479]
    assert (before[face] != after[face]).any()
    elsewhere = np.s_[:, :20]
    assert (before[elsewhere] == after[elsewhere]).all()
    assert is_split(click(editor, dialog, BUTTONS["split"]))


def test_space_changes_between_before_and_after(editor: Gimp, dialog: str) -> None:
    split = click(editor, dialog, PICTURE_FOCUS)[30:]
    before = key(editor, dialog, "space")
    after = key(editor, dialog, "space")
    assert (before[:, :235] == split[:, :235]).all()
    assert (after[:, 260:] == split[:, 260:]).all()
    assert (before != after).any()
    assert (key(editor, dialog, "space") == before).all()


def test_the_keys_zoom_and_move_the_picture_and_come_back(editor: Gimp, dialog: str) -> None:
    pointer(editor, dialog, PICTURE_FOCUS, click=True)
    leave(editor)
    whole = preview(editor, dialog)[30:]
    larger = key(editor, dialog, "plus")
    assert (larger != whole).any()
    moved = key(editor, dialog, "shift+Right")
    assert (moved != larger).any()
    assert (key(editor, dialog, "shift+Left") == larger).all()
    own_pixels = key(editor, dialog, "1")
    # the layer is 160 pixels high, and stands in the middle
    assert len(np.unique(own_pixels[:100].reshape(-1, 3), axis=0)) < len(
        np.unique(own_pixels[170:270].reshape(-1, 3), axis=0)
    )
    assert (key(editor, dialog, "0") == whole).all()


def test_each_face_has_its_own_look_until_one_is_for_all(editor: Gimp, dialog: str) -> None:
    press(editor, dialog, "alt+r")  # the strength of an earlier dialog is remembered
    click(editor, dialog, SAME)  # each its own
    press(editor, dialog, "alt+s")
    editor.ask("tool('xdotool', 'key', 'ctrl+a')")
    editor.ask("tool('xdotool', 'type', '100')")
    press(editor, dialog, "Return")
    click(editor, dialog, THUMBNAILS[1])
    press(editor, dialog, "alt+a")  # Apply: the dialog stays
    assert until(lambda: len(editor.ask("names(image)")) == 2, 60)
    # the layer is there before its pixels
    assert until(lambda: amounts(editor) == pytest.approx([1.0, 0.5], abs=0.02), 30)
    click(editor, dialog, THUMBNAILS[0])
    click(editor, dialog, SAME)  # the first one's for all
    finish(editor, dialog)
    assert until(lambda: amounts(editor) == pytest.approx([1.0, 1.0], abs=0.02), 30)
    assert len(editor.ask("names(image)")) == 2  # the earlier result was replaced
    press(editor, window(editor, "RGB color.*GIMP"), "ctrl+z")
    assert until(lambda: amounts(editor) == pytest.approx([1.0, 0.5], abs=0.02), 30)


def amounts(editor: Gimp) -> list[float]:
    """How far the stand-in has inverted the left and the right face."""
    values = editor.run("""
now = seen(image, "R'G'B' u8")
row = 80 * 320 * 3
answer = [[now[row + x * 3], before[row + x * 3]] for x in (70, 230)]
""")
    return [(now - before) / (255 - 2 * before) for now, before in values]
