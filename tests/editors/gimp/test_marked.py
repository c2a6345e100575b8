"""A face that was missed is marked in real GIMP; and the last results bring their looks back."""

import pytest

from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import (
    Inside,
    again,
    click,
    is_gone,
    is_split,
    open_dialog,
    press,
    preview,
    type_,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_dialog import layers
from tests.editors.gimp.test_results import PICTURE, finish
from tests.editors.gimp.test_views import amounts
from tests.stand_in_backend import FACE_PAIR


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


def test_a_face_where_the_selection_is_joins_the_others_and_the_result(editor: Gimp) -> None:
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    before = preview(editor, dialog)
    editor.run("image.select_rectangle(Gimp.ChannelOps.REPLACE, 140, 20, 30, 30)\nanswer = None")
    click(editor, dialog, "There is a face here")
    assert until(lambda: bool((preview(editor, dialog) != before).any()))  # it is shown
    assert until(lambda: bool(editor.ask("Gimp.Selection.is_empty(image)")))  # nothing limits the result
    finish(editor, dialog)
    assert until(
        lambda: (
            editor.run("""
now = seen(image, "R'G'B' u8")
answer = [now[(y * 320 + x) * 3] != before[(y * 320 + x) * 3] for x, y in ((150, 30), (64, 80), (224, 80))]
""")
            == [True, True, True]
        ),
        30,
    )


def test_a_marked_face_is_there_when_the_result_is_edited_again(editor: Gimp) -> None:
    main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    editor.run("image.select_rectangle(Gimp.ChannelOps.REPLACE, 140, 20, 30, 30)\nanswer = None")
    click(editor, dialog, "There is a face here")
    assert until(lambda: Inside(editor).has("Face 3: Retouch it"))
    finish(editor, dialog)
    assert until(lambda: layers(editor) == 2)
    dialog = again(editor, main)  # the result is the active layer
    assert until(lambda: is_split(preview(editor, dialog)))
    ticks = "[each.get_active() for each in widgets() if name(each).endswith(': Retouch it')]"
    assert until(lambda: Inside(editor).ask(ticks) == [True] * 3)
    press(editor, dialog, "Escape")
    assert is_gone(editor)


def test_a_script_says_where_a_face_is(editor: Gimp) -> None:
    answer = editor.run(
        PICTURE
        + """
outcome = beautify(base, **{"face-at": "140,20,30,30", "faces": "2"})
wrong = beautify(base, **{"face-at": "140,20,30"})
answer = [outcome[:2], box(image.get_layers()[0]), wrong[0], wrong[1]]
"""
    )
    assert answer[:3] == [[True, ""], [140, 20, 170, 50], False]
    assert "X,Y,WIDTH,HEIGHT" in answer[3]


def test_the_last_results_are_kept_with_the_picture_and_a_click_brings_a_look_back(editor: Gimp) -> None:
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    for strength in ("100", "20"):
        press(editor, dialog, "alt+s")
        type_(editor, strength)
        press(editor, dialog, "alt+a")
        share = int(strength) / 100
        expected = pytest.approx([share] * 2, abs=0.02)
        assert until(lambda expected=expected: amounts(editor) == expected)  # type: ignore[misc]
        # the dialog says so when all is done
        assert until(lambda: Inside(editor).has("The result is in the picture. You can go on."))
        press(editor, dialog, "alt+s", "Down")  # and says otherwise now
        assert until(lambda: not Inside(editor).has("The result is in the picture. You can go on."))
    assert layers(editor) == 2
    kept = editor.run("""
import json
kept = json.loads(bytes(image.get_parasite("retouchml-history").get_data()))
answer = [[each["record"]["faces"][0]["look"]["strength"], bool(each["picture"])] for each in kept]
""")
    assert kept == [[0.2, True], [1.0, True]]
    inside = Inside(editor)
    press(editor, dialog, "alt+h")
    names = (
        "[name(each) for each in widgets() if type(each).__name__ == 'Button' and ' 2 faces' in name(each)]"
    )
    assert until(lambda: len(inside.ask(names)) == 2)
    editor.ask("tool('xdotool', 'key', 'Down')")  # the second one
    second = f"[each for each in widgets() if name(each) == {inside.ask(names)[1]!r}][-1].is_focus()"
    assert until(lambda: bool(inside.ask(second)))
    editor.ask("tool('xdotool', 'key', 'Return')")
    assert until(lambda: not inside.ask(names))
    finish(editor, dialog)
    assert until(lambda: amounts(editor) == pytest.approx([1.0, 1.0], abs=0.02))
