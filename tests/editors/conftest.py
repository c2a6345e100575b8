"""Tests in real editors run only where ``python3 install test --editors`` has set these up.

All of them share one home with the real models. Inversions are kept on disk by content: each picture is
studied once a session, and once for good where ``RETOUCHML_EDITOR_CACHE`` names a folder to keep them in.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.daemon.running import Daemon
from tests.editors.daemons import Daemons

MARK = "RETOUCHML_TEST_EDITORS"
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs an editor."""
    if os.environ.get(MARK):
        return
    skip = pytest.mark.skip(reason="needs real editors: `python3 install test --editors` as root on Debian")
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def editor_home(real_home: Path) -> Iterator[Path]:
    """A RETOUCHML_HOME with a short name, in which the models are."""
    with TemporaryDirectory(prefix="rmle") as folder:
        home = Path(folder)
        (home / "data").mkdir()
        (home / "data" / "models").symlink_to((real_home / "data" / "models").resolve())
        kept = os.environ.get("RETOUCHML_EDITOR_CACHE")
        if kept:
            (home / "cache").symlink_to(kept, target_is_directory=True)
        yield home


@pytest.fixture(scope="session")
def all_daemons() -> Iterator[Daemons]:
    """Ended with the session."""
    one_by_one = Daemons()
    yield one_by_one
    one_by_one.close()


@pytest.fixture
def engine() -> str:
    """The engine of the daemon, "" for the real models."""
    return ""


@pytest.fixture
def daemon(editor_home: Path, all_daemons: Daemons, engine: str, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A daemon that runs, in the home that this test's clients reach, too."""
    monkeypatch.setenv("RETOUCHML_HOME", str(editor_home))
    return all_daemons.running(engine)
