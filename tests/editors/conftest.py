"""Tests in real editors run only where ``python3 install test --editors`` has set these up.

All of them share one home with the real models. Inversions are cached on disk by content: each picture is
inverted once a session, or once for good if ``RETOUCHML_EDITOR_CACHE`` names a folder for the cache.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.daemon.running import Daemon
from tests.editors.daemons import Daemons
from tests.marks import marks_tests

MARK = "RETOUCHML_TEST_EDITORS"
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests if no editors were set up."""
    if os.environ.get(MARK):
        return
    skip = pytest.mark.skip(reason="needs real editors: `python3 install test --editors` as root on Debian")
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def editor_home(real_home: Path) -> Iterator[Path]:
    """A RETOUCHML_HOME with a short name and the models."""
    with TemporaryDirectory(prefix="rmle") as folder:
        home = Path(folder)
        (home / "data").mkdir()
        (home / "data" / "models").symlink_to((real_home / "data" / "models").resolve())
        cache = os.environ.get("RETOUCHML_EDITOR_CACHE")
        if cache:
            (home / "cache").symlink_to(cache, target_is_directory=True)
        yield home


@pytest.fixture(scope="session")
def all_daemons() -> Iterator[Daemons]:
    """The daemon of the session, which stops with it."""
    daemons = Daemons()
    yield daemons
    daemons.close()


@pytest.fixture
def backend() -> str:
    """The daemon's backend for tests, "" for the real models."""
    return ""


@pytest.fixture
@marks_tests("processes")
def daemon(editor_home: Path, all_daemons: Daemons, backend: str, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A running daemon in the home of this test's clients."""
    monkeypatch.setenv("RETOUCHML_HOME", str(editor_home))
    return all_daemons.running(backend)


@pytest.fixture
def go(editor_home: Path) -> Iterator[Path]:
    """The file that lets faces be inverted, which is not there yet."""
    path = editor_home / "go"
    path.unlink(missing_ok=True)
    yield path
    path.touch()  # a dialog that a failed test left can end
    path.unlink()
