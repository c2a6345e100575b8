"""The script is put into darktable's folder and taken away again, in a home of its own."""

import gettext
import sys
from pathlib import Path

import pytest

from install.actions.darktable import DarktableScript
from install.checkout import VENV
from install.console import Console
from install.data_folders import Folders
from retouchml import __version__
from retouchml.system.editors import plugin_version
from retouchml.translation import LANGUAGES, SOURCE

DARKTABLE = DarktableScript()
OTHERS = '-- my own scripts\nrequire "contrib/other"'


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a darktable that has scripts of the user's own."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = tmp_path / ".config/darktable"
    for name, place in (("XDG_CONFIG_HOME", folder.parent), ("LOCALAPPDATA", folder.parent)):
        monkeypatch.setenv(name, str(place))
    (folder / "lua/contrib").mkdir(parents=True)
    (folder / "luarc").write_text(OTHERS)
    return folder


def put() -> list[bool]:
    return [DARKTABLE.place(each, DARKTABLE.files(Console())) for each in DARKTABLE.editor.find()]


def test_the_script_is_loaded_after_the_user_s_own_and_a_second_time_changes_nothing(profile: Path) -> None:
    assert put() == [True]
    assert (profile / "luarc").read_text() == f'{OTHERS}\nrequire "retouchml/retouchml"\n'
    assert put() == [False]
    assert (profile / "luarc").read_text().count("retouchml/retouchml") == 1


def test_the_script_knows_this_checkout_s_command_and_its_own_version(profile: Path) -> None:
    put()
    script = (profile / "lua/retouchml/retouchml.lua").read_text()
    command = VENV / ("Scripts/retouchml.exe" if sys.platform == "win32" else "bin/retouchml")
    assert f'local COMMAND = "{str(command).replace(chr(92), chr(92) * 2)}"' in script
    assert "@" not in script.partition("local NAME")[0]
    assert plugin_version(profile / "lua/retouchml") == __version__


def test_its_translations_lie_where_the_script_says_that_they_are(profile: Path) -> None:
    put()
    folder = profile / "lua/retouchml/locale"
    assert f'"/lua/{folder.parent.name}/locale"' in (profile / "lua/retouchml/retouchml.lua").read_text()
    assert {path.name for path in folder.iterdir()} == set(LANGUAGES) - {SOURCE}
    german = gettext.translation("retouchml", folder, ["de"])
    assert german.gettext("no face was found in {path}") == "kein Gesicht gefunden in {path}"


def test_it_is_removed_and_what_was_the_user_s_own_stays(profile: Path) -> None:
    put()
    installed = DARKTABLE.installed(Folders(profile, profile, profile))
    assert installed == [profile / "lua/retouchml"]
    for path in installed:
        DARKTABLE.remove(path, Console())
    assert (profile / "luarc").read_text() == f"{OTHERS}\n"
    assert [path.name for path in (profile / "lua").iterdir()] == ["contrib"]


def test_without_darktable_there_is_no_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert DARKTABLE.editor.find() == []
