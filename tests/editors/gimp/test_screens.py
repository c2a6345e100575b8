"""GIMP's dialog and settings on a screen of 1366x768 pixels, and at 200 %, with one face and with twenty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retouchml import sentences, settings, translation
from retouchml.client import settings_page
from retouchml.system.file_names import SETTINGS
from retouchml.translation import translated
from tests.daemon.running import until
from tests.editors.gimp.conftest import ROOTS, gimp_with_filter
from tests.editors.gimp.dialog_driver import (
    OPEN,
    PATIENCE,
    Inside,
    is_gone,
    is_split,
    open_menu,
    press,
    preview,
    steady,
    whole,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_ROW, LARGE_FACE

# at 200 % a screen has to be twice as large for as many of GTK's pixels
SCREENS = {"1366x768": 1, "2732x1536": 2}
COUNTS = {LARGE_FACE: 1, FACE_ROW: 20}
# of the topmost window of a title, in GTK's pixels
LAYOUT = """
from gi.repository import Gdk, Gtk
top = [each for each in Gtk.Window.list_toplevels() if each.get_title() == %r and each.get_mapped()][0]
frame, screen = top.get_window().get_frame_extents(), Gdk.Display.get_default().get_monitor(0).get_geometry()
least, size = top.get_preferred_size()[0], top.get_allocation()

def is_outside(each):
    scroll = each.get_ancestor(Gtk.ScrolledWindow)
    left, top_, right, bottom = (side // each.get_scale_factor() for side in box(scroll or each))
    return left < 0 or top_ < 0 or right > size.width or bottom > size.height

answer = {
    "scale": top.get_scale_factor(),
    "frame": [frame.x, frame.y, frame.x + frame.width, frame.y + frame.height],
    "screen": [screen.width, screen.height],
    "room": [size.width - least.width, size.height - least.height],
    "shortened": [each.get_text() for each in widgets(top)
                  if isinstance(each, Gtk.Label) and each.get_layout().is_ellipsized()],
    "outside": [name(each) for each in widgets(top) if each.get_can_focus() and is_outside(each)],
}
"""

PRESS = """
from gi.repository import GLib
button = [each for each in every() if type(each).__name__ == "Button" and each.get_label() == %r][-1]
GLib.idle_add(lambda: button.clicked() and False)  # the window has an event loop of its own
answer = None
"""


@pytest.fixture(
    scope="module",
    params=[(version, screen) for version in sorted(ROOTS) for screen in SCREENS],
    ids="-".join,
)
def editor(
    request: pytest.FixtureRequest, editor_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gimp]:
    """A version of GIMP on a screen."""
    version, screen = request.param
    profile = tmp_path_factory.mktemp("gimp")
    scale = str(SCREENS[screen])
    with gimp_with_filter(version, editor_home, profile, screen=screen, GDK_SCALE=scale) as started:
        yield started


@pytest.fixture(params=COUNTS, ids=("one face", "twenty faces"))
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["en", "de"])
def dialog(
    request: pytest.FixtureRequest, editor: Gimp, editor_home: Path, backend: str
) -> Iterator[tuple[str, str]]:
    """The dialog in a language, with its preview: its window, and its title."""
    file = editor_home / "config" / SETTINGS
    settings.store(file, "language", request.param)
    translation.use(request.param)
    title = translated(sentences.BEAUTIFY)
    try:
        editor.run(PICTURE + OPEN)
        open_menu(editor, window(editor, "RGB color.*GIMP"), "Return")
        dialog, inside = window(editor, f"^{title}$"), Inside(editor)
        tick = f": {translated('Retouch it')}"
        ticks = f"len([each for each in widgets() if name(each).endswith({tick!r})])"
        assert until(lambda: inside.ask(ticks) == COUNTS[backend], PATIENCE)
        yield dialog, title
        press(editor, dialog, "Escape")
        assert is_gone(editor, f"^{title}$")
    finally:
        translation.use(translation.SOURCE)
        settings.store(file, "language", None)


def check(editor: Gimp, window_: str, title: str) -> int:
    """Fail if a window leaves the screen, or something in it is cut; the window's scale."""
    steady(lambda: whole(editor, window_))
    layout = Inside(editor).run(LAYOUT % title)
    left, top, right, bottom = layout["frame"]
    width, height = layout["screen"]
    assert [width, height] == [1366, 768]
    assert left >= 0
    assert top >= 0
    assert right <= width
    assert bottom <= height
    assert min(layout["room"]) >= 0
    assert layout["shortened"] == []
    assert layout["outside"] == []
    return int(layout["scale"])


def test_the_dialog_and_its_settings_are_on_the_screen_and_nothing_in_them_is_cut(
    editor: Gimp, dialog: tuple[str, str]
) -> None:
    window_, title = dialog
    name = translated("Before and after")
    assert until(lambda: is_split(preview(editor, window_, name)), PATIENCE)
    scale = check(editor, window_, title)
    assert min(preview(editor, window_, name).shape[:2]) > 250 * scale
    Inside(editor).run(PRESS % translated("Se_ttings…"))
    page = translated(settings_page.TITLE)
    settings_ = window(editor, f"^{page}$")
    check(editor, settings_, page)
    press(editor, settings_, "Escape")
    assert is_gone(editor, f"^{page}$")
