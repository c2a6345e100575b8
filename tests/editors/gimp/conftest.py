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
# what the installer says where each version is, and what makes it
ROOTS = {"3.0": ("RETOUCHML_TEST_GIMP", "--editors"), "3.2": ("RETOUCHML_TEST_GIMP_NEXT", "--editors --next")}


def install(profile: Path, version: str) -> Path:
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


@pytest.fixture(scope="session", params=sorted(ROOTS))
def editor(
    request: pytest.FixtureRequest,
    real_daemon: Daemon,
    real_home: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gimp]:
    """A version of GIMP with the filter installed, which reaches the daemon."""
    version: str = request.param
    variable, option = ROOTS[version]
    root = os.environ.get(variable)
    if root is None:
        pytest.skip(f"GIMP {version} was not set up: `python3 install test {option}`")
    profile = tmp_path_factory.mktemp("gimp")
    install(profile, version)
    environment = {"RETOUCHML_HOME": str(real_home), "RETOUCHML_PORTRAIT": str(PORTRAIT)}
    with gimp(Path(root), profile, [real_home, PORTRAIT.parent], version, **environment) as started:
        yield started


@pytest.fixture(autouse=True)
def no_images(editor: Gimp) -> Iterator[None]:
    """Each test begins without images, and leaves none."""
    yield
    editor.run("delete_all()")
