"""Fixtures: one real Krita for the whole session."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from tests.daemon.running import Daemon
from tests.editors.krita import pictures, running
from tests.editors.krita.installation import install_into
from tests.editors.krita.running import Krita
from tests.editors.krita.screen import TOOLS

# where each version is, and the option that sets it up
VERSIONS = {
    "5.1": ("RETOUCHML_TEST_KRITA", "--editors"),
    "5.2": ("RETOUCHML_TEST_KRITA_NEXT", "--editors --next"),
}

_SCREEN = "1366x900"


@contextmanager
def installed_krita(
    version: str, home: Path, base: Path, *, size: str = _SCREEN, **environment: str
) -> Iterator[Krita]:
    """A version of Krita after ``python3 install krita``; skips the test where it was not set up.

    home: RETOUCHML_HOME; base: the folder of the tests' files; size: of the screen
    """
    variable, option = VERSIONS[version]
    place = os.environ.get(variable)
    if not place:
        pytest.skip(f"Krita {version} was not set up: `python3 install test {option}`")
    root = Path(place) if Path(place).is_absolute() else None
    assert [
        name for name in (*TOOLS, *(["krita"] if root is None else [])) if shutil.which(name) is None
    ] == []
    install = partial(install_into, home=home)
    environment |= {"RETOUCHML_HOME": str(home)}
    with (
        TemporaryDirectory(prefix="rmlp") as profile,
        running.krita(Path(profile), install, root, [home, base], size=size, **environment) as krita,
    ):
        yield krita


@pytest.fixture(scope="session", params=sorted(VERSIONS))
def one_krita(
    request: pytest.FixtureRequest, editor_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Krita]:
    """A version of Krita after ``python3 install krita``."""
    with installed_krita(request.param, editor_home, tmp_path_factory.getbasetemp()) as krita:
        yield krita


@pytest.fixture
def starts_python(krita: Krita) -> None:
    """For a test in which the plug-in starts the project's Python."""
    if krita.is_boxed:
        pytest.skip("this Krita lives in a folder without the project's Python")


@pytest.fixture
def krita(one_krita: Krita, daemon: Daemon) -> Iterator[Krita]:
    """Krita without a picture, connected to the daemon, with the docker's first settings."""
    one_krita.run("clean_up()")
    # it may not have noticed yet that the daemon of an earlier test stopped
    running.until(lambda: one_krita.ask("daemon_pid()") == daemon.process.pid)
    yield one_krita
    one_krita.clear()


@pytest.fixture
def small_picture(krita: Krita, tmp_path: Path) -> None:
    """A picture without a face: Krita 5.2 shows its dockers only where a picture is open."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    pictures.put(krita, pictures.as_krita(noise, "U8"), tmp_path)
    running.until(lambda: krita.view()["layer"] == "Background")
