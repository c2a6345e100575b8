"""Every control of GIMP's dialogs: its name for screen readers, its key, its turn with Tab; and the icon."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from retouchml.presets.library import SHIPPED
from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import (
    Inside,
    click,
    is_gone,
    is_split,
    open_dialog,
    press,
    preview,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_PAIR

SETTINGS, OUTPUT = "Settings of RetouchML", "What the last command said"
# what can have the keyboard in the topmost window: the name and the type of each
CONTROLS = """
from gi.repository import Gtk
top = [each for each in Gtk.Window.list_toplevels() if each.get_title() == %r and each.get_mapped()][0]
answer = []
for each in widgets(top):
    inner = each.get_ancestor(Gtk.ComboBox)
    if each is top or (inner and each is not inner) or not each.is_sensitive():
        continue
    if (each.get_can_focus() or isinstance(each, Gtk.ComboBox)) and each.get_allocated_width() > 1:
        answer.append([name(each), type(each).__name__])
"""
NEWER = """#!/bin/sh
case "$*" in
*--version) echo retouchml 99.0.0 ;;
*/install*) echo "$*" > "{done}" ;;
esac
"""
INSTALLER = """
import pathlib, sys
pathlib.Path({done!r}).write_text(" ".join(sys.argv))
"""
FOCUS = """
from gi.repository import Gtk
top = [each for each in Gtk.Window.list_toplevels() if each.get_title() == %r and each.get_mapped()][0]
focus = top.get_focus()
answer = focus and name(focus.get_ancestor(Gtk.ComboBox) or focus)
"""
KEYS = """
from gi.repository import Gdk, Gtk
top = [each for each in Gtk.Window.list_toplevels() if each.get_title() == %r and each.get_mapped()][0]
answer = [[each.get_text(), each.get_mnemonic_keyval()] for each in widgets(top)
          if isinstance(each, Gtk.Label) and each.get_mnemonic_keyval() != Gdk.KEY_VoidSymbol]
"""

READ = """
texts = [(each.get_tooltip_text(), name(each), getattr(each, "get_text", str)()) for each in widgets()]
answer = ["\\n".join(str(text) for text in each if text) for each in texts]
"""


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def dialog(editor: Gimp) -> str:
    """The dialog on a picture with two faces, with its preview."""
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    return dialog


def controls(inside: Inside, title: str) -> list[str]:
    """The names of all controls. Fails for one without."""
    found = inside.run(CONTROLS % title)
    nameless = [kind for name, kind in found if not name.strip() and kind not in ("ScrolledWindow",)]
    assert not nameless
    return [name for name, kind in found if kind not in ("ScrolledWindow",)]


def by_tab(editor: Gimp, inside: Inside, title: str, presses: int) -> list[str]:
    """The names of the controls that Tab brings, in their order, once round."""
    order: list[str] = []
    for _ in range(presses):
        before = inside.run(FOCUS % title)

        def has_moved(before: "str | None" = before) -> bool:
            # the display loses keys on a busy machine
            editor.ask("tool('xdotool', 'key', 'Tab')")
            return until(lambda: inside.run(FOCUS % title) != before, 10)

        assert until(has_moved), f"Tab leads nowhere from {before}"
        name = inside.run(FOCUS % title)
        if name in order:
            break
        order.append(name)
    return order


def letters(inside: Inside, title: str) -> list[int]:
    """The keys that with Alt stand for a control."""
    return [letter for _text, letter in inside.run(KEYS % title)]


def test_every_control_has_a_name_and_tab_reaches_it(editor: Gimp, dialog: str) -> None:
    inside = Inside(editor)
    names = controls(inside, "Beautify")
    press(editor, dialog, "alt+s")
    order = by_tab(editor, inside, "Beautify", len(names) + 5)
    assert set(order) == set(names)  # and nothing that is folded
    assert order.index("Output") < order.index("Apply") < order.index("Beautify")
    keys = letters(inside, "Beautify")
    assert len(keys) == len(set(keys))
    assert len(keys) >= 11


def test_people_read_of_face_1_and_face_2_and_of_none_before_them(editor: Gimp, dialog: str) -> None:
    inside = Inside(editor)
    assert inside.ask(
        "[each.get_label() for each in widgets() if type(each).__name__ == 'CheckButton'][:2]"
    ) == ["Face 1", "Face 2"]
    texts = inside.run(READ)
    for tip in ("Face 1\nShow it", "Face 1\nRetouch it", "Face 2\nShow it"):
        assert any(text.startswith(tip) for text in texts)
    assert not [text for text in texts if "face 0" in text.lower()]


def test_the_settings_are_used_by_the_keys_alone(editor: Gimp, dialog: str) -> None:
    press(editor, dialog, "alt+t")
    settings = window(editor, f"^{SETTINGS}$")
    inside = Inside(editor)
    # a command that is at work holds the others back
    assert until(lambda: inside.ask("named('Log')[0].get_sensitive()"))
    names = controls(inside, SETTINGS)
    assert {"Device", "Engine", "Language", "Clear: Known faces", "Copy diagnostics"} <= set(names)
    keys = letters(inside, SETTINGS)
    assert len(keys) == len(set(keys))
    assert len(keys) >= 12
    press(editor, settings, "Escape")
    assert is_gone(editor, f"^{SETTINGS}$")


@pytest.fixture
def project(editor_home: Path) -> Iterator[Path]:
    """An installed project of the next version; ``done`` in it has the installer's arguments."""
    folder, record = editor_home / "project", editor_home / "data" / "install.json"
    (folder / "install").mkdir(parents=True)
    # another Python than the environment's own sets it up again
    (folder / "install" / "__main__.py").write_text(INSTALLER.format(done=str(folder / "done")))
    python = folder / "python"
    python.write_text(NEWER.format(done=folder / "done"))
    python.chmod(0o755)
    record.write_text(json.dumps({"python": str(python), "checkout": str(folder)}))
    yield folder
    record.unlink()
    shutil.rmtree(folder)


def open_settings(editor: Gimp, dialog: str) -> str:
    """The settings' window, once no command holds the others back."""
    press(editor, dialog, "alt+t")
    settings = window(editor, f"^{SETTINGS}$")
    assert until(lambda: Inside(editor).ask("named('Log')[0].get_sensitive()"))
    return settings


def test_a_plug_in_older_than_the_project_is_updated_by_a_button(
    editor: Gimp, dialog: str, project: Path
) -> None:
    settings, inside = open_settings(editor, dialog), Inside(editor)
    click(editor, settings, "Update the plug-in")
    assert until(lambda: inside.has("The plug-in is updated. Restart the editor."))
    assert (project / "done").read_text().split() == [str(project / "install"), "gimp"]
    assert not inside.has("Update the plug-in")
    press(editor, settings, "Escape")
    assert is_gone(editor, f"^{SETTINGS}$")


def test_the_project_is_set_up_again_by_a_button(editor: Gimp, dialog: str, project: Path) -> None:
    settings, inside = open_settings(editor, dialog), Inside(editor)
    assert until(lambda: inside.has("Update the plug-in"))  # it moves the other buttons
    click(editor, settings, "Set up again")
    said = f"named({OUTPUT!r})[-1].get_buffer().get_property('text')"
    assert until(lambda: str(inside.ask(said)).startswith("RetouchML is set up."))
    assert (project / "done").read_text().split() == [str(project / "install"), "demo", "--repair"]
    press(editor, settings, "Escape")
    assert is_gone(editor, f"^{SETTINGS}$")


def test_the_procedures_have_an_icon(editor: Gimp) -> None:
    known = (editor.settings / "pluginrc").read_text(encoding="utf-8", errors="replace")
    own = known[known.index("retouchml-beautify.py") :].partition("(plug-in-def")[0]
    assert own.count('(icon icon-name -1 "gimp-tool-heal")') == 1 + len(SHIPPED)
