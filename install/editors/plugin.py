"""A plug-in for an editor, as an action that installs it and a part that can be removed."""

import argparse
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

from install.actions.base import Action, Part, add_torch_index
from install.console import Console
from install.data_folders import Folders, write_record
from install.editors import light_part, plugin_folder, wheels
from install.editors.profiles import Editor, Profile
from install.environment.fetch_models import fetch_models
from install.environment.virtual_environment import set_up


class EditorPlugin(Action, Part):
    """Installs a plug-in into every profile of its editor.

    editor:     where profiles are looked for
    folder:     name of the plug-in's folder in a profile
    next_steps: what the user does next, a sentence each
    """

    editor: Editor
    folder: str
    next_steps: tuple[str, ...]

    @abstractmethod
    def own_files(self) -> dict[str, Path]:
        """The plug-in's own files, by their place in its folder."""

    def files(self, console: Console) -> dict[str, Path]:
        """All files of the plug-in's folder, by their place in it: its own, RetouchML's and the wheels'."""
        return {**self.own_files(), **light_part.files(), **wheels.vendored(console)}

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare where torch comes from."""
        add_torch_index(parser)

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Set RetouchML up and install into every profile. Raises InstallError."""
        profiles = self.editor.find_some()
        set_up(console, dev=False, torch_index=arguments.torch_index)
        write_record()
        fetch_models(console)
        files = self.files(console)
        for profile in profiles:
            changed = self.place(profile, files)
            note = "" if changed else " (up to date)"
            console.say(f"{profile.title}: {profile.plugins / self.folder}{note}")
            if profile.flatpak:
                console.say(_flatpak_advice(profile.flatpak))
        console.say()
        for sentence in self.next_steps:
            console.say(sentence)
        return 0

    def place(self, profile: Profile, files: Mapping[str, Path]) -> bool:
        """Copy the files into a profile; whether anything changed. Raises InstallError."""
        return plugin_folder.place(profile.plugins / self.folder, files)

    def installed(self, folders: Folders) -> list[Path]:  # noqa: ARG002
        """The plug-in's folders in all profiles."""
        candidates = [profile.plugins / self.folder for profile in self.editor.find()]
        return [folder for folder in candidates if plugin_folder.read(folder) is not None]

    def remove(self, path: Path, console: Console) -> None:
        """Remove the files that were installed into a folder, and name those of others."""
        for file in plugin_folder.remove(path):
            console.say(f"{file} is not RetouchML's, and stays.")


def _flatpak_advice(app: str) -> str:
    """How a sandboxed editor can reach the daemon, which runs outside."""
    return (
        "  It runs in a sandbox. So that it can see the daemon, run once:\n"
        f"  flatpak override --user --filesystem=xdg-run/retouchml:create {app}\n"
        "  and start the daemon before the editor: retouchml daemon start"
    )
