"""GIMP's dialog: its sizes, many faces, numbers that are typed, and the keys alone."""

from pathlib import Path

import pytest

from retouchml import sentences, settings, translation
from retouchml.system.file_names import SETTINGS
from retouchml.translation import LANGUAGES
from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import (
    OPEN,
    Inside,
    click,
    is_gone,
    is_split,
    open_dialog,
    open_menu,
    press,
    preview,
    steady,
    type_,
    whole,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_ROW


@pytest.fixture
def backend() -> str:
    return FACE_ROW


@pytest.fixture
def dialog(editor: Gimp) -> str:
    """The dialog on a picture with twenty faces, with its preview."""
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    return dialog


def resize(editor: Gimp, dialog: str, width: int, height: int) -> tuple[int, int]:
    """Ask for a size; the size that it has then."""
    before = whole(editor, dialog).shape
    editor.ask(f"tool('xdotool', 'windowsize', {dialog!r}, '{width}', '{height}')")
    assert until(lambda: whole(editor, dialog).shape != before)
    shape = steady(lambda: whole(editor, dialog)).shape
    return shape[1], shape[0]


def test_it_grows_and_shrinks_and_the_picture_with_it(editor: Gimp, dialog: str) -> None:
    width, height = resize(editor, dialog, 1250, 860)
    assert (width, height) == (1250, 860)
    large = preview(editor, dialog)
    assert min(large.shape[:2]) > 500
    assert is_split(large)  # from top to bottom
    left, _top, right, _bottom = Inside(editor).ask("box(named('Output')[-1])")
    assert right > 1250 - 30  # the sliders stay at the edge, and all other room is the picture's
    assert large.shape[1] > left - 150
    width, height = resize(editor, dialog, 10, 10)
    assert width <= 780
    assert height <= 560


def test_twenty_faces_make_it_no_larger(editor: Gimp, dialog: str) -> None:
    height, width = whole(editor, dialog).shape[:2]
    assert width <= 960
    assert height <= 790
    bars = "[each.get_opacity() for each in widgets() if type(each).__name__ == 'Scrollbar']"
    assert until(lambda: Inside(editor).ask(bars) == [1.0])  # that there are more than fit is seen


def test_of_many_faces_the_largest_is_ticked_and_all_or_none_by_a_button(editor: Gimp, dialog: str) -> None:
    inside = Inside(editor)
    ticks = "[each.get_active() for each in widgets() if name(each).endswith(': Retouch it')]"
    assert inside.ask(ticks).count(True) == 1
    assert len(inside.ask(ticks)) == 20
    click(editor, dialog, "All")
    assert until(lambda: all(inside.ask(ticks)))
    click(editor, dialog, "None")
    assert until(lambda: not any(inside.ask(ticks)))
    press(editor, dialog, "alt+b")
    assert until(lambda: inside.has("No face is ticked."))


def test_it_can_be_used_by_the_keys_alone_and_takes_typed_numbers(editor: Gimp, dialog: str) -> None:
    first = preview(editor, dialog)
    press(editor, dialog, "alt+s")
    type_(editor, "100")
    press(editor, dialog, "Return")
    after = slice(first.shape[1] // 2 + 5, None)
    assert until(lambda: bool((preview(editor, dialog)[:, after] != first[:, after]).any()))
    press(editor, dialog, "alt+b")
    assert is_gone(editor)
    place = (80 * 320 + 8) * 3  # on the first face, which the stand-in inverts at full strength
    assert editor.ask(f"seen(image, \"R'G'B' u8\")[{place}] + before[{place}]") == 255


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language_twenty_faces_make_it_no_larger(
    editor: Gimp, editor_home: Path, language: str
) -> None:
    file = editor_home / "config" / SETTINGS
    settings.store(file, "language", language)
    translation.use(language)
    title = f"^{translation.translated(sentences.BEAUTIFY)}$"
    try:
        editor.run(PICTURE + OPEN)
        main = window(editor, "RGB color.*GIMP")
        open_menu(editor, main, "Return")
        dialog = window(editor, title)
        tick = f": {translation.translated('Retouch it')}"
        ticks = f"len([each for each in widgets() if name(each).endswith({tick!r})])"
        assert until(lambda: Inside(editor).ask(ticks) == 20, 120)
        height, width = steady(lambda: whole(editor, dialog)).shape[:2]
        press(editor, dialog, "Escape")
        assert is_gone(editor, title)
    finally:
        translation.use(translation.SOURCE)
        settings.store(file, "language", None)
    assert width <= 1100
    assert height <= 790
