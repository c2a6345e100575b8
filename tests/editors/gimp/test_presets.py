"""Presets in real GIMP: a command for each, and the menu of the dialog."""

from pathlib import Path

import pytest

from retouchml.look import Look
from retouchml.presets import library, preset_file
from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import (
    OPEN,
    Inside,
    is_split,
    open_dialog,
    open_menu,
    press,
    preview,
    reset,
    type_,
    window,
    windows,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_dialog import layers
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

    def is_done() -> bool:
        return layers(editor) == 2

    open_menu(editor, main, "Down", "Return", has_started=is_done)  # the first one after Beautify
    assert until(is_done)
    assert not windows(editor, "^Beautify$")


def test_a_look_is_saved_renamed_and_deleted_by_the_keys_alone(editor: Gimp, editor_home: Path) -> None:
    own = editor_home / "config" / "presets"
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    inside = Inside(editor)

    def key(*names: str) -> None:
        for name in names:
            editor.ask(f"tool('xdotool', 'key', {name!r})")

    def choose(entry: str, sentence: str, *keys: str) -> None:
        """Open the menu, choose an entry, and see the question."""
        press(editor, dialog, "alt+p")
        key("Tab", "space")
        assert until(lambda: inside.has(entry))
        key(*keys, "Return")
        assert until(lambda: inside.has(sentence))

    reset(editor, dialog)
    press(editor, dialog, "alt+s", "Page_Up")
    assert until(lambda: inside.value("Strength") == 60)
    choose("Save as…", "Name of the preset:")
    type_(editor, "Evening light")
    key("Return")
    path = own / "evening-light.toml"
    assert until(path.exists)
    saved = preset_file.read(path, is_own=True)
    assert (saved.title, saved.look) == ("Evening light", Look(0.6))
    choose("Rename…", "Name of the preset:", "Down")
    type_(editor, "Morning")
    key("Return")
    assert until(lambda: (own / "morning.toml").exists() and not path.exists())
    choose("Delete", "Delete the preset Morning?", "Down", "Down")
    key("alt+o")
    assert until(lambda: list(own.iterdir()) == [])
