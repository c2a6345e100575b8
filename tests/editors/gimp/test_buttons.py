"""Buttons of GIMP's dialogs: Help, the resets of a slider and of a group, and the settings' for models."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs
import pytest

from tests.daemon.running import until
from tests.editors.gimp.conftest import CHECKOUT
from tests.editors.gimp.dialog_driver import (
    PATIENCE,
    Inside,
    activate,
    click,
    is_gone,
    open_dialog,
    pointer,
    press,
    reset,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_controls import OUTPUT, SETTINGS, open_settings
from tests.editors.gimp.test_results import PICTURE
from tests.editors.missing_model import NAME, missing_model
from tests.stand_in_backend import FACE_PAIR

HELP = "Help on RetouchML"
# what opens a document here: it notes which one
READER = """[Desktop Entry]
Type=Application
Name=Reader
Exec={program} %u
MimeType={types}
"""
TYPES = ("text/markdown", "text/plain", "application/octet-stream")
# the project's commands run in the Python beside GIMP; those of the models need no library but this one
PYTHON = """#!/bin/sh
PYTHONPATH={checkout}:{libraries} exec /usr/bin/python3 "$@"
"""


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def dialog(editor: Gimp) -> str:
    """The dialog on a picture with two faces, with its thumbnails."""
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: Inside(editor).has("Face 2: Show it"), PATIENCE)
    return dialog


@pytest.fixture
def opened(editor: Gimp) -> Iterator[Path]:
    """The file that gets the address of a document which the desktop is told to open."""
    notes, program = editor.profile / "opened", editor.profile / "reader"
    program.write_text(f'#!/bin/sh\necho "$1" > {notes}.new && mv {notes}.new {notes}\n')
    program.chmod(0o755)
    applications = editor.profile / ".local" / "share" / "applications"
    applications.mkdir(parents=True, exist_ok=True)
    (applications / "reader.desktop").write_text(READER.format(program=program, types=";".join(TYPES)))
    chosen = editor.profile / ".config" / "mimeapps.list"
    chosen.write_text("[Default Applications]\n" + "".join(f"{each}=reader.desktop\n" for each in TYPES))
    yield notes
    chosen.unlink()
    notes.unlink(missing_ok=True)


def test_help_says_what_the_parts_do_and_opens_the_whole_document(
    editor: Gimp, dialog: str, opened: Path
) -> None:
    click(editor, dialog, "Help")
    help_, inside = window(editor, f"^{HELP}$"), Inside(editor)
    assert inside.has("Drag the line between before and after; turn the wheel to zoom.")
    click(editor, help_, "The whole document")
    assert until(opened.exists, PATIENCE)
    document = Path(unquote(urlsplit(opened.read_text().strip()).path))
    assert document.read_text(encoding="utf-8").startswith("# Editors")
    press(editor, help_, "Escape")
    assert is_gone(editor, f"^{HELP}$")
    activate(editor, dialog)  # which can be used again


def move(editor: Gimp, dialog: str, slider: str) -> float:
    """Click on a slider's bar beside its value; the new one."""
    inside = Inside(editor)
    before = inside.value(slider)
    left, top, right, bottom = inside.ask(f"box(named({slider!r})[-1])")
    share = 0.2 if before > 50 else 0.7
    pointer(editor, dialog, (round(left + share * (right - left)), (3 * top + bottom) // 4), click=True)
    assert until(lambda: inside.value(slider) != before, PATIENCE)
    return inside.value(slider)


def can_press(inside: Inside, button: str) -> bool:
    """Whether a button can be pressed."""
    return bool(inside.ask(f"named({button!r})[-1].get_sensitive()"))


def test_a_slider_s_own_button_unsets_it_and_a_group_s_button_the_group(editor: Gimp, dialog: str) -> None:
    inside = Inside(editor)
    reset(editor, dialog)
    if not inside.has("Lines"):
        click(editor, dialog, "Skin")
    lines, redness = inside.value("Lines"), inside.value("Redness")
    own, group = "Lines: Let it follow the strength", "Reset the group Skin"
    assert not can_press(inside, own)
    assert not can_press(inside, group)
    move(editor, dialog, "Lines")
    moved = move(editor, dialog, "Redness")
    assert can_press(inside, group)
    click(editor, dialog, own)
    assert until(lambda: inside.value("Lines") == lines, PATIENCE)
    assert not can_press(inside, own)
    assert inside.value("Redness") == moved
    move(editor, dialog, "Strength")  # which the others follow
    assert inside.value("Lines") != lines
    assert inside.value("Redness") == moved
    click(editor, dialog, "Strength: Reset")
    assert until(lambda: inside.value("Lines") == lines, PATIENCE)
    move(editor, dialog, "Lines")
    click(editor, dialog, group)
    assert until(lambda: [inside.value("Lines"), inside.value("Redness")] == [lines, redness], PATIENCE)
    assert not can_press(inside, group)


@pytest.fixture
def commands(editor_home: Path) -> Iterator[None]:
    """The project as GIMP finds it, with a Python that runs its commands for models."""
    libraries, python = editor_home / "libraries", editor_home / "python"
    package = Path(platformdirs.__file__).parent
    shutil.copytree(package, libraries / package.name)
    python.write_text(PYTHON.format(checkout=CHECKOUT, libraries=libraries))
    python.chmod(0o755)
    record = editor_home / "data" / "install.json"
    record.write_text(json.dumps({"python": str(python), "checkout": str(CHECKOUT)}))
    yield
    record.unlink()
    python.unlink()
    shutil.rmtree(libraries)


@pytest.mark.usefixtures("commands")
def test_a_missing_model_is_fetched_and_all_are_verified_by_buttons(
    editor: Gimp, editor_home: Path, dialog: str
) -> None:
    inside = Inside(editor)

    def said(text: str) -> bool:
        shown = f"named({OUTPUT!r})[-1].get_buffer().get_property('text')"
        return until(lambda: text in inside.ask(shown) and can_press(inside, "Log"), PATIENCE)

    with missing_model(editor_home) as model:
        settings = open_settings(editor, dialog)
        click(editor, settings, "Verify models")
        assert said("ffhq-mobile is intact.")
        assert not model.exists()
        click(editor, settings, "Fetch missing models")
        assert said(f"{NAME} is in {model}.")
        click(editor, settings, "Verify models")
        assert said(f"{NAME} is intact.")
        file = next(model.glob("*.onnx"))
        file.write_bytes(bytes(file.stat().st_size))
        click(editor, settings, "Verify models")
        assert said(f"The model {NAME} is damaged")
        press(editor, settings, "Escape")
        assert is_gone(editor, f"^{SETTINGS}$")
