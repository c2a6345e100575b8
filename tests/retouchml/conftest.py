"""Fixtures: the command line in this process, pictures, and a home away from the user's own files."""

from pathlib import Path

import pytest

from retouchml.cli.backend import Backend
from retouchml.cli.main import main
from tests import stand_in_backend
from tests.retouchml.running import Ran, Run, save


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A RETOUCHML_HOME that does not exist yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("RETOUCHML_HOME", str(folder))
    monkeypatch.delenv("RETOUCHML_DEBUG", raising=False)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line with the stand-in backend, or ``backend``."""

    def run_with(*argv: object, backend: Backend | None = None) -> Ran:
        def make_backend(model: str, device: str) -> Backend:
            return stand_in_backend.Backend(model, device) if backend is None else backend

        code = main([str(argument) for argument in argv], make_backend=make_backend)
        streams = capsys.readouterr()
        return Ran(code, streams.out, streams.err)

    return run_with


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for pictures."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    return pictures


@pytest.fixture
def portrait(folder: Path) -> Path:
    """An 8-bit PNG with two faces."""
    return save(folder / "portrait.png", stand_in_backend.picture(2))


@pytest.fixture
def landscape(folder: Path) -> Path:
    """An 8-bit PNG without faces."""
    return save(folder / "landscape.png", stand_in_backend.picture(0))
