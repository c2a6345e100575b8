"""One real GIMP for the whole session."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from install.actions.gimp import GimpPlugin
from install.console import Console
from install.editors import plugin_folder
from tests.conftest import PORTRAIT
from tests.daemon.running import Daemon, until
from tests.editors.gimp.dialog_driver import TITLE, is_gone, plug_ins, windows
from tests.editors.gimp.running import SCREEN, Gimp, gimp

PLUG_IN = "retouchml-beautify"
CHECKOUT = Path(__file__).parents[3]
# where each version is, and the option that sets it up
ROOTS = {"3.0": ("RETOUCHML_TEST_GIMP", "--editors"), "3.2": ("RETOUCHML_TEST_GIMP_NEXT", "--editors --next")}


def install(profile: Path, version: str) -> Path:
    """Do what ``python3 install gimp`` does for one profile."""
    folder = profile / ".config" / "GIMP" / version / "plug-ins" / PLUG_IN
    plugin_folder.place(folder, GimpPlugin().files(Console()))
    return folder


@contextmanager
def gimp_with_filter(
    version: str, home: Path, profile: Path, *, screen: str = SCREEN, **environment: str
) -> Iterator[Gimp]:
    """A version of GIMP with the filter installed; skips the test where it was not set up.

    home: RETOUCHML_HOME; profile: the user's folder; screen: its size in pixels; environment: more variables
    """
    variable, option = ROOTS[version]
    root = os.environ.get(variable)
    if root is None:
        pytest.skip(f"GIMP {version} was not set up: `python3 install test {option}`")
    install(profile, version)
    environment |= {"RETOUCHML_HOME": str(home), "RETOUCHML_PORTRAIT": str(PORTRAIT)}
    with gimp(Path(root), profile, [home, CHECKOUT], version, screen=screen, **environment) as started:
        yield started


@pytest.fixture(scope="session", params=sorted(ROOTS))
def editor(
    request: pytest.FixtureRequest, editor_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gimp]:
    """A version of GIMP with the filter installed."""
    with gimp_with_filter(request.param, editor_home, tmp_path_factory.mktemp("gimp")) as started:
        yield started


@pytest.fixture(autouse=True)
def no_images(editor: Gimp, daemon: Daemon) -> Iterator[None]:
    """Make sure that each test begins with a daemon, and without dialogs, windows of images, and images."""
    yield
    for dialog in windows(editor, TITLE):
        # it may be closing by itself
        editor.ask(f"activate({dialog!r}, 5) and tool('xdotool', 'key', 'Escape')")
    assert is_gone(editor)
    # one that works on may still change the image
    assert until(lambda: not plug_ins(editor), 60)
    editor.run("globals().get('display') and display.is_valid() and display.delete()\nanswer = None")
    editor.run("delete_all()")
