"""Drives the filter's dialog: finds its windows and widgets by their names, points, clicks, presses keys.

Nothing here trusts a fixed time or a place on the screen: it waits for what is seen, and asks the dialog
where a widget is (``inside/sitecustomize.py``).
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.daemon.running import until
from tests.editors.editor_driver import EditorDriver
from tests.editors.gimp.running import Gimp

PATIENCE = 300.0  # seconds
TITLE = "^Beautify$"
OPEN = """
display = Gimp.Display.new(image)
before = seen(image, "R'G'B' u8")
answer = None
"""
"""Shows a picture, and keeps how it looks."""
_AWAY = "tool('xdotool', 'mousemove', '1270', '890')"  # where the pointer calls for no tooltip
_STARTS = 20.0  # seconds in which a click on the menu starts the filter

Picture = NDArray[np.uint8]


def plug_ins(editor: Gimp) -> list[int]:
    """Processes of the filter in this GIMP."""
    pids, own = [], str(editor.settings / "plug-ins").encode()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes()
        except OSError:
            continue
        if own in command and b"retouchml-beautify.py" in command:
            pids.append(int(file.parent.name))
    return pids


def windows(editor: Gimp, title: str) -> list[str]:
    """The visible windows with that title."""
    return list(editor.ask(f"windows({title!r})"))


def window(editor: Gimp, title: str) -> str:
    """The window with that title, once it is there."""
    ids: list[str] = []

    def is_there() -> bool:
        ids[:] = windows(editor, title)
        return bool(ids)

    assert until(is_there, PATIENCE), f"no window {title}"
    return ids[-1]


def is_gone(editor: Gimp, title: str = TITLE, seconds: float = PATIENCE) -> bool:
    """Whether there is no such window any more, before that time is over."""
    return until(lambda: not windows(editor, title), seconds)


def activate(editor: Gimp, where: str) -> None:
    """Give a window the keyboard, and wait until it has it."""
    assert editor.ask(f"activate({where!r})"), f"window {where} does not get the keyboard"


def press(editor: Gimp, where: str, *keys: str) -> None:
    """Press keys in a window."""
    activate(editor, where)
    for key in keys:
        editor.ask(f"tool('xdotool', 'key', {key!r})")


def type_(editor: Gimp, text: str) -> None:
    """Put a text in the place of what the field that has the keyboard holds."""
    editor.ask("tool('xdotool', 'key', 'ctrl+a')")
    editor.ask(f"tool('xdotool', 'type', {text!r})")


def reset(editor: Gimp, dialog: str) -> None:
    """Reset the sliders, as the strength of an earlier dialog is remembered."""
    inside = Inside(editor)
    inside.run("""
button = [each for each in named("Reset") if type(each).__name__ == "Button"][-1]
kept["reset"] = False
button.connect_after("clicked", lambda _button: kept.update(reset=True))
answer = None
""")
    press(editor, dialog, "alt+r")
    assert until(lambda: bool(inside.ask("kept['reset']")), PATIENCE)  # a button takes a moment to act


def whole(editor: Gimp, dialog: str) -> Picture:
    """The dialog as it is on the screen: [height, width, 3]."""
    path = editor.profile / "dialog.png"
    activate(editor, dialog)
    editor.ask(f"tool('import', '-window', {dialog!r}, {str(path)!r})")
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def steady(look: Callable[[], Picture], seconds: float = PATIENCE) -> Picture:
    """What is seen once it is the same twice in a row."""
    seen: list[Picture] = [look()]

    def is_same() -> bool:
        time.sleep(0.3)
        seen.append(look())
        return seen[-1].shape == seen[-2].shape and bool((seen[-1] == seen[-2]).all())

    assert until(is_same, seconds), "the picture does not come to rest"
    return seen[-1]


class Inside(EditorDriver):
    """Runs Python in the process of the dialog that was opened last, in its main loop."""

    def __init__(self, editor: Gimp) -> None:
        pid = max(plug_ins(editor))
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        # GIMP's processes count for themselves
        own = next(line.split()[-1] for line in status.splitlines() if line.startswith("NSpid:"))
        address = editor.profile / f"driver.{own}"
        until(address.exists, PATIENCE)  # a window may be there before its driver is
        super().__init__(address, PATIENCE)

    def place(self, name: str) -> tuple[int, int]:
        """The middle of the widget that a screen reader calls so, in its window."""
        x, y = self.ask(f"place(named({name!r})[-1])")
        return x, y

    def value(self, name: str) -> float:
        """The number that a slider of that name shows."""
        return float(self.ask(f"named({name!r})[-1].get_value()"))

    def has(self, name: str) -> bool:
        """Whether a widget of that name is in sight."""
        return bool(self.ask(f"bool(named({name!r}))"))


def preview(editor: Gimp, dialog: str, name: str = "Before and after") -> Picture:
    """The dialog's picture as it is on the screen. name: its name in the language of the dialog"""
    left, top, right, bottom = Inside(editor).ask(f"box(named({name!r})[-1])")
    return whole(editor, dialog)[top:bottom, left:right]


def is_split(picture: Picture) -> bool:
    """Whether a line divides before and after, as it does once there is an after."""
    middle = picture.shape[1] // 2
    return bool((picture[:, middle - 8 : middle + 8] == 255).all(axis=(0, 2)).any())


def open_menu(editor: Gimp, main: str, *keys: str, has_started: "Callable[[], bool] | None" = None) -> None:
    """Choose from Filters > RetouchML by these keys, and see that the filter starts.

    has_started: whether it has, if it may end before its process is seen
    """
    before = set(plug_ins(editor))

    def is_there() -> bool:
        return bool(set(plug_ins(editor)) - before) or bool(has_started and has_started())

    def starts() -> bool:
        for each in windows(editor, "^GIMP Message"):  # of an earlier test, which lies on top
            press(editor, each, "Escape")  # to destroy GIMP's window from outside would end GIMP
        press(editor, main, "Escape", "Escape")  # a menu that is open still
        for key in ("alt+r", "Up", "Right", *keys):
            editor.ask(f"tool('xdotool', 'key', {key!r})")
            time.sleep(0.7)  # a menu opens
        return until(is_there, _STARTS)

    assert until(starts, PATIENCE), "the menu does not start the filter"


def open_dialog(editor: Gimp, picture: str = "image = load()") -> tuple[str, str]:
    """Open a picture, and the filter by its menu; the windows of both."""
    editor.run(picture + OPEN)
    main = window(editor, "RGB color.*GIMP")
    leave(editor)
    return main, again(editor, main)


def again(editor: Gimp, main: str) -> str:
    """Open the dialog on the layer that is active."""
    open_menu(editor, main, "Return")
    assert until(lambda: bool(windows(editor, TITLE)) or not plug_ins(editor), PATIENCE)
    assert windows(editor, TITLE), "the filter ended without a dialog"
    return window(editor, TITLE)


def leave(editor: Gimp) -> None:
    """Take the pointer away."""
    editor.ask(_AWAY)


def pointer(editor: Gimp, dialog: str, place: "tuple[int, int]", *, click: bool) -> None:
    """Move the pointer to a place of the dialog, perhaps click."""
    activate(editor, dialog)
    editor.ask(f"tool('xdotool', 'mousemove', '--window', {dialog!r}, '{place[0]}', '{place[1]}')")
    time.sleep(0.5)
    if click:
        editor.ask("tool('xdotool', 'click', '1')")


def click(editor: Gimp, dialog: str, name: str) -> None:
    """Click on the widget that a screen reader calls so, once it is there, and take the pointer away."""
    inside = Inside(editor)
    assert until(lambda: inside.has(name), PATIENCE), f"no widget {name}"
    pointer(editor, dialog, inside.place(name), click=True)
    time.sleep(0.3)
    leave(editor)
