"""``gimp``: puts the filter into every profile of GIMP 3 that this user has."""

import argparse
from pathlib import Path

import editor_copy
import editor_profiles
import editor_wheels
import light_part
from checkout import TOP
from console import Console
from data_folders import write_record
from fetch_models import fetch_models
from virtual_environment import set_up

NAME = "retouchml-beautify"
_SOURCE = TOP / "plugin_gimp"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be given."""
    parser.add_argument("--torch-index", metavar="URL", help="take torch from this package index")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up, install into every profile, say where the filter is."""
    profiles = editor_profiles.find_some("gimp")
    set_up(console, dev=False, torch_index=arguments.torch_index)
    write_record()
    fetch_models(console)
    files = plugin_files(console)
    for profile in profiles:
        changed = editor_copy.place(profile.plugins / NAME, files)
        console.say(f"{profile.title}: {profile.plugins / NAME}{'' if changed else ' (up to date)'}")
        if profile.flatpak:
            console.say(flatpak_advice(profile.flatpak))
    console.say()
    console.say("Restart GIMP, open a portrait, then Filters > RetouchML > Beautify…")
    return 0


def plugin_files(console: Console) -> dict[str, Path]:
    """All that belongs into the plug-in's folder, by place in it."""
    return {**own_files(), **light_part.files(), **editor_wheels.vendored(console)}


def own_files() -> dict[str, Path]:
    """The filter itself and its translations, by place in the plug-in's folder."""
    code = {f"plugin_gimp/{path.relative_to(_SOURCE).as_posix()}": path for path in _SOURCE.rglob("*.py")}
    texts = {path.relative_to(_SOURCE).as_posix(): path for path in _SOURCE.rglob("*.mo")}
    # GIMP starts the file that is called like its folder
    start = {f"{NAME}.py": code.pop("plugin_gimp/start.py")}
    return {**start, **code, **texts}


def flatpak_advice(app: str) -> str:
    """How a sandboxed editor can reach the daemon, which lives outside."""
    return (
        "  It runs in a sandbox. So that it can see the daemon, run once:\n"
        f"  flatpak override --user --filesystem=xdg-run/retouchml:create {app}\n"
        "  and start the daemon before the editor: retouchml daemon start"
    )


def installed() -> list[Path]:
    """The folders of the filter, in all profiles."""
    folders = [profile.plugins / NAME for profile in editor_profiles.find("gimp")]
    return [folder for folder in folders if editor_copy.read(folder) is not None]
