"""Profiles of editors are found by each system's conventions."""

import sys
from pathlib import Path

import pytest

from install.actions.gimp import GimpPlugin
from install.actions.krita import KritaPlugin
from install.console import Console
from install.editors.plugin import some_profiles
from install.errors import InstallError
from retouchml.system import editors

EDITORS = {"gimp": GimpPlugin.editor, "krita": KritaPlugin.editor}


@pytest.mark.parametrize(
    ("editor", "platform", "folders", "expected"),
    [
        (
            "gimp",
            "linux",
            [".config/GIMP/3.0", ".config/GIMP/3.2", ".config/GIMP/2.10"],
            ["GIMP 3.0", "GIMP 3.2"],
        ),
        ("gimp", "linux", [".var/app/org.gimp.GIMP/config/GIMP/3.0"], ["GIMP 3.0 (Flatpak)"]),
        ("gimp", "linux", ["snap/gimp/current/.config/GIMP/3.0"], ["GIMP 3.0 (Snap)"]),
        (
            "gimp",
            "linux",
            [".config/GIMP/3.0", ".local/share/flatpak/app/org.gimp.GIMP"],
            ["GIMP 3.0 (Flatpak)"],  # which may see that folder, and uses it
        ),
        ("gimp", "win32", ["AppData/Roaming/GIMP/3.0"], ["GIMP 3.0"]),
        ("gimp", "darwin", ["Library/Application Support/GIMP/3.2"], ["GIMP 3.2"]),
        ("krita", "linux", [".local/share/krita"], ["Krita"]),
        ("krita", "linux", [".var/app/org.kde.krita/data/krita"], ["Krita (Flatpak)"]),
        ("krita", "linux", ["snap/krita/current/.local/share/krita"], ["Krita (Snap)"]),
        ("krita", "win32", ["AppData/Roaming/krita"], ["Krita"]),
        ("krita", "darwin", ["Library/Application Support/krita"], ["Krita"]),
        ("krita", "linux", [".config/GIMP/3.0"], []),
    ],
)
def test_profiles_are_found_by_the_systems_customs(
    editor: str,
    platform: str,
    folders: list[str],
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for each in folders:
        (tmp_path / each).mkdir(parents=True)
    profiles = EDITORS[editor].find(platform)
    assert [profile.title for profile in profiles] == expected
    for profile, folder in zip(profiles, folders, strict=False):
        assert profile.plugins.parent == tmp_path / folder
        assert profile.settings.is_relative_to(tmp_path)


needs_linux = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="of programs on Linux's path")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any editor."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: home)
    monkeypatch.setenv("PATH", str(home / "bin"))
    return home


def program(home: Path, name: str, script: str) -> Path:
    """A program on the path."""
    path = home / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@needs_linux
@pytest.mark.parametrize(
    ("says", "folder"),
    [
        ("GNU Image Manipulation Program version 3.0.4", "GIMP/3.0"),
        ("GNU Image Manipulation Program version 3.1.2", "GIMP/3.2"),
    ],
)
def test_a_gimp_that_was_never_started_gets_its_profile(home: Path, says: str, folder: str) -> None:
    program(home, "gimp", f"echo {says}")
    (profile,) = some_profiles(GimpPlugin.editor)
    assert profile.plugins == home / ".config" / folder / "plug-ins"


@needs_linux
def test_a_krita_that_was_never_started_gets_its_profile(home: Path) -> None:
    program(home, "krita", "exit 1")
    (profile,) = some_profiles(KritaPlugin.editor)
    assert profile.plugins == home / ".local/share/krita/pykrita"
    assert profile.settings == home / ".config/kritarc"


@needs_linux
@pytest.mark.parametrize("older", [True, False])
def test_without_a_gimp_3_or_before_it_took_over_older_settings_it_is_to_be_started(
    home: Path, older: bool
) -> None:
    if older:
        program(home, "gimp", "echo GNU Image Manipulation Program version 3.0.4")
        (home / ".config/GIMP/2.10").mkdir(parents=True)
    else:
        program(home, "gimp", "echo GNU Image Manipulation Program version 2.10.34")
    with pytest.raises(InstallError, match="No profile of GIMP 3 was found") as caught:
        some_profiles(GimpPlugin.editor)
    assert "Start GIMP 3 once" in str(caught.value.advice)
    assert "snap/gimp" in caught.value.message


@needs_linux
def test_gimp_s_filter_names_a_python_that_has_gi_where_the_first_one_lacks_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    (home / "other").mkdir()
    program(home, "python3", "exit 1")
    with_gi = program(home, "../other/python3", "exit 0").resolve()
    monkeypatch.setenv("PATH", f"{home / 'bin'}:{home / 'other'}")
    plugin, (profile,) = GimpPlugin(), GimpPlugin.editor.find()
    start = "retouchml-beautify.py"
    files = plugin.files_for(profile, {start: plugin.own_files()[start]}, Console())
    assert files[start].read_text().splitlines()[0] == f"#!{with_gi}"
    assert files[start].read_text().splitlines()[1:] == plugin.own_files()[start].read_text().splitlines()[1:]
    assert files[start].stat().st_mode & 0o111
    assert "lacks gi" in capsys.readouterr().out
    monkeypatch.setenv("PATH", str(home / "other"))
    assert plugin.files_for(profile, plugin.own_files(), Console()) == plugin.own_files()


@needs_linux
def test_that_no_python_has_gi_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".config/GIMP/3.0").mkdir(parents=True)
    monkeypatch.setattr(editors, "_runs", lambda _command: None)
    plugin, (profile,) = GimpPlugin(), GimpPlugin.editor.find()
    assert plugin.files_for(profile, plugin.own_files(), Console()) == plugin.own_files()
    assert "no python3 here has the module gi" in capsys.readouterr().out


def test_the_version_of_a_plug_in_is_read_from_its_own_files(tmp_path: Path) -> None:
    assert editors.plugin_version(tmp_path) is None
    (tmp_path / "retouchml").mkdir()
    file = tmp_path / "retouchml/__init__.py"
    file.write_text("")
    assert editors.plugin_version(tmp_path) == ""
    file.write_text('"""Text."""\n__version__ = "0.1.7"\n')
    assert editors.plugin_version(tmp_path) == "0.1.7"
