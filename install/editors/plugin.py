"""What installing a plug-in into an editor's profiles has in common, whichever editor it is."""

import argparse
from collections.abc import Callable
from pathlib import Path

from install.console import Console
from install.data_folders import write_record
from install.editors import profiles as editor_profiles
from install.editors.profiles import Profile
from install.environment.fetch_models import fetch_models
from install.environment.virtual_environment import set_up

Files = dict[str, Path]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be given."""
    parser.add_argument("--torch-index", metavar="URL", help="take torch from this package index")


def install(
    editor: str,
    folder: str,
    gather: Callable[[Console], Files],
    put: Callable[[Profile, Files], bool],
    arguments: argparse.Namespace,
    console: Console,
) -> None:
    """Set RetouchML up, and put the plug-in into every profile of the editor. Raises Problem.

    folder: the plug-in's name among the profile's plug-ins; gather: its files, by place in it; put: copies
    them, and says whether anything had to change
    """
    profiles = editor_profiles.find_some(editor)
    set_up(console, dev=False, torch_index=arguments.torch_index)
    write_record()
    fetch_models(console)
    files = gather(console)
    for profile in profiles:
        changed = put(profile, files)
        console.say(f"{profile.title}: {profile.plugins / folder}{'' if changed else ' (up to date)'}")
        if profile.flatpak:
            console.say(_flatpak_advice(profile.flatpak))
    console.say()


def _flatpak_advice(app: str) -> str:
    """How a sandboxed editor can reach the daemon, which lives outside."""
    return (
        "  It runs in a sandbox. So that it can see the daemon, run once:\n"
        f"  flatpak override --user --filesystem=xdg-run/retouchml:create {app}\n"
        "  and start the daemon before the editor: retouchml daemon start"
    )
