"""Only the main thread of the filter calls GIMP: two at GIMP's pipe end the process.

It was lost so: the session's thread asked for GIMP's version while the layer was read.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.running import Daemon, until
from tests.editors.gimp.conftest import ROOTS, gimp_with_filter
from tests.editors.gimp.dialog_driver import PATIENCE, is_gone, is_split, open_dialog, press, preview
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_machines import add, says
from tests.editors.gimp.test_results import PICTURE
from tests.editors.studio import studio, takes
from tests.stand_in_backend import FACE_PAIR

_INSIDE = Path(__file__).with_name("calls_inside.py")


@pytest.fixture(params=sorted(ROOTS))
def editor(request: pytest.FixtureRequest, editor_home: Path, tmp_path: Path) -> Iterator[Gimp]:
    """A GIMP of its own, whose filter notes its calls."""
    inside = {"RETOUCHML_INSIDE": str(_INSIDE)}
    with gimp_with_filter(request.param, editor_home, tmp_path, **inside) as started:
        yield started


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


def test_gimps_functions_are_called_in_the_main_thread_alone(
    editor: Gimp, daemon: Daemon, editor_home: Path
) -> None:
    with studio(FACE_PAIR, editor_home) as there:
        _, dialog = open_dialog(editor, PICTURE)
        assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
        assert daemon.status().photos == 1
        # the settings ask the machine in a thread, and the session moves there in its own
        settings, inside = add(editor, dialog, there)
        assert says(inside, "studio answers within ")
        press(editor, settings, "Escape")
        assert takes(there, 1)
        assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
        press(editor, dialog, "alt+b")
        assert is_gone(editor)
        assert len(editor.ask("names(image)")) == 2
    lines = (editor.profile / "driver.calls").read_text().splitlines()
    calls = {tuple(line.split(" ", 1)) for line in lines}
    assert {("main", "version"), ("main", "Buffer.get"), ("main", "Item.get_name")} <= calls
    assert {name for thread, name in calls if thread != "main"} == set()
