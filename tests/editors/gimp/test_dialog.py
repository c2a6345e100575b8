"""The dialog on a screen, driven by keys as a user would."""

from tests.daemon.running import Daemon, until
from tests.editors.daemons import Daemons
from tests.editors.gimp.dialog_driver import (
    PATIENCE,
    Picture,
    is_gone,
    is_split,
    open_dialog,
    plug_ins,
    press,
    preview,
    reset,
    windows,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_trouble import NEW_PORTRAIT, works


def layers(editor: Gimp) -> int:
    """How many there are."""
    return int(editor.ask("len(names(image))"))


def test_beautify_adds_a_layer_that_one_undo_takes_back_to_the_bit(editor: Gimp) -> None:
    main, dialog = open_dialog(editor)
    press(editor, dialog, "alt+b")  # at once, while faces are still looked for
    assert is_gone(editor, seconds=PATIENCE)
    assert until(lambda: not plug_ins(editor))
    assert layers(editor) == 2
    assert editor.ask("seen(image, \"R'G'B' u8\") != before")
    press(editor, main, "ctrl+z")
    assert until(lambda: layers(editor) == 1)
    assert until(lambda: bool(editor.ask("seen(image, \"R'G'B' u8\") == before")))
    press(editor, main, "ctrl+f")  # Filters > Repeat: the same again, without the dialog
    assert until(lambda: layers(editor) == 2, PATIENCE)
    assert not windows(editor, "^Beautify$")


def test_cancel_half_way_leaves_the_image_alone_and_frees_the_worker(editor: Gimp, daemon: Daemon) -> None:
    _main, dialog = open_dialog(editor, NEW_PORTRAIT.format(0.02))
    assert until(works(daemon), PATIENCE)
    press(editor, dialog, "Escape")
    assert is_gone(editor)
    assert layers(editor) == 1
    assert editor.ask("seen(image, \"R'G'B' u8\") == before")
    assert until(lambda: daemon.status().photos == 0)
    assert until(lambda: not works(daemon)())


def test_a_daemon_killed_under_the_dialog_has_a_successor_that_does_it(
    editor: Gimp, daemon: Daemon, all_daemons: Daemons
) -> None:
    _main, dialog = open_dialog(editor, NEW_PORTRAIT.format(0.04))
    assert until(works(daemon), PATIENCE)
    daemon.process.kill()
    daemon.process.wait()
    all_daemons.running()

    def is_done() -> bool:
        # the dialog that has what it waits for is closing
        if windows(editor, "^Beautify$") and layers(editor) == 1:
            editor.ask(f"activate({dialog!r}, 3) and tool('xdotool', 'key', 'alt+b')")
        return until(lambda: layers(editor) == 2, 3)

    assert until(is_done, PATIENCE)
    assert is_gone(editor)


def test_the_dialog_shows_a_preview_and_takes_sliders_by_their_keys(editor: Gimp) -> None:
    _main, dialog = open_dialog(editor)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    first: list[Picture] = []

    def is_at_rest() -> bool:  # the whole retouch has come after the local one
        first.append(preview(editor, dialog))
        return len(first) > 3 and all((each == first[-1]).all() for each in first[-3:])

    reset(editor, dialog)
    press(editor, dialog, "alt+s")
    assert until(is_at_rest, PATIENCE)
    press(editor, dialog, *["Page_Up"] * 4)
    middle = first[-1].shape[1] // 2

    def differs(half: slice) -> int:
        return int((preview(editor, dialog)[:, half] != first[-1][:, half]).any(-1).sum())

    assert until(lambda: differs(slice(middle + 5, None)) > 1000, PATIENCE)
    assert differs(slice(0, middle - 5)) == 0
    press(editor, dialog, "alt+b")
    assert is_gone(editor, seconds=PATIENCE)
    assert until(lambda: layers(editor) == 2)
