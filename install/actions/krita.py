"""``krita``: puts the docker into every profile of Krita that this user has, and enables it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from install.actions.base import delete
from install.checkout import TOP
from install.console import Console
from install.data_folders import Folders
from install.editors import kritarc, plugin_folder
from install.editors.plugin import EditorPlugin
from install.editors.profiles import Editor, Place, Profile, UserFolders

_SOURCE = TOP / "plugin_krita"
_NAME = "retouchml_krita"


def _places(user: UserFolders) -> dict[str, tuple[Place, ...]]:
    # docs.krita.org, "Where are Krita's resources and settings?": one profile for all versions
    sandbox = user.home / ".var/app/org.kde.krita"
    data, config = user.named("XDG_DATA_HOME", ".local/share"), user.named("XDG_CONFIG_HOME", ".config")
    roaming, local = user.named("APPDATA", "AppData/Roaming"), user.named("LOCALAPPDATA", "AppData/Local")
    library = user.home / "Library"
    return {
        "linux": (
            Place(data / "krita", ".", str(config / "kritarc")),
            Place(sandbox / "data/krita", ".", str(sandbox / "config/kritarc"), "org.kde.krita"),
        ),
        "win32": (Place(roaming / "krita", ".", str(local / "kritarc")),),
        "darwin": (Place(library / "Application Support/krita", ".", str(library / "Preferences/kritarc")),),
    }


class KritaPlugin(EditorPlugin):
    """The docker for Krita."""

    summary = "put the docker into Krita"
    title = "docker in Krita"
    editor = Editor("Krita", "pykrita", _places)
    folder = _NAME
    next_steps = (
        "Restart Krita, open a portrait, then Settings > Dockers > RetouchML.",
        f"If it is not there: Settings > Configure Krita > Python Plugin Manager, tick {_NAME}'s RetouchML.",
    )

    def own_files(self) -> dict[str, Path]:
        """The docker's modules and its manual, by their place in its folder."""
        modules = {path.relative_to(_SOURCE).as_posix(): path for path in _SOURCE.rglob("*.py")}
        return {**modules, "Manual.html": _SOURCE / "Manual.html"}

    def place(self, profile: Profile, files: Mapping[str, Path]) -> bool:
        """Copy the files, declare the shortcut and enable the docker; whether anything changed."""
        desktop = f"{_NAME}.desktop"
        changed = plugin_folder.place(profile.plugins / _NAME, files, {desktop: _SOURCE / desktop})
        action = _action_file(profile)
        action.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_SOURCE / action.name, action)
        return kritarc.rewrite(profile.settings, _NAME, enabled=True) or changed

    def installed(self, folders: Folders) -> list[Path]:
        """The docker's folders, and the files of its shortcuts, in all profiles."""
        actions = [_action_file(profile) for profile in self.editor.find()]
        return [*super().installed(folders), *(action for action in actions if action.is_file())]

    def remove(self, path: Path, console: Console) -> None:
        """Remove a folder or a shortcut's file, and take the docker out of Krita's settings."""
        if plugin_folder.read(path) is not None:
            super().remove(path, console)
        else:
            delete(path)
        for profile in self.editor.find():
            if profile.settings.is_file():
                kritarc.rewrite(profile.settings, _NAME, enabled=False)


def _action_file(profile: Profile) -> Path:
    return profile.plugins.parent / "actions" / f"{_NAME}.action"
