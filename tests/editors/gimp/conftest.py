"""One real GIMP and one real daemon with the real models, for all tests here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PORTRAIT, at_home
from tests.daemon import running as daemons
from tests.daemon.running import Daemon
from tests.editors.gimp.running import Gimp, gimp
from tests.install.loading import installer

PLUG_IN = "retouchml-beautify"


def install(profile: Path, version: str = "3.0") -> Path:
    """What ``python3 install gimp`` does for one profile."""
    folder = profile / ".config" / "GIMP" / version / "plug-ins" / PLUG_IN
    files = installer("what_gimp").plugin_files(installer("console").Console())
    installer("editor_copy").place(folder, files)
    return folder


@pytest.fixture(scope="session")
def real_daemon(real_home: Path) -> Iterator[Daemon]:
    """With the real models on the CPU."""
    with at_home(real_home):
        daemon = daemons.start("--device", "cpu", engine="")
        yield daemon
        daemon.close()


@pytest.fixture(scope="session")
def editor(real_daemon: Daemon, real_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gimp]:
    """GIMP 3.0 with the filter installed, which reaches the daemon."""
    root = os.environ.get("RETOUCHML_TEST_GIMP")
    if root is None:
        pytest.skip("no GIMP was set up: `python3 install test --editors`")
    profile = tmp_path_factory.mktemp("gimp")
    install(profile)
    environment = {"RETOUCHML_HOME": str(real_home), "RETOUCHML_PORTRAIT": str(PORTRAIT)}
    with gimp(Path(root), profile, [real_home, PORTRAIT.parent], **environment) as started:
        yield started


@pytest.fixture(autouse=True)
def no_images(editor: Gimp) -> Iterator[None]:
    """Each test begins without images, and leaves none."""
    yield
    editor.run("delete_all()")
