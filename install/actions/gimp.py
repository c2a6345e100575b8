"""``gimp``: puts the filter into every profile of GIMP 3 that this user has."""

import argparse
from pathlib import Path

from install.checkout import TOP
from install.console import Console
from install.editors import light_part, plugin, plugin_folder, profiles, wheels
from install.editors.plugin import add_arguments as add_arguments
from install.editors.profiles import Profile

NAME = "retouchml-beautify"
_SOURCE = TOP / "plugin_gimp"


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up, install into every profile, say where the filter is."""
    plugin.install("gimp", NAME, plugin_files, _put_into, arguments, console)
    console.say("Restart GIMP, open a portrait, then Filters > RetouchML > Beautify…")
    return 0


def plugin_files(console: Console) -> dict[str, Path]:
    """All that belongs into the plug-in's folder, by place in it."""
    return {**own_files(), **light_part.files(), **wheels.vendored(console)}


def own_files() -> dict[str, Path]:
    """The filter itself and its translations, by place in the plug-in's folder."""
    code = {f"plugin_gimp/{path.relative_to(_SOURCE).as_posix()}": path for path in _SOURCE.rglob("*.py")}
    texts = {path.relative_to(_SOURCE).as_posix(): path for path in _SOURCE.rglob("*.mo")}
    # GIMP starts the file that is called like its folder
    start = {f"{NAME}.py": code.pop("plugin_gimp/start.py")}
    return {**start, **code, **texts}


def installed() -> list[Path]:
    """The folders of the filter, in all profiles."""
    folders = [profile.plugins / NAME for profile in profiles.find("gimp")]
    return [folder for folder in folders if plugin_folder.read(folder) is not None]


def _put_into(profile: Profile, files: dict[str, Path]) -> bool:
    return plugin_folder.place(profile.plugins / NAME, files)
