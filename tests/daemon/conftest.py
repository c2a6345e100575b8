"""Fixtures: a home with a short name, since sockets need one, and daemons in it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.daemon import running
from tests.daemon.running import Daemon
from tests.marks import marks_tests


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A RETOUCHML_HOME that is empty."""
    # a worker whose daemon was killed has its log open for a moment, and Windows removes no open file
    with TemporaryDirectory(prefix="rml", ignore_cleanup_errors=sys.platform == "win32") as folder:
        monkeypatch.setenv("RETOUCHML_HOME", folder)
        yield Path(folder)


@pytest.fixture
@marks_tests("processes")
def start(home: Path) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons with the stand-in backend."""
    started: list[Daemon] = []

    def start_one(*options: object, **more: str) -> Daemon:
        started.append(running.start(*options, **more))
        return started[-1]

    yield start_one
    for daemon in started:
        daemon.close()


@pytest.fixture
def daemon(start: Callable[..., Daemon]) -> Daemon:
    """A daemon with the stand-in backend."""
    return start()
