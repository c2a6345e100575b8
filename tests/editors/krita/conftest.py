"""Fixtures: one real Krita and one home with the real models for the whole session.

Inversions are kept on disk by content: each picture is studied once a session, and once for good where
``RETOUCHML_EDITOR_CACHE`` names a folder to keep them in.
"""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.daemon import running as daemons
from tests.editors.krita import running
from tests.editors.krita.installed import install_into
from tests.editors.krita.running import Krita
from tests.editors.krita.screen import TOOLS


@pytest.fixture(scope="session")
def editor_home(real_home: Path) -> Iterator[Path]:
    """A RETOUCHML_HOME with a short name, in which the models are."""
    with TemporaryDirectory(prefix="rmlk") as folder:
        home = Path(folder)
        (home / "data").mkdir()
        (home / "data" / "models").symlink_to((real_home / "data" / "models").resolve())
        kept = os.environ.get("RETOUCHML_EDITOR_CACHE")
        if kept:
            (home / "cache").symlink_to(kept, target_is_directory=True)
        yield home


@pytest.fixture(scope="session")
def one_krita(editor_home: Path) -> Iterator[Krita]:
    """Krita as a user has it after ``python3 install krita``."""
    assert [name for name in ("krita", *TOOLS) if shutil.which(name) is None] == []
    with (
        TemporaryDirectory(prefix="rmlp") as profile,
        running.krita(
            Path(profile), partial(install_into, home=editor_home), RETOUCHML_HOME=str(editor_home)
        ) as krita,
    ):
        yield krita


class Daemons:
    """One daemon after the other: a new one only where the last one has ended, since loading takes long."""

    def __init__(self) -> None:
        self.current: daemons.Daemon | None = None
        self._engine = ""

    def running(self, engine: str = "") -> daemons.Daemon:
        """The one that runs, with the real models or with an engine for tests."""
        if self.current is not None and engine != self._engine:
            self.current.close()
        if self.current is None or self.current.process.poll() is not None:
            self.current, self._engine = daemons.start("--device", "cpu", engine=engine), engine
        return self.current

    def close(self) -> None:
        """End it."""
        if self.current is not None:
            self.current.close()


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
def daemon(
    editor_home: Path, all_daemons: Daemons, engine: str, monkeypatch: pytest.MonkeyPatch
) -> daemons.Daemon:
    """A daemon that runs."""
    monkeypatch.setenv("RETOUCHML_HOME", str(editor_home))
    return all_daemons.running(engine)


@pytest.fixture
def krita(one_krita: Krita, daemon: daemons.Daemon) -> Iterator[Krita]:
    """Krita without a picture, connected to the daemon, with the docker's settings as they are at first."""
    one_krita.run("clean_up()")
    running.until(lambda: one_krita.view()["daemon"] == "ready")
    yield one_krita
    one_krita.clear()
