"""The preview of GIMP's dialog: three ways to show before and after, zoom, and each face its own look."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import (
    PATIENCE,
    Inside,
    Picture,
    click,
    is_split,
    open_dialog,
    press,
    preview,
    reset,
    steady,
    type_,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_controls import SETTINGS
from tests.editors.gimp.test_results import PICTURE, SAME, THUMBNAILS, finish
from tests.stand_in_backend import FACE_PAIR

CAPTIONS = 40  # pixels at the top, in which they are
PICTURE_NAME = "Before and after"


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def dialog(editor: Gimp) -> str:
    """The dialog on a picture with two faces, with its preview."""
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    return dialog


def picture(editor: Gimp, dialog: str) -> Picture:
    """The preview at rest, without its captions."""
    return steady(lambda: preview(editor, dialog))[CAPTIONS:-CAPTIONS]


def comes(editor: Gimp, dialog: str, is_right: Callable[[Picture], bool]) -> Picture:
    """The preview at rest, once it is right."""
    seen: list[Picture] = []

    def is_there() -> bool:
        seen.append(picture(editor, dialog))
        return is_right(seen[-1])

    assert until(is_there, PATIENCE)
    return seen[-1]


def test_side_by_side_shows_the_same_place_twice(editor: Gimp, dialog: str) -> None:
    split = picture(editor, dialog)
    middle = split.shape[1] // 2  # where the line is, or one before it

    def is_beside(seen: Picture) -> bool:
        if not (seen[:, middle - 2 : middle + 2] == 255).all(axis=(0, 2)).any():
            return False
        # the edge of both is the same photograph
        return bool((seen[:, :20] == seen[:, -(seen.shape[1] // 2) :][:, :20]).all())

    click(editor, dialog, "Side by side")
    seen = comes(editor, dialog, is_beside)
    face = np.s_[seen.shape[0] // 2 - 30 : seen.shape[0] // 2 + 30, 100:140]
    assert (seen[:, :middle][face] != seen[:, -middle:][face]).any()
    click(editor, dialog, "Split")
    comes(editor, dialog, lambda seen: bool((seen == split).all()))


def test_space_changes_between_before_and_after(editor: Gimp, dialog: str) -> None:
    click(editor, dialog, PICTURE_NAME)  # has the keys now
    split = picture(editor, dialog)
    middle = split.shape[1] // 2
    left, right = np.s_[:, : middle - 10], np.s_[:, middle + 10 :]
    press(editor, dialog, "space")
    before = comes(editor, dialog, lambda seen: bool((seen[right] != split[right]).any()))
    assert (before[left] == split[left]).all()
    press(editor, dialog, "space")
    after = comes(editor, dialog, lambda seen: bool((seen[right] == split[right]).all()))
    assert (before != after).any()
    press(editor, dialog, "space")
    comes(editor, dialog, lambda seen: bool((seen == before).all()))


def test_the_keys_zoom_and_move_the_picture_and_come_back(editor: Gimp, dialog: str) -> None:
    click(editor, dialog, PICTURE_NAME)
    whole = picture(editor, dialog)

    def other(key: str, than: Picture) -> Picture:
        press(editor, dialog, key)
        return comes(editor, dialog, lambda seen: bool((seen != than).any()))

    def same(key: str, as_: Picture) -> None:
        press(editor, dialog, key)
        comes(editor, dialog, lambda seen: bool((seen == as_).all()))

    larger = other("plus", whole)
    other("shift+Right", larger)
    same("shift+Left", larger)
    own_pixels = other("1", larger)
    # the layer is 160 pixels high, and stands in the middle
    middle = own_pixels.shape[0] // 2

    def colors(rows: slice) -> int:
        return len(np.unique(own_pixels[rows].reshape(-1, 3), axis=0))

    assert colors(slice(0, middle - 90)) < colors(slice(middle - 50, middle + 50))
    same("0", whole)


def test_the_preview_shows_what_a_selection_leaves(editor: Gimp) -> None:
    upper_half = "image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 320, 80)\n"  # of the faces
    _main, dialog = open_dialog(editor, PICTURE + upper_half)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    click(editor, dialog, PICTURE_NAME)
    split = picture(editor, dialog)
    press(editor, dialog, "space")
    before = comes(editor, dialog, lambda seen: bool((seen != split).any()))
    press(editor, dialog, "space")
    after = comes(editor, dialog, lambda seen: bool((seen != before).any()))
    rows = np.flatnonzero((before != after).any(axis=(1, 2)))
    middle = before.shape[0] // 2  # of the face
    assert rows.min() < middle - 40
    assert rows.max() < middle + 10  # a pixel of the layer is about five of the screen


def test_each_face_has_its_own_look_until_one_is_for_all(editor: Gimp, dialog: str) -> None:
    reset(editor, dialog)
    click(editor, dialog, SAME)  # each its own
    press(editor, dialog, "alt+s")
    type_(editor, "100")
    press(editor, dialog, "Return")
    click(editor, dialog, THUMBNAILS[1])
    press(editor, dialog, "alt+a")  # Apply: the dialog stays
    assert until(lambda: len(editor.ask("names(image)")) == 2, PATIENCE)
    # the layer is there before its pixels
    assert until(lambda: amounts(editor) == pytest.approx([1.0, 0.5], abs=0.02), PATIENCE)
    click(editor, dialog, THUMBNAILS[0])
    click(editor, dialog, SAME)  # the first one's for all
    finish(editor, dialog)
    assert until(lambda: amounts(editor) == pytest.approx([1.0, 1.0], abs=0.02), PATIENCE)
    assert len(editor.ask("names(image)")) == 2  # the earlier result was replaced
    press(editor, window(editor, "RGB color.*GIMP"), "ctrl+z")
    assert until(lambda: amounts(editor) == pytest.approx([1.0, 0.5], abs=0.02), PATIENCE)


def test_scores_come_below_the_preview_once_the_settings_switch_them_on(
    editor: Gimp, editor_home: Path, dialog: str
) -> None:
    inside = Inside(editor)
    rated = "[name(each) for each in widgets() if name(each).startswith('Score ')]"
    reset(editor, dialog)
    assert inside.ask(rated) == []
    try:
        press(editor, dialog, "alt+t")
        settings = window(editor, f"^{SETTINGS}$")
        click(editor, settings, "Show scores")
        press(editor, settings, "Escape")
        said = ["Score 3.00 to 3.25 ± 0.25 · identity distance 0.12"]
        assert until(lambda: inside.ask(rated) == said, PATIENCE)
        click(editor, dialog, "Face 1: Retouch it")
        assert until(lambda: inside.ask(rated) == ["Score 3.00"], PATIENCE)
    finally:
        (editor_home / "config" / "config.toml").unlink()


def amounts(editor: Gimp) -> list[float]:
    """How far the stand-in has inverted the left and the right face."""
    values = editor.run("""
now = seen(image, "R'G'B' u8")
row = 80 * 320 * 3
answer = [[now[row + x * 3], before[row + x * 3]] for x in (70, 230)]
""")
    return [(now - before) / (255 - 2 * before) for now, before in values]
