"""A plug-in for an editor, as an action that installs it and a part that can be removed."""

import argparse
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

from install.actions.base import Action, Part, add_torch_index
from install.console import Console
from install.data_folders import Folders, write_record
from install.editors import light_part, plugin_folder, wheels
from install.environment.fetch_models import fetch_models
from install.environment.virtual_environment import set_up
from install.errors import InstallError
from retouchml.system.editors import Editor, Profile


class EditorPlugin(Action, Part):
    """Installs a plug-in into every profile of its editor.

    editor:     where profiles are looked for
    next_steps: what the user does next, a sentence each
    """

    editor: Editor
    next_steps: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The name of the plug-in's folder in a profile."""
        return self.editor.folder

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
        profiles = some_profiles(self.editor)
        set_up(console, dev=False, torch_index=arguments.torch_index)
        write_record()
        fetch_models(console)
        files = self.files(console)
        for profile in profiles:
            changed = self.place(profile, self.files_for(profile, files, console))
            note = "" if changed else " (up to date)"
            console.say(f"{profile.title}: {profile.plugins / self.folder}{note}")
            if profile.sandbox:
                console.say(_sandbox_advice(profile))
        console.say()
        for sentence in self.next_steps:
            console.say(sentence)
        return 0

    def files_for(
        self,
        profile: Profile,  # noqa: ARG002
        files: Mapping[str, Path],
        console: Console,  # noqa: ARG002
    ) -> Mapping[str, Path]:
        """The files as this profile needs them; the console is told of what the user should know."""
        return files

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


def some_profiles(editor: Editor) -> list[Profile]:
    """The editor's profiles; the one that it will make, if it was never started.

    Raises InstallError if there is neither.
    """
    profiles = editor.find()
    if profiles:
        return profiles
    first = editor.first_profile()
    if first is not None:
        return [first]
    patterns = ", ".join(str(place.base / place.profiles) for place in editor.on())
    raise InstallError(
        f"No profile of {editor.title} was found; this was looked for: {patterns}.",
        f"Start {editor.title} once, so that it makes one, then run this again.",
    )


def _sandbox_advice(profile: Profile) -> str:
    """How a sandboxed editor can reach the daemon, which runs outside."""
    which = f"  If this is {profile.sandbox}'s {profile.app}, it" if profile.may_be_shared else "  It"
    return (
        f"{which} runs in a sandbox. A daemon that starts from now on listens for it, too:\n"
        "  retouchml daemon restart"
    )
