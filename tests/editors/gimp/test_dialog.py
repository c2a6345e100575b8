"""The dialog on a screen, driven by keys as a user would."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.running import Daemon, until
from tests.editors.gimp.running import Gimp

_PATIENCE = 300.0
_OPEN = """
image = load()
display = Gimp.Display.new(image)
before = seen(image, "R'G'B' u8")
answer = None
"""


def window(editor: Gimp, title: str) -> str:
    """The window with that title, once it is there."""
    found: list[Any] = []

    def is_there() -> bool:
        found[:] = editor.ask(f"windows({title!r})")
        return bool(found)

    assert until(is_there, _PATIENCE), f"no window {title}"
    return str(found[-1])


def open_dialog(editor: Gimp) -> tuple[str, str]:
    """Open a picture, and the filter by its menu; the windows of both."""
    editor.run(_OPEN)
    main = window(editor, "Untitled.*GIMP")
    editor.ask(f"tool('xdotool', 'windowactivate', '--sync', {main!r})")
    # a first start greets, whatever the settings say
    editor.run("for each in windows('Welcome to GIMP'): tool('xdotool', 'windowclose', each)\nanswer = None")
    time.sleep(2)
    for key in ("alt+r", "Up", "Right", "Return"):
        editor.ask(f"tool('xdotool', 'key', {key!r})")
        time.sleep(1)
    return main, window(editor, "^Beautify$")


def press(editor: Gimp, where: str, key: str) -> None:
    """Press a key in a window."""
    editor.ask(f"tool('xdotool', 'windowactivate', '--sync', {where!r}, 'key', {key!r})")


def shot(editor: Gimp, name: str) -> Path:
    """A picture of the screen."""
    path = editor.profile / f"{name}.png"
    editor.ask(f"tool('import', '-window', 'root', {str(path)!r})")
    return path


def layers(editor: Gimp) -> int:
    """How many there are."""
    return int(editor.ask("len(names(image))"))


@pytest.fixture(autouse=True)
def no_display(editor: Gimp) -> Any:
    """Close the image's window again."""
    yield
    editor.run("globals().get('display') and display.is_valid() and display.delete()\nanswer = None")


def test_beautify_adds_a_layer_that_one_undo_takes_back_to_the_bit(editor: Gimp) -> None:
    main, dialog = open_dialog(editor)
    time.sleep(5)
    shot(editor, "dialog-opened")
    press(editor, dialog, "alt+b")
    assert until(lambda: layers(editor) == 2, _PATIENCE)
    assert until(lambda: not editor.ask("windows('^Beautify$')"))
    assert editor.ask("seen(image, \"R'G'B' u8\") != before")
    press(editor, main, "ctrl+z")
    assert until(lambda: layers(editor) == 1, 30)
    assert editor.ask("seen(image, \"R'G'B' u8\") == before")
    press(editor, main, "ctrl+f")  # Filters > Repeat: the same again, without the dialog
    assert until(lambda: layers(editor) == 2, _PATIENCE)
    assert not editor.ask("windows('^Beautify$')")


def test_cancel_leaves_the_image_alone_and_frees_the_daemon(editor: Gimp, daemon: Daemon) -> None:
    _main, dialog = open_dialog(editor)
    press(editor, dialog, "Escape")
    assert until(lambda: not editor.ask("windows('^Beautify$')"), 30)
    assert layers(editor) == 1
    assert editor.ask("seen(image, \"R'G'B' u8\") == before")
    assert until(lambda: daemon.status()["photos"] == 0, 30)


def test_the_dialog_shows_a_preview_and_takes_sliders_by_their_keys(editor: Gimp) -> None:
    _main, dialog = open_dialog(editor)
    time.sleep(20)
    empty = shot(editor, "dialog")
    press(editor, dialog, "alt+s")
    for _ in range(6):
        press(editor, dialog, "Right")
    time.sleep(15)
    moved = shot(editor, "dialog-moved")
    assert empty.read_bytes() != moved.read_bytes()
    press(editor, dialog, "alt+b")
    assert until(lambda: layers(editor) == 2, _PATIENCE)
