"""The plug-in of the zip in real GIMP without an engine: the welcome page sets it up, and gives way.

The set-up is the real one, with a tiny engine and packages from a folder in place of the network.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from install.console import Console
from install.editors import wheels
from retouchml.system.locks import exclusive
from tests.daemon.running import until
from tests.editors.gimp.conftest import PLUG_IN, ROOTS
from tests.editors.gimp.dialog_driver import (
    OPEN,
    TITLE,
    Inside,
    click,
    is_gone,
    is_split,
    open_menu,
    plug_ins,
    press,
    preview,
    window,
)
from tests.editors.gimp.running import Gimp, gimp
from tests.editors.gimp.test_controls import SETTINGS
from tests.editors.gimp.test_machines import WORKS_THERE, fill_in, says
from tests.editors.gimp.test_results import PICTURE
from tests.editors.gimp.test_zip import build_zip, unpack
from tests.editors.studio import studio, takes
from tests.install.packaging import connector_wheels, small_light
from tests.marks import marks_tests
from tests.stand_in_backend import FACE_PAIR

WELCOME, ANOTHER = "^Welcome to RetouchML$", "Another machine"
SENTENCES = "' '.join(each.get_text() for each in widgets() if type(each).__name__ == 'Label')"


@pytest.fixture(autouse=True)
def no_images() -> None:
    """Each test has a GIMP of its own."""


@dataclass(frozen=True)
class Welcoming:
    """GIMP with the zip's plug-in and its page, the user's data folder, and what stands for the network."""

    editor: Gimp
    main: str
    page: str
    data: Path
    packages: Path
    files: Path  # the set-up's

    @property
    def record(self) -> Path:
        """By what the engine is found once it is whole."""
        return self.data / "install.json"

    def says(self, text: str) -> bool:
        """Whether the page shows that text."""
        return text in str(Inside(self.editor).ask(SENTENCES))

    def press(self, button: str) -> None:
        """Click on a button once it is there, until the page took it."""
        for _ in range(5):  # a busy machine may lose a click
            click(self.editor, self.page, button)
            if until(lambda: not Inside(self.editor).has(button), 12):
                return
        pytest.fail(f"{button} does nothing")

    def offer(self, folder: str) -> None:
        """Let pip look into a folder beside the packages."""
        address = (self.packages.parent / folder).as_uri()
        Inside(self.editor).run(f"import os\nos.environ['PIP_FIND_LINKS'] = {address!r}\nanswer = None")

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Another set-up is at work as long as the block runs, so that this one waits."""
        with exclusive(self.data / "engine" / "retouchml-install.lock"):
            yield


@pytest.fixture(scope="module")
@marks_tests("processes")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GIMP's zip."""
    return build_zip(tmp_path_factory.mktemp("zips"))


@pytest.fixture
def welcoming(archive: Path, tmp_path: Path) -> Iterator[Welcoming]:
    """The page, opened by the menu, for a user who has nothing of RetouchML."""
    variable, option = ROOTS["3.0"]
    root = os.environ.get(variable)
    if root is None:
        pytest.skip(f"GIMP 3.0 was not set up: `python3 install test {option}`")
    packages = tmp_path / "packages"
    packages.mkdir()
    with (
        TemporaryDirectory(prefix="rmlw", ignore_cleanup_errors=True) as profile,
        TemporaryDirectory(prefix="rmlh", ignore_cleanup_errors=True) as home,
    ):
        folder = Path(profile, ".config", "GIMP", "3.0", "plug-ins")
        unpack(archive, folder)
        files = folder / PLUG_IN / "retouchml" / "setup" / "files"
        small_light.shrink(files, packages)
        variables = {
            **small_light.pip_settings(packages),
            "RETOUCHML_HOME": home,
            "RETOUCHML_PORTRAIT": "",
        }
        with gimp(Path(root), Path(profile), [Path(home), tmp_path], "3.0", **variables) as editor:
            editor.run(PICTURE + OPEN)
            main = window(editor, "RGB color.*GIMP")
            open_menu(editor, main, "Return")
            page = window(editor, WELCOME)
            yield Welcoming(editor, main, page, Path(home, "data"), packages, files)


def test_it_sets_up_after_a_failure_and_a_cancel_and_gives_way_to_the_dialog(welcoming: Welcoming) -> None:
    editor = welcoming.editor
    assert until(lambda: welcoming.says("models 5 MB"))
    assert welcoming.says(f"in {welcoming.data}.")

    welcoming.offer("nothing")
    welcoming.press("Install")
    assert until(lambda: welcoming.says("That did not work: "))
    assert not welcoming.record.exists()
    welcoming.offer("packages")

    with welcoming.held_up():
        inside, labels = Inside(editor), ("Go on", "Try again")
        assert until(lambda: any(map(inside.has, labels)))
        welcoming.press(next(filter(inside.has, labels)))
        click(editor, welcoming.page, "Show the log")
        shown = "[each for each in widgets() if name(each) == 'What the set-up says'][0].get_buffer()"
        text = f"{shown}.get_text({shown}.get_start_iter(), {shown}.get_end_iter(), False)"
        assert until(lambda: Inside(editor).has("What the set-up says"))
        assert until(lambda: "waiting for it" in Inside(editor).ask(text))
        welcoming.press("Cancel")
        assert until(lambda: welcoming.says("Stopped."))
    assert not welcoming.record.exists()

    press(editor, welcoming.page, "Return")  # the button that goes on is the default one
    assert is_gone(editor, WELCOME, 300)
    python = json.loads(welcoming.record.read_text())["python"]
    assert python == str(welcoming.data / "engine" / "bin" / "python")
    dialog = window(editor, TITLE)

    # something is broken: Set up again, then Repair
    package = next(welcoming.data.glob("engine/lib/python*/site-packages/pipeline/__init__.py"))
    package.unlink()
    press(editor, dialog, "alt+t")
    click(editor, window(editor, f"^{SETTINGS}$"), "Set up again")
    welcoming = replace(welcoming, page=window(editor, WELCOME))
    assert until(lambda: welcoming.says("is set up on this machine"))
    welcoming.press("Repair")
    assert is_gone(editor, WELCOME, 300)
    assert package.is_file()
    press(editor, window(editor, f"^{SETTINGS}$"), "Escape")
    assert is_gone(editor, f"^{SETTINGS}$")
    press(editor, window(editor, TITLE), "Escape")
    assert is_gone(editor)
    assert until(lambda: not plug_ins(editor))

    # a newer zip was put in
    record = json.loads(welcoming.record.read_text())
    welcoming.record.write_text(json.dumps({**record, "version": "0.1.0"}))
    open_menu(editor, welcoming.main, "Return")
    welcoming = replace(welcoming, page=window(editor, WELCOME))
    assert until(lambda: welcoming.says("what does the work is version 0.1.0"))
    welcoming.press("Update")
    assert is_gone(editor, WELCOME, 300)
    assert json.loads(welcoming.record.read_text())["version"] == record["version"]
    assert window(editor, TITLE)


def test_a_page_that_is_closed_stops_the_set_up_and_leaves_nothing_half_made(welcoming: Welcoming) -> None:
    with welcoming.held_up():
        welcoming.press("Install")
        assert until(lambda: Inside(welcoming.editor).has("Cancel"))
        press(welcoming.editor, welcoming.page, "Escape")
        assert is_gone(welcoming.editor, WELCOME)
        assert until(lambda: not plug_ins(welcoming.editor))
    assert not welcoming.record.exists()
    assert not (welcoming.data / "engine" / "pyvenv.cfg").exists()
    assert welcoming.editor.ask("names(image)") == ["photo"]


def test_another_machine_does_the_work_and_no_engine_is_fetched(
    welcoming: Welcoming, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, home = welcoming.editor, welcoming.data.parent
    # this GIMP's Python takes ZeroMQ for 3.12 and all later ones
    unpacked = next(place for name, place in wheels.vendored(Console()).items() if "cp312/zmq/" in name)
    folder = next(parent for parent in unpacked.parents if parent.name == "cp312")
    connector_wheels.offer(welcoming.packages, welcoming.files, folder)
    # its Debian has no pip, so that of the zip has to be there
    pip = next(place for place in wheels.for_zips(Console()).values() if place.name.startswith("pip-"))
    shutil.copy(pip, welcoming.files / "wheels")
    monkeypatch.setenv("RETOUCHML_HOME", str(home))
    with studio(FACE_PAIR, home) as there:
        click(editor, welcoming.page, f"{ANOTHER}…")
        fill_in(editor, there)
        assert is_gone(editor, WELCOME, 120), Inside(editor).ask(SENTENCES)
        dialog = window(editor, TITLE)
        assert says(Inside(editor), WORKS_THERE)
        assert takes(there, 1)
        assert until(lambda: is_split(preview(editor, dialog)))
        press(editor, dialog, "Return")
        assert is_gone(editor)
        assert until(lambda: len(editor.ask("names(image)")) == 2)
    assert not (welcoming.data / "engine").exists()
    assert not welcoming.record.exists()
