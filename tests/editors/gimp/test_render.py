"""The choice of pixels in GIMP's dialog: it reaches the daemon, comes back with its result, and is reset."""

import pytest

from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import PATIENCE, Inside, again, click, is_split, open_dialog, preview
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_own_parts import RECORD
from tests.editors.gimp.test_results import PICTURE, finish
from tests.stand_in_backend import FACE_PAIR

CHOICE = """
from gi.repository import Gtk
choice = next(each for each in named("Pixels") if isinstance(each, Gtk.ComboBox))
"""
FACE = "list(seen(image, \"R'G'B' u8\")[(80 * 320 + 80) * 3:][:3])"


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


def chosen(editor: Gimp) -> str:
    return str(Inside(editor).run(f"{CHOICE}\nanswer = choice.get_active_id()"))


def test_the_generator_s_pixels_are_chosen_come_back_with_their_result_and_are_reset(editor: Gimp) -> None:
    main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    inside = Inside(editor)
    assert not inside.has("Pixels")  # it is folded
    click(editor, dialog, "Expression")
    assert until(lambda: inside.has("Pixels"), PATIENCE)
    assert chosen(editor) == "photo"
    titles = inside.run(f"{CHOICE}\nanswer = [row[0] for row in choice.get_model()]")
    assert titles == ["Photograph", "Generated", "Automatic"]
    assert "half a minute" in inside.run(f"{CHOICE}\nanswer = choice.get_tooltip_text()")
    inside.run(
        f"{CHOICE}\nchoice.set_active_id('generated')\nnamed('Smile')[-1].set_value(50)\nanswer = None"
    )
    finish(editor, dialog)
    assert '"render": "generated"' in editor.ask(RECORD)
    assert editor.ask(FACE) == [255, 255, 255]  # so the stand-in shows the generator's pixels
    dialog = again(editor, main)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    assert (chosen(editor), Inside(editor).value("Smile")) == ("generated", 50)
    click(editor, dialog, "Reset the group Expression")
    assert until(lambda: chosen(editor) == "photo", PATIENCE)
    assert Inside(editor).value("Smile") == 0
    finish(editor, dialog)
    assert '"render"' not in editor.ask(RECORD)
    assert editor.ask(FACE) != [255, 255, 255]


def test_a_script_says_whose_pixels_are_shown(editor: Gimp) -> None:
    answer = editor.run(
        f"{PICTURE}\nmade = beautify(base, edits='age=0.2', render='generated')\nanswer = [made[:2], {FACE}]"
    )
    assert answer == [[True, ""], [255, 255, 255]]
    answer = editor.run(
        f"{PICTURE}\nmade = beautify(base, edits='age=0.2', render='auto')\nanswer = [made[:2], {FACE}]"
    )
    assert answer[0] == [True, ""]
    assert answer[1] != [255, 255, 255]
