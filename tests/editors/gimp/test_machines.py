"""Another machine does the work: added in the settings from a file, used, lost, replaced by this one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.running import Daemon, until
from tests.editors.gimp.dialog_driver import (
    PATIENCE,
    Inside,
    again,
    click,
    is_gone,
    is_split,
    open_dialog,
    press,
    preview,
    type_,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_controls import SETTINGS, controls
from tests.editors.gimp.test_results import PICTURE
from tests.editors.studio import Studio, studio, takes
from tests.stand_in_backend import FACE_PAIR

WORKS_THERE, ADD = "studio does the work.", "Add a machine"


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def there(editor_home: Path, daemon: Daemon, backend: str) -> Iterator[Studio]:
    with studio(backend, editor_home) as other:
        yield other


def add(editor: Gimp, dialog: str, there: Studio) -> tuple[str, Inside]:
    """Add the machine in the settings, with the keyboard and the mouse; the settings' window."""
    press(editor, dialog, "alt+t")
    settings = window(editor, f"^{SETTINGS}$")
    click(editor, settings, f"{ADD}…")
    inside = fill_in(editor, there)
    return settings, inside


def fill_in(editor: Gimp, there: Studio) -> Inside:
    """Choose the invitation file, and type the address."""
    chooser = window(editor, f"^{ADD}$")
    press(editor, chooser, "slash")  # the field for a path opens
    type_(editor, str(there.file))
    press(editor, chooser, "Return")
    inside = Inside(editor)
    assert until(lambda: inside.has("Address"))
    name = window(editor, f"^{ADD}$")
    press(editor, name, "alt+d")
    type_(editor, there.address)
    press(editor, name, "Return")
    assert is_gone(editor, f"^{ADD}$")
    return inside


def says(inside: Inside, beginning: str) -> bool:
    """Whether a text that begins so is in sight, in time."""
    return until(
        lambda: bool(inside.ask(f"any(name(each).startswith({beginning!r}) for each in widgets())")), 60
    )


def test_a_machine_is_added_from_its_file_and_does_the_work_at_once(
    editor: Gimp, daemon: Daemon, there: Studio
) -> None:
    _, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    assert daemon.status().photos == 1
    settings, inside = add(editor, dialog, there)
    assert says(inside, "studio answers within ")
    assert {"Where the work is done", "Test", "Forget"} <= set(controls(inside, SETTINGS))
    press(editor, settings, "Escape")
    assert takes(there, 1)
    assert says(inside, WORKS_THERE)
    assert daemon.status().photos == 0
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    press(editor, dialog, "alt+b")
    assert is_gone(editor)
    assert len(editor.ask("names(image)")) == 2
    assert takes(there, 0)


def test_a_machine_that_is_lost_is_said_and_replaced_when_asked_for(
    editor: Gimp, daemon: Daemon, there: Studio
) -> None:
    main, dialog = open_dialog(editor, PICTURE)
    settings, inside = add(editor, dialog, there)
    assert says(inside, "studio answers within ")
    press(editor, settings, "Escape")
    assert says(inside, WORKS_THERE)
    press(editor, dialog, "Escape")
    assert is_gone(editor)
    there.lose()
    dialog = again(editor, main)
    inside = Inside(editor)
    assert says(inside, f"Nobody answers at {there.address}.")
    assert daemon.status().photos == 0
    press(editor, dialog, "alt+t")
    settings = window(editor, f"^{SETTINGS}$")
    assert says(inside, f"Nobody answers at {there.address}.")
    click(editor, settings, "If it does not answer, this machine does the work")
    press(editor, settings, "Escape")
    assert says(inside, f"Nobody answers at {there.address}. This machine does the work meanwhile.")
    assert daemon.status().photos == 1
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    press(editor, dialog, "Escape")
    assert is_gone(editor)
    there.bring_back()
    assert editor.ask("beautify(image.get_layers()[0], strength=0.6)[:2]") == [True, ""]
    again(editor, main)
    assert says(Inside(editor), WORKS_THERE)
    assert takes(there, 1)
