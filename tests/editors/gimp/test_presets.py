"""Presets in real GIMP: a command for each, and the menu of the dialog."""

import time
from pathlib import Path

import pytest

from retouchml.look import Look
from retouchml.presets import library, preset_file
from tests.daemon.running import until
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_dialog import OPEN, is_split, layers, open_dialog, press, preview, window
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_PAIR


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.mark.parametrize("name", library.SHIPPED)
def test_each_preset_has_a_procedure_that_does_what_the_preset_does(editor: Gimp, name: str) -> None:
    answer = editor.run(
        PICTURE
        + f"""
def shown(procedure, **options):
    {PICTURE.strip().replace(chr(10), chr(10) + "    ")}
    NAME_ = procedure
    config = Gimp.get_pdb().lookup_procedure(NAME_).create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", image.get_layers())
    for option, value in options.items():
        config.set_property(option, value)
    result = Gimp.get_pdb().lookup_procedure(NAME_).run(config)
    return [result.index(0) == Gimp.PDBStatusType.SUCCESS, names(image), seen(image, "R'G'B' u8")]

command, preset = shown("plug-in-retouchml-preset-{name}"), shown(NAME, preset={name!r})
answer = [command[:2], command == preset]
"""
    )
    assert answer == [[True, ["photo (retouched)", "photo"]], True]


def test_a_preset_s_command_retouches_without_a_dialog(editor: Gimp) -> None:
    editor.run(PICTURE + OPEN)
    main = window(editor, "RGB color.*GIMP")
    editor.run(
        "for each in windows('^(Welcome to GIMP|GIMP Message)'): tool('xdotool', 'windowclose', each)\n"
        "answer = None"
    )
    time.sleep(2)
    press(editor, main, "alt+r")
    for key in ("Up", "Right", "Down", "Return"):  # the first one after Beautify
        time.sleep(1)
        editor.ask(f"tool('xdotool', 'key', {key!r})")
    assert until(lambda: layers(editor) == 2, 60)
    assert not editor.ask("windows('^Beautify$')")


def test_a_look_is_saved_renamed_and_deleted_by_the_keys_alone(editor: Gimp, editor_home: Path) -> None:
    own = editor_home / "config" / "presets"
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)), 60)

    def keys(*names: str) -> None:
        for name in names:
            editor.ask(f"tool('xdotool', 'key', {name!r})")
            time.sleep(1.5)  # a menu or a question opens

    def type_(text: str) -> None:
        keys("ctrl+a")
        editor.ask(f"tool('xdotool', 'type', {text!r})")
        keys("Return")

    press(editor, dialog, "alt+r")  # the strength of an earlier dialog is remembered
    time.sleep(1.5)
    keys("alt+s", "Page_Up", "alt+p", "Tab", "space", "Return")
    type_("Evening light")
    path = own / "evening-light.toml"
    assert until(path.exists)
    saved = preset_file.read(path, is_own=True)
    assert (saved.title, saved.look) == ("Evening light", Look(0.6))
    keys("alt+p", "Tab", "space", "Down", "Return")
    type_("Morning")
    assert until(lambda: (own / "morning.toml").exists() and not path.exists())
    keys("alt+p", "Tab", "space", "Down", "Down", "Return", "alt+o")
    assert until(lambda: list(own.iterdir()) == [])
