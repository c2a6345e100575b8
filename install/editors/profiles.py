"""Finds where editors keep their users' plug-ins: each version, Flatpak, Windows, macOS."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from install.problem import Problem


@dataclass(frozen=True)
class Profile:
    """A place into which a plug-in can be installed.

    title:    for people, such as "GIMP 3.0 (Flatpak)"
    plugins:  the folder of plug-ins; may not exist yet
    settings: the editor's file of settings; may not exist yet
    flatpak:  the application's name where it is one, else ""
    """

    title: str
    plugins: Path
    settings: Path
    flatpak: str = ""


@dataclass(frozen=True)
class Place:
    """Where an editor may keep profiles on one kind of system.

    base:     the folder in which they lie
    profiles: a pattern for each profile's own folder in it, "." for the base itself
    settings: the file of settings, from that folder
    """

    base: Path
    profiles: str
    settings: str
    flatpak: str = ""


def find(editor: str, platform: str = sys.platform) -> list[Profile]:
    """The profiles of ``editor``, a key of ``EDITORS``, that exist on this machine."""
    return [profile for place in _places(editor, platform) for profile in _profiles(editor, place)]


def find_some(editor: str) -> list[Profile]:
    """As ``find``. Raises Problem where there are none."""
    profiles = find(editor)
    if not profiles:
        name = EDITORS[editor].title
        looked = ", ".join(str(place.base / place.profiles) for place in _places(editor, sys.platform))
        raise Problem(
            f"No profile of {name} was found; this was looked for: {looked}.",
            f"Start {name} once, so that it makes one, then run this again.",
        )
    return profiles


@dataclass(frozen=True)
class Editor:
    """plugins: the folder of plug-ins in a profile; places: where profiles lie, from a user's folders."""

    title: str
    plugins: str
    places: Callable[["Folders"], Mapping[str, tuple[Place, ...]]]


@dataclass(frozen=True)
class Folders:
    """A user's own folders, by the system's customs."""

    home: Path
    environment: Mapping[str, str]

    def named(self, variable: str, otherwise: str) -> Path:
        """A folder that a variable may move."""
        return Path(self.environment.get(variable, "").strip() or self.home / otherwise)


def _gimp(user: Folders) -> dict[str, tuple[Place, ...]]:
    # gimp/app/libgimpbase/gimpenv.c: the folder GIMP/3.0, GIMP/3.2 ... in the user's folder of settings
    roaming = user.named("APPDATA", "AppData/Roaming")
    flatpak = user.home / ".var/app/org.gimp.GIMP/config"
    return {
        "linux": (
            Place(user.named("XDG_CONFIG_HOME", ".config") / "GIMP", "3.*", "gimprc"),
            Place(flatpak / "GIMP", "3.*", "gimprc", "org.gimp.GIMP"),
        ),
        "win32": (Place(roaming / "GIMP", "3.*", "gimprc"),),
        "darwin": (Place(user.home / "Library/Application Support/GIMP", "3.*", "gimprc"),),
    }


def _krita(user: Folders) -> dict[str, tuple[Place, ...]]:
    # docs.krita.org, "Where are Krita's resources and settings?": one profile for all versions
    sandbox = user.home / ".var/app/org.kde.krita"
    local = user.named("LOCALAPPDATA", "AppData/Local")
    return {
        "linux": (
            Place(
                user.named("XDG_DATA_HOME", ".local/share") / "krita",
                ".",
                str(user.named("XDG_CONFIG_HOME", ".config") / "kritarc"),
            ),
            Place(sandbox / "data/krita", ".", str(sandbox / "config/kritarc"), "org.kde.krita"),
        ),
        "win32": (Place(user.named("APPDATA", "AppData/Roaming") / "krita", ".", str(local / "kritarc")),),
        "darwin": (
            Place(
                user.home / "Library/Application Support/krita",
                ".",
                str(user.home / "Library/Preferences/kritarc"),
            ),
        ),
    }


EDITORS = {
    "gimp": Editor("GIMP 3", "plug-ins", _gimp),
    "krita": Editor("Krita", "pykrita", _krita),
}


def _places(editor: str, platform: str) -> tuple[Place, ...]:
    places = EDITORS[editor].places(Folders(Path.home(), os.environ))
    return places.get(platform, places["linux"])


def _profiles(editor: str, place: Place) -> list[Profile]:
    kind = EDITORS[editor]
    found = []
    folders = [place.base] if place.profiles == "." else sorted(place.base.glob(place.profiles))
    for folder in folders:
        if not folder.is_dir():
            continue
        name = kind.title if folder == place.base else f"{kind.title.split()[0]} {folder.name}"
        title = f"{name} (Flatpak)" if place.flatpak else name
        found.append(Profile(title, folder / kind.plugins, folder / place.settings, place.flatpak))
    return found
