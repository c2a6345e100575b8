"""The docker is put into Krita's profiles and taken away again, in a home of its own."""

import argparse
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.install.loading import installer

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


def put(what: Any) -> list[bool]:
    return [what.put_into(each, what.light_part.files()) for each in what.profiles.find("krita")]


def test_every_profile_gets_the_docker_enabled_and_a_second_time_changes_nothing(home: Path) -> None:
    what = installer("install.actions.krita")
    assert put(what) == [True] * EACH
    first = state(home)
    for data, settings in PROFILES:
        assert (home / data / "pykrita/retouchml_krita/retouchml/client/client.py").is_file()
        assert (home / data / "pykrita/retouchml_krita.desktop").is_file()
        assert (home / data / "actions/retouchml_krita.action").is_file()
        assert "enable_retouchml_krita=true\n" in (home / settings).read_text()
    assert put(what) == [False] * EACH
    assert state(home) == first


def test_uninstall_takes_just_that_away(home: Path) -> None:
    before = state(home)
    put(installer("install.actions.krita"))
    uninstall = installer("install.actions.uninstall")
    console = uninstall.Console()
    assert uninstall.run(argparse.Namespace(part="krita", yes=True), console) == 0
    assert state(home) == before
    assert (home / PROFILES[0][0] / "pykrita/other").is_dir()


def test_all_modules_of_the_plug_in_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    what = installer("install.actions.krita")
    monkeypatch.setattr(what.wheels, "vendored", lambda _console: {})
    files = what.plugin_files(None)
    assert {
        "__init__.py",
        "docker.py",
        "qt.py",
        "Manual.html",
        "retouchml/client/client.py",
        "LICENSE",
    } <= set(files)
    assert all(path.is_file() for path in files.values())
