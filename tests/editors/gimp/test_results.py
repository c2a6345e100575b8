"""What becomes of results in real GIMP: one takes another's place, is edited again, obeys the selection.

With the stand-in backend, which finds two faces in any picture: everything here is the plug-in's own.
"""

from pathlib import Path

import pytest

from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import (
    OPEN,
    again,
    click,
    is_gone,
    is_split,
    open_dialog,
    plug_ins,
    pointer,
    press,
    preview,
    steady,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.stand_in_backend import FACE_PAIR

PICTURE = """
image = Gimp.Image.new(320, 160, Gimp.ImageBaseType.RGB)
base = Gimp.Layer.new(image, "photo", 320, 160, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
image.insert_layer(base, None, 0)
base.get_buffer().set(Gegl.Rectangle.new(0, 0, 320, 160), "R'G'B' u8", (bytes(range(101)) * 1521)[:153600])
"""  # the stand-in finds faces at (60, 60) and (220, 60), of 40 by 40 pixels
RESULT = "photo (retouched)"


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


def test_a_second_result_takes_the_first_one_s_place_in_one_step_of_undo(editor: Gimp) -> None:
    answer = editor.run(
        PICTURE
        + """
first = beautify(base, strength=0.5)
shown = seen(image, "R'G'B' u8")
top = image.get_layers()[0]
top.set_opacity(80.0)
dimmed = seen(image, "R'G'B' u8")
second = beautify(base, strength=1.0)
answer = [first[:2], second[:2], names(image), image.get_layers()[0].get_opacity(),
          seen(image, "R'G'B' u8") != dimmed, image.get_layers()[0].get_id() != top.get_id()]
"""
    )
    assert answer == [[True, ""], [True, ""], [RESULT, "photo"], 80.0, True, True]


def test_a_result_goes_above_the_earlier_ones_that_are_to_stay(editor: Gimp) -> None:
    answer = editor.run(
        PICTURE
        + """
beautify(base, strength=0.3)
first = seen(image, "R'G'B' u8")
beautify(base, strength=1.0, earlier="keep")
answer = [names(image), seen(image, "R'G'B' u8") != first,
          [layer.get_name() for layer in image.get_selected_layers()]]
"""
    )
    assert answer == [[f"{RESULT} #1", RESULT, "photo"], True, [f"{RESULT} #1"]]


def test_a_result_that_is_chosen_stands_for_its_layer_also_after_saving(editor: Gimp, tmp_path: Path) -> None:
    answer = editor.run(
        PICTURE
        + f"""
beautify(base, strength=0.3)
again = beautify(image.get_layers()[0], strength=1.0)
file = Gio.File.new_for_path({str(editor.profile / "result.xcf")!r})
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
once = seen(image, "R'G'B' u8")
loaded = load(file.get_path())
saved = beautify(loaded.get_layers()[0], strength=0.1)
answer = [again[:2], names(image), saved[:2], names(loaded), seen(loaded, "R'G'B' u8") != once,
          differences(once, seen(loaded, "R'G'B' u8"), 320, 3)[1]]
"""
    )
    assert answer == [
        [True, ""],
        [RESULT, "photo"],
        [True, ""],
        [RESULT, "photo"],
        True,
        [60, 60, 260, 100],  # the whole faces, not the cut-out of one
    ]


def test_a_result_whose_layer_was_deleted_is_a_layer_like_any_other(editor: Gimp) -> None:
    answer = editor.run(
        PICTURE
        + """
beautify(base, strength=0.3, faces="0")
image.remove_layer(base)
outcome = beautify(image.get_layers()[0], strength=1.0)
answer = [outcome[:2], names(image)]
"""
    )
    assert answer == [[True, ""], [f"{RESULT} (retouched)", RESULT]]


@pytest.mark.parametrize(
    ("away", "sentence"),
    [
        ("image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 20, 20)", "beside the faces"),
        ("base.add_mask(base.create_mask(Gimp.AddMaskType.BLACK))", "transparent where the faces are"),
        ("base.add_alpha(); base.edit_clear()", "transparent where the faces are"),
    ],
)
@pytest.mark.parametrize("output", ["new-layer", "new-layer-with-mask", "replace"])
def test_what_would_change_nothing_is_no_success_and_adds_no_layer(
    editor: Gimp, away: str, sentence: str, output: str
) -> None:
    answer = editor.run(
        PICTURE
        + f"""
{away}
image.clean_all()
outcome = beautify(base, strength=1.0, output={output!r})
answer = [outcome[0], outcome[1], names(image), image.is_dirty()]
"""
    )
    succeeded, message, layers, is_dirty = answer
    assert not succeeded
    assert sentence in message
    assert layers == ["photo"]
    assert not is_dirty


def test_a_selection_chooses_the_face(editor: Gimp) -> None:
    answer = editor.run(
        PICTURE
        + """
before = seen(image, "R'G'B' u8")
image.select_rectangle(Gimp.ChannelOps.REPLACE, 190, 30, 100, 100)
outcome = beautify(base, strength=1.0)
other = beautify(base, strength=1.0, faces="0")
answer = [outcome[:2], box(image.get_layers()[0]),
          differences(before, seen(image, "R'G'B' u8"), 320, 3)[1], other[0], other[1]]
"""
    )
    assert answer[:4] == [[True, ""], [220, 60, 260, 100], [220, 60, 260, 100], False]
    assert "beside the faces" in answer[4]


THUMBNAILS = ("Face 1: Show it", "Face 2: Show it")
TICKS = ("Face 1: Retouch it", "Face 2: Retouch it")
SAME = "Same look for all faces"


def finish(editor: Gimp, dialog: str) -> None:
    """Press Beautify, and wait until the dialog and its process are gone."""
    press(editor, dialog, "alt+b")
    assert is_gone(editor)
    assert until(lambda: not plug_ins(editor))


def changed(editor: Gimp) -> "list[bool]":
    """Whether the left and the right face look otherwise than before."""
    return list(
        editor.run("""
now = seen(image, "R'G'B' u8")
row = 80 * 320 * 3
answer = [now[row + x * 3] != before[row + x * 3] for x in (64, 224)]
""")
    )


def test_a_click_shows_a_face_and_its_tick_chooses_it_for_this_picture_alone(editor: Gimp) -> None:
    main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    left = steady(lambda: preview(editor, dialog))
    for x in (100, 140, 120):
        pointer(editor, dialog, (x, 300), click=False)  # no button is pressed
    assert not until(lambda: bool((preview(editor, dialog) != left).any()), 3)  # a tooltip would come
    click(editor, dialog, THUMBNAILS[1])
    assert until(lambda: bool((preview(editor, dialog) != left).any()))
    click(editor, dialog, TICKS[0])
    finish(editor, dialog)
    assert until(lambda: changed(editor) == [False, True])
    editor.run("display.delete()\n" + PICTURE + OPEN)
    main = window(editor, "RGB color.*GIMP")
    press(editor, main, "ctrl+f")
    assert until(lambda: changed(editor) == [True, True])


def test_a_result_is_edited_again_with_its_sliders_and_its_faces(editor: Gimp) -> None:
    main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    click(editor, dialog, TICKS[0])
    press(editor, dialog, "alt+s", *["Page_Up"] * 3)
    finish(editor, dialog)
    made, first = of_result(editor), editor.ask("image.get_layers()[0].get_id()")
    dialog = again(editor, main)
    assert until(lambda: is_split(preview(editor, dialog)))
    finish(editor, dialog)  # nothing was moved
    assert changed(editor) == [False, True]
    assert of_result(editor) == made
    second = editor.ask("image.get_layers()[0].get_id()")
    assert second != first
    press(editor, main, "ctrl+f")  # makes it again as it was made: the other face stays as it is
    assert until(lambda: editor.ask("image.get_layers()[0].get_id()") != second)
    assert until(lambda: not plug_ins(editor))
    assert of_result(editor) == made
    for expected in (second, first):
        press(editor, main, "ctrl+z")
        assert until(lambda expected=expected: editor.ask("image.get_layers()[0].get_id()") == expected)  # type: ignore[misc]
    assert of_result(editor) == made
    assert changed(editor) == [False, True]


def of_result(editor: Gimp) -> "tuple[object, object]":
    """The layers' names, and the pixels of the topmost."""
    return editor.ask("names(image)"), editor.ask("pixels(image.get_layers()[0]).hex()")
