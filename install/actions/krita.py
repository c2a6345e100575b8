"""``krita``: puts the docker into every profile of Krita that this user has, and enables it."""

import argparse
import shutil
from pathlib import Path

from install.checkout import TOP
from install.console import Console
from install.editors import kritarc, light_part, plugin, plugin_folder, profiles, wheels
from install.editors.plugin import add_arguments as add_arguments
from install.editors.profiles import Profile

NAME = "retouchml_krita"
_SOURCE = TOP / "plugin_krita"


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Set everything up, install into every profile, say where the docker is."""
    plugin.install("krita", NAME, plugin_files, put_into, arguments, console)
    console.say("Restart Krita, open a portrait, then Settings > Dockers > RetouchML.")
    console.say(
        f"If it is not there: Settings > Configure Krita > Python Plugin Manager, tick {NAME}'s RetouchML."
    )
    return 0


def plugin_files(console: Console) -> dict[str, Path]:
    """All that belongs into the plug-in's folder, by place in it."""
    own = {
        path.relative_to(_SOURCE).as_posix(): path
        for path in (*_SOURCE.rglob("*.py"), _SOURCE / "Manual.html")
    }
    return {**own, **light_part.files(), **wheels.vendored(console)}


def put_into(profile: Profile, files: dict[str, Path]) -> bool:
    """Copy, declare the shortcut, enable; whether anything had to change."""
    desktop = f"{NAME}.desktop"
    changed = plugin_folder.place(profile.plugins / NAME, files, {desktop: _SOURCE / desktop})
    action = _action(profile)
    action.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_SOURCE / action.name, action)
    return kritarc.rewrite(profile.settings, NAME, enabled=True) or changed


def installed() -> list[Path]:
    """The folders and files of the docker, in all profiles."""
    found = []
    for profile in profiles.find("krita"):
        if plugin_folder.read(profile.plugins / NAME) is not None:
            found.append(profile.plugins / NAME)
        if _action(profile).is_file():
            found.append(_action(profile))
    return found


def disable() -> None:
    """Take the docker out of Krita's settings, in all profiles."""
    for profile in profiles.find("krita"):
        if profile.settings.is_file():
            kritarc.rewrite(profile.settings, NAME, enabled=False)


def _action(profile: Profile) -> Path:
    return profile.plugins.parent / "actions" / f"{NAME}.action"
