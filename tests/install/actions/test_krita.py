"""The docker is put into Krita's profiles and taken away again, in a home of its own."""

import argparse
import sys
from pathlib import Path

import pytest

from install.actions.krita import KritaPlugin
from install.actions.table import ACTIONS
from install.checkout import TOP
from install.console import Console
from install.editors import light_part, wheels

KRITA = KritaPlugin()
SETTINGS = "[General]\na=1\n\n[python]\nenable_other=true\n"


# where Krita keeps a user's plug-ins, and its settings
PROFILES = {
    "win32": (("AppData/Roaming/krita", "AppData/Local/kritarc"),),
}.get(
    sys.platform,
    (
        (".local/share/krita", ".config/kritarc"),
        (".var/app/org.kde.krita/data/krita", ".var/app/org.kde.krita/config/kritarc"),
    ),
)
EACH = len(PROFILES)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with a native Krita and, on Linux, one from Flatpak."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for data, settings in PROFILES:
        (tmp_path / data / "pykrita" / "other").mkdir(parents=True)
        (tmp_path / settings).parent.mkdir(parents=True)
        (tmp_path / settings).write_text(SETTINGS)
    return tmp_path


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put() -> list[bool]:
    """Install the docker into all profiles, without the wheels."""
    return [KRITA.place(profile, light_part.files()) for profile in KRITA.editor.find()]


def test_every_profile_gets_the_docker_enabled_and_a_second_time_changes_nothing(home: Path) -> None:
    assert put() == [True] * EACH
    first = state(home)
    for data, settings in PROFILES:
        assert (home / data / "pykrita/retouchml_krita/retouchml/client/client.py").is_file()
        assert (home / data / "pykrita/retouchml_krita.desktop").is_file()
        assert (home / data / "actions/retouchml_krita.action").is_file()
        assert "enable_retouchml_krita=true\n" in (home / settings).read_text()
    assert put() == [False] * EACH
    assert state(home) == first


def test_uninstall_removes_just_that(home: Path) -> None:
    before = state(home)
    put()
    assert ACTIONS["uninstall"].run(argparse.Namespace(part="krita", yes=True), Console()) == 0
    assert state(home) == before
    assert (home / PROFILES[0][0] / "pykrita/other").is_dir()


def test_all_modules_of_the_plug_in_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "vendored", lambda _console: {})
    files = KRITA.files(Console())
    names = {"__init__.py", "Manual.html", "retouchml/client/client.py", "LICENSE"}
    assert names <= set(files)
    assert set((TOP / "plugin_krita").rglob("*.py")) <= set(files.values())
    assert all(path.is_file() for path in files.values())
