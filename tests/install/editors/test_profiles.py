"""Profiles of editors are found by each system's conventions."""

from pathlib import Path

import pytest

from install.actions.gimp import GimpPlugin
from install.actions.krita import KritaPlugin

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
        ("gimp", "win32", ["AppData/Roaming/GIMP/3.0"], ["GIMP 3.0"]),
        ("gimp", "darwin", ["Library/Application Support/GIMP/3.2"], ["GIMP 3.2"]),
        ("krita", "linux", [".local/share/krita"], ["Krita"]),
        ("krita", "linux", [".var/app/org.kde.krita/data/krita"], ["Krita (Flatpak)"]),
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
