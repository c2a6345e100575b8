"""The dialog on a screen, driven by keys as a user would."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.daemon.running import Daemon, until
from tests.editors.daemons import Daemons
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_trouble import NEW_PORTRAIT, works

_TIMEOUT = 300.0
OPEN = """
display = Gimp.Display.new(image)
before = seen(image, "R'G'B' u8")
answer = None
"""


def window(editor: Gimp, title: str) -> str:
    """The window with that title, once it is there."""
    ids: list[Any] = []

    def is_there() -> bool:
        ids[:] = editor.ask(f"windows({title!r})")
        return bool(ids)

    assert until(is_there, _TIMEOUT), f"no window {title}"
    return str(ids[-1])


def open_dialog(editor: Gimp, picture: str = "image = load()") -> tuple[str, str]:
    """Open a picture, and the filter by its menu; the windows of both."""
    editor.run(picture + OPEN)
    main = window(editor, "RGB color.*GIMP")
    editor.ask(f"tool('xdotool', 'windowactivate', '--sync', {main!r})")
    # a first start greets, whatever the settings say, and messages of earlier tests lie on top
    above = "windows('^(Welcome to GIMP|GIMP Message)')"
    editor.run(f"for each in {above}: tool('xdotool', 'windowclose', each)\nanswer = None")
    time.sleep(2)
    editor.ask("tool('xdotool', 'mousemove', '1270', '890')")  # where it calls for no tooltip
    for key in ("alt+r", "Up", "Right", "Return"):
        editor.ask(f"tool('xdotool', 'key', {key!r})")
        time.sleep(1)
    return main, window(editor, "^Beautify$")


def press(editor: Gimp, where: str, key: str) -> None:
    """Press a key in a window."""
    editor.ask(f"tool('xdotool', 'windowactivate', '--sync', {where!r}, 'key', {key!r})")


def whole(editor: Gimp, dialog: str) -> NDArray[np.uint8]:
    """The dialog as it is on the screen: [height, width, 3]."""
    path = editor.profile / "dialog.png"
    editor.ask(f"tool('xdotool', 'windowactivate', '--sync', {dialog!r})")
    editor.ask(f"tool('import', '-window', {dialog!r}, {str(path)!r})")
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def preview(editor: Gimp, dialog: str, lower: int = 0) -> NDArray[np.uint8]:
    """The dialog's picture as it is on the screen: [480, 480, 3]. lower: by how many pixels."""
    return whole(editor, dialog)[12 + lower : 492 + lower, 12:492]


def sliders(editor: Gimp, dialog: str) -> NDArray[np.uint8]:
    """What lies right of that picture."""
    return whole(editor, dialog)[:480, 500:700]


def is_split(picture: NDArray[np.uint8]) -> bool:
    """Whether a line divides before and after, as it does once there is an after.

    The preview is a few pixels narrower where what stands right of it is wider.
    """
    return bool((picture[:, 234:246] == 255).all(axis=(0, 2)).any())


def layers(editor: Gimp) -> int:
    """How many there are."""
    return int(editor.ask("len(names(image))"))


def test_beautify_adds_a_layer_that_one_undo_takes_back_to_the_bit(editor: Gimp) -> None:
    main, dialog = open_dialog(editor)
    press(editor, dialog, "alt+b")  # at once, while faces are still looked for
    assert until(lambda: layers(editor) == 2, _TIMEOUT)
    assert until(lambda: not editor.ask("windows('^Beautify$')"))
    assert editor.ask("seen(image, \"R'G'B' u8\") != before")
    press(editor, main, "ctrl+z")
    assert until(lambda: layers(editor) == 1, 30)
    assert editor.ask("seen(image, \"R'G'B' u8\") == before")
    press(editor, main, "ctrl+f")  # Filters > Repeat: the same again, without the dialog
    assert until(lambda: layers(editor) == 2, _TIMEOUT)
    assert not editor.ask("windows('^Beautify$')")
    time.sleep(2)  # the layer is there before the last of the work is done


def test_cancel_half_way_leaves_the_image_alone_and_frees_the_worker(editor: Gimp, daemon: Daemon) -> None:
    _main, dialog = open_dialog(editor, NEW_PORTRAIT.format(0.02))
    assert until(works(daemon), _TIMEOUT)
    press(editor, dialog, "Escape")
    assert until(lambda: not editor.ask("windows('^Beautify$')"), 30)
    assert layers(editor) == 1
    assert editor.ask("seen(image, \"R'G'B' u8\") == before")
    assert until(lambda: daemon.status().photos == 0, 30)
    assert until(lambda: not works(daemon)(), 30)


def test_the_dialog_redraws_while_the_daemon_works(editor: Gimp, daemon: Daemon) -> None:
    _main, dialog = open_dialog(editor, NEW_PORTRAIT.format(0.06))
    assert until(works(daemon), _TIMEOUT)
    worked = []
    for _ in range(3):
        before = sliders(editor, dialog)
        press(editor, dialog, "alt+s")
        press(editor, dialog, "Down")
        press(editor, dialog, "Down")

        def is_another(before: NDArray[np.uint8] = before) -> bool:
            return bool((sliders(editor, dialog) != before).any())

        assert until(is_another, 30)
        worked.append(works(daemon)())
    assert worked[0]  # a new face is soon known, where nothing else runs
    press(editor, dialog, "Escape")
    assert until(lambda: not editor.ask("windows('^Beautify$')"), 30)


def test_a_daemon_killed_under_the_dialog_has_a_successor_that_does_it(
    editor: Gimp, daemon: Daemon, all_daemons: Daemons
) -> None:
    _main, dialog = open_dialog(editor, NEW_PORTRAIT.format(0.04))
    assert until(works(daemon), _TIMEOUT)
    daemon.process.kill()
    daemon.process.wait()
    all_daemons.running()

    def is_done() -> bool:
        press(editor, dialog, "alt+b")
        time.sleep(2)
        return layers(editor) == 2

    assert until(is_done, _TIMEOUT)
    assert not editor.ask("windows('^Beautify$')")


def test_the_dialog_shows_a_preview_and_takes_sliders_by_their_keys(editor: Gimp) -> None:
    _main, dialog = open_dialog(editor)
    assert until(lambda: is_split(preview(editor, dialog)), _TIMEOUT)
    press(editor, dialog, "alt+s")
    time.sleep(1)
    first = preview(editor, dialog)
    for _ in range(4):
        press(editor, dialog, "Page_Up")

    def differs(half: slice) -> int:
        return int((preview(editor, dialog)[:, half] != first[:, half]).any(-1).sum())

    assert until(lambda: differs(slice(245, 480)) > 1000, _TIMEOUT)
    assert differs(slice(0, 235)) == 0
    press(editor, dialog, "alt+b")
    assert until(lambda: layers(editor) == 2, _TIMEOUT)
    assert until(lambda: not editor.ask("windows('^Beautify$')"), 30)
