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
from retouchml.system.editors import KRITA, Profile

_SOURCE = TOP / "plugin_krita"
_NAME = KRITA.folder


class KritaPlugin(EditorPlugin):
    """The docker for Krita."""

    summary = "put the docker into Krita"
    title = "docker in Krita"
    editor = KRITA
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
