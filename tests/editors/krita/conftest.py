"""Fixtures: one real Krita for the whole session."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.daemon.running import Daemon
from tests.editors.krita import running
from tests.editors.krita.installation import install_into
from tests.editors.krita.running import Krita
from tests.editors.krita.screen import TOOLS


@pytest.fixture(scope="session")
def one_krita(editor_home: Path) -> Iterator[Krita]:
    """Krita after ``python3 install krita``."""
    if not os.environ.get("RETOUCHML_TEST_KRITA"):
        pytest.skip("Krita was not set up: `python3 install test --editors`")
    assert [name for name in ("krita", *TOOLS) if shutil.which(name) is None] == []
    with (
        TemporaryDirectory(prefix="rmlp") as profile,
        running.krita(
            Path(profile), partial(install_into, home=editor_home), RETOUCHML_HOME=str(editor_home)
        ) as krita,
    ):
        yield krita


@pytest.fixture
def krita(one_krita: Krita, daemon: Daemon) -> Iterator[Krita]:
    """Krita without a picture, connected to the daemon, with the docker's first settings."""
    one_krita.run("clean_up()")
    running.until(lambda: one_krita.view()["daemon"] == "ready")
    yield one_krita
    one_krita.clear()
