"""Presets in real GIMP: a command for each."""

import time
from collections.abc import Iterator

import pytest

from retouchml.presets import library
from tests.daemon.running import until
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_dialog import OPEN, layers, press, window
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_PAIR


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture(autouse=True)
def no_display(editor: Gimp) -> Iterator[None]:
    """Close the dialog and the image's window again."""
    yield
    if editor.ask("windows('^Beautify$')"):
        press(editor, editor.ask("windows('^Beautify$')")[-1], "Escape")
    editor.run("globals().get('display') and display.is_valid() and display.delete()\nanswer = None")


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
